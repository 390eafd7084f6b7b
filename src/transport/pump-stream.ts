/**
 * A stream over sockets that are read and written by promises, one read and one write at a time.
 *
 * Owns: when to read, what waits to be written, half-closes, and the end. Does not own: the socket (a subclass
 * starts each read and write, and reports how it went).
 *
 * @module
 */
import {
  DESTROYED,
  ENDED,
  FULL,
  PAUSED,
  PEER_ENDED,
  StreamBase,
  UNREADABLE,
  UNWRITABLE,
} from './stream-base.ts';
import { HIGH_WATER_BYTES, type StreamHandler } from './transport.ts';
import type { WriteMemory } from './write-memory.ts';
import { WriteQueue } from './write-queue.ts';

/** Bit of the state: a read is under way. */
const READING = 64;
/** Bit: everything was written, and our end of the connection is being closed. */
const FINISHING = 128;
/** Bit: our end of the connection is closed. */
const FINISHED = 256;
/** Bit: the socket is closed; the handler hears it in a moment. */
const CLOSING = 512;

/** The pump. What a subclass has to start must never report back before the call returns. */
export abstract class PumpStream extends StreamBase {
  /** What is being written. */
  #flight: Uint8Array | undefined;
  /** Where that was copied to, if it was. */
  #memory: Uint8Array | undefined;
  readonly #writeMemory: WriteMemory | undefined;
  /** What comes after it; made when it is first needed. */
  #queue: WriteQueue | undefined;
  /** What a read brought while paused. */
  #held: Uint8Array | undefined;
  #heldEnd = false;

  /** @param writeMemory To copy what is written to; for sockets that read nothing of it once a write is done, or has failed. */
  constructor(writeMemory?: WriteMemory) {
    super();
    this.#writeMemory = writeMemory;
  }

  /** Start to read; then call {@link pulled}, or {@link failed}. */
  protected abstract pull(): void;
  /** Start to write; then call {@link pushed}, or {@link failed}. `bytes` must not be written to. */
  protected abstract push(bytes: Uint8Array): void;
  /** Start to half-close; then call {@link halfClosed}, or {@link failed}. */
  protected abstract halfClose(): void;
  /** Close the socket now. What is under way may fail; nobody hears of it. */
  protected abstract shut(): void;
  /** The error for `close` that says what `thrown` means. */
  protected abstract explain(thrown: unknown): Error;

  /** From here on, the handler hears what happens. */
  protected run(handler: StreamHandler): void {
    this.handler = handler;
    if ((this.state & CLOSING) !== 0) queueMicrotask(() => this.emitClose());
    else this.#read();
  }

  /** As in `ByteStream`. */
  write(bytes: Uint8Array): boolean {
    if ((this.state & (UNWRITABLE | CLOSING)) !== 0) return false;
    if (bytes.length > 0) {
      if (this.#flight === undefined) this.#launch(bytes);
      else {
        this.#queue ??= new WriteQueue();
        this.#queue.push(bytes);
      }
    }
    if (this.bufferedBytes < HIGH_WATER_BYTES) return true;
    this.state |= FULL;
    return false;
  }

  /** As in `ByteStream`. */
  end(): void {
    if ((this.state & (UNWRITABLE | CLOSING)) !== 0) return;
    this.state |= ENDED;
    if (this.#flight === undefined) this.#finish();
  }

  /** As in `ByteStream`. */
  pause(): void {
    this.state |= PAUSED;
  }

  /** As in `ByteStream`. */
  resume(): void {
    if ((this.state & PAUSED) === 0) return;
    this.state &= ~PAUSED;
    if (this.#held !== undefined || this.#heldEnd) queueMicrotask(() => this.#release());
    else if (this.handler !== undefined) this.#read();
  }

  /** As in `ByteStream`. */
  get bufferedBytes(): number {
    return (this.#flight?.length ?? 0) + (this.#queue?.bytes ?? 0);
  }

  /** As in `ByteStream`. */
  get copied(): boolean {
    return this.#memory !== undefined && !this.#queue?.bytes;
  }

  /** A read brought bytes, or the peer's end. */
  protected pulled(bytes: Uint8Array | undefined): void {
    this.state &= ~READING;
    if ((this.state & (UNREADABLE | CLOSING)) !== 0) return;
    if ((this.state & PAUSED) !== 0) {
      if (bytes === undefined) this.#heldEnd = true;
      else this.#held = bytes;
      return;
    }
    this.#deliver(bytes);
  }

  /** A read brought bytes, in memory that is read into again once this has returned. @param copy Makes a copy of them. */
  protected pulledLent(bytes: Uint8Array, copy: (bytes: Uint8Array) => Uint8Array): void {
    this.state &= ~READING;
    if ((this.state & (UNREADABLE | CLOSING)) !== 0) return;
    if ((this.state & PAUSED) !== 0) {
      this.#held = copy(bytes);
      return;
    }
    this.emitLent(bytes, copy);
    this.#read();
  }

  /** A write took so many bytes. */
  protected pushed(count: number): void {
    const flight = this.#flight;
    if (flight === undefined) return;
    if (count < flight.length) {
      this.#flight = flight.subarray(count);
      this.push(this.#flight);
      return;
    }
    this.#flight = undefined;
    if (this.#memory !== undefined) {
      this.#writeMemory!.give(this.#memory);
      this.#memory = undefined;
    }
    const next = this.#queue?.peek();
    if (next !== undefined) {
      this.#queue!.take(next.length);
      this.#launch(next);
      return;
    }
    if ((this.state & ENDED) !== 0) this.#finish();
    else this.emitDrain();
  }

  /** Our end is closed, with all that was written. */
  protected halfClosed(): void {
    this.state |= FINISHED;
    this.#settle();
  }

  /** Something that was under way went wrong: the connection is lost. */
  protected failed(thrown: unknown): void {
    if ((this.state & (DESTROYED | CLOSING)) !== 0) return;
    this.broken(this.explain(thrown));
    this.release();
  }

  protected release(): void {
    if ((this.state & CLOSING) !== 0) return;
    this.state |= CLOSING;
    // The socket may still be reading what is in flight: its memory is not given back.
    this.#flight = undefined;
    this.#memory = undefined;
    this.#queue = undefined;
    this.#held = undefined;
    this.shut();
    if (this.handler !== undefined) queueMicrotask(() => this.emitClose());
  }

  /** Write, from memory of our own where that pays. */
  #launch(bytes: Uint8Array): void {
    const memory = this.#writeMemory?.take(bytes.length);
    this.#memory = memory;
    if (memory === undefined) this.#flight = bytes;
    else {
      memory.set(bytes);
      this.#flight = memory.subarray(0, bytes.length);
    }
    this.push(this.#flight);
  }

  #read(): void {
    if ((this.state & (READING | PAUSED | UNREADABLE | CLOSING)) !== 0) return;
    this.state |= READING;
    this.pull();
  }

  #finish(): void {
    if ((this.state & (FINISHING | DESTROYED | CLOSING)) !== 0) return;
    this.state |= FINISHING;
    this.halfClose();
  }

  /** What was held while paused. */
  #release(): void {
    if ((this.state & PAUSED) !== 0) return;
    const held = this.#held;
    this.#held = undefined;
    if (held !== undefined) this.#deliver(held);
    else if (this.#heldEnd) {
      this.#heldEnd = false;
      this.#deliver(undefined);
    }
  }

  #deliver(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) {
      this.emitEnd();
      this.#settle();
    } else {
      if (bytes.length > 0) this.emitData(bytes);
      this.#read();
    }
  }

  /** If both directions are over, so is the stream. */
  #settle(): void {
    const over = PEER_ENDED | FINISHED;
    if ((this.state & over) === over) this.release();
  }
}
