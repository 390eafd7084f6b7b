import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
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
