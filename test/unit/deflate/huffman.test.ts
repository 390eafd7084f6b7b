import { describe, expect, it } from 'vitest';
import {
  INVALID,
  LITERAL,
  LITERAL_ENTRIES,
  TableBuilder,
  VALUE_SHIFT,
} from '../../../src/deflate/decode-table.ts';
import { CodeBuilder } from '../../../src/deflate/huffman.ts';
import { generator } from '../../support/deflate-samples.ts';

const FIBONACCI = Array.from({ length: 28 }).reduce<number[]>(
  (all) => [...all, (all.at(-1) ?? 1) + (all.at(-2) ?? 0)],
  [],
);

/** Cost of the best code, without a limit: the sum of all internal nodes of the Huffman tree, made the slow way. */
function huffmanCost(frequencies: readonly number[]): number {
  const weights = frequencies.filter((frequency) => frequency > 0);
  let cost = 0;
  while (weights.length > 1) {
    weights.sort((a, b) => a - b);
    const node = weights.shift()! + weights.shift()!;
    cost += node;
    weights.push(node);
  }
  return cost;
}

function lengthsOf(
  frequencies: readonly number[],
  maxBits: number,
): { lengths: Uint8Array; count: number; cost: number; kraft: number } {
  const lengths = new Uint8Array(frequencies.length);
  const count = new CodeBuilder().build(
    Int32Array.from(frequencies),
    frequencies.length,
    maxBits,
    lengths,
    new Int32Array(frequencies.length),
  );
  const cost = frequencies.reduce((sum, frequency, symbol) => sum + frequency * lengths[symbol]!, 0);
  const kraft = lengths.reduce((sum, bits) => sum + (bits === 0 ? 0 : 2 ** -bits), 0);
  return { lengths, count, cost, kraft };
}

describe('CodeBuilder', () => {
  it.each([10, 300])(
    'makes complete codes of the least cost where the limit does not bite: %s codes',
    (rounds) => {
      const next = generator(11);
      for (let round = 0; round < rounds; round++) {
        const frequencies = Array.from({ length: 2 + next(285) }, () =>
          next(3) === 0 ? 0 : next(2 ** next(10)),
        );
        if (frequencies.filter((frequency) => frequency > 0).length < 2) continue;
        const { cost, kraft } = lengthsOf(frequencies, 15);
        expect(kraft).toBe(1);
        expect(cost).toBe(huffmanCost(frequencies));
      }
    },
  );

  it.each([
    [15, 28],
    [15, 17],
    [7, 19],
    [7, 9],
  ])('keeps codes within %s bits, complete, for %s symbols of Fibonacci frequencies', (maxBits, count) => {
    const frequencies = FIBONACCI.slice(0, count);
    const { lengths, kraft, cost } = lengthsOf(frequencies, maxBits);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(maxBits);
    expect(Math.min(...lengths)).toBeGreaterThan(0);
    expect(kraft).toBe(1);
    // The rarer a symbol, the longer its code; and little is lost.
    for (let symbol = 1; symbol < count; symbol++)
      expect(lengths[symbol]).toBeLessThanOrEqual(lengths[symbol - 1]!);
    expect(cost).toBeLessThan(huffmanCost(frequencies) * 1.15);
  });

  it.each([
    ['no symbol', [0, 0, 0], [1, 1, 0], 2],
    ['the first symbol alone', [9, 0, 0], [1, 1, 0], 2],
    ['the second symbol alone', [0, 9, 0], [1, 1, 0], 2],
    ['the last symbol alone', [0, 0, 9], [1, 0, 1], 3],
  ])(
    'makes two codes where there is %s, as some decoders take no fewer',
    (_what, frequencies, expected, count) => {
      const result = lengthsOf(frequencies, 15);
      expect([...result.lengths]).toEqual(expected);
      expect(result.count).toBe(count);
    },
  );

  it('numbers codes as RFC 1951 does, with their bits reversed [RFC 1951 3.2.2]', () => {
    const codes = new Int32Array(8);
    new CodeBuilder().codes(Uint8Array.of(3, 3, 3, 3, 3, 2, 4, 4), codes);
    // 010 011 100 101 110 00 1110 1111
    expect([...codes].map((code) => code >>> 16)).toEqual([3, 3, 3, 3, 3, 2, 4, 4]);
    expect([...codes].map((code) => code & 0xffff)).toEqual([
      0b010, 0b110, 0b001, 0b101, 0b011, 0b00, 0b0111, 0b1111,
    ]);
  });
});

describe('TableBuilder', () => {
  it.each([20, 200])(
    'builds tables that map every code to its symbol, at every root size: %s tables',
    (rounds) => {
      const next = generator(5);
      const builder = new TableBuilder();
      const table = new Int32Array(4096);
      for (let round = 0; round < rounds; round++) {
        const skew = next(14);
        const frequencies = Array.from({ length: 2 + next(254) }, () =>
          next(4) === 0 ? 0 : 1 + next(2 ** next(skew + 1)),
        );
        const { lengths } = lengthsOf(frequencies, 15);
        const codes = new Int32Array(lengths.length);
        new CodeBuilder().codes(lengths, codes);
        const root = builder.build(lengths, 0, lengths.length, LITERAL_ENTRIES, table, 4 + next(7), false);
        expect(root).toBeGreaterThan(0);
        for (const [symbol, bits] of lengths.entries()) {
          if (bits === 0) continue;
          // Whatever follows the code must not matter.
          for (const junk of [0, 0xffff, next(65_536)]) {
            const input = (codes[symbol]! & 0xffff) | (junk << bits);
            let entry = table[input & ((1 << root) - 1)]!;
            if ((entry & LITERAL) === 0) {
              entry =
                table[(entry >>> VALUE_SHIFT) + ((input >>> root) & ((1 << ((entry >>> 4) & 15)) - 1))]!;
            }
            if (entry >>> VALUE_SHIFT !== symbol || (entry & 15) !== bits)
              expect([entry >>> VALUE_SHIFT, entry & 15]).toEqual([symbol, bits]);
          }
        }
      }
    },
  );

  it('stays within the sizes that the decoder has, for the codes that need most [zlib enough]', () => {
    // Lengths 1, 2, ..., 9, then as many of 15 bits as fit: more second tables than any text makes.
    const builder = new TableBuilder();
    const lengths = new Uint8Array(286);
    for (let symbol = 0; symbol < 9; symbol++) lengths[symbol] = symbol + 1;
    lengths[9] = 10;
    let left = 32;
    let symbol = 10;
    for (let bits = 11; bits < 15 && left > 0; bits++) {
      lengths[symbol++] = bits;
      left = (left << 0) - (1 << (15 - bits));
    }
    while (left-- > 0) lengths[symbol++] = 15;
    const table = new Int32Array(1334);
    expect(builder.build(lengths, 0, 286, LITERAL_ENTRIES, table, 10, false)).toBe(10);
  });

  it('refuses codes that are over-subscribed or not complete [RFC 1951 3.2.7]', () => {
    const builder = new TableBuilder();
    const build = (lengths: readonly number[], mayBeIncomplete: boolean): number =>
      builder.build(
        Uint8Array.from(lengths),
        0,
        lengths.length,
        LITERAL_ENTRIES,
        new Int32Array(1334),
        10,
        mayBeIncomplete,
      );
    expect(build([1, 1, 1], true)).toBe(0);
    expect(build([1, 2], true)).toBe(0);
    expect(build([2, 2, 2], true)).toBe(0);
    expect(build([1, 0], false)).toBe(0);
    expect(build([0, 0], false)).toBe(0);
    expect(build([1, 0], true)).toBe(1);
    expect(build([0, 0], true)).toBe(1);
    expect(build([1, 2, 2], false)).toBe(2);
  });

  it('builds from the lengths that it is told, and looks at none around them', () => {
    const builder = new TableBuilder();
    const table = new Int32Array(1334);
    const around = Uint8Array.of(1, 1, 2, 2, 1);
    expect(builder.build(around, 1, 3, LITERAL_ENTRIES, table, 10, false)).toBe(2);
    // 0 is the first symbol, 01 and 11 are the others, low bit first.
    const [first, second, third] = [0, 1, 2].map((symbol) => LITERAL_ENTRIES[symbol]!);
    expect([...table.subarray(0, 4)]).toEqual([first! | 1, second! | 2, first! | 1, third! | 2]);
    expect(builder.build(around, 0, 2, LITERAL_ENTRIES, table, 10, false)).toBe(1);
  });

  it('has a code that does not exist for whoever uses one where there is none, or only one [RFC 1951 3.2.7]', () => {
    const builder = new TableBuilder();
    const table = new Int32Array(1334);
    const around = Uint8Array.of(0, 0, 1, 0, 1);
    expect(builder.build(around, 0, 2, LITERAL_ENTRIES, table, 10, true)).toBe(1);
    expect([...table.subarray(0, 2)]).toEqual([INVALID | 1, INVALID | 1]);
    expect(builder.build(around, 1, 3, LITERAL_ENTRIES, table, 10, true)).toBe(1);
    expect([...table.subarray(0, 2)]).toEqual([LITERAL_ENTRIES[1]! | 1, INVALID | 1]);
  });
});
