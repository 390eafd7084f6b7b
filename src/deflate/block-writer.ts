/**
 * Writes blocks: stored, fixed or dynamic, whichever is shortest (RFC 1951 §3.2.3).
 *
 * Owns: the bit stream, the choice, the header of a dynamic block. Does not own: finding matches.
 *
 * @module
 */
import { CodeBuilder } from './huffman.ts';
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

/** A literal/length code and a distance code, ready to be written. */
interface Codes {
  readonly literalLengths: Uint8Array;
  readonly literalCodes: Uint16Array;
  readonly distanceLengths: Uint8Array;
  readonly distanceCodes: Uint16Array;
}

/** The output of one call, and all that is needed to write blocks to it. */
export class BlockWriter {
  #bytes: Uint8Array = NOTHING;
  #at = 0;
  /** Bits that are not in `#bytes` yet, the next one lowest; fewer than 16 between writes. */
  #hold = 0;
  #bits = 0;

  readonly #builder = new CodeBuilder();
  readonly #fixed: Codes;
  readonly #dynamic: Codes;
  readonly #lengthCodeFrequencies = new Int32Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCodeLengths = new Uint8Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCodeCodes = new Uint16Array(LENGTH_CODE_SYMBOLS);
  /** The code lengths of a dynamic block, run-length coded: `extra << 8 | symbol`. */
  readonly #runs = new Uint16Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #runCount = 0;

  constructor() {
    this.#fixed = codesFor(FIXED_LITERAL_LENGTHS, FIXED_DISTANCE_LENGTHS);
    this.#dynamic = codesFor(new Uint8Array(LITERAL_SYMBOLS), new Uint8Array(DISTANCE_SYMBOLS));
    this.#builder.codes(FIXED_LITERAL_LENGTHS, 288, this.#fixed.literalCodes);
    this.#builder.codes(FIXED_DISTANCE_LENGTHS, 32, this.#fixed.distanceCodes);
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
    const fixedBits = 3 + extra + codeBits(tokens, this.#fixed);
    let bits = fixedBits;
    // A dynamic block has about 30 bytes of header at least; a block that the fixed codes make that small is done.
    if (fixedBits > DYNAMIC_FROM_BITS) {
      const dynamicBits = 3 + extra + this.#plan(tokens);
      if (dynamicBits < fixedBits) bits = dynamicBits;
    }
    const length = to - from;
    const storedBits = (3 + 7 + 32) * Math.ceil(length / MAX_STORED) + 8 * length;
    if (storedBits <= bits) {
      this.stored(source, from, to);
    } else if (bits === fixedBits) {
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
    const { literalLengths, literalCodes, distanceLengths, distanceCodes } = this.#dynamic;
    const builder = this.#builder;
    const literalCount = builder.lengths(tokens.literals, LITERAL_SYMBOLS, MAX_CODE_BITS, literalLengths);
    const distanceCount = builder.lengths(tokens.distances, DISTANCE_SYMBOLS, MAX_CODE_BITS, distanceLengths);
    builder.codes(literalLengths, literalCount, literalCodes);
    builder.codes(distanceLengths, distanceCount, distanceCodes);

    this.#literalCount = literalCount;
    this.#distanceCount = distanceCount;
    this.#lengthCodeFrequencies.fill(0);
    this.#runCount = 0;
    let bits = this.#runLengths(literalLengths, literalCount);
    bits += this.#runLengths(distanceLengths, distanceCount);
    const lengths = this.#lengthCodeLengths;
    builder.lengths(this.#lengthCodeFrequencies, LENGTH_CODE_SYMBOLS, MAX_LENGTH_CODE_BITS, lengths);
    builder.codes(lengths, LENGTH_CODE_SYMBOLS, this.#lengthCodeCodes);
    let count = LENGTH_CODE_SYMBOLS;
    while (count > 4 && lengths[LENGTH_CODE_ORDER[count - 1]!] === 0) count--;
    this.#lengthCodeCount = count;

    bits += 5 + 5 + 4 + 3 * count;
    for (let symbol = 0; symbol < LENGTH_CODE_SYMBOLS; symbol++) {
      bits += this.#lengthCodeFrequencies[symbol]! * lengths[symbol]!;
    }
    return bits + codeBits(tokens, this.#dynamic);
  }
  #literalCount = 0;
  #distanceCount = 0;
  #lengthCodeCount = 0;

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
      this.#put(this.#lengthCodeCodes[symbol]!, this.#lengthCodeLengths[symbol]!);
      if (symbol >= 16) this.#put(run >>> 8, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
    }
  }

  #symbols(tokens: Tokens, codes: Codes): void {
    const { literalLengths, literalCodes, distanceLengths, distanceCodes } = codes;
    const { list, count } = tokens;
    const bytes = this.#bytes;
    let at = this.#at;
    let hold = this.#hold;
    let bits = this.#bits;
    for (let i = 0; i < count; i++) {
      const token = list[i]!;
      // `hold` has fewer than 16 bits here, and no code has more than 15.
      if (token < 1 << LENGTH_SHIFT) {
        hold |= literalCodes[token]! << bits;
        bits += literalLengths[token]!;
      } else {
        const length = token >>> LENGTH_SHIFT;
        let symbol = LENGTH_SYMBOL[length]!;
        hold |= literalCodes[257 + symbol]! << bits;
        bits += literalLengths[257 + symbol]!;
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
        hold |= distanceCodes[symbol]! << bits;
        bits += distanceLengths[symbol]!;
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
    this.#put(literalCodes[END_OF_BLOCK]!, literalLengths[END_OF_BLOCK]!);
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

/** Size of a fixed block below which no dynamic one is tried, in bits. */
const DYNAMIC_FROM_BITS = 8 * 64;

function codesFor(literalLengths: Uint8Array, distanceLengths: Uint8Array): Codes {
  return {
    literalLengths,
    literalCodes: new Uint16Array(literalLengths.length),
    distanceLengths,
    distanceCodes: new Uint16Array(distanceLengths.length),
  };
}

/** Bits of the codes of all symbols. */
function codeBits(tokens: Tokens, codes: Codes): number {
  const { literals, distances } = tokens;
  const { literalLengths, distanceLengths } = codes;
  let bits = 0;
  for (let symbol = 0; symbol < LITERAL_SYMBOLS; symbol++)
    bits += literals[symbol]! * literalLengths[symbol]!;
  for (let symbol = 0; symbol < DISTANCE_SYMBOLS; symbol++)
    bits += distances[symbol]! * distanceLengths[symbol]!;
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
