// What is measured: the load, and who stands it. Sizes in bytes, times in ms.
import { constants, deflateRawSync } from 'node:zlib';
import { encodeFrame, headerLength } from '../dist/frame/index.js';

const KEY = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: localhost',
  'Upgrade: websocket',
  'Connection: Upgrade',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Version: 13',
  '\r\n',
].join('\r\n');
const UPGRADE_DEFLATE = UPGRADE.replace(
  /\r\n$/,
  'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n\r\n',
);
const GET = 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n';

const ascii = (bytes) => new Uint8Array(bytes).fill(0x78);
const binary = (bytes) => new Uint8Array(bytes).fill(0xa5);
/** Text of 2-byte characters: nothing of it is ASCII. */
const greek = (bytes) => new TextEncoder().encode('λ'.repeat(bytes / 2));

/** Echo of one message: what goes out, and how many bytes come back. */
function echo(title, opcode, payload, connections, depth, extra = {}) {
  return {
    title,
    mode: 'echo',
    connections,
    depth,
    request: encodeFrame({ opcode, payload, mask: KEY }),
    response: headerLength(payload.length, false) + payload.length,
    opening: UPGRADE,
    contenders: ['kernel', 'floor', 'ours', 'ws', 'driver', 'native'],
    ...extra,
  };
}

/** JSON as APIs send it: records with names that repeat and values that do not. */
function json(bytes) {
  const words = [
    'connection',
    'message',
    'server',
    'client',
    'frame',
    'payload',
    'window',
    'protocol',
    'stream',
  ];
  let seed = 7;
  const next = (n) => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((seed / 2 ** 32) * n);
  };
  const phrase = (count) => Array.from({ length: count }, () => words[next(words.length)]).join(' ');
  let text = '';
  while (text.length < bytes) {
    const record = {
      id: next(1e9),
      name: phrase(2),
      active: next(2) === 1,
      score: next(1e5) / 100,
      note: phrase(5),
    };
    text += `${JSON.stringify(record)},`;
  }
  return new TextEncoder().encode(text.slice(0, bytes));
}

/** Echo of JSON, compressed both ways, each message on its own. What comes back may be longer or shorter. */
function deflated(title, bytes, connections) {
  const flushed = deflateRawSync(json(bytes), { finishFlush: constants.Z_SYNC_FLUSH });
  return {
    title,
    mode: 'echo',
    connections,
    depth: 1,
    request: encodeFrame({ opcode: 1, payload: flushed.subarray(0, -4), rsv: 0x40, mask: KEY }),
    response: 0,
    opening: UPGRADE_DEFLATE,
    contenders: ['ours', 'ours-pure', 'ws', 'ws-level1', 'native'],
    kind: 'deflate',
  };
}

/** A ping with one byte; its pong is 3 bytes long. */
export const PING = encodeFrame({ opcode: 9, payload: Uint8Array.of(1), mask: KEY });

/** Lengths over which the cost of a byte is looked at. */
export const ECHO_BYTES = [1 << 10, 16 << 10, 256 << 10, 1 << 20, 16 << 20];

/** Echo of binary messages of one length over one connection, with as many in flight as make 64 KiB. */
export function echoOf(bytes) {
  const depth = Math.max(1, (64 << 10) / bytes);
  return echo(`echo of ${bytes} B`, 2, binary(bytes), 1, depth);
}

/** What makes a server of the kind `push` begin. */
export const START_OF_PUSH = encodeFrame({ opcode: 1, payload: ascii(1), mask: KEY });

/** Messages of 1 MiB that break off: what is sent of them, and how much of it is payload. */
export const STALLED = [
  stalled('a sender that stalls after the header of 1 MiB', 0),
  stalled('a sender that stalls after half of 1 MiB', 512 << 10),
  {
    name: 'a sender that stalls after half of 1 MiB, in fragments of 16 B',
    offered: 512 << 10,
    request: fragments(512 << 10, 16),
  },
];

function stalled(name, offered) {
  const whole = encodeFrame({ opcode: 2, payload: binary(1 << 20), mask: KEY });
  return { name, offered, request: whole.subarray(0, headerLength(1 << 20, true) + offered) };
}

/** A message of which the last fragment is missing. */
function fragments(bytes, each) {
  const first = encodeFrame({ opcode: 2, payload: binary(each), fin: false, mask: KEY });
  const next = encodeFrame({ opcode: 0, payload: binary(each), fin: false, mask: KEY });
  const all = new Uint8Array((bytes / each) * first.length);
  for (let at = 0; at < all.length; at += first.length) all.set(at === 0 ? first : next, at);
  return all;
}

/**
 * What is wanted: how many times as fast as the other (`ws`, `node:http`, what the runtime brings), and as the floor.
 *
 * By scenario, then by runtime and contender.
 */
export const GOALS = {
  'echo-64': { node: { ws: 1.5, floor: 1 }, bun: { native: 0.85 }, deno: { native: 0.95 } },
  'echo-64x32': { node: { ws: 12, floor: 0.5 }, bun: { native: 0.8 }, deno: { native: 6 } },
  'echo-1k': { node: { ws: 4.5, floor: 0.6 }, bun: { native: 0.75 }, deno: { native: 2 } },
  'echo-16k': { node: { ws: 1.4, floor: 0.75 }, bun: { native: 1 }, deno: { native: 1.4 } },
  'echo-16k-greek': { node: { ws: 1.1 }, bun: { native: 1.2 }, deno: { native: 1 } },
  'echo-16k-greek-bytes': { node: { ws: 5 }, bun: { native: 2 }, deno: { native: 1.3 } },
  'echo-1m': { node: { ws: 1.2, floor: 0.78 }, bun: { native: 1 }, deno: { native: 1 } },
  'echo-deflate-256': { node: { ws: 5 }, bun: { native: 0.8 } },
  'echo-deflate-1k': { node: { ws: 5 }, bun: { native: 0.8 } },
  'echo-deflate-16k': { node: { ws: 2 }, bun: { native: 0.8 } },
  'broadcast-128': { node: { ws: 1.2, floor: 0.95 }, bun: { native: 0.9 }, deno: { native: 1.2 } },
  'broadcast-4k': { node: { ws: 1.2, floor: 0.95 }, bun: { native: 0.9 }, deno: { native: 1.2 } },
  handshake: { node: { ws: 1.7, floor: 0.9 }, bun: { native: 0.95 }, deno: { native: 1.05 } },
  'http-hello': { node: { http: 2, floor: 0.85 }, bun: { native: 0.8 }, deno: { native: 0.8 } },
  'http-pipelined': { node: { http: 4 }, bun: { native: 0.8 }, deno: { native: 1 } },
};

/** By name, as `npm run bench -- NAME` takes it. */
export const SCENARIOS = {
  'echo-64': echo('echo 64 B text, 64 connections, 1 in flight', 1, ascii(64), 64, 1),
  'echo-64x32': echo('echo 64 B text, 64 connections, 32 in flight', 1, ascii(64), 64, 32),
  'echo-1k': echo('echo 1 KiB text, 64 connections, 8 in flight', 1, ascii(1024), 64, 8),
  'echo-16k': echo('echo 16 KiB binary, 16 connections, 1 in flight', 2, binary(16_384), 16, 1),
  'echo-16k-greek': echo('echo 16 KiB text, not ASCII, 16 connections', 1, greek(16_384), 16, 1),
  'echo-16k-greek-bytes': echo(
    'echo 16 KiB text, not ASCII, taken as validated bytes, 16 connections',
    1,
    greek(16_384),
    16,
    1,
    { kind: 'echo-bytes' },
  ),
  'echo-1m': echo('echo 1 MiB binary, 4 connections, 1 in flight', 2, binary(1 << 20), 4, 1),
  'echo-deflate-256': deflated('echo 256 B JSON, compressed, 64 connections', 256, 64),
  'echo-deflate-1k': deflated('echo 1 KiB JSON, compressed, 64 connections', 1024, 64),
  'echo-deflate-16k': deflated('echo 16 KiB JSON, compressed, 16 connections', 16_384, 16),
  'broadcast-128': echo('broadcast of 128 B to 1 000 sockets', 2, binary(128), 1000, 1, {
    mode: 'broadcast',
    contenders: ['floor', 'ours', 'ws', 'native'],
    kind: 'broadcast',
  }),
  'broadcast-4k': echo('broadcast of 4 KiB to 1 000 sockets', 2, binary(4096), 1000, 1, {
    mode: 'broadcast',
    contenders: ['floor', 'ours', 'ws', 'native'],
    kind: 'broadcast',
  }),
  handshake: {
    title: 'handshakes: connect, upgrade, close',
    mode: 'open',
    connections: 32,
    depth: 1,
    request: encodeFrame({ opcode: 8, payload: Uint8Array.of(0x03, 0xe8), mask: KEY }),
    response: 0,
    opening: UPGRADE,
    contenders: ['kernel', 'floor', 'ours', 'ws', 'native'],
    kind: 'handshake',
  },
  'http-hello': {
    title: 'HTTP hello, keep-alive, 64 connections',
    mode: 'echo',
    connections: 64,
    depth: 1,
    request: new TextEncoder().encode(GET),
    response: 0,
    contenders: ['floor', 'ours', 'http', 'native'],
    kind: 'http',
  },
  'http-pipelined': {
    title: 'HTTP hello, 64 connections, 16 pipelined',
    mode: 'echo',
    connections: 64,
    depth: 16,
    request: new TextEncoder().encode(GET),
    response: 0,
    contenders: ['floor', 'ours', 'http', 'native'],
    kind: 'http',
  },
};
