/**
 * Two joined streams inside one process, with the faults of a network on demand: for tests.
 *
 * Owns: the two {@link MemoryLink}s that join them. They cut, delay, stall, reset and half-close where they are
 * told to, and the same way each time. Does not own: addresses, listeners (`memory.ts`), or any socket.
 *
 * @module
 */
import { UsageRangeError } from '../errors.ts';
import { alreadyStarted, failure } from './failure.ts';
import { CLOSED, DESTROYED, ENDED, FULL, PAUSED, PEER_ENDED, StreamBase, UNWRITABLE } from './stream-base.ts';
import { HIGH_WATER_BYTES, type StartableStream, type StreamHandler } from './transport.ts';

/** What goes wrong in one direction. Bytes count from the start of the connection. */
export interface MemoryFaults {
  /** Cut each write into pieces of at most so many bytes, or of these, again and again. Default: not at all. */
  readonly pieceBytes?: number | readonly number[] | undefined;
  /** Time before each piece, in ms. Default: none; pieces follow each other in microtasks. */
  readonly delayMs?: number | undefined;
  /** After so many bytes nothing arrives any more, until {@link MemoryLink.flow}. */
  readonly stallAfterBytes?: number | undefined;
  /** After so many bytes both ends see a reset. */
  readonly resetAfterBytes?: number | undefined;
  /** After so many bytes the receiver sees the end; the sender does not know, and what else it sends is lost. */
  readonly endAfterBytes?: number | undefined;
}

/** How a pair is joined. */
export interface MemoryPairOptions {
  /** What goes wrong with the bytes that the client sends. */
  readonly toServer?: MemoryFaults | undefined;
  /** What goes wrong with the bytes that the server sends. */
  readonly toClient?: MemoryFaults | undefined;
  /** Waiting bytes from which on `write` answers false. Default: `HIGH_WATER_BYTES`. */
  readonly highWaterBytes?: number | undefined;
  /** Runs each step of the pair later, and never at once. Default: `queueMicrotask`. */
  readonly schedule?: ((step: () => void) => void) | undefined;
  /** The connection is never established: `connect` waits for its timeout or its signal. */
  readonly stallConnect?: boolean | undefined;
}

/** One direction of a pair, for a test to interfere with. */
export interface MemoryLink {
  /** Bytes that have arrived. */
  readonly deliveredBytes: number;
  /** Nothing arrives any more, until {@link flow}. */
  stall(): void;
  /** Let arrive what was held back. */
  flow(): void;
  /** Cut off here: the receiver sees the end, and the sender does not know. */
  end(): void;
}

/** Two streams: what one writes, the other reads. */
export interface MemoryPair {
  /** The end that connected. */
  readonly client: StartableStream;
  /** The end that accepted. */
  readonly server: StartableStream;
  /** What the client sends. */
  readonly toServer: MemoryLink;
  /** What the server sends. */
  readonly toClient: MemoryLink;
  /** Both ends see a reset. */
  reset(): void;
}

/**
 * Two joined streams.
 *
 * @throws A `UsageRangeError` (`bad-option`) for a number that makes no sense.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { memoryPair } from 'sansocket/transport';
 *
 * const { client, server } = memoryPair({ toServer: { pieceBytes: 2 } });
 * const pieces: string[] = [];
 * const closed = new Promise<void>((resolve) => {
 *   server.start({
 *     data: (bytes) => void pieces.push(new TextDecoder().decode(bytes)),
 *     end: () => server.end(),
 *     drain() {},
 *     close: () => resolve(),
 *   });
 * });
 * client.start({ data() {}, end() {}, drain() {}, close() {} });
 * client.write(new TextEncoder().encode('hello'));
 * client.end();
 * await closed;
 * deepEqual(pieces, ['he', 'll', 'o']);
 * ```
 */
export function memoryPair(options: MemoryPairOptions = {}): MemoryPair {
  return new Pair(options, PLAIN);
}

/** What streams say about themselves. */
export interface Facts {
  readonly clientPort: number;
  readonly serverPort: number;
  readonly address: string;
  readonly encrypted: boolean;
  readonly alpnProtocol: string;
}

const NEVER: number = Number.POSITIVE_INFINITY;

const PLAIN: Facts = {
  clientPort: 49_152,
  serverPort: 1,
  address: '127.0.0.1',
  encrypted: false,
  alpnProtocol: '',
};

/** @internal The transport makes its own. */
export class Pair implements MemoryPair {
  readonly client: End;
  readonly server: End;
  readonly toServer: Link;
  readonly toClient: Link;
  readonly schedule: (step: () => void) => void;
  readonly mark: number;
  readonly #onGone: (pair: Pair) => void;

  constructor(options: MemoryPairOptions, facts: Facts, onGone: (pair: Pair) => void = () => {}) {
    this.schedule = options.schedule ?? queueMicrotask;
    this.mark = checkCount('highWaterBytes', options.highWaterBytes ?? HIGH_WATER_BYTES, 1);
    this.#onGone = onGone;
    this.toServer = new Link(options.toServer ?? {}, this);
    this.toClient = new Link(options.toClient ?? {}, this);
    this.client = new End(this, this.toServer, this.toClient, facts, facts.serverPort);
    this.server = new End(this, this.toClient, this.toServer, facts, facts.clientPort);
    this.toServer.join(this.client, this.server);
    this.toClient.join(this.server, this.client);
  }

  reset(): void {
    this.client.reset();
    this.server.reset();
  }

  /** An end has closed. */
  closed(): void {
    if ((this.client.state & this.server.state & CLOSED) !== 0) this.#onGone(this);
  }
}

class Link implements MemoryLink {
  readonly #sizes: readonly number[];
  readonly #later: (step: () => void) => void;
  readonly #pair: Pair;
  readonly #resetAt: number;
  readonly #endAt: number;
  #stallAt: number;
  #from!: End;
  #to!: End;
  #queue: Uint8Array[] = [];
  #head = 0;
  #pieces = 0;
  #scheduled = false;
  #ending = false;
  /** Bytes that wait. */
  queuedBytes = 0;
  deliveredBytes = 0;
  /** Whether the receiver has heard the end. */
  finished = false;

  constructor(faults: MemoryFaults, pair: Pair) {
    const { pieceBytes = [], delayMs = 0 } = faults;
    this.#sizes = typeof pieceBytes === 'number' ? [pieceBytes] : [...pieceBytes];
    for (const size of this.#sizes) checkCount('pieceBytes', size, 1);
    checkCount('delayMs', delayMs, 0);
    this.#later = delayMs === 0 ? pair.schedule : (step) => void setTimeout(step, delayMs);
    this.#resetAt = checkCount('resetAfterBytes', faults.resetAfterBytes ?? NEVER, 0);
    this.#endAt = checkCount('endAfterBytes', faults.endAfterBytes ?? NEVER, 0);
    this.#stallAt = checkCount('stallAfterBytes', faults.stallAfterBytes ?? NEVER, 0);
    this.#pair = pair;
  }

  join(from: End, to: End): void {
    this.#from = from;
    this.#to = to;
  }

  stall(): void {
    this.#stallAt = 0;
  }

  flow(): void {
    this.#stallAt = NEVER;
    this.kick();
  }

  end(): void {
    this.clear();
    this.finish();
  }

  push(bytes: Uint8Array): void {
    // Cut off: the sender does not know.
    if (this.#ending) return;
    // A copy: the writer may share these bytes with others, and the reader may write to them.
    this.#queue.push(bytes.slice());
    this.queuedBytes += bytes.length;
    this.kick();
  }

  finish(): void {
    this.#ending = true;
    this.kick();
  }

  clear(): void {
    this.#queue = [];
    this.#head = 0;
    this.queuedBytes = 0;
  }

  /** Something may be deliverable now: look in a later turn. */
  kick(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#later(this.#step);
  }

  readonly #step = (): void => {
    this.#scheduled = false;
    const to = this.#to;
    if (to.handler === undefined || (to.state & (PAUSED | DESTROYED | CLOSED)) !== 0 || this.finished) return;
    const { deliveredBytes } = this;
    if (deliveredBytes >= this.#resetAt) {
      this.#pair.reset();
      return;
    }
    if (deliveredBytes >= this.#endAt) {
      this.clear();
      this.#ending = true;
    }
    if (deliveredBytes >= this.#stallAt) return;
    const piece = this.#take();
    if (piece !== undefined) {
      this.queuedBytes -= piece.length;
      this.deliveredBytes += piece.length;
      to.emitData(piece);
      if (this.queuedBytes === 0) this.#from.emitDrain();
      this.kick();
    } else if (this.#ending) {
      this.finished = true;
      to.emitEnd();
      to.settle();
      this.#from.settle();
    }
  };

  /** The next piece: never of two writes, and never beyond a fault. */
  #take(): Uint8Array | undefined {
    const bytes = this.#queue[this.#head];
    if (bytes === undefined) return undefined;
    const sizes = this.#sizes;
    const fault = Math.min(this.#resetAt, this.#endAt, this.#stallAt) - this.deliveredBytes;
    const size = Math.min(sizes.length === 0 ? NEVER : sizes[this.#pieces++ % sizes.length]!, fault);
    if (bytes.length > size) {
      this.#queue[this.#head] = bytes.subarray(size);
      return bytes.slice(0, size);
    }
    if (++this.#head === this.#queue.length) {
      this.#queue = [];
      this.#head = 0;
    }
    return bytes;
  }
}

class End extends StreamBase implements StartableStream {
  readonly #pair: Pair;
  readonly #outgoing: Link;
  readonly #incoming: Link;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly encrypted: boolean;
  readonly alpnProtocol: string;
  /** `close` is on its way to the handler. */
  #closing = false;

  constructor(pair: Pair, outgoing: Link, incoming: Link, facts: Facts, remotePort: number) {
    super();
    this.#pair = pair;
    this.#outgoing = outgoing;
    this.#incoming = incoming;
    this.remoteAddress = facts.address;
    this.remotePort = remotePort;
    this.encrypted = facts.encrypted;
    this.alpnProtocol = facts.alpnProtocol;
  }

  start(handler: StreamHandler): void {
    if (this.handler !== undefined) throw alreadyStarted();
    this.handler = handler;
    if (this.#closing) this.#pair.schedule(this.#close);
    else this.#incoming.kick();
  }

  write(bytes: Uint8Array): boolean {
    if ((this.state & UNWRITABLE) !== 0) return false;
    if (bytes.length > 0) this.#outgoing.push(bytes);
    if (this.#outgoing.queuedBytes < this.#pair.mark) return true;
    this.state |= FULL;
    return false;
  }

  end(): void {
    if ((this.state & UNWRITABLE) !== 0) return;
    this.state |= ENDED;
    this.#outgoing.finish();
    this.settle();
  }

  pause(): void {
    this.state |= PAUSED;
  }

  resume(): void {
    if ((this.state & PAUSED) === 0) return;
    this.state &= ~PAUSED;
    this.#incoming.kick();
  }

  get bufferedBytes(): number {
    return this.#outgoing.queuedBytes;
  }

  /** The connection breaks; the handler hears it later, and nothing in between. */
  reset(): void {
    if (this.#closing || (this.state & CLOSED) !== 0) return;
    this.broken(failure('open', 'connection-reset', this.remoteAddress));
    this.state |= DESTROYED;
    this.#drop();
  }

  /** If both directions are over, so is the stream. */
  settle(): void {
    const both = ENDED | PEER_ENDED;
    if ((this.state & both) === both && this.#outgoing.finished) this.#drop();
  }

  protected release(): void {
    this.#drop();
    this.#pair.reset();
  }

  #drop(): void {
    if (this.#closing) return;
    this.#closing = true;
    this.#outgoing.clear();
    if (this.handler !== undefined) this.#pair.schedule(this.#close);
  }

  readonly #close = (): void => {
    this.emitClose();
    this.#pair.closed();
  };
}

function checkCount(name: string, value: number, lowest: number): number {
  if (typeof value === 'number' && value >= lowest && (Number.isSafeInteger(value) || value === NEVER))
    return value;
  throw new UsageRangeError(
    'bad-option',
    `Cannot join a pair: "${name}" is ${value}, expected a whole number of at least ${lowest}`,
  );
}
