/**
 * Many pieces to one run of bytes, at a cost that follows the bytes and not the pieces.
 *
 * Owns: how pieces are kept until they are taken whole. Does not own: any limit on how much (the caller's).
 *
 * @module
 */

const FIRST_CAPACITY = 512;

/**
 * Collects pieces in one growing buffer.
 *
 * Pieces are copied, so that a piece of a few bytes does not pin the chunk that it came in; the buffer doubles, so
 * that every byte is copied a constant number of times and memory stays below three times what came in. A
 * declared length is only ever an upper bound on growth: nothing is reserved for it.
 */
export class Collector {
  #buffer: Uint8Array | undefined;
  #length = 0;

  /** Bytes collected so far. */
  get length(): number {
    return this.#length;
  }

  /**
   * Append the bytes of `piece` from `start` up to `end`. Copies them.
   *
   * @param expected Total bytes that the peer declared, this piece included; growth does not go past it. 0: unknown.
   */
  append(piece: Uint8Array, start: number, end: number, expected: number): void {
    const needed = this.#length + end - start;
    let buffer = this.#buffer;
    if (buffer === undefined || buffer.length < needed) {
      let capacity = Math.max(needed, this.#length * 2, FIRST_CAPACITY);
      if (expected >= needed && expected < capacity) capacity = expected;
      const larger = new Uint8Array(capacity);
      if (buffer !== undefined) larger.set(buffer.subarray(0, this.#length));
      this.#buffer = buffer = larger;
    }
    if (end - start < 32) for (let at = start, to = this.#length; at < end; ) buffer[to++] = piece[at++]!;
    else buffer.set(start === 0 && end === piece.length ? piece : piece.subarray(start, end), this.#length);
    this.#length = needed;
  }

  /** All bytes collected; the collector is empty afterwards. The result is the caller's own. */
  take(): Uint8Array {
    const buffer = this.#buffer;
    const length = this.#length;
    this.#buffer = undefined;
    this.#length = 0;
    if (buffer === undefined) return new Uint8Array(0);
    // A small message must not keep a buffer of several times its size alive.
    if (length < buffer.length >> 1) return buffer.slice(0, length);
    return length === buffer.length ? buffer : buffer.subarray(0, length);
  }

  /** Forget all bytes. */
  clear(): void {
    this.#buffer = undefined;
    this.#length = 0;
  }
}
