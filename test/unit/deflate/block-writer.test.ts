import { describe, expect, it } from 'vitest';
import { BlockWriter } from '../../../src/deflate/block-writer.ts';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { Tokens } from '../../../src/deflate/tokens.ts';
import { expectBytes, inflateAll, zlibInflate } from '../../support/deflate-contract.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat } from '../../support/deliveries.ts';

/** BTYPE of the first block (RFC 1951 §3.2.3). */
const STORED = 0;
const FIXED = 1;
const DYNAMIC = 2;
const blockType = (message: Uint8Array): number => (message[0]! >> 1) & 3;

const NOTHING = new Uint8Array(0);

/** Tokens, and the bytes that they stand for behind `before`. */
function tokensOf(before: Uint8Array, parts: ReadonlyArray<Uint8Array | readonly [number, number]>) {
  const tokens = new Tokens();
  tokens.clear();
  const own: number[] = [];
  for (const part of parts) {
    if (part instanceof Uint8Array) {
      tokens.literalRun(part, 0, part.length);
      own.push(...part);
      continue;
    }
    const [length, distance] = part;
    tokens.match(length, distance);
    for (let i = 0; i < length; i++)
      own.push(own[own.length - distance] ?? before[before.length + own.length - distance]!);
  }
  return { tokens, bytes: concat([before, Uint8Array.from(own)]) };
}

describe('BlockWriter writes the shortest of a stored, a fixed and a dynamic block [RFC 1951 3.2.3]', () => {
  /** Values that a fixed code spends 9 bits on, no two of them neighbours, so that no dynamic code is short. */
  const dear = (count: number): Uint8Array => Uint8Array.from({ length: count }, (_, i) => 144 + 3 * i);
  const noise = sample('random', 32_768);
  const far = [3, 32_768 - 200] as const; // 12 bits, and 13 extra ones: one more than the 3 bytes have

  it.each([
    ['31 bytes of 9 bits: one bit shorter than stored', [dear(31)], FIXED],
    ['32 bytes of 9 bits: as long as stored', [dear(32)], STORED],
    ['28 bytes of 9 bits and 3 far matches', [dear(28), far, far, far], FIXED],
    ['28 bytes of 9 bits and 4 far matches', [dear(28), far, far, far, far], STORED],
    ['noise', [noise.subarray(0, 2000)], STORED],
    [
      'noise and a match whose extra bits make it as long as stored',
      [noise.subarray(0, 1064), [51, far[1]]],
      STORED,
    ],
    ['one byte', [Uint8Array.of(0xff)], FIXED],
    ['few values', [noise.subarray(0, 300).map((byte) => byte & 3)], DYNAMIC],
  ] as const)('%s', (_what, parts, type) => {
    const { tokens, bytes } = tokensOf(noise, parts);
    const writer = new BlockWriter();
    writer.start(bytes.length + 100);
    writer.block(tokens, bytes, noise.length, bytes.length);
    const message = writer.finish(true, false);
    expect(blockType(message)).toBe(type);
    if (type === STORED) expect(message).toHaveLength(5 + bytes.length - noise.length + 1);

    writer.start(bytes.length + 100);
    writer.stored(noise, 0, noise.length);
    writer.block(tokens, bytes, noise.length, bytes.length);
    expectBytes(zlibInflate(writer.finish(true, false)), bytes);
  });
});

describe('BlockWriter loses no bit, nor does the inflater,', () => {
  /** Frequencies, each the sum of the two before it, that make codes of 1 to 13 bits, and of 15 for four symbols that are there once. */
  const often = [3, 6];
  while (often.length < 13) often.push(often.at(-1)! + often.at(-2)!);
  // All of these have extra bits, 5 of the length and 13 or 12 of the distance, and those are ones.
  const far = [32_768, 24_576, 16_384, 12_288];
  const rare = [162, 194, 226, 257].map((length, i) => [length, far[i]!] as const);
  const literals = often.map((count, i) => new Uint8Array(count).fill(100 + i));
  const near = [1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65];
  const matches = often.flatMap((count, i) => Array.from({ length: count }, () => [3, near[i]!] as const));

  const codes = [
    ['lengths', [...rare.slice(1), ...literals]],
    ['distances', [...rare, ...matches]],
  ] as const;
  it.each([0, 4, 8, 12].flatMap((first) => codes.map(([what, parts]) => [what, first, parts] as const)))(
    'of the longest codes of %s with the most extra bits, from bit %s of 16 on',
    (_what, first, parts) => {
      const before = sample('random', 32_768);
      const small = tokensOf(NOTHING, [Uint8Array.of(0xff)]);
      const writer = new BlockWriter();
      const inflater = createPureEngine().createInflater({ windowBits: 15, contextTakeover: false });
      // Each small block takes 3 + 9 + 7 bits, and 11 of them come to one bit more than whole units of 16.
      for (let bit = first; bit < first + 4; bit++) {
        const begun = (11 * bit) % 16;
        const ahead = concat([before, new Uint8Array(begun).fill(0xff)]);
        const { tokens, bytes } = tokensOf(ahead, parts);
        writer.start(2 * bytes.length);
        writer.stored(before, 0, before.length);
        for (let i = 0; i < begun; i++) writer.block(small.tokens, small.bytes, 0, 1);
        writer.block(tokens, bytes, ahead.length, bytes.length);
        const message = writer.finish(true, false);
        expectBytes(zlibInflate(message), bytes, `after ${begun} small blocks`);
        expectBytes(
          inflateAll(inflater, [message]),
          bytes,
          `after ${begun} small blocks, by the own inflater`,
        );
      }
    },
  );

  it('of stored bytes, in as many blocks as they need [RFC 1951 3.2.4]', () => {
    const writer = new BlockWriter();
    const bytes = sample('random', 65_536);
    for (const [from, to, blocks] of [
      [0, 0, 0],
      [1, 65_536, 1],
      [0, 65_536, 2],
    ] as const) {
      writer.start(70_000);
      writer.stored(bytes, from, to);
      const message = writer.finish(true, false);
      expect(message).toHaveLength(to - from + 5 * blocks + 1);
      expectBytes(zlibInflate(message), bytes.subarray(from, to));
    }
  });

  it('ends with an empty stored block, whose length is left out at the end of a message [RFC 7692 7.2.1]', () => {
    const writer = new BlockWriter();
    writer.start(10);
    expect([...writer.finish(true, false)]).toEqual([0]);
    writer.start(10);
    expect([...writer.finish(false, false)]).toEqual([0, 0, 0, 0xff, 0xff]);
  });
});
