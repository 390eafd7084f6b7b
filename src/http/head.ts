/**
 * Sections: a start line with its field lines, or the field lines of a trailer section, read from any chunks.
 *
 * Owns: keeping the bytes of a section that is not complete, its limit, and turning a complete one into text.
 * Does not own: the grammar of the lines (`request-line.ts`, `status-line.ts`, `fields.ts`).
 *
 * @module
 */
import type { TextCodec } from '../bytes/text.ts';
import type { ProtocolError } from '../errors.ts';
import { httpError } from './fault.ts';
import { type FieldScanner, NEED_MORE } from './fields.ts';
import { type HttpHeaders, parsedHeaders } from './headers.ts';
import type { Intake } from './intake.ts';

/** Scans a start line; the rules of `FieldScanner.scan` hold for its `scan` too. */
export interface StartLine {
  /** Begin a line. */
  reset(): void;
  /** Go on scanning; see `FieldScanner.scan`. */
  scan(bytes: Uint8Array, start: number, from: number, end: number, origin: number): number | ProtocolError;
}

const EMPTY = new Uint8Array(0);
/** The first buffer for a section that comes in pieces; it doubles from there. */
const FIRST_HOLD = 512;

/** Reads one section after another. */
export class SectionReader {
  /** The section last read, one character a byte. */
  text = '';
  /** Its lines. */
  readonly fields: FieldScanner;

  readonly #line: StartLine | undefined;
  readonly #maxBytes: number;
  readonly #codec: TextCodec;
  #isInLine = false;
  /** How far the section is scanned, counted from its start. */
  #scanned = 0;
  /** The section's bytes from chunks that are gone. */
  #held: Uint8Array = EMPTY;
  #heldLength = 0;

  /** @param line The start line's scanner; undefined for trailer sections, which have none. */
  constructor(fields: FieldScanner, line: StartLine | undefined, maxBytes: number, codec: TextCodec) {
    this.fields = fields;
    this.#line = line;
    this.#maxBytes = maxBytes;
    this.#codec = codec;
  }

  /** How many bytes of an incomplete section are kept. */
  get heldLength(): number {
    return this.#heldLength;
  }

  /** Where in the stream the section that was last read, or is being read, starts. */
  offset = 0;

  /**
   * Go on reading.
   *
   * @returns True when a section is complete: `text` and `fields` hold it until the next call. False when the
   *   intake has no more bytes. A `ProtocolError` when the section is faulty.
   */
  read(intake: Intake): boolean | ProtocolError {
    while (intake.fill()) {
      const { bytes, at } = intake;
      if (this.#heldLength > 0) {
        const step = this.#readHeld(intake, bytes.subarray(at));
        if (step !== undefined) return step;
        continue;
      }
      // Most sections come in one chunk, and are read where they are.
      this.offset = intake.offset;
      const end = Math.min(bytes.length, at + this.#maxBytes);
      const after = this.#scan(bytes, at, end, intake.offset - at);
      if (typeof after !== 'number') return after;
      if (after !== NEED_MORE) {
        this.text = this.#codec.latin1(bytes, at, after);
        intake.consume(after - at);
        return true;
      }
      if (end - at === this.#maxBytes) return this.#tooBig();
      this.#hold(bytes.subarray(at, end));
      intake.consume(end - at);
    }
    return false;
  }

  /** A section that began in an earlier chunk: only as much is copied as it may have. */
  #readHeld(intake: Intake, chunk: Uint8Array): boolean | ProtocolError | undefined {
    const before = this.#heldLength;
    const piece = chunk.subarray(0, this.#maxBytes - before);
    this.#hold(piece);
    const after = this.#scan(this.#held, 0, this.#heldLength, this.offset);
    if (typeof after !== 'number') return after;
    if (after === NEED_MORE) {
      if (this.#heldLength === this.#maxBytes) return this.#tooBig();
      intake.consume(piece.length);
      return undefined;
    }
    this.text = this.#codec.latin1(this.#held, 0, after);
    intake.consume(after - before);
    this.#held = EMPTY;
    this.#heldLength = 0;
    return true;
  }

  #scan(bytes: Uint8Array, start: number, end: number, origin: number): number | ProtocolError {
    let at = start + this.#scanned;
    if (at === start) {
      this.fields.reset(this.#line === undefined);
      this.#line?.reset();
      this.#isInLine = this.#line !== undefined;
    }
    if (this.#isInLine) {
      const after = this.#line!.scan(bytes, start, at, end, origin);
      if (typeof after !== 'number') return after;
      if (after === NEED_MORE) {
        this.#scanned = end - start;
        return NEED_MORE;
      }
      this.#isInLine = false;
      at = after;
    }
    const after = this.fields.scan(bytes, start, at, end, origin);
    this.#scanned = after === NEED_MORE ? end - start : 0;
    return after;
  }

  #hold(bytes: Uint8Array): void {
    const length = this.#heldLength + bytes.length;
    if (length > this.#held.length) {
      let capacity = Math.max(FIRST_HOLD, this.#held.length);
      while (capacity < length) capacity *= 2;
      const held = new Uint8Array(capacity);
      held.set(this.#held.subarray(0, this.#heldLength));
      this.#held = held;
    }
    this.#held.set(bytes, this.#heldLength);
    this.#heldLength = length;
  }

  #tooBig(): ProtocolError {
    const what = this.#line === undefined ? 'trailer section' : 'head';
    return httpError('head-too-big', `The ${what} has more bytes than allowed`, this.offset + this.#maxBytes);
  }

  /** The lines of the section last read; their text is shared with {@link SectionReader.text}. */
  headers(): HttpHeaders {
    return parsedHeaders(this.text, this.fields.spans.slice(0, this.fields.used));
  }

  /** Give back the bytes that are kept, and begin anew. */
  release(): Uint8Array {
    const held = this.#held.subarray(0, this.#heldLength);
    this.#held = EMPTY;
    this.#heldLength = 0;
    this.#scanned = 0;
    this.text = '';
    return held;
  }
}
