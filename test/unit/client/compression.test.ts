import type { AddressInfo } from 'node:net';
import { type CompressionOptions, connect, Server, WebSocket } from 'sansocket';
import { connect as connectOver } from 'sansocket/client';
import { pureEngine } from 'sansocket/deflate';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { WebSocketServer } from 'ws';
import { plain } from '../../support/wire.ts';
import { network, rejection, say, switching, turns } from './support.ts';

const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

const TEXTS = [
  'short',
  'all work and no play '.repeat(500),
  JSON.stringify(Array.from({ length: 300 }, (_, id) => ({ id, name: `name ${id % 7}`, ok: id % 2 === 0 }))),
  'all work and no play '.repeat(500),
  '',
  'ü€😀'.repeat(100),
];

async function echoed(url: string, compression: boolean | CompressionOptions<never>) {
  const socket = await connect(url, { compression });
  for (const text of TEXTS) void socket.send(text);
  void socket.send(new Uint8Array(5000).fill(3));
  const back: Array<string | Uint8Array> = [];
  for await (const message of socket) {
    back.push(message);
    if (back.length === TEXTS.length + 1) break;
  }
  expect(back.slice(0, -1)).toEqual(TEXTS);
  expect([...back.at(-1)!]).toEqual([...new Uint8Array(5000).fill(3)]);
  const { extensions } = socket;
  expect((await socket.close(1000)).code).toBe(1000);
  return extensions;
}

const OURS: ReadonlyArray<[string, boolean | CompressionOptions<never>]> = [
  ['by default', true],
  ['with context takeover', { contextTakeover: true, threshold: 0 }],
  ['with context takeover one way', { contextTakeover: { outgoing: true }, threshold: 0 }],
  ['with small windows', { windowBits: 9, contextTakeover: true, threshold: 0 }],
  ['with different windows', { windowBits: { outgoing: 10, incoming: 12 }, level: 9, threshold: 0 }],
];

describe.each(OURS)('the client compresses %s', (_how, compression) => {
  it.each([
    ['as ws likes it', { threshold: 0 }],
    [
      'without context takeover',
      { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    ['with windows of its own', { threshold: 0, serverMaxWindowBits: 9, clientMaxWindowBits: 9 }],
  ])('and a server of ws does, %s [RFC 7692]', async (_what, perMessageDeflate) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate });
    cleanup.push(() => server.close());
    await new Promise((resolve) => server.on('listening', resolve));
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary, compress: true }));
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await echoed(url, compression)).toMatch(/^permessage-deflate/);
  });

  it('and our server does', async () => {
    const server = new Server({ compression: { contextTakeover: true, threshold: 0 } });
    server.useWebSockets((socket, message) => socket.send(message));
    cleanup.push(() => server.stop());
    const { port } = await server.start({ port: 0, hostname: '127.0.0.1' });
    expect(await echoed(`ws://127.0.0.1:${port}/`, compression)).toMatch(/^permessage-deflate/);
  });

  it('and the server declines', async () => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    cleanup.push(() => server.close());
    await new Promise((resolve) => server.on('listening', resolve));
    server.on('connection', (socket) => {
      socket.on('message', (data, binary) => socket.send(data, { binary }));
    });
    const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    expect(await echoed(url, compression)).toBe('');
  });
});

it('the WHATWG class compresses where it is told to, and takes what is compressed [RFC 7692]', async () => {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', perMessageDeflate: { threshold: 0 } });
  cleanup.push(() => server.close());
  await new Promise((resolve) => server.on('listening', resolve));
  const seen: number[] = [];
  server.on('connection', (socket, { socket: tcp }) => {
    tcp.on('data', (bytes: Buffer) => seen.push(bytes[0]! & 0x40));
    socket.on('message', (data, binary) => socket.send(data, { binary, compress: true }));
  });
  const { port } = server.address() as AddressInfo;
  const socket = new WebSocket(`ws://127.0.0.1:${port}/`, { compression: { contextTakeover: true } });
  socket.binaryType = 'arraybuffer';
  await new Promise((resolve) => socket.addEventListener('open', resolve));
  expect(socket.extensions).toMatch(/^permessage-deflate/);
  for (const message of [TEXTS[1]!, new Uint8Array(5000), new Blob([TEXTS[1]!])]) {
    const answer = new Promise<unknown>((resolve) =>
      socket.addEventListener('message', ({ data }) => resolve(data), { once: true }),
    );
    socket.send(message);
    const expected = typeof message === 'string' ? message : await new Response(message).arrayBuffer();
    expect(await answer).toEqual(expected);
  }
  expect(seen).toEqual([0x40, 0x40, 0x40]);
  const closed = new Promise((resolve) => socket.addEventListener('close', resolve));
  socket.close(1000);
  await closed;
});

describe('the client, when the server compresses', () => {
  const AGREED =
    'Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover';

  /** `payload` in one compressed frame behind the 101. */
  async function behind101(payload: Uint8Array, limits = {}) {
    const { transport, seen } = await network(({ key }, stream) =>
      say(stream, switching(key, AGREED), plain(1, payload, { rsv: 4 })),
    );
    const socket = await connectOver(transport, 'ws://localhost:8080/', { compression: true, limits });
    return { socket, seen };
  }

  it('inflates what comes in the packet of the 101 [RFC 7692 7.2.3.1]', async () => {
    const { socket } = await behind101(Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00));
    for await (const message of socket) {
      expect(message).toBe('Hello');
      break;
    }
    socket.terminate();
  });

  it('closes with 1007 on data that is corrupt [RFC 7692 7.2.2]', async () => {
    const { socket } = await behind101(Uint8Array.of(0xff, 0xff, 0xff));
    expect(await socket.closed).toMatchObject({ code: 1007, wasClean: false });
  });

  it('closes with 1009 on a bomb, without inflating it [CVE-2026-1526]', async () => {
    const { createDeflateRaw, constants } = await import('node:zlib');
    const bomb = await new Promise<Uint8Array>((resolve) => {
      const deflate = createDeflateRaw({ level: 9 });
      const parts: Buffer[] = [];
      deflate.on('data', (part: Buffer) => parts.push(part));
      deflate.write(Buffer.alloc(50_000_000));
      deflate.flush(constants.Z_SYNC_FLUSH, () => resolve(Buffer.concat(parts).subarray(0, -4)));
    });
    expect(bomb.length).toBeLessThan(100_000);
    const { socket } = await behind101(new Uint8Array(bomb), { maxMessageBytes: 100_000 });
    expect(await socket.closed).toMatchObject({ code: 1009, wasClean: false });
  });

  it('ends the connection when an engine that was handed in throws, and leaves nobody waiting', async () => {
    const failure = new Error('mine');
    const engine = {
      ...pureEngine,
      createInflater: () => {
        throw failure;
      },
    };
    const { transport } = await network(({ key }, stream) =>
      say(stream, switching(key, AGREED), plain(1, 'x', { rsv: 4 })),
    );
    const onError = vi.fn();
    const opening = connectOver(transport, 'ws://localhost:8080/', { compression: { engine }, onError });
    const socket = await opening;
    const { transport: later } = await network(({ key }, stream) => say(stream, switching(key, AGREED)));
    const second = await connectOver(later, 'ws://localhost:8080/', { compression: { engine }, onError });
    const ping = rejection(second.ping());
    const loop = rejection(second[Symbol.asyncIterator]().next());
    [...later.pairs][0]!.server.write(plain(1, 'x', { rsv: 4 }));
    for (const one of [socket, second]) {
      expect(await one.closed).toEqual({ code: 1006, reason: '', wasClean: false });
    }
    expect(await ping).toMatchObject({ code: 'not-open' });
    expect(await loop).toMatchObject({
      code: 'not-open',
      cause: failure,
    });
    expect(onError.mock.calls).toEqual([
      [failure, 'handler'],
      [failure, 'handler'],
    ]);
    await turns();
    expect([transport.pairs.size, later.pairs.size]).toEqual([0, 0]);
  });

  it('refuses compressed frames where nothing was agreed [RFC 6455 5.2]', async () => {
    const { transport } = await network(({ key }, stream) =>
      say(
        stream,
        switching(key),
        plain(1, Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00), { rsv: 4 }),
      ),
    );
    const socket = await connectOver(transport, 'ws://localhost:8080/', { compression: true });
    expect(await socket.closed).toMatchObject({ code: 1002, wasClean: false });
  });

  it('sends RSV1 on what it compresses, and not on what is short or told to stay plain', async () => {
    const { transport, seen } = await network(({ key }, stream) => say(stream, switching(key, AGREED)));
    const socket = await connectOver(transport, 'ws://localhost:8080/', { compression: true });
    void socket.send('x'.repeat(1000));
    void socket.send('short');
    void socket.send('y'.repeat(1000), { compress: false });
    await turns();
    const { readFrames } = await import('../../support/wire.ts');
    const { frames } = readFrames(Uint8Array.from(seen.bytes));
    expect(frames.map(({ rsv, payload }) => [rsv, payload.length > 100])).toEqual([
      [4, false],
      [0, false],
      [0, true],
    ]);
    socket.terminate();
  });

  it('sends RSV1 on the first fragment of what it streams, and not on what is told to stay plain, also if that waits', async () => {
    const { transport, seen } = await network(({ key }, stream) => say(stream, switching(key, AGREED)));
    const socket = await connectOver(transport, 'ws://localhost:8080/', { compression: true });
    const pieces = ['z'.repeat(1000), 'short'];
    void socket.sendStream(pieces);
    void socket.sendStream(pieces, { compress: false });
    void socket.sendStream(pieces, { compress: true });
    await socket.sendStream(pieces, { compress: false });
    await turns();
    const { readFrames } = await import('../../support/wire.ts');
    const { frames } = readFrames(Uint8Array.from(seen.bytes));
    const compressed = [
      [1, 4, false],
      [0, 0, false],
      [0, 0, true],
    ];
    const plainly = [
      [1, 0, false],
      [0, 0, false],
      [0, 0, true],
    ];
    expect(frames.map(({ opcode, rsv, fin }) => [opcode, rsv, fin])).toEqual([
      ...compressed,
      ...plainly,
      ...compressed,
      ...plainly,
    ]);
    expect(frames.map(({ payload }) => payload.length > 100)).toEqual([
      false,
      false,
      false,
      true,
      false,
      false,
      false,
      false,
      false,
      true,
      false,
      false,
    ]);
    socket.terminate();
  });
});
