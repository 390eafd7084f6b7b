/**
 * Inflate: the blocks of RFC 1951, in any pieces, within a budget.
 *
 * Owns: block headers, stored blocks, where a message ends. Does not own: the codes of dynamic blocks (`dynamic-tables.ts`), the
 * symbols of a block (`inflate-symbols.ts`), what the extension negotiated (`permessage.ts`).
 *
 * @module
 */
import { DEFLATE_ERRORS, ProtocolError, UsageRangeError } from '../errors.ts';
import { BitReader } from './bit-reader.ts';
import { DISTANCE_ENTRIES, LITERAL_ENTRIES, TableBuilder } from './decode-table.ts';
import { DYNAMIC_TABLES_BYTES, DynamicTables } from './dynamic-tables.ts';
import type { CodecOptions, Inflater } from './engine.ts';
import { SymbolDecoder } from './inflate-symbols.ts';
import { Output } from './output.ts';
import { DYNAMIC, FIXED, FIXED_DISTANCE_LENGTHS, FIXED_LITERAL_LENGTHS, STORED } from './tables.ts';
import { Window } from './window.ts';

const NOTHING: Uint8Array = /* @__PURE__ */ new Uint8Array(0);

// What comes next in the input.
const BLOCK_HEADER = 0;
const STORED_LENGTH = 1;
const STORED_COMPLEMENT = 2;
const STORED_DATA = 3;
const DYNAMIC_HEADER = 4;
const SYMBOLS = 5;

/**
 * What the inflaters of one engine share: memory that a call uses and leaves, as calls never overlap. Only a message that
 * a piece's end leaves inside a dynamic block takes its tables with it, for as long as that block lasts.
 */
export class InflateScratch {
  readonly output: Output = new Output();
  readonly builder: TableBuilder = new TableBuilder();
  readonly fixedLiterals: Int32Array = new Int32Array(1 << 9);
  readonly fixedDistances: Int32Array = new Int32Array(1 << 5);
  #spare: DynamicTables | undefined;

  constructor() {
    const { builder } = this;
    builder.build(FIXED_LITERAL_LENGTHS, 0, 288, LITERAL_ENTRIES, this.fixedLiterals, 9, false);
    builder.build(FIXED_DISTANCE_LENGTHS, 0, 32, DISTANCE_ENTRIES, this.fixedDistances, 5, false);
  }

  /** Tables to build in. */
  borrow(): DynamicTables {
    const tables = this.#spare ?? new DynamicTables();
    this.#spare = undefined;
    tables.start();
    return tables;
  }

  /** Give tables back. */
  giveBack(tables: DynamicTables): void {
    this.#spare = tables;
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
  /** Of the dynamic block at hand. */
  #tables: DynamicTables | undefined;
  #error: ProtocolError | undefined;
  #outputBeforeError = NOTHING;

  /** @param offset What the offsets of errors count from: how many bytes of this direction were inflated elsewhere. */
  constructor(scratch: InflateScratch, options: CodecOptions, offset = 0) {
    this.#scratch = scratch;
    this.#reader.before = offset;
    this.#takeover = options.contextTakeover;
    this.#window = new Window(options.windowBits);
    this.#symbols = new SymbolDecoder(scratch.fixedLiterals);
  }

  get outputBeforeError(): Uint8Array {
    return this.#outputBeforeError;
  }

  get retainedBytes(): number {
    return this.#window.retainedBytes + (this.#tables === undefined ? 0 : DYNAMIC_TABLES_BYTES);
  }

  inflate(
    bytes: Uint8Array,
    last: boolean,
    maxOutputBytes: number,
    lent = false,
  ): Uint8Array | ProtocolError {
    if (this.#error !== undefined) return this.#error;
    // Not `< 0`: NaN would switch the budget off.
    if (!(maxOutputBytes >= 0)) {
      throw new UsageRangeError(
        'bad-argument',
        `Cannot inflate: maxOutputBytes is ${maxOutputBytes}, expected 0 or more, or Infinity`,
      );
    }
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
    return output.finish(lent);
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
    this.#giveBackTables();
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

  /** Says no number: what was left of the budget depends on how the message was cut. */
  #tooBig(): ProtocolError {
    return new ProtocolError(
      'inflated-too-big',
      DEFLATE_ERRORS['inflated-too-big'],
      'Cannot inflate the message: more comes out than is allowed',
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
            this.#tables = this.#scratch.borrow();
            this.#next = DYNAMIC_HEADER;
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
          if (result === 'too-big') return this.#tooBig();
          if (result === 'bad-symbol')
            return this.#fault('a literal or length has a code that does not exist');
          if (result === 'bad-distance')
            return this.#fault('a distance does not exist or reaches too far back');
          this.#endBlock();
          break;
        }
        default: {
          const tables = this.#tables!;
          const done = tables.read(reader, this.#scratch.builder);
          if (typeof done === 'string') return this.#fault(done);
          if (!done) return undefined;
          this.#symbols.start(tables.literals, tables.literalBits, tables.distances, tables.distanceBits);
          this.#next = SYMBOLS;
        }
      }
    }
  }

  #endBlock(): void {
    this.#giveBackTables();
    this.#next = BLOCK_HEADER;
    if (!this.#final) return;
    // RFC 7692 §7.2.3.4: a stream may end inside a message; the next one starts with the next byte.
    this.#reader.align();
    this.#ended = true;
  }

  #giveBackTables(): void {
    if (this.#tables === undefined) return;
    this.#scratch.giveBack(this.#tables);
    this.#tables = undefined;
  }

  #copyStored(output: Output, limit: number): ProtocolError | undefined {
    const reader = this.#reader;
    // Nothing is held: the 32 bits of the lengths are more than what may be read ahead.
    const count = Math.min(this.#stored, reader.input.length - reader.at);
    const room = Math.min(count, limit - output.length);
    output.reserve(room, limit);
    output.bytes.set(reader.input.subarray(reader.at, reader.at + room), output.length);
    output.length += room;
    reader.at += room;
    this.#stored -= room;
    return room < count ? this.#tooBig() : undefined;
  }
}
