import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { loadVectors } from '../support/vectors.ts';
import { CoverageMap, type FuzzReport, fuzz, runInput } from './engine.ts';
import { mutate, Random } from './mutate.ts';
import { readSeeds } from './seeds.ts';
import { CONTROL_BYTES, type FuzzTarget, holds, planOf, seedOf } from './target.ts';
import { TARGETS } from './targets/index.ts';

/** Mutations of each target: a fixed number, so that a failure comes again. */
const MUTATIONS = 1500;

function reproduce(target: FuzzTarget, input: Uint8Array): void {
  const error = runInput(target, input);
  if (error === undefined) return;
  const hint = `npm run fuzz -- ${target.name} --input ${Buffer.from(input).toString('base64')}`;
  throw new Error(`${String(error)}\n${hint}`, { cause: error });
}

describe.each(TARGETS.map((target) => [target.name, target] as const))('fuzz target %s', (name, target) => {
  const seeds = readSeeds(name);

  it('has the seeds that its vectors give today, of each file that it names', () => {
    const lines = new Set<string>();
    for (const file of target.vectors) {
      const before = lines.size;
      const { vectors } = loadVectors<Record<string, unknown>, unknown>(file);
      for (const [index, vector] of vectors.entries()) {
        const seed = seedOf(target, file, vector, index);
        if (seed !== undefined) lines.add(Buffer.from(seed).toString('base64'));
      }
      expect(lines.size, file).toBeGreaterThan(before + 10);
    }
    const committed = readFileSync(new URL(`./seeds/${name}.txt`, import.meta.url), 'utf8');
    expect(committed === `${[...lines].join('\n')}\n`, 'npm run fuzz -- --seeds makes them anew').toBe(true);
    expect(seeds.length).toBeGreaterThan(20);
  });

  it('holds on each seed', () => {
    for (const seed of seeds) reproduce(target, seed);
  });

  it(`holds on ${MUTATIONS} mutations of its seeds`, () => {
    const random = new Random(0x5eed);
    for (let i = 0; i < MUTATIONS; i++) {
      const input = mutate(random, random.pick(seeds), seeds, target.words, CONTROL_BYTES + target.maxBytes);
      reproduce(target, input);
    }
  });
});

describe('the fuzzer itself', () => {
  it('finds what throws, and says what was thrown', () => {
    const broken: FuzzTarget = {
      ...TARGETS[0]!,
      run: ({ wire }) => holds(wire[0] !== 0x41, 'an A'),
    };
    expect(runInput(broken, Uint8Array.of(0, 0, 0, 0x41))).toMatchObject({
      name: 'Finding',
      message: 'an A',
    });
    expect(runInput(broken, Uint8Array.of(0, 0, 0, 0x42))).toBeUndefined();
  });

  it('finds by coverage what it does not find without, and makes it small', () => {
    const secret = Uint8Array.from([0x88, 0x3a, 0xfe, 0xc1]);
    const run = (isCounted: boolean): FuzzReport => {
      // What istanbul would count: one branch for each byte that is right.
      const branches = { s: {}, f: {}, b: { 0: [0, 0, 0, 0] } };
      const target: FuzzTarget = {
        ...TARGETS[0]!,
        words: [],
        maxBytes: 6,
        good: () => {},
        run({ wire }) {
          let right = 0;
          while (right < secret.length && wire[right] === secret[right]) {
            if (isCounted) branches.b[0][right]!++;
            right++;
          }
          holds(right < secret.length, 'the secret');
        },
      };
      let runs = 0;
      const isOver = (): boolean => runs > 150_000;
      const coverage = new CoverageMap({ file: branches });
      return fuzz(target, [new Uint8Array(CONTROL_BYTES + 6)], coverage, 7, isOver, () => runs++);
    };
    expect(run(false).finding).toBeUndefined();
    const { finding, coverage } = run(true);
    expect(finding?.input).toEqual(Uint8Array.of(0, 0, 0, ...secret));
    expect(coverage).toEqual({ seeds: 0, all: 4, of: 4 });
  });

  it('cuts the wire as the control bytes say, and loses nothing', () => {
    const wire = [1, 2, 3, 4, 5];
    for (const [a, b, lengths] of [
      [0, 0, [0, 0, 5]],
      [2, 4, [2, 2, 1]],
      [4, 2, [2, 2, 1]],
      [255, 0, [1, 1, 1, 1, 1]],
      [254, 1, [2, 2, 1]],
    ] as const) {
      const pieces = planOf(Uint8Array.of(9, a, b, ...wire)).pieces();
      expect(pieces.map(({ length }) => length)).toEqual(lengths);
      expect(pieces.flatMap((piece) => [...piece])).toEqual(wire);
    }
  });
});
