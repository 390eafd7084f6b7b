// `npm run bench:connections`: 10 000 WebSockets at once on each runtime, each answering a ping, and what one that is
// idle costs. `-- --count=1000 --runtime=node` for less. Memory is the growth of the process's resident set.
import {
  buildMissing,
  holdLoad,
  pause,
  possible,
  readArguments,
  residentBytes,
  startServer,
  Workspace,
} from './harness.mjs';

buildMissing();
const { SCENARIOS, PING } = await import('./scenarios.mjs');
const { flags } = readArguments(['count', 'runtime']);
const connections = possible(Number(flags.get('count') ?? 10_000));
const workspace = new Workspace();
const load = { mode: 'hold', connections, request: PING, response: 3, opening: SCENARIOS['echo-64'].opening };

const CONTENDERS = {
  node: ['ours', 'ws', 'floor'],
  bun: ['ours', 'native', 'floor'],
  deno: ['ours', 'native', 'floor'],
};

/** What one connection adds, in KiB. */
async function measure(runtime, contender) {
  const server = await startServer({ runtime, contender, floor: load });
  try {
    await pause(500);
    const before = residentBytes(server.pid);
    const stop = await holdLoad(workspace, { ...load, port: server.port });
    await pause(1000);
    const each = (residentBytes(server.pid) - before) / connections / 1024;
    stop();
    return each;
  } finally {
    server.stop();
  }
}

let failed = 0;
for (const [runtime, contenders] of Object.entries(CONTENDERS)) {
  if (flags.has('runtime') && flags.get('runtime') !== runtime) continue;
  for (const contender of contenders) {
    const start = `${runtime.padEnd(5)} ${contender.padEnd(7)}`;
    try {
      const each = await measure(runtime, contender);
      console.log(`${start} ${connections} connections, each answered a ping; ${each.toFixed(2)} KiB each`);
    } catch (error) {
      console.log(`${start} ${error.message}`);
      if (contender === 'ours') failed++;
    }
  }
}
workspace.remove();
process.exitCode = failed === 0 ? 0 : 1;
