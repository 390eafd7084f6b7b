/**
 * The client checks the server's opening handshake (RFC 6455 §4.1, "The client MUST validate the server's response").
 *
 * Owns: every check of the response. Does not own: redirects, authentication, or what an extension's parameters
 * mean: whoever offered the extension checks those.
 *
 * @module
 */
import { isToken } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { sameText } from '../http/list.ts';
import type { UpgradeSent } from './client-request.ts';
import { type Extension, parseExtensions } from './extensions.ts';
import { responseFault } from './faults.ts';
import { checkSource, type HeaderLines, linesOf, namesToken } from './fields.ts';

/** A response, as far as a handshake reads it. The head that sansocket/http parses is one. */
export interface UpgradeResponse {
  /** The status. */
  readonly status: number;
  /** The header. */
  readonly headers: HeaderLines;
}

/** The server said yes: frames follow. */
export interface UpgradeAccepted {
  /** Tells it from a {@link ProtocolError}. */
  readonly kind: 'accepted';
  /** The subprotocol in use; '' for none. */
  readonly protocol: string;
  /** The extensions in use, in order. */
  readonly extensions: readonly Extension[];
  /** The response's header, for cookies and the like. */
  readonly headers: HeaderLines;
}

/**
 * Check the answer to an upgrade request.
 *
 * A server may choose no subprotocol although some were offered; RFC 6455 allows that, browsers do not.
 *
 * @param response Structural, so that any HTTP client's response will do. Only read.
 * @param sent What `writeUpgradeRequest` returned.
 * @returns What is in use, or a {@link ProtocolError} value: `unexpected-status`, `bad-upgrade-header`,
 *   `bad-connection-header`, `bad-accept`, `bad-protocol`, `unasked-protocol`, `bad-extensions`, `unasked-extension`. The
 *   first that applies, in this order; its `answer` is 0. The client must then drop the connection.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { readUpgradeResponse, writeUpgradeRequest } from 'sansocket/handshake';
 *
 * const sent = writeUpgradeRequest('ws://localhost/', { key: 'dGhlIHNhbXBsZSBub25jZQ==' });
 * const headers = new Map([
 *   ['upgrade', 'websocket'],
 *   ['connection', 'Upgrade'],
 *   ['sec-websocket-accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
 * ]);
 * const response = { status: 101, headers: { getAll: (name: string) => [headers.get(name) ?? []].flat() } };
 * equal(readUpgradeResponse(response, sent).kind, 'accepted');
 * ```
 */
export function readUpgradeResponse(
  response: UpgradeResponse,
  sent: Pick<UpgradeSent, 'accept' | 'protocols' | 'extensions'>,
): UpgradeAccepted | ProtocolError {
  checkSource('read response', response);
  const { status, headers } = response;
  if (status !== 101) {
    return responseFault('unexpected-status', `Cannot open WebSocket: the status is ${status}, expected 101`);
  }
  // Step 2: "not an ASCII case-insensitive match for the value "websocket"": the whole value, not one of a list.
  const upgrades = linesOf(headers, 'upgrade');
  if (upgrades.length !== 1 || upgrades[0]!.length !== 9 || !sameText(upgrades[0]!, 0, 'websocket')) {
    return responseFault('bad-upgrade-header', 'Cannot open WebSocket: Upgrade is not websocket');
  }
  if (!namesToken(headers, 'connection', 'upgrade')) {
    return responseFault('bad-connection-header', 'Cannot open WebSocket: Connection does not name Upgrade');
  }
  const accepts = linesOf(headers, 'sec-websocket-accept');
  if (accepts.length !== 1 || accepts[0] !== sent.accept) {
    const what = accepts.length === 0 ? 'is missing' : 'is not the answer to the key that was sent';
    return responseFault('bad-accept', `Cannot open WebSocket: Sec-WebSocket-Accept ${what}`);
  }
  const protocol = readProtocol(linesOf(headers, 'sec-websocket-protocol'), sent.protocols);
  if (typeof protocol !== 'string') return protocol;
  const extensions = readExtensions(headers.getAll('sec-websocket-extensions'), sent.extensions);
  if ('kind' in extensions) return extensions;
  return { kind: 'accepted', protocol, extensions, headers };
}

/** Step 6, and "MUST NOT appear more than once in an HTTP response" (§11.3.4). */
function readProtocol(lines: readonly string[], offered: readonly string[]): string | ProtocolError {
  const [protocol] = lines;
  if (protocol === undefined) return '';
  if (lines.length > 1 || !isToken(protocol)) {
    return responseFault('bad-protocol', 'Cannot open WebSocket: Sec-WebSocket-Protocol is not one token');
  }
  if (!offered.includes(protocol)) {
    return responseFault(
      'unasked-protocol',
      'Cannot open WebSocket: the server chose a subprotocol not on offer',
    );
  }
  return protocol;
}

/** Step 5. An extension that is in use twice has no meaning, so a name that comes twice is refused too. */
function readExtensions(
  lines: readonly string[],
  offered: readonly Extension[],
): readonly Extension[] | ProtocolError {
  const extensions = parseExtensions(lines);
  if ('kind' in extensions) {
    return responseFault(
      'bad-extensions',
      'Cannot open WebSocket: Sec-WebSocket-Extensions is malformed',
      extensions.offset,
    );
  }
  const used = new Set<string>();
  for (const { name } of extensions) {
    if (!offered.some((offer) => offer.name === name)) {
      return responseFault(
        'unasked-extension',
        'Cannot open WebSocket: the server chose an extension not on offer',
      );
    }
    if (used.has(name)) {
      return responseFault('bad-extensions', 'Cannot open WebSocket: the server chose an extension twice');
    }
    used.add(name);
  }
  return extensions;
}
