/**
 * Each subpath has a page that a developer can work from: the README leads to it, it begins with when to use what, has a program that
 * runs (test/docs/fences), names everything that can be imported and called, and of the pure rows every error and every limit.
 */
import { describe, expect, it } from 'vitest';
import * as errors from '../../src/errors.ts';
import { DEFAULT_LIMITS } from '../../src/limits.ts';
import { fencesOfMarkdown, list, read } from './extract.ts';

const manifest = JSON.parse(read('package.json')) as { exports: Record<string, { default: string }> };
const subpaths = Object.keys(manifest.exports)
  .filter((path) => /^\.\/[a-z]+$/.test(path))
  .map((path) => path.slice(2));
/** Rows without I/O. */
const PURE = ['bytes', 'frame', 'http', 'handshake', 'deflate', 'connection'];

const readme = read('README.md');

/** The page of a subpath: where its row of the README leads to. */
function pageOf(subpath: string): string {
  const row = readme
    .split('\n')
    .find((line) => line.startsWith('| `sansocket') && line.includes(`/${subpath}\``));
  const links = [...(row ?? '').matchAll(/\]\((docs\/[a-z-]+\.md)(?:#[^)]*)?\)/g)].map(([, page]) => page!);
  return links.find((page) => page === `docs/${subpath}.md`) ?? links[0] ?? `no link for ${subpath}`;
}

/** The values that a subpath exports, from its list of exports. */
function valuesOf(subpath: string): string[] {
  const source = read(`src/${subpath}/index.ts`);
  return [...source.matchAll(/^export \{([^}]*)\}/gm)]
    .flatMap(([, names]) => names!.split(','))
    .map((name) => name.trim())
    .filter((name) => name !== '' && !name.startsWith('type '));
}

/** The code of a row, without its comments. */
function codeOf(row: string): string {
  const files = list(`src/${row}`, '.ts').map(read);
  return files.join('\n').replace(/\/\*[\s\S]*?\*\//g, '');
}

const codes = Object.values(errors)
  .filter((value) => typeof value === 'object')
  .flatMap((table) => Object.keys(table));

describe.each(subpaths)('the page of sansocket/%s', (subpath) => {
  const page = pageOf(subpath);

  it('is in the README’s table, and has a program that checks itself', () => {
    const programs = fencesOfMarkdown(page, read(page)).filter(({ language }) => language === 'ts');
    expect(programs.some(({ code }) => code.includes('node:assert'))).toBe(true);
  });

  it('names everything that can be imported and called', () => {
    const text = read(page);
    expect(valuesOf(subpath).filter((name) => !new RegExp(`\\b${name}\\b`).test(text))).toEqual([]);
  });

  if (!PURE.includes(subpath)) return;

  it('says when to use it, and names every error that it makes and every limit that it holds', () => {
    const text = read(page);
    const source = codeOf(subpath);
    const made = codes.filter((code) => source.includes(`'${code}'`));
    const held = Object.keys(DEFAULT_LIMITS).filter((limit) => source.includes(`.${limit}`));
    expect(text).toMatch(/^Use it (when|to)/m);
    expect([...made, ...held].filter((name) => !text.includes(`\`${name}\``))).toEqual([]);
  });
});
