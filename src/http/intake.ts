/**
 * The bytes that a parser was given and has not consumed yet.
 *
 * Owns: the order of the chunks, how far they are read, and the offset in the stream. Does not own: what the
 * bytes mean. A chunk is let go as soon as its last byte is consumed, so an idle connection holds none.
 *
 * @module
 */
import { plainBytes } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';

const EMPTY = new Uint8Array(0);
/** Chunks below this that have to wait are joined, since each on its own costs more than its bytes. */
const SMALL = 512;
/** How large the joined ones get. */
const JOINED = 4096;

/** A chunk that waits. */
interface Waiting {
  bytes: Uint8Array;
  next: Waiting | undefined;
}

/** A queue of chunks, read from the front. */
export class Intake {
  /** The chunk being read; empty when there is none. */
  bytes: Uint8Array = EMPTY;
  /** The first byte of `bytes` that is not consumed. */
  at = 0;
  /** How many bytes of the stream came before `at`. */
  offset = 0;
  /** No more bytes will come. */
  ended = false;

  /** The chunks after `bytes`. */
  #first: Waiting | undefined;
  #last: Waiting | undefined;
  #waitingBytes = 0;
  /** The buffer behind the last chunk that waits, where small chunks can be added to it. */
  #joint: Uint8Array | undefined;

  /** Add a chunk at the end; it belongs to the intake from then on. */
  push(chunk: Uint8Array): void {
    if (!(chunk instanceof Uint8Array)) {
      throw new UsageTypeError('bad-argument', `Cannot push ${typeof chunk}: expected a Uint8Array`);
    }
    const length = chunk.length;
    if (length === 0) return;
    // Whoever takes a body calls slice() on it, which on Node's Buffer copies nothing.
    const bytes = plainBytes(chunk);
    if (this.at === this.bytes.length && this.#first === undefined) {
      this.bytes = bytes;
      this.at = 0;
      return;
    }
    this.#waitingBytes += length;
    if (length >= SMALL || !this.#join(bytes)) {
      this.#joint = undefined;
      const waiting = { bytes, next: undefined };
      if (this.#last === undefined) this.#first = waiting;
      else this.#last.next = waiting;
      this.#last = waiting;
    }
  }

  /** Put a small chunk behind the last one that waits, if that is small too. Nobody has seen it yet. */
  #join(chunk: Uint8Array): boolean {
    const last = this.#last;
    if (last === undefined) return false;
    const tail = last.bytes;
    const length = tail.length + chunk.length;
    if ((this.#joint === undefined && tail.length >= SMALL) || length > JOINED) return false;
    let joint = this.#joint;
    if (joint === undefined || joint.length < length) {
      joint = new Uint8Array(Math.min(JOINED, 2 * length));
      joint.set(tail);
      this.#joint = joint;
    }
    joint.set(chunk, tail.length);
    last.bytes = joint.subarray(0, length);
    return true;
  }

  /** Bytes not consumed. */
  get length(): number {
    return this.bytes.length - this.at + this.#waitingBytes;
  }

  /** Whether there is a byte at `at`; goes on to the next chunk where this one is used up. */
  fill(): boolean {
    if (this.at < this.bytes.length) return true;
    const waiting = this.#first;
    if (waiting === undefined) return false;
    this.#first = waiting.next;
    if (waiting.next === undefined) this.#last = this.#joint = undefined;
    this.#waitingBytes -= waiting.bytes.length;
    this.bytes = waiting.bytes;
    this.at = 0;
    return true;
  }

  /** Consume `count` bytes of `bytes`. */
  consume(count: number): void {
    this.offset += count;
    this.at += count;
    if (this.at === this.bytes.length) {
      this.bytes = EMPTY;
      this.at = 0;
    }
  }

  /** Consume up to `most` bytes of this chunk, at least one of which is there; a view of them. */
  take(most: number): Uint8Array {
    const { bytes, at } = this;
    const count = Math.min(most, bytes.length - at);
    const view = count === bytes.length ? bytes : bytes.subarray(at, at + count);
    this.consume(count);
    return view;
  }

  /** Let go of everything. */
  clear(): void {
    this.bytes = EMPTY;
    this.at = 0;
    this.#first = this.#last = this.#joint = undefined;
    this.#waitingBytes = 0;
  }

  /** Consume everything, in one piece that starts with `before`. A view where that needs no copy. */
  takeAll(before: Uint8Array): Uint8Array {
    const parts = [before, this.bytes.subarray(this.at)].filter((part) => part.length > 0);
    for (let each = this.#first; each !== undefined; each = each.next) parts.push(each.bytes);
    this.offset += this.length;
    this.clear();
    if (parts.length <= 1) return parts[0] ?? EMPTY;
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }
}
