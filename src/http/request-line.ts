/**
 * Request lines: `method SP request-target SP HTTP-version CRLF` (RFC 9112 §3).
 *
 * Owns: where the three parts are, and the bytes they may have. Does not own: the forms of a target (`target.ts`).
 *
 * @module
 */
import { CLASS, CR, DIGIT, LF, SP, TARGET, TCHAR } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { httpError } from './fault.ts';
import { bareCr, bareLf, NEED_MORE, skipClass } from './fields.ts';
import type { StartLine } from './head.ts';

const ZERO = 0x30;
/** `HTTP/`, case-sensitive (RFC 9112 §2.3). */
const HTTP_NAME = [0x48, 0x54, 0x54, 0x50, 0x2f];
/** The length of `HTTP/1.1`. */
const VERSION_BYTES = 8;

const METHOD = 0;
const IN_TARGET = 1;
const VERSION = 2;
const LINE_CR = 3;
const LINE_LF = 4;

/** Scans the start line of a request; offsets are relative to the line's start. */
export class RequestLine implements StartLine {
  /** Where the method ends. */
  methodEnd = 0;
  /** Where the target ends; it starts one after `methodEnd`. */
  targetEnd = 0;
  /** The minor version; the major one is 1. */
  minor = 1;

  #phase = METHOD;
  #major = 1;
  readonly #maxTargetBytes: number;
  readonly #allowsBareLf: boolean;

  constructor(maxTargetBytes: number, allowsBareLf: boolean) {
    this.#maxTargetBytes = maxTargetBytes;
    this.#allowsBareLf = allowsBareLf;
  }

  reset(): void {
    this.#phase = METHOD;
  }

  scan(bytes: Uint8Array, start: number, from: number, end: number, origin: number): number | ProtocolError {
    let at = from;
    if (this.#phase === METHOD) {
      at = skipClass(bytes, at, end, TCHAR);
      if (at === end) return NEED_MORE;
      if (bytes[at] !== SP || at === start) {
        return httpError('bad-request-line', 'The request does not start with a method', origin + at);
      }
      this.methodEnd = at - start;
      at++;
      this.#phase = IN_TARGET;
    }
    if (this.#phase === IN_TARGET) {
      const targetAt = start + this.methodEnd + 1;
      const stop = Math.min(end, targetAt + this.#maxTargetBytes + 1);
      at = skipClass(bytes, at, stop, TARGET);
      if (at - targetAt > this.#maxTargetBytes) {
        return httpError(
          'target-too-long',
          'The request target has more bytes than allowed',
          origin + at - 1,
        );
      }
      if (at === end) return NEED_MORE;
      if (bytes[at] !== SP || at === targetAt) return targetFault(bytes[at]!, at === targetAt, origin + at);
      this.targetEnd = at - start;
      at++;
      this.#phase = VERSION;
    }
    if (this.#phase === VERSION) {
      const versionAt = start + this.targetEnd + 1;
      if (at === versionAt && at + VERSION_BYTES + 2 <= end && isHttp11(bytes, at)) {
        this.minor = 1;
        return at + VERSION_BYTES + 2;
      }
      for (; at < end && at < versionAt + VERSION_BYTES; at++) {
        if (!isVersionByte(bytes[at]!, at - versionAt)) {
          return httpError('bad-http-version', 'The request line does not end in HTTP/1.1', origin + at);
        }
      }
      if (at < versionAt + VERSION_BYTES) return NEED_MORE;
      this.#major = bytes[versionAt + 5]! - ZERO;
      this.minor = bytes[versionAt + 7]! - ZERO;
      this.#phase = LINE_CR;
    }
    if (this.#phase === LINE_CR) {
      if (at === end) return NEED_MORE;
      const byte = bytes[at]!;
      if (byte === CR) at++;
      else if (byte !== LF) {
        return httpError('bad-http-version', 'The HTTP version is not followed by CRLF', origin + at);
      } else if (!this.#allowsBareLf) return bareLf(origin + at);
      this.#phase = LINE_LF;
    }
    if (at === end) return NEED_MORE;
    if (bytes[at] !== LF) return bareCr(origin + at - 1);
    if (this.#major !== 1) {
      return httpError(
        'unsupported-http-version',
        'The HTTP version is not 1.0 or 1.1',
        origin + start + this.targetEnd + 1,
      );
    }
    return at + 1;
  }
}

/** Whether `HTTP/1.1` and CRLF are at `at`: what nearly all requests have, and so worth a way of its own. */
function isHttp11(bytes: Uint8Array, at: number): boolean {
  return (
    bytes[at] === 0x48 &&
    bytes[at + 1] === 0x54 &&
    bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 &&
    bytes[at + 4] === 0x2f &&
    bytes[at + 5] === 0x31 &&
    bytes[at + 6] === 0x2e &&
    bytes[at + 7] === 0x31 &&
    bytes[at + 8] === CR &&
    bytes[at + 9] === LF
  );
}

/** Whether `byte` can be at `index` of `HTTP/d.d`. */
export function isVersionByte(byte: number, index: number): boolean {
  if (index < 5) return byte === HTTP_NAME[index];
  return index === 6 ? byte === 0x2e : (CLASS[byte]! & DIGIT) !== 0;
}

function targetFault(byte: number, isEmpty: boolean, offset: number): ProtocolError {
  if (byte === CR || byte === LF) {
    return httpError('bad-request-line', 'The request line has no HTTP version', offset);
  }
  if (isEmpty) return httpError('bad-request-line', 'The request line has no target', offset);
  return httpError('bad-target', 'The request target has a byte that no URI has', offset);
}
