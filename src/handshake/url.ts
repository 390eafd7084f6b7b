/**
 * WebSocket URLs (RFC 6455 §3).
 *
 * Owns: the grammar, and what a client needs of a URL: where to connect, and what to ask for. Does not own:
 * relative URLs and repairs as in a browser's address bar; `new URL(text, base)` does that, and can be handed in.
 *
 * @module
 */
import { isAll, TARGET } from '../bytes/ascii.ts';
import { UsageTypeError } from '../errors.ts';
import { formatHost, parseHost } from './host.ts';

/** The parts of a WebSocket URL. */
export interface WebSocketUrl {
  /** Whether TLS is spoken: `wss:` or `https:`. */
  readonly secure: boolean;
  /** A name or an IP address, in lower case, to connect to; IPv6 without brackets. */
  readonly hostname: string;
  /** 1 to 65535; the default where the URL has none: 80, or 443 with TLS. */
  readonly port: number;
  /** Path and query, as they stand in the request line; starts with `/`. RFC 6455 calls it the resource name. */
  readonly target: string;
  /** The value of the Host header: the host, IPv6 in brackets, and the port unless it is the default. */
  readonly hostHeader: string;
}

/** Which schemes there are, and whether they mean TLS. The URL Standard takes http(s) for ws(s) since 2023. */
const SCHEMES: ReadonlyMap<string, boolean> = new Map([
  ['ws', false],
  ['wss', true],
  ['http', false],
  ['https', true],
]);

/**
 * Read a WebSocket URL: `ws://host[:port][/path][?query]`, or `wss:`, `http:`, `https:`.
 *
 * An empty query is left out (§3: `"?" if the query component is non-empty`).
 *
 * @param url Text, or anything with an `href`, such as a `URL`.
 * @throws A `UsageTypeError` (`bad-argument`) for any other text: another scheme, a fragment ("MUST NOT be used"),
 *   a user name or password, a host or port that is none, a character that must be percent-encoded.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { parseWebSocketUrl } from 'sansocket/handshake';
 *
 * deepEqual(parseWebSocketUrl('wss://Example.com/chat?room=1'), {
 *   secure: true,
 *   hostname: 'example.com',
 *   port: 443,
 *   target: '/chat?room=1',
 *   hostHeader: 'example.com',
 * });
 * ```
 */
export function parseWebSocketUrl(url: string | { readonly href: string }): WebSocketUrl {
  const text = typeof url === 'string' ? url : url?.href;
  if (typeof text !== 'string') throw refused('it is neither text nor a URL object');

  const colon = text.indexOf(':');
  const secure = colon < 0 ? undefined : SCHEMES.get(text.slice(0, colon).toLowerCase());
  if (secure === undefined || !text.startsWith('//', colon + 1)) {
    throw refused('it does not start with ws:// or wss://');
  }
  // "Fragment identifiers are meaningless in the context of WebSocket URIs and MUST NOT be used on these URIs."
  if (text.includes('#')) throw refused('it has a fragment, write %23 for a # in the path or the query');

  const start = colon + 3;
  let end = start;
  while (end < text.length && text[end] !== '/' && text[end] !== '?') end++;
  const authority = text.slice(start, end);
  if (authority.includes('@')) {
    throw refused('it has a user name or a password, send them in an Authorization header');
  }
  const host = parseHost(authority);
  if (host === undefined) throw refused('its host or port is malformed');
  const defaultPort = secure ? 443 : 80;
  const port = host.port ?? defaultPort;
  if (port === 0) throw refused('its port is 0');

  let target = text.slice(end);
  if (!target.startsWith('/')) target = `/${target}`;
  if (target.endsWith('?') && target.indexOf('?') === target.length - 1) target = target.slice(0, -1);
  if (!isAll(target, TARGET)) {
    throw refused(
      'its path or query has a character that must be percent-encoded, pass new URL(…) to encode it',
    );
  }
  return { secure, hostname: host.hostname, port, target, hostHeader: formatHost(host, defaultPort) };
}

function refused(why: string): UsageTypeError {
  return new UsageTypeError(
    'bad-argument',
    `Cannot use URL: ${why}, expected ws://host[:port][/path][?query] (RFC 6455 §3)`,
  );
}
