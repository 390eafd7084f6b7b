import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { DeflateScratch } from '../../../src/deflate/deflate.ts';
import { Matcher } from '../../../src/deflate/matcher.ts';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { BLOCK_TOKENS, LENGTH_SHIFT, Tokens } from '../../../src/deflate/tokens.ts';
import { expectBytes, zlibInflate, zlibMessage } from '../../support/deflate-contract.ts';
import { generator, sample } from '../../support/deflate-samples.ts';
import { concat } from '../../support/deliveries.ts';

const engine = createPureEngine();

/** What a run of tokens stands for, and the greatest distance in it. */
function expand(tokens: Tokens, before: Uint8Array): { bytes: number[]; reach: number } {
  const bytes = [...before];
  let reach = 0;
  for (const token of tokens.list.subarray(0, tokens.count)) {
    const length = token >>> LENGTH_SHIFT;
    if (length === 0) bytes.push(token);
    const distance = (token & 0xffff) + 1;
    if (length > 0) reach = Math.max(reach, distance);
    for (let i = 0; i < length; i++) bytes.push(bytes[bytes.length - distance]!);
  }
  return { bytes, reach };
}

describe.each([1, 2, 4, 6, 9])('Matcher, level %s', (level) => {
  it('finds tokens that stand for the data, block by block, within its reach', () => {
    for (const windowBits of [8, 15]) {
      const matcher = new Matcher(level, windowBits);
      const tokens = new Tokens();
      for (const bytes of [
        sample('text', 9000),
        sample('random', 40_000),
        new Uint8Array(70_000),
        sample('json', 50),
      ]) {
        for (let from = 0; from < bytes.length; ) {
          tokens.clear();
          const to = matcher.find(tokens, bytes, from, bytes.length);
          expect(to).toBeGreaterThan(from);
          expect(tokens.count).toBeLessThanOrEqual(tokens.list.length);
          if (to < bytes.length) expect(tokens.count).toBeGreaterThanOrEqual(BLOCK_TOKENS);
          const { bytes: expanded, reach } = expand(tokens, bytes.subarray(0, from));
          expectBytes(Uint8Array.from(expanded), bytes.subarray(0, to));
          expect(reach).toBeLessThanOrEqual(2 ** windowBits);
          from = to;
        }
        matcher.forget(bytes.length);
      }
    }
  });

  it('stays right when its positions start over, and finds as much', () => {
    const matcher = new Matcher(level, 15);
    const tokens = new Tokens();
    const bytes = sample('text', 2000);
    let first: number | undefined;
    // Twice as far as an integer of 32 bits counts.
    for (let round = 0; round < 16; round++) {
      tokens.clear();
      expect(matcher.find(tokens, bytes, 0, bytes.length)).toBe(bytes.length);
      first ??= tokens.count;
      expect(tokens.count).toBe(first);
      expectBytes(Uint8Array.from(expand(tokens, new Uint8Array(0)).bytes), bytes);
      matcher.forget(300_000_000);
    }
  });
});

describe('Deflater', () => {
  it('stores what does not get smaller, with 5 bytes a block', () => {
    const noise = sample('random', 200_000);
    for (const level of [1, 6]) {
      const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: false, level });
      const message = deflater.deflate(noise, true);
      expect(message.length).toBeLessThanOrEqual(200_000 + 13 * 5 + 1);
      expectBytes(zlibInflate(message), noise);
    }
  });

  it('stays within its bound for data of every length around a block and a window', () => {
    const next = generator(99);
    for (const length of [16_383, 16_384, 16_385, 32_767, 32_768, 32_769, 65_535, 65_536, 65_537, 131_073]) {
      const bytes = Uint8Array.from({ length }, () => next(256));
      for (const [level, contextTakeover] of [
        [0, false],
        [1, false],
        [1, true],
        [6, true],
      ] as const) {
        const message = engine
          .createDeflater({ windowBits: 15, contextTakeover, level })
          .deflate(bytes, true);
        expect(message.length).toBeLessThanOrEqual(length + 5 * Math.ceil(length / 16_000) + 16);
        expectBytes(zlibInflate(message), bytes);
      }
    }
  });

  it('mixes stored and compressed blocks in one message', () => {
    const bytes = concat([sample('text', 60_000), sample('random', 60_000), sample('json', 60_000)]);
    for (const contextTakeover of [false, true]) {
      const deflater = engine.createDeflater({ windowBits: 15, contextTakeover, level: 1 });
      const message = deflater.deflate(bytes, true);
      expect(message.length).toBeLessThan(120_000);
      expectBytes(zlibInflate(message), bytes);
    }
  });

  it('grows its window with what it is given, up to twice its size', () => {
    const deflater = engine.createDeflater({ windowBits: 12, contextTakeover: true, level: 1 });
    const tables = 4 * 4096;
    const sizes: number[] = [];
    for (const size of [100, 900, 900, 3000, 3000, 20_000, 1]) {
      deflater.deflate(sample('json', size), true);
      sizes.push(deflater.retainedBytes - tables);
    }
    expect(sizes).toEqual([1024, 1024, 2048, 8192, 8192, 8192, 8192]);
  });

  it('begins its window with 1024 bytes, and doubles it when that is too little', () => {
    const deflater = engine.createDeflater({ windowBits: 12, contextTakeover: true, level: 1 });
    const tables = 4 * 4096;
    deflater.deflate(sample('json', 1024), true);
    expect(deflater.retainedBytes - tables).toBe(1024);
    deflater.deflate(sample('json', 1), true);
    expect(deflater.retainedBytes - tables).toBe(2048);
    deflater.dispose();
    expect(deflater.retainedBytes).toBe(0);
  });

  it('shares one matcher for each level and window with all others of its engine', () => {
    const scratch = new DeflateScratch();
    const matchers = [1, 9].flatMap((level) =>
      [8, 15].map((windowBits) => scratch.matcher(level, windowBits)),
    );
    expect(new Set(matchers).size).toBe(4);
    expect(scratch.matcher(9, 8)).toBe(matchers[2]);
  });

  it('keeps nothing at level 0, and makes nothing of nothing while more is to come', () => {
    const options = { windowBits: 12, contextTakeover: true, level: 0 };
    expect(engine.deflaterBytes(options)).toBe(0);
    const deflater = engine.createDeflater(options);
    expect(deflater.deflate(new Uint8Array(0), false)).toHaveLength(0);
    expect(deflater.deflate(new Uint8Array(0), true)).toHaveLength(1);
    deflater.deflate(sample('json', 1000), true);
    expect(deflater.retainedBytes).toBe(0);
  });

  it.each([
    ['level 1 within 5 % of zlib level 1', 1, 1, 1.05],
    ['level 6 within 3 % of zlib level 6', 6, 6, 1.03],
    ['level 9 within 3 % of zlib level 6', 9, 6, 1.03],
  ])('is as small as it says on JSON and text of all sizes: %s', (_what, level, zlibLevel, factor) => {
    for (const kind of ['json', 'text'] as const) {
      for (const size of [256, 512, 1024, 4096, 16_384, 131_072]) {
        let ours = 0;
        let theirs = 0;
        for (let seed = 0; seed < (size > 10_000 ? 2 : 8); seed++) {
          const bytes = sample(kind, size, seed);
          const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: false, level });
          ours += deflater.deflate(bytes, true).length;
          theirs += zlibMessage(bytes, { level: zlibLevel }).length;
        }
        expect(ours / theirs, `${kind} of ${size} bytes`).toBeLessThan(factor);
      }
    }
  });
});

describe('Deflater writes the bytes that it wrote when its sizes were last looked at', () => {
  /** Bytes that have no more than so many values. */
  const fewSymbols = (length: number, symbols: number): Uint8Array => {
    const next = generator(length);
    return Uint8Array.from({ length }, () => 0x61 + next(symbols));
  };
  const digest = (bytes: Uint8Array): string => createHash('sha1').update(bytes).digest('hex').slice(0, 10);

  it.each([
    [1, [189, 3101, 9200, 26_686, 2393, 22_538], '5cc933fab0'],
    [2, [187, 2979, 8593, 27_026, 2185, 22_462], '5279c71659'],
    [3, [187, 2923, 8206, 27_028, 2111, 22_452], 'a03e03c306'],
    [4, [187, 2879, 8061, 27_028, 2043, 22_440], '18aebdcd0b'],
    [5, [186, 2818, 7757, 27_013, 2017, 22_434], '3229bc9c12'],
    [6, [186, 2810, 7644, 27_013, 1976, 22_435], '307a352064'],
    [7, [186, 2812, 7602, 27_013, 1979, 22_435], '9651adc083'],
    [8, [186, 2812, 7590, 27_013, 2032, 22_435], '54211eefa2'],
    [9, [186, 2812, 7590, 27_013, 2032, 22_435], '54211eefa2'],
  ] as const)('level %s, messages that share nothing', (level, sizes, hash) => {
    const messages = [
      sample('json', 300),
      sample('text', 9000),
      sample('json', 30_000),
      fewSymbols(50_000, 16),
      fewSymbols(12_000, 2),
      concat([sample('random', 20_000), new Uint8Array(1000), sample('text', 3000), sample('random', 1000)]),
    ].map((bytes) =>
      engine.createDeflater({ windowBits: 15, contextTakeover: false, level }).deflate(bytes, true),
    );
    expect(messages.map(({ length }) => length)).toEqual(sizes);
    expect(digest(concat(messages))).toBe(hash);
  });

  it.each([
    [1, [10_018, 9715, 9780], 'fb752d3d1c'],
    [2, [9698, 9468, 9524], '7deae0bdf0'],
    [3, [9656, 9342, 9398], 'e9daf8175d'],
    [4, [9656, 9339, 9357], '89abdcbd39'],
    [5, [9580, 9205, 9215], '23e025d0a5'],
    [6, [9580, 9205, 9195], '6ef64caa85'],
    [7, [9580, 9205, 9191], '2befca3c5d'],
    [8, [9580, 9205, 9190], 'de8943a09c'],
    [9, [9580, 9205, 9190], 'de8943a09c'],
  ] as const)('level %s, messages that share windows of 8, 10 and 13 bits', (level, sizes, hash) => {
    const streams = [8, 10, 13].map((windowBits) => {
      const deflater = engine.createDeflater({ windowBits, contextTakeover: true, level });
      return concat(
        [sample('json', 9000), sample('json', 200), fewSymbols(12_000, 8), sample('json', 4000)].map(
          (bytes) => deflater.deflate(bytes, true),
        ),
      );
    });
    expect(streams.map(({ length }) => length)).toEqual(sizes);
    expect(digest(concat(streams))).toBe(hash);
  });
});
