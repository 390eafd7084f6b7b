// `npm run profile -- echo-64x32 [--runtime=bun]`: our server under that load, with the runtime's profiler; prints where the time of
// an answer went. The whole profile is in build/profile: open it with a browser's developer tools. Server and load have a core each, as
// in a benchmark. `--contender=ws` for another's.
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  buildMissing,
  cpuSeconds,
  fail,
  readArguments,
  runLoad,
  startServer,
  Workspace,
} from './harness.mjs';

buildMissing();
const { SCENARIOS } = await import('./scenarios.mjs');
const folder = fileURLToPath(new URL('../build/profile', import.meta.url));
const { flags, names } = readArguments(['runtime', 'contender']);
const [name = 'echo-64x32'] = names;
const runtime = flags.get('runtime') ?? 'node';
const scenario = SCENARIOS[name];
if (scenario === undefined)
  fail(`There is no such benchmark, expected one of ${Object.keys(SCENARIOS).join(', ')}`);
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });

const { kind, request, opening, response } = scenario;
const server = await startServer({
  runtime,
  contender: flags.get('contender') ?? 'ours',
  kind,
  floor: { request, response, opening },
  pinned: true,
  more: ['--cpu-prof', `--cpu-prof-dir=${folder}`],
});
const workspace = new Workspace();
const load = { ...scenario, port: server.port, warmup: 1000, measure: 4000, pinned: true };
const before = cpuSeconds(server.pid);
const { answers, allAnswers, seconds } = await runLoad(workspace, load);
const each = ((cpuSeconds(server.pid) - before) / allAnswers) * 1e6;
workspace.remove();
await server.stop('SIGINT');

/** What a function does its work for. */
function kindOf({ functionName, url }) {
  if (functionName === '(garbage collector)') return 'collecting garbage';
  if (functionName === '(program)') return 'the runtime, outside of JavaScript';
  if (url.includes('servers/server.mjs')) return 'the handler';
  if (/\/(dist|src)\//.test(url)) return 'sansocket';
  if (/^(writev?|writeBuffer|close|shutdown|read|op_(net|read|write)\w*)$/.test(functionName))
    return 'sockets: the kernel, and the way there';
  if (/utf8|latin1|ascii|encode|decode/i.test(functionName)) return 'text from bytes and back';
  return "the runtime's own JavaScript and built-in functions";
}

const file = readdirSync(folder).find((entry) => entry.endsWith('.cpuprofile'));
const profile = JSON.parse(readFileSync(join(folder, file), 'utf8'));
const nodes = new Map(profile.nodes.map((node) => [node.id, node.callFrame]));
const kinds = new Map();
const self = new Map();
let total = 0;
for (const [i, id] of profile.samples.entries()) {
  const frame = nodes.get(id);
  const { functionName, url, lineNumber } = frame;
  if (functionName === '(idle)') continue;
  const time = profile.timeDeltas[i];
  const where = `${functionName || '(anonymous)'} ${url.split('/').slice(-2).join('/')}${url ? `:${lineNumber + 1}` : ''}`;
  self.set(where, (self.get(where) ?? 0) + time);
  kinds.set(kindOf(frame), (kinds.get(kindOf(frame)) ?? 0) + time);
  total += time;
}

/** Lines of a table, the largest first. */
function show(times, count) {
  for (const [what, time] of [...times].sort((a, b) => b[1] - a[1]).slice(0, count))
    console.log(`${((time / total) * 100).toFixed(1).padStart(6)} %  ${what}`);
}

console.log(
  `${scenario.title} (${runtime}): ${Math.round(answers / seconds).toLocaleString('en')} a second while profiled, ${each.toFixed(2)} µs of CPU each\n`,
);
show(kinds, 10);
console.log('');
show(self, 30);
console.log(`\n${join('build/profile', file)}`);
