// All checks but the tests: types, the pure rows without a runtime, lint, import rules, docs, packaging.
// `npm run check -- types lint` runs some of them.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name) => [process.execPath, `${root}node_modules/${name}`];

/** Name of a check, and its commands. */
const CHECKS = {
  types: [
    [...bin('typescript/bin/tsc'), '-p', 'tsconfig.json'],
    [...bin('typescript/bin/tsc'), '-p', 'tsconfig.pure.json'],
    [...bin('typescript/bin/tsc'), '-p', 'tsconfig.test.json'],
  ],
  lint: [[...bin('@biomejs/biome/bin/biome'), 'check', '--error-on-warnings', '.']],
  imports: [[process.execPath, 'tools/check-imports.mjs']],
  build: [[process.execPath, 'tools/build.mjs']],
  docs: [[...bin('typedoc/bin/typedoc'), '--emit', 'none']],
  jsr: [[`${root}node_modules/.bin/deno`, 'publish', '--dry-run', '--allow-dirty', '--quiet']],
  packaging: [[process.execPath, 'tools/check-package.mjs']],
};

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !Object.hasOwn(CHECKS, name));
if (unknown.length > 0) {
  console.error(`There is no check "${unknown[0]}", expected some of ${Object.keys(CHECKS).join(', ')}`);
  process.exit(1);
}
let failed = 0;
for (const [name, commands] of Object.entries(CHECKS)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const [command, ...args] of commands) {
    const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
    if (status !== 0) failed++;
    console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${name}: ${args.slice(1).join(' ') || args[0]}`);
  }
}
process.exitCode = failed === 0 ? 0 : 1;
