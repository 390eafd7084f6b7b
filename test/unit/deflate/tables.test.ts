import { expect, it } from 'vitest';
import {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LENGTH_SYMBOL,
} from '../../../src/deflate/tables.ts';
import { distanceSymbol } from '../../../src/deflate/tokens.ts';

it('LENGTH_BASE and LENGTH_EXTRA are the table of the RFC [RFC 1951 3.2.5]', () => {
  expect([...LENGTH_BASE]).toEqual([
    3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195,
    227, 258,
  ]);
  expect([...LENGTH_EXTRA].reduce((sum, bits) => sum + bits)).toBe(4 * (1 + 2 + 3 + 4 + 5));
});

it('DISTANCE_BASE and DISTANCE_EXTRA are the table of the RFC [RFC 1951 3.2.5]', () => {
  expect([...DISTANCE_BASE]).toEqual([
    1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073,
    4097, 6145, 8193, 12_289, 16_385, 24_577,
  ]);
  expect(DISTANCE_BASE[29]! + 2 ** DISTANCE_EXTRA[29]! - 1).toBe(32_768);
});

it('LENGTH_SYMBOL takes every length to a symbol that covers it, 258 to the last', () => {
  for (let length = 3; length <= 258; length++) {
    const symbol = LENGTH_SYMBOL[length]!;
    expect(length - LENGTH_BASE[symbol]!).toBeGreaterThanOrEqual(0);
    expect(length - LENGTH_BASE[symbol]!).toBeLessThan(2 ** LENGTH_EXTRA[symbol]!);
  }
  expect(LENGTH_SYMBOL[258]).toBe(28);
});

it('distanceSymbol() takes every distance to a symbol that covers it', () => {
  let wrong = 0;
  for (let distance = 1; distance <= 32_768; distance++) {
    const symbol = distanceSymbol(distance);
    const extra = distance - DISTANCE_BASE[symbol]!;
    if (extra < 0 || extra >= 2 ** DISTANCE_EXTRA[symbol]!) wrong++;
  }
  expect(wrong).toBe(0);
});
