// What compression costs in memory: `node bench/deflate-memory.mjs [runtime…]`, after a build. For each setting, a server of its own with
// 1 000 connections: idle, after each has echoed 1 KiB, then 100 KiB of JSON; with `idleMs`, once that has passed. Prints what one
// connection adds to a connection without compression, by what the runtime says of itself and by the resident memory of the process.
import { spawn } from 'node:child_process';
import { connect } from 'node:net';
import { fileURLToPath } from 'node:url';
import { constants, deflateRawSync } from 'node:zlib';

const CONNECTIONS = 1000;
const SETTINGS = {
  none: false,
  'no takeover': true,
  'takeover, level 1': { contextTakeover: true },
  'takeover, level 1, dropped': { contextTakeover: true, idleMs: 500 },
  'takeover, level 6': { contextTakeover: true, level: 6 },
  'takeover in 64 KiB': { contextTakeover: true, memoryBudgetBytes: 65_536 },
  'ws, takeover': 'ws',
};
const bin = (name) => fileURLToPath(new URL(`../node_modules/.bin/${name}`, import.meta.url));
const RUNTIMES = {
  node: [process.execPath, '--expose-gc'],
  bun: [bin('bun'), 'run'],
  deno: [bin('deno'), 'run', '-A', '--no-lock', '--v8-flags=--expose-gc'],
};

// ------------------------------------------------------------------ the server, in a process of its own

async function serve(setting) {
  const { default: process } = await import('node:process');
  const runtime = 'Bun' in globalThis ? 'bun' : 'Deno' in globalThis ? 'deno' : 'node';
  let port;
  if (setting === 'ws') {
    const { WebSocketServer } = await import('ws');
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
    server.on('connection', (socket) => socket.on('message', (data) => socket.send(data, { binary: false })));
    await new Promise((resolve) => server.on('listening', resolve));
    ({ port } = server.address());
  } else {
    const { Server } = await import(`../dist/${runtime}.js`);
    const server = new Server({ compression: setting });
    server.useWebSockets((socket, message) => socket.send(message));
    ({ port } = await server.start({ port: 0, hostname: '127.0.0.1' }));
  }
  console.log(JSON.stringify({ port }));
  process.stdin.on('data', async () => {
    for (let i = 0; i < 5; i++) {
      globalThis.gc?.();
      globalThis.Bun?.gc(true);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { rss, heapUsed, external, arrayBuffers } = process.memoryUsage();
    // Bun's heap includes array buffers; elsewhere they are external, as is zlib's memory where it is counted at all.
    const own = 'Bun' in globalThis ? heapUsed : heapUsed + Math.max(external, arrayBuffers);
    console.log(JSON.stringify({ rss, own }));
  });
  process.stdin.on('end', () => process.exit(0));
}

// ------------------------------------------------------------------ the clients

/** A text frame, compressed and masked with a key of zeros. */
function frameOf(text) {
  const bytes = deflateRawSync(text, { finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
  const head =
    bytes.length < 126 ? [0xc1, 0x80 | bytes.length] : [0xc1, 0xfe, bytes.length >> 8, bytes.length & 0xff];
  return Buffer.concat([Buffer.from([...head, 0, 0, 0, 0]), bytes]);
}

/** Another text for each connection. */
function json(seed, bytes) {
  let text = '';
  let state = seed + 1;
  while (text.length < bytes) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    text += `{"id":${state},"name":"client ${state % 997}","active":${state % 2 === 0},"score":${state / 7}},`;
  }
  return text.slice(0, bytes);
}

const UPGRADE =
  'GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n';

function open(port) {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(UPGRADE));
    socket.once('error', reject);
    socket.once('data', () => resolve(socket));
  });
}

/** Send a frame and wait for one. */
function echo(socket, frame) {
  return new Promise((resolve) => {
    let bytes = Buffer.alloc(0);
    const listen = (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const form = bytes[1];
      if (bytes.length < 10) return;
      const length =
        form < 126
          ? 2 + form
          : form === 126
            ? 4 + bytes.readUInt16BE(2)
            : 10 + Number(bytes.readBigUInt64BE(2));
      if (bytes.length < length) return;
      socket.off('data', listen);
      resolve();
    };
    socket.on('data', listen);
    socket.write(frame);
  });
}

async function measure(runtime, setting) {
  const [command, ...args] = RUNTIMES[runtime];
  const child = spawn(command, [...args, fileURLToPath(import.meta.url), 'serve', JSON.stringify(setting)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = [];
  let wake = () => {};
  child.stdout.on('data', (text) => {
    lines.push(...String(text).trim().split('\n'));
    wake();
  });
  const line = async () => {
    while (lines.length === 0) await new Promise((resolve) => (wake = resolve));
    return JSON.parse(lines.shift());
  };
  const stats = () => {
    child.stdin.write('stats\n');
    return line();
  };
  const { port } = await line();
  // Once for all: what the process needs in any case.
  const first = await open(port);
  for (const bytes of [1024, 102_400]) if (setting !== false) await echo(first, frameOf(json(1, bytes)));
  const before = await stats();
  const sockets = [];
  for (let i = 0; i < CONNECTIONS; i++) sockets.push(await open(port));
  const rows = [await stats()];
  for (const bytes of [1024, 102_400]) {
    // Without compression, the connections stay idle: a frame with RSV1 would be refused.
    if (setting !== false)
      for (const [i, socket] of sockets.entries()) await echo(socket, frameOf(json(i, bytes)));
    if (setting.idleMs !== undefined) await new Promise((resolve) => setTimeout(resolve, 3 * setting.idleMs));
    rows.push(await stats());
  }
  for (const socket of [first, ...sockets]) socket.destroy();
  child.kill('SIGKILL');
  return rows.map((row) => ({
    own: (row.own - before.own) / CONNECTIONS,
    rss: (row.rss - before.rss) / CONNECTIONS,
  }));
}

if (process.argv[2] === 'serve') {
  await serve(JSON.parse(process.argv[3]));
} else {
  const kib = (bytes) => (bytes / 1024).toFixed(1).padStart(8);
  console.log('KiB for each of 1 000 connections: as the runtime counts, and resident');
  console.log(
    `${''.padEnd(28)}${['idle', 'after 1 KiB', 'after 100 KiB'].map((each) => each.padStart(17)).join('')}`,
  );
  for (const runtime of process.argv.length > 2 ? process.argv.slice(2) : Object.keys(RUNTIMES)) {
    for (const [name, setting] of Object.entries(SETTINGS)) {
      if (setting === 'ws' && runtime !== 'node') continue;
      const rows = await measure(runtime, setting);
      const cells = rows.map(({ own, rss }) => `${kib(own)} ${kib(rss)}`).join('');
      console.log(`${`${runtime}, ${name}`.padEnd(28)}${cells}`);
    }
  }
}
