// `npm run bench:connections`: 10 000 WebSockets at once on each runtime, each answering a ping, and what one that is
// idle costs. `-- --count=1000 --runtime=node` for less. Memory is the growth of the process's resident set.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeFrame } from '../dist/frame/index.js';
import { SCENARIOS } from './scenarios.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const here = fileURLToPath(new URL('.', import.meta.url));
const flags = new Map(process.argv.slice(2).map((each) => each.replace(/^--/, '').split('=')));
const wanted = Number(flags.get('count') ?? 10_000);
const openFiles = Number(spawnSync('sh', ['-c', 'ulimit -n'], { encoding: 'utf8' }).stdout);
// Both ends run here, each in a process of its own, with some files open besides.
const count = Math.min(wanted, openFiles - 200);
if (count < wanted)
  console.log(`The open-file limit is ${openFiles}: ${count} connections instead of ${wanted}`);

const folder = mkdtempSync(join(tmpdir(), 'connections-'));
const load = join(folder, 'load');
if (spawnSync('cc', ['-O2', '-o', load, join(here, 'load.c')], { stdio: 'inherit' }).status !== 0)
  process.exit(1);
const ping = encodeFrame({ opcode: 9, payload: Uint8Array.of(1), mask: Uint8Array.of(1, 2, 3, 4) });
writeFileSync(join(folder, 'ping'), ping);
writeFileSync(join(folder, 'opening'), SCENARIOS['echo-64'].opening);

const RUNTIMES = {
  node: { command: [process.execPath], contenders: ['ours', 'ws', 'floor'] },
  bun: { command: [join(root, 'node_modules/.bin/bun')], contenders: ['ours', 'native', 'floor'] },
  deno: {
    command: [join(root, 'node_modules/.bin/deno'), 'run', '-A', '--no-lock'],
    contenders: ['ours', 'native', 'floor'],
  },
};

const residentKiB = (pid) => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))[1]);
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Waits for text on a process's standard output. */
function says(child, pattern, what) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${what}: nothing within 60 s`)), 60_000);
    child.stdout.on('data', (text) => {
      if (!pattern.test(String(text))) return;
      clearTimeout(timer);
      resolve();
    });
    child.on('exit', (code) => reject(new Error(`${what}: ended with ${code}`)));
  });
}

async function measure(runtime, contender) {
  const port = await freePort();
  const [command, ...args] = RUNTIMES[runtime].command;
  const floor = {
    REQUEST_BYTES: String(ping.length),
    RESPONSE_BYTES: '3',
    OPENING_BYTES: String(SCENARIOS['echo-64'].opening.length),
  };
  const server = spawn(
    command,
    [...args, join(here, 'servers/server.mjs'), contender, 'echo', String(port)],
    {
      env: { ...process.env, ...floor },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  let client;
  try {
    await says(server, /ready/, contender);
    await sleep(500);
    const before = residentKiB(server.pid);
    client = spawn(
      load,
      [port, 'hold', count, 1, join(folder, 'ping'), 3, 0, 0, join(folder, 'opening')].map(String),
      {
        stdio: ['pipe', 'pipe', 'inherit'],
      },
    );
    await says(client, /answers/, `${count} connections to ${contender}`);
    await sleep(1000);
    const each = (residentKiB(server.pid) - before) / count;
    console.log(
      `${runtime.padEnd(5)} ${contender.padEnd(7)} ${count} connections, each answered a ping; ${each.toFixed(2)} KiB each`,
    );
    return { runtime, contender, count, kibEach: each };
  } finally {
    client?.removeAllListeners('exit');
    server.removeAllListeners('exit');
    client?.kill('SIGKILL');
    server.kill('SIGKILL');
  }
}

let failed = 0;
for (const [runtime, { contenders }] of Object.entries(RUNTIMES)) {
  if (flags.has('runtime') && flags.get('runtime') !== runtime) continue;
  for (const contender of contenders) {
    try {
      await measure(runtime, contender);
    } catch (error) {
      console.log(`${runtime.padEnd(5)} ${contender.padEnd(7)} ${error.message}`);
      if (contender === 'ours') failed++;
    }
  }
}
rmSync(folder, { recursive: true, force: true });
process.exitCode = failed === 0 ? 0 : 1;
