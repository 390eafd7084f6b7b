import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Runtime } from '../interop/support/runtimes.ts';
import { DIFFERS, differenceOf } from './differences.ts';
import { makeStaleSocket } from './setup.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  bun: [here('../../node_modules/.bin/bun'), 'run'],
  deno: [here('../../node_modules/.bin/deno'), 'run', '--allow-all', '--unstable-net', '--no-check'],
};

/** What the runner prints for one case. */
interface Line {
  readonly name: string;
  readonly result: string;
}

/** Run the whole contract on a runtime; the result of each case by its name. */
async function runContract(runtime: string, folder: string): Promise<Map<string, string>> {
  makeStaleSocket(join(folder, 'stale.sock'));
  const [command = '', ...args] = COMMANDS[runtime] ?? [];
  const child = spawn(command, [...args, here('./contract-run.ts'), folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let complaints = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaints += text;
  });
  const results = new Map<string, string>();
  for await (const text of createInterface({ input: child.stdout })) {
    const { name, result } = JSON.parse(text) as Line;
    results.set(name, result);
  }
  if (results.size < TRANSPORT_CONTRACT.length) {
    throw new Error(`${runtime} stopped after ${results.size} cases: ${complaints}`);
  }
  return results;
}

describe.each(Object.keys(COMMANDS))('the contract, kept by the transport %s on its runtime', (runtime) => {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
  let results = new Map<string, string>();
  beforeAll(async () => {
    results = await runContract(runtime, folder);
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true }));

  for (const { name } of TRANSPORT_CONTRACT) {
    const difference = differenceOf(runtime as Runtime, name);
    if (difference === undefined) test(name, () => expect(results.get(name)).toBe('kept'));
    else
      test(`${name} (${DIFFERS}${difference.instead})`, () =>
        expect(results.get(name)).toMatch(difference.shows));
  }
});
