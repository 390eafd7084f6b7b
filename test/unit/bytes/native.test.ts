import { describe, expect, it } from 'vitest';
import { allocate, xor64 } from '../../../src/bytes/native.ts';
import { toHex } from '../../support/deliveries.ts';

/** The key as {@link xor64} takes it, and its bytes in the order in which they go over the data (RFC 6455 §5.3). */
const KEY = 0xd4c3b2a1 | 0;
const KEY_BYTES = [0xa1, 0xb2, 0xc3, 0xd4];

/** What is wrong about one call, if anything; all memory is looked at, what lies around the run too. */
function faultAt(offset: number, start: number, length: number): string | undefined {
  const bytes = Uint8Array.from({ length: 200 }, (_, i) => i * 7).subarray(offset);
  const expected = bytes.slice();
  for (let i = 0; i < length; i++) expected[start + i]! ^= KEY_BYTES[i & 3]!;
  xor64(bytes, start, start + length, KEY);
  return Buffer.compare(bytes, expected) === 0
    ? undefined
    : `offset ${offset}, start ${start}, length ${length}: ${toHex(bytes)}`;
}

describe('xor64', () => {
  it('equals the byte-wise XOR at every alignment and length around a word [RFC 6455 5.3]', () => {
    const faults: string[] = [];
    for (let offset = 0; offset < 9; offset++) {
      for (let start = 0; start < 9; start++) {
        for (const length of [0, 1, 7, 8, 9, 15, 16, 63, 64, 65, 71, 72, 73, 136, 150]) {
          const fault = faultAt(offset, start, length);
          if (fault !== undefined) faults.push(fault);
        }
      }
    }
    expect(faults).toEqual([]);
  });
});

describe('allocate', () => {
  const asked: number[] = [];
  const native = {
    allocate(length: number): Uint8Array {
      asked.push(length);
      return Buffer.alloc(length + 8, 0xee).subarray(8);
    },
  };

  it('is a plain Uint8Array, whatever the runtime gives, and zeroed where nothing is handed in', () => {
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

  it('asks the runtime from 4096 bytes on: below, memory that is zeroed is as cheap', () => {
    asked.length = 0;
    for (const length of [0, 1, 4095, 4096, 4097]) allocate(native, length);
    expect(asked).toEqual([4096, 4097]);
  });
});
