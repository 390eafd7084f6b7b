import { describe, expect, it } from 'vitest';
import { MaskKeys, type RandomSource, secureRandom } from '../../../src/bytes/random.ts';

describe('secureRandom', () => {
  it('fills the bytes it is given and returns them', () => {
    const bytes = new Uint8Array(64);
    expect(secureRandom(bytes)).toBe(bytes);
    expect(bytes.some((byte) => byte !== 0)).toBe(true);
  });
});

describe('MaskKeys', () => {
  it('packs four bytes of the source as one number, the first one lowest', () => {
    const keys = new MaskKeys((bytes) => bytes.map((_, i) => i));
    expect(keys.next()).toBe(0x03020100);
    expect(keys.next()).toBe(0x07060504);
  });

  it('asks its source for many keys at once, and again only when they are used up [RFC 6455 10.3]', () => {
    let calls = 0;
    const source: RandomSource = (bytes) => {
      calls++;
      return bytes.fill(calls);
    };
    const keys = new MaskKeys(source);
    expect(calls).toBe(0);
    const seen = Array.from({ length: 2049 }, () => keys.next());
    expect(calls).toBe(3);
    expect(seen[1023]).toBe(0x01010101);
    expect(seen[1024]).toBe(0x02020202);
    expect(seen[2048]).toBe(0x03030303);
  });

  it('gives keys that differ, from the secure source by default [RFC 6455 10.3]', () => {
    const keys = new MaskKeys();
    const seen = new Set(Array.from({ length: 1000 }, () => keys.next()));
    expect(seen.size).toBeGreaterThan(990);
  });

  it.each([
    ['gives fewer bytes than it was asked for', () => new Uint8Array(4)],
    ['gives none', () => undefined],
    ['is no function', 5],
  ])('refuses a source that %s: the rest would be keys of zeros [RFC 6455 10.3]', (_, random) => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    expect(() => new MaskKeys(random as unknown as RandomSource).next()).toThrow(refused);
  });
});
