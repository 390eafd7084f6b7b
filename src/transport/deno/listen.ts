/**
 * Listening by `Deno.listen` and `Deno.listenTls`.
 *
 * Owns: the listener, its certificate, and TLS handshakes until they are done. Does not own: a connection (`stream.ts`).
 *
 * @module
 */
import { bareHost, formatAddress } from '../address.ts';
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
import { checkServerTls, serverTls } from './options.ts';
import { deno, quietly } from './runtime.ts';
import { DenoStream } from './stream.ts';
import type { DenoConn, DenoListener } from './types.ts';

export class Listening implements Listener {
  readonly address: Address;
  readonly #options: ListenOptions;
  readonly #accept: (stream: ByteStream) => StreamHandler;
  #accepting: Accepting;
  #closed: Promise<void> | undefined;
  /** The `setTls` that was called last: the next one waits for it, or both would want the port. */
  #setting: Promise<void> = Promise.resolve();

  constructor(options: ListenOptions, accept: (stream: ByteStream) => StreamHandler) {
    this.#options = options;
    this.#accept = accept;
    this.#accepting = this.#listen(options.port ?? 0, options.tls);
    const { hostname = '', port = 0 } = this.#accepting.listener.addr;
    this.address =
      options.path === undefined
        ? { hostname, port }
        : { hostname: options.path, port: 0, path: options.path };
  }

  close(): Promise<void> {
    this.#closed ??= this.#accepting.stop();
    this.#accepting.dropHandshakes();
    return this.#closed;
  }

  async setTls(tls: TlsServerOptions): Promise<void> {
    const old = this.#options.tls;
    if (old === undefined) throw noTls();
    checkServerTls(tls);
    const next = { ...old, ...tls };
    try {
      // Deno reads certificates as it listens: try them where nobody connects.
      deno()
        .listenTls({ hostname: '127.0.0.1', port: 0, ...serverTls(next) })
        .close();
    } catch (error) {
      throw failure('listen', 'tls-failed', formatAddress(this.address), error);
    }
    this.#setting = this.#setting.then(() => this.#listenAgain(next));
    await this.#setting;
  }

  async #listenAgain(tls: TlsServerOptions): Promise<void> {
    if (this.#closed !== undefined) return;
    await this.#accepting.stop();
    if (this.#closed !== undefined) return;
    this.#accepting = this.#listen(this.address.port, tls);
  }

  #listen(port: number, tls: TlsServerOptions | undefined): Accepting {
    const { path, hostname, backlog, reusePort } = this.#options;
    if (path !== undefined)
      return new Accepting(deno().listen({ transport: 'unix', path }), false, this.#accept);
    const where = {
      port,
      ...(backlog === undefined ? {} : { tcpBacklog: backlog }),
      // Without its flag, Deno would end the whole process for the option.
      ...(reusePort === true && deno().listenDatagram !== undefined ? { reusePort } : {}),
    };
    const open = (host: string): Accepting => {
      const all = { ...where, hostname: host };
      const listener =
        tls === undefined ? deno().listen(all) : deno().listenTls({ ...all, ...serverTls(tls) });
      return new Accepting(listener, tls !== undefined, this.#accept);
    };
    if (hostname !== undefined) return open(bareHost(hostname));
    try {
      return open('::');
    } catch (error) {
      // No IPv6 on this machine.
      if (errnoOf(error) !== 'EAFNOSUPPORT' && errnoOf(error) !== 'EADDRNOTAVAIL') throw error;
      return open('0.0.0.0');
    }
  }
}

/** One socket that accepts. */
class Accepting {
  readonly listener: DenoListener;
  readonly #secure: boolean;
  readonly #accept: (stream: ByteStream) => StreamHandler;
  readonly #done: Promise<void>;
  /** Those whose TLS handshake is under way. */
  readonly #handshakes = new Set<DenoConn>();
  #open = true;

  constructor(listener: DenoListener, secure: boolean, accept: (stream: ByteStream) => StreamHandler) {
    this.listener = listener;
    this.#secure = secure;
    this.#accept = accept;
    this.#done = this.#run();
  }

  /** Resolves when the address is free: Deno holds it until the `accept` that waits has failed. */
  stop(): Promise<void> {
    this.#open = false;
    quietly(() => this.listener.close());
    return this.#done;
  }

  /** Give up on the handshakes that are under way: none of them comes to a stream any more. */
  dropHandshakes(): void {
    for (const conn of this.#handshakes) quietly(() => conn.close());
  }

  async #run(): Promise<void> {
    while (this.#open) {
      try {
        const conn = await this.listener.accept();
        if (this.#secure) this.#handshake(conn);
        else this.#welcome(conn, '');
      } catch {
        // A connection that could not be accepted (too many open files, say): breathe, and go on.
        if (this.#open) await new Promise((resolve) => setTimeout(resolve, 10));
      }
    }
  }

  async #handshake(conn: DenoConn): Promise<void> {
    const timer = setTimeout(() => quietly(() => conn.close()), TLS_HANDSHAKE_TIMEOUT_MS);
    this.#handshakes.add(conn);
    try {
      const { alpnProtocol } = await conn.handshake!();
      this.#welcome(conn, alpnProtocol ?? '');
    } catch {
      quietly(() => conn.close());
    } finally {
      clearTimeout(timer);
      this.#handshakes.delete(conn);
    }
  }

  #welcome(conn: DenoConn, alpnProtocol: string): void {
    quietly(() => conn.setNoDelay?.(true));
    const stream = new DenoStream(conn, this.#secure, alpnProtocol);
    try {
      stream.start(this.#accept(stream));
    } catch {
      stream.destroy();
    }
  }
}

/** Whether `path` was a socket that nobody listens on, and is now gone. */
export async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    // A file of any other kind refuses connections, too.
    if ((await deno().lstat(path)).isSocket !== true) return false;
    const refused = await deno()
      .connect({ transport: 'unix', path })
      .then(
        (probe) => probe.close(),
        (error: unknown) => errnoOf(error) === 'ECONNREFUSED',
      );
    if (refused !== true) return false;
    await deno().remove(path);
    return true;
  } catch {
    return false;
  }
}
