import { describe, expect, it } from 'vitest';
import { createKey, isKey } from '../../../src/handshake/key.ts';

describe('createKey()', () => {
  it('is the base64 of 16 bytes from the source it is given [RFC 6455 4.1]', () => {
    const asked: number[] = [];
    const key = createKey((bytes) => {
      asked.push(bytes.length);
      return bytes.fill(0xff);
    });
    expect(key).toBe('/////////////////////w==');
    expect(asked).toEqual([16]);
  });

  it('is well formed, and another each time, by default [RFC 6455 4.1]', () => {
    const keys = Array.from({ length: 200 }, () => createKey());
    expect(keys.every(isKey)).toBe(true);
    expect(new Set(keys).size).toBe(200);
  });

  it.each([
    ['no function', 4],
    ['null', null],
  ])('throws where the source is %s', (_what, random) => {
    expect(() => createKey(random as never)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: expect.stringContaining('expected a function'),
      }),
    );
  });

  it.each([
    ['nothing', () => undefined],
    ['a number', () => 4],
    ['other bytes than it was given', () => new Uint8Array(15)],
    ['an array', () => new Array(16).fill(0)],
  ])('throws where the source returns %s', (_what, random) => {
    expect(() => createKey(random as never)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: 'Cannot create key: random did not return the 16 bytes it was given',
      }),
    );
  });
});

describe('isKey()', () => {
  it.each([
    ['the example of the RFC', 'dGhlIHNhbXBsZSBub25jZQ=='],
    ['zeros', 'AAAAAAAAAAAAAAAAAAAAAA=='],
    ['every character of the alphabet that is no letter', '0123456789+/0123456789=='],
    ['the other example of the RFC, which sets a bit that no byte takes', 'AQIDBAUGBwgJCgsMDQ4PEC=='],
  ])('takes %s [RFC 6455 4.1, 4.2.1]', (_what, key) => {
    expect(isKey(key)).toBe(true);
  });

  it.each([
    ['nothing', ''],
    ['15 bytes', 'AAAAAAAAAAAAAAAAAAAA'],
    ['17 bytes', 'AAAAAAAAAAAAAAAAAAAAAAA='],
    ['18 bytes', 'AAAAAAAAAAAAAAAAAAAAAAAA'],
    ['19 bytes', 'AAAAAAAAAAAAAAAAAAAAAAAAAA=='],
    ['no padding', 'AAAAAAAAAAAAAAAAAAAAAA'],
    ['padding in the middle', 'AAAAAAAAAA==AAAAAAAAAA=='],
    ['three characters of padding', 'AAAAAAAAAAAAAAAAAAAAA==='],
    ['a space in front', ' AAAAAAAAAAAAAAAAAAAAA=='],
    ['a space inside', 'AAAAAAAAAA AAAAAAAAAAA=='],
    ['the URL alphabet', 'AAAAAAAAAAAAAAAAAAAAA-=='],
    ['a control character', 'AAAAAAAAAAAAAAAAAAAAA\0=='],
    ['a byte above 0x7F', 'AAAAAAAAAAAAAAAAAAAAA\xc3=='],
    ['a character above U+00FF that has an A in its low byte', 'AAAAAAAAAAAAAAAAAAAAA\u0141=='],
    ['two keys', 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=='],
  ])('refuses %s [RFC 6455 4.2.1]', (_what, key) => {
    expect(isKey(key)).toBe(false);
  });

  it.each([[undefined], [null], [24], [['dGhlIHNhbXBsZSBub25jZQ==']], [{}]])(
    'refuses %j, which is no text',
    (key) => {
      expect(isKey(key)).toBe(false);
    },
  );

  it('takes no character but those of base64 at any place', () => {
    for (let place = 0; place < 22; place++) {
      for (let unit = 0; unit < 256; unit++) {
        const key = `${'A'.repeat(place)}${String.fromCharCode(unit)}${'A'.repeat(21 - place)}==`;
        expect(isKey(key)).toBe(/^[A-Za-z0-9+/]$/.test(key[place]!));
      }
    }
  });
});
