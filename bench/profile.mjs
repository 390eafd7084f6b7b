// `npm run profile -- echo-64x32`: our server under that load on Node, with V8's profiler; prints where the time went. The
// whole profile is in build/profile: open it with a browser's developer tools.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { SCENARIOS } from './scenarios.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const folder = fileURLToPath(new URL('../build/profile', import.meta.url));
const name = process.argv[2] ?? 'echo-64x32';
const scenario = SCENARIOS[name];
if (scenario === undefined) {
  console.error(`There is no such benchmark, expected one of ${Object.keys(SCENARIOS).join(', ')}`);
  process.exit(1);
}
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const load = join(folder, 'load');
if (spawnSync('cc', ['-O2', '-o', load, join(here, 'load.c')], { stdio: 'inherit' }).status !== 0)
  process.exit(1);
writeFileSync(join(folder, 'request'), scenario.request);
if (scenario.opening !== undefined) writeFileSync(join(folder, 'opening'), scenario.opening);

const port = 20_000 + Math.floor(Math.random() * 10_000);
const flags = [
  '--cpu-prof',
  `--cpu-prof-dir=${folder}`,
  `--import=${new URL('servers/stop-on-sigint.mjs', import.meta.url)}`,
];
const server = spawn(
  process.execPath,
  [...flags, join(here, 'servers/server.mjs'), 'ours', scenario.kind ?? 'echo', String(port)],
  {
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
await new Promise((resolve) => server.stdout.on('data', resolve));
const line = [
  port,
  scenario.mode,
  scenario.connections,
  scenario.depth,
  join(folder, 'request'),
  scenario.response,
  500,
  4000,
];
if (scenario.opening !== undefined) line.push(join(folder, 'opening'));
await new Promise((resolve) =>
  spawn(load, line.map(String), { stdio: ['ignore', 'inherit', 'inherit'] }).on('close', resolve),
);
server.kill('SIGINT');
await new Promise((resolve) => server.on('exit', resolve));

const file = readdirSync(folder).find((each) => each.endsWith('.cpuprofile'));
const profile = JSON.parse(readFileSync(join(folder, file), 'utf8'));
const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
const self = new Map();
let total = 0;
for (const [i, id] of profile.samples.entries()) {
  const { functionName, url, lineNumber } = nodes.get(id).callFrame;
  if (functionName === '(idle)') continue;
  const where = `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}${url ? `:${lineNumber + 1}` : ''}`;
  self.set(where, (self.get(where) ?? 0) + profile.timeDeltas[i]);
  total += profile.timeDeltas[i];
}
for (const [where, time] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 30)) {
  console.log(`${((time / total) * 100).toFixed(1).padStart(6)} %  ${where}`);
}
console.log(`\n${join('build/profile', file)}`);
