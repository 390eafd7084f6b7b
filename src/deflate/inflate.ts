/**
 * Inflate: the blocks of RFC 1951, in any pieces, within a budget.
 *
 * Owns: block headers, stored blocks, the codes of dynamic blocks, where a message ends. Does not own: the symbols of a
 * block (`inflate-symbols.ts`), what the extension negotiated (`permessage.ts`).
 *
 * @module
 */
import { DEFLATE_ERRORS, ProtocolError } from '../errors.ts';
import { BitReader } from './bit-reader.ts';
import {
  DISTANCE_ENTRIES,
  DISTANCE_ROOT_BITS,
  DISTANCE_TABLE_SIZE,
  LENGTH_CODE_ENTRIES,
  LENGTH_CODE_ROOT_BITS,
  LITERAL_ENTRIES,
  LITERAL_ROOT_BITS,
  LITERAL_TABLE_SIZE,
  TableBuilder,
  VALUE_SHIFT,
} from './decode-table.ts';
import type { CodecOptions, Inflater } from './engine.ts';
import { SymbolDecoder } from './inflate-symbols.ts';
import { Output } from './output.ts';
import {
  DISTANCE_SYMBOLS,
  DYNAMIC,
  END_OF_BLOCK,
  FIXED,
  FIXED_DISTANCE_LENGTHS,
  FIXED_LITERAL_LENGTHS,
  LENGTH_CODE_ORDER,
  LENGTH_CODE_SYMBOLS,
  LITERAL_SYMBOLS,
  STORED,
} from './tables.ts';
import { Window } from './window.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

// What comes next in the input.
const BLOCK_HEADER = 0;
const STORED_LENGTH = 1;
const STORED_COMPLEMENT = 2;
const STORED_DATA = 3;
const CODE_COUNTS = 4;
const LENGTH_CODE = 5;
const CODE_LENGTHS = 6;
const SYMBOLS = 7;

/** The tables of a dynamic block, and what they are made from. */
class DynamicCodes {
  readonly literals: Int32Array = new Int32Array(LITERAL_TABLE_SIZE);
  readonly distances: Int32Array = new Int32Array(DISTANCE_TABLE_SIZE);
  readonly lengthCode: Int32Array = new Int32Array(1 << LENGTH_CODE_ROOT_BITS);
  readonly lengths: Uint8Array = new Uint8Array(LITERAL_SYMBOLS + DISTANCE_SYMBOLS);
}

/** Bytes of one {@link DynamicCodes}. */
const DYNAMIC_CODES_BYTES =
  4 * (LITERAL_TABLE_SIZE + DISTANCE_TABLE_SIZE + (1 << LENGTH_CODE_ROOT_BITS)) +
  LITERAL_SYMBOLS +
  DISTANCE_SYMBOLS;

/**
 * What the inflaters of one engine share: memory that a call uses and leaves, as calls never overlap. Only a message that
 * a piece's end leaves inside a dynamic block takes its tables with it, for as long as that block lasts.
 */
export class InflateScratch {
  readonly output: Output = new Output();
  readonly builder: TableBuilder = new TableBuilder();
  readonly fixedLiterals: Int32Array = new Int32Array(1 << 9);
  readonly fixedDistances: Int32Array = new Int32Array(1 << 5);
  #spare: DynamicCodes | undefined;

  constructor() {
    const { builder } = this;
    builder.build(FIXED_LITERAL_LENGTHS, 0, 288, LITERAL_ENTRIES, this.fixedLiterals, 9, false);
    builder.build(FIXED_DISTANCE_LENGTHS, 0, 32, DISTANCE_ENTRIES, this.fixedDistances, 5, false);
  }

  /** Tables to build in. */
  borrow(): DynamicCodes {
    const codes = this.#spare ?? new DynamicCodes();
    this.#spare = undefined;
    return codes;
  }

  /** Give tables back. */
  giveBack(codes: DynamicCodes): void {
    this.#spare = codes;
  }
}

/** The portable {@link Inflater}. */
export class PureInflater implements Inflater {
  readonly #scratch: InflateScratch;
  readonly #takeover: boolean;
  readonly #reader = new BitReader();
  readonly #window: Window;
  readonly #symbols: SymbolDecoder;
  #next = BLOCK_HEADER;
  #final = false;
  /** The block that ended last was a final one, and nothing came after it. */
  #ended = false;
  /** Of a stored block: its length, then what is left of it. */
  #stored = 0;
  #codes: DynamicCodes | undefined;
  #literalCount = 0;
  #distanceCount = 0;
  #lengthCodeCount = 0;
  #read = 0;
  #error: ProtocolError | undefined;
  #outputBeforeError = NOTHING;

  constructor(scratch: InflateScratch, options: CodecOptions) {
    this.#scratch = scratch;
    this.#takeover = options.contextTakeover;
    this.#window = new Window(options.windowBits);
    this.#symbols = new SymbolDecoder(scratch.fixedLiterals);
  }

  get outputBeforeError(): Uint8Array {
    return this.#outputBeforeError;
  }

  get retainedBytes(): number {
    return this.#window.retainedBytes + (this.#codes === undefined ? 0 : DYNAMIC_CODES_BYTES);
  }

  inflate(bytes: Uint8Array, last: boolean, maxOutputBytes: number): Uint8Array | ProtocolError {
    if (this.#error !== undefined) return this.#error;
    const { output } = this.#scratch;
    output.start();
    this.#reader.feed(bytes);
    this.#error = this.#run(output, maxOutputBytes);
    if (this.#error === undefined && last && !this.#isComplete()) {
      this.#error = this.#fault('the data ends inside a block');
    }
    this.#reader.release();
    if (this.#error !== undefined) {
      this.#outputBeforeError = output.finish();
      this.#forget();
      return this.#error;
    }
    if (!last || this.#takeover) this.#window.append(output.bytes, output.length);
    else this.#window.clear();
    if (last) this.#startMessage();
    return output.finish();
  }

  reset(): void {
    this.#error = undefined;
    this.#outputBeforeError = NOTHING;
    this.#forget();
  }

  dispose(): void {
    this.reset();
  }

  #forget(): void {
    this.#window.clear();
    this.#startMessage();
  }

  #startMessage(): void {
    this.#reader.clear();
    this.#next = BLOCK_HEADER;
    this.#final = false;
    this.#ended = false;
    this.#giveBackCodes();
  }

  /**
   * Whether the message may end here.
   *
   * RFC 7692 §7.2.2 appends 00 00 FF FF and decompresses. That is a whole number of blocks in two cases: these four
   * bytes are the length of an empty stored block whose header came last, as §7.2.1 has every sender do it; or the DEFLATE
   * stream was over before them, its last block having BFINAL set.
   */
  #isComplete(): boolean {
    return this.#next === STORED_LENGTH
      ? this.#reader.bits === 0
      : this.#ended && this.#next === BLOCK_HEADER;
  }

  #fault(what: string): ProtocolError {
    return new ProtocolError(
      'bad-deflate',
      DEFLATE_ERRORS['bad-deflate'],
      `Cannot inflate the message: ${what}`,
      this.#reader.offset,
    );
  }

  #tooBig(limit: number): ProtocolError {
    return new ProtocolError(
      'inflated-too-big',
      DEFLATE_ERRORS['inflated-too-big'],
      `Cannot inflate the message: more than the ${limit} bytes that were left for it come out`,
      this.#reader.offset,
    );
  }

  /** Inflate until the input is used up, or a fault. */
  #run(output: Output, limit: number): ProtocolError | undefined {
    const reader = this.#reader;
    for (;;) {
      switch (this.#next) {
        case BLOCK_HEADER: {
          if (!reader.has(3)) return undefined;
          this.#final = reader.take(1) === 1;
          this.#ended = false;
          const type = reader.take(2);
          if (type === STORED) {
            reader.align();
            this.#next = STORED_LENGTH;
          } else if (type === FIXED) {
            const { fixedLiterals, fixedDistances } = this.#scratch;
            this.#symbols.start(fixedLiterals, 9, fixedDistances, 5);
            this.#next = SYMBOLS;
          } else if (type === DYNAMIC) {
            this.#next = CODE_COUNTS;
          } else {
            return this.#fault('a block is of type 3, which does not exist');
          }
          break;
        }
        case STORED_LENGTH:
          if (!reader.has(16)) return undefined;
          this.#stored = reader.take(16);
          this.#next = STORED_COMPLEMENT;
          break;
        case STORED_COMPLEMENT:
          if (!reader.has(16)) return undefined;
          if (reader.take(16) !== (this.#stored ^ 0xffff)) {
            return this.#fault('the length of a stored block does not match its complement');
          }
          this.#next = STORED_DATA;
          break;
        case STORED_DATA: {
          const error = this.#copyStored(output, limit);
          if (error !== undefined) return error;
          if (this.#stored > 0) return undefined;
          this.#endBlock();
          break;
        }
        case SYMBOLS: {
          const result = this.#symbols.run(reader, output, this.#window, limit);
          if (result === 'more') return undefined;
          if (result === 'too-big') return this.#tooBig(limit);
          if (result === 'bad-symbol')
            return this.#fault('a literal or length has a code that does not exist');
          if (result === 'bad-distance')
            return this.#fault('a distance does not exist or reaches too far back');
          this.#endBlock();
          break;
        }
        default: {
          const error = this.#readCodes();
          if (error !== undefined) return error;
          if (this.#next !== SYMBOLS) return undefined;
        }
      }
    }
  }

  #endBlock(): void {
    this.#giveBackCodes();
    this.#next = BLOCK_HEADER;
    if (!this.#final) return;
    // RFC 7692 §7.2.3.4: a stream may end inside a message; the next one starts with the next byte.
    this.#reader.align();
    this.#ended = true;
  }

  #giveBackCodes(): void {
    if (this.#codes === undefined) return;
    this.#scratch.giveBack(this.#codes);
    this.#codes = undefined;
  }

  #copyStored(output: Output, limit: number): ProtocolError | undefined {
    const reader = this.#reader;
    // Bytes that were read ahead come first.
    while (this.#stored > 0 && reader.bits > 0) {
      if (output.length >= limit) return this.#tooBig(limit);
      output.reserve(1, limit);
      output.bytes[output.length++] = reader.take(8);
      this.#stored--;
    }
    const count = Math.min(this.#stored, reader.input.length - reader.at);
    const room = Math.min(count, limit - output.length);
    output.reserve(room, limit);
    output.bytes.set(reader.input.subarray(reader.at, reader.at + room), output.length);
    output.length += room;
    reader.at += room;
    this.#stored -= room;
    return room < count ? this.#tooBig(limit) : undefined;
  }

  /** The codes of a dynamic block (RFC 1951 §3.2.7); `#next` is `SYMBOLS` once they are all there. */
  #readCodes(): ProtocolError | undefined {
    const reader = this.#reader;
    if (this.#next === CODE_COUNTS) {
      if (!reader.has(14)) return undefined;
      this.#literalCount = reader.take(5) + 257;
      this.#distanceCount = reader.take(5) + 1;
      this.#lengthCodeCount = reader.take(4) + 4;
      if (this.#literalCount > LITERAL_SYMBOLS || this.#distanceCount > DISTANCE_SYMBOLS) {
        return this.#fault('a block describes more symbols than exist');
      }
      this.#codes = this.#scratch.borrow();
      this.#codes.lengths.fill(0, 0, LENGTH_CODE_SYMBOLS);
      this.#read = 0;
      this.#next = LENGTH_CODE;
    }
    const { lengths, lengthCode } = this.#codes!;
    if (this.#next === LENGTH_CODE) {
      while (this.#read < this.#lengthCodeCount) {
        if (!reader.has(3)) return undefined;
        lengths[LENGTH_CODE_ORDER[this.#read++]!] = reader.take(3);
      }
      const bits = this.#scratch.builder.build(
        lengths,
        0,
        LENGTH_CODE_SYMBOLS,
        LENGTH_CODE_ENTRIES,
        lengthCode,
        LENGTH_CODE_ROOT_BITS,
        false,
      );
      if (bits === 0) return this.#fault('the code of the code lengths is not complete');
      this.#lengthCodeCount = bits;
      this.#read = 0;
      this.#next = CODE_LENGTHS;
    }
    return this.#readCodeLengths(lengths, lengthCode);
  }

  #readCodeLengths(lengths: Uint8Array, lengthCode: Int32Array): ProtocolError | undefined {
    const reader = this.#reader;
    const mask = (1 << this.#lengthCodeCount) - 1;
    const total = this.#literalCount + this.#distanceCount;
    while (this.#read < total) {
      const entry = lengthCode[reader.hold & mask]!;
      const symbol = entry >>> VALUE_SHIFT;
      const bits = entry & 15;
      // 16: the last length again, 3 to 6 times; 17: zeros, 3 to 10; 18: zeros, 11 to 138.
      const extra = symbol < 16 ? 0 : symbol === 16 ? 2 : symbol === 17 ? 3 : 7;
      if (bits + extra > reader.bits) {
        if (!reader.has(reader.bits + 1)) return undefined;
        continue;
      }
      reader.take(bits);
      if (symbol < 16) {
        lengths[this.#read++] = symbol;
        continue;
      }
      if (symbol === 16 && this.#read === 0)
        return this.#fault('the first code length repeats one before it');
      const length = symbol === 16 ? lengths[this.#read - 1]! : 0;
      const end = this.#read + (symbol === 18 ? 11 : 3) + reader.take(extra);
      if (end > total) return this.#fault('a block describes more symbols than it announced');
      lengths.fill(length, this.#read, end);
      this.#read = end;
    }
    return this.#buildTables();
  }

  #buildTables(): ProtocolError | undefined {
    const { builder } = this.#scratch;
    const { lengths, literals, distances } = this.#codes!;
    if (lengths[END_OF_BLOCK] === 0) return this.#fault('a block has no code for its end');
    const literalBits = builder.build(
      lengths,
      0,
      this.#literalCount,
      LITERAL_ENTRIES,
      literals,
      LITERAL_ROOT_BITS,
      true,
    );
    if (literalBits === 0) return this.#fault('the code of the literals and lengths is not complete');
    const distanceBits = builder.build(
      lengths,
      this.#literalCount,
      this.#distanceCount,
      DISTANCE_ENTRIES,
      distances,
      DISTANCE_ROOT_BITS,
      true,
    );
    if (distanceBits === 0) return this.#fault('the code of the distances is not complete');
    this.#symbols.start(literals, literalBits, distances, distanceBits);
    this.#next = SYMBOLS;
    return undefined;
  }
}
