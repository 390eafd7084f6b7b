import { describe, expect, it } from 'vitest';
import { list, read } from './extract.ts';
import { evidenceIn, missing, titlesByPage } from './titles.ts';

/** Rows that no bytes can say, by their first id, and why: tests carry them. Every other row has a vector. */
const WITHOUT_BYTES: Readonly<Record<string, string>> = {
  'CVE-2016-10518': 'what an application passes',
  'CVE-2026-45736': 'what an application passes',
  'CVE-2022-39386': 'what becomes of an event that nobody listens to',
  'CVE-2026-1527': 'what an application passes',
  'CVE-2022-21676': 'resets',
  'CVE-2026-49860': 'names and addresses',
  'CVE-2020-28481': 'a default of the options',
};

/** Further ids of what a row has already. */
const OTHER_NAMES = ['GHSA-3h5v-q93c-6h6q'];

const [, known] = read('docs/security.md').split('\n## Known attacks\n');
const titles = titlesByPage();
const rows = known!
  .split('\n### Does not apply\n')[0]!
  .split('\n')
  .filter((line) => /^\| .* \| .* \| .* \|$/.test(line) && !line.startsWith('| id |'))
  .map((line) => {
    const [, ids, , tests] = line.split(' | ').length === 3 ? ['', ...line.slice(2, -2).split(' | ')] : [];
    return { ids: ids!, tests: tests! };
  });

/** The names that titles and `refs` may carry: each without the software that it is about. None where a row has no id. */
function namesOf(ids: string): string[] {
  return ids.startsWith('(') ? [] : ids.replace(/ \([^)]*\)/g, '').split(', ');
}

/** The ids that titles of tests have in brackets, as `[RFC 6455 5.2, CVE-2026-1528]`. */
const inTitles = [...titles.values()]
  .flat()
  .flatMap((title) => [...title.matchAll(/\[([^\]]+)\]/g)].flatMap(([, list]) => list!.split(', ')))
  .filter((id) => /^(?:CVE-|GHSA-|(?:ws|Bun|uWS|llhttp) #?[0-9a-f]{4,})/.test(id));

/** The ids that vectors carry; those of the Autobahn suite are cases, and no attacks. */
const inVectors = list('test/vectors', '.json')
  .flatMap((file) => (JSON.parse(read(file)) as { vectors: Array<{ refs?: string[] }> }).vectors)
  .flatMap(({ refs = [] }) => refs)
  .filter((id) => !id.startsWith('Autobahn '));

describe('docs/security.md', () => {
  it('has the rows of the published attacks', () => {
    expect(rows.length).toBeGreaterThan(55);
  });

  it.each(rows)('names tests that carry $ids', ({ ids, tests }) => {
    const evidence = evidenceIn(tests);
    const problems = evidence.map((one) => missing(one, titles));
    // Where only a file is named, the id stands in it.
    const bare = tests
      .replace(/`[\w/.-]+` “[^”]+”/g, '')
      .split(',')
      .map((file) => file.trim())
      .filter((file) => file !== '');
    for (const file of bare) {
      const all = titles.get(file.replaceAll('`', ''));
      const carries = all?.some((title) => namesOf(ids).some((name) => title.includes(name)));
      problems.push(carries === true ? undefined : `${file} has none of ${namesOf(ids).join(', ')}`);
    }
    // And each id of the row, of several, in one of the files.
    const files = [...tests.matchAll(/`([\w/.-]+)`/g)].map(([, file]) => file!);
    const carried = files.flatMap((file) => titles.get(file) ?? []);
    for (const name of namesOf(ids)) {
      if (!carried.some((title) => title.includes(name))) problems.push(`no test of the row has ${name}`);
    }
    expect(files.length).toBeGreaterThan(0);
    expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
  });

  it('names a vector in every row, but for those that no bytes can say', () => {
    const without = rows
      .filter(({ tests }) => !tests.includes('`vectors/'))
      .map(({ ids }) => namesOf(ids)[0]);
    expect(without.sort()).toEqual(Object.keys(WITHOUT_BYTES).sort());
  });

  it('has a row for every id that a test or a vector carries', () => {
    const names = new Set(rows.flatMap(({ ids }) => namesOf(ids)));
    const carried = new Set([...inTitles, ...inVectors]);
    expect(carried.size).toBeGreaterThan(60);
    expect([...carried].filter((id) => !names.has(id) && !OTHER_NAMES.includes(id)).sort()).toEqual([]);
  });
});
