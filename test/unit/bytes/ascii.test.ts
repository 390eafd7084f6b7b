import { describe, expect, it } from 'vitest';
import {
  CLASS,
  DIGIT,
  FIELD,
  HEXDIG,
  isAll,
  isFieldValue,
  isToken,
  TARGET,
  TCHAR,
  trimOws,
} from '../../../src/bytes/ascii.ts';

/** The bytes in a class, by a definition that is spelled out here once more. */
function bytesWhere(is: (byte: number) => boolean): number[] {
  return Array.from({ length: 256 }, (_, byte) => byte).filter(is);
}
const inClass = (bit: number): number[] => bytesWhere((byte) => (CLASS[byte]! & bit) !== 0);
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isAlpha = (byte: number): boolean => (byte >= 0x41 && byte <= 0x5a) || (byte >= 0x61 && byte <= 0x7a);

describe('CLASS', () => {
  it('has exactly the tchar of the grammar [RFC 9110 5.6.2]', () => {
    const marks = [..."!#$%&'*+-.^_`|~"].map((c) => c.charCodeAt(0));
    expect(inClass(TCHAR)).toEqual(bytesWhere((b) => isDigit(b) || isAlpha(b) || marks.includes(b)));
  });

  it('has VCHAR, obs-text, SP and HTAB in field values, and no other control [RFC 9110 5.5]', () => {
    expect(inClass(FIELD)).toEqual(bytesWhere((b) => b === 0x09 || (b >= 0x20 && b !== 0x7f)));
  });

  it('has in targets what is visible and what no URI forbids and browsers send raw [RFC 3986 2]', () => {
    const never = [...'"#<>'].map((c) => c.charCodeAt(0));
    expect(inClass(TARGET)).toEqual(bytesWhere((b) => b > 0x20 && b < 0x7f && !never.includes(b)));
  });

  it('has DIGIT and HEXDIG in both cases [RFC 5234 B.1]', () => {
    expect(inClass(DIGIT)).toEqual(bytesWhere(isDigit));
    expect(inClass(HEXDIG)).toEqual(
      bytesWhere((b) => isDigit(b) || (b >= 0x41 && b <= 0x46) || (b >= 0x61 && b <= 0x66)),
    );
  });
});

describe('isAll, isToken and isFieldValue', () => {
  it('isAll is false for no text at all, and for one character outside', () => {
    expect(isAll('', DIGIT)).toBe(false);
    expect(isAll('0123456789', DIGIT)).toBe(true);
    expect(isAll('01234x6789', DIGIT)).toBe(false);
  });

  it('isAll does not take a character above U+00FF for the byte of its low bits', () => {
    expect(isAll('\u0130', DIGIT)).toBe(false); // low byte 0x30 is "0"
    expect(isToken('\u0141')).toBe(false); // low byte 0x41 is "A"
    expect(isFieldValue('\u0120')).toBe(false); // low byte 0x20 is SP
  });

  it('isToken refuses the separators and white space [RFC 9110 5.6.2]', () => {
    expect(isToken('Sec-WebSocket-Key')).toBe(true);
    for (const separator of '"(),/:;<=>?@[\\]{} \t\r\n\0\x7f') expect(isToken(`a${separator}b`)).toBe(false);
    expect(isToken('')).toBe(false);
  });

  it('isFieldValue takes nothing, obs-text and HTAB, and refuses CR, LF, NUL and DEL [RFC 9110 5.5]', () => {
    expect(isFieldValue('')).toBe(true);
    expect(isFieldValue('a\tb \xff')).toBe(true);
    for (const control of ['\r', '\n', '\0', '\x7f', '\x1b']) expect(isFieldValue(`a${control}`)).toBe(false);
  });
});

describe('trimOws', () => {
  it('takes SP and HTAB off both ends and leaves the inside alone [RFC 9110 5.6.3]', () => {
    expect(trimOws(' \t a \t b\t ')).toBe('a \t b');
    expect(trimOws('ab')).toBe('ab');
    expect(trimOws(' ab\t')).toBe('ab');
    expect(trimOws(' \t ')).toBe('');
    expect(trimOws('')).toBe('');
  });

  it('leaves other white space, which is not OWS', () => {
    expect(trimOws('\u00a0a\n')).toBe('\u00a0a\n');
    expect(trimOws('\va\f')).toBe('\va\f');
  });
});
