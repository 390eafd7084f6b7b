// Mutation testing, file by file: `npm run mutation -- src/frame/close.ts …`. Without files, all pure rows, which takes hours.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const ROWS = ["bytes", "frame", "http", "deflate", "handshake", "connection"];

const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : ROWS.map((row) => `src/${row}/**/*.ts`);
let failed = false;
for (const file of files) {
  const row = /^src\/([a-z]+)\//.exec(file)?.[1];
  if (row === undefined || !ROWS.includes(row)) {
    console.error(`Cannot mutate ${file}: it is in no pure row (${ROWS.join(', ')})`);
    process.exit(1);
  }
  const { status } = spawnSync(
    process.execPath,
    [`${root}node_modules/@stryker-mutator/core/bin/stryker.js`, 'run', '--force', '--mutate', file],
    { cwd: root, stdio: 'inherit', env: { ...process.env, MUTATION_ROW: row } },
  );
  if (status !== 0) failed = true;
}
process.exitCode = failed ? 1 : 0;
