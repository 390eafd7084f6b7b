import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64, isBase64Unit } from '../../../src/bytes/base64.ts';
import { utf8 } from '../../support/deliveries.ts';

const PUBLISHED: ReadonlyArray<readonly [text: string, base64: string]> = [
  ['', ''],
  ['f', 'Zg=='],
  ['fo', 'Zm8='],
  ['foo', 'Zm9v'],
  ['foob', 'Zm9vYg=='],
  ['fooba', 'Zm9vYmE='],
  ['foobar', 'Zm9vYmFy'],
];

describe('encodeBase64()', () => {
  it.each(PUBLISHED)('encodes %j as published, %j [RFC 4648 10]', (text, base64) => {
    expect(encodeBase64(utf8(text))).toBe(base64);
  });

  it('agrees with Buffer on every byte at every place of a group', () => {
    for (let length = 1; length <= 3; length++) {
      for (let place = 0; place < length; place++) {
        for (let byte = 0; byte < 256; byte++) {
          const bytes = new Uint8Array(length);
          bytes[place] = byte;
          expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
        }
      }
    }
  });

  it('agrees with Buffer on a long text of all lengths modulo 3', () => {
    for (const length of [9_998, 9_999, 10_000]) {
      const bytes = Uint8Array.from({ length }, (_, i) => (i * 89) & 0xff);
      expect(encodeBase64(bytes)).toBe(Buffer.from(bytes).toString('base64'));
    }
  });
});

describe('decodeBase64()', () => {
  it.each(PUBLISHED)('decodes to %j from %j [RFC 4648 10]', (text, base64) => {
    expect(decodeBase64(base64)).toEqual(utf8(text));
  });

  it('takes back what encodeBase64() makes of every byte', () => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    for (const length of [254, 255, 256]) {
      expect(decodeBase64(encodeBase64(bytes.subarray(0, length)))).toEqual(bytes.subarray(0, length));
    }
  });

  it.each([
    ['a length that is no multiple of four', 'Zg='],
    ['no padding', 'Zg'],
    ['padding alone', '===='],
    ['two characters of padding alone', '=='],
    ['three characters of padding', 'Z==='],
    ['three characters of padding behind no bits', 'A==='],
    ['padding in the middle', 'Zg==Zg=='],
    ['padding before the end of a group', 'Z=g='],
    ['a space', 'Zm9 '],
    ['a line break', 'Zm9v\r\nZm9v'.slice(0, 8)],
    ['the URL alphabet', 'Zm-_'],
    ['a character above U+00FF', 'Zm9\u0141'],
    ['a character of a surrogate pair', 'Zm9\ud83d'],
    ['a NUL', 'Zm9\0'],
    ['bits that no byte takes, one byte', 'Zh=='],
    ['bits that no byte takes, two bytes', 'Zm9='],
  ])('refuses %s [RFC 4648 3.2, 3.3, 3.5]', (_what, text) => {
    expect(decodeBase64(text)).toBeUndefined();
  });
});

describe('isBase64Unit()', () => {
  it('holds for the 64 characters of the alphabet and for no other of the first 1024 [RFC 4648 4]', () => {
    const found = Array.from({ length: 1024 }, (_, unit) => unit).filter(isBase64Unit);
    expect(String.fromCharCode(...found)).toBe(
      '+/0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz',
    );
  });

  it('does not hold for NaN, which charCodeAt says past the end', () => {
    expect(isBase64Unit(Number.NaN)).toBe(false);
  });
});
