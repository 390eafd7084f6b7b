/**
 * How to run a TypeScript program of ours on each runtime: Bun and Deno take it as it is, Node a bundle of it.
 *
 * @module
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
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

let folder: string | undefined;
const bundles = new Map<string, string>();

/** A bundle for Node, made once. Packages stay outside; they are found from the folder that it is in. */
function bundle(file: string): string {
  let path = bundles.get(file);
  if (path !== undefined) return path;
  if (folder === undefined) {
    const cache = here('../../../node_modules/.cache');
    mkdirSync(cache, { recursive: true });
    const made = mkdtempSync(join(cache, 'interop-'));
    folder = made;
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
  }
  path = join(folder, basename(file).replace(/\.ts$/, '.mjs'));
  buildSync({
    entryPoints: [file],
    outfile: path,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    packages: 'external',
    sourcemap: 'inline',
    logLevel: 'silent',
  });
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
