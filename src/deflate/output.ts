/**
 * Where inflated bytes go first: scratch memory that one engine's inflaters share, one call at a time.
 *
 * Owns: growing, and handing the result out. Does not own: the budget, which its callers keep to.
 *
 * @module
 */

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** Kept between calls, in bytes. Larger output is handed out as it is, with what it grew into, or copied. */
const KEPT = 64 * 1024;

/** A growing run of bytes. */
export class Output {
  /** Memory; the first `length` bytes are output. */
  bytes: Uint8Array = NOTHING;
  /** Bytes so far. */
  length = 0;

  /** Begin anew. */
  start(): void {
    if (this.bytes.length === 0) this.bytes = new Uint8Array(KEPT);
    this.length = 0;
  }

  /** Make room for `count` bytes more, in a buffer not much larger than `limit` bytes if that is large. */
  reserve(count: number, limit: number): void {
    const needed = this.length + count;
    if (needed <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, Math.min(this.bytes.length * 2, limit)));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  /** The output: in memory of its own, or `lent` until the next {@link start}. */
  finish(lent = false): Uint8Array {
    const { bytes, length } = this;
    if (length === 0) return NOTHING;
    if (bytes.length <= KEPT) return lent ? bytes.subarray(0, length) : bytes.slice(0, length);
    this.bytes = NOTHING;
    // Up to an eighth may be lost: a copy would cost more than the memory is worth.
    return length >= bytes.length - (bytes.length >> 3) ? bytes.subarray(0, length) : bytes.slice(0, length);
  }
}
