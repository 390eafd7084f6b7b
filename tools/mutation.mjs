// Mutation testing, file by file: `npm run mutation -- src/frame/close.ts …`; without files, all pure rows.
// `npm run mutation -- --survivors src/frame …` runs those again that survived: for when tests were added, and nothing else.
// `npm run mutation -- --table` writes the results so far into the table of docs/mutation.md, and keeps its other rows.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ROWS = ['bytes', 'frame', 'http', 'deflate', 'handshake', 'connection'];
const resultsFile = `${root}reports/mutation/incremental.json`;
const UNNOTICED = ['Survived', 'NoCoverage'];

function run(files) {
  let failed = false;
  for (const file of files) {
    const row = /^src\/([a-z]+)\//.exec(file)?.[1];
    if (row === undefined || !ROWS.includes(row)) {
      console.error(`Cannot mutate ${file}: it is in no pure row (${ROWS.join(', ')})`);
      return 1;
    }
    // Stryker's own way to reuse results looks at the mutated file alone, not at those that it stands on.
    const { status } = spawnSync(
      process.execPath,
      [`${root}node_modules/@stryker-mutator/core/bin/stryker.js`, 'run', '--force', '--mutate', file],
      { cwd: root, stdio: 'inherit', env: { ...process.env, MUTATION_ROW: row } },
    );
    if (status !== 0) failed = true;
  }
  return failed ? 1 : 0;
}

/** The mutants of `row` that no test noticed, as ranges for Stryker, whose columns start at 0 here. */
function survivors(row) {
  const { files } = JSON.parse(readFileSync(resultsFile, 'utf8'));
  const ranges = Object.entries(files)
    .filter(([file]) => file.startsWith(row))
    .flatMap(([file, { mutants }]) =>
      mutants
        .filter(({ status }) => UNNOTICED.includes(status))
        .map(
          ({ location: { start, end } }) =>
            `${file}:${start.line}:${start.column - 1}-${end.line}:${end.column - 1}`,
        ),
    );
  return ranges.join(',');
}

/** Killed and survived mutants of each file that was run, by its name. */
function results() {
  const { files } = JSON.parse(readFileSync(resultsFile, 'utf8'));
  const rows = Object.entries(files).map(([file, { mutants }]) => {
    const count = (...statuses) => mutants.filter(({ status }) => statuses.includes(status)).length;
    return [file, { killed: count('Killed', 'Timeout'), survived: count(...UNNOTICED) }];
  });
  return new Map(rows.filter(([, { killed, survived }]) => killed + survived > 0));
}

/** What an earlier run wrote into the page's table: the same as `results`. */
function rowsOf(table) {
  const rows = table.matchAll(/^\| `([^`]+)` \| \d+ \| (\d+) \| (\d+) \|/gm);
  return new Map(
    [...rows].map(([, file, killed, survived]) => [file, { killed: +killed, survived: +survived }]),
  );
}

/** Replaces the rows of files that were run here; the others stay as long as their files do. */
function writeTable() {
  const page = readFileSync(`${root}docs/mutation.md`, 'utf8');
  const marks = /(<!-- table: results -->\n)(.*?)(<!-- \/table -->)/s;
  const found = marks.exec(page);
  if (found === null) throw new Error('docs/mutation.md has no marks for the table');
  const rows = [...new Map([...rowsOf(found[2]), ...results()])]
    .filter(([file]) => existsSync(`${root}${file}`))
    .sort(([a], [b]) => (a < b ? -1 : 1));
  const sum = (key) => rows.reduce((total, [, row]) => total + row[key], 0);
  const all = ['all of these', { killed: sum('killed'), survived: sum('survived') }];
  const lines = [...rows.map(([file, row]) => [`\`${file}\``, row]), all].map(
    ([name, { killed, survived }]) => {
      const mutants = killed + survived;
      return `| ${name} | ${mutants} | ${killed} | ${survived} | ${((100 * killed) / mutants).toFixed(1)} % |\n`;
    },
  );
  const table = `| file | mutants | killed | survived | score |\n|---|---|---|---|---|\n${lines.join('')}`;
  writeFileSync(
    `${root}docs/mutation.md`,
    page.replace(marks, (_, before, _old, after) => `${before}${table}${after}`),
  );
  return 0;
}

const wanted = process.argv.slice(2);
if (wanted[0] === '--table') process.exitCode = writeTable();
else if (wanted[0] === '--survivors') process.exitCode = run(wanted.slice(1).map(survivors));
else process.exitCode = run(wanted.length > 0 ? wanted : ROWS.map((row) => `src/${row}/**/*.ts`));
