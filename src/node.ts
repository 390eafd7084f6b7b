/**
 * `sansocket` on Node.js: the server and the client, with the sockets of the runtime.
 *
 * @module
 */
import { connect as connectOver } from './client/connect.ts';
import type { ClientOptions } from './client/options.ts';
import { createWebSocketClass, type WebSocketClient, type WebSocketConstructor } from './client/whatwg.ts';
import { nameClass } from './inspect.ts';
import { type ServerOptions, Server as ServerOver } from './server/server.ts';
import type { IncomingMessage } from './socket/incoming.ts';
import type { Socket } from './socket/socket.ts';
import { nodeTransport } from './transport/node.ts';

export * from './shared.ts';

/**
 * A server that speaks HTTP and WebSocket on one port.
 *
 * @example An echo
 * ```ts
 * import { Server } from 'sansocket';
 *
 * const server = new Server();
 * server.useWebSockets(async (socket, message) => {
 *   await socket.send(message);
 * });
 * await server.start(0);
 * await server.stop();
 * ```
 */
export class Server<Data = unknown> extends ServerOver<Data> {
  static {
    nameClass(Server, 'Server');
  }

  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option that does not exist or cannot have its value. */
  constructor(options?: ServerOptions) {
    super(nodeTransport, options);
  }
}

/**
 * Open a WebSocket. Redirects are not followed.
 *
 * @param url `ws:` or `wss:` (`http:` and `https:` mean the same), as text or as a `URL`; no fragment, no user name.
 * @returns The open socket. What the server sends waits in it until it is asked for; it is not lost, and holds the server back.
 * @throws (rejects with) a `HandshakeError` when the server answers with something else than a WebSocket: its `code` says what,
 *   its `response` has status, headers and the start of the body.
 * @throws (rejects with) a `TransportError`: `connection-refused`, `dns-failed`, `unreachable`, `tls-failed`,
 *   `connection-reset`, `connect-timeout`, `aborted`, `address-refused`, ….
 * @throws (rejects with) a `UsageTypeError` or `UsageRangeError` (`bad-argument`, `bad-option`) before anything is opened.
 *
 * @example A server of one's own, and a client
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { connect, Server } from 'sansocket';
 *
 * const server = new Server();
 * server.useWebSockets((socket, message) => socket.send(`you said ${message}`));
 * const { port } = await server.start({ hostname: '127.0.0.1' });
 *
 * const socket = await connect(`ws://127.0.0.1:${port}/chat`);
 * await socket.send('hello');
 * for await (const message of socket) {
 *   equal(message, 'you said hello');
 *   break;
 * }
 * await socket.close(1000);
 * await server.stop();
 * ```
 */
export function connect<Data = unknown>(
  url: string | { readonly href: string },
  options: ClientOptions<Data> & { readonly streams: true },
): Promise<Socket<Data, IncomingMessage>>;
export function connect<Data = unknown>(
  url: string | { readonly href: string },
  options?: ClientOptions<Data>,
): Promise<Socket<Data>>;
export function connect<Data>(
  url: string | { readonly href: string },
  options?: ClientOptions<Data>,
): Promise<Socket<Data, never>> {
  return connectOver(nodeTransport, url, options) as Promise<Socket<Data, never>>;
}

/** The WHATWG `WebSocket` class, for programs that are written for browsers; with more options than browsers have. */
export const WebSocket: WebSocketConstructor = /* @__PURE__ */ createWebSocketClass(nodeTransport);

/** A WebSocket as in browsers. */
export type WebSocket = WebSocketClient;
