/**
 * The published vectors are in the format that docs/vectors.md promises to other projects, no file is without its row in
 * the table there, and none without a test that runs it.
 */
import { describe, expect, it } from 'vitest';
import { list, read } from './extract.ts';

interface Case {
  readonly name: string;
  readonly rule: string;
  readonly refs?: readonly string[];
  readonly options?: object;
  readonly expect: object;
  readonly [key: string]: unknown;
}

const page = read('docs/vectors.md');
const files = list('test/vectors', '.json')
  .map((file) => file.slice('test/vectors/'.length, -'.json'.length))
  .sort();

/** The first column of the tables, which have the keys of a file and those of a case. */
function keysOf(before: string): string[] {
  const [, table = ''] = page.split(`\n${before}\n`);
  const [rows = ''] = table.split('\n\n').filter((part) => part.trimStart().startsWith('| key |'));
  return [...rows.matchAll(/^\| `([a-z]+)` \|/gm)].map(([, key]) => key!);
}
const FILE_KEYS = keysOf('Each file is a JSON object; every byte in it is in hexadecimal.');
const CASE_KEYS = keysOf('A case:');

/** Name of a file, and its target, as the table of targets has them. */
const TARGETS = new Map(
  [...page.matchAll(/^\| `([a-z-]+)\.json` \| `([a-z-]+)` \|/gm)].map(([, file, target]) => [file!, target!]),
);

const isHex = (text: unknown): boolean => typeof text === 'string' && /^(?:[0-9a-f]{2})*$/.test(text);

/** Whether these are bytes as the page writes them. */
function areBytes(bytes: unknown): boolean {
  if (!Array.isArray(bytes)) return isHex(bytes);
  return bytes.every((part: unknown) => {
    if (typeof part === 'string') return isHex(part);
    const { repeat, times, ...more } = part as { repeat?: unknown; times?: unknown };
    return isHex(repeat) && Number.isInteger(times) && Object.keys(more).length === 0;
  });
}

const suites = list('test/unit', '.test.ts').map(read);

it('docs/vectors.md has the keys of files and cases, and a row for each file', () => {
  expect(FILE_KEYS).toEqual(['format', 'target', 'about', 'vectors']);
  expect(CASE_KEYS).toContain('bytes');
  expect([...TARGETS.keys()].sort()).toEqual(files);
});

describe.each(files)('test/vectors/%s.json', (name) => {
  const file = JSON.parse(read(`test/vectors/${name}.json`)) as {
    format: number;
    target: string;
    about: string;
    vectors: Case[];
  };
  const { vectors } = file;

  it('has the format, the target and the keys that the page says', () => {
    expect(Object.keys(file)).toEqual(FILE_KEYS);
    expect([file.format, file.target]).toEqual([1, TARGETS.get(name)]);
    const unknown = vectors.flatMap((one) => Object.keys(one).filter((key) => !CASE_KEYS.includes(key)));
    expect(unknown).toEqual([]);
  });

  it('has cases with names of their own, a rule, what must come of them, and bytes or steps', () => {
    expect(vectors.length).toBeGreaterThan(20);
    expect(new Set(vectors.map((one) => one.name)).size).toBe(vectors.length);
    for (const one of vectors) {
      expect(one.rule, one.name).toMatch(/^(?:RFC \d{4} §|limits\.|allow[A-Z])/);
      expect(Object.keys(one.expect).length, one.name).toBeGreaterThan(0);
      expect([undefined, 'server', 'client'], one.name).toContain(one['role']);
      if (one.refs !== undefined) expect(new Set(one.refs).size, one.name).toBe(one.refs.length);
      expect('steps' in one ? name === 'connection' : areBytes(one['bytes']), one.name).toBe(true);
    }
  });

  it('says what its options mean', () => {
    const options = new Set(vectors.flatMap((one) => Object.keys(one.options ?? {})));
    // The leniency switches and limits have a page of their own.
    const named = `${file.about} ${read('docs/limits.md')} ${read('docs/frame.md')}`;
    expect([...options].filter((option) => !named.includes(option))).toEqual([]);
  });

  it('is run by a test', () => {
    expect(suites.some((suite) => suite.includes('loadVectors') && suite.includes(`'${name}'`))).toBe(true);
  });
});
