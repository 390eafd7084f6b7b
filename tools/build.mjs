// Builds dist/ (what is published) and build/ (the examples, which import the package by name).
import { spawnSync } from 'node:child_process';
import { cpSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

// Nothing of an older build may be run, tested or published.
for (const folder of ['dist', 'build']) rmSync(`${root}${folder}`, { recursive: true, force: true });

for (const project of ['tsconfig.build.json', 'tsconfig.examples.json']) {
  const result = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', project], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}
for (const file of ['index.html', 'style.css', 'app.js']) {
  cpSync(`${root}examples/demo/${file}`, `${root}build/examples/demo/${file}`);
}
