/**
 * The last bytes that were inflated, for matches that reach back past the start of the current piece.
 *
 * Owns: a ring that starts small and grows with what it is given, up to the window's size. Does not own: the
 * output of the current piece, which matches find in place (`inflate-symbols.ts`).
 *
 * @module
 */

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** First allocation, in bytes; every size is a power of two. */
const SMALLEST = 256;

/** A sliding window of `2 ** windowBits` bytes. */
export class Window {
  /** Size it may reach, in bytes. */
  readonly size: number;
  /** How many bytes are known, `size` at most: how far back a match can reach. */
  fill = 0;
  #ring = NOTHING;
  #end = 0;

  constructor(windowBits: number) {
    this.size = 2 ** windowBits;
  }

  /** Bytes allocated. */
  get retainedBytes(): number {
    return this.#ring.length;
  }

  /** Forget the bytes and the memory. */
  clear(): void {
    this.fill = 0;
    this.#ring = NOTHING;
    this.#end = 0;
  }

  /** Take in the first `length` of `bytes`, which are copied; the oldest bytes make room. */
  append(bytes: Uint8Array, length: number): void {
    const size = this.size;
    if (length === 0) return;
    if (length >= size) {
      if (this.#ring.length < size) this.#ring = new Uint8Array(size);
      this.#ring.set(bytes.subarray(length - size, length));
      this.#end = 0;
      this.fill = size;
      return;
    }
    if (this.fill + length > this.#ring.length && this.#ring.length < size) this.#grow(this.fill + length);
    const ring = this.#ring;
    const first = Math.min(length, ring.length - this.#end);
    copy(bytes, 0, ring, this.#end, first);
    copy(bytes, first, ring, 0, length - first);
    this.#end = (this.#end + length) & (ring.length - 1);
    this.fill = Math.min(size, this.fill + length);
  }

  /** Write `length` bytes, from `back` bytes before the end on, to `target` at `at`; `length <= back <= fill`. */
  read(back: number, length: number, target: Uint8Array, at: number): void {
    const ring = this.#ring;
    const mask = ring.length - 1;
    for (let from = this.#end - back, to = at; to < at + length; ) target[to++] = ring[from++ & mask]!;
  }

  /** A ring that is not full size has never wrapped: its bytes are in order from 0 on. */
  #grow(needed: number): void {
    let length = Math.max(SMALLEST, this.#ring.length);
    while (length < needed && length < this.size) length *= 2;
    const ring = new Uint8Array(length);
    ring.set(this.#ring);
    this.#end = this.fill & (length - 1);
    this.#ring = ring;
  }
}

/** Copy `length` bytes; short copies are not worth a native call. */
function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, length: number): void {
  if (length > 64) to.set(from.subarray(start, start + length), at);
  else for (let i = 0; i < length; i++) to[at + i] = from[start + i]!;
}
