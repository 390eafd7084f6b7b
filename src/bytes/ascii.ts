/**
 * Characters as the HTTP grammar names them (RFC 9110 §5.6, RFC 5234 appendix B).
 *
 * Owns: which bytes are token characters, field-value characters, white space; ASCII case. Does not own: any
 * grammar made of them.
 *
 * @module
 */

/** HTAB. */
export const HTAB = 0x09;
/** LF. */
export const LF = 0x0a;
/** CR. */
export const CR = 0x0d;
/** Space. */
export const SP = 0x20;

/** Bit of {@link CLASS}: `tchar`, what tokens (methods, header names) are made of (RFC 9110 §5.6.2). */
export const TCHAR = 1;
/** Bit of {@link CLASS}: what a field value may hold: VCHAR, obs-text, SP, HTAB (RFC 9110 §5.5). */
export const FIELD = 2;
/** Bit of {@link CLASS}: what a request target may hold: VCHAR, and none of the bytes that no URI has. */
export const TARGET = 4;
/** Bit of {@link CLASS}: HEXDIG. */
export const HEXDIG = 8;
/** Bit of {@link CLASS}: DIGIT. */
export const DIGIT = 16;

/** For each byte, the classes it is in. */
export const CLASS: Uint8Array = /* @__PURE__ */ classes();

function classes(): Uint8Array {
  const table = new Uint8Array(256);
  const add = (bit: number, characters: string): void => {
    for (const character of characters) table[character.charCodeAt(0)]! |= bit;
  };
  const digits = '0123456789';
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';
  add(TCHAR, `!#$%&'*+-.^_\`|~${digits}${letters}`);
  for (let byte = SP; byte < 256; byte++) if (byte !== 0x7f) table[byte]! |= FIELD;
  table[HTAB]! |= FIELD;
  // No URI holds these raw. The others that RFC 3986 leaves out (`{|}^\` and the backtick) browsers do send in queries.
  for (let byte = 0x21; byte < 0x7f; byte++) {
    if (!'"#<>'.includes(String.fromCharCode(byte))) table[byte]! |= TARGET;
  }
  add(HEXDIG, `${digits}abcdefABCDEF`);
  add(DIGIT, digits);
  return table;
}

/** Whether all of `text` is in class `bit`; false for ''. */
export function isAll(text: string, bit: number): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0xff || (CLASS[unit]! & bit) === 0) return false;
  }
  return text.length > 0;
}

/** Whether `text` is a token (RFC 9110 §5.6.2): what a method, a header name or a subprotocol must be. */
export function isToken(text: string): boolean {
  return isAll(text, TCHAR);
}

/** Whether `text` can stand as a field value: no CR, LF, NUL or other control but HTAB, no character above U+00FF. */
export function isFieldValue(text: string): boolean {
  return text === '' || isAll(text, FIELD);
}

/** Without the SP and HTAB around it (RFC 9110 §5.6.3); other white space stays. */
export function trimOws(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isOws(text.charCodeAt(start))) start++;
  while (end > start && isOws(text.charCodeAt(end - 1))) end--;
  return end - start === text.length ? text : text.slice(start, end);
}

function isOws(unit: number): boolean {
  return unit === SP || unit === HTAB;
}
