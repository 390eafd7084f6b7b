// `npm run profile -- echo-64x32`: our server under that load on Node, with V8's profiler; prints where the time went. The
// whole profile is in build/profile: open it with a browser's developer tools. Server and load have a core each, as in a benchmark.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildMissing, fail, runLoad, startServer, Workspace } from './harness.mjs';

buildMissing();
const { SCENARIOS } = await import('./scenarios.mjs');
const folder = fileURLToPath(new URL('../build/profile', import.meta.url));
const name = process.argv[2] ?? 'echo-64x32';
const contender = process.argv[3] ?? 'ours';
const scenario = SCENARIOS[name];
if (scenario === undefined)
  fail(`There is no such benchmark, expected one of ${Object.keys(SCENARIOS).join(', ')}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const { kind, request, opening, response } = scenario;
const server = await startServer({
  runtime: 'node',
  contender,
  kind,
  floor: { request, response, opening },
  pinned: true,
  more: [
    '--cpu-prof',
    `--cpu-prof-dir=${folder}`,
    `--import=${new URL('servers/stop-on-sigint.mjs', import.meta.url)}`,
  ],
});
const workspace = new Workspace();
const load = { ...scenario, port: server.port, warmup: 500, measure: 4000, pinned: true };
const { answers, seconds } = await runLoad(workspace, load);
workspace.remove();
await server.stop('SIGINT');

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
console.log(
  `${scenario.title}: ${Math.round(answers / seconds).toLocaleString('en')} a second while profiled`,
);
for (const [where, time] of [...self].sort((a, b) => b[1] - a[1]).slice(0, 30)) {
  console.log(`${((time / total) * 100).toFixed(1).padStart(6)} %  ${where}`);
}
console.log(`\n${join('build/profile', file)}`);
