/**
 * Bits out of bytes, least significant first, over any number of input pieces (RFC 1951 §3.1.1).
 *
 * Owns: what was read but not used yet. Does not own: any meaning of the bits. The symbol loop
 * (`inflate-symbols.ts`) takes the fields into locals while it runs.
 *
 * @module
 */

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

/**
 * Never holds more than 31 bits, so that `hold` stays a small positive integer in every engine. It is shifted with `>>`, here and in the
 * other loops of this folder: what `>>>` gives may be above 2 ** 31 for all V8 knows, and is then carried as a double (1.2 to 1.8 times the time).
 */
export class BitReader {
  /** The piece at hand. */
  input: Uint8Array = NOTHING;
  /** Next byte of `input`. */
  at = 0;
  /** Bits read and not used; the next one is the lowest. Those above `bits` are 0. */
  hold = 0;
  /** How many bits `hold` has. */
  bits = 0;
  /** Bytes in the pieces before this one. */
  before = 0;

  /** Go on with the next piece; the one before must be used up. */
  feed(input: Uint8Array): void {
    this.before += this.at;
    this.input = input;
    this.at = 0;
  }

  /** Let go of the piece, so that it can be collected. */
  release(): void {
    this.feed(NOTHING);
  }

  /** Forget the bits that were read and not used. */
  clear(): void {
    this.hold = 0;
    this.bits = 0;
  }

  /** Whether `count` bits (24 at most) are there; reads as many bytes as that takes. */
  has(count: number): boolean {
    while (this.bits < count) {
      if (this.at === this.input.length) return false;
      this.hold |= this.input[this.at++]! << this.bits;
      this.bits += 8;
    }
    return true;
  }

  /** The next `count` bits, which {@link has} has found. */
  take(count: number): number {
    const value = this.hold & ((1 << count) - 1);
    this.hold >>= count;
    this.bits -= count;
    return value;
  }

  /** Skip to the next byte boundary. */
  align(): void {
    this.take(this.bits & 7);
  }

  /** Bytes used so far, a byte used in part included. */
  get offset(): number {
    return this.before + this.at - (this.bits >> 3);
  }
}
