/**
 * Listening by `node:net` and `node:tls`.
 *
 * Owns: the listener, and the one buffer that all it accepts is read into. Does not own: a connection that was accepted (`stream.ts`).
 *
 * @module
 */
import * as buffer from 'node:buffer';
import { lstat, unlink } from 'node:fs/promises';
import * as net from 'node:net';
import * as process from 'node:process';
import * as tls from 'node:tls';
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
import { tlsServerOptions } from './options.ts';
import { NodeStream, STREAM, type Wired } from './stream.ts';

export async function listenOnce(
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

/** Whether `path` was a socket that nobody listens on, and is now gone. */
export async function removeStaleSocket(path: string): Promise<boolean> {
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
