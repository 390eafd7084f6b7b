/**
 * Two contenders side by side in one process: they run one after another, round by round, and their medians are compared, so that a
 * noisy machine slows both.
 *
 * @module
 */

/** One thing that can do the work. */
export interface Contender {
  /** What the table calls it. */
  readonly name: string;
  /** Make ready what one `run` uses up; not timed. */
  prepare?(): void;
  /** Do one unit of work; returns something that depends on all of it. */
  run(): number | Promise<number>;
}

/** One row of the table. */
export interface Scenario {
  /** What is measured. */
  readonly name: string;
  /** How many operations (frames, say) one `run` is. */
  readonly operations: number;
  /** How many times the second contender the first should reach; 0: nothing is wanted. */
  readonly target: number;
  /** Ours first. */
  readonly contenders: readonly [Contender, Contender];
}

/** What a scenario came to. */
export interface Result {
  /** The scenario's. */
  readonly name: string;
  /** What its contenders are called. */
  readonly contenders: readonly string[];
  /** Nanoseconds an operation, of each contender: median, min, max. */
  readonly ns: ReadonlyArray<readonly [median: number, min: number, max: number]>;
  /** How many times faster the first is than the second. */
  readonly ratio: number;
  /** What it should be. */
  readonly target: number;
}

/** Run a scenario: warm up, then rounds in turn. */
export async function measure(scenario: Scenario, rounds: number, roundMs: number): Promise<Result> {
  const samples: number[][] = scenario.contenders.map(() => []);
  for (let round = -2; round < rounds; round++) {
    for (const [index, contender] of scenario.contenders.entries()) {
      await new Promise(setImmediate);
      let runs = 0;
      let elapsed = 0;
      do {
        contender.prepare?.();
        const start = process.hrtime.bigint();
        await contender.run();
        elapsed += Number(process.hrtime.bigint() - start);
        runs++;
      } while (elapsed < roundMs * 1e6);
      if (round >= 0) samples[index]!.push(elapsed / runs / scenario.operations);
    }
  }
  const ns = samples.map((all) => {
    const sorted = [...all].sort((a, b) => a - b);
    return [sorted[sorted.length >> 1]!, sorted[0]!, sorted.at(-1)!] as const;
  });
  const contenders = scenario.contenders.map(({ name }) => name);
  return { name: scenario.name, contenders, ns, ratio: ns[1]![0] / ns[0]![0], target: scenario.target };
}
