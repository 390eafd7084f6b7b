/**
 * Open a WebSocket over any transport.
 *
 * Owns: from URL and options to an open socket, and what the sockets of one transport share. Does not own: the steps
 * (`opening.ts`), the runtime's transport (`sansocket` binds it).
 *
 * @module
 */
import { ClientOpening } from '../connection/client-opening.ts';
import { DEFAULT_LIMITS, resolveLimits } from '../limits.ts';
import { checkTransport, Host, printHandlerErrors, traced } from '../socket/host.ts';
import type { IncomingMessage } from '../socket/incoming.ts';
import type { Socket } from '../socket/socket.ts';
import type { Transport } from '../transport/transport.ts';
import { Opening } from './opening.ts';
import { type ClientOptions, checkClientOptions, transportOptions } from './options.ts';

/** Timer and output memory, shared by all sockets of a transport. */
const HOSTS: WeakMap<Transport, Host> = /* @__PURE__ */ new WeakMap();

/**
 * Open a WebSocket.
 *
 * `import { connect } from 'sansocket'` gives it with the runtime's own sockets, as `connect(url, options)`; this one takes
 * any transport. Redirects are not followed.
 *
 * @param url `ws:` or `wss:` (`http:` and `https:` mean the same), as text or as a `URL`; no fragment, no user name.
 * @returns The open socket. What the server sends waits in it until it is asked for; it is not lost, and holds the server back.
 * @throws (rejects with) a `HandshakeError` when the server answers with something else than a WebSocket: its `code` says what,
 *   its `response` has status, headers and the start of the body.
 * @throws (rejects with) a `TransportError`: `connection-refused`, `dns-failed`, `unreachable`, `tls-failed`,
 *   `connection-reset`, `connect-timeout`, `aborted`, `address-refused`, ….
 * @throws (rejects with) a `UsageTypeError` or `UsageRangeError` (`bad-argument`, `bad-option`) before anything is opened.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { connect } from 'sansocket/client';
 * import { Server } from 'sansocket/server';
 * import { createMemoryTransport } from 'sansocket/transport';
 *
 * const transport = createMemoryTransport();
 * const server = new Server(transport);
 * server.useWebSockets((socket, message) => socket.send(`you said ${message}`));
 * await server.start(8080);
 *
 * const socket = await connect(transport, 'ws://localhost:8080/chat');
 * await socket.send('hello');
 * for await (const message of socket) {
 *   equal(message, 'you said hello');
 *   break;
 * }
 * const { code } = await socket.close(1000);
 * equal(code, 1000);
 * await server.stop();
 * ```
 */
export function connect<Data = unknown>(
  transport: Transport,
  url: string | { readonly href: string },
  options: ClientOptions<Data> & { readonly streams: true },
): Promise<Socket<Data, IncomingMessage>>;
export function connect<Data = unknown>(
  transport: Transport,
  url: string | { readonly href: string },
  options?: ClientOptions<Data>,
): Promise<Socket<Data>>;
export async function connect<Data>(
  transport: Transport,
  url: string | { readonly href: string },
  options: ClientOptions<Data> = {},
): Promise<Socket<Data, never>> {
  const opening = prepare(transport, url, options);
  try {
    return (await opening.open(transport)) as Socket<Data, never>;
  } catch (error) {
    throw traced(error);
  }
}

/** Check everything and open nothing yet. @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`, `bad-option`). */
export function prepare<Data>(
  transport: Transport,
  url: string | { readonly href: string },
  options: ClientOptions<Data>,
): Opening<Data> {
  checkTransport('connect', transport);
  checkClientOptions(options);
  const host = hostOf(transport, options);
  const handshake = new ClientOpening(url, {
    protocols: options.protocols,
    requireProtocol: options.requireProtocol,
    headers: options.headers,
    origin: options.origin,
    compression: options.compression,
    limits: host.limits,
    text: transport.text,
    deflate: transport.deflate,
  });
  return new Opening(host, handshake, transportOptions(handshake.sent.url, options), options);
}

function hostOf<Data>(transport: Transport, { limits, onError }: ClientOptions<Data>): Host {
  let shared = HOSTS.get(transport);
  if (shared === undefined) {
    shared = new Host(DEFAULT_LIMITS, transport, printHandlerErrors);
    HOSTS.set(transport, shared);
  }
  if (limits === undefined && onError === undefined) return shared;
  return new Host(resolveLimits(limits), transport, onError ?? printHandlerErrors, shared);
}
