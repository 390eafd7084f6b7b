/**
 * What decides where a message ends and whether another may follow: `Content-Length`, `Transfer-Encoding` (RFC 9112
 * §6) and `Connection` (§9.3).
 *
 * Owns: judging the values of these fields. Does not own: reading the body (`body.ts`), or the rules that depend on
 * a response's status (`response-parser.ts`).
 *
 * @module
 */
import { isToken, trimOws } from '../bytes/ascii.ts';
import type { ProtocolError } from '../errors.ts';
import { httpError } from './fault.ts';
import { CONNECTION, CONTENT_LENGTH, type FieldScanner, TRANSFER_ENCODING } from './fields.ts';
import { SPAN } from './headers.ts';
import { elementStart, parseList, sameText, trimmedEnd } from './list.ts';

const COMMA = 0x2c;
const ZERO = 0x30;
/** What {@link parseContentLength} returns for a value that is no length. */
const NO_LENGTH = -1;

/** How the body of a message is delimited, as its fields say. */
export interface Framing {
  /** The value of Content-Length. */
  readonly contentLength: number | undefined;
  /** Whether the chunked coding is used. */
  readonly chunked: boolean;
}

/** Neither field is there, or neither matters. */
export const UNFRAMED: Framing = { contentLength: undefined, chunked: false };
const CHUNKED: Framing = { contentLength: undefined, chunked: true };

/**
 * Judge Content-Length and Transfer-Encoding.
 *
 * @param text The head.
 * @param origin The head's offset in the stream.
 * @param minor The message's minor HTTP version.
 */
export function readFraming(
  text: string,
  fields: FieldScanner,
  origin: number,
  minor: number,
  allowEqualContentLengths: boolean,
): Framing | ProtocolError {
  const lengthAt = fields.find(CONTENT_LENGTH);
  const codingAt = fields.find(TRANSFER_ENCODING);
  if (codingAt >= 0) {
    const offset = origin + fields.spans[codingAt + 2]!;
    const fault = codingFault(text, fields, codingAt, offset, minor);
    if (fault !== undefined) return fault;
    // "A server MAY reject a request that contains both Content-Length and Transfer-Encoding" (§6.1).
    if (lengthAt >= 0) {
      return httpError(
        'length-with-encoding',
        'There are both Content-Length and Transfer-Encoding',
        origin + fields.spans[lengthAt]!,
      );
    }
    return CHUNKED;
  }
  return readLength(text, fields, origin, allowEqualContentLengths);
}

/** Judge Content-Length alone. */
export function readLength(
  text: string,
  fields: FieldScanner,
  origin: number,
  allowEqualContentLengths: boolean,
): Framing | ProtocolError {
  const lengthAt = fields.find(CONTENT_LENGTH);
  if (lengthAt < 0) return UNFRAMED;
  const contentLength = readContentLength(text, fields, lengthAt, allowEqualContentLengths);
  if (contentLength >= 0) return { contentLength, chunked: false };
  return httpError(
    'bad-content-length',
    'Content-Length is not one decimal number below 2^53',
    origin + fields.spans[lengthAt + 2]!,
  );
}

/** The one length that all lines name; -1 where there is no such. */
function readContentLength(text: string, fields: FieldScanner, first: number, allowEqual: boolean): number {
  if (!allowEqual) {
    const isRepeated = (fields.repeated & (1 << CONTENT_LENGTH)) !== 0;
    if (isRepeated) return NO_LENGTH;
    return parseContentLength(text, fields.spans[first + 2]!, fields.spans[first + 3]!);
  }
  // "unless the field value can be successfully parsed as a comma-separated list, all values in the list are valid,
  // and all values in the list are the same" (§6.3)
  let length = NO_LENGTH;
  for (const value of valuesOf(text, fields, 'content-length', first)) {
    for (const element of parseList(value)) {
      const each = parseContentLength(element, 0, element.length);
      if (each < 0 || (length >= 0 && each !== length)) return NO_LENGTH;
      length = each;
    }
  }
  return length;
}

/** `1*DIGIT` as a number that is exact; -1 for anything else. */
export function parseContentLength(text: string, start: number, end: number): number {
  if (start === end) return NO_LENGTH;
  let length = 0;
  for (let at = start; at < end; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return NO_LENGTH;
    length = length * 10 + digit;
    if (length > Number.MAX_SAFE_INTEGER) return NO_LENGTH;
  }
  return length;
}

/** What is wrong with Transfer-Encoding, the only right value of which is `chunked`, once, in HTTP/1.1. */
function codingFault(
  text: string,
  fields: FieldScanner,
  at: number,
  offset: number,
  minor: number,
): ProtocolError | undefined {
  // "A server or client that receives an HTTP/1.0 message containing a Transfer-Encoding header field MUST
  // treat the message as if the framing is faulty" (§6.1)
  if (minor === 0) {
    return httpError('bad-transfer-encoding', 'Transfer-Encoding came in an HTTP/1.0 message', offset);
  }
  const isRepeated = (fields.repeated & (1 << TRANSFER_ENCODING)) !== 0;
  if (!isRepeated && isChunked(text, fields.spans[at + 2]!, fields.spans[at + 3]!)) return undefined;

  // Refused in any case; the rest is about telling the peer why.
  const codings = valuesOf(text, fields, 'transfer-encoding', at).join(',').split(',');
  const last = codings.pop()!;
  // Other codings may have parameters (§7), which do not make them known; chunked has none.
  const names = codings.map((coding) => trimOws(coding.split(';', 1)[0]!).toLowerCase());
  if (trimOws(last).toLowerCase() === 'chunked' && !names.includes('chunked') && names.every(isToken)) {
    // "A server that receives a request message with a transfer coding it does not understand SHOULD respond
    // with 501" (§6.1); without TE, no other coding than chunked is acceptable in a response (§7.4).
    return httpError('unsupported-transfer-coding', 'A transfer coding other than chunked is used', offset);
  }
  return httpError('bad-transfer-encoding', 'Transfer-Encoding is not chunked, once and last', offset);
}

function isChunked(text: string, start: number, end: number): boolean {
  return end - start === 7 && sameText(text, start, 'chunked');
}

/** The values of all lines of a name, given its first line. */
function valuesOf(text: string, fields: FieldScanner, name: string, first: number): string[] {
  const values: string[] = [];
  const { spans } = fields;
  for (let at = first; at < fields.used; at += SPAN) {
    const start = spans[at]!;
    if (spans[at + 1]! - start === name.length && sameText(text, start, name)) {
      values.push(text.slice(spans[at + 2]!, spans[at + 3]!));
    }
  }
  return values;
}

/** Bit of {@link readConnection}: `close`. */
export const CLOSE = 1;
/** Bit of {@link readConnection}: `keep-alive`. */
export const KEEP_ALIVE = 2;
/** Bit of {@link readConnection}: `upgrade`. */
export const UPGRADE_OPTION = 4;

/** Which of the connection options that matter here are named, in any of the lines. */
export function readConnection(text: string, fields: FieldScanner): number {
  const first = fields.find(CONNECTION);
  if (first < 0) return 0;
  const { spans } = fields;
  if ((fields.repeated & (1 << CONNECTION)) === 0) {
    return connectionOptions(text, spans[first + 2]!, spans[first + 3]!);
  }
  let options = 0;
  for (const value of valuesOf(text, fields, 'connection', first)) {
    options |= connectionOptions(value, 0, value.length);
  }
  return options;
}

function connectionOptions(text: string, start: number, end: number): number {
  let options = 0;
  let at = start;
  while ((at = elementStart(text, at)) < end) {
    let comma = at;
    while (comma < end && text.charCodeAt(comma) !== COMMA) comma++;
    const stop = trimmedEnd(text, at, comma);
    switch (stop - at) {
      case 5:
        if (sameText(text, at, 'close')) options |= CLOSE;
        break;
      case 7:
        if (sameText(text, at, 'upgrade')) options |= UPGRADE_OPTION;
        break;
      case 10:
        if (sameText(text, at, 'keep-alive')) options |= KEEP_ALIVE;
        break;
      default:
    }
    at = comma;
  }
  return options;
}

/** Whether the connection may carry another message after this one (§9.3). */
export function isPersistent(connection: number, minor: number): boolean {
  if ((connection & CLOSE) !== 0) return false;
  return minor !== 0 || (connection & KEEP_ALIVE) !== 0;
}
