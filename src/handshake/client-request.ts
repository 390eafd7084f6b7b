/**
 * The client's opening handshake (RFC 6455 §4.1).
 *
 * Owns: the bytes of the request, and what must be remembered to check the answer. Does not own: connecting, or
 * the check itself (`client-response.ts`).
 *
 * @module
 */
import { isFieldValue, isToken } from '../bytes/ascii.ts';
import type { RandomSource } from '../bytes/random.ts';
import { UsageTypeError } from '../errors.ts';
import type { HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { isHostAndPort } from '../http/host.ts';
import { checkOptions } from '../options.ts';
import { computeAccept } from './accept.ts';
import { type Extension, formatExtensions } from './extensions.ts';
import { collectHeaders } from './fields.ts';
import { createKey, isKey } from './key.ts';
import { VERSION } from './request.ts';
import { parseWebSocketUrl, type WebSocketUrl } from './url.ts';

/** What a client asks for. */
export interface UpgradeRequestOptions {
  /** The subprotocols on offer, best first. Default: none. */
  readonly protocols?: string | readonly string[] | undefined;
  /** The extensions on offer, best first. Default: none. */
  readonly extensions?: readonly Extension[] | undefined;
  /** The value of Origin. Default: no such header, as of a client that is no browser. */
  readonly origin?: string | undefined;
  /** More headers, such as Authorization or Cookie; none of those that the handshake writes. Host replaces the URL's. */
  readonly headers?: HeaderEntries | undefined;
  /** A key to use in the place of a random one: for tests alone. */
  readonly key?: string | undefined;
  /** Where the key's bytes come from. Default: `crypto.getRandomValues`. */
  readonly random?: RandomSource | undefined;
}

/** A request as it was sent, with all that is needed to check the answer. */
export interface UpgradeSent {
  /** The head, with the empty line that ends it. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
  /** `Sec-WebSocket-Accept` that the answer must have. */
  readonly accept: string;
  /** The subprotocols on offer. */
  readonly protocols: readonly string[];
  /** The extensions on offer. */
  readonly extensions: readonly Extension[];
  /** Where to send it. */
  readonly url: WebSocketUrl;
}

const OPTIONS = ['protocols', 'extensions', 'origin', 'headers', 'key', 'random'];

/**
 * Write an upgrade request.
 *
 * @param url `ws:` or `wss:`, as `parseWebSocketUrl` takes it.
 * @returns The bytes to send over a connection to `url.hostname` and `url.port`, TLS where `url.secure`; and what
 *   `readUpgradeResponse` needs.
 * @throws A `UsageTypeError`: `bad-option` for an unknown option; `bad-argument` for a URL that is none, a
 *   subprotocol or extension that is malformed or comes twice, a key that is none, or a header that is malformed
 *   or not the app's to set. Whatever comes in, no line of it can break out of its place.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { writeUpgradeRequest } from 'sansocket/handshake';
 *
 * const sent = writeUpgradeRequest('ws://server.example.com/chat', {
 *   protocols: ['chat', 'superchat'],
 *   key: 'dGhlIHNhbXBsZSBub25jZQ==',
 * });
 * equal(sent.accept, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
 * equal(new TextDecoder().decode(sent.bytes), [
 *   'GET /chat HTTP/1.1',
 *   'Host: server.example.com',
 *   'Connection: Upgrade',
 *   'Upgrade: websocket',
 *   'Sec-WebSocket-Version: 13',
 *   'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
 *   'Sec-WebSocket-Protocol: chat, superchat',
 *   '',
 *   '',
 * ].join('\r\n'));
 * ```
 */
export function writeUpgradeRequest(
  url: string | { readonly href: string },
  options: UpgradeRequestOptions = {},
): UpgradeSent {
  const call = 'write upgrade request';
  checkOptions(call, options, OPTIONS);
  const parts = parseWebSocketUrl(url);
  const protocols = checkProtocols(options.protocols);
  const extensions = listOf<Extension>('extensions', options.extensions ?? []);
  const offer = formatExtensions(extensions);
  const headers = collectHeaders(call, options.headers);
  // "the user agent MUST NOT include more than one Origin header field" (RFC 6454 §7.3)
  if (headers.getAll('origin').length > 1) {
    throw new UsageTypeError('bad-argument', `Cannot ${call}: header Origin comes twice, expected one`);
  }
  const host = takeHost(headers) ?? parts.hostHeader;
  const key = options.key ?? createKey(options.random);
  if (!isKey(key)) {
    throw new UsageTypeError('bad-argument', `Cannot ${call}: key is not the base64 of 16 bytes`);
  }

  let text =
    `GET ${parts.target} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
    `Sec-WebSocket-Version: ${VERSION}\r\nSec-WebSocket-Key: ${key}\r\n`;
  if (protocols.length > 0) text += `Sec-WebSocket-Protocol: ${protocols.join(', ')}\r\n`;
  if (offer !== '') text += `Sec-WebSocket-Extensions: ${offer}\r\n`;
  if (options.origin !== undefined) text += `Origin: ${checkOriginValue(options.origin, headers)}\r\n`;
  for (const [name, value] of headers) text += `${name}: ${value}\r\n`;
  text += '\r\n';

  return { bytes: latin1Bytes(text), key, accept: computeAccept(key), protocols, extensions, url: parts };
}

function checkProtocols(option: string | readonly string[] | undefined): readonly string[] {
  const protocols =
    option === undefined ? [] : typeof option === 'string' ? [option] : listOf('protocols', option);
  for (const [index, protocol] of protocols.entries()) {
    const isWrong = typeof protocol !== 'string' || !isToken(protocol);
    if (isWrong || protocols.indexOf(protocol) !== index) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot write upgrade request: subprotocol ${JSON.stringify(protocol)} ${isWrong ? 'is no token' : 'comes twice'} (RFC 6455 §4.1)`,
      );
    }
  }
  return protocols;
}

/** A copy, so that what is checked against the answer is what was sent. */
function listOf<Element>(name: string, list: readonly Element[]): readonly Element[] {
  if (Array.isArray(list)) return [...list];
  throw new UsageTypeError(
    'bad-argument',
    `Cannot write upgrade request: ${name} are ${list === null ? 'null' : typeof list}, expected a list`,
  );
}

/** Take the app's own Host out of `headers`. */
function takeHost(headers: HttpHeaders): string | undefined {
  const [host, ...others] = headers.getAll('host');
  if (host === undefined) return undefined;
  if (others.length > 0 || !isHostAndPort(host, 0, host.length)) {
    throw new UsageTypeError(
      'bad-argument',
      'Cannot write upgrade request: header Host is malformed or comes twice, expected host[:port]',
    );
  }
  headers.delete('host');
  return host;
}

function checkOriginValue(origin: string, headers: HttpHeaders): string {
  if (typeof origin !== 'string' || origin === '' || !isFieldValue(origin)) {
    throw new UsageTypeError(
      'bad-argument',
      'Cannot write upgrade request: origin is no text that a header can have, expected such as https://example.com',
    );
  }
  if (headers.has('origin')) {
    throw new UsageTypeError(
      'bad-argument',
      'Cannot write upgrade request: Origin is both an option and a header, expected one of them',
    );
  }
  return origin;
}

/** One character a byte; there is none above U+00FF in it. */
function latin1Bytes(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}
