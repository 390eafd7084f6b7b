/**
 * Bytes that the runtime has not taken yet, for adapters whose sockets do not keep them.
 *
 * Owns: their order, and that many small writes cost neither an object nor a system call each. Does not own:
 * when they are offered to the socket again.
 *
 * @module
 */

/** Below this, bytes are copied together: a view would pin the memory around it, and take a call of its own. */
const SMALL = 4096;
/** What small writes are gathered in, at most; less while less waits. */
const LARGEST_BLOCK = 16_384;
const SMALLEST_BLOCK = 1024;

/** A first-in, first-out run of bytes. */
export class WriteQueue {
  /** Bytes that wait. */
  bytes = 0;
  #chunks: Uint8Array[] = [];
  /** Index of the first chunk. */
  #head = 0;
  /** How much of the first chunk has been taken. */
  #taken = 0;
  /** The last chunk, while it is a block with room: how far it is filled. */
  #block: Uint8Array | undefined;
  #filled = 0;

  /** Append `bytes`; larger ones are kept as they are, and must not change any more. */
  push(bytes: Uint8Array): void {
    const { length } = bytes;
    if (length === 0) return;
    this.bytes += length;
    if (length >= SMALL) {
      this.#seal();
      this.#chunks.push(bytes);
      return;
    }
    if (this.#block === undefined || this.#filled + length > this.#block.length) {
      this.#seal();
      this.#block = new Uint8Array(Math.max(SMALLEST_BLOCK, Math.min(LARGEST_BLOCK, this.bytes)));
      this.#filled = 0;
      this.#chunks.push(this.#block);
    }
    this.#block.set(bytes, this.#filled);
    this.#filled += length;
  }

  /** The first run of bytes that is contiguous; `undefined` when there is none. A view: it stays valid until it is taken. */
  peek(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    const end = chunk === this.#block ? this.#filled : chunk.length;
    return this.#taken === 0 && end === chunk.length ? chunk : chunk.subarray(this.#taken, end);
  }

  /** Forget the first `count` bytes, of what {@link peek} returned. */
  take(count: number): void {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined || count === 0) return;
    this.bytes -= count;
    this.#taken += count;
    if (this.#taken < (chunk === this.#block ? this.#filled : chunk.length)) return;
    if (chunk === this.#block) this.#block = undefined;
    this.#taken = 0;
    this.#head++;
    if (this.#head === this.#chunks.length) {
      this.#chunks = [];
      this.#head = 0;
    } else if (this.#head === 64) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }

  /** Forget everything. */
  clear(): void {
    this.bytes = 0;
    this.#chunks = [];
    this.#head = 0;
    this.#taken = 0;
    this.#block = undefined;
  }

  /** The open block, if there is one, gets no more bytes. */
  #seal(): void {
    if (this.#block === undefined) return;
    this.#chunks[this.#chunks.length - 1] = this.#block.subarray(0, this.#filled);
    this.#block = undefined;
  }
}
