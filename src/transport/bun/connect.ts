/**
 * Connecting by `Bun.connect`.
 *
 * Owns: one attempt, its time and its signal. Does not own: the connection that comes of it (`stream.ts`).
 *
 * @module
 */
import { bareHost, formatAddress } from '../address.ts';
import { codeOfErrno, errnoOf, failure } from '../failure.ts';
import type { ByteStream, ConnectOptions, StreamHandler, TlsClientOptions } from '../transport.ts';
import { clientTls } from './options.ts';
import { bun } from './runtime.ts';
import { BunStream, HANDLERS, type Opening } from './stream.ts';
import type { BunSocket } from './types.ts';

/** One attempt to connect. */
export class Connecting implements Opening {
  readonly lenient: boolean;
  readonly #options: ConnectOptions;
  readonly #handler: StreamHandler;
  readonly #resolve: (stream: ByteStream) => void;
  readonly #reject: (error: Error) => void;
  readonly #tls: TlsClientOptions | undefined;
  readonly #stream: BunStream;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #settled = false;

  constructor(
    options: ConnectOptions,
    handler: StreamHandler,
    resolve: (stream: ByteStream) => void,
    reject: (error: Error) => void,
  ) {
    this.#options = options;
    this.#handler = handler;
    this.#resolve = resolve;
    this.#reject = reject;
    this.#tls = options.tls === true ? {} : options.tls || undefined;
    this.lenient = this.#tls?.rejectUnauthorized === false;
    this.#stream = new BunStream(this, this.#tls !== undefined);
  }

  start(): void {
    const { signal, timeoutMs, path, hostname = 'localhost', port } = this.#options;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener('abort', this.#onAbort);
    if (timeoutMs !== undefined && timeoutMs < 0x80000000) {
      this.#timer = setTimeout(() => this.#giveUp(this.#failure('connect-timeout')), timeoutMs);
    }
    const common = {
      socket: HANDLERS,
      data: this.#stream,
      allowHalfOpen: true,
      ...(this.#tls === undefined
        ? {}
        : { tls: clientTls(this.#tls, path === undefined ? bareHost(hostname) : 'localhost') }),
    };
    const where = path === undefined ? { hostname: bareHost(hostname), port: port! } : { unix: path };
    let connecting: Promise<unknown>;
    try {
      connecting = bun().connect({ ...common, ...where });
    } catch (error) {
      this.#giveUp(this.#failure(this.#tls === undefined ? 'transport-failed' : 'tls-failed', error));
      return;
    }
    connecting.catch((error: unknown) => {
      const errno = errnoOf(error);
      // What has no `errno` name comes from reading the certificates.
      const code = errno === '' || errno.startsWith('ERR_') ? 'tls-failed' : codeOfErrno('connect', errno);
      this.#giveUp(this.#failure(code, error));
    });
  }

  ready(stream: BunStream): void {
    if (this.#settled) {
      stream.socket.terminate();
      return;
    }
    this.#settle();
    this.#resolve(stream);
    // After the caller's continuation.
    queueMicrotask(() => stream.run(this.#handler));
  }

  failed(_stream: BunStream, error: unknown): void {
    this.#giveUp(this.#failure(this.#tls === undefined ? 'connection-reset' : 'tls-failed', error));
  }

  readonly #onAbort = (): void => {
    this.#giveUp(this.#failure('aborted', this.#options.signal?.reason));
  };

  #failure(code: Parameters<typeof failure>[1], cause?: unknown): Error {
    return failure('connect', code, formatAddress(this.#options), cause);
  }

  #giveUp(error: Error): void {
    if (this.#settled) return;
    this.#settle();
    this.#reject(error);
    // There is a socket to drop if only TLS is missing; one that opens later is dropped by `ready`.
    (this.#stream.socket as BunSocket<BunStream> | undefined)?.terminate();
  }

  #settle(): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}
