// `npm run bench` runs all; `npm run bench -- echo --runtime=node --quick` what starts with "echo", on Node, in short.
// Server and load generator are processes of their own, on cores of their own where the system allows. Contenders take
// turns (A B C A B C), and the table shows medians, with least and most, and ratios: absolute figures mean little.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const flags = new Map();
const names = [];
for (const argument of process.argv.slice(2)) {
  const [, flag, value] = /^--([a-z]+)(?:=(.*))?$/.exec(argument) ?? [];
  if (flag !== undefined) flags.set(flag, value ?? 'true');
  else names.push(argument);
}
const KNOWN = ['runtime', 'quick', 'rounds', 'only', 'out', 'unpinned'];
for (const flag of flags.keys()) {
  if (!KNOWN.includes(flag))
    fail(`There is no flag --${flag}, expected some of ${KNOWN.map((each) => `--${each}`).join(', ')}`);
}
const quick = flags.has('quick');
const rounds = Number(flags.get('rounds') ?? (quick ? 3 : 5));
const [warmup, measure] = quick ? [300, 1000] : [1000, 3000];

function fail(message) {
  console.error(message);
  process.exit(1);
}

// ------------------------------------------------------------------ what it takes

if (!existsSync(join(here, 'node_modules'))) {
  spawnSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error', '--prefix', here], {
    stdio: 'inherit',
  });
}
if (!existsSync(join(root, 'dist')))
  spawnSync(process.execPath, [join(root, 'tools/build.mjs')], { stdio: 'inherit' });
const { SCENARIOS } = await import('./scenarios.mjs');

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
const load = join(folder, 'load');
if (spawnSync('cc', ['-O2', '-o', load, join(here, 'load.c')], { stdio: 'inherit' }).status !== 0) {
  fail('Cannot build the load generator: it needs a C compiler (cc) and Linux');
}
// `--unpinned`: for contenders that work on several threads, which would have one core between them.
const canPin =
  !flags.has('unpinned') && cpus().length > 1 && spawnSync('taskset', ['-c', '0', 'true']).status === 0;
const pin = (core, command) => (canPin ? ['taskset', '-c', String(core), ...command] : command);

const RUNTIMES = {
  node: { command: [process.execPath], version: `Node ${process.versions.node}` },
  bun: { command: [join(root, 'node_modules/.bin/bun')], version: versionOf('bun', /[\d.]+/) },
  deno: {
    command: [join(root, 'node_modules/.bin/deno'), 'run', '-A', '--no-lock'],
    version: versionOf('deno', /[\d.]+/),
  },
};

function versionOf(name, pattern) {
  const { stdout } = spawnSync(join(root, 'node_modules/.bin', name), ['--version'], { encoding: 'utf8' });
  return `${name} ${pattern.exec(stdout ?? '')?.[0] ?? '?'}`;
}

/** Which contenders there are on a runtime. */
function contendersOf(scenario, runtime) {
  const only = flags.get('only')?.split(',');
  return scenario.contenders.filter((each) => {
    if (only !== undefined && !only.includes(each)) return false;
    // Deno's own server does not compress.
    if (each === 'native') return runtime === 'bun' || (runtime === 'deno' && scenario.kind !== 'deflate');
    return ['ours', 'ours-pure', 'floor'].includes(each) || runtime === 'node';
  });
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// ------------------------------------------------------------------ one measurement

async function run(scenario, runtime, contender) {
  const port = await freePort();
  const opening = scenario.opening === undefined ? 0 : scenario.opening.length;
  const [command, ...args] = pin(0, [
    ...RUNTIMES[runtime].command,
    join(here, 'servers/server.mjs'),
    contender,
    scenario.kind ?? 'echo',
    String(port),
  ]);
  const env = {
    ...process.env,
    REQUEST_BYTES: String(scenario.request.length),
    RESPONSE_BYTES: String(scenario.response),
    OPENING_BYTES: String(opening),
  };
  const server = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${contender} did not start within 20 s`)), 20_000);
      server.stdout.on('data', (text) => {
        if (!String(text).includes('ready')) return;
        clearTimeout(timer);
        resolve();
      });
      server.on('exit', (code) => reject(new Error(`${contender} ended with ${code}`)));
    });
    const request = join(folder, 'request');
    writeFileSync(request, scenario.request);
    const response = scenario.response || (await answerLength(port, scenario));
    const line = [
      port,
      scenario.mode,
      scenario.connections,
      scenario.depth,
      request,
      response,
      warmup,
      measure,
    ].map(String);
    if (opening > 0) {
      writeFileSync(join(folder, 'opening'), scenario.opening);
      line.push(join(folder, 'opening'));
    }
    const before = cpuSeconds(server.pid);
    const [program, ...rest] = pin(1, [load, ...line]);
    const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (each) => {
      text += each;
    });
    const status = await new Promise((resolve) => child.on('close', resolve));
    if (status !== 0) throw new Error(`the load on ${contender} ended with ${status}`);
    const result = JSON.parse(text);
    const cpu = cpuSeconds(server.pid) - before;
    return {
      perSecond: result.answers / result.seconds,
      p50us: result.p50us,
      p99us: result.p99us,
      cpuShare: cpu / ((warmup + measure) / 1000),
    };
  } finally {
    server.removeAllListeners('exit');
    server.kill('SIGKILL');
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

/** User and system time of a process, in seconds; 0 where the system does not say. */
function cpuSeconds(pid) {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}

// ------------------------------------------------------------------ all of them

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const wanted = Object.entries(SCENARIOS).filter(
  ([name]) => names.length === 0 || names.some((each) => name.startsWith(each)),
);
if (wanted.length === 0)
  fail(`There is no such benchmark, expected some of ${Object.keys(SCENARIOS).join(', ')}`);
const runtimes = flags.get('runtime')?.split(',') ?? Object.keys(RUNTIMES);
const report = {
  date: new Date().toISOString(),
  cpu: cpus()[0].model,
  cores: cpus().length,
  pinned: canPin,
  rounds,
  measureMs: measure,
  loadBefore: loadavg()[0],
  versions: Object.fromEntries(Object.entries(RUNTIMES).map(([name, { version }]) => [name, version])),
  results: [],
};
console.log(
  `${report.cpu}, ${report.cores} cores, ${canPin ? 'pinned' : 'not pinned'}, load ${report.loadBefore.toFixed(2)}; ${Object.values(report.versions).join(', ')}`,
);

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
mkdirSync(join(here, 'results'), { recursive: true });
const out = flags.get('out') ?? join(here, 'results', `${report.date.replace(/[:.]/g, '-')}.json`);
writeFileSync(out, `${JSON.stringify(report, undefined, 2)}\n`);
console.log(`\n${out.replace(root, '')}`);
rmSync(folder, { recursive: true, force: true });
