/**
 * Counts what code does, instead of timing it: how often each block of it runs (V8's precise coverage), and how many bytes
 * it has native code copy or decode. The code runs in a worker, with coverage of its own.
 *
 * @module
 */
import { runBundled } from './bundled.ts';

/** What one scenario took. */
export interface StepCount {
  /** The scenario's name. */
  readonly name: string;
  /** Its size. */
  readonly size: number;
  /** Blocks run plus bytes that native code copied or decoded. */
  readonly steps: number;
}

/**
 * Run each scenario of a module at each size, and count.
 *
 * @param modulePath A file that exports `scenarios: Record<name, (size) => (() => void)>`: each prepares a run of this
 *   size, and returns what is to be counted.
 */
export function countSteps(modulePath: string, sizes: readonly number[]): Promise<StepCount[]> {
  return runBundled(`${MAIN}\nrun(${JSON.stringify(sizes)});`, { scenarios: modulePath });
}

const MAIN = `
import { Session } from 'node:inspector';
import { parentPort } from 'node:worker_threads';
import { scenarios } from 'scenarios';

let native = 0;
const { set, slice } = Uint8Array.prototype;
Uint8Array.prototype.set = function (from, at) { native += from.length; set.call(this, from, at); };
Uint8Array.prototype.slice = function (...args) { const copy = slice.apply(this, args); native += copy.length; return copy; };
const { decode } = TextDecoder.prototype;
TextDecoder.prototype.decode = function (bytes, ...args) { native += bytes?.length ?? 0; return decode.call(this, bytes, ...args); };

function run(sizes) {
  const session = new Session();
  session.connect();
  const post = (method, params) => {
    let answer;
    session.post(method, params, (error, result) => { if (error) throw error; answer = result; });
    return answer;
  };
  post('Profiler.enable');
  // Once, and before the first function is compiled: what was compiled without counters never counts.
  post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  const counts = [];
  for (const [name, prepare] of Object.entries(scenarios)) {
    for (const size of sizes) {
      const work = prepare(size);
      post('Profiler.takePreciseCoverage'); // and set back to zero
      native = 0;
      work();
      let steps = native;
      for (const { functions } of post('Profiler.takePreciseCoverage').result) {
        for (const { ranges } of functions) for (const { count } of ranges) steps += count;
      }
      counts.push({ name, size, steps });
    }
  }
  parentPort.postMessage(counts);
}
`;
