/**
 * Chunk extensions, which are checked and then ignored (RFC 9112 §7.1.1).
 *
 * Owns: their grammar, one byte at a time. Does not own: how many bytes of them are allowed (`chunked.ts`).
 *
 *     chunk-ext     = *( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )
 *     chunk-ext-val = token / quoted-string
 *
 * @module
 */
import { CLASS, CR, FIELD, HTAB, SP, TCHAR } from '../bytes/ascii.ts';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** In the white space before a `;`. */
export const BEFORE_EXTENSION = 0;
/** After a `;`: white space, then a name. */
export const BEFORE_NAME = 1;
const IN_NAME = 2;
const AFTER_NAME = 3;
const BEFORE_VALUE = 4;
const IN_VALUE = 5;
const IN_QUOTES = 6;
const AFTER_BACKSLASH = 7;
// 8, after the quotes, is the default case below.
const AFTER_QUOTES = 8;

/** The CR of the line's end came where it may. */
export const LINE_END = -1;
/** The byte cannot be there. */
export const MALFORMED = -2;

/** The state after `byte` in `state`; or {@link LINE_END} or {@link MALFORMED}. */
export function nextInExtension(state: number, byte: number): number {
  const isSpace = byte === SP || byte === HTAB;
  const isToken = (CLASS[byte]! & TCHAR) !== 0;
  switch (state) {
    case BEFORE_EXTENSION:
      if (byte === SEMICOLON) return BEFORE_NAME;
      return isSpace ? BEFORE_EXTENSION : MALFORMED;
    case BEFORE_NAME:
      if (isToken) return IN_NAME;
      return isSpace ? BEFORE_NAME : MALFORMED;
    case IN_NAME:
      if (isToken) return IN_NAME;
      if (byte === CR) return LINE_END;
      return afterName(byte, isSpace);
    case AFTER_NAME:
      return afterName(byte, isSpace);
    case BEFORE_VALUE:
      if (isToken) return IN_VALUE;
      if (byte === QUOTE) return IN_QUOTES;
      return isSpace ? BEFORE_VALUE : MALFORMED;
    case IN_VALUE:
      return isToken ? IN_VALUE : afterValue(byte, isSpace);
    case IN_QUOTES:
      if (byte === QUOTE) return AFTER_QUOTES;
      if (byte === BACKSLASH) return AFTER_BACKSLASH;
      return (CLASS[byte]! & FIELD) !== 0 ? IN_QUOTES : MALFORMED;
    case AFTER_BACKSLASH:
      return (CLASS[byte]! & FIELD) !== 0 ? IN_QUOTES : MALFORMED;
    default:
      return afterValue(byte, isSpace);
  }
}

function afterName(byte: number, isSpace: boolean): number {
  if (byte === EQUALS) return BEFORE_VALUE;
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isSpace ? AFTER_NAME : MALFORMED;
}

function afterValue(byte: number, isSpace: boolean): number {
  if (byte === CR) return LINE_END;
  if (byte === SEMICOLON) return BEFORE_NAME;
  return isSpace ? BEFORE_EXTENSION : MALFORMED;
}
