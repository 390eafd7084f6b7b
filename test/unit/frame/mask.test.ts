import { applyMask } from 'sansocket/frame';
import { describe, expect, it, vi } from 'vitest';
import {
  BULK_FROM,
  packKey,
  rotateKey,
  UNKNOWN,
  VIEW_FROM,
  WORDS_FROM,
  wordView,
  xor,
} from '../../../src/frame/mask.ts';
import { hex, toHex } from '../../support/deliveries.ts';

const KEY = hex('37 fa 21 3d');
/** `transformed-octet-i = original-octet-i XOR masking-key-octet-j`, where `j = i MOD 4` [RFC 6455 5.3]. */
const masked = (bytes: Uint8Array, offset = 0): Uint8Array =>
  bytes.map((octet, i) => octet ^ KEY[(offset + i) % 4]!);
const around = (threshold: number): number[] => [threshold - 1, threshold, threshold + 1, threshold + 3];
const LENGTHS = [
  0,
  1,
  2,
  3,
  4,
  5,
  7,
  8,
  ...around(WORDS_FROM),
  ...around(VIEW_FROM),
  300,
  ...around(BULK_FROM),
];

describe('applyMask', () => {
  it('masks "Hello" as the RFC does, and back [RFC 6455 5.7]', () => {
    const bytes = new TextEncoder().encode('Hello');
    applyMask(bytes, KEY);
    expect(toHex(bytes)).toBe('7f9f4d5158');
    applyMask(bytes, KEY);
    expect(new TextDecoder().decode(bytes)).toBe('Hello');
  });

  it('goes on in the key where the payload stands, at any offset up to 2^53 - 1 [RFC 6455 5.3]', () => {
    for (const offset of [0, 1, 2, 3, 4, 5, 1023, 2 ** 31 + 1, 2 ** 32 + 2, Number.MAX_SAFE_INTEGER - 4]) {
      const bytes = new Uint8Array(9).fill(0x55);
      const expected = masked(bytes, offset % 4);
      applyMask(bytes, KEY, offset);
      expect(bytes, `offset ${offset}`).toEqual(expected);
    }
  });

  it('touches nothing around the view it is given', () => {
    for (const length of LENGTHS) {
      const memory = new Uint8Array(length + 20).fill(0x11);
      applyMask(memory.subarray(7, 7 + length), KEY);
      expect(memory.subarray(0, 7)).toEqual(new Uint8Array(7).fill(0x11));
      expect(memory.subarray(7 + length)).toEqual(new Uint8Array(13).fill(0x11));
    }
  });

  it.each([
    ['that starts', 2 ** 31, 1000, 0],
    ['that ends', 0, 2 ** 31 + 8, 2 ** 31 - 1000],
  ])('masks a view %s behind 2 GiB of its buffer', (_, start, length, from) => {
    const bytes = new Uint8Array(new ArrayBuffer(2 ** 31 + 4096), start, length).subarray(from);
    applyMask(bytes, KEY);
    expect(toHex(bytes)).toBe(toHex(masked(new Uint8Array(bytes.length))));
  });

  it('throws for bytes, a key or an offset that cannot be', () => {
    const bad = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    const bytes = new Uint8Array(4);
    expect(() => applyMask([1, 2] as unknown as Uint8Array, KEY)).toThrow(bad);
    for (const key of [new Uint8Array(3), new Uint8Array(5), [1, 2, 3, 4], 7, undefined]) {
      expect(() => applyMask(bytes, key as Uint8Array)).toThrow(bad);
    }
    for (const offset of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
      expect(() => applyMask(bytes, KEY, offset)).toThrow(bad);
    }
  });
});

describe('xor', () => {
  it('is the transcription of section 5.3 at each alignment, with and without a word view, on both sides of each threshold [RFC 6455 5.3]', () => {
    const wrong: string[] = [];
    for (const length of LENGTHS) {
      for (let offset = 0; offset < 4; offset++) {
        for (let start = 0; start < 4; start++) {
          for (const view of [false, true]) {
            const bytes = Uint8Array.from({ length: offset + start + length + 5 }, (_, i) => i * 13).subarray(
              offset,
            );
            const expected = bytes.slice();
            expected.set(masked(bytes.subarray(start, start + length)), start);
            xor(bytes, start, start + length, packKey(KEY, 0), view ? wordView(bytes) : undefined);
            if (toHex(bytes) !== toHex(expected)) wrong.push(`${length} at ${offset}+${start}, view ${view}`);
          }
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('returns all result bytes ORed together, wherever the one that is not ASCII is', () => {
    const wrong: string[] = [];
    for (const length of [1, 5, WORDS_FROM, WORDS_FROM + 3, VIEW_FROM, VIEW_FROM + 7]) {
      for (let at = -1; at < length; at++) {
        const bytes = new Uint8Array(length).fill(0x41);
        if (at >= 0) bytes[at] = 0xc3;
        for (let start = 0; start < 4; start++) {
          const chunk = new Uint8Array(start + length);
          chunk.set(masked(bytes), start);
          const or = xor(chunk, start, start + length, packKey(KEY, 0), undefined);
          const expected = at < 0 ? 0x41 : length === 1 ? 0xc3 : 0xc3 | 0x41;
          if (or !== expected) wrong.push(`${length} at ${start}, ${at}: ${or}`);
        }
      }
    }
    expect(wrong).toEqual([]);
  });

  it('works on words from where that is faster: a view that it is given, or one of its own', () => {
    // A view of other memory shows what was written through it.
    const changes = (length: number): boolean => {
      const other = new Int32Array(64);
      xor(new Uint8Array(length), 0, length, packKey(KEY, 0), other);
      return other.some((word) => word !== 0);
    };
    expect([WORDS_FROM - 1, WORDS_FROM].map(changes)).toEqual([false, true]);

    let views = 0;
    class CountedView extends Int32Array {
      constructor(...args: [ArrayBuffer, number, number]) {
        super(...args);
        views++;
      }
    }
    vi.stubGlobal('Int32Array', CountedView);
    try {
      applyMask(new Uint8Array(VIEW_FROM - 1), KEY);
      expect(views).toBe(0);
      applyMask(new Uint8Array(VIEW_FROM), KEY);
      expect(views).toBe(1);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  it('leaves long payloads to the bulk function, and does not pretend to have looked at them', () => {
    const calls: number[][] = [];
    const bulk = (_: Uint8Array, start: number, end: number, key: number): void => {
      calls.push([start, end, key]);
    };
    const bytes = new Uint8Array(2 * BULK_FROM);
    expect(xor(bytes, 3, BULK_FROM + 3, 7, undefined, bulk)).toBe(UNKNOWN);
    expect(calls).toEqual([[3, BULK_FROM + 3, 7]]);
    xor(bytes, 3, BULK_FROM + 2, 7, undefined, bulk);
    expect(calls).toHaveLength(1);
  });
});

describe('packKey and rotateKey', () => {
  it('turn the key as the payload goes on', () => {
    const key = packKey(hex('00 11 22 33 f4'), 1);
    expect(key >>> 0).toBe(0xf4332211);
    expect([0, 1, 2, 3, 4, 5].map((count) => rotateKey(key, count) & 0xff)).toEqual([
      0x11, 0x22, 0x33, 0xf4, 0x11, 0x22,
    ]);
  });
});
