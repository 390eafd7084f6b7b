/**
 * Bits into bytes, least significant first (RFC 1951 §3.1.1).
 *
 * Owns: the output, and the bits that do not make a byte yet. Does not own: any meaning of the bits. The symbol loop
 * (`block-writer.ts`) takes the fields into locals while it runs.
 *
 * @module
 */
import { CODE_BITS } from './huffman.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** Kept between calls, in bytes. */
const KEPT = 64 * 1024;

/** The code in an entry of `CodeBuilder`. */
export const CODE_MASK: number = (1 << CODE_BITS) - 1;

/** Never holds 16 bits or more between two calls. */
export class BitWriter {
  /** Memory; the first `at` bytes are output. */
  bytes: Uint8Array = NOTHING;
  /** Where the next byte goes. */
  at = 0;
  /** Bits that are not in `bytes` yet; the first is the lowest. */
  hold = 0;
  /** How many bits `hold` has. */
  bits = 0;

  /** Begin an output of at most `capacity` bytes. */
  start(capacity: number): void {
    if (this.bytes.length < capacity) this.bytes = new Uint8Array(Math.max(KEPT, capacity));
    this.at = 0;
    this.hold = 0;
    this.bits = 0;
  }

  /** Write the low `count` bits of `value`, which has no others; 16 at most. */
  put(value: number, count: number): void {
    this.hold |= value << this.bits;
    this.bits += count;
    if (this.bits >= 16) {
      this.bytes[this.at++] = this.hold;
      this.bytes[this.at++] = this.hold >>> 8;
      this.hold >>= 16;
      this.bits -= 16;
    }
  }

  /** Write the code of an entry that `CodeBuilder` made. */
  putCode(entry: number): void {
    this.put(entry & CODE_MASK, entry >>> CODE_BITS);
  }

  /** Fill up the byte with zeros. */
  align(): void {
    for (; this.bits > 0; this.bits -= 8) {
      this.bytes[this.at++] = this.hold;
      this.hold >>= 8;
    }
    this.hold = 0;
    this.bits = 0;
  }

  /** Copy whole bytes, on a byte boundary. */
  copy(source: Uint8Array, from: number, to: number): void {
    this.bytes.set(source.subarray(from, to), this.at);
    this.at += to - from;
  }

  /** The output, which ends on a byte boundary: in memory of its own, or `lent` until the next {@link start}. */
  finish(lent = false): Uint8Array {
    const result = lent ? this.bytes.subarray(0, this.at) : this.bytes.slice(0, this.at);
    if (this.bytes.length > KEPT) this.bytes = NOTHING;
    return result;
  }
}
