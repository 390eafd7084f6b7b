/**
 * The inner loop of inflate: the symbols of one compressed block (RFC 1951 §3.2.3).
 *
 * Owns: literals, matches, the output's budget. Does not own: block headers (`inflate.ts`), tables
 * (`decode-table.ts`), bytes of earlier pieces (`window.ts`).
 *
 * @module
 */
import type { BitReader } from './bit-reader.ts';
import { END, INVALID, LINK, LITERAL, SPECIAL, VALUE_SHIFT } from './decode-table.ts';
import type { Output } from './output.ts';
import { MAX_MATCH } from './tables.ts';
import type { Window } from './window.ts';

/** What {@link SymbolDecoder.run} met. */
export type SymbolResult = 'end' | 'more' | 'too-big' | 'bad-symbol' | 'bad-distance';

/** One turn of the fast loop reads up to 4 times 2 bytes. */
const FAST_INPUT = 8;
/** Copies from this length on are handed to the engine's own copy, if they do not overlap. */
const LONG_COPY = 16;

// Where a symbol can be cut in two by the end of a piece.
const AT_SYMBOL = 0;
const AT_LENGTH_EXTRA = 1;
const AT_DISTANCE = 2;
const AT_DISTANCE_EXTRA = 3;

/** The tables of the block at hand, and how far into a symbol the last piece came. */
export class SymbolDecoder {
  /** Literal/length table. */
  literals: Int32Array;
  /** Bits that index its root. */
  literalBits = 0;
  /** Distance table. */
  distances: Int32Array;
  /** Bits that index its root. */
  distanceBits = 0;
  #stage = AT_SYMBOL;
  #entry = 0;
  #length = 0;

  constructor(table: Int32Array) {
    this.literals = table;
    this.distances = table;
  }

  /** Begin a block. */
  start(literals: Int32Array, literalBits: number, distances: Int32Array, distanceBits: number): void {
    this.literals = literals;
    this.literalBits = literalBits;
    this.distances = distances;
    this.distanceBits = distanceBits;
    this.#stage = AT_SYMBOL;
  }

  /**
   * Decode until the block ends, the input is used up, or a fault.
   *
   * @param limit Most bytes that `output` may hold; the symbol that would go past it is `too-big`.
   */
  run(reader: BitReader, output: Output, window: Window, limit: number): SymbolResult {
    for (;;) {
      if (this.#stage === AT_SYMBOL) {
        const result = this.#fast(reader, output, window, limit);
        if (result !== 'more') return result;
      }
      const result = this.#step(reader, output, window, limit);
      if (result !== undefined) return result;
    }
  }

  /** Whole symbols, while there is input and room enough that none can be cut. */
  #fast(reader: BitReader, output: Output, window: Window, limit: number): SymbolResult {
    const input = reader.input;
    const inputEnd = input.length - FAST_INPUT;
    const literals = this.literals;
    const distances = this.distances;
    const literalMask = (1 << this.literalBits) - 1;
    const distanceMask = (1 << this.distanceBits) - 1;
    const windowSize = window.size;
    let { at, hold, bits } = reader;
    let out = output.bytes;
    let to = output.length;
    let outEnd = Math.min(limit, out.length) - MAX_MATCH;
    let result: SymbolResult = 'more';

    for (;;) {
      if (at > inputEnd) break;
      if (to > outEnd) {
        if (limit - to < MAX_MATCH) break;
        output.length = to;
        output.reserve(MAX_MATCH, limit);
        out = output.bytes;
        outEnd = Math.min(limit, out.length) - MAX_MATCH;
      }
      // 16 bits at least, 31 at most.
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      let entry = literals[hold & literalMask]!;
      if ((entry & LINK) !== 0) {
        entry =
          literals[(entry >>> VALUE_SHIFT) + ((hold >>> (entry & 15)) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
      }
      hold >>= entry & 15;
      bits -= entry & 15;
      if ((entry & SPECIAL) !== 0) {
        if ((entry & LITERAL) !== 0) {
          out[to++] = entry >>> VALUE_SHIFT;
          continue;
        }
        result = (entry & END) !== 0 ? 'end' : 'bad-symbol';
        break;
      }

      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      let extra = (entry >>> 4) & 15;
      let length = (entry >>> VALUE_SHIFT) + (hold & ((1 << extra) - 1));
      hold >>= extra;
      bits -= extra;

      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      entry = distances[hold & distanceMask]!;
      if ((entry & LINK) !== 0) {
        entry =
          distances[(entry >>> VALUE_SHIFT) + ((hold >>> (entry & 15)) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
      }
      hold >>= entry & 15;
      bits -= entry & 15;
      if ((entry & INVALID) !== 0) {
        result = 'bad-distance';
        break;
      }
      if (bits < 16) {
        hold |= (input[at]! | (input[at + 1]! << 8)) << bits;
        at += 2;
        bits += 16;
      }
      extra = (entry >>> 4) & 15;
      const distance = (entry >>> VALUE_SHIFT) + (hold & ((1 << extra) - 1));
      hold >>= extra;
      bits -= extra;

      if (distance > windowSize) {
        result = 'bad-distance';
        break;
      }
      let from = to - distance;
      if (from < 0) {
        const back = -from;
        if (back > window.fill) {
          result = 'bad-distance';
          break;
        }
        const old = Math.min(back, length);
        window.read(back, old, out, to);
        to += old;
        length -= old;
        from = 0;
      }
      if (length >= LONG_COPY && distance >= length) {
        out.copyWithin(to, from, from + length);
        to += length;
      } else {
        for (const end = to + length; to < end; ) out[to++] = out[from++]!;
      }
    }
    reader.at = at;
    reader.hold = hold;
    reader.bits = bits;
    output.length = to;
    return result;
  }

  /** One symbol, or as much of it as there is; undefined when it is done. */
  #step(reader: BitReader, output: Output, window: Window, limit: number): SymbolResult | undefined {
    if (this.#stage === AT_SYMBOL) {
      const entry = decode(reader, this.literals, this.literalBits);
      if (entry < 0) return 'more';
      if ((entry & LITERAL) !== 0) {
        if (output.length >= limit) return 'too-big';
        output.reserve(1, limit);
        output.bytes[output.length++] = entry >>> VALUE_SHIFT;
        return undefined;
      }
      if ((entry & END) !== 0) return 'end';
      if ((entry & INVALID) !== 0) return 'bad-symbol';
      this.#entry = entry;
      this.#stage = AT_LENGTH_EXTRA;
    }
    if (this.#stage === AT_LENGTH_EXTRA) {
      const extra = (this.#entry >>> 4) & 15;
      if (!reader.has(extra)) return 'more';
      this.#length = (this.#entry >>> VALUE_SHIFT) + reader.take(extra);
      this.#stage = AT_DISTANCE;
    }
    if (this.#stage === AT_DISTANCE) {
      const entry = decode(reader, this.distances, this.distanceBits);
      if (entry < 0) return 'more';
      if ((entry & INVALID) !== 0) return 'bad-distance';
      this.#entry = entry;
      this.#stage = AT_DISTANCE_EXTRA;
    }
    const extra = (this.#entry >>> 4) & 15;
    if (!reader.has(extra)) return 'more';
    const distance = (this.#entry >>> VALUE_SHIFT) + reader.take(extra);
    this.#stage = AT_SYMBOL;
    return this.#copy(output, window, limit, this.#length, distance);
  }

  #copy(
    output: Output,
    window: Window,
    limit: number,
    length: number,
    distance: number,
  ): SymbolResult | undefined {
    let to = output.length;
    const back = distance - to;
    if (distance > window.size || back > window.fill) return 'bad-distance';
    if (limit - to < length) return 'too-big';
    output.reserve(length, limit);
    const out = output.bytes;
    output.length += length;
    if (back > 0) {
      const old = Math.min(back, length);
      window.read(back, old, out, to);
      to += old;
    }
    for (let from = to - distance; to < output.length; ) out[to++] = out[from++]!;
    return undefined;
  }
}

/** The entry of the next code, which is taken from the input; -1 when the input ends inside it. */
function decode(reader: BitReader, table: Int32Array, rootBits: number): number {
  for (;;) {
    const { hold, bits } = reader;
    let entry = table[hold & ((1 << rootBits) - 1)]!;
    if ((entry & LINK) !== 0) {
      entry = table[(entry >>> VALUE_SHIFT) + ((hold >>> (entry & 15)) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
    }
    // Bits that are not there read as 0. An entry is right if its code is all there, as it hangs on no bit past it.
    if ((entry & 15) <= bits) {
      reader.take(entry & 15);
      return entry;
    }
    if (!reader.has(bits + 1)) return -1;
  }
}
