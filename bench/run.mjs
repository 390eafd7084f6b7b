// `npm run bench` runs all; `npm run bench -- echo --runtime=node --quick` what starts with "echo", on Node, in short.
// Server and load generator are processes of their own, on cores of their own where the system allows. Contenders take
// turns (A B C A B C), and the table shows medians, with least and most, and ratios: absolute figures mean little.
import { loadavg } from 'node:os';
import {
  buildMissing,
  cpuSeconds,
  fail,
  machine,
  median,
  RUNTIMES,
  readArguments,
  runLoad,
  startServer,
  Workspace,
  writeReport,
} from './harness.mjs';

const KNOWN = ['runtime', 'quick', 'rounds', 'only', 'out', 'unpinned'];
const { flags, names } = readArguments(KNOWN);
const quick = flags.has('quick');
const rounds = Number(flags.get('rounds') ?? (quick ? 3 : 5));
const [warmup, measure] = quick ? [300, 1000] : [1000, 3000];

buildMissing();
const { SCENARIOS } = await import('./scenarios.mjs');
const workspace = new Workspace();
// `--unpinned`: for contenders that work on several threads, which would have one core between them.
const pinned = !flags.has('unpinned');

/** Which contenders there are on a runtime. */
function contendersOf(scenario, runtime) {
  const only = flags.get('only')?.split(',');
  return scenario.contenders.filter((each) => {
    if (only !== undefined && !only.includes(each)) return false;
    // Deno's own server does not compress.
    if (each === 'native') return runtime === 'bun' || (runtime === 'deno' && scenario.kind !== 'deflate');
    // What is no runtime's matter, or runs on Node alone, is measured once.
    return ['ours', 'ours-pure', 'floor'].includes(each) || runtime === 'node';
  });
}

// ------------------------------------------------------------------ one measurement

async function run(scenario, runtime, contender) {
  const { request, opening, kind } = scenario;
  const server = await startServer({
    runtime,
    contender,
    kind,
    pinned,
    floor: { request, response: scenario.response, opening },
    program: contender === 'kernel' ? workspace.floor : undefined,
  });
  try {
    const response = scenario.response || (await answerLength(server.port, scenario));
    const before = cpuSeconds(server.pid);
    const result = await runLoad(workspace, {
      ...scenario,
      port: server.port,
      response,
      warmup,
      measure,
      pinned,
    });
    const cpu = cpuSeconds(server.pid) - before;
    return {
      perSecond: result.answers / result.seconds,
      p50us: result.p50us,
      p99us: result.p99us,
      cpuShare: cpu / ((warmup + measure) / 1000),
    };
  } finally {
    server.stop();
  }
}

/** How long the answer to one request is, headers included. */
async function answerLength(port, { kind, opening, request }) {
  if (scenarioIsHandshake(request)) return 0;
  const { connect } = await import('node:net');
  const socket = connect(port, '127.0.0.1');
  if (kind === 'deflate') return frameLength(socket, opening, request);
  socket.write(request);
  let length = 0;
  const end = /Content-Length: (\d+)/i;
  let text = '';
  for await (const chunk of socket) {
    text += chunk.toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    const declared = end.exec(text);
    if (head < 0 || declared === null) continue;
    length = head + 4 + Number(declared[1]);
    if (text.length >= length) break;
  }
  socket.destroy();
  return length;
}

/** How long each frame is that a server answers with: always the same, and compressed. */
async function frameLength(socket, opening, request) {
  const TIMES = 20;
  socket.write(opening);
  let bytes = Buffer.alloc(0);
  let open = false;
  const lengths = [];
  for await (const chunk of socket) {
    bytes = Buffer.concat([bytes, chunk]);
    if (!open) {
      const head = bytes.indexOf('\r\n\r\n');
      if (head < 0) continue;
      open = true;
      bytes = bytes.subarray(head + 4);
      for (let i = 0; i < TIMES; i++) socket.write(request);
    }
    while (bytes.length >= 4) {
      if (bytes[0] !== 0xc1) throw new Error('it does not answer with a compressed frame');
      const length = bytes[1] < 126 ? 2 + bytes[1] : 4 + bytes.readUInt16BE(2);
      if (bytes.length < length) break;
      lengths.push(length);
      bytes = bytes.subarray(length);
    }
    if (lengths.length === TIMES) break;
  }
  socket.destroy();
  if (new Set(lengths).size !== 1) throw new Error(`its answers differ in length: ${lengths}`);
  return lengths[0];
}

function scenarioIsHandshake(request) {
  return request[0] === 0x88;
}

// ------------------------------------------------------------------ all of them

const wanted = Object.entries(SCENARIOS).filter(
  ([name]) => names.length === 0 || names.some((each) => name.startsWith(each)),
);
if (wanted.length === 0)
  fail(`There is no such benchmark, expected some of ${Object.keys(SCENARIOS).join(', ')}`);
const runtimes = flags.get('runtime')?.split(',') ?? Object.keys(RUNTIMES);
const report = { ...machine(pinned), rounds, measureMs: measure, results: [] };

for (const [name, scenario] of wanted) {
  for (const runtime of runtimes) {
    const contenders = contendersOf(scenario, runtime);
    const samples = new Map(contenders.map((each) => [each, []]));
    for (let round = 0; round < rounds; round++) {
      for (const contender of contenders) {
        try {
          samples.get(contender).push(await run(scenario, runtime, contender));
        } catch (error) {
          console.error(`${name} on ${runtime}: ${error.message}`);
        }
      }
    }
    console.log(`\n${scenario.title} (${runtime})`);
    const ours = samples.get('ours') ?? [];
    for (const contender of contenders) {
      const all = samples.get(contender);
      if (all.length === 0) continue;
      const rates = all.map(({ perSecond }) => perSecond);
      // Pair by pair: the machine's speed drifts, and both of a pair were there for it.
      const ratios = ours.slice(0, all.length).map((mine, i) => mine.perSecond / rates[i]);
      const row = {
        name,
        title: scenario.title,
        runtime,
        contender,
        perSecond: median(rates),
        least: Math.min(...rates),
        most: Math.max(...rates),
        oursOverThis: ratios.length > 0 ? median(ratios) : null,
        p50us: median(all.map(({ p50us }) => p50us)),
        p99us: median(all.map(({ p99us }) => p99us)),
        cpuShare: median(all.map(({ cpuShare }) => cpuShare)),
      };
      report.results.push(row);
      const ratio =
        contender === 'ours' || row.oursOverThis === null ? '' : `  ours is ${row.oursOverThis.toFixed(2)}x`;
      const latency = row.p99us > 0 ? `  p50 ${row.p50us.toFixed(0)} µs, p99 ${row.p99us.toFixed(0)} µs` : '';
      console.log(
        `  ${contender.padEnd(9)} ${Math.round(row.perSecond).toLocaleString('en').padStart(11)}/s  (${Math.round(row.least).toLocaleString('en')} to ${Math.round(row.most).toLocaleString('en')})  cpu ${(row.cpuShare * 100).toFixed(0)} %${latency}${ratio}`,
      );
    }
  }
}
report.loadAfter = loadavg()[0];
writeReport(report, flags.get('out'));
workspace.remove();
