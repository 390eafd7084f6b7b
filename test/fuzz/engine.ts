/**
 * The coverage-guided loop: mutate an input, run it, keep it if it went where none went before.
 *
 * Owns: reading the counters, which inputs are kept, making a finding small. Does not own: instrumenting the source
 * (`tools/fuzz.mjs` does, with istanbul-lib-instrument), files, time limits on one run (a watchdog outside).
 *
 * @module
 */
import { mutate, Random } from './mutate.ts';
import { CONTROL_BYTES, type FuzzTarget, planOf } from './target.ts';

/** Counters of one instrumented file, as istanbul lays them out. */
interface FileCoverage {
  readonly s: Record<string, number>;
  readonly f: Record<string, number>;
  readonly b: Record<string, number[]>;
}

/** Which counters went how high: for each, one bit per class of counts (1, 2, 3, 4-7, 8-15, 16-31, 32-127, more), as AFL has it. */
export class CoverageMap {
  readonly #files: ReadonlyArray<{
    readonly counts: Record<string, number>;
    readonly keys: readonly string[];
  }>;
  readonly #branches: ReadonlyArray<number[]>;
  readonly #seen: Uint8Array;

  /** @param coverage What instrumented code counts into; all of it must be loaded. */
  constructor(coverage: Readonly<Record<string, FileCoverage>>) {
    const files = Object.values(coverage);
    this.#files = files.map(({ f }) => ({ counts: f, keys: Object.keys(f) }));
    this.#branches = files.flatMap(({ b }) => Object.values(b));
    const counters = this.#files.reduce((sum, { keys }) => sum + keys.length, 0);
    this.#seen = new Uint8Array(this.#branches.reduce((sum, counts) => sum + counts.length, counters));
  }

  /** How many counters there are. */
  get size(): number {
    return this.#seen.length;
  }

  /** How many counters were ever hit. */
  get hit(): number {
    return this.#seen.reduce((sum, bits) => sum + (bits === 0 ? 0 : 1), 0);
  }

  /** Take the counts since the last call. @returns Whether one of them is of a class that it never was of, or was 0 so far. */
  take(): 'nothing' | 'more' | 'new' {
    const seen = this.#seen;
    let isMore = false;
    let isNew = false;
    let at = 0;
    for (const counts of this.#branches) {
      for (let i = 0; i < counts.length; i++, at++) {
        const count = counts[i]!;
        if (count === 0) continue;
        counts[i] = 0;
        const bit = classOf(count);
        if ((seen[at]! & bit) === 0) {
          if (seen[at] === 0) isNew = true;
          seen[at]! |= bit;
          isMore = true;
        }
      }
    }
    for (const { counts, keys } of this.#files) {
      for (const key of keys) {
        const bit = classOf(counts[key]!);
        counts[key] = 0;
        if ((seen[at]! & bit) !== bit) {
          if (seen[at] === 0) isNew = true;
          seen[at]! |= bit;
          isMore = true;
        }
        at++;
      }
    }
    return isNew ? 'new' : isMore ? 'more' : 'nothing';
  }
}

function classOf(count: number): number {
  if (count === 0) return 0;
  if (count < 4) return 1 << (count - 1);
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** Run one input, and the good one behind it. @returns What was thrown, if anything was. */
export function runInput(target: FuzzTarget, input: Uint8Array): unknown {
  try {
    target.run(planOf(input));
    target.good();
    return undefined;
  } catch (error) {
    return error ?? new Error('undefined was thrown');
  }
}

/** Remove and zero bytes for as long as what happens stays the same. */
export function minimize(target: FuzzTarget, input: Uint8Array, error: unknown): Uint8Array {
  const signature = signatureOf(error);
  const fails = (candidate: Uint8Array): boolean => signatureOf(runInput(target, candidate)) === signature;
  let best = input;
  for (let size = best.length >> 1; size >= 1; size >>= 1) {
    for (let at = CONTROL_BYTES; at + size <= best.length; ) {
      const shorter = Uint8Array.from([...best.subarray(0, at), ...best.subarray(at + size)]);
      if (fails(shorter)) best = shorter;
      else at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    for (const byte of at < CONTROL_BYTES ? [0, 1] : [0, 0x61]) {
      if (best[at] === byte) break;
      const simpler = best.slice();
      simpler[at] = byte;
      if (fails(simpler)) {
        best = simpler;
        break;
      }
    }
  }
  return best;
}

/** The first line of what was thrown, without its numbers. */
function signatureOf(error: unknown): string | undefined {
  return error === undefined ? undefined : String(error).split('\n')[0]!.replace(/\d+/g, 'n');
}

/** What a run of the fuzzer came to. */
export interface FuzzReport {
  /** How many inputs were run. */
  readonly runs: number;
  /** How many inputs, seeds aside, did something that none had done before, if only more often. */
  readonly found: number;
  /** Those of them that went where none had gone before. */
  readonly reached: readonly Uint8Array[];
  /** How many counters the seeds hit, and all inputs together, of how many. */
  readonly coverage: { readonly seeds: number; readonly all: number; readonly of: number };
  /** The input that must not do what it did, as small as it goes, and what it did. */
  readonly finding: { readonly input: Uint8Array; readonly error: unknown } | undefined;
}

/**
 * Fuzz until time is over, or something is found.
 *
 * @param isOver Whether time is over; asked once in a while.
 * @param starting Told of each input before it runs, so that one which never ends is known.
 */
export function fuzz(
  target: FuzzTarget,
  seeds: ReadonlyArray<Uint8Array>,
  coverage: CoverageMap,
  seed: number,
  isOver: () => boolean,
  starting: (input: Uint8Array) => void,
): FuzzReport {
  const random = new Random(seed);
  const corpus: Uint8Array[] = seeds.length === 0 ? [new Uint8Array(CONTROL_BYTES)] : [...seeds];
  const found: Uint8Array[] = [];
  const reached: Uint8Array[] = [];
  let runs = 0;
  let seedsHit = 0;
  let finding: FuzzReport['finding'];
  const run = (input: Uint8Array): ReturnType<CoverageMap['take']> => {
    starting(input);
    runs++;
    const error = runInput(target, input);
    if (error !== undefined) {
      const small = minimize(target, input, error);
      finding = { input: small, error: runInput(target, small) ?? error };
    }
    return coverage.take();
  };
  for (const input of [...corpus]) {
    run(input);
    if (finding !== undefined) break;
  }
  seedsHit = coverage.hit;
  while (finding === undefined && !((runs & 127) === 0 && isOver())) {
    // What was found last leads on most often.
    const late = found.length > 0 && random.below(2) === 0;
    const parent = late ? found[Math.max(0, found.length - 1 - random.below(40))]! : random.pick(corpus);
    const input = mutate(random, parent, corpus, target.words, CONTROL_BYTES + target.maxBytes);
    const gain = run(input);
    if (gain === 'nothing') continue;
    corpus.push(input);
    found.push(input);
    if (gain === 'new') reached.push(input);
  }
  return {
    runs,
    found: found.length,
    reached,
    coverage: { seeds: seedsHit, all: coverage.hit, of: coverage.size },
    finding,
  };
}
