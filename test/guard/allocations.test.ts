// A guard against becoming slower that asks no clock: what each hot path allocates, held to what it allocated when it was
// last looked at. More than a fifth above fails. `UPDATE_ALLOCATIONS=1 npx vitest run test/guard` writes the figures anew.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const BASELINE = new URL('allocations.json', import.meta.url);
/** Other versions of V8 lay objects out in other ways; the figures are for this one. */
const MAJOR = 20;
const baseline: Record<string, number> = JSON.parse(readFileSync(BASELINE, 'utf8'));
const isMeasured = Number.parseInt(process.versions.node, 10) === MAJOR;

describe.skipIf(!isMeasured)(`allocations on Node ${MAJOR} (the figures are for that version)`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'allocations-'));
  let measured: Record<string, number> = {};

  beforeAll(() => {
    const program = join(folder, 'measure.mjs');
    buildSync({
      entryPoints: [fileURLToPath(new URL('measure.ts', import.meta.url))],
      bundle: true,
      platform: 'node',
      format: 'esm',
      outfile: program,
    });
    const flags = [
      '--expose-gc',
      '--max-semi-space-size=512',
      '--min-semi-space-size=512',
      '--single-threaded',
    ];
    measured = JSON.parse(execFileSync(process.execPath, [...flags, program], { encoding: 'utf8' }));
    if (process.env['UPDATE_ALLOCATIONS'] === '1') {
      const rounded = Object.fromEntries(
        Object.entries(measured).map(([name, bytes]) => [name, Math.round(bytes)]),
      );
      writeFileSync(BASELINE, `${JSON.stringify(rounded, undefined, 2)}\n`);
    }
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('measures what the figures are for', () => {
    expect(Object.keys(measured)).toEqual(Object.keys(baseline));
  });

  it.each(Object.entries(baseline))(
    'to %s leaves at most a fifth more than %i bytes behind',
    (name, bytes) => {
      expect(measured[name]).toBeLessThan(bytes * 1.2 + 8);
      expect(measured[name]).toBeGreaterThan(0);
    },
  );
});
