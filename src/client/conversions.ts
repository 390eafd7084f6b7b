/**
 * The arguments of the WHATWG `WebSocket`, converted and checked as the standard and Web IDL have it.
 *
 * @module
 */
import { isToken } from '../bytes/ascii.ts';
import { encodeBase64 } from '../bytes/base64.ts';
import { checkOptions } from '../options.ts';
import type { ClientOptions } from './options.ts';

/** What may be passed in the place of the subprotocols: the options of `connect` that make sense here. */
export type WebSocketInit = Omit<
  ClientOptions,
  'handlers' | 'streams' | 'textAsBytes' | 'data' | 'onError' | 'signal' | 'requireProtocol'
>;

const INIT_NAMES: readonly string[] = [
  'protocols',
  'headers',
  'origin',
  'timeoutMs',
  'tls',
  'path',
  'allowAddress',
  'limits',
  'compression',
  'allowMasked',
  'allowNonMinimalLength',
];

/** The URL of a WebSocket. @throws A `SyntaxError` (a `DOMException`). */
export function readUrl(url: string | URL): URL {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new DOMException('Cannot make a WebSocket: the URL is none', 'SyntaxError');
  }
  if (parsed.protocol === 'http:') parsed.protocol = 'ws:';
  else if (parsed.protocol === 'https:') parsed.protocol = 'wss:';
  if (parsed.protocol !== 'ws:' && parsed.protocol !== 'wss:') {
    const message = `Cannot make a WebSocket: the URL's scheme is ${parsed.protocol} expected ws: or wss:`;
    throw new DOMException(message, 'SyntaxError');
  }
  if (parsed.href.includes('#')) {
    throw new DOMException('Cannot make a WebSocket: the URL has a fragment', 'SyntaxError');
  }
  if (parsed.port === '0') {
    throw new DOMException('Cannot make a WebSocket: the port is 0', 'SyntaxError');
  }
  return parsed;
}

/** The value of Authorization for the user name and the password of a URL (RFC 7617). */
export function basicAuthorization(username: string, password: string): string {
  const credentials = `${percentDecode(username)}:${percentDecode(password)}`;
  return `Basic ${encodeBase64(new TextEncoder().encode(credentials))}`;
}

function percentDecode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The second argument: subprotocols, or options with them. @throws A `SyntaxError` (a `DOMException`), or a `UsageTypeError` (`bad-option`). */
export function readInit(given: string | Iterable<string> | WebSocketInit): WebSocketInit {
  const isInit = typeof given === 'object' && given !== null && !(Symbol.iterator in given);
  const init: WebSocketInit = isInit ? given : {};
  checkOptions('make a WebSocket', init, INIT_NAMES);
  return { ...init, protocols: readProtocols(isInit ? (init.protocols ?? []) : given) };
}

function readProtocols(given: string | Iterable<string>): readonly string[] {
  const isList = typeof given === 'object' && given !== null;
  const protocols = isList ? Array.from(given, String) : [String(given)];
  const { size } = new Set(protocols);
  if (size < protocols.length || !protocols.every(isToken)) {
    const message = 'Cannot make a WebSocket: a subprotocol comes twice or is no token (RFC 6455 §4.1)';
    throw new DOMException(message, 'SyntaxError');
  }
  return protocols;
}

/** Web IDL's `[Clamp] unsigned short`: into the range, then to the nearest whole number, the even one of two. */
export function clampShort(value: unknown): number {
  const number = Math.min(Math.max(Number(value), 0), 65_535);
  if (Number.isNaN(number)) return 0;
  const floor = Math.floor(number);
  const half = number - floor;
  return half < 0.5 || (half === 0.5 && floor % 2 === 0) ? floor : floor + 1;
}
