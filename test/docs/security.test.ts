import { describe, expect, it } from 'vitest';
import { read } from './extract.ts';
import { evidenceIn, missing, titlesByPage } from './titles.ts';

/** Rows that no test carries yet, by their first id. */
const NOT_YET: string[] = [];

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

/** The names that titles and `refs` may carry: each without the software that it is about. */
function namesOf(ids: string): string[] {
  return ids.split(', ').map((id) => id.replace(/ \(.*\)$/, ''));
}

describe('docs/security.md', () => {
  it('has the rows of the published attacks', () => {
    expect(rows.length).toBeGreaterThan(55);
  });

  it.each(rows.filter(({ tests }) => tests !== 'not yet'))(
    'names tests that carry $ids',
    ({ ids, tests }) => {
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
      expect(evidence.length + bare.length).toBeGreaterThan(0);
      expect(problems.filter((problem) => problem !== undefined)).toEqual([]);
    },
  );

  it('says of a row that it is not carried yet only where that is known', () => {
    const open = rows.filter(({ tests }) => tests === 'not yet').map(({ ids }) => namesOf(ids)[0]);
    expect(open).toEqual(NOT_YET);
  });
});
