/**
 * Hosts: `uri-host [ ":" port ]`, the value of `Host` and the authority of a target (RFC 9110 §7.2, RFC 3986 §3.2.2).
 *
 * Owns: the grammar of both. Does not own: which hosts a server answers to.
 *
 * @module
 */
import { CLASS, DIGIT, HEXDIG } from '../bytes/ascii.ts';

const COLON = 0x3a;
const PERCENT = 0x25;
const OPEN = 0x5b;
/** The longest IPv6 address: `xxxx:` six times and an IPv4 address. */
const MAX_ADDRESS = 45;

/** Bytes that a registered name or an IPv4 address may have: `unreserved` and `sub-delims` of RFC 3986 §2. */
const NAME: Uint8Array = /* @__PURE__ */ nameBytes();

function nameBytes(): Uint8Array {
  const table = new Uint8Array(256);
  const characters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=";
  for (const character of characters) table[character.charCodeAt(0)] = 1;
  return table;
}

/**
 * Whether `text` from `start` to `end` is a host with a port or without one.
 *
 * The host must not be empty: "A recipient that processes such a URI reference MUST reject it as invalid"
 * (RFC 9110 §4.2.1). The port may be empty, as the grammar has it.
 */
export function isHostAndPort(text: string, start: number, end: number): boolean {
  const hostEnd = endOfHost(text, start, end);
  return hostEnd === end || isPort(text, hostEnd, end);
}

/** Whether `text` is the target of CONNECT: host and port, and the port one that exists (RFC 9110 §9.3.6). */
export function isConnectTarget(text: string, start: number, end: number): boolean {
  const hostEnd = endOfHost(text, start, end);
  if (!isPort(text, hostEnd, end)) return false;
  const port = Number(text.slice(hostEnd + 1, end));
  return port >= 1 && port <= 65_535;
}

/** Whether `text` from `start` to `end` is `":" *DIGIT`; at -1 there is no colon. */
function isPort(text: string, start: number, end: number): boolean {
  if (text.charCodeAt(start) !== COLON) return false;
  for (let at = start + 1; at < end; at++) if (!isIn(text.charCodeAt(at), DIGIT)) return false;
  return true;
}

/** Where the host at `start` ends; -1 when there is none. */
function endOfHost(text: string, start: number, end: number): number {
  if (text.charCodeAt(start) === OPEN) return endOfAddress(text, start, end);
  let at = start;
  while (at < end) {
    const unit = text.charCodeAt(at);
    if (NAME[unit] === 1) at++;
    else if (
      unit === PERCENT &&
      at + 2 < end &&
      isIn(text.charCodeAt(at + 1), HEXDIG) &&
      isIn(text.charCodeAt(at + 2), HEXDIG)
    ) {
      at += 3;
    } else break;
  }
  return at === start ? -1 : at;
}

/** Where the `"[" ( IPv6address / IPvFuture ) "]"` at `start` ends; -1 when there is none. */
function endOfAddress(text: string, start: number, end: number): number {
  const close = text.indexOf(']', start);
  if (close < 0 || close >= end) return -1;
  const address = text.slice(start + 1, close);
  return isIPv6(address) || isIPvFuture(address) ? close + 1 : -1;
}

function isIPv6(address: string): boolean {
  if (address.length > MAX_ADDRESS) return false;
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [index, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    const last = index === halves.length - 1 ? parts.pop()! : undefined;
    if (!parts.every((part) => /^[0-9a-f]{1,4}$/i.test(part))) return false;
    groups += parts.length;
    if (last === undefined) continue;
    if (/^[0-9a-f]{1,4}$/i.test(last)) groups += 1;
    else if (isIPv4(last)) groups += 2;
    else return false;
  }
  // "::" stands for one group of zeros or more.
  return halves.length === 2 ? groups <= 7 : groups === 8;
}

function isIPv4(address: string): boolean {
  const parts = address.split('.');
  return (
    parts.length === 4 && parts.every((part) => /^(0|[1-9][0-9]{0,2})$/.test(part) && Number(part) <= 255)
  );
}

/** `"v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )` */
function isIPvFuture(address: string): boolean {
  return /^v[0-9a-f]+\.[-a-z0-9._~!$&'()*+,;=:]+$/i.test(address);
}

function isIn(unit: number, bit: number): boolean {
  return (CLASS[unit]! & bit) !== 0;
}
