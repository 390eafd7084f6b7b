/**
 * One connection of a client: from the transport's stream by way of the opening handshake to an open socket.
 *
 * Owns: sending the request, the time and the signal, and that a failure is told once and leaves nothing behind. Does not
 * own: the handshake (`connection/client-opening.ts`), the open socket (`socket/`).
 *
 * @module
 */
import { Output } from '../bytes/output.ts';
import type { ClientOpened, ClientOpening } from '../connection/client-opening.ts';
import { WebSocketConnection } from '../connection/websocket.ts';
import { TransportError, UsageTypeError } from '../errors.ts';
import { formatExtensions } from '../handshake/extensions.ts';
import type { Timed } from '../socket/deadlines.ts';
import { SocketDriver } from '../socket/driver.ts';
import { describe } from '../socket/handlers.ts';
import { asPromise, type Host, handled, isThenable } from '../socket/host.ts';
import type { Socket } from '../socket/socket.ts';
import type { ByteStream, ConnectOptions, StreamHandler, Transport } from '../transport/transport.ts';
import type { ClientOptions } from './options.ts';
import { SentRequest } from './request.ts';

/** How long the body of a refusal is waited for, in ms: it is for people to read, not worth a long wait. */
const REFUSAL_MS = 1000;

/** Drives the opening handshake, and then hands everything on to the socket. */
export class Opening<Data> implements StreamHandler, Timed {
  heapIndex = -1;
  heapKey = 0;
  readonly #host: Host;
  readonly #options: ClientOptions<Data>;
  readonly #where: ConnectOptions;
  readonly #startedAt: number;
  #deadline = Number.POSITIVE_INFINITY;
  /** For the body of a refusal. */
  #waiting = false;
  #handshake: ClientOpening | undefined;
  #stream: ByteStream | undefined;
  #driver: SocketDriver<Data> | undefined;
  /** Until it is settled. */
  #resolve: ((socket: Socket<Data>) => void) | undefined;
  #reject: ((error: unknown) => void) | undefined;

  /** @param where As the transport wants it. */
  constructor(host: Host, handshake: ClientOpening, where: ConnectOptions, options: ClientOptions<Data>) {
    this.#host = host;
    this.#handshake = handshake;
    this.#where = where;
    this.#options = options;
    this.#startedAt = host.deadlines.now();
  }

  /** Connect and open. Rejects with what went wrong, once; then the stream is gone, and no timer or listener is left. */
  open(transport: Transport): Promise<Socket<Data>> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      transport.connect(this.#where, this).then(
        (stream) => this.#connected(stream),
        (error: unknown) => this.#fail(error),
      );
    });
  }

  // ------------------------------------------------------------------ the transport calls

  /** Bytes came in. */
  data(bytes: Uint8Array): void {
    if (this.#driver !== undefined) {
      this.#driver.data(bytes);
      return;
    }
    this.#handshake?.receive(bytes);
    this.#read();
  }

  /** The server half-closed. */
  end(): void {
    if (this.#driver !== undefined) {
      this.#driver.end();
      return;
    }
    this.#handshake?.receiveEnd();
    this.#read();
  }

  /** There is room again. */
  drain(): void {
    this.#driver?.drain();
  }

  /** The transport is gone. */
  close(error?: Error): void {
    if (this.#driver !== undefined) {
      this.#driver.close(error);
      return;
    }
    if (this.#reject === undefined) return;
    const refusal = this.#handshake?.giveUp();
    if (refusal !== undefined) this.#fail(refusal);
    else this.#fail(error ?? this.#failure('transport-failed', 'the connection was closed'));
  }

  // ------------------------------------------------------------------ the timer calls

  /** When waiting for an answer ends. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Time has passed. */
  expire(now: number): void {
    if (now < this.#deadline || this.#reject === undefined) return;
    const { timeoutMs } = this.#where;
    this.#fail(
      this.#handshake?.giveUp() ??
        this.#failure('connect-timeout', `the server did not answer the handshake within ${timeoutMs} ms`),
    );
  }

  // ------------------------------------------------------------------

  /** The stream stands: ask for a WebSocket. */
  #connected(stream: ByteStream): void {
    this.#stream = stream;
    const { signal, timeoutMs } = this.#where;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    const { allowAddress } = this.#options;
    if (allowAddress !== undefined && this.#where.path === undefined) {
      try {
        const allowed: unknown = allowAddress(stream.remoteAddress);
        if (typeof allowed !== 'boolean') {
          // A promise would be taken for a yes, whatever comes of it.
          if (isThenable(allowed)) handled(asPromise(allowed));
          this.#fail(wrongAnswer(allowed));
          return;
        }
        if (!allowed) {
          this.#fail(this.#failure('address-refused', `the address ${stream.remoteAddress} is not allowed`));
          return;
        }
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
    signal?.addEventListener('abort', this.#onAbort);
    this.#deadline = this.#startedAt + timeoutMs!;
    this.#host.deadlines.update(this);
    stream.write(this.#handshake!.request);
  }

  #read(): void {
    const handshake = this.#handshake;
    if (handshake === undefined) return;
    const verdict = handshake.next();
    if (verdict === undefined) {
      if (handshake.refused) this.#waitBriefly();
    } else if (verdict.kind === 'opened') this.#opened(verdict, handshake);
    else this.#fail(verdict);
  }

  /** Counted from the head of the refusal on, not from the last byte that came. */
  #waitBriefly(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    const { deadlines } = this.#host;
    this.#deadline = Math.min(this.#deadline, deadlines.now() + REFUSAL_MS);
    deadlines.update(this);
  }

  #opened(opened: ClientOpened, handshake: ClientOpening): void {
    const options = this.#options;
    const host = this.#host;
    const handlers = options.handlers ?? {};
    const connection = new WebSocketConnection({
      role: 'client',
      limits: host.limits,
      text: host.text,
      native: host.native,
      output: new Output(host.slab),
      now: host.deadlines.now(),
      compression: opened.compression,
      pieces: options.streams === true || handlers.stream !== undefined,
      textAsBytes: options.textAsBytes,
      allowMasked: options.allowMasked,
      allowNonMinimalLength: options.allowNonMinimalLength,
    });
    const info = {
      protocol: opened.protocol,
      extensions: formatExtensions(opened.extensions),
      request: new SentRequest(handshake.sent),
      responseHeaders: opened.headers,
      data: options.data as Data,
    };
    const driver = new SocketDriver(host, this.#stream!, connection, info, handlers, () => {});
    const resolve = this.#resolve!;
    this.#settle();
    this.#driver = driver;
    resolve(driver.socket);
    driver.start(opened.rest);
  }

  readonly #onAbort = (): void => {
    this.#fail(this.#failure('aborted', 'the signal was aborted', this.#where.signal?.reason));
  };

  #fail(error: unknown): void {
    const reject = this.#reject;
    if (reject === undefined) return;
    this.#settle();
    this.#stream?.destroy();
    reject(error);
  }

  #settle(): void {
    this.#handshake = undefined;
    this.#resolve = this.#reject = undefined;
    this.#deadline = Number.POSITIVE_INFINITY;
    this.#host.deadlines.remove(this);
    this.#where.signal?.removeEventListener('abort', this.#onAbort);
  }

  #failure(
    code: 'aborted' | 'address-refused' | 'connect-timeout' | 'transport-failed',
    why: string,
    cause?: unknown,
  ): TransportError {
    const { path, hostname, port } = this.#where;
    const address = path ?? (hostname!.includes(':') ? `[${hostname}]:${port}` : `${hostname}:${port}`);
    const options = cause === undefined ? undefined : { cause };
    return new TransportError(code, `Cannot connect to ${address}: ${why}`, options);
  }
}

function wrongAnswer(answer: unknown): UsageTypeError {
  return new UsageTypeError(
    'bad-argument',
    `Cannot connect: allowAddress answered with ${describe(answer)}, expected true or false, and no promise`,
  );
}
