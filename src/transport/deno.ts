/**
 * Deno's sockets (`Deno.listen`, `Deno.connect` and their TLS forms) as a `Transport`: TCP, TLS, Unix domain sockets.
 *
 * Owns: the mapping of connections and errors, and the memory that is read into. Does not own: any byte that goes
 * through, or what it means; the pumping (`pump-stream.ts`). `Deno` is looked for when it is used, so that this
 * module can be imported anywhere.
 *
 * @module
 */
import * as buffer from 'node:buffer';
import * as process from 'node:process';
import { xor64 } from '../bytes/native.ts';
import { type TransportErrorCode, UsageTypeError } from '../errors.ts';
import { bareHost, checkConnectOptions, checkListenOptions, formatAddress, plainIp } from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import type { Deno, DenoConn, DenoListener } from './deno-types.ts';
import { type Attempt, codeOfErrno, failure, noTls, wrongRuntime } from './failure.ts';
import { PumpStream } from './pump-stream.ts';
import {
  type Address,
  type ByteStream,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  type Pem,
  type StreamHandler,
  TLS_HANDSHAKE_TIMEOUT_MS,
  type TlsClientOptions,
  type TlsServerOptions,
  type Transport,
} from './transport.ts';
import { Turns } from './turns.ts';
import { WriteMemory } from './write-memory.ts';
import { zlibEngine } from './zlib-engine.ts';

/**
 * TCP, TLS and Unix domain sockets of Deno.
 *
 * What Deno has no way to do is refused with `bad-option`: asking clients for certificates, `passphrase`,
 * `ipv6Only`, TLS over Unix sockets, `rejectUnauthorized: false`, and a client's certificate together with
 * `serverName`. A client's `ca` is trusted next to the runtime's own authorities. `reusePort` needs
 * `--unstable-net`, and is ignored without. `setTls` opens the listener again, on the same port: a client that
 * connects within that moment may be refused. A TLS handshake that stalls is given up after its time, or when the server
 * stops, but its TCP connection stays until the client leaves: before the handshake is done, Deno's `close` closes nothing.
 */
export const denoTransport: Transport = {
  name: 'deno',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
  }),
  native: { xor: xor64 },
  deflate: zlibEngine({ deflateFrom: 2048, levelForOne: 2 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    deno();
    checkListenOptions(options);
    if (options.tls !== undefined) checkServerTls(options.tls);
    if (options.tls !== undefined && options.path !== undefined)
      throw cannot('listen', 'TLS over a Unix socket');
    if (options.ipv6Only === true) throw cannot('listen', '"ipv6Only"');
    try {
      return new Listening(options, accept);
    } catch (error) {
      // A socket's file outlives a process that was killed; Deno then says that the address is in use.
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
      deno();
      checkConnectOptions(options);
      const tls = options.tls === true ? {} : options.tls || undefined;
      if (tls !== undefined) checkClientTls(tls, options);
      connectOnce(options, tls, handler, resolve, reject);
    });
  },
};

function deno(): Deno {
  const found = (globalThis as { readonly Deno?: Deno }).Deno;
  if (found === undefined) throw wrongRuntime('Deno');
  return found;
}

/** A connection has a read under way all the time, into memory of its own: little at first, and as long as little comes. */
const SMALLEST_READ = 1024;
const LARGEST_READ = 65_536;
/** After so many reads in a row that filled an eighth at most, less memory will do. */
const SMALL_READS = 32;

/** What is being written, by all connections. A write of Deno's reads nothing once it is done. */
const writeMemory: WriteMemory = /* @__PURE__ */ new WriteMemory();

const turns: Turns = /* @__PURE__ */ new Turns();

/** One connection. */
class DenoStream extends PumpStream implements ByteStream {
  readonly #conn: DenoConn;
  readonly encrypted: boolean;
  readonly alpnProtocol: string;
  #memory: Uint8Array = new Uint8Array(SMALLEST_READ);
  /** Bytes that the last read brought. */
  #count = 0;
  /** Reads in a row that needed little of it. */
  #smallReads = 0;
  readonly #onRead = (count: number | null): void => this.#read(count);
  readonly #onFailure = (error: unknown): void => this.failed(error);
  readonly #onWritten = (count: number): void => this.pushed(count);

  constructor(conn: DenoConn, encrypted: boolean, alpnProtocol: string) {
    super(writeMemory);
    this.#conn = conn;
    this.encrypted = encrypted;
    this.alpnProtocol = alpnProtocol;
  }

  start(handler: StreamHandler): void {
    this.run(handler);
  }

  get remoteAddress(): string {
    return plainIp(this.#conn.remoteAddr.hostname ?? '');
  }

  get remotePort(): number {
    return this.#conn.remoteAddr.port ?? 0;
  }

  protected pull(): void {
    if (turns.isOver(this, this.#count)) setTimeout(this.#pullNow, 0);
    else this.#pullNow();
  }

  readonly #pullNow = (): void => {
    this.#conn.read(this.#memory).then(this.#onRead, this.#onReadFailure);
  };

  protected push(bytes: Uint8Array): void {
    this.#conn.write(bytes).then(this.#onWritten, this.#onFailure);
  }

  protected halfClose(): void {
    this.#conn.closeWrite().then(() => this.halfClosed(), this.#onFailure);
  }

  protected shut(): void {
    this.#conn.close();
  }

  protected explain(thrown: unknown): Error {
    return openFailure(thrown, this.remoteAddress);
  }

  #read(count: number | null): void {
    if (count === null) {
      this.pulled(undefined);
      return;
    }
    const memory = this.#memory;
    const size = memory.length;
    this.#count = count;
    if (count === size && size < LARGEST_READ) this.#memory = new Uint8Array(4 * size);
    else if (count * 8 > size || size === SMALLEST_READ) this.#smallReads = 0;
    else if (++this.#smallReads === SMALL_READS) {
      this.#memory = new Uint8Array(size / 4);
      this.#smallReads = 0;
    }
    this.pulledLent(count === size ? memory : memory.subarray(0, count), this.#copy);
  }

  /** Memory that is filled well, or used no more, is given away instead. */
  readonly #copy = (bytes: Uint8Array): Uint8Array => {
    const memory = this.#memory;
    if (bytes.buffer !== memory.buffer) return bytes;
    if (bytes.length * 2 < memory.length) return bytes.slice();
    this.#memory = new Uint8Array(memory.length);
    return bytes;
  };

  readonly #onReadFailure = (error: unknown): void => {
    // TLS that just stops, without saying so first: an end, as on the other runtimes.
    if (this.encrypted && nameOf(error) === 'UnexpectedEof') this.pulled(undefined);
    else this.failed(error);
  };
}

class Listening implements Listener {
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

function connectOnce(
  options: ConnectOptions,
  tls: TlsClientOptions | undefined,
  handler: StreamHandler,
  resolve: (stream: ByteStream) => void,
  reject: (error: Error) => void,
): void {
  const { signal, timeoutMs } = options;
  const address = formatAddress(options);
  const stop = new AbortController();
  let settled = false;
  const settle = (): void => {
    settled = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  const giveUp = (code: TransportErrorCode, cause?: unknown): void => {
    if (settled) return;
    settle();
    stop.abort();
    reject(failure('connect', code, address, cause));
  };
  const onAbort = (): void => giveUp('aborted', signal?.reason);
  const timer =
    timeoutMs !== undefined && timeoutMs < 0x80000000
      ? setTimeout(() => giveUp('connect-timeout'), timeoutMs)
      : undefined;
  if (signal?.aborted) {
    onAbort();
    return;
  }
  signal?.addEventListener('abort', onAbort);
  open(options, tls, stop.signal).then(
    ({ conn, alpnProtocol }) => {
      if (settled) {
        quietly(() => conn.close());
        return;
      }
      settle();
      const stream = new DenoStream(conn, tls !== undefined, alpnProtocol);
      resolve(stream);
      // After the caller's continuation.
      queueMicrotask(() => stream.start(handler));
    },
    (error: unknown) => {
      const inTls = nameOf(error) === 'UnexpectedEof' || isTlsFault(error);
      giveUp(inTls ? 'tls-failed' : codeOf('connect', error), error);
    },
  );
}

/** The connection, TLS included; closed again where `signal` is aborted or TLS fails. */
async function open(
  { path, hostname, port }: ConnectOptions,
  tls: TlsClientOptions | undefined,
  signal: AbortSignal,
): Promise<{ readonly conn: DenoConn; readonly alpnProtocol: string }> {
  if (path !== undefined)
    return { conn: await deno().connect({ transport: 'unix', path }), alpnProtocol: '' };
  const to = { hostname: bareHost(hostname ?? 'localhost'), port: port! };
  if (tls === undefined) {
    const conn = await deno().connect({ ...to, signal });
    quietly(() => conn.setNoDelay?.(true));
    return { conn, alpnProtocol: '' };
  }
  const secure = {
    hostname: bareHost(tls.serverName ?? to.hostname),
    alpnProtocols: [...(tls.alpnProtocols ?? ['http/1.1'])],
    ...(tls.ca === undefined ? {} : { caCerts: pems(tls.ca) }),
  };
  let conn: DenoConn;
  if (tls.cert !== undefined && tls.key !== undefined) {
    // The only way with a certificate; it knows no signal.
    conn = await deno().connectTls({
      ...secure,
      ...to,
      keyFormat: 'pem',
      cert: pem(tls.cert),
      key: pem(tls.key),
    });
  } else {
    const plain = await deno().connect({ ...to, signal });
    quietly(() => plain.setNoDelay?.(true));
    conn = await deno().startTls(plain, secure);
  }
  const drop = (): void => quietly(() => conn.close());
  signal.addEventListener('abort', drop);
  try {
    const { alpnProtocol } = await conn.handshake!();
    return { conn, alpnProtocol: alpnProtocol ?? '' };
  } catch (error) {
    drop();
    // Whatever went wrong by now, it was TLS that could not be set up.
    throw nameOf(error) === 'InvalidData'
      ? error
      : Object.assign(new Error(String(error)), { name: 'InvalidData' });
  } finally {
    signal.removeEventListener('abort', drop);
  }
}

function checkServerTls(tls: TlsServerOptions): void {
  if (tls.requestCert === true) throw cannot('listen', '"requestCert"');
  if (tls.passphrase !== undefined) throw cannot('listen', '"passphrase"');
}

function checkClientTls(tls: TlsClientOptions, options: ConnectOptions): void {
  if (options.path !== undefined) throw cannot('connect', 'TLS over a Unix socket');
  if (tls.rejectUnauthorized === false) throw cannot('connect', '"rejectUnauthorized": false');
  if (tls.passphrase !== undefined) throw cannot('connect', '"passphrase"');
  if (tls.cert !== undefined && tls.serverName !== undefined && tls.serverName !== options.hostname) {
    throw cannot('connect', '"cert" together with "serverName"');
  }
}

function cannot(verb: string, what: string): UsageTypeError {
  return new UsageTypeError('bad-option', `Cannot ${verb}: Deno's sockets have no ${what}`);
}

function serverTls(given: TlsServerOptions) {
  return {
    cert: pem(given.cert),
    key: pem(given.key),
    alpnProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
  };
}

function pem(given: Pem): string {
  return typeof given === 'string' ? given : new TextDecoder().decode(given);
}

function pems(given: Pem | readonly Pem[]): string[] {
  return typeof given === 'string' || given instanceof Uint8Array ? [pem(given)] : given.map(pem);
}

/** For calls that throw when a connection has gone already. */
function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // As it should be.
  }
}

/** Whether `path` was a socket that nobody listens on, and is now gone. */
async function removeStaleSocket(path: string): Promise<boolean> {
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

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Whether TLS is what failed. That certificate and key belong to different pairs is an error without name or code. */
function isTlsFault(error: unknown): boolean {
  if (nameOf(error) === 'InvalidData') return true;
  return nameOf(error) === 'Error' && (error as Error).message.includes('KeyMismatch');
}

/** The `errno` name in an error of Deno's; '' for none. */
function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

function codeOf(attempt: Attempt, error: unknown): TransportErrorCode {
  if (nameOf(error) === 'NotCapable') return 'permission-denied';
  const errno = errnoOf(error);
  // A host name that does not resolve has no code.
  if (errno === '' && error instanceof Error && error.message.startsWith('failed to lookup')) {
    return codeOfErrno(attempt, 'ENOTFOUND');
  }
  return codeOfErrno(attempt, errno);
}

function listenFailure(options: ListenOptions, error: unknown): Error {
  const code = isTlsFault(error) ? 'tls-failed' : codeOf('listen', error);
  return failure('listen', code, formatAddress(options), error);
}

function openFailure(error: unknown, address: string): Error {
  const code = isTlsFault(error) ? 'tls-failed' : codeOf('open', error);
  return failure('open', code, address, error);
}
