/**
 * What a client can be told, checked before anything is opened.
 *
 * Owns: the names, the defaults, and what they come to for the transport. Does not own: the checks of URL, headers and
 * subprotocols (`handshake/`), limits (`limits.ts`), compression (`deflate/`).
 *
 * @module
 */
import type { CompressionOptions } from '../connection/permessage.ts';
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import type { WebSocketUrl } from '../handshake/url.ts';
import type { HeaderEntries } from '../http/headers.ts';
import type { Limits } from '../limits.ts';
import { checkOptions, checkPem, checkTls, show } from '../options.ts';
import type { SocketHandlers } from '../socket/handlers.ts';
import { checkHandlers, describe } from '../socket/handlers.ts';
import type { ErrorSource } from '../socket/host.ts';
import type { ConnectOptions, TlsClientOptions } from '../transport/transport.ts';

/** Time for a connection and its opening handshake where the caller says nothing, in ms. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** How a client connects and behaves. Unknown names are refused. */
export interface ClientOptions<Data = unknown> {
  /** Subprotocols to offer, best first. Default: none. The one that the server chose is `socket.protocol`. */
  readonly protocols?: string | readonly string[] | undefined;
  /** Refuse a server that chooses none of the `protocols` (`missing-protocol`). Default: false, as RFC 6455 has it. */
  readonly requireProtocol?: boolean | undefined;
  /** More headers for the request, such as Authorization or Cookie; none of those that the handshake writes. */
  readonly headers?: HeaderEntries | undefined;
  /** The value of `Origin`. Default: no such header, as of a client that is no browser. */
  readonly origin?: string | undefined;
  /** Time for everything up to the open socket, in ms: name, TCP, TLS, handshake. Default: 10 000. `Infinity`: no limit. */
  readonly timeoutMs?: number | undefined;
  /** Gives up when it is aborted. Once the socket is open it has no effect. */
  readonly signal?: AbortSignal | undefined;
  /** TLS, for `wss:` URLs alone. */
  readonly tls?: TlsClientOptions | undefined;
  /** Connect to this Unix domain socket; host and port of the URL then only say what is asked for. */
  readonly path?: string | undefined;
  /**
   * Asked with the IP address that the host name led to, once the connection stands and before a byte of the request is sent:
   * false refuses it (`address-refused`). It answers at once: a promise, or anything but true and false, rejects with a
   * `UsageTypeError` (`bad-argument`). A guard against URLs of strangers that lead into one's own network. Not asked for `path`.
   */
  readonly allowAddress?: ((address: string) => boolean) | undefined;
  /** Limits and times. Default: `DEFAULT_LIMITS`. */
  readonly limits?: Partial<Limits> | undefined;
  /** Offer permessage-deflate (RFC 7692): `true`, or how. Default: false. */
  readonly compression?: boolean | CompressionOptions<never> | undefined;
  /** Give each message as an `IncomingMessage`, to be read in pieces as it arrives. Default: false. */
  readonly streams?: boolean | undefined;
  /**
   * Give text messages as their UTF-8 bytes, validated as always but not decoded: for apps that pass text on unread. The third
   * argument of the `message` handler tells text from binary; a loop over the socket does not. Default: false, as strings.
   */
  readonly textAsBytes?: boolean | undefined;
  /** Functions to call as things happen, the same as on a server, in the place of a loop over the socket. */
  readonly handlers?: SocketHandlers<Data> | undefined;
  /** What `socket.data` is to begin with. */
  readonly data?: Data | undefined;
  /**
   * Told of everything that goes wrong once the socket is open. Without it, what your handlers throw goes to `console.error`,
   * and what the server does wrong is told by the socket alone.
   */
  readonly onError?: ((error: unknown, where: ErrorSource) => void) | undefined;
  /** Leniency: take frames from the server that are masked. */
  readonly allowMasked?: boolean | undefined;
  /** Leniency: take lengths in a longer form than they need. */
  readonly allowNonMinimalLength?: boolean | undefined;
}

const NAMES: readonly string[] = [
  'protocols',
  'requireProtocol',
  'headers',
  'origin',
  'timeoutMs',
  'signal',
  'tls',
  'path',
  'allowAddress',
  'limits',
  'compression',
  'streams',
  'textAsBytes',
  'handlers',
  'data',
  'onError',
  'allowMasked',
  'allowNonMinimalLength',
];
const TLS_NAMES: readonly string[] = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'serverName',
  'rejectUnauthorized',
  'alpnProtocols',
];

/** Check what no layer below checks. @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`, `bad-argument`). */
export function checkClientOptions<Data>(options: ClientOptions<Data>): void {
  checkOptions('connect', options, NAMES);
  const { timeoutMs, signal, tls, path, handlers, streams } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new UsageRangeError(
      'bad-option',
      `Cannot connect: timeoutMs is ${show(timeoutMs)}, expected more than 0 milliseconds, or Infinity`,
    );
  }
  if (signal !== undefined && !isAbortSignal(signal)) throw wrong('signal', signal, 'an AbortSignal');
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw wrong('path', path, 'the path of a Unix domain socket');
  }
  if (tls !== undefined) checkTls(tls, TLS_NAMES);
  for (const name of ['allowAddress', 'onError'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'function') throw wrong(name, value, 'a function');
  }
  for (const name of ['streams', 'textAsBytes', 'allowMasked', 'allowNonMinimalLength'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean') throw wrong(name, value, 'a boolean');
  }
  if (handlers === undefined) return;
  checkHandlers(handlers);
  if (streams === true && handlers.message !== undefined) {
    throw new UsageTypeError(
      'bad-option',
      'Cannot connect: streams goes with a loop over the socket or a stream handler, and there is a message handler',
    );
  }
}

/** Where to connect, for the transport. @throws A `UsageTypeError` (`bad-option`) for `tls` without TLS. */
export function transportOptions<Data>(url: WebSocketUrl, options: ClientOptions<Data>): ConnectOptions {
  const { path, tls, signal, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  if (tls !== undefined && !url.secure) {
    throw new UsageTypeError(
      'bad-option',
      'Cannot connect: there are tls options, expected a wss:// URL with them',
    );
  }
  for (const name of ['ca', 'cert', 'key'] as const) {
    if (tls?.[name] !== undefined) checkPem(name, tls[name], name === 'ca');
  }
  const where = path === undefined ? { hostname: url.hostname, port: url.port } : { path };
  if (!url.secure) return { ...where, timeoutMs, signal };
  // A Unix domain socket has no name that a certificate could be for: the URL's it is.
  const named = path === undefined ? tls : { ...tls, serverName: tls?.serverName ?? url.hostname };
  return { ...where, timeoutMs, signal, tls: named ?? true };
}

function isAbortSignal(value: unknown): boolean {
  return typeof value === 'object' && value !== null && typeof (value as AbortSignal).aborted === 'boolean';
}

function wrong(name: string, value: unknown, expected: string): UsageTypeError {
  const is = value === '' ? 'empty' : describe(value);
  return new UsageTypeError('bad-option', `Cannot connect: ${name} is ${is}, expected ${expected}`);
}
