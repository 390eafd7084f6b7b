import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import type { Differences } from '../support/deflate-differential.ts';

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  bun: [here('../../node_modules/.bin/bun'), 'run'],
  deno: [here('../../node_modules/.bin/deno'), 'run', '--allow-all', '--no-check'],
};

/** What the runner prints. */
interface Result {
  readonly name: string;
  readonly usesZlib: boolean;
  readonly changed: Readonly<Record<string, string>>;
  readonly asTuned: Differences;
  readonly all: Differences;
}

describe.each(Object.entries(COMMANDS))(
  'the DEFLATE engine of the transport %s, on its runtime',
  (_, command) => {
    it('is zlib where its handle is as it should be, and answers every message as the portable engine does [RFC 7692 7.2]', () => {
      const [program = '', ...args] = command;
      const { stdout, stderr } = spawnSync(program, [...args, here('./deflate-run.ts')], {
        encoding: 'utf8',
      });
      expect(stdout, stderr).toMatch(/^\{/);
      const result = JSON.parse(stdout) as Result;
      expect(result).toMatchObject({ name: 'zlib', usesZlib: true });
      const { nothing, ...others } = result.changed;
      expect(nothing).toBe('ZlibDeflater true');
      expect(Object.keys(others)).toHaveLength(5);
      expect(new Set(Object.values(others))).toEqual(new Set(['PureDeflater true']));
      for (const { differences, faults, tried } of [result.asTuned, result.all]) {
        expect(differences).toEqual([]);
        expect(tried).toBeGreaterThan(8_000);
        expect(faults).toBeGreaterThan(3_000);
      }
    }, 120_000);
  },
);
