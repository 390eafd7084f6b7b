/**
 * One of Bun's sockets as a stream.
 *
 * Owns: the mapping of its events and its errors, and the bytes that Bun's `write` did not take. Does not own: how it came to be
 * (`listen.ts`, `connect.ts`).
 *
 * @module
 */
import { plainIp } from '../address.ts';
import { failure } from '../failure.ts';
import {
  DESTROYED,
  ENDED,
  FULL,
  PAUSED,
  PEER_ENDED,
  StreamBase,
  UNREADABLE,
  UNWRITABLE,
} from '../stream-base.ts';
import { type ByteStream, HIGH_WATER_BYTES, type StreamHandler, TURN_MS } from '../transport.ts';
import { WriteQueue } from '../write-queue.ts';
import { openFailure } from './failure.ts';
import type { BunHandlers, BunSocket } from './types.ts';

/** Bit of a stream's state: Bun's socket is closed. */
const DROPPED = 64;
/** Bit: it is not read, so that others have their turn. */
const RESTING = 128;
/** Bits with which what comes in is kept for later. */
const WAITING = PAUSED | RESTING;

/** Bun reads up to 512 KiB at once, and again at once where there is more: too much for one turn where each byte takes long. */
const PART_BYTES = 65_536;
/** When as much took so long, it is taken in parts from then on: cut short, messages have to be put together again, which costs others. */
const SLOW_MS: number = 4 * TURN_MS;

/** One connection. Bun's socket refers to it by its `data`, so that all sockets share their handlers. */
export class BunStream extends StreamBase implements ByteStream {
  socket!: BunSocket<BunStream>;
  /** Who is told how the connection came about; `undefined` once it stands. */
  opening: Opening | undefined;
  readonly encrypted: boolean;
  alpnProtocol = '';
  remoteAddress = '';
  remotePort = 0;
  /** What Bun's `write` did not take; made when it is first needed. */
  #queue: WriteQueue | undefined;
  /** What came in before there was a handler, or while paused. */
  #inbox: Uint8Array[] = [];
  /** The peer's end came behind what is in the inbox. */
  #inboxEnds = false;
  /** What came last took long. */
  #isSlow = false;

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
    if ((this.state & RESTING) !== 0) return;
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

  /** Bun says that bytes came. */
  arrived(bytes: Uint8Array): void {
    const waits = this.handler === undefined || (this.state & WAITING) !== 0 || this.#inbox.length > 0;
    if (!waits && bytes.length <= PART_BYTES) this.emitData(bytes);
    else {
      this.#inbox.push(bytes);
      if (!waits) this.#deliverInbox();
    }
  }

  /** Bun says that the peer half-closed. */
  peerEnded(): void {
    if (this.handler === undefined || (this.state & WAITING) !== 0 || this.#inbox.length > 0)
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
      const rested = (this.state & RESTING) !== 0;
      this.state &= ~RESTING;
      // After our own end, Bun reports the peer's by closing.
      if (this.error === undefined && (this.state & ENDED) !== 0) {
        this.state &= ~PAUSED;
        this.#inboxEnds = true;
        this.#deliverInbox();
      } else {
        if (rested) this.#deliverInbox();
        if ((this.state & (ENDED | PEER_ENDED)) !== (ENDED | PEER_ENDED)) {
          this.broken(failure('open', 'connection-reset', this.remoteAddress));
        }
      }
      this.emitClose();
    });
  }

  /** Leave the rest of what came, and what is still to come, until the event loop has been around. */
  #rest(): void {
    if ((this.state & (WAITING | UNREADABLE | DROPPED)) !== 0) return;
    this.state |= RESTING;
    this.socket.pause();
    setImmediate(() => {
      if ((this.state & RESTING) === 0) return;
      this.state &= ~RESTING;
      if ((this.state & PAUSED) !== 0) return;
      if ((this.state & (DESTROYED | DROPPED)) === 0) this.socket.resume();
      this.#deliverInbox();
    });
  }

  #deliverInbox(): void {
    const began = performance.now();
    let tookMs = 0;
    let count = 0;
    while ((this.state & WAITING) === 0) {
      const bytes = this.#inbox.shift();
      if (bytes === undefined) break;
      const inParts = this.#isSlow && bytes.length > PART_BYTES;
      if (inParts) this.#inbox.unshift(bytes.subarray(PART_BYTES));
      this.emitData(inParts ? bytes.subarray(0, PART_BYTES) : bytes);
      count += inParts ? PART_BYTES : bytes.length;
      tookMs = performance.now() - began;
      if (tookMs >= TURN_MS) this.#rest();
    }
    if (tookMs >= SLOW_MS) this.#isSlow = true;
    else if (tookMs < TURN_MS && count >= PART_BYTES) this.#isSlow = false;
    if ((this.state & WAITING) !== 0) return;
    if (this.#inboxEnds) {
      this.#inboxEnds = false;
      this.emitEnd();
    }
  }
}

/** What a connection that is being opened may come to. */
export interface Opening {
  /** The connection stands, TLS included. */
  ready(stream: BunStream): void;
  /** It does not, and `stream`'s socket is closed or will be. */
  failed(stream: BunStream | undefined, error: unknown): void;
  /** Whether the peer's certificate may be one that does not check out. */
  readonly lenient: boolean;
}

/** One set for all connections. */
export const HANDLERS: BunHandlers<BunStream> = {
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
    socket.data.broken(openFailure(socket.data.remoteAddress, error));
  },
  close(socket, error) {
    const stream = socket.data;
    const { opening } = stream;
    if (opening !== undefined) {
      stream.opening = undefined;
      opening.failed(stream, error);
      return;
    }
    if (error) stream.broken(openFailure(stream.remoteAddress, error));
    stream.gone();
  },
  connectError() {
    // `Bun.connect` rejects as well.
  },
};

/** The connection stands, TLS included. */
export function opened(stream: BunStream): void {
  const { opening, socket } = stream;
  stream.opening = undefined;
  // Asked now: of a connection that is gone nobody knows it.
  stream.remoteAddress = plainIp(socket.remoteAddress ?? '');
  stream.remotePort = socket.remotePort ?? 0;
  opening?.ready(stream);
}
