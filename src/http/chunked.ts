/**
 * The chunked transfer coding (RFC 9112 §7.1), decoded.
 *
 * Owns: chunk lines, chunk data, the trailer section, and the limits on all of them. Does not own: the grammar
 * of extensions (`extension.ts`) or of trailer lines (`fields.ts`).
 *
 * @module
 */
import { CLASS, CR, HEXDIG, HTAB, LF, SP } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { BEFORE_EXTENSION, BEFORE_NAME, LINE_END, MALFORMED, nextInExtension } from './extension.ts';
import { httpError } from './fault.ts';
import type { SectionReader } from './head.ts';
import type { HttpHeaders } from './headers.ts';
import type { Intake } from './intake.ts';

const SEMICOLON = 0x3b;

const SIZE = 0;
const EXTENSION = 1;
const LINE_LF = 2;
const DATA = 3;
const DATA_CR = 4;
const DATA_LF = 5;
const TRAILERS = 6;
const DONE = 7;

/** Digits of a chunk size from here on are leading zeros, and count as an extension: 16 digits hold 2^64 - 1. */
const FREE_DIGITS = 16;
/**
 * Bytes of chunk extensions that any body may have. Beyond that, no more than the body itself has: a signature on
 * every chunk fits, a body that is nothing but extensions does not (CVE-2024-22019).
 */
const FREE_EXTENSION_BYTES = 16 * 1024;
/**
 * Data of chunks up to this size is moved together, so that a body in one-byte chunks costs no view and no event
 * for each byte. A move costs less than a view up to some KiB.
 */
const MOVED_BYTES = 1024;

/** Decodes one chunked body after another. */
export class ChunkedReader {
  /** The last body's trailer fields; undefined where it has none. */
  trailers: HttpHeaders | undefined;

  readonly #section: SectionReader;
  readonly #maxBytes: number;
  #phase = SIZE;
  #extension = BEFORE_EXTENSION;
  /** The size of this chunk, as far as its digits are read; in DATA, what is left of it. */
  #left = 0;
  #digits = 0;
  /** Bytes of data in all chunks so far, this one included once its line is read. */
  #total = 0;
  #extensionBytes = 0;

  constructor(section: SectionReader, maxBytes: number) {
    this.#section = section;
    this.#maxBytes = maxBytes;
  }

  /** Begin a body. */
  begin(): void {
    this.trailers = undefined;
    this.#phase = SIZE;
    this.#left = 0;
    this.#digits = 0;
    this.#total = 0;
    this.#extensionBytes = 0;
  }

  /** Whether the body is complete, its trailer section and the last CRLF included. */
  get isDone(): boolean {
    return this.#phase === DONE;
  }

  /**
   * Go on decoding, while the body is not complete. Writes to the intake's chunk where that spares a view: data of small chunks is moved together.
   *
   * @returns Data, at least one byte; undefined when the body is complete or the intake has no more bytes;
   *   or the fault.
   */
  read(intake: Intake): Uint8Array | ProtocolError | undefined {
    while (this.#phase < TRAILERS) {
      if (!intake.fill()) return undefined;
      const { bytes } = intake;
      // The data found in these bytes, moved together.
      let start = 0;
      let end = 0;
      while (intake.at < bytes.length && this.#phase < TRAILERS && intake.bytes === bytes) {
        if (this.#phase !== DATA) {
          const fault = this.#frame(bytes[intake.at]!, intake.offset);
          if (fault === undefined) {
            intake.consume(1);
            continue;
          }
          // First what was good; the byte is not consumed, and will be as faulty the next time.
          return end > start ? bytes.subarray(start, end) : fault;
        }
        const { at } = intake;
        const count = Math.min(this.#left, bytes.length - at);
        if (end === start) {
          start = at;
          end = at + count;
        } else if (count <= MOVED_BYTES) {
          bytes.copyWithin(end, at, at + count);
          end += count;
        } else return bytes.subarray(start, end);
        this.#left -= count;
        if (this.#left === 0) this.#phase = DATA_CR;
        intake.consume(count);
      }
      if (end > start) return bytes.subarray(start, end);
    }
    const section = this.#section.read(intake);
    if (typeof section !== 'boolean') return section;
    if (section) {
      this.#phase = DONE;
      if (this.#section.fields.used > 0) this.trailers = this.#section.headers();
    }
    return undefined;
  }

  /** One byte that is not data. */
  #frame(byte: number, offset: number): ProtocolError | undefined {
    switch (this.#phase) {
      case SIZE:
        return this.#size(byte, offset);
      case EXTENSION: {
        const next = nextInExtension(this.#extension, byte);
        if (next === MALFORMED) return badChunk('A chunk extension is malformed', offset);
        if (next === LINE_END) {
          this.#phase = LINE_LF;
          return undefined;
        }
        this.#extension = next;
        return this.#countExtension(offset);
      }
      case LINE_LF:
        if (byte !== LF) return badChunk('A chunk line does not end in CRLF', offset);
        this.#total += this.#left;
        this.#digits = 0;
        this.#phase = this.#left === 0 ? TRAILERS : DATA;
        return undefined;
      case DATA_CR:
        if (byte !== CR) return badChunk('The data of a chunk is not followed by CRLF', offset);
        this.#phase = DATA_LF;
        return undefined;
      default:
        if (byte !== LF) return badChunk('The data of a chunk is not followed by CRLF', offset);
        this.#phase = SIZE;
        return undefined;
    }
  }

  /** One byte of `chunk-size`, or what follows it. */
  #size(byte: number, offset: number): ProtocolError | undefined {
    if ((CLASS[byte]! & HEXDIG) !== 0) {
      // "recipients MUST anticipate potentially large hexadecimal numerals" (§7.1): judged digit by digit, long
      // before a double could lose one.
      const size = this.#left * 16 + (byte <= 0x39 ? byte - 0x30 : (byte | 0x20) - 0x57);
      if (size > this.#maxBytes - this.#total) {
        return httpError('body-too-big', 'The chunks declare more bytes than allowed', offset);
      }
      if (size > Number.MAX_SAFE_INTEGER) return badChunk('A chunk size is 2^53 or more', offset);
      this.#left = size;
      return ++this.#digits > FREE_DIGITS ? this.#countExtension(offset) : undefined;
    }
    if (this.#digits === 0) return badChunk('A chunk does not start with its size', offset);
    if (byte === CR) {
      this.#phase = LINE_LF;
      return undefined;
    }
    if (byte !== SEMICOLON && byte !== SP && byte !== HTAB) {
      return badChunk('A chunk size is not hexadecimal', offset);
    }
    this.#phase = EXTENSION;
    this.#extension = byte === SEMICOLON ? BEFORE_NAME : BEFORE_EXTENSION;
    return this.#countExtension(offset);
  }

  #countExtension(offset: number): ProtocolError | undefined {
    if (++this.#extensionBytes <= FREE_EXTENSION_BYTES + this.#total) return undefined;
    return httpError('chunk-extensions-too-big', 'The chunk extensions outweigh the body', offset);
  }
}

function badChunk(message: string, offset: number): ProtocolError {
  return httpError('bad-chunk', message, offset);
}
