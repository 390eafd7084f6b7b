/**
 * Listening by `Bun.listen`.
 *
 * Owns: the listener, its certificate, and the sockets that it accepts until they stand. Does not own: a connection (`stream.ts`).
 *
 * @module
 */
import * as process from 'node:process';
import { bareHost, formatAddress, isIpAddress } from '../address.ts';
import { errnoOf, failure, noTls } from '../failure.ts';
import {
  type Address,
  type ByteStream,
  type Listener,
  type ListenOptions,
  type StreamHandler,
  TLS_HANDSHAKE_TIMEOUT_MS,
  type TlsServerOptions,
} from '../transport.ts';
import { serverTls } from './options.ts';
import { bun } from './runtime.ts';
import { BunStream, HANDLERS, type Opening, opened } from './stream.ts';
import type { BunHandlers, BunListener } from './types.ts';

export class Listening implements Listener {
  readonly address: Address;
  readonly #options: ListenOptions;
  readonly #opening: Opening;
  /** Those whose TLS handshake is under way. */
  readonly #handshakes = new Set<BunStream>();
  #listener: BunListener;
  #open = true;

  constructor(options: ListenOptions, accept: (stream: ByteStream) => StreamHandler) {
    this.#options = options;
    this.#opening = {
      lenient: !(options.tls?.rejectUnauthorized ?? options.tls?.requestCert ?? false),
      ready: (stream) => {
        this.#handshakes.delete(stream);
        try {
          stream.run(accept(stream));
        } catch {
          stream.destroy();
        }
      },
      failed: (stream) => {
        if (stream !== undefined) this.#handshakes.delete(stream);
      },
    };
    this.#listener = this.#listen(options.port ?? 0, options.tls);
    this.address =
      options.path === undefined
        ? { hostname: this.#listener.hostname, port: this.#listener.port }
        : { hostname: options.path, port: 0, path: options.path };
  }

  async close(): Promise<void> {
    if (!this.#open) return;
    this.#open = false;
    this.#listener.stop();
    for (const stream of this.#handshakes) stream.socket.terminate();
  }

  async setTls(tls: TlsServerOptions): Promise<void> {
    const old = this.#options.tls;
    if (old === undefined) throw noTls();
    const next = { ...old, ...tls };
    try {
      // Bun reads certificates as it listens: try them where nobody connects.
      bun()
        .listen({ ...this.#common(next), hostname: '127.0.0.1', port: 0 })
        .stop();
    } catch (error) {
      throw failure('listen', 'tls-failed', formatAddress(this.address), error);
    }
    if (!this.#open) return;
    this.#listener.stop();
    this.#listener = this.#listen(this.address.port, next);
  }

  #common(tls: TlsServerOptions | undefined) {
    const handlers: BunHandlers<BunStream> = {
      ...HANDLERS,
      open: (socket) => {
        const stream = new BunStream(this.#opening, tls !== undefined);
        stream.socket = socket;
        socket.data = stream;
        if (tls === undefined) {
          opened(stream);
          return;
        }
        this.#handshakes.add(stream);
        socket.timeout(TLS_HANDSHAKE_TIMEOUT_MS / 1000);
      },
    };
    return { socket: handlers, allowHalfOpen: true, ...(tls === undefined ? {} : { tls: serverTls(tls) }) };
  }

  #listen(port: number, tls: TlsServerOptions | undefined): BunListener {
    const { path, hostname, ipv6Only = false, reusePort = false } = this.#options;
    const common = this.#common(tls);
    if (path !== undefined) return bun().listen({ ...common, unix: path });
    const where = { ...common, port, ipv6Only, reusePort };
    if (hostname !== undefined) return bun().listen({ ...where, hostname: bareHost(hostname) });
    try {
      return bun().listen({ ...where, hostname: '::' });
    } catch (error) {
      // No IPv6 on this machine.
      if (errnoOf(error) !== 'EAFNOSUPPORT' && errnoOf(error) !== 'EADDRNOTAVAIL') throw error;
      return bun().listen({ ...where, hostname: '0.0.0.0' });
    }
  }
}

/** The options with the address that a host name stands for: Bun's listener tells the name alone. What does not resolve, Bun complains of. */
export async function byAddress(options: ListenOptions): Promise<ListenOptions> {
  const { hostname } = options;
  if (hostname === undefined || isIpAddress(hostname)) return options;
  try {
    const { address } = await process.getBuiltinModule('node:dns/promises').lookup(bareHost(hostname));
    return { ...options, hostname: address };
  } catch {
    return options;
  }
}

/** Whether `path` was a socket that nobody listens on, and is now gone. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  const { lstatSync, unlinkSync } = process.getBuiltinModule('node:fs');
  try {
    // A file of any other kind refuses connections, too.
    if (!lstatSync(path).isSocket()) return false;
    const refused = await bun()
      .connect({ unix: path, socket: { ...HANDLERS, open() {}, close() {} } })
      .then(
        (probe) => probe.terminate(),
        (error: unknown) => errnoOf(error) === 'ECONNREFUSED',
      );
    if (refused !== true) return false;
    unlinkSync(path);
    return true;
  } catch {
    return false;
  }
}
