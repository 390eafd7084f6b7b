import { describe, expect, it } from 'vitest';
import { allocate, xor64 } from '../../../src/bytes/native.ts';

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

describe('allocate', () => {
  it('is a plain Uint8Array, whatever the runtime gives, and zeroed where nothing is handed in', () => {
    const native = { allocate: (length: number) => Buffer.alloc(length + 8, 0xee).subarray(8) };
    for (const length of [0, 1, 4095, 4096, 5000]) {
      for (const one of [native, {}, undefined]) {
        const memory = allocate(one, length);
        expect(memory.constructor).toBe(Uint8Array);
        expect(memory).toHaveLength(length);
        if (one !== native) expect(memory.every((byte) => byte === 0)).toBe(true);
      }
    }
    expect(allocate(native, 5000)[0]).toBe(0xee);
  });
});
