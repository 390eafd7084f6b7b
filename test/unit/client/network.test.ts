import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, Server, WebSocket } from 'sansocket';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { certificates } from '../../runtime/setup.ts';
import { rejection } from './support.ts';

const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

/** A server of ws that echoes; its URL. */
async function echoOfWs(options: object = {}): Promise<{ url: string; server: WebSocketServer }> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1', ...options });
  await new Promise((resolve) => server.on('listening', resolve));
  server.on('connection', (socket) => {
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  cleanup.push(() => {
    for (const socket of server.clients) socket.terminate();
    return new Promise((resolve) => server.close(resolve));
  });
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/`, server };
}

/** Our own echo over the network. */
async function echo(where: Parameters<Server['start']>[0]) {
  const server = new Server();
  server.useWebSockets((socket, message) => socket.send(message));
  cleanup.push(() => server.stop());
  return server.start(where);
}

describe('connect() of sansocket, over the sockets of Node', () => {
  it.each(['localhost', '127.0.0.1', '[::1]'])('reaches our server at %s', async (host) => {
    const { port } = await echo({ port: 0 });
    const socket = await connect(`ws://${host}:${port}/`);
    await socket.send('hello');
    for await (const message of socket) {
      expect(message).toBe('hello');
      break;
    }
    expect(await socket.ping()).toBeGreaterThan(0);
    expect(await socket.close(1000)).toEqual({ code: 1000, reason: '', wasClean: true });
  });

  it('speaks TLS, with the name of the URL or another', async () => {
    const { port } = await echo({ port: 0, hostname: '127.0.0.1', tls: certificates.server });
    const ca = certificates.ca;
    const socket = await connect(`wss://localhost:${port}/`, { tls: { ca } });
    expect(socket.encrypted).toBe(true);
    await socket.close();
    const byNumber = await connect(`wss://127.0.0.1:${port}/`, { tls: { ca, serverName: 'localhost' } });
    await byNumber.close();
    expect((await rejection(connect(`wss://localhost:${port}/`))).code).toBe('tls-failed');
    const wrong = connect(`wss://localhost:${port}/`, { tls: { ca, serverName: 'example.com' } });
    expect((await rejection(wrong)).code).toBe('tls-failed');
    expect((await rejection(connect(`ws://localhost:${port}/`))).name).toMatch(
      /HandshakeError|TransportError/,
    );
  });

  it('shows a client certificate', async () => {
    const tls = { ...certificates.server, ca: certificates.ca, requestCert: true };
    const { port } = await echo({ port: 0, hostname: '127.0.0.1', tls });
    const url = `wss://localhost:${port}/`;
    const socket = await connect(url, { tls: { ca: certificates.ca, ...certificates.client } });
    await socket.close();
    expect(await rejection(connect(url, { tls: { ca: certificates.ca } }))).toBeInstanceOf(Error);
  });

  it('goes to a Unix domain socket, with TLS too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
    cleanup.push(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'plain.sock');
    await echo({ path });
    const socket = await connect('ws://localhost/', { path });
    expect(socket.remoteAddress).toBe('');
    await socket.close();
    const secure = join(folder, 'secure.sock');
    await echo({ path: secure, tls: certificates.server });
    const encrypted = await connect('wss://localhost/', { path: secure, tls: { ca: certificates.ca } });
    expect(encrypted.encrypted).toBe(true);
    await encrypted.close();
    expect((await rejection(connect('ws://localhost/', { path: join(folder, 'none') }))).code).toBe(
      'connection-refused',
    );
  });

  it('holds 200 connections at once, each with its own messages, and none is left', async () => {
    const { port } = await echo({ port: 0, hostname: '127.0.0.1' });
    const all = await Promise.all(
      Array.from({ length: 200 }, async (_, index) => {
        const socket = await connect(`ws://127.0.0.1:${port}/`);
        for (let turn = 0; turn < 20; turn++) void socket.send(`${index}/${turn}`);
        const got: unknown[] = [];
        for await (const message of socket) {
          got.push(message);
          if (got.length === 20) break;
        }
        expect(got).toEqual(Array.from({ length: 20 }, (__, turn) => `${index}/${turn}`));
        return socket.close(1000);
      }),
    );
    expect(all.every(({ code, wasClean }) => code === 1000 && wasClean)).toBe(true);
  });

  it('is held back by a slow loop: the server cannot send more than fits', async () => {
    const server = new Server();
    let sent = 0;
    let stop = false;
    server.useWebSockets({
      async open(socket) {
        const block = new Uint8Array(64 * 1024);
        for (; sent < 2000 && !stop; sent++) await socket.send(block);
      },
      message() {},
    });
    cleanup.push(() => server.stop({ timeoutMs: 100 }));
    const { port } = await server.start({ port: 0, hostname: '127.0.0.1' });
    const socket = await connect(`ws://127.0.0.1:${port}/`);
    let before = -1;
    while (before !== sent) {
      before = sent;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    // What is on the way: buffers of the system, and ours. All of it would be 125 MiB.
    expect(sent).toBeLessThan(1000);
    for await (const message of socket) {
      expect(message).toHaveLength(64 * 1024);
      break;
    }
    stop = true;
    socket.terminate();
  });
});

describe('connect() of sansocket, against servers of ws', () => {
  it('echoes everything, of any size', async () => {
    const { url } = await echoOfWs();
    const socket = await connect(url);
    const messages = [
      '',
      'a',
      'ü'.repeat(63),
      'x'.repeat(125),
      'x'.repeat(126),
      'x'.repeat(65_535),
      '😀'.repeat(20_000),
    ];
    const blocks = [0, 1, 125, 126, 65_535, 65_536, 300_000].map((size) => new Uint8Array(size).fill(7));
    for (const message of [...messages, ...blocks]) void socket.send(message);
    const back: Array<string | Uint8Array> = [];
    for await (const message of socket) {
      back.push(message);
      if (back.length === messages.length + blocks.length) break;
    }
    expect(back.slice(0, messages.length)).toEqual(messages);
    expect(back.slice(messages.length).map((bytes) => bytes.length)).toEqual(
      blocks.map(({ length }) => length),
    );
    expect(await socket.close(4000, 'bye')).toEqual({ code: 4000, reason: 'bye', wasClean: true });
  });

  it('agrees on a subprotocol, and may go without one', async () => {
    const { url } = await echoOfWs({
      handleProtocols: (offered: Set<string>) => (offered.has('b') ? 'b' : false),
    });
    const socket = await connect(url, { protocols: ['a', 'b'], requireProtocol: true });
    expect(socket.protocol).toBe('b');
    await socket.close();
    const without = await connect(url, { protocols: 'a' });
    expect(without.protocol).toBe('');
    await without.close();
    expect((await rejection(connect(url, { protocols: 'a', requireProtocol: true }))).code).toBe(
      'missing-protocol',
    );
  });

  it('hears of a close and of a lost connection', async () => {
    const { url, server } = await echoOfWs();
    server.on('connection', (peer, request) => {
      if (request.url === '/terminate') peer.terminate();
      else peer.close(4321, 'go');
    });
    const closed = await connect(url);
    expect(await closed.closed).toEqual({ code: 4321, reason: 'go', wasClean: true });
    const lost = await connect(`${url}terminate`);
    expect(await lost.closed).toEqual({ code: 1006, reason: '', wasClean: false });
  });

  it('sees the status, the header and the body of a refusal', async () => {
    const { url } = await echoOfWs({
      verifyClient: (_: unknown, done: (ok: boolean, code: number, text: string, headers: object) => void) =>
        done(false, 401, 'who are you?', { 'WWW-Authenticate': 'Bearer' }),
    });
    const error = await rejection(connect(url));
    expect(error).toMatchObject({ code: 'unexpected-status', status: 401, text: 'who are you?' });
    expect(error).toHaveProperty('response.headers.get');
  });

  it('sees the page of a server that knows no WebSockets', async () => {
    const server: HttpServer = createServer((request, response) =>
      response.writeHead(200).end(`page ${request.url}`),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    cleanup.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const error = await rejection(connect(`ws://127.0.0.1:${port}/chat`));
    expect(error).toMatchObject({ code: 'unexpected-status', status: 200, text: 'page /chat' });
  });

  it('opens the WHATWG class too', async () => {
    const { url } = await echoOfWs();
    const socket = new WebSocket(url);
    socket.binaryType = 'arraybuffer';
    const log: unknown[] = [];
    await new Promise<void>((resolve) => {
      socket.onopen = () => {
        socket.send('text');
        socket.send(new Blob(['blob']));
        socket.send(Uint8Array.of(1, 2, 3).subarray(1));
      };
      socket.onmessage = ({ data }) => {
        log.push(typeof data === 'string' ? data : [...new Uint8Array(data as ArrayBuffer)]);
        if (log.length === 3) socket.close(3001, 'enough');
      };
      socket.onclose = ({ code, reason, wasClean }) => {
        log.push(code, reason, wasClean);
        resolve();
      };
    });
    expect(log).toEqual(['text', [98, 108, 111, 98], [2, 3], 3001, 'enough', true]);
  });
});
