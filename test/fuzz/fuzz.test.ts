import { describe, expect, it } from 'vitest';
import { runInput } from './engine.ts';
import { mutate, Random } from './mutate.ts';
import { readSeeds } from './seeds.ts';
import { CONTROL_BYTES, type FuzzTarget, holds, planOf } from './target.ts';
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

  it('has seeds, from the vectors that it names', () => {
    expect(seeds.length).toBeGreaterThan(20);
    expect(target.vectors.length).toBeGreaterThan(0);
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
