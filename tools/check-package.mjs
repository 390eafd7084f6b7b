// The package as it would be published: packed, linted, its types read by others' rules, installed into a project of
// its own, every subpath imported on Node, Bun and Deno, and each subpath's bundle held against what it may contain.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));
const folder = mkdtempSync(join(tmpdir(), 'sansocket-package-'));
const problems = [];

/** Runs a command; what it prints is shown when it fails. */
function run(what, command, args, cwd = root) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, encoding: 'utf8' });
  if (status !== 0) problems.push(`${what}:\n${stdout ?? ''}${stderr ?? ''}${error ?? ''}`);
  return stdout ?? '';
}

/** Strings that must not be reachable from a subpath. A byte budget notices a leak late and cannot say what leaked. */
const FOREIGN = {
  './bytes': ['HTTP/1.1', 'Sec-WebSocket', 'node:', 'Deno.', 'Bun.'],
  './frame': ['HTTP/1.1', 'Sec-WebSocket', 'node:', 'Deno.', 'Bun.'],
  './http': ['RFC 6455', 'Sec-WebSocket-Key', 'node:', 'Deno.', 'Bun.'],
  './deflate': ['HTTP/1.1', 'node:', 'Deno.', 'Bun.'],
  './handshake': ['unmasked-frame', 'node:', 'Deno.', 'Bun.'],
};
/** Largest bundles, minified, in bytes: a whole subpath, or what a program takes from it. */
const LARGEST = {
  "export * from 'sansocket/frame'": 31_000,
  "export * from 'sansocket/http'": 40_000,
  "export * from 'sansocket/handshake'": 30_000,
  "export * from 'sansocket/deflate'": 36_000,
  "export { decodeFrameHeader, encodeFrame } from 'sansocket/frame'": 10_000,
  "export { FrameDecoder, encodeFrame } from 'sansocket/frame'": 13_000,
  "export { computeAccept } from 'sansocket/handshake'": 4_000,
};

async function bundle(contents) {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: folder },
    bundle: true,
    minify: true,
    format: 'esm',
    write: false,
    legalComments: 'none',
  });
  return outputFiles[0].text;
}

try {
  if (manifest.dependencies !== undefined) problems.push('package.json has dependencies, expected none');

  const packed = JSON.parse(
    run('npm pack', 'npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', folder]),
  );
  const tarball = join(folder, packed[0].filename);
  for (const { path } of packed[0].files) {
    if (/^(test\/(?!vectors)|bench|tools|\.ci|docs)/.test(path))
      problems.push(`the package contains ${path}`);
  }

  run('publint', process.execPath, [`${root}node_modules/publint/src/cli.js`, tarball, '--strict']);
  run('are the types wrong', process.execPath, [
    `${root}node_modules/@arethetypeswrong/cli/dist/index.js`,
    tarball,
    '--profile',
    'esm-only',
    '--exclude-entrypoints',
    ...Object.keys(manifest.exports).filter((path) => path.startsWith('./vectors')),
  ]);

  // A consumer.
  const subpaths = Object.keys(manifest.exports).filter(
    (path) => !path.includes('*') && !path.endsWith('.json'),
  );
  const names = subpaths.map((path) => `sansocket${path.slice(1)}`);
  const plain = names.filter((name) => name !== 'sansocket/arbitraries');
  writeFileSync(
    join(folder, 'package.json'),
    JSON.stringify({
      name: 'consumer',
      private: true,
      type: 'module',
      dependencies: { sansocket: `file:${tarball}` },
    }),
  );
  run(
    'npm install of the tarball',
    'npm',
    ['install', '--no-audit', '--no-fund', '--omit=peer', '--legacy-peer-deps'],
    folder,
  );
  const program = `${plain.map((name, i) => `import * as m${i} from '${name}';`).join('\n')}
const empty = [${plain.map((name, i) => `['${name}', m${i}]`).join(', ')}].filter(([, m]) => Object.keys(m).length === 0);
if (empty.length > 0) throw new Error('nothing is exported by ' + empty.map(([name]) => name).join(', '));
import { Server } from 'sansocket';
const server = new Server();
server.useHttp((request, response) => response.send('packed'));
const { port } = await server.start({ port: 0, hostname: '127.0.0.1' });
const text = await (await fetch('http://127.0.0.1:' + port)).text();
if (text !== 'packed') throw new Error('got ' + text);
await server.stop();
`;
  writeFileSync(join(folder, 'consumer.mjs'), program);
  run('import on Node', process.execPath, ['consumer.mjs'], folder);
  run('import on Bun', `${root}node_modules/.bin/bun`, ['consumer.mjs'], folder);
  run('import on Deno', `${root}node_modules/.bin/deno`, ['run', '-A', 'consumer.mjs'], folder);
  writeFileSync(
    join(folder, 'consumer.cjs'),
    `const { Server } = require('sansocket');\nif (new Server().address !== undefined) throw new Error('it listens');\n`,
  );
  run('require on Node', process.execPath, ['consumer.cjs'], folder);
  run('require on Bun', `${root}node_modules/.bin/bun`, ['consumer.cjs'], folder);
  run('require on Deno', `${root}node_modules/.bin/deno`, ['run', '-A', 'consumer.cjs'], folder);
  run(
    'read a vector',
    process.execPath,
    [
      '--input-type=module',
      '-e',
      "import { createRequire } from 'node:module'; const v = createRequire(process.cwd() + '/x.js')('sansocket/vectors/frame.json'); if (v.format !== 1) throw new Error('no vectors');",
    ],
    folder,
  );

  // Its types, without any ambient types but the language's and the platform's.
  writeFileSync(
    join(folder, 'consumer.ts'),
    `${plain.map((name, i) => `import * as m${i} from '${name}';`).join('\n')}\nexport const all = [${plain.map((_, i) => `m${i}`).join(', ')}];\n`,
  );
  for (const moduleResolution of ['nodenext', 'bundler']) {
    const compilerOptions = {
      module: moduleResolution === 'bundler' ? 'esnext' : 'nodenext',
      moduleResolution,
      target: 'es2022',
      lib: ['es2022', 'dom', 'dom.iterable', 'dom.asynciterable'],
      types: [],
      strict: true,
      noEmit: true,
    };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, files: ['consumer.ts'] }));
    run(
      `types under ${moduleResolution}`,
      process.execPath,
      [`${root}node_modules/typescript/bin/tsc`, '-p', folder],
      folder,
    );
  }

  // Bundles.
  for (const [subpath, foreign] of Object.entries(FOREIGN)) {
    const code = await bundle(`export * from 'sansocket${subpath.slice(1)}';`);
    for (const text of foreign)
      if (code.includes(text)) problems.push(`the bundle of ${subpath} contains "${text}"`);
  }
  for (const [program, largest] of Object.entries(LARGEST)) {
    const { length } = await bundle(program);
    console.log(`${String(length).padStart(6)} bytes minified: ${program}`);
    if (length > largest) problems.push(`${program}: ${length} bytes, expected at most ${largest}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
