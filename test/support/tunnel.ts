/**
 * The transport that docs/transport.md builds step by step: web streams for wires, a map for a network.
 *
 * @module
 */
import {
  type ByteStream,
  checkConnectOptions,
  checkListenOptions,
  failure,
  formatAddress,
  type StreamHandler,
  streamFromWeb,
  type Transport,
} from 'sansocket/transport';

type Accept = (stream: ByteStream) => StreamHandler;

/** A network of its own. */
export function createTunnelTransport(): Transport {
  const listening = new Map<number, Accept>();
  let nextPort = 40_000;
  return {
    name: 'tunnel',

    async listen(options, accept) {
      checkListenOptions(options);
      const port = options.port || nextPort++;
      if (listening.has(port)) throw failure('listen', 'address-in-use', formatAddress(options));
      listening.set(port, accept);
      return {
        address: { hostname: options.hostname ?? '127.0.0.1', port },
        async close() {
          if (listening.get(port) === accept) listening.delete(port);
        },
        async setTls() {
          throw Object.assign(new TypeError('Cannot set a certificate: tunnels have no TLS'), {
            code: 'bad-state',
          });
        },
      };
    },

    async connect(options, handler) {
      checkConnectOptions(options);
      // A wire has some length: the other end is not reached at once.
      await new Promise((resolve) => setTimeout(resolve, 0));
      const address = formatAddress(options);
      if (options.signal?.aborted) throw failure('connect', 'aborted', address, options.signal.reason);
      const accept = listening.get(options.port!);
      if (accept === undefined) throw failure('connect', 'connection-refused', address);
      const there = new TransformStream<Uint8Array, Uint8Array>();
      const back = new TransformStream<Uint8Array, Uint8Array>();
      const facts = { remoteAddress: '127.0.0.1' };
      const server = streamFromWeb(
        { readable: there.readable, writable: back.writable },
        { ...facts, remotePort: nextPort++ },
      );
      const client = streamFromWeb(
        { readable: back.readable, writable: there.writable },
        { ...facts, remotePort: options.port! },
      );
      try {
        server.start(accept(server));
      } catch {
        server.destroy();
      }
      // Not before the caller has the stream.
      queueMicrotask(() => queueMicrotask(() => client.start(handler)));
      return client;
    },
  };
}
