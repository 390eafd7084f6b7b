/**
 * How to run a TypeScript program of ours on each runtime: Bun and Deno take it as it is, Node a bundle of it.
 *
 * @module
 */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { requirePeer } from '../../support/peers.ts';

/** A runtime that the package supports. */
export type Runtime = 'node' | 'bun' | 'deno';

/** All runtimes. */
export const RUNTIMES: readonly Runtime[] = ['node', 'bun', 'deno'];

/** Names of runtimes in titles. */
export const RUNTIME_TITLES: Readonly<Record<Runtime, string>> = { node: 'Node', bun: 'Bun', deno: 'Deno' };

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** Where bundles go: below `node_modules`, so that packages are found from there. */
const cache = here('../../../node_modules/.cache/sansocket-interop');
const bundles = new Map<string, string>();

/** A bundle for Node, made once in a test file. Other files may make the same at the same time: it appears whole, or not at all. */
function bundle(file: string): string {
  let path = bundles.get(file);
  if (path !== undefined) return path;
  const { outputFiles } = buildSync({
    entryPoints: [file],
    outfile: 'bundle.mjs',
    write: false,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'silent',
  });
  mkdirSync(cache, { recursive: true });
  path = join(cache, relative(here('..'), file).replaceAll('/', '-').replace(/\.ts$/, '.mjs'));
  const draft = `${path}.${process.pid}`;
  writeFileSync(draft, outputFiles[0]!.contents);
  renameSync(draft, path);
  bundles.set(file, path);
  return path;
}

/**
 * The command that runs a program of ours.
 *
 * @param file Relative to `test/interop/`.
 * @param flags For the runtime itself.
 */
export function commandFor(runtime: Runtime, file: string, flags: readonly string[] = []): readonly string[] {
  const path = here(`../${file}`);
  const { command } = requirePeer(runtime);
  switch (runtime) {
    case 'node':
      return [...command, '--enable-source-maps', ...flags, bundle(path)];
    case 'bun':
      return [...command, 'run', ...flags, path];
    case 'deno':
      return [...command, 'run', '--allow-all', '--unstable-net', '--no-check', '--quiet', ...flags, path];
  }
}

/**
 * With compression and without, on each runtime that this has to be seen on: Node shows both; where a server agrees to
 * compression, there are clients enough that do not offer it.
 */
export const SETTINGS: ReadonlyArray<{
  readonly runtime: Runtime;
  readonly compression: boolean;
  /** For titles. */
  readonly setting: string;
}> = [
  { runtime: 'node', compression: false, setting: 'Node, without compression' },
  { runtime: 'node', compression: true, setting: 'Node, with compression' },
  { runtime: 'bun', compression: true, setting: 'Bun, with compression' },
  { runtime: 'deno', compression: true, setting: 'Deno, with compression' },
];
