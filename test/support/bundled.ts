/**
 * Runs code as it ships: bundled, in a worker of its own, without the test runner's transformations between.
 *
 * @module
 */
import { Worker } from 'node:worker_threads';
import { buildSync } from 'esbuild';

/**
 * Bundle `contents`, run it in a worker, and wait for the first message that it posts to its parent.
 *
 * @param modules Absolute paths of modules, by the names that `contents` imports them by.
 */
export function runBundled<Message>(
  contents: string,
  modules: Readonly<Record<string, string>>,
): Promise<Message> {
  const bundle = buildSync({
    stdin: { contents, resolveDir: '/', loader: 'ts' },
    alias: { ...modules },
    bundle: true,
    platform: 'node',
    format: 'cjs',
    write: false,
  });
  return new Promise((resolve, reject) => {
    const worker = new Worker(bundle.outputFiles[0]!.text, { eval: true });
    worker.once('message', resolve);
    worker.once('error', reject);
  });
}
