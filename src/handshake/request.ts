/**
 * The server reads the client's opening handshake (RFC 6455 §4.2.1).
 *
 * Owns: every check of the request, and the answer to each failure. Does not own: parsing HTTP (`http/`), who is
 * welcome (`origin.ts`, `host-policy.ts`), and saying yes (`answer.ts`).
 *
 * @module
 */
import { DIGIT, isAll } from '../bytes/ascii.ts';
import { HTTP_ERRORS, ProtocolError } from '../errors.ts';
import { isHostAndPort } from '../http/host.ts';
import { computeAccept } from './accept.ts';
import { type Extension, parseExtensions } from './extensions.ts';
import { requestFault } from './faults.ts';
import { checkSource, type HeaderLines, linesOf, namesToken } from './fields.ts';
import { isKey } from './key.ts';
import { parseProtocols } from './protocols.ts';

/** A request, as far as a handshake reads it. The head that sansocket/http parses is one. */
export interface UpgradeSource {
  /** The method, as sent. */
  readonly method: string;
  /** The version of HTTP: `1.1`. */
  readonly version: string;
  /** The header. */
  readonly headers: HeaderLines;
  /** Whether a body follows. Where it is not said, Content-Length and Transfer-Encoding decide. */
  readonly hasBody?: boolean | undefined;
  /** The authority of the request: that of the target where it has one. Default: the Host header. */
  readonly host?: string | undefined;
}

/** A request that can be answered with 101. */
export interface UpgradeRequest {
  /** Tells it from {@link UpgradeRefusal}. */
  readonly kind: 'upgrade';
  /** `Sec-WebSocket-Key`. */
  readonly key: string;
  /** `Sec-WebSocket-Accept`, which answers the key. */
  readonly accept: string;
  /** The subprotocols that the client offers, best first. */
  readonly protocols: readonly string[];
  /** The extensions that the client offers, best first. */
  readonly extensions: readonly Extension[];
  /** `Origin` as sent; `undefined` where there is none, which says that no browser sent the request. */
  readonly origin: string | undefined;
  /** Host and port that the client asked for, as sent. */
  readonly host: string;
}

/** A request that must not be answered with 101, and what to answer instead. */
export interface UpgradeRefusal {
  /** Tells it from {@link UpgradeRequest}. */
  readonly kind: 'refusal';
  /** The status of the answer. */
  readonly status: number;
  /** Headers that the answer must have; a 426 names version 13 and `websocket`. Add `close` to Connection to close. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** What is wrong. */
  readonly error: ProtocolError;
  /** The same as a sentence for the body of the answer; it repeats nothing that the peer sent. */
  readonly reason: string;
}

/** The version of the protocol that RFC 6455 defines. */
export const VERSION = '13';

/**
 * Whether a request asks for WebSocket at all: `Upgrade` names `websocket`. Any other request is plain HTTP, and so is one of
 * HTTP/1.0: "A server MUST ignore an Upgrade header field that is received in an HTTP/1.0 request" (RFC 9110 §7.8).
 *
 * It may still be wrong in every other way; `readUpgrade` says in which.
 *
 * @throws A `UsageTypeError` (`bad-argument`) for what has no `headers.getAll`.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { isUpgrade } from 'sansocket/handshake';
 *
 * const headers = new Map([['upgrade', 'WebSocket']]);
 * equal(isUpgrade({ headers: { getAll: (name) => [headers.get(name.toLowerCase()) ?? []].flat() } }), true);
 * ```
 */
export function isUpgrade(
  request: Pick<UpgradeSource, 'headers'> & Partial<Pick<UpgradeSource, 'version'>>,
): boolean {
  checkSource('read request', request);
  return request.version !== '1.0' && namesToken(request.headers, 'upgrade', 'websocket');
}

/**
 * Read an upgrade request: all that RFC 6455 §4.2.1 asks of one.
 *
 * Nothing is decided for the app: it still has to look at the origin (`checkOrigin`), may choose a subprotocol
 * (`selectProtocol`) and extensions, and answers with `acceptUpgrade` or with a status of its own.
 *
 * @param request Structural, so that any HTTP server's request will do. Only read.
 * @returns The offer, or a refusal with the status and headers to answer with. Codes: `bad-upgrade-method`,
 *   `bad-upgrade-version`, `bad-host`, `bad-upgrade-header`, `bad-connection-header`, `upgrade-with-body`,
 *   `bad-version`, `unsupported-version`, `bad-key`, `bad-protocol`, `bad-extensions`, `origin-refused` (more than one
 *   Origin). The first that applies, in this order. Never throws, whatever the headers hold.
 * @throws A `UsageTypeError` (`bad-argument`) for what has no `headers.getAll`.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { readUpgrade } from 'sansocket/handshake';
 *
 * const headers = new Map([
 *   ['host', 'server.example.com'],
 *   ['upgrade', 'websocket'],
 *   ['connection', 'keep-alive, Upgrade'],
 *   ['sec-websocket-key', 'dGhlIHNhbXBsZSBub25jZQ=='],
 *   ['sec-websocket-version', '13'],
 * ]);
 * const upgrade = readUpgrade({
 *   method: 'GET',
 *   version: '1.1',
 *   headers: { getAll: (name) => [headers.get(name.toLowerCase()) ?? []].flat() },
 * });
 * equal(upgrade.kind === 'upgrade' && upgrade.accept, 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=');
 * ```
 */
export function readUpgrade(request: UpgradeSource): UpgradeRequest | UpgradeRefusal {
  checkSource('read request', request);
  const { headers } = request;
  const hosts = linesOf(headers, 'host');
  const fault =
    checkRequestLine(request) ??
    checkHostHeader(hosts) ??
    checkHop(headers, request.hasBody) ??
    checkVersion(headers);
  if (fault !== undefined) return refuseUpgrade(fault);

  const keys = linesOf(headers, 'sec-websocket-key');
  const key = keys[0];
  if (keys.length !== 1 || !isKey(key)) {
    return refuseUpgrade(
      requestFault(
        'bad-key',
        `Cannot accept upgrade: Sec-WebSocket-Key ${isWrong(keys)}, expected base64 of 16 bytes`,
      ),
    );
  }
  const protocols = parseProtocols(headers.getAll('sec-websocket-protocol'));
  if ('kind' in protocols) return refuseUpgrade(protocols);
  const extensions = parseExtensions(headers.getAll('sec-websocket-extensions'));
  if ('kind' in extensions) return refuseUpgrade(extensions);
  const origins = linesOf(headers, 'origin');
  if (origins.length > 1) {
    return refuseUpgrade(
      requestFault('origin-refused', 'Cannot accept upgrade: Origin comes more than once, expected one'),
    );
  }
  return {
    kind: 'upgrade',
    key,
    accept: computeAccept(key),
    protocols,
    extensions,
    origin: origins[0],
    host: request.host ?? hosts[0]!,
  };
}

/**
 * The answer to an upgrade request that is refused for `error`.
 *
 * @param error Such as `checkOrigin`, `checkHost` or an extension's negotiation returned.
 * @returns The status of the error (400 where it names none) with the headers that belong to it.
 */
export function refuseUpgrade(error: ProtocolError): UpgradeRefusal {
  const headers: Array<readonly [string, string]> = [];
  if (error.status === 426) {
    // RFC 9110 §15.5.22: a 426 MUST have Upgrade; §7.8: who sends Upgrade MUST name it in Connection.
    headers.push(['Upgrade', 'websocket'], ['Connection', 'Upgrade']);
  }
  // RFC 6455 §4.4: "it MUST respond with a |Sec-WebSocket-Version| header field […] containing all versions".
  if (error.code === 'unsupported-version' || error.code === 'bad-version') {
    headers.push(['Sec-WebSocket-Version', VERSION]);
  }
  return { kind: 'refusal', status: error.status, headers, error, reason: error.message };
}

/** Item 1: "An HTTP/1.1 or higher GET request". Higher ones upgrade in other ways (RFC 8441). */
function checkRequestLine(request: UpgradeSource): ProtocolError | undefined {
  if (request.method !== 'GET') {
    return requestFault('bad-upgrade-method', 'Cannot accept upgrade: the method is not GET');
  }
  if (request.version !== '1.1') {
    return requestFault('bad-upgrade-version', 'Cannot accept upgrade: the version of HTTP is not 1.1');
  }
  return undefined;
}

/** Item 2: "A |Host| header field containing the server's authority." */
function checkHostHeader(hosts: readonly string[]): ProtocolError | undefined {
  const host = hosts[0];
  if (host !== undefined && hosts.length === 1 && isHostAndPort(host, 0, host.length)) return undefined;
  return new ProtocolError(
    'bad-host',
    HTTP_ERRORS['bad-host'],
    `Cannot accept upgrade: Host ${isWrong(hosts)}, expected host[:port]`,
    0,
  );
}

/** Items 3 and 4, and what must not come with them. */
function checkHop(headers: HeaderLines, hasBody: boolean | undefined): ProtocolError | undefined {
  if (!namesToken(headers, 'upgrade', 'websocket')) {
    return requestFault('bad-upgrade-header', 'Cannot accept upgrade: Upgrade does not name websocket');
  }
  if (!namesToken(headers, 'connection', 'upgrade')) {
    return requestFault('bad-connection-header', 'Cannot accept upgrade: Connection does not name Upgrade');
  }
  // Bytes after the head would be read as a body by one side and as frames by the other.
  if (hasBody ?? announcesBody(headers)) {
    return requestFault('upgrade-with-body', 'Cannot accept upgrade: the request has a body, expected none');
  }
  return undefined;
}

function announcesBody(headers: HeaderLines): boolean {
  if (headers.getAll('transfer-encoding').length > 0) return true;
  return linesOf(headers, 'content-length').some((length) => length !== '0');
}

/** Item 6. "The header field MUST NOT appear more than once in an HTTP request" (§11.3.5), so no list either. */
function checkVersion(headers: HeaderLines): ProtocolError | undefined {
  const versions = linesOf(headers, 'sec-websocket-version');
  const version = versions[0];
  if (version === VERSION && versions.length === 1) return undefined;
  if (versions.length === 1 && isVersion(version!)) {
    return requestFault(
      'unsupported-version',
      `Cannot accept upgrade: Sec-WebSocket-Version is another one, expected ${VERSION}`,
    );
  }
  return requestFault(
    'bad-version',
    `Cannot accept upgrade: Sec-WebSocket-Version ${isWrong(versions)}, expected ${VERSION}`,
  );
}

/** "Limited to 0-255 range, with no leading zeros" (§4.3). */
function isVersion(text: string): boolean {
  return isAll(text, DIGIT) && Number(text) <= 255 && (text === '0' || !text.startsWith('0'));
}

function isWrong(lines: readonly string[]): string {
  if (lines.length === 0) return 'is missing';
  return lines.length > 1 ? 'comes more than once' : 'is malformed';
}
