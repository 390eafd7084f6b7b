import { describe, expect, it } from 'vitest';
import { xor64 } from '../../../src/bytes/native.ts';

describe('xor64', () => {
  it('equals the byte-wise XOR at every alignment and length around a word [RFC 6455 5.3]', () => {
    const key = 0xd4c3b2a1 | 0;
    const keyBytes = [0xa1, 0xb2, 0xc3, 0xd4];
    for (let offset = 0; offset < 9; offset++) {
      for (let start = 0; start < 9; start++) {
        for (const length of [0, 1, 7, 8, 9, 15, 16, 63, 64, 65, 71, 72, 73, 150]) {
          const bytes = Uint8Array.from({ length: 200 }, (_, i) => i * 7).subarray(offset);
          const expected = bytes.slice();
          for (let i = 0; i < length; i++) expected[start + i]! ^= keyBytes[i & 3]!;
          xor64(bytes, start, start + length, key);
          expect(bytes, `offset ${offset}, start ${start}, length ${length}`).toEqual(expected);
        }
      }
    }
  });
});
