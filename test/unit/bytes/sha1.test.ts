import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { compressSha1, expandSha1, resetSha1, sha1, writeSha1 } from '../../../src/bytes/sha1.ts';
import { toHex, utf8 } from '../../support/deliveries.ts';

describe('sha1()', () => {
  it.each([
    ['nothing', '', 'da39a3ee5e6b4b0d3255bfef95601890afd80709'],
    ['one block', 'abc', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    [
      'two blocks',
      'abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq',
      '84983e441c3bd26ebaae4aa1f95129e5e54670f1',
    ],
    [
      'the nonce of RFC 6455 and the GUID',
      'dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11',
      'b37a4f2cc0624f1690f64606cf385945b2bec4ea',
    ],
  ])('digests %s as published [FIPS 180-4 6.1, RFC 6455 4.2.2]', (_what, text, digest) => {
    expect(toHex(sha1(utf8(text)))).toBe(digest);
  });

  it('digests a million times "a" as published [RFC 3174 7.3]', () => {
    expect(toHex(sha1(new Uint8Array(1_000_000).fill(0x61)))).toBe(
      '34aa973cd4c4daa4f61eeb2bdbad27316534016f',
    );
  });

  it('agrees with node:crypto at every length around the padding [FIPS 180-4 5.1.1]', () => {
    const bytes = Uint8Array.from({ length: 260 }, (_, i) => (i * 167 + 13) & 0xff);
    for (let length = 0; length <= bytes.length; length++) {
      const part = bytes.subarray(0, length);
      expect(toHex(sha1(part)), `length ${length}`).toBe(createHash('sha1').update(part).digest('hex'));
    }
  });

  it('reads a view that starts inside of its buffer, and leaves it as it was', () => {
    const whole = Uint8Array.from({ length: 200 }, (_, i) => i);
    const before = whole.slice();
    expect(toHex(sha1(whole.subarray(3, 131)))).toBe(
      createHash('sha1').update(whole.subarray(3, 131)).digest('hex'),
    );
    expect(whole).toEqual(before);
  });

  it('gives a new digest each time', () => {
    const one = sha1(utf8('a'));
    const kept = one.slice();
    sha1(utf8('b'));
    expect(one).toEqual(kept);
  });
});

describe('resetSha1(), expandSha1(), compressSha1(), writeSha1()', () => {
  it('digest a block by hand as sha1() does [FIPS 180-4 appendix]', () => {
    const state = new Int32Array(5);
    const schedule = new Int32Array(80);
    schedule[0] = 0x61626380; // "abc" and the bit 1
    schedule[15] = 24;
    resetSha1(state);
    expandSha1(schedule);
    compressSha1(state, schedule);
    const digest = new Uint8Array(20);
    writeSha1(state, digest);
    expect(toHex(digest)).toBe('a9993e364706816aba3e25717850c26c9cd0d89d');
  });
});
