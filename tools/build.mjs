// Builds dist/ (what is published) and build/ (the examples, which import the package by name).
//
// Types are a file for a file of src. Code is a file for each entry of package.json, and chunks of what several of them share:
// a runtime loads ten files where src has a hundred, and a program starts in little more than half the time.
import { spawnSync } from 'node:child_process';
import { cpSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));

// Nothing of an older build may be run, tested or published.
for (const folder of ['dist', 'build']) rmSync(`${root}${folder}`, { recursive: true, force: true });

compile('tsconfig.build.json');
buildSync({
  absWorkingDir: root,
  entryPoints: [...entries(JSON.parse(readFileSync(`${root}package.json`, 'utf8')).exports)],
  outbase: 'src',
  outdir: 'dist',
  bundle: true,
  splitting: true,
  chunkNames: 'chunks/[hash]',
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  external: ['node:*', 'fast-check'],
  sourcemap: true,
  sourcesContent: false,
});
compile('tsconfig.examples.json');
for (const file of ['index.html', 'style.css', 'app.js']) {
  cpSync(`${root}examples/demo/${file}`, `${root}build/examples/demo/${file}`);
}

function compile(project) {
  const result = spawnSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', project], {
    cwd: root,
    stdio: 'inherit',
  });
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** The sources of all files of code that `exports` leads to. */
function* entries(target) {
  if (typeof target !== 'string') for (const each of Object.values(target)) yield* entries(each);
  else if (target.endsWith('.js')) yield target.replace('./dist/', 'src/').replace(/\.js$/, '.ts');
}
