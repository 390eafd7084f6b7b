/**
 * One of Node's sockets as a stream.
 *
 * Owns: the mapping of its events and its errors. Does not own: how it came to be (`listen.ts`, `connect.ts`). All that is made per
 * connection is one small object; the listeners are shared functions.
 *
 * @module
 */
import type * as net from 'node:net';
import * as tls from 'node:tls';
import { plainIp } from '../address.ts';
import { ENDED, FULL, PAUSED, StreamBase, UNREADABLE, UNWRITABLE } from '../stream-base.ts';
import { type ByteStream, HIGH_WATER_BYTES, type StreamHandler } from '../transport.ts';
import { Turns } from '../turns.ts';
import { openFailure } from './failure.ts';

/** Where a socket has its stream. */
export const STREAM: unique symbol = Symbol('sansocket stream');

/** Bit of a stream's state: it is not read, so that others have their turn. */
const RESTING = 64;

const turns: Turns = /* @__PURE__ */ new Turns();

/** A socket that one of our streams works with. */
export type Wired = net.Socket & { [STREAM]: NodeStream };

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
export class NodeStream extends StreamBase implements ByteStream {
  readonly socket: net.Socket;
  /** What was connected to; `undefined` for a connection that was accepted. */
  readonly target: string | undefined;
  readonly remoteAddress: string;
  #written = 0;

  constructor(socket: net.Socket, target: string | undefined) {
    super();
    this.socket = socket;
    this.target = target;
    (socket as Wired)[STREAM] = this;
    // Asked now: of a connection that is gone nobody knows it. Node keeps it, with the port.
    this.remoteAddress = plainIp(socket.remoteAddress ?? '');
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
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
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
  stream.broken(openFailure(stream.target ?? stream.remoteAddress, error));
}

function onClose(this: net.Socket): void {
  (this as Wired)[STREAM].emitClose();
}
