/**
 * Node's sockets (`node:net`, `node:tls`) as a `Transport`: TCP, TLS and Unix domain sockets.
 *
 * Owns: the mapping of sockets, their events and their errors. Does not own: any byte that goes through, or
 * what it means. All that is made per connection is one small object; the listeners are shared functions.
 *
 * @module
 */
import * as buffer from 'node:buffer';
import { existsSync } from 'node:fs';
import { lstat, unlink } from 'node:fs/promises';
import * as net from 'node:net';
import { dirname } from 'node:path';
import * as process from 'node:process';
import * as tls from 'node:tls';
import { xor64 } from '../bytes/native.ts';
import { bareHost, checkConnectOptions, checkListenOptions, formatAddress, plainIp } from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import { type Attempt, codeOfErrno, failure, noTls } from './failure.ts';
import { ENDED, FULL, PAUSED, StreamBase, UNREADABLE, UNWRITABLE } from './stream-base.ts';
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
  type TlsServerOptions,
  type Transport,
} from './transport.ts';
import { Turns } from './turns.ts';
import { zlibEngine } from './zlib-engine.ts';

/**
 * TCP, TLS and Unix domain sockets of Node 20 and later.
 *
 * `reusePort` works from Node 22.12 on and on systems that have it; before, it is ignored.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { nodeTransport } from 'sansocket/transport/node';
 *
 * const listener = await nodeTransport.listen({ port: 0, hostname: '127.0.0.1' }, (stream) => ({
 *   data: (bytes) => void stream.write(bytes),
 *   end: () => stream.end(),
 *   drain() {},
 *   close() {},
 * }));
 * const echoed = await new Promise<string>((resolve, reject) => {
 *   const handler = {
 *     data: (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)),
 *     end() {},
 *     drain() {},
 *     close() {},
 *   };
 *   nodeTransport.connect({ port: listener.address.port, hostname: '127.0.0.1' }, handler).then((stream) => {
 *     stream.write(new TextEncoder().encode('hello'));
 *     stream.end();
 *   }, reject);
 * });
 * equal(echoed, 'hello');
 * await listener.close();
 * ```
 */
export const nodeTransport: Transport = {
  name: 'node',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
    decodeLong,
  }),

  native: { xor: xor64, allocate: buffer.Buffer.allocUnsafeSlow },
  deflate: zlibEngine({ deflateFrom: 512, levelForOne: 1 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    checkListenOptions(options);
    const tooLong = pathTooLong(options);
    if (tooLong !== undefined) throw listenFailure(options, tooLong);
    try {
      return await listenOnce(options, accept);
    } catch (error) {
      // A socket's file outlives a process that was killed; Node then says that the address is in use.
      if (options.path === undefined || errnoOf(error) !== 'EADDRINUSE') throw listenFailure(options, error);
      if (!(await removeStaleSocket(options.path))) throw listenFailure(options, error);
    }
    return listenOnce(options, accept).catch((error: unknown) => {
      throw listenFailure(options, error);
    });
  },

  connect(options, handler) {
    return new Promise((resolve, reject) => {
      checkConnectOptions(options);
      connectOnce(options, handler, resolve, reject);
    });
  },
};

/** By way of UTF-16, several times as fast as V8's own decoder; a Node that was built without ICU has no such way. */
function decodeLong(bytes: Uint8Array): string | undefined {
  if (!buffer.isUtf8(bytes)) return undefined;
  if ((buffer.transcode as unknown) !== undefined) {
    return buffer.transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
  }
  return buffer.Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}

const STREAM = Symbol('sansocket stream');
/** Bit of a stream's state: it is not read, so that others have their turn. */
const RESTING = 64;
const turns: Turns = /* @__PURE__ */ new Turns();

/** A socket that one of our streams works with. */
type Wired = net.Socket & { [STREAM]: NodeStream };

/** The part of a socket that is not public: where it looks different, it is not used. */
interface PrivateSocket {
  readonly _handle?: PrivateStream | null;
}
interface PrivateStream {
  /** Bytes that were handed to it. */
  readonly bytesWritten?: number;
  /** Those of them that have not gone out. */
  readonly writeQueueSize?: number;
  /** What the records of TLS go out by. */
  readonly _parent?: PrivateStream;
}

/** One connection. The socket refers to it by a symbol, so that listeners need no closure. */
class NodeStream extends StreamBase implements ByteStream {
  readonly socket: net.Socket;
  /** What was connected to; `undefined` for a connection that was accepted. */
  readonly target: string | undefined;
  #address: string | undefined;
  #written = 0;

  constructor(socket: net.Socket, target: string | undefined) {
    super();
    this.socket = socket;
    this.target = target;
    (socket as Wired)[STREAM] = this;
    socket.on('error', onError);
    socket.on('close', onClose);
  }

  /** From here on, the handler hears what happens. @param calledBack Whether bytes come by {@link onRead}. */
  start(handler: StreamHandler, calledBack = false): void {
    this.handler = handler;
    const { socket } = this;
    socket.on('drain', onDrain);
    socket.on('end', onEnd);
    if (!calledBack) socket.on('data', onData);
  }

  write(bytes: Uint8Array): boolean {
    const { socket } = this;
    if ((this.state & UNWRITABLE) !== 0 || socket.destroyed) return false;
    if (bytes.length > 0) {
      this.#written += bytes.length;
      socket.write(bytes);
    }
    // Node's own mark differs between versions, but is never above ours: where we are full, it will say 'drain'.
    if (socket.writableLength < HIGH_WATER_BYTES) return true;
    this.state |= FULL;
    return false;
  }

  end(): void {
    if ((this.state & UNWRITABLE) !== 0) return;
    this.state |= ENDED;
    this.socket.end();
  }

  protected release(): void {
    this.socket.destroy();
  }

  pause(): void {
    this.state |= PAUSED;
    this.socket.pause();
  }

  resume(): void {
    this.state &= ~PAUSED;
    if ((this.state & RESTING) === 0) this.socket.resume();
  }

  /** A read has been handled. */
  tookTurn(bytes: number): void {
    if (!turns.isOver(this, bytes) || (this.state & (PAUSED | UNREADABLE)) !== 0) return;
    this.state |= RESTING;
    this.socket.pause();
    setImmediate(goOn, this);
  }

  /** The others had their turn. */
  rested(): void {
    this.state &= ~RESTING;
    if ((this.state & PAUSED) === 0) this.socket.resume();
  }

  get bufferedBytes(): number {
    const { socket } = this;
    const { writableLength } = socket;
    if (socket.destroyed) return 0;
    if (writableLength < HIGH_WATER_BYTES) return writableLength;
    // Node counts a write as waiting until all of it is gone, which for a long one tells nothing about a slow peer.
    const handle = (socket as unknown as PrivateSocket)._handle;
    const unsent = (handle?._parent ?? handle)?.writeQueueSize;
    const dispatched = handle?.bytesWritten;
    if (unsent === undefined || dispatched === undefined) return writableLength;
    const waiting = this.#written - dispatched + unsent;
    return Math.max(1, Math.min(waiting, writableLength));
  }

  get copied(): boolean {
    return this.socket.writableLength === 0;
  }

  get remoteAddress(): string {
    // Asked for late: it costs a system call, and memory that most connections can do without.
    this.#address ??= plainIp(this.socket.remoteAddress ?? '');
    return this.#address;
  }

  get remotePort(): number {
    return this.socket.remotePort ?? 0;
  }

  get encrypted(): boolean {
    return this.socket instanceof tls.TLSSocket;
  }

  get alpnProtocol(): string {
    return (this.socket instanceof tls.TLSSocket && this.socket.alpnProtocol) || '';
  }
}

function onData(this: net.Socket, bytes: Uint8Array): void {
  const stream = (this as Wired)[STREAM];
  const { length } = bytes;
  stream.emitData(bytes);
  stream.tookTurn(length);
}

function goOn(stream: NodeStream): void {
  stream.rested();
}

function onEnd(this: net.Socket): void {
  (this as Wired)[STREAM].emitEnd();
}

function onDrain(this: net.Socket): void {
  (this as Wired)[STREAM].emitDrain();
}

function onError(this: net.Socket, error: Error): void {
  const stream = (this as Wired)[STREAM];
  stream.broken(openFailure(stream, error));
}

function onClose(this: net.Socket): void {
  (this as Wired)[STREAM].emitClose();
}

/** A new connection. Not before `accept` has answered can anything be read: that happens in later turns. */
function welcome(
  socket: net.Socket,
  accept: (stream: ByteStream) => StreamHandler,
  calledBack = false,
): void {
  const stream = new NodeStream(socket, undefined);
  try {
    stream.start(accept(stream), calledBack);
  } catch {
    stream.destroy();
  }
}

async function listenOnce(
  options: ListenOptions,
  accept: (stream: ByteStream) => StreamHandler,
): Promise<Listener> {
  const sockets = { allowHalfOpen: true, noDelay: true };
  let server: net.Server;
  let handshakes: Set<net.Socket> | undefined;
  if (options.tls === undefined) {
    server = net.createServer(sockets, (socket) => welcome(socket, accept));
  } else {
    const secure = {
      ...sockets,
      ...tlsServerOptions(options.tls),
      handshakeTimeout: TLS_HANDSHAKE_TIMEOUT_MS,
    };
    server = tls.createServer(secure, (socket) => welcome(socket, accept));
    // A handshake that is not done in time is told of here, and otherwise left as it is.
    server.on('tlsClientError', (_error, socket: tls.TLSSocket) => socket.destroy());
    handshakes = watchHandshakes(server);
  }
  await bind(server, options);
  if (options.tls === undefined) readIntoOneBuffer(server, accept);
  // Past this point an 'error' is a connection that could not be accepted (too many open files, say): go on.
  server.on('error', () => {});
  return new NodeListener(server, options, handshakes);
}

/** The part of a socket over TLS that is not public: the one under it. */
interface PrivateTls {
  readonly _parent?: net.Socket | null;
}

/**
 * The sockets whose handshake is under way: Node's server gives them to nobody before it is done.
 *
 * Which socket is under which is not documented: where it looks different, none is listed.
 */
function watchHandshakes(server: net.Server): Set<net.Socket> {
  const sockets = new Set<net.Socket>();
  const add = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  };
  server.on('connection', add);
  server.on('secureConnection', (secure: PrivateTls) => {
    if (secure._parent instanceof net.Socket) {
      sockets.delete(secure._parent);
      return;
    }
    server.off('connection', add);
    sockets.clear();
  });
  return sockets;
}

/** What arrives is read in here, for all accepted sockets of the process, and copied out at once. */
let readBuffer: buffer.Buffer | undefined;
const READ_BYTES = 65_536;
/** The newest major version of Node that {@link readIntoOneBuffer} was tried on. */
const NEWEST_TRIED = 26;

/** The part of a server's handle that is not public. */
interface PrivateHandle {
  onconnection?: (this: unknown, status: number, handle: AcceptedHandle | undefined) => void;
}
interface AcceptedHandle {
  setNoDelay?(enable: boolean): number;
}

/**
 * Read accepted sockets by `onread`, which Node has for outgoing ones alone: one buffer for all, instead of 64 KiB that
 * are allocated, cut to size and left to the collector for each read. Measured by `npm run bench -- echo`: 20 to 30 % less time
 * a message for the bare socket, and less memory for each idle connection.
 *
 * That the handle comes this way is not documented: where it looks different, or Node is newer than what this was tried
 * on, sockets are read as usual.
 */
function readIntoOneBuffer(server: net.Server, accept: (stream: ByteStream) => StreamHandler): void {
  const handle = (server as unknown as { _handle?: PrivateHandle | null })._handle;
  const major = Number.parseInt(process.versions.node, 10);
  if (typeof handle?.onconnection !== 'function' || major > NEWEST_TRIED) return;
  readBuffer ??= buffer.Buffer.allocUnsafeSlow(READ_BYTES);
  const usual = handle.onconnection;
  const onread = { buffer: readBuffer, callback: onRead };
  handle.onconnection = function (status, client) {
    if (status !== 0 || client === undefined) {
      usual.call(this, status, client);
      return;
    }
    client.setNoDelay?.(true);
    const socket = new net.Socket({
      handle: client,
      allowHalfOpen: true,
      onread,
    } as net.SocketConstructorOpts);
    welcome(socket, accept, true);
  };
}

/** @returns true: go on reading. */
function onRead(this: net.Socket, count: number, shared: Uint8Array): boolean {
  const stream = (this as Wired)[STREAM];
  stream.emitLent(count === shared.length ? shared : shared.subarray(0, count), copy);
  stream.tookTurn(count);
  return true;
}

/** Small copies come out of Node's pool. */
function copy(bytes: Uint8Array): Uint8Array {
  return buffer.Buffer.from(bytes);
}

/** Resolves when the server listens. */
function bind(server: net.Server, options: ListenOptions): Promise<void> {
  const where: net.ListenOptions & { reusePort?: boolean } = {};
  if (options.path !== undefined) where.path = options.path;
  else where.port = options.port ?? 0;
  if (options.hostname !== undefined) where.host = bareHost(options.hostname);
  if (options.backlog !== undefined) where.backlog = options.backlog;
  if (options.ipv6Only !== undefined) where.ipv6Only = options.ipv6Only;
  if (options.reusePort !== undefined) where.reusePort = options.reusePort;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(where, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

class NodeListener implements Listener {
  readonly address: Address;
  readonly #server: net.Server;
  readonly #handshakes: Set<net.Socket> | undefined;

  constructor(server: net.Server, options: ListenOptions, handshakes: Set<net.Socket> | undefined) {
    this.#server = server;
    this.#handshakes = handshakes;
    const bound = server.address();
    this.address =
      typeof bound === 'object' && bound !== null
        ? { hostname: bound.address, port: bound.port }
        : { hostname: options.path ?? '', port: 0, path: options.path };
  }

  async close(): Promise<void> {
    // The callback of `close` waits for every open connection; the address is free (and a Unix socket's file
    // removed) as soon as `close` returns.
    if (this.#server.listening) this.#server.close();
    if (this.#handshakes !== undefined) for (const socket of this.#handshakes) socket.destroy();
  }

  async setTls(options: TlsServerOptions): Promise<void> {
    if (!(this.#server instanceof tls.Server)) {
      throw noTls();
    }
    try {
      this.#server.setSecureContext(tlsServerOptions(options));
    } catch (error) {
      throw failure('listen', 'tls-failed', formatAddress(this.address), error);
    }
  }
}

function connectOnce(
  options: ConnectOptions,
  handler: StreamHandler,
  resolve: (stream: ByteStream) => void,
  reject: (error: Error) => void,
): void {
  const { signal, timeoutMs } = options;
  const address = formatAddress(options);
  if (signal?.aborted) {
    reject(failure('connect', 'aborted', address, signal.reason));
    return;
  }
  const tooLong = pathTooLong(options);
  if (tooLong !== undefined) {
    reject(connectFailure(tooLong, address, false));
    return;
  }
  const secure = options.tls !== undefined && options.tls !== false;
  let socket: net.Socket;
  try {
    socket = secure ? tls.connect(tlsClientOptions(options)) : net.connect(netOptions(options));
  } catch (error) {
    // The certificate or the key is no good; all else was checked before.
    reject(failure('connect', secure ? 'tls-failed' : 'transport-failed', address, error));
    return;
  }
  let connected = false;
  const settle = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.off('error', onFailure);
    socket.off('connect', onConnect);
    socket.off('close', onGone);
    socket.off('secureConnect', onReady);
  };
  const giveUp = (error: Error): void => {
    settle();
    socket.on('error', () => {});
    socket.destroy();
    reject(error);
  };
  const onFailure = (error: Error): void => giveUp(connectFailure(error, address, secure && connected));
  const onGone = (): void => giveUp(connectFailure(undefined, address, secure && connected));
  const onAbort = (): void => giveUp(failure('connect', 'aborted', address, signal?.reason));
  const onReady = (): void => {
    settle();
    const stream = new NodeStream(socket, address);
    resolve(stream);
    // After the caller's continuation.
    queueMicrotask(() => stream.start(handler));
  };
  const onConnect = (): void => {
    connected = true;
    socket.setNoDelay(true);
    if (!secure) onReady();
  };
  const timer =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(
          () => giveUp(failure('connect', 'connect-timeout', address)),
          Math.min(timeoutMs, 0x7fffffff),
        );
  signal?.addEventListener('abort', onAbort);
  socket.on('error', onFailure);
  socket.on('connect', onConnect);
  socket.on('close', onGone);
  if (secure) socket.on('secureConnect', onReady);
}

function netOptions({ path, hostname, port }: ConnectOptions): net.NetConnectOpts & { allowHalfOpen: true } {
  if (path !== undefined) return { path, allowHalfOpen: true };
  return { host: bareHost(hostname ?? 'localhost'), port: port!, allowHalfOpen: true };
}

function tlsClientOptions(options: ConnectOptions): tls.ConnectionOptions {
  const given = typeof options.tls === 'object' ? options.tls : {};
  const all: tls.ConnectionOptions = {
    ...netOptions(options),
    ALPNProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
    rejectUnauthorized: given.rejectUnauthorized ?? true,
  };
  if (given.ca !== undefined) all.ca = pems(given.ca);
  if (given.cert !== undefined) all.cert = pem(given.cert);
  if (given.key !== undefined) all.key = pem(given.key);
  if (given.passphrase !== undefined) all.passphrase = given.passphrase;
  const name = bareHost(given.serverName ?? options.hostname ?? 'localhost');
  // SNI carries names alone (RFC 6066 §3); an IP address is checked against the certificate all the same.
  if (net.isIP(name) === 0) all.servername = name;
  else all.checkServerIdentity = (_, certificate) => tls.checkServerIdentity(name, certificate);
  return all;
}

function tlsServerOptions(given: TlsServerOptions): tls.TlsOptions {
  const all: tls.TlsOptions = {
    cert: pem(given.cert),
    key: pem(given.key),
    ALPNProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
    requestCert: given.requestCert ?? false,
    rejectUnauthorized: given.rejectUnauthorized ?? given.requestCert ?? false,
  };
  if (given.passphrase !== undefined) all.passphrase = given.passphrase;
  if (given.ca !== undefined) all.ca = pems(given.ca);
  return all;
}

function pem(given: Pem): string | Buffer {
  return typeof given === 'string' ? given : buffer.Buffer.from(given);
}

function pems(given: Pem | readonly Pem[]): Array<string | Buffer> {
  return typeof given === 'string' || given instanceof Uint8Array ? [pem(given)] : given.map(pem);
}

/** Longest path of a Unix socket, in bytes, with the NUL behind it. */
const PATH_BYTES = process.platform === 'linux' ? 108 : 104;

/** What newer versions of Node say of such a path; older ones cut it, and mean another socket than was asked for. */
function pathTooLong({ path }: ListenOptions | ConnectOptions): Error | undefined {
  if (path === undefined || process.platform === 'win32') return undefined;
  if (buffer.Buffer.byteLength(path) < PATH_BYTES) return undefined;
  const message = `its path is longer than ${PATH_BYTES - 1} bytes`;
  return Object.assign(new Error(message), { code: 'ENAMETOOLONG' });
}

/** Whether `path` was a socket that nobody listens on, and is now gone. */
async function removeStaleSocket(path: string): Promise<boolean> {
  try {
    if (!(await lstat(path)).isSocket()) return false;
    const refused = await new Promise<boolean>((resolve) => {
      const probe = net.connect({ path });
      probe.on('connect', () => {
        probe.destroy();
        resolve(false);
      });
      probe.on('error', (error) => resolve(errnoOf(error) === 'ECONNREFUSED'));
    });
    if (refused) await unlink(path);
    return refused;
  } catch {
    return false;
  }
}

/** The `errno` name in an error of Node's, or an error code of its own; '' for none. */
function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : '';
}

function failureOf(attempt: Attempt, error: Error, address: string): Error {
  return failure(attempt, codeOfErrno(attempt, errnoOf(error)), address, error);
}

function listenFailure(options: ListenOptions, error: unknown): Error {
  const address = formatAddress(options);
  const { syscall } = error as { readonly syscall?: unknown };
  // libuv says EACCES for a Unix socket in a directory that does not exist.
  if (options.path !== undefined && errnoOf(error) === 'EACCES' && !existsSync(dirname(options.path))) {
    return failure('listen', 'address-not-available', address, error);
  }
  // What no system call said comes from reading the certificate and the key.
  if (options.tls !== undefined && syscall === undefined)
    return failure('listen', 'tls-failed', address, error);
  return failureOf('listen', error as Error, address);
}

function connectFailure(error: Error | undefined, address: string, inTls: boolean): Error {
  if (inTls) return failure('connect', 'tls-failed', address, error);
  if (error === undefined) return failure('connect', 'transport-failed', address);
  // Several addresses were tried: the one that refused says most.
  const tried = (error as { readonly errors?: readonly Error[] }).errors;
  const telling = tried?.find((one) => errnoOf(one) === 'ECONNREFUSED') ?? tried?.at(-1) ?? error;
  return failureOf('connect', telling, address);
}

function openFailure(stream: NodeStream, error: Error): Error {
  const address = stream.target ?? stream.remoteAddress;
  const errno = errnoOf(error);
  if (errno.startsWith('ERR_SSL_') || errno === 'EPROTO')
    return failure('open', 'tls-failed', address, error);
  return failureOf('open', error, address);
}
