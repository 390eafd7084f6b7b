/**
 * A host and its port, as URLs, origins and the Host header write them (RFC 3986 §3.2.2, RFC 9110 §7.2).
 *
 * Owns: the grammar, and one spelling for each host, so that hosts can be compared as text. Does not own: which
 * hosts are welcome (`host-policy.ts`), or resolving a name.
 *
 * @module
 */
import { DIGIT, HEXDIG, isAll } from '../bytes/ascii.ts';

/** What stands in a URL between `//` and the path. */
export interface HostAndPort {
  /** What `hostname` is. */
  readonly kind: 'name' | 'ipv4' | 'ipv6';
  /** In lower case; an IPv6 address without brackets, in the form of RFC 5952. A trailing dot is kept. */
  readonly hostname: string;
  /** 0 to 65535; undefined where there is none. */
  readonly port: number | undefined;
}

/** No host name is longer (RFC 1035 §2.3.4), with the dot at its end. */
const MAX_HOSTNAME = 254;

/**
 * Read `host [ ":" port ]`.
 *
 * A name may have the characters of RFC 3986's `reg-name` but no `%`: nobody resolves such names alike. Names
 * outside of ASCII stand in a URL as `xn--…`.
 *
 * @returns `undefined` where `text` is something else. Each character is looked at a fixed number of times.
 */
export function parseHost(text: string): HostAndPort | undefined {
  if (text.startsWith('[')) {
    const close = text.indexOf(']');
    const hostname = close < 0 ? undefined : parseIpv6(text.slice(1, close));
    if (hostname === undefined) return undefined;
    return withPort('ipv6', hostname, text.slice(close + 1));
  }
  const colon = text.indexOf(':');
  const name = colon < 0 ? text : text.slice(0, colon);
  if (!isName(name)) return undefined;
  return withPort(isIpv4(name) ? 'ipv4' : 'name', name.toLowerCase(), colon < 0 ? '' : text.slice(colon));
}

/** The host and the port as a URL writes them: IPv6 in brackets, and no port where it is the default. */
export function formatHost(host: HostAndPort, defaultPort?: number): string {
  const name = host.kind === 'ipv6' ? `[${host.hostname}]` : host.hostname;
  return host.port === undefined || host.port === defaultPort ? name : `${name}:${host.port}`;
}

/** `suffix` is '' or starts with the colon; digits may be missing after it (RFC 3986 §3.2.3). */
function withPort(kind: HostAndPort['kind'], hostname: string, suffix: string): HostAndPort | undefined {
  if (suffix === '' || suffix === ':') return { kind, hostname, port: undefined };
  const digits = suffix.slice(1);
  if (!suffix.startsWith(':') || !isAll(digits, DIGIT)) return undefined;
  const port = Number(digits);
  return port <= 0xffff ? { kind, hostname, port } : undefined;
}

/** Letters, digits, and `-._~!$&'()*+,;=` (RFC 3986 §2.2, §2.3). */
function isName(text: string): boolean {
  if (text === '' || text.length > MAX_HOSTNAME) return false;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    const alphanumeric =
      (unit >= 0x30 && unit <= 0x39) || (unit >= 0x41 && unit <= 0x5a) || (unit >= 0x61 && unit <= 0x7a);
    if (!alphanumeric && !"-._~!$&'()*+,;=".includes(text[i]!)) return false;
  }
  return true;
}

/** Four decimal numbers up to 255, without leading zeros (RFC 3986 §3.2.2). */
export function isIpv4(text: string): boolean {
  const parts = text.length <= 15 ? text.split('.') : [];
  return parts.length === 4 && parts.every((part) => octet(part) !== undefined);
}

function octet(text: string): number | undefined {
  if (!isAll(text, DIGIT) || (text.length > 1 && text.startsWith('0'))) return undefined;
  const value = Number(text);
  return value <= 255 ? value : undefined;
}

/** The longest: eight groups of which two are an IPv4 address. */
const MAX_IPV6 = 45;

/** An IPv6 address (RFC 4291 §2.2), without brackets and zone, in the form of RFC 5952; `undefined` where it is none. */
function parseIpv6(text: string): string | undefined {
  if (text.length > MAX_IPV6) return undefined;
  const gap = text.indexOf('::');
  if (gap < 0) {
    const groups = parseGroups(text);
    return groups?.length === 8 ? formatIpv6(groups) : undefined;
  }
  const before = gap === 0 ? [] : parseGroups(text.slice(0, gap));
  const after = gap + 2 === text.length ? [] : parseGroups(text.slice(gap + 2));
  if (before === undefined || after === undefined) return undefined;
  // An IPv4 address can only be the last part, so never before the gap.
  if (text.slice(0, gap).includes('.')) return undefined;
  const zeros = 8 - before.length - after.length;
  if (zeros < 1) return undefined;
  return formatIpv6([...before, ...new Array<number>(zeros).fill(0), ...after]);
}

/** Groups of 16 bits, separated by colons; the last two may be written as an IPv4 address. */
function parseGroups(text: string): number[] | undefined {
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [index, part] of parts.entries()) {
    if (index === parts.length - 1 && part.includes('.')) {
      if (!isIpv4(part)) return undefined;
      const [a, b, c, d] = part.split('.').map(Number) as [number, number, number, number];
      groups.push((a << 8) | b, (c << 8) | d);
    } else {
      if (part.length > 4 || !isAll(part, HEXDIG)) return undefined;
      groups.push(Number.parseInt(part, 16));
    }
  }
  return groups;
}

/** RFC 5952 §4: lower case, no leading zeros, the first of the longest runs of zeros as `::`. */
function formatIpv6(groups: readonly number[]): string {
  let longest = 0;
  let from = -1;
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === 0) length++;
    // "The symbol "::" MUST NOT be used to shorten just one 16-bit 0 field."
    if (length > 1 && length > longest) {
      longest = length;
      from = i;
    }
  }
  const text = (part: readonly number[]): string => part.map((group) => group.toString(16)).join(':');
  if (from < 0) return text(groups);
  return `${text(groups.slice(0, from))}::${text(groups.slice(from + longest))}`;
}
