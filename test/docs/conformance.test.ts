import { describe, expect, it } from 'vitest';
import { read } from './extract.ts';
import { evidenceIn, missing, titlesByPage, titlesOf } from './titles.ts';

const page = read('docs/conformance.md');
const titles = titlesByPage();
const rows = page.split('\n').filter((line) => /^\| .* \| (client|server|both) \| /.test(line));

describe('docs/conformance.md', () => {
  it('has the requirements of every section of RFC 6455', () => {
    expect(rows.length).toBeGreaterThan(70);
  });

  it.each(rows)('names tests that exist: %s', (row) => {
    const evidence = evidenceIn(row);
    if (!/\| (the app's|not held: .*) \|$/.test(row)) expect(evidence).not.toEqual([]);
    expect(evidence.map((one) => missing(one, titles)).filter((problem) => problem !== undefined)).toEqual(
      [],
    );
    // A quotation that is not closed, or stands by no file, would not be looked at.
    expect(row.split('“').length - 1).toBe(evidence.length);
    expect(row.split('”').length - 1).toBe(evidence.length);
  });

  it('has a heading for each section of RFC 6455 that a test claims to hold', () => {
    const claimed = new Set(
      [...titles.values()]
        .flat()
        .flatMap((title) => [...title.matchAll(/RFC 6455 §?(\d+)/g)].map(([, section]) => Number(section))),
    );
    const headed = new Set(
      [...page.matchAll(/^## .*$/gm)].flatMap(([head]) =>
        [...head.matchAll(/§(\d+)/g)].map(([, section]) => Number(section)),
      ),
    );
    // 1 is the introduction; its examples are tests of the sections after it.
    expect([...claimed].filter((section) => section !== 1 && !headed.has(section))).toEqual([]);
  });
});

describe('titlesOf', () => {
  it('finds the titles of suites and tests, plain, for each of many, and skipped', () => {
    const source = `
      describe('a', () => { it('b', () => {}); });
      it.each([1])('c %s', () => {});
      describe.skipIf(no)(\`d \${reason}\`, () => { test('e', () => {}); });
      other('f');
    `;
    expect(titlesOf('x.ts', source)).toEqual(['a', 'b', 'c %s', 'd …', 'e']);
  });
});
