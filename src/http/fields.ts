/**
 * Field lines: finding them in the bytes of a head or a trailer section (RFC 9112 §5).
 *
 * Owns: the grammar of `field-line CRLF`, the empty line that ends a section, and noticing the few names that
 * framing depends on. Does not own: keeping the bytes (`head.ts`), or judging the values (`framing.ts`).
 *
 * @module
 */
import { CLASS, CR, FIELD, HTAB, LF, SP, TCHAR } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { httpError } from './fault.ts';
import { SPAN } from './headers.ts';
import type { Leniencies } from './options.ts';

/** Names that a parser has to know; see {@link FieldScanner.find}. */
export const HOST = 0;
/** See {@link HOST}. */
export const CONTENT_LENGTH = 1;
/** See {@link HOST}. */
export const TRANSFER_ENCODING = 2;
/** See {@link HOST}. */
export const CONNECTION = 3;
/** See {@link HOST}. */
export const UPGRADE = 4;
/** See {@link HOST}. */
export const EXPECT = 5;

/** What `scan` returns when the bytes given end inside the section. */
export const NEED_MORE = -1;

const COLON = 0x3a;

// Where in a field line the scan stands.
/** At the first byte of a line. */
const LINE = 0;
/** In a name. */
const NAME = 1;
/** After the colon, in the white space before the value. */
const GAP = 2;
/** In a value. */
const VALUE = 3;
/** After the CR that ends a value. */
const VALUE_LF = 4;
/** After the CR of the empty line. */
const LAST_LF = 5;

/**
 * Scans the lines of one section, in any pieces: positions are kept relative to the section's start, so the
 * bytes may move between calls, and no byte is looked at twice.
 */
export class FieldScanner {
  /** Offsets of the lines found, {@link SPAN} numbers each; those from `used` on are left from other sections. */
  readonly spans: number[] = [];
  /** How many numbers of `spans` are in use. */
  used = 0;
  /** Bit n is set when known name n came. */
  #seen = 0;
  /** For each known name that came, where in `spans` its first line is. */
  readonly #first: number[] = [0, 0, 0, 0, 0, 0];
  /** Bit n is set when known name n came in more than one line. */
  repeated = 0;

  #phase = LINE;
  #nameAt = 0;
  #nameEnd = 0;
  #valueAt = 0;
  /** Where the current line was last unfolded, and where its value ended before that; 0: not at all. */
  #foldAt = 0;
  #foldEnd = 0;
  readonly #maxUsed: number;
  readonly #allowsBareLf: boolean;
  readonly #allowsObsFold: boolean;
  /** Whether LF alone ends a line of this section. */
  #takesBareLf = false;

  constructor(maxHeaders: number, leniencies: Leniencies) {
    this.#maxUsed = maxHeaders * SPAN;
    this.#allowsBareLf = leniencies.allowBareLf;
    this.#allowsObsFold = leniencies.allowObsFold;
  }

  /** Begin a section. @param inBody Whether it is a trailer section: its line ends decide where the body ends, so they are CRLF. */
  reset(inBody: boolean): void {
    this.#takesBareLf = this.#allowsBareLf && !inBody;
    this.used = 0;
    this.repeated = 0;
    this.#phase = LINE;
    this.#seen = 0;
  }

  /** Where in `spans` the first line of a known name is; -1: there is none. */
  find(name: number): number {
    return (this.#seen & (1 << name)) === 0 ? -1 : this.#first[name]!;
  }

  /**
   * Go on scanning.
   *
   * @param bytes Holds the section from `start` on. Written to only where a line is unfolded (`allowObsFold`).
   * @param from The first byte not scanned yet.
   * @param end Where the bytes end, or may be looked at.
   * @param origin What to add to an index of `bytes` to get an offset in the stream.
   * @returns The index after the empty line; {@link NEED_MORE} when all up to `end` is scanned; or the fault.
   */
  scan(bytes: Uint8Array, start: number, from: number, end: number, origin: number): number | ProtocolError {
    let phase = this.#phase;
    let at = from;
    for (;;) {
      if (phase === LINE) {
        if (at >= end) break;
        const byte = bytes[at]!;
        if ((CLASS[byte]! & TCHAR) !== 0) {
          if (this.used >= this.#maxUsed) {
            return httpError('too-many-headers', 'There are more header lines than allowed', origin + at);
          }
          this.#nameAt = at - start;
          at++;
          phase = NAME;
        } else if (byte === CR) {
          at++;
          phase = LAST_LF;
        } else if (byte === LF && this.#takesBareLf) {
          return at + 1;
        } else if ((byte === SP || byte === HTAB) && this.#allowsObsFold && this.used > 0) {
          phase = this.#unfold(bytes, start, at);
        } else {
          return lineFault(byte, origin + at);
        }
      }
      if (phase === NAME) {
        at = skipClass(bytes, at, end, TCHAR);
        if (at >= end) break;
        if (bytes[at] !== COLON) return nameFault(bytes[at]!, origin + at);
        this.#nameEnd = at - start;
        this.#notice(bytes, start + this.#nameAt, at);
        at++;
        phase = GAP;
      }
      if (phase === GAP) {
        while (at < end && (bytes[at] === SP || bytes[at] === HTAB)) at++;
        if (at >= end) break;
        this.#valueAt = at - start;
        phase = VALUE;
      }
      if (phase === VALUE) {
        at = skipClass(bytes, at, end, FIELD);
        if (at >= end) break;
        const byte = bytes[at]!;
        if (byte === CR) {
          this.#endLine(bytes, start, at);
          at++;
          phase = VALUE_LF;
        } else if (byte === LF && this.#takesBareLf) {
          this.#endLine(bytes, start, at);
          at++;
          phase = LINE;
          continue;
        } else {
          return valueFault(byte, origin + at);
        }
      }
      if (phase === VALUE_LF) {
        if (at >= end) break;
        if (bytes[at] !== LF) return bareCr(origin + at - 1);
        at++;
        phase = LINE;
        continue;
      }
      // LAST_LF: nothing else is left.
      if (at >= end) break;
      if (bytes[at] !== LF) return bareCr(origin + at - 1);
      return at + 1;
    }
    this.#phase = phase;
    return NEED_MORE;
  }

  /** Store the line whose value ends at `at`, less the white space at its end. */
  #endLine(bytes: Uint8Array, start: number, at: number): void {
    const valueAt = this.#valueAt;
    // What was before a fold has been trimmed already: never walk over it again.
    const floor = Math.max(this.#foldAt, valueAt);
    let end = at - start;
    while (end > floor && (bytes[start + end - 1] === SP || bytes[start + end - 1] === HTAB)) end--;
    if (end === this.#foldAt) end = this.#foldEnd;
    const { spans, used } = this;
    spans[used] = this.#nameAt;
    spans[used + 1] = this.#nameEnd;
    spans[used + 2] = valueAt;
    spans[used + 3] = end;
    this.used = used + SPAN;
    this.#foldAt = 0;
  }

  /**
   * Let the last line go on: "replace each received obs-fold with one or more SP octets" (RFC 9112 §5.2), in place.
   *
   * @param at Where the white space is that the next line starts with.
   */
  #unfold(bytes: Uint8Array, start: number, at: number): number {
    bytes[at - 1] = SP;
    if (bytes[at - 2] === CR) bytes[at - 2] = SP;
    this.used -= SPAN;
    this.#valueAt = this.spans[this.used + 2]!;
    this.#foldEnd = this.spans[this.used + 3]!;
    if (this.#foldEnd === this.#valueAt) return GAP;
    this.#foldAt = at - start;
    return VALUE;
  }

  /** Remember the line if its name is one of the known ones. Lengths tell them apart. */
  #notice(bytes: Uint8Array, at: number, end: number): void {
    let name = -1;
    switch (end - at) {
      case 4:
        if (matches(bytes, at, 'host')) name = HOST;
        break;
      case 6:
        if (matches(bytes, at, 'expect')) name = EXPECT;
        break;
      case 7:
        if (matches(bytes, at, 'upgrade')) name = UPGRADE;
        break;
      case 10:
        if (matches(bytes, at, 'connection')) name = CONNECTION;
        break;
      case 14:
        if (matches(bytes, at, 'content-length')) name = CONTENT_LENGTH;
        break;
      case 17:
        if (matches(bytes, at, 'transfer-encoding')) name = TRANSFER_ENCODING;
        break;
      default:
    }
    if (name < 0) return;
    const bit = 1 << name;
    if ((this.#seen & bit) !== 0) this.repeated |= bit;
    else {
      this.#seen |= bit;
      this.#first[name] = this.used;
    }
  }
}

/** The first byte from `from` on, before `end`, that is not in class `bit`. */
export function skipClass(bytes: Uint8Array, from: number, end: number, bit: number): number {
  const table = CLASS;
  let at = from;
  // Four at a time: a loop's own work is half of what a byte costs (a fifth of a whole head's time on Node 20).
  while (
    at + 4 <= end &&
    (table[bytes[at]!]! & table[bytes[at + 1]!]! & table[bytes[at + 2]!]! & table[bytes[at + 3]!]! & bit) !==
      0
  ) {
    at += 4;
  }
  while (at < end && (table[bytes[at]!]! & bit) !== 0) at++;
  return at;
}

/** Whether the bytes at `at`, all of them token characters, are `name` (lower case) in any case. */
function matches(bytes: Uint8Array, at: number, name: string): boolean {
  for (let i = 0; i < name.length; i++) {
    if ((bytes[at + i]! | 0x20) !== name.charCodeAt(i)) return false;
  }
  return true;
}

function lineFault(byte: number, offset: number): ProtocolError {
  if (byte === SP || byte === HTAB) {
    // "A server that receives an obs-fold in a request message ... MUST either reject the message by
    // sending a 400" (RFC 9112 §5.2); the same for white space after the start line (§2.2).
    return httpError('obs-fold', 'A header line starts with white space', offset);
  }
  if (byte === LF) return bareLf(offset);
  if (byte === COLON) return httpError('bad-header-name', 'A header line has no name', offset);
  return httpError('bad-header-name', 'A header name has a character that tokens do not have', offset);
}

function nameFault(byte: number, offset: number): ProtocolError {
  if (byte === SP || byte === HTAB) {
    // "No whitespace is allowed between the field name and colon" (RFC 9112 §5.1).
    return httpError('bad-header-name', 'There is white space between a header name and its colon', offset);
  }
  if (byte === CR || byte === LF) {
    return httpError('bad-header-name', 'A header line has no colon', offset);
  }
  return httpError('bad-header-name', 'A header name has a character that tokens do not have', offset);
}

function valueFault(byte: number, offset: number): ProtocolError {
  if (byte === LF) return bareLf(offset);
  return httpError('bad-header-value', 'A header value has a control character', offset);
}

/** The fault of a line that ends in LF alone. */
export function bareLf(offset: number): ProtocolError {
  return httpError('bare-lf', 'A line ends in LF alone, expected CRLF', offset);
}

/** The fault of a CR in a line. */
export function bareCr(offset: number): ProtocolError {
  return httpError('bare-cr', 'A CR is not followed by LF', offset);
}
