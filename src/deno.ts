/**
 * `sansocket` on Deno: the server, with the sockets of the runtime.
 *
 * @module
 */
import { type ServerOptions, Server as ServerOver } from './server/server.ts';
import { denoTransport } from './transport/deno.ts';

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
  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option that does not exist or cannot have its value. */
  constructor(options?: ServerOptions) {
    super(denoTransport, options);
  }
}
