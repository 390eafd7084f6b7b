// `npm run bench:codec`: the pure parts without a server, against others'; `-- frames`, `heads`, `deflate` or `engines` for a part of
// it, `--quick` in short. Each pair runs side by side in one process, on one core; the engines on all three runtimes.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { loadavg } from 'node:os';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { buildMissing, canPin, fail, machine, RUNTIMES, readArguments, writeReport } from './harness.mjs';

buildMissing();
const PARTS = {
  frames: ['node'],
  heads: ['node'],
  deflate: ['node'],
  engines: ['node', 'bun', 'deno'],
};
const { flags, names } = readArguments(['quick', 'runtime', 'out']);
for (const name of names)
  if (PARTS[name] === undefined)
    fail(`There is no part ${name}, expected some of ${Object.keys(PARTS).join(', ')}`);

const here = fileURLToPath(new URL('.', import.meta.url));
// Beside the packages that it compares with.
const bundle = `${here}node_modules/.cache/codec.mjs`;
mkdirSync(`${here}node_modules/.cache`, { recursive: true });
buildSync({
  absWorkingDir: here,
  entryPoints: ['codec/main.ts'],
  outfile: bundle,
  bundle: true,
  format: 'esm',
  platform: 'node',
  logLevel: 'warning',
});

const report = { kind: 'codec', ...machine(true), parts: {} };
const [rounds, roundMs] = flags.has('quick') ? [3, 20] : [9, 60];
for (const [part, runtimes] of Object.entries(PARTS)) {
  if (names.length > 0 && !names.includes(part)) continue;
  for (const runtime of runtimes) {
    if (flags.has('runtime') && !flags.get('runtime').split(',').includes(runtime)) continue;
    const line = [...RUNTIMES[runtime].command, bundle, part, String(rounds), String(roundMs)];
    const [command, ...args] = canPin ? ['taskset', '-c', '0', ...line] : line;
    const { stdout, status } = spawnSync(command, args, {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    if (status !== 0) fail(`${part} on ${runtime} ended with ${status}`);
    console.log(`\n${part} (${runtime})`);
    report.parts[part] ??= [];
    for (const row of stdout
      .trim()
      .split('\n')
      .map((each) => JSON.parse(each))) {
      report.parts[part].push({ runtime, ...row });
      const times = row.contenders
        .map((name, i) => `${name} ${row.ns[i][0].toFixed(1).padStart(9)} ns`)
        .join(', ');
      const wanted = row.target > 0 ? ` (wanted ${row.target}x)` : '';
      console.log(`  ${row.name.padEnd(52)} ${times}  ${row.ratio.toFixed(2)}x${wanted}`);
    }
  }
}
report.loadAfter = loadavg()[0];
writeReport(report, flags.get('out'));
