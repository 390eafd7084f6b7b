/**
 * Writes blocks: stored, fixed or dynamic, whichever is shortest (RFC 1951 §3.2.3).
 *
 * Owns: the bit stream, the choice, the header of a dynamic block. Does not own: finding matches.
 *
 * @module
 */
import { CODE_BITS, CodeBuilder } from './huffman.ts';
import {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  DISTANCE_SYMBOLS,
  DYNAMIC,
  END_OF_BLOCK,
  FIXED,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_BASE,
  LENGTH_CODE_ORDER,
  LENGTH_CODE_SYMBOLS,
  LENGTH_EXTRA,
  LENGTH_SYMBOL,
  LITERAL_SYMBOLS,
  MAX_CODE_BITS,
  STORED,
} from './tables.ts';
import { distanceSymbol, LENGTH_SHIFT, type Tokens } from './tokens.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);
/** Kept between calls, in bytes. */
const KEPT = 64 * 1024;
/** Most bytes in one stored block (RFC 1951 §3.2.4). */
const MAX_STORED = 65_535;
/** Longest code of the code length code (RFC 1951 §3.2.7). */
const MAX_LENGTH_CODE_BITS = 7;

/** A literal/length code and a distance code, ready to be written: entries as `CodeBuilder` makes them. */
interface Codes {
  readonly literals: Int32Array;
  readonly distances: Int32Array;
}

/** The output of one call, and all that is needed to write blocks to it. */
export class BlockWriter {
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  /** Bits that are not in `#bytes` yet, the next one lowest; fewer than 16 between writes. */
  #hold = 0;
  #bits = 0;

  readonly #builder = new CodeBuilder();
  readonly #fixed: Codes = { literals: new Int32Array(288), distances: new Int32Array(32) };
  readonly #dynamic: Codes = {
    literals: new Int32Array(LITERAL_SYMBOLS),
    distances: new Int32Array(DISTANCE_SYMBOLS),
  };
  // Of the dynamic block at hand.
  readonly #literalLengths = new Uint8Array(LITERAL_SYMBOLS);
  readonly #distanceLengths = new Uint8Array(DISTANCE_SYMBOLS);
  readonly #lengthCodeFrequencies = new Int32Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCodeLengths = new Uint8Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCode = new Int32Array(LENGTH_CODE_SYMBOLS);
  #literalCount = 0;
  #distanceCount = 0;
  #lengthCodeCount = 0;
  /** The code lengths of a dynamic block, run-length coded: `extra << 8 | symbol`. */
  readonly #runs = new Uint16Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #runCount = 0;

  constructor() {
    this.#builder.codes(FIXED_LITERAL_LENGTHS, this.#fixed.literals);
    this.#builder.codes(FIXED_DISTANCE_LENGTHS, this.#fixed.distances);
  }

  /** Begin a run of blocks that will not take more than `capacity` bytes. */
  start(capacity: number): void {
    if (this.#bytes.length < capacity) this.#bytes = new Uint8Array(Math.max(KEPT, capacity));
    this.#at = 0;
  }

  /**
   * End on a byte boundary with an empty stored block, whose 00 00 FF FF is left out at the end of a message
   * (RFC 7692 §7.2.1); returns what was written, in memory of its own.
   */
  finish(last: boolean): Uint8Array {
    this.#put(STORED << 1, 3);
    this.#align();
    if (!last) {
      this.#bytes.set([0, 0, 0xff, 0xff], this.#at);
      this.#at += 4;
    }
    const result = this.#bytes.slice(0, this.#at);
    if (this.#bytes.length > KEPT) this.#bytes = NOTHING;
    return result;
  }

  /** Write bytes as they are; nothing for none. */
  stored(source: Uint8Array, from: number, to: number): void {
    for (let at = from; at < to; at += MAX_STORED) {
      const length = Math.min(MAX_STORED, to - at);
      this.#put(STORED << 1, 3);
      this.#align();
      this.#put(length, 16);
      this.#put(length ^ 0xffff, 16);
      this.#bytes.set(source.subarray(at, at + length), this.#at);
      this.#at += length;
    }
  }

  /** Write a block of the shortest kind; `source` from `from` to `to` is what the tokens stand for. */
  block(tokens: Tokens, source: Uint8Array, from: number, to: number): void {
    const extra = extraBits(tokens);
    const fixed = 3 + extra + fixedBits(tokens);
    let bits = fixed;
    // A dynamic block has about 30 bytes of header at least; a block that the fixed codes make that small is done.
    if (fixed > DYNAMIC_FROM_BITS) {
      bits = Math.min(fixed, 3 + extra + this.#plan(tokens));
    }
    const length = to - from;
    const storedBits = (3 + 7 + 32) * Math.ceil(length / MAX_STORED) + 8 * length;
    if (storedBits <= bits) {
      this.stored(source, from, to);
    } else if (bits === fixed) {
      this.#put(FIXED << 1, 3);
      this.#symbols(tokens, this.#fixed);
    } else {
      this.#put(DYNAMIC << 1, 3);
      this.#header();
      this.#symbols(tokens, this.#dynamic);
    }
  }

  /** Make the codes of a dynamic block and its header; returns their bits together with those of the symbols' codes. */
  #plan(tokens: Tokens): number {
    const builder = this.#builder;
    const { literals, distances } = this.#dynamic;
    this.#literalCount = builder.build(
      tokens.literals,
      LITERAL_SYMBOLS,
      MAX_CODE_BITS,
      this.#literalLengths,
      literals,
    );
    let bits = builder.cost;
    this.#distanceCount = builder.build(
      tokens.distances,
      DISTANCE_SYMBOLS,
      MAX_CODE_BITS,
      this.#distanceLengths,
      distances,
    );
    bits += builder.cost;

    this.#lengthCodeFrequencies.fill(0);
    this.#runCount = 0;
    bits += this.#runLengths(this.#literalLengths, this.#literalCount);
    bits += this.#runLengths(this.#distanceLengths, this.#distanceCount);
    const lengths = this.#lengthCodeLengths;
    builder.build(
      this.#lengthCodeFrequencies,
      LENGTH_CODE_SYMBOLS,
      MAX_LENGTH_CODE_BITS,
      lengths,
      this.#lengthCode,
    );
    bits += builder.cost;
    let count = LENGTH_CODE_SYMBOLS;
    while (count > 4 && lengths[LENGTH_CODE_ORDER[count - 1]!] === 0) count--;
    this.#lengthCodeCount = count;
    return bits + 5 + 5 + 4 + 3 * count;
  }

  /** Run-length code the lengths of one code (RFC 1951 §3.2.7); returns the extra bits that takes. */
  #runLengths(lengths: Uint8Array, count: number): number {
    let bits = 0;
    for (let at = 0; at < count; ) {
      const length = lengths[at]!;
      let end = at + 1;
      while (end < count && lengths[end] === length) end++;
      let run = end - at;
      at = end;
      if (length !== 0) {
        this.#run(length, 0);
        run--;
      }
      while (run >= 3) {
        if (length !== 0) {
          const repeat = Math.min(run, 6);
          this.#run(16, repeat - 3);
          bits += 2;
          run -= repeat;
        } else if (run <= 10) {
          this.#run(17, run - 3);
          bits += 3;
          run = 0;
        } else {
          const repeat = Math.min(run, 138);
          this.#run(18, repeat - 11);
          bits += 7;
          run -= repeat;
        }
      }
      for (; run > 0; run--) this.#run(length, 0);
    }
    return bits;
  }

  #run(symbol: number, extra: number): void {
    this.#runs[this.#runCount++] = (extra << 8) | symbol;
    this.#lengthCodeFrequencies[symbol]!++;
  }

  #header(): void {
    this.#put(this.#literalCount - 257, 5);
    this.#put(this.#distanceCount - 1, 5);
    this.#put(this.#lengthCodeCount - 4, 4);
    for (let i = 0; i < this.#lengthCodeCount; i++)
      this.#put(this.#lengthCodeLengths[LENGTH_CODE_ORDER[i]!]!, 3);
    for (let i = 0; i < this.#runCount; i++) {
      const run = this.#runs[i]!;
      const symbol = run & 0xff;
      this.#putCode(this.#lengthCode[symbol]!);
      if (symbol >= 16) this.#put(run >>> 8, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
    }
  }

  #symbols(tokens: Tokens, codes: Codes): void {
    const { literals, distances } = codes;
    const { list, count } = tokens;
    const bytes = this.#bytes;
    let at = this.#at;
    let hold = this.#hold;
    let bits = this.#bits;
    for (let i = 0; i < count; i++) {
      const token = list[i]!;
      // `hold` has fewer than 16 bits before each step, and no step adds more than 15.
      if (token < 1 << LENGTH_SHIFT) {
        const code = literals[token]!;
        hold |= (code & CODE_MASK) << bits;
        bits += code >>> CODE_BITS;
      } else {
        const length = token >>> LENGTH_SHIFT;
        let symbol = LENGTH_SYMBOL[length]!;
        let code = literals[257 + symbol]!;
        hold |= (code & CODE_MASK) << bits;
        bits += code >>> CODE_BITS;
        if (bits >= 16) {
          bytes[at++] = hold;
          bytes[at++] = hold >>> 8;
          hold >>>= 16;
          bits -= 16;
        }
        hold |= (length - LENGTH_BASE[symbol]!) << bits;
        bits += LENGTH_EXTRA[symbol]!;
        if (bits >= 16) {
          bytes[at++] = hold;
          bytes[at++] = hold >>> 8;
          hold >>>= 16;
          bits -= 16;
        }
        const distance = (token & ((1 << LENGTH_SHIFT) - 1)) + 1;
        symbol = distanceSymbol(distance);
        code = distances[symbol]!;
        hold |= (code & CODE_MASK) << bits;
        bits += code >>> CODE_BITS;
        if (bits >= 16) {
          bytes[at++] = hold;
          bytes[at++] = hold >>> 8;
          hold >>>= 16;
          bits -= 16;
        }
        hold |= (distance - DISTANCE_BASE[symbol]!) << bits;
        bits += DISTANCE_EXTRA[symbol]!;
      }
      if (bits >= 16) {
        bytes[at++] = hold;
        bytes[at++] = hold >>> 8;
        hold >>>= 16;
        bits -= 16;
      }
    }
    this.#at = at;
    this.#hold = hold;
    this.#bits = bits;
    this.#putCode(literals[END_OF_BLOCK]!);
  }

  /** Write the low `count` bits of `value`, 16 at most. */
  #put(value: number, count: number): void {
    this.#hold |= value << this.#bits;
    this.#bits += count;
    if (this.#bits >= 16) {
      this.#bytes[this.#at++] = this.#hold;
      this.#bytes[this.#at++] = this.#hold >>> 8;
      this.#hold >>>= 16;
      this.#bits -= 16;
    }
  }

  #putCode(code: number): void {
    this.#put(code & CODE_MASK, code >>> CODE_BITS);
  }

  /** Fill up the byte with zeros. */
  #align(): void {
    for (; this.#bits > 0; this.#bits -= 8) {
      this.#bytes[this.#at++] = this.#hold;
      this.#hold >>>= 8;
    }
    this.#hold = 0;
    this.#bits = 0;
  }
}

/** The code in an entry of `CodeBuilder`. */
const CODE_MASK = (1 << CODE_BITS) - 1;
/** Size of a fixed block below which no dynamic one is tried, in bits. */
const DYNAMIC_FROM_BITS = 8 * 32;

/** Bits of the codes of all symbols in the fixed code: 8, but for the upper literals and most lengths. */
function fixedBits(tokens: Tokens): number {
  const { literals, distances } = tokens;
  let bits = 8 * (tokens.count + 1);
  for (let symbol = 144; symbol < END_OF_BLOCK; symbol++) bits += literals[symbol]!;
  for (let symbol = END_OF_BLOCK; symbol < 280; symbol++) bits -= literals[symbol]!;
  for (let symbol = 0; symbol < DISTANCE_SYMBOLS; symbol++) bits += 5 * distances[symbol]!;
  return bits;
}

/** Extra bits of all symbols: the same in any code. */
function extraBits(tokens: Tokens): number {
  const { literals, distances } = tokens;
  let bits = 0;
  for (let symbol = 8; symbol < 28; symbol++) bits += literals[257 + symbol]! * LENGTH_EXTRA[symbol]!;
  for (let symbol = 4; symbol < DISTANCE_SYMBOLS; symbol++)
    bits += distances[symbol]! * DISTANCE_EXTRA[symbol]!;
  return bits;
}
