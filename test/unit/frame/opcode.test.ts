import { isControl, isOpcode, Opcode } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';

const NIBBLES = Array.from({ length: 16 }, (_, opcode) => opcode);

describe('opcodes', () => {
  it('isOpcode takes 0x0-0x2 and 0x8-0xA, and none of the reserved ones [RFC 6455 5.2]', () => {
    expect(NIBBLES.filter(isOpcode)).toEqual([0x0, 0x1, 0x2, 0x8, 0x9, 0xa]);
    expect(NIBBLES.filter(isOpcode).sort()).toEqual(Object.values(Opcode).sort());
  });

  it.each([
    [-1],
    [-22],
    [-31],
    [16],
    [17],
    [33],
    [1.5],
    [Number.NaN],
    [Number.POSITIVE_INFINITY],
    [2 ** 32 + 1],
  ])('isOpcode refuses %d, which is no 4-bit number', (value) => {
    expect(isOpcode(value)).toBe(false);
  });

  it.each([[-1], [-8], [16], [24], [Number.NaN], [Number.POSITIVE_INFINITY]])(
    'isControl says no to %d, which is no 4-bit number',
    (value) => {
      expect(isControl(value)).toBe(false);
    },
  );

  it('isControl goes by the most significant bit, reserved ones too [RFC 6455 5.5]', () => {
    expect(NIBBLES.filter(isControl)).toEqual([8, 9, 10, 11, 12, 13, 14, 15]);
  });
});
