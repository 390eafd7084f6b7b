/**
 * Where outgoing bytes are assembled: many small writes, one run of memory, one write to the socket.
 *
 * Owns: the memory of output until it is taken. Does not own: what the bytes mean, or sending them.
 *
 * @module
 */

/** A slab grows to at most this, when longer runs come back. */
const LARGEST_SLAB_BYTES = 4 * 1024 * 1024;
/** Bytes of a {@link Slab}'s memory, to begin with. Larger runs get memory of their own. */
export const SLAB_BYTES = 65_536;

/**
 * Memory that outputs are cut from, one after another. Share one between all connections of a thread: an idle
 * connection then holds none. A cut is handed out once, and written to again only after it was given back.
 */
export class Slab {
  /** The current run of memory. */
  bytes: Uint8Array = EMPTY;
  /** Up to here it has been handed out. */
  used = 0;
}

const EMPTY = new Uint8Array(0);

/**
 * One connection's output, contiguous until it is taken.
 *
 * A writer calls {@link reserve}, writes to {@link bytes} from {@link end} on, and moves {@link end}. While nobody
 * else cuts from the slab in between, the run grows in place; else it moves once, with room to grow.
 */
export class Output {
  readonly #slab: Slab;
  /** The memory that the run lies in. */
  bytes: Uint8Array = EMPTY;
  /** Where the run starts. */
  start = 0;
  /** Where the run ends, and the next byte goes. */
  end = 0;
  /** Up to where this run may be written. */
  #room = 0;
  /** Whether the memory is for this run alone. */
  #ownMemory = false;
  /** A shared, immutable run that was appended to an empty output and is not copied until more follows. */
  #borrowed: Uint8Array | undefined;
  /** What was taken last; not the run itself, which would stay alive with an idle connection. */
  #taken: 'nothing' | 'cut' | 'own' = 'nothing';

  /** @param slab Where memory comes from; one of its own by default. */
  constructor(slab: Slab = new Slab()) {
    this.#slab = slab;
  }

  /** Bytes that wait to be taken. */
  get length(): number {
    return this.#borrowed === undefined ? this.end - this.start : this.#borrowed.length;
  }

  /** Make room for `count` more bytes at `end`. Call it right before writing: it may move the run. */
  reserve(count: number): void {
    if (this.#borrowed !== undefined) this.#copyBorrowed();
    if (this.end + count <= this.#room) return;
    this.#grow(count);
  }

  /** Append a copy of `piece`. */
  append(piece: Uint8Array): void {
    this.reserve(piece.length);
    this.bytes.set(piece, this.end);
    this.end += piece.length;
  }

  /** Append `piece`, which nobody will ever write to again; it is not copied if it goes out alone. */
  appendShared(piece: Uint8Array): void {
    if (this.end === this.start && this.#borrowed === undefined) this.#borrowed = piece;
    else this.append(piece);
  }

  /** The whole run, or `undefined` when there is nothing. The output is empty afterwards. */
  take(): Uint8Array | undefined {
    const borrowed = this.#borrowed;
    this.#taken = 'nothing';
    if (borrowed !== undefined) {
      this.#borrowed = undefined;
      return borrowed;
    }
    if (this.end === this.start) return undefined;
    const run = this.bytes.subarray(this.start, this.end);
    this.#taken = this.#ownMemory ? 'own' : 'cut';
    // What was reserved and not written goes back, when nobody has cut behind it.
    if (this.#slab.bytes === this.bytes && this.#slab.used === this.#room) this.#slab.used = this.end;
    this.bytes = EMPTY;
    this.start = this.end = this.#room = 0;
    return run;
  }

  /**
   * Give back what {@link take} gave last: nobody reads it any more, and its memory is written to again. That is what
   * makes an echo touch the same few cache lines again and again. A run that was borrowed is left alone. Not for any other
   * memory: it might be taken for the run, and be written to.
   */
  recycle(run: Uint8Array): void {
    const taken = this.#taken;
    this.#taken = 'nothing';
    const slab = this.#slab;
    if (taken === 'cut' && run.buffer === slab.bytes.buffer) {
      if (slab.used === run.byteOffset + run.length) slab.used = run.byteOffset;
    } else if (taken === 'own' && run.byteOffset === 0) {
      // Memory that was made for a long run: the next one will be long too, so all of it becomes the slab.
      const { buffer } = run;
      if (buffer.byteLength <= slab.bytes.length || buffer.byteLength > LARGEST_SLAB_BYTES) return;
      slab.bytes = new Uint8Array(buffer);
      slab.used = 0;
    }
  }

  #grow(count: number): void {
    const slab = this.#slab;
    const pending = this.end - this.start;
    // In place, if the run lies at the end of what the slab has handed out.
    if (this.bytes === slab.bytes && this.#room === slab.used && this.end + count <= slab.bytes.length) {
      slab.used = this.#room = this.end + count;
      return;
    }
    // Elsewhere, with room to double: every byte moves a constant number of times.
    const wanted = Math.max(count + pending, 2 * pending);
    let bytes = slab.bytes;
    let start = slab.used;
    let own = false;
    if (start + wanted <= bytes.length) {
      slab.used = start + wanted;
    } else {
      start = 0;
      if (wanted > SLAB_BYTES >> 1) {
        bytes = new Uint8Array(wanted);
        own = true;
      } else {
        bytes = slab.bytes = new Uint8Array(SLAB_BYTES);
        slab.used = wanted;
      }
    }
    if (pending > 0) bytes.set(this.bytes.subarray(this.start, this.end), start);
    this.bytes = bytes;
    this.#ownMemory = own;
    this.start = start;
    this.end = start + pending;
    this.#room = start + wanted;
  }

  #copyBorrowed(): void {
    const borrowed = this.#borrowed!;
    this.#borrowed = undefined;
    this.append(borrowed);
  }
}
