/**
 * Status lines: `HTTP-version SP 3DIGIT SP [ reason-phrase ] CRLF` (RFC 9112 §4).
 *
 * Owns: where the parts are, and the bytes they may have. Does not own: what a status means (`response-parser.ts`).
 *
 * @module
 */
import { CLASS, CR, DIGIT, FIELD, LF, SP } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { httpError } from './fault.ts';
import { bareCr, bareLf, NEED_MORE, skipClass } from './fields.ts';
import type { StartLine } from './head.ts';
import { isVersionByte } from './request-line.ts';

const ZERO = 0x30;
/** The length of `HTTP/1.1`; the space is at this index, and the status after it. */
const VERSION_BYTES = 8;
/** The length of `HTTP/1.1 200`. */
const STATUS_END = 12;

const FIXED = 0;
const STATUS_SP = 1;
const REASON = 2;
const LINE_LF = 3;

/** Scans the start line of a response; offsets are relative to the line's start. */
export class StatusLine implements StartLine {
  /** 100 to 999. */
  status = 0;
  /** The minor version; the major one is 1. */
  minor = 1;
  /** Where the reason phrase starts. */
  reasonAt = 0;
  /** Where the reason phrase ends. */
  reasonEnd = 0;

  #phase = FIXED;
  readonly #allowsBareLf: boolean;
  readonly #allowsNoSpace: boolean;

  constructor(allowsBareLf: boolean, allowsNoSpace: boolean) {
    this.#allowsBareLf = allowsBareLf;
    this.#allowsNoSpace = allowsNoSpace;
  }

  reset(): void {
    this.#phase = FIXED;
  }

  scan(bytes: Uint8Array, start: number, from: number, end: number, origin: number): number | ProtocolError {
    let at = from;
    if (this.#phase === FIXED) {
      for (; at < end && at < start + STATUS_END; at++) {
        if (!isFixedByte(bytes[at]!, at - start)) return badLine(origin + at);
      }
      if (at < start + STATUS_END) return NEED_MORE;
      const digit = (index: number): number => bytes[start + index]! - ZERO;
      if (digit(5) !== 1) {
        return httpError('unsupported-http-version', 'The HTTP version is not 1.0 or 1.1', origin + start);
      }
      this.minor = digit(7);
      this.status = digit(9) * 100 + digit(10) * 10 + digit(11);
      if (this.status < 100) return badLine(origin + start + VERSION_BYTES + 1);
      this.#phase = STATUS_SP;
    }
    if (this.#phase === STATUS_SP) {
      if (at === end) return NEED_MORE;
      // "A server MUST send the space that separates the status-code from the reason-phrase even when the
      // reason-phrase is absent" (§4); some do not.
      if (bytes[at] === SP) at++;
      else if (!this.#allowsNoSpace || (bytes[at] !== CR && bytes[at] !== LF)) return badLine(origin + at);
      this.reasonAt = at - start;
      this.#phase = REASON;
    }
    if (this.#phase === REASON) {
      at = skipClass(bytes, at, end, FIELD);
      if (at === end) return NEED_MORE;
      this.reasonEnd = at - start;
      if (bytes[at] === CR) at++;
      else if (bytes[at] !== LF) return badLine(origin + at);
      else if (!this.#allowsBareLf) return bareLf(origin + at);
      this.#phase = LINE_LF;
    }
    if (at === end) return NEED_MORE;
    if (bytes[at] !== LF) return bareCr(origin + at - 1);
    return at + 1;
  }
}

/** Whether `byte` can be at `index` of `HTTP/d.d ddd`. */
function isFixedByte(byte: number, index: number): boolean {
  if (index < VERSION_BYTES) return isVersionByte(byte, index);
  return index === VERSION_BYTES ? byte === SP : (CLASS[byte]! & DIGIT) !== 0;
}

function badLine(offset: number): ProtocolError {
  return httpError('bad-status-line', 'The response does not start with a status line', offset);
}
