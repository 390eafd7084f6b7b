/**
 * Runs the behaviour suite in a process of another runtime.
 *
 * @module
 */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { CASES } from './cases/index.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What the runner prints for one case. */
interface Line {
  readonly name: string;
  readonly result: string;
}

/** How long the process may take to end once its last case is done, in ms. */
const ENDS_WITHIN_MS = 15_000;

/**
 * Declare the suite's tests, each of them a line of what a runtime prints.
 *
 * @param command The runtime's file in node_modules/.bin, and its arguments.
 */
export function describeOn(runtime: string, command: readonly string[]): void {
  describe(`sansocket on ${runtime}`, () => {
    const results = new Map<string, string>();
    let ended = '';
    beforeAll(async () => {
      ended = await runSuite(command, results);
    }, 180_000);

    for (const { name } of CASES) test(name, () => expect(results.get(name)).toBe('held'));

    test('after all that, no socket, server or timer keeps the process alive', () => {
      expect(ended).toBe('by itself, with 0');
    });
  });
}

/** Runs all cases. @returns How the process ended. */
async function runSuite(command: readonly string[], results: Map<string, string>): Promise<string> {
  const [program = '', ...args] = command;
  const child = spawn(here(`../../node_modules/.bin/${program}`), [...args, here('./run.ts')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const exit = new Promise<string>((resolve) => {
    child.on('exit', (code, signal) =>
      resolve(signal === null ? `by itself, with ${code}` : `killed by ${signal}`),
    );
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  createInterface({ input: child.stdout }).on('line', (text) => {
    const { name, result } = JSON.parse(text) as Line;
    results.set(name, result);
    if (results.size === CASES.length) timer = setTimeout(() => child.kill(), ENDS_WITHIN_MS);
  });
  const ended = await exit;
  clearTimeout(timer);
  if (results.size < CASES.length) throw new Error(`It stopped after ${results.size} cases: ${complaints}`);
  return ended;
}
