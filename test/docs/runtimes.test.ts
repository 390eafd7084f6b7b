/**
 * The tables of docs/runtimes.md. `npm run docs:runtimes` writes them from a run; the suites themselves are run by all tests, and fail
 * where one of these rows is not so. Here is seen that the rows are about the cases that there are.
 */
import { expect, it } from 'vitest';
import { COUNTERPARTS, counterpartTable } from '../runtime/counterparts.ts';
import { differenceOf } from '../runtime/differences.ts';
import { ALL_CASES, differenceTable, FEATURES, featureTable } from '../runtime/features.ts';
import { read } from './extract.ts';

const page = read('docs/runtimes.md');

/** What stands between the marks of a table. */
function tableOf(name: string): string {
  return page.split(`<!-- table: ${name} -->\n\n`)[1]!.split('\n\n<!-- /table -->')[0]!;
}

it('docs/runtimes.md has every feature, with the results that its cases have in the tests', () => {
  const table = tableOf('Features');
  const [, node = ''] = /^\| feature \| cases in \| Node (\S+) \|/.exec(table) ?? [];
  expect(node).toMatch(/^\d+\.\d+\.\d+$/);
  const { devDependencies } = JSON.parse(read('package.json')) as {
    devDependencies: { bun: string; deno: string };
  };
  const { bun, deno } = devDependencies;
  // Of a version of Node that has least of it: what it cannot do, the page says with the version from which on it can.
  const expected = featureTable((_, runtime, name) => differenceOf(runtime, name, '20.19.0') ?? 'kept', {
    node,
    bun,
    deno,
  });
  expect(table, 'it is stale: npm run docs:runtimes').toBe(expected);
});

it('docs/runtimes.md has everybody that others wrote and that our ends are tried with', () => {
  const versions = new Map(
    tableOf('Counterparts')
      .split('\n')
      .map((line) => line.split(' | '))
      .map(([title = '', version = '']) => [title.slice(2), version]),
  );
  const rows = COUNTERPARTS.map(({ title }) => versions.get(title) ?? 'missing');
  expect(rows).not.toContain('missing');
  const expected = counterpartTable(
    () => true,
    () => rows.shift()!,
  );
  expect(tableOf('Counterparts'), 'it is stale: npm run docs:runtimes').toBe(expected);
});

it('docs/runtimes.md has every difference, with its reason and where it was reported', () => {
  expect(tableOf('Differences'), 'it is stale: npm run docs:runtimes').toBe(differenceTable());
});

it('docs/runtimes.md says what came of the versions of Node that tools/matrix.mjs has', () => {
  const [, list = ''] = /const VERSIONS = \[(.*?)\];/s.exec(read('tools/matrix.mjs')) ?? [];
  const versions = [...list.matchAll(/'(.+?)'/g)].map(([, version]) => version);
  const rows = [...tableOf('NodeVersions').matchAll(/^\| (\d\S+) \| (?:\d+|not run) \|/gm)];
  expect(versions.length).toBeGreaterThan(3);
  expect(rows.map(([, version]) => version)).toEqual(versions);
});

it('every case of the suites that run on all three runtimes stands behind one feature', () => {
  const shown = FEATURES.flatMap(({ cases }) => cases.map(({ suite, name }) => `${suite}: ${name}`));
  expect(shown.sort()).toEqual(ALL_CASES.map(({ suite, name }) => `${suite}: ${name}`).sort());
});
