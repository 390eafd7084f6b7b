// Runs the tests of the pure rows with coverage, and fails for every branch, function or statement that none of them
// reaches, unless docs/coverage.md names its line and says why; and for a line there that is reached by now.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const report = `${root}coverage/coverage-final.json`;

rmSync(report, { force: true });
const { status } = spawnSync(
  process.execPath,
  [
    `${root}node_modules/vitest/vitest.mjs`,
    'run',
    '--config',
    'vitest.coverage.config.ts',
    '--reporter',
    'dot',
  ],
  { cwd: root, stdio: 'inherit' },
);
if (status !== 0) process.exit(status ?? 1);

/** Lines that the page excuses: `file`, and the line's code. */
const excused = new Map();
for (const [, file, code] of readFileSync(`${root}docs/coverage.md`, 'utf8').matchAll(
  /^\| `(src\/[^`]+)` \| `` (.+?) `` \|/gm,
)) {
  excused.set(`${file}: ${code}`, false);
}

const missed = new Map();
for (const [path, { b, branchMap, f, fnMap, s, statementMap }] of Object.entries(
  JSON.parse(readFileSync(report, 'utf8')),
)) {
  const file = relative(root, path).replaceAll('\\', '/');
  const lines = readFileSync(path, 'utf8').split('\n');
  const miss = (what, line) => {
    const code = lines[line - 1].trim();
    const key = `${file}: ${code}`;
    if (excused.has(key)) excused.set(key, true);
    else missed.set(`${file}:${line}`, `${what}: ${code}`);
  };
  for (const [id, counts] of Object.entries(b)) {
    counts.forEach((count, i) => {
      const { locations, loc, type } = branchMap[id];
      if (count === 0) miss(`branch (${type})`, locations[i]?.start?.line ?? loc.start.line);
    });
  }
  for (const [id, count] of Object.entries(f)) if (count === 0) miss('function', fnMap[id].loc.start.line);
  for (const [id, count] of Object.entries(s))
    if (count === 0) miss('statement', statementMap[id].start.line);
}

for (const [place, what] of missed) console.error(`not reached  ${place}  ${what}`);
const stale = [...excused].filter(([, used]) => !used);
for (const [key] of stale) console.error(`reached, though docs/coverage.md says that it is not  ${key}`);
if (missed.size > 0 || stale.length > 0) process.exit(1);
console.log(
  `Every branch of the pure rows is reached, but for ${excused.size} that docs/coverage.md explains.`,
);
