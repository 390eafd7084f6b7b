import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { TRANSITIONS } from '../../src/connection/state.ts';
import * as errors from '../../src/errors.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { ROOT, read } from './extract.ts';

it('docs/errors.md and docs/limits.md say what the source says', () => {
  const { status, stderr } = spawnSync(process.execPath, ['tools/docs-tables.mjs', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect([status, stderr]).toEqual([0, '']);
});

it('docs/errors.md has every code, with its answer', () => {
  const rows = new Map(
    read('docs/errors.md')
      .split('\n')
      .flatMap((line) => {
        const [, code, , answer] =
          /^\| `([a-z0-9-]+)` \| (.+) \| (–|close \d+|status \d+) \|/.exec(line) ?? [];
        return code === undefined ? [] : [[code, Number(/\d+/.exec(answer!)?.[0] ?? 0)] as const];
      }),
  );
  const codes = Object.values(errors)
    .filter((value) => typeof value === 'object')
    .flatMap((part) => Object.entries(part).map(([code, [answer]]) => [code, answer] as const));
  expect(codes.length).toBeGreaterThan(60);
  expect([...rows]).toEqual(codes.filter(([code]) => rows.has(code)));
  expect(rows.size).toBe(new Set(codes.map(([code]) => code)).size);
});

it('docs/limits.md has every limit, with its default', () => {
  const rows = [
    ...read('docs/limits.md').matchAll(/^\| `(\w+)` \| `?([\w ]+?)`?(?: \(.*?\))? \| .+ \|$/gm),
  ].map(([, name, value]) => [name, Number(value!.replaceAll(' ', ''))]);
  expect(Object.fromEntries(rows)).toEqual(DEFAULT_LIMITS);
});

it('docs/architecture.md shows the states and transitions that the engine looks up', () => {
  const lines = read('docs/architecture.md').split('\n');
  const head = lines.findIndex((line) => line.startsWith('| state | what it means |'));
  const cells = (line: string): string[] => line.split('|').map((cell) => cell.trim().replaceAll('`', ''));
  const triggers = cells(lines[head]!).slice(3, -1);
  const table = Object.fromEntries(
    lines.slice(head + 2, head + 2 + Object.keys(TRANSITIONS).length).map((line) => {
      const [, state, , ...next] = cells(line);
      const row = triggers.map((trigger, i) => [trigger, next[i]] as const).filter(([, to]) => to !== '');
      return [state, Object.fromEntries(row)];
    }),
  );
  expect(table).toEqual(TRANSITIONS);
});

it('docs/architecture.md draws the rows that tools/check-imports.mjs holds', () => {
  const source = read('tools/check-imports.mjs');
  const rows = [.../const ROWS = \[([\s\S]*?)\n\];/.exec(source)![1]!.matchAll(/\[(.*?)\]/g)].map(
    ([, units]) => units!.replace(/['\s]/g, '').split(','),
  );
  const picture = /^src\/\n([\s\S]*?)\n```/m.exec(read('docs/architecture.md'))![1]!;
  const drawn = picture.split('\n').map((line) => line.slice(0, 31).trim().replaceAll('/', '').split(/\s+/));
  const sorted = (units: string[]): string[] => [...units].sort();
  expect(drawn.map(sorted)).toEqual(rows.reverse().map(sorted));
});
