/**
 * Writes blocks: stored, fixed or dynamic, whichever is shortest (RFC 1951 §3.2.3).
 *
 * Owns: the choice, the symbols, and how a message ends. Does not own: finding matches, the codes of a dynamic block
 * (`dynamic-code.ts`).
 *
 * @module
 */
import { BitWriter, CODE_MASK } from './bit-writer.ts';
import { type Codes, DynamicCode } from './dynamic-code.ts';
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
  LENGTH_EXTRA,
  LENGTH_SYMBOL,
  STORED,
} from './tables.ts';
import { distanceSymbol, LENGTH_SHIFT, type Tokens } from './tokens.ts';

/** Most bytes in one stored block (RFC 1951 §3.2.4). */
const MAX_STORED = 65_535;
/** What an empty stored block has behind its header: its length and the complement. */
const EMPTY_STORED: Uint8Array = /* @__PURE__ */ Uint8Array.of(0, 0, 0xff, 0xff);
/** Size of a fixed block below which no dynamic one is tried, in bits. */
const DYNAMIC_FROM_BITS = 8 * 32;

/** The output of one call, and all that is needed to write blocks to it. */
export class BlockWriter {
  readonly #writer = new BitWriter();
  readonly #fixed: Codes = { literals: new Int32Array(288), distances: new Int32Array(32) };
  readonly #dynamic: DynamicCode;

  constructor() {
    const builder = new CodeBuilder();
    builder.codes(FIXED_LITERAL_LENGTHS, this.#fixed.literals);
    builder.codes(FIXED_DISTANCE_LENGTHS, this.#fixed.distances);
    this.#dynamic = new DynamicCode(builder);
  }

  /** Begin a run of blocks that will not take more than `capacity` bytes. */
  start(capacity: number): void {
    this.#writer.start(capacity);
  }

  /**
   * End on a byte boundary with an empty stored block, whose 00 00 FF FF is left out at the end of a message
   * (RFC 7692 §7.2.1); returns what was written: in memory of its own, or `lent` until the next {@link start}.
   */
  finish(last: boolean, lent = false): Uint8Array {
    const writer = this.#writer;
    writer.put(STORED << 1, 3);
    writer.align();
    if (!last) writer.copy(EMPTY_STORED, 0, 4);
    return writer.finish(lent);
  }

  /** Write bytes as they are; nothing for none. */
  stored(source: Uint8Array, from: number, to: number): void {
    const writer = this.#writer;
    for (let at = from; at < to; at += MAX_STORED) {
      const end = Math.min(to, at + MAX_STORED);
      writer.put(STORED << 1, 3);
      writer.align();
      writer.put(end - at, 16);
      writer.put((end - at) ^ 0xffff, 16);
      writer.copy(source, at, end);
    }
  }

  /** Write a block of the shortest kind; `source` from `from` to `to` is what the tokens stand for. */
  block(tokens: Tokens, source: Uint8Array, from: number, to: number): void {
    const extra = extraBits(tokens);
    const fixed = 3 + extra + fixedBits(tokens);
    let bits = fixed;
    // A dynamic block has about 30 bytes of header at least; a block that the fixed codes make that small is done.
    if (fixed > DYNAMIC_FROM_BITS) {
      bits = Math.min(fixed, 3 + extra + this.#dynamic.plan(tokens));
    }
    const length = to - from;
    const storedBits = (3 + 7 + 32) * Math.ceil(length / MAX_STORED) + 8 * length;
    if (storedBits <= bits) {
      this.stored(source, from, to);
    } else if (bits === fixed) {
      this.#writer.put(FIXED << 1, 3);
      this.#symbols(tokens, this.#fixed);
    } else {
      this.#writer.put(DYNAMIC << 1, 3);
      this.#dynamic.writeHeader(this.#writer);
      this.#symbols(tokens, this.#dynamic);
    }
  }

  #symbols(tokens: Tokens, codes: Codes): void {
    const { literals, distances } = codes;
    const { list, count } = tokens;
    const writer = this.#writer;
    const { bytes } = writer;
    let { at, hold, bits } = writer;
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
          hold >>= 16;
          bits -= 16;
        }
        hold |= (length - LENGTH_BASE[symbol]!) << bits;
        bits += LENGTH_EXTRA[symbol]!;
        if (bits >= 16) {
          bytes[at++] = hold;
          bytes[at++] = hold >>> 8;
          hold >>= 16;
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
          hold >>= 16;
          bits -= 16;
        }
        hold |= (distance - DISTANCE_BASE[symbol]!) << bits;
        bits += DISTANCE_EXTRA[symbol]!;
      }
      if (bits >= 16) {
        bytes[at++] = hold;
        bytes[at++] = hold >>> 8;
        hold >>= 16;
        bits -= 16;
      }
    }
    writer.at = at;
    writer.hold = hold;
    writer.bits = bits;
    writer.putCode(literals[END_OF_BLOCK]!);
  }
}

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
