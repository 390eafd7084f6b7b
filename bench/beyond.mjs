// `npm run bench:beyond` runs all parts; `npm run bench:beyond -- fairness --runtime=node --quick` one, on Node, in short.
// What an average hides: the slowest answers, a neighbour that floods, many connections, long messages, the start, and what
// is held for connections that are gone, read nothing, or stop half-way. Contenders take turns (A B C A B C) where time is
// measured; a ratio is of two that ran side by side. `--only=ours,ws` runs some contenders.
import { loadavg } from 'node:os';
import { printTables } from './beyond-tables.mjs';
import {
  buildMissing,
  cpuSeconds,
  fail,
  holdLoad,
  machine,
  median,
  pause,
  possible,
  RUNTIMES,
  readArguments,
  residentBytes,
  runLoad,
  startServer,
  Workspace,
  writeReport,
} from './harness.mjs';

const { flags, names } = readArguments(['runtime', 'quick', 'rounds', 'only', 'out', 'unpinned']);
buildMissing();
const { ECHO_BYTES, SCENARIOS, echoOf, START_OF_PUSH, STALLED } = await import('./scenarios.mjs');
const { DEFAULT_LIMITS } = await import('../dist/frame/index.js');

const quick = flags.has('quick');
const rounds = Number(flags.get('rounds') ?? (quick ? 3 : 5));
const [warmup, measure] = quick ? [300, 1000] : [1000, 3000];
const pinned = !flags.has('unpinned');
const workspace = new Workspace();

/** How many requests a connection that floods keeps in flight. */
const FLOOD = 4096;
const GROWTH = [64, 1000, 5000];
/** Connections that come and go in a round of `churn`, and how many rounds there are. */
const [CHURN, CHURN_ROUNDS] = quick ? [5000, 3] : [100_000, 3];
const STARTS = quick ? 5 : 15;
/** How long a server is watched that holds something, in ms. */
const WATCH_MS = quick ? 1500 : 4000;

function contendersOn(runtime, floor = true) {
  const only = flags.get('only')?.split(',');
  const all = ['ours', runtime === 'node' ? 'ws' : 'native', ...(floor ? ['floor'] : [])];
  return all.filter((each) => only === undefined || only.includes(each));
}

/** A server for as long as `use` runs. */
async function withServer(options, use) {
  const server = await startServer({ pinned, ...options });
  try {
    return await use(server);
  } finally {
    server.stop();
  }
}

/** One server under one load. */
function underLoad(runtime, contender, load) {
  return withServer({ runtime, contender, kind: load.kind, floor: load }, async (server) => {
    const before = cpuSeconds(server.pid);
    const result = await runLoad(workspace, { ...load, port: server.port, warmup, measure, pinned });
    return { ...result, cpuSeconds: cpuSeconds(server.pid) - before };
  });
}

/** Contenders take turns: what each round gave, one list for each, with a hole where a round failed. */
async function inTurns(runtime, contenders, times, sample) {
  const samples = new Map(contenders.map((each) => [each, []]));
  for (let round = 0; round < times; round++) {
    for (const contender of contenders) {
      try {
        samples.get(contender)[round] = await sample(contender);
      } catch (error) {
        console.error(`${contender} on ${runtime}: ${error.message}`);
      }
    }
  }
  return samples;
}

/** The median, least and most of one figure. */
function spread(samples, figure) {
  const values = samples.filter((each) => each !== undefined).map(figure);
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) };
}

/** Ours over theirs, round by round: the machine's speed drifts, and both of a pair were there for it. */
function oursOver(samples, contender, figure) {
  const ours = samples.get('ours') ?? [];
  const ratios = samples
    .get(contender)
    .flatMap((theirs, i) => (theirs && ours[i] ? [figure(ours[i]) / figure(theirs)] : []));
  return contender === 'ours' || ratios.length === 0 ? null : median(ratios);
}

/** A part that measures time: contenders take turns, and `figures` says what is in a row. */
async function timed(runtime, times, sample, figures) {
  const contenders = contendersOn(runtime);
  const samples = await inTurns(runtime, contenders, times, (contender) => sample(runtime, contender));
  return contenders
    .filter((each) => samples.get(each).some((sample) => sample !== undefined))
    .map((contender) => ({ runtime, contender, ...figures(samples, contender) }));
}

/** Each of several loads, one after the other. */
async function eachOf(values, run) {
  const results = [];
  for (const value of values) results.push(await run(value));
  return results;
}

/** By name: the rows of one part on one runtime. */
const PARTS = {
  latency: (runtime) =>
    timed(
      runtime,
      rounds,
      (_, contender) => underLoad(runtime, contender, SCENARIOS['echo-64']),
      (samples, contender) => ({
        p50us: spread(samples.get(contender), ({ p50us }) => p50us),
        p99us: spread(samples.get(contender), ({ p99us }) => p99us),
        oursOverThis: oursOver(samples, contender, ({ p99us }) => p99us),
      }),
    ),

  /** The other 63 are measured, beside one that does as they do, and beside one that floods. */
  fairness: (runtime) =>
    timed(
      runtime,
      rounds,
      async (_, contender) => {
        const others = { ...SCENARIOS['echo-64'], connections: 63 };
        const [calm, flooded] = await eachOf([1, FLOOD], (flood) =>
          underLoad(runtime, contender, { ...others, flood }),
        );
        return {
          calmUs: calm.p99us,
          floodedUs: flooded.p99us,
          rise: flooded.p99us / calm.p99us,
          othersPerSecond: flooded.answers / flooded.seconds,
          floodPerSecond: flooded.floodAnswers / flooded.seconds,
        };
      },
      (samples, contender) =>
        Object.fromEntries(
          ['calmUs', 'floodedUs', 'rise', 'othersPerSecond', 'floodPerSecond'].map((name) => [
            name,
            spread(samples.get(contender), (each) => each[name]),
          ]),
        ),
    ),

  growth: (runtime) =>
    timed(
      runtime,
      rounds,
      (_, contender) =>
        eachOf(GROWTH.map(possible), async (connections) => {
          const { answers, seconds } = await underLoad(runtime, contender, {
            ...SCENARIOS['echo-64'],
            connections,
          });
          return { connections, perSecond: answers / seconds };
        }),
      (samples, contender) => ({
        at: GROWTH.map((_, i) => ({
          connections: samples.get(contender).find((each) => each !== undefined)[i].connections,
          perSecond: spread(samples.get(contender), (each) => each[i].perSecond),
          share: spread(samples.get(contender), (each) => each[i].perSecond / each[0].perSecond),
        })),
      }),
    ),

  /** One connection, with as many messages in flight as make 64 KiB. */
  sizes: (runtime) =>
    timed(
      runtime,
      rounds,
      (_, contender) =>
        eachOf(ECHO_BYTES, async (bytes) => {
          const result = await underLoad(runtime, contender, echoOf(bytes));
          return {
            cpuNsPerByte: (result.cpuSeconds * 1e9) / (result.allAnswers * bytes),
            nsPerByte: (result.seconds * 1e9) / (result.answers * bytes),
          };
        }),
      (samples, contender) => ({
        at: ECHO_BYTES.map((bytes, i) => ({
          bytes,
          cpuNsPerByte: spread(samples.get(contender), (each) => each[i].cpuNsPerByte),
          nsPerByte: spread(samples.get(contender), (each) => each[i].nsPerByte),
        })),
      }),
    ),

  startup: (runtime) =>
    timed(
      runtime,
      STARTS,
      (_, contender) =>
        withServer({ runtime, contender }, ({ importMs, startMs }) => Promise.resolve({ importMs, startMs })),
      (samples, contender) => ({
        importMs: spread(samples.get(contender), ({ importMs }) => importMs),
        startMs: spread(samples.get(contender), ({ startMs }) => startMs),
        oursOverThis: oursOver(samples, contender, ({ importMs }) => importMs),
      }),
    ),

  /** Connections that come and go; what is resident after each round of them, and what lives. */
  churn: (runtime) =>
    eachContender(runtime, contendersOn(runtime), (contender) => {
      const load = { ...SCENARIOS.handshake, pinned };
      return withServer(
        { runtime, contender, kind: load.kind, floor: load, collecting: true },
        async (server) => {
          // What is compiled and cached at first use is no connection's.
          await runLoad(workspace, { ...load, port: server.port, total: 1000 });
          const after = [await settled(server)];
          for (let round = 0; round < CHURN_ROUNDS; round++) {
            await runLoad(workspace, { ...load, port: server.port, total: CHURN });
            after.push(await settled(server));
          }
          return { connections: CHURN, after };
        },
      );
    }),

  memory: async (runtime) => {
    const rows = [];
    for (const { name, kind, connections, request, offered, limit } of HELD) {
      const each = await eachContender(runtime, contendersOn(runtime, false), (contender) =>
        withServer({ runtime, contender, kind, collecting: true }, async (server) => {
          const before = await settled(server);
          const { opening } = SCENARIOS['echo-64'];
          const load = { mode: 'mute', connections, request, opening, port: server.port, pinned };
          const stop = await holdLoad(workspace, load);
          let most = 0;
          for (const start = Date.now(); Date.now() - start < WATCH_MS; await pause(20))
            most = Math.max(most, residentBytes(server.pid));
          const { live, rss } = await settled(server);
          stop();
          return {
            name,
            connections,
            offered,
            mostEach: (most - before.rss) / connections,
            liveEach: (live - before.live) / connections,
            residentEach: (rss - before.rss) / connections,
            limit: contender === 'ours' ? limit : null,
          };
        }),
      );
      rows.push(...each);
    }
    return rows;
  },
};

/** What a connection may make a server hold: who sends what, how much is offered, and which limit governs it. */
const HELD = [
  {
    name: 'a slow reader; the server does not wait for it',
    kind: 'push',
    connections: 4,
    request: START_OF_PUSH,
    offered: 64 << 20,
    limit: { name: 'maxSendBufferBytes', bytes: DEFAULT_LIMITS.maxSendBufferBytes },
  },
  {
    name: 'a slow reader; the server waits for it',
    kind: 'push-waiting',
    connections: 32,
    request: START_OF_PUSH,
    offered: 64 << 20,
    limit: { name: 'highWaterMarkBytes', bytes: DEFAULT_LIMITS.highWaterMarkBytes },
  },
  ...STALLED.map(({ name, request, offered }) => ({
    name,
    kind: 'stall',
    connections: 64,
    request,
    offered,
    limit: { name: 'maxMessageBytes', bytes: DEFAULT_LIMITS.maxMessageBytes },
  })),
];

/** A row for each contender, one after the other. */
async function eachContender(runtime, contenders, measureOne) {
  const rows = [];
  for (const contender of contenders) {
    try {
      rows.push({ runtime, contender, ...(await measureOne(contender)) });
    } catch (error) {
      console.error(`${contender} on ${runtime}: ${error.message}`);
    }
  }
  return rows;
}

/** A server that has had time to let go, and has collected what it can: what lives in it, and what is resident. */
async function settled(server) {
  await pause(500);
  const { live } = await server.memory();
  return { live, rss: residentBytes(server.pid) };
}

const unknown = names.find((each) => !Object.hasOwn(PARTS, each));
if (unknown !== undefined)
  fail(`There is no part "${unknown}", expected some of ${Object.keys(PARTS).join(', ')}`);
const runtimes = flags.get('runtime')?.split(',') ?? Object.keys(RUNTIMES);
const report = {
  kind: 'beyond',
  ...machine(pinned),
  rounds,
  measureMs: measure,
  flood: FLOOD,
  parts: {},
};
for (const part of names.length > 0 ? names : Object.keys(PARTS)) {
  report.parts[part] = [];
  for (const runtime of runtimes) report.parts[part].push(...(await PARTS[part](runtime)));
  printTables(part, report.parts[part]);
}
report.loadAfter = loadavg()[0];
writeReport(report, flags.get('out'));
workspace.remove();
