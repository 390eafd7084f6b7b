/**
 * The codes of a dynamic block, as the encoder makes and describes them (RFC 1951 §3.2.7).
 *
 * Owns: the two codes, the code that their lengths are written in, the header. Does not own: whether the block is dynamic
 * (`block-writer.ts`), Huffman's algorithm (`huffman.ts`).
 *
 * @module
 */
import type { BitWriter } from './bit-writer.ts';
import type { CodeBuilder } from './huffman.ts';
import {
  DISTANCE_SYMBOLS,
  LENGTH_CODE_ORDER,
  LENGTH_CODE_SYMBOLS,
  LITERAL_SYMBOLS,
  MAX_CODE_BITS,
} from './tables.ts';
import type { Tokens } from './tokens.ts';

/** Longest code of the code length code. */
const MAX_LENGTH_CODE_BITS = 7;

/** A literal/length code and a distance code, ready to be written: entries as `CodeBuilder` makes them. */
export interface Codes {
  /** Of each literal/length symbol. */
  readonly literals: Int32Array;
  /** Of each distance symbol. */
  readonly distances: Int32Array;
}

/** Codes that fit one block; made anew for each. */
export class DynamicCode implements Codes {
  readonly literals: Int32Array = new Int32Array(LITERAL_SYMBOLS);
  readonly distances: Int32Array = new Int32Array(DISTANCE_SYMBOLS);
  readonly #builder: CodeBuilder;
  readonly #literalLengths = new Uint8Array(LITERAL_SYMBOLS);
  readonly #distanceLengths = new Uint8Array(DISTANCE_SYMBOLS);
  #literalCount = 0;
  #distanceCount = 0;
  /** The lengths of both codes, run-length coded: `extra << 8 | symbol`. */
  readonly #runs = new Uint16Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #runCount = 0;
  /** The code that the runs are written in. */
  readonly #lengthCode = new Int32Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCodeLengths = new Uint8Array(LENGTH_CODE_SYMBOLS);
  readonly #lengthCodeFrequencies = new Int32Array(LENGTH_CODE_SYMBOLS);
  #lengthCodeCount = 0;

  constructor(builder: CodeBuilder) {
    this.#builder = builder;
  }

  /** Make the codes for a block; returns how many bits its header and its symbols' codes take, without extra bits. */
  plan(tokens: Tokens): number {
    const builder = this.#builder;
    const { literals, distances } = this;
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
    // Never below 4: some code is 1 to 15 bits long, and those lengths come after the first four.
    while (lengths[LENGTH_CODE_ORDER[count - 1]!] === 0) count--;
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

  /** Write what the block starts with, behind its type: how many codes there are, and their lengths. */
  writeHeader(writer: BitWriter): void {
    writer.put(this.#literalCount - 257, 5);
    writer.put(this.#distanceCount - 1, 5);
    writer.put(this.#lengthCodeCount - 4, 4);
    for (let i = 0; i < this.#lengthCodeCount; i++)
      writer.put(this.#lengthCodeLengths[LENGTH_CODE_ORDER[i]!]!, 3);
    for (let i = 0; i < this.#runCount; i++) {
      const run = this.#runs[i]!;
      const symbol = run & 0xff;
      writer.putCode(this.#lengthCode[symbol]!);
      if (symbol >= 16) writer.put(run >>> 8, symbol === 16 ? 2 : symbol === 17 ? 3 : 7);
    }
  }
}
