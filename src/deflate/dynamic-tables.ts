/**
 * The codes of a dynamic block, as the decoder reads them (RFC 1951 §3.2.7).
 *
 * Owns: the header behind the block's type, and the tables made from it. Does not own: building a table
 * (`decode-table.ts`), who holds the tables and for how long (`inflate.ts`).
 *
 * @module
 */
import type { BitReader } from './bit-reader.ts';
import {
  DISTANCE_ENTRIES,
  DISTANCE_ROOT_BITS,
  DISTANCE_TABLE_SIZE,
  LENGTH_CODE_ENTRIES,
  LENGTH_CODE_ROOT_BITS,
  LITERAL_ENTRIES,
  LITERAL_ROOT_BITS,
  LITERAL_TABLE_SIZE,
  type TableBuilder,
  VALUE_SHIFT,
} from './decode-table.ts';
import {
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  LENGTH_CODE_ORDER,
  LENGTH_CODE_SYMBOLS,
  LITERAL_SYMBOLS,
} from './tables.ts';

// What comes next in the header.
const COUNTS = 0;
const LENGTH_CODE = 1;
const LENGTHS = 2;

/** Bytes of one {@link DynamicTables}. */
export const DYNAMIC_TABLES_BYTES: number =
  4 * (LITERAL_TABLE_SIZE + DISTANCE_TABLE_SIZE + (1 << LENGTH_CODE_ROOT_BITS)) +
  LITERAL_SYMBOLS +
  DISTANCE_SYMBOLS;

/** The tables of a dynamic block, and how far its header has been read. */
export class DynamicTables {
  /** Literal/length table. */
  readonly literals: Int32Array = new Int32Array(LITERAL_TABLE_SIZE);
  /** Bits that index its root. */
  literalBits = 0;
  /** Distance table. */
  readonly distances: Int32Array = new Int32Array(DISTANCE_TABLE_SIZE);
  /** Bits that index its root. */
  distanceBits = 0;
  readonly #lengthCode = new Int32Array(1 << LENGTH_CODE_ROOT_BITS);
  #lengthCodeBits = 0;
  /** The lengths of the code length code, then those of both codes. */
  readonly #lengths = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
  #next = COUNTS;
  #literalCount = 0;
  #distanceCount = 0;
  #lengthCodeCount = 0;
  /** How many lengths have been read. */
  #read = 0;

  /** Begin a block. */
  start(): void {
    this.#next = COUNTS;
  }

  /**
   * Read on, as far as the input goes.
   *
   * @returns True when the tables are there, false when more input is needed, or what is wrong.
   */
  read(reader: BitReader, builder: TableBuilder): boolean | string {
    const lengths = this.#lengths;
    if (this.#next === COUNTS) {
      if (!reader.has(14)) return false;
      this.#literalCount = reader.take(5) + 257;
      this.#distanceCount = reader.take(5) + 1;
      this.#lengthCodeCount = reader.take(4) + 4;
      if (this.#literalCount > LITERAL_SYMBOLS || this.#distanceCount > DISTANCE_SYMBOLS) {
        return 'a block describes more symbols than exist';
      }
      lengths.fill(0, 0, LENGTH_CODE_SYMBOLS);
      this.#read = 0;
      this.#next = LENGTH_CODE;
    }
    if (this.#next === LENGTH_CODE) {
      while (this.#read < this.#lengthCodeCount) {
        if (!reader.has(3)) return false;
        lengths[LENGTH_CODE_ORDER[this.#read++]!] = reader.take(3);
      }
      this.#lengthCodeBits = builder.build(
        lengths,
        0,
        LENGTH_CODE_SYMBOLS,
        LENGTH_CODE_ENTRIES,
        this.#lengthCode,
        LENGTH_CODE_ROOT_BITS,
        false,
      );
      if (this.#lengthCodeBits === 0) return 'the code of the code lengths is not complete';
      this.#read = 0;
      this.#next = LENGTHS;
    }
    const done = this.#readLengths(reader);
    return done === true ? this.#build(builder) : done;
  }

  #readLengths(reader: BitReader): boolean | string {
    const lengths = this.#lengths;
    const lengthCode = this.#lengthCode;
    const mask = (1 << this.#lengthCodeBits) - 1;
    const total = this.#literalCount + this.#distanceCount;
    while (this.#read < total) {
      const entry = lengthCode[reader.hold & mask]!;
      const symbol = entry >>> VALUE_SHIFT;
      const bits = entry & 15;
      // 16: the last length again, 3 to 6 times; 17: zeros, 3 to 10; 18: zeros, 11 to 138.
      const extra = symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      // Bits that are not there read as 0, and so name a symbol that may be wrong, but never one whose code is all there.
      if (bits + extra > reader.bits) {
        if (!reader.has(reader.bits + 1)) return false;
        continue;
      }
      reader.take(bits);
      if (symbol < 16) {
        lengths[this.#read++] = symbol;
        continue;
      }
      if (symbol === 16 && this.#read === 0) return 'the first code length repeats one before it';
      const length = symbol === 16 ? lengths[this.#read - 1]! : 0;
      const end = this.#read + (symbol === 18 ? 11 : 3) + reader.take(extra);
      if (end > total) return 'a block describes more symbols than it announced';
      lengths.fill(length, this.#read, end);
      this.#read = end;
    }
    return true;
  }

  #build(builder: TableBuilder): true | string {
    const lengths = this.#lengths;
    if (lengths[END_OF_BLOCK] === 0) return 'a block has no code for its end';
    this.literalBits = builder.build(
      lengths,
      0,
      this.#literalCount,
      LITERAL_ENTRIES,
      this.literals,
      LITERAL_ROOT_BITS,
      true,
    );
    if (this.literalBits === 0) return 'the code of the literals and lengths is not complete';
    this.distanceBits = builder.build(
      lengths,
      this.#literalCount,
      this.#distanceCount,
      DISTANCE_ENTRIES,
      this.distances,
      DISTANCE_ROOT_BITS,
      true,
    );
    return this.distanceBits === 0 ? 'the code of the distances is not complete' : true;
  }
}
