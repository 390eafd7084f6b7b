/**
 * Bun's sockets (`Bun.listen`, `Bun.connect`) as a `Transport`: TCP, TLS and Unix domain sockets.
 *
 * Owns: the mapping of sockets, their events and their errors, and the bytes that Bun's `write` did not take.
 * Does not own: any byte that goes through, or what it means. `Bun` is looked for when it is used, so that this
 * module can be imported anywhere.
 *
 * @module
 */
import * as buffer from 'node:buffer';
import * as process from 'node:process';
import {
  bareHost,
  checkConnectOptions,
  checkListenOptions,
  formatAddress,
  isIpAddress,
  plainIp,
} from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import type { Bun, BunHandlers, BunListener, BunSocket, BunTls } from './bun-types.ts';
import { type Attempt, codeOfErrno, failure, noTls, wrongRuntime } from './failure.ts';
import { DESTROYED, ENDED, FULL, PAUSED, PEER_ENDED, StreamBase, UNWRITABLE } from './stream-base.ts';
import {
  type Address,
  type ByteStream,
  type ConnectOptions,
  HIGH_WATER_BYTES,
  type Listener,
  type ListenOptions,
  type Pem,
  type StreamHandler,
  TLS_HANDSHAKE_TIMEOUT_MS,
  type TlsClientOptions,
  type TlsServerOptions,
  type Transport,
} from './transport.ts';
import { WriteQueue } from './write-queue.ts';
import { zlibEngine } from './zlib-engine.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * TCP, TLS and Unix domain sockets of Bun.
 *
 * `backlog` is Bun's own: it has no such option. `setTls` opens the listener again, on the same port: a client
 * that connects within that moment may be refused.
 */
export const bunTransport: Transport = {
  name: 'bun',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
    decodeLong(bytes) {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    },
  }),
  deflate: zlibEngine({ deflateFrom: 2048, levelForOne: 2 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    bun();
    checkListenOptions(options);
    try {
      return new Listening(options, accept);
    } catch (error) {
      // A socket's file outlives a process that was killed; Bun then says that the address is in use.
      if (options.path === undefined || errnoOf(error) !== 'EADDRINUSE') throw listenFailure(options, error);
      if (!(await removeStaleSocket(options.path))) throw listenFailure(options, error);
    }
    try {
      return new Listening(options, accept);
    } catch (error) {
      throw listenFailure(options, error);
    }
  },

  connect(options, handler) {
    return new Promise((resolve, reject) => {
      bun();
      checkConnectOptions(options);
      new Connecting(options, handler, resolve, reject).start();
    });
  },
};

function bun(): Bun {
  const found = (globalThis as { readonly Bun?: Bun }).Bun;
  if (found === undefined) throw wrongRuntime('Bun');
  return found;
}

/** One connection. Bun's socket refers to it by its `data`, so that all sockets share their handlers. */
class BunStream extends StreamBase implements ByteStream {
  socket!: BunSocket<BunStream>;
  /** Who is told how the connection came about; `undefined` once it stands. */
  opening: Opening | undefined;
  readonly encrypted: boolean;
  alpnProtocol = '';
  #address: string | undefined;
  /** What Bun's `write` did not take; made when it is first needed. */
  #queue: WriteQueue | undefined;
  /** What came in before there was a handler, or while paused. */
  #inbox: Uint8Array[] = [];
  /** The peer's end came behind what is in the inbox. */
  #inboxEnds = false;

  constructor(opening: Opening, encrypted: boolean) {
    super();
    this.opening = opening;
    this.encrypted = encrypted;
  }

  /** From here on, the handler hears what happens. */
  run(handler: StreamHandler): void {
    this.handler = handler;
    this.#deliverInbox();
    if ((this.state & DROPPED) !== 0) this.gone();
  }

  write(bytes: Uint8Array): boolean {
    if ((this.state & (UNWRITABLE | DROPPED)) !== 0) return false;
    const queue = this.#queue;
    if (queue !== undefined && queue.bytes > 0) queue.push(bytes);
    else {
      const taken = this.socket.write(bytes);
      if (taken >= bytes.length) return true;
      this.#queue = queue ?? new WriteQueue();
      this.#queue.push(taken > 0 ? bytes.subarray(taken) : bytes);
    }
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.state |= FULL;
    return false;
  }

  end(): void {
    if ((this.state & UNWRITABLE) !== 0) return;
    this.state |= ENDED;
    if (this.bufferedBytes === 0) this.socket.shutdown();
  }

  protected release(): void {
    this.#queue?.clear();
    this.#inbox = [];
    this.socket.close();
  }

  pause(): void {
    if ((this.state & (PAUSED | DROPPED)) !== 0) return;
    this.state |= PAUSED;
    this.socket.pause();
  }

  resume(): void {
    if ((this.state & PAUSED) === 0) return;
    this.state &= ~PAUSED;
    if ((this.state & DROPPED) === 0) this.socket.resume();
    if (this.#inbox.length > 0 || this.#inboxEnds) queueMicrotask(() => this.#deliverInbox());
  }

  get bufferedBytes(): number {
    return this.#queue?.bytes ?? 0;
  }

  get copied(): boolean {
    // What Bun's `write` takes has gone to the system, or into TLS records.
    return this.bufferedBytes === 0;
  }

  get remoteAddress(): string {
    this.#address ??= plainIp(this.socket.remoteAddress ?? '');
    return this.#address;
  }

  get remotePort(): number {
    return this.socket.remotePort ?? 0;
  }

  /** Bun says that bytes came. */
  arrived(bytes: Uint8Array): void {
    if (this.handler === undefined || (this.state & PAUSED) !== 0 || this.#inbox.length > 0)
      this.#inbox.push(bytes);
    else this.emitData(bytes);
  }

  /** Bun says that the peer half-closed. */
  peerEnded(): void {
    if (this.handler === undefined || (this.state & PAUSED) !== 0 || this.#inbox.length > 0)
      this.#inboxEnds = true;
    else this.emitEnd();
  }

  /** Bun says that there is room. */
  flush(): void {
    const queue = this.#queue;
    if (queue !== undefined) {
      for (let run = queue.peek(); run !== undefined; run = queue.peek()) {
        const taken = this.socket.write(run);
        if (taken > 0) queue.take(taken);
        if (taken < run.length) return;
      }
      if ((this.state & (ENDED | DESTROYED)) === ENDED) this.socket.shutdown();
    }
    this.emitDrain();
  }

  /** Bun says that the socket is closed. Often it says so inside a call of ours: the handler hears it later. */
  gone(): void {
    this.state |= DROPPED;
    this.#queue?.clear();
    if (this.handler === undefined) return;
    queueMicrotask(() => {
      // After our own end, Bun reports the peer's by closing.
      if (this.error === undefined && (this.state & ENDED) !== 0) {
        this.state &= ~PAUSED;
        this.#inboxEnds = true;
        this.#deliverInbox();
      } else if ((this.state & (ENDED | PEER_ENDED)) !== (ENDED | PEER_ENDED)) {
        this.broken(failure('open', 'connection-reset', this.remoteAddress));
      }
      this.emitClose();
    });
  }

  #deliverInbox(): void {
    for (;;) {
      if ((this.state & PAUSED) !== 0) return;
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      this.emitData(bytes);
    }
    if (this.#inboxEnds) {
      this.#inboxEnds = false;
      this.emitEnd();
    }
  }
}

/** Bit of a stream's state: Bun's socket is closed. */
const DROPPED = 64;

/** What a connection that is being opened may come to. */
interface Opening {
  /** The connection stands, TLS included. */
  ready(stream: BunStream): void;
  /** It does not, and `stream`'s socket is closed or will be. */
  failed(stream: BunStream | undefined, error: unknown): void;
  /** Whether the peer's certificate may be one that does not check out. */
  readonly lenient: boolean;
}

/** One set for all connections. */
const HANDLERS: BunHandlers<BunStream> = {
  binaryType: 'uint8array',
  open(socket) {
    const stream = socket.data;
    stream.socket = socket;
    if (!stream.encrypted) opened(stream);
  },
  handshake(socket, success, error) {
    const stream = socket.data;
    const { opening } = stream;
    if (opening === undefined) return;
    if (!success || (error && !opening.lenient)) {
      stream.opening = undefined;
      opening.failed(stream, error);
      socket.terminate();
      return;
    }
    socket.timeout(0);
    stream.alpnProtocol = socket.alpnProtocol || '';
    opened(stream);
  },
  data(socket, bytes) {
    socket.data.arrived(bytes);
  },
  end(socket) {
    socket.data.peerEnded();
  },
  drain(socket) {
    socket.data.flush();
  },
  timeout(socket) {
    // Only a TLS handshake is timed.
    if (socket.data.opening !== undefined) socket.terminate();
  },
  error(socket, error) {
    socket.data.broken(openFailure(socket.data, error));
  },
  close(socket, error) {
    const stream = socket.data;
    const { opening } = stream;
    if (opening !== undefined) {
      stream.opening = undefined;
      opening.failed(stream, error);
      return;
    }
    if (error) stream.broken(openFailure(stream, error));
    stream.gone();
  },
  connectError() {
    // `Bun.connect` rejects as well.
  },
};

function opened(stream: BunStream): void {
  const { opening } = stream;
  stream.opening = undefined;
  opening?.ready(stream);
}

class Listening implements Listener {
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

/** One attempt to connect. */
class Connecting implements Opening {
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

function serverTls(given: TlsServerOptions): BunTls {
  const requestCert = given.requestCert ?? false;
  return {
    cert: pem(given.cert),
    key: pem(given.key),
    requestCert,
    rejectUnauthorized: given.rejectUnauthorized ?? requestCert,
    ALPNProtocols: alpnList(given.alpnProtocols),
    ...(given.passphrase === undefined ? {} : { passphrase: given.passphrase }),
    ...(given.ca === undefined ? {} : { ca: pems(given.ca) }),
  };
}

function clientTls(given: TlsClientOptions, hostname: string): BunTls {
  return {
    // An address is no name to ask for (RFC 6066 §3); with '', Bun asks for none and holds the certificate to the address.
    serverName:
      given.serverName === undefined && isIpAddress(hostname) ? '' : bareHost(given.serverName ?? hostname),
    rejectUnauthorized: given.rejectUnauthorized ?? true,
    ALPNProtocols: alpnList(given.alpnProtocols),
    ...(given.ca === undefined ? {} : { ca: pems(given.ca) }),
    ...(given.cert === undefined ? {} : { cert: pem(given.cert) }),
    ...(given.key === undefined ? {} : { key: pem(given.key) }),
    ...(given.passphrase === undefined ? {} : { passphrase: given.passphrase }),
  };
}

function pem(given: Pem): string {
  return typeof given === 'string' ? given : new TextDecoder().decode(given);
}

function pems(given: Pem | readonly Pem[]): string[] {
  return typeof given === 'string' || given instanceof Uint8Array ? [pem(given)] : given.map(pem);
}

/** A `ProtocolNameList` (RFC 7301 §3.1), without its own length. */
function alpnList(names: readonly string[] = ['http/1.1']): Uint8Array {
  const bytes: number[] = [];
  for (const name of names) bytes.push(name.length, ...new TextEncoder().encode(name));
  return Uint8Array.from(bytes);
}

/** Whether `path` was a socket that nobody listens on, and is now gone. */
async function removeStaleSocket(path: string): Promise<boolean> {
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

/** The `errno` name in an error of Bun's; '' for none. */
function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

function failureOf(attempt: Attempt, error: unknown, address: string): Error {
  return failure(attempt, codeOfErrno(attempt, errnoOf(error)), address, error);
}

function listenFailure(options: ListenOptions, error: unknown): Error {
  const address = formatAddress(options);
  const errno = errnoOf(error);
  if (options.tls !== undefined && (errno === '' || errno.startsWith('ERR_'))) {
    return failure('listen', 'tls-failed', address, error);
  }
  // A host name that does not resolve has no code.
  if (errno === '') return failure('listen', 'address-not-available', address, error);
  return failureOf('listen', error, address);
}

function openFailure(stream: BunStream, error: unknown): Error {
  const errno = errnoOf(error);
  const address = stream.remoteAddress;
  if (errno === 'EPROTO' || errno.startsWith('ERR_')) return failure('open', 'tls-failed', address, error);
  return failureOf('open', error, address);
}
