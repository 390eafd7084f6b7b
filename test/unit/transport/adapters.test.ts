import * as net from 'node:net';
import * as tls from 'node:tls';
import type { ByteStream, StreamHandler } from 'sansocket/transport';
import { bunTransport } from 'sansocket/transport/bun';
import { denoTransport } from 'sansocket/transport/deno';
import { nodeTransport } from 'sansocket/transport/node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { certificates } from '../../runtime/setup.ts';

const idle: StreamHandler = { data() {}, end() {}, drain() {}, close() {} };

describe.each([bunTransport, denoTransport])('the transport of another runtime', (transport) => {
  test(`${transport.name}: can be imported, and says at its first use that this is not its runtime`, async () => {
    const message = expect.stringMatching(/^Cannot use (Bun|Deno)'s sockets: this is not (Bun|Deno)$/);
    await expect(transport.listen({}, () => idle)).rejects.toMatchObject({ code: 'bad-state', message });
    await expect(transport.connect({ port: 1 }, idle)).rejects.toMatchObject({ code: 'bad-state', message });
  });
});

describe('denoTransport', () => {
  afterEach(() => vi.unstubAllGlobals());

  test('a peer that floods does not have the thread for itself: timers have their turn between its bytes', async () => {
    // Reads that find bytes are done at once, as Deno's are; this peer has always more of them.
    const FLOOD_READS = 30_000;
    let reads = 0;
    const conn = {
      remoteAddr: { hostname: '127.0.0.1', port: 1 },
      async read(into: Uint8Array): Promise<number | null> {
        return ++reads < FLOOD_READS ? into.length : null;
      },
      setNoDelay() {},
      closeWrite: async () => {},
      close() {},
    };
    vi.stubGlobal('Deno', { connect: async () => conn });
    const ended = new Promise<void>((resolve) => {
      const handler = { ...idle, end: resolve };
      denoTransport.connect({ hostname: '127.0.0.1', port: 1 }, handler).then(undefined, resolve);
    });
    const readsBefore = await new Promise<number>((resolve) => setTimeout(() => resolve(reads), 0));
    await ended;
    expect(readsBefore).toBeLessThan(FLOOD_READS);
    expect(reads).toBe(FLOOD_READS);
  });
});

describe('nodeTransport', () => {
  afterEach(() => vi.restoreAllMocks());

  test('a peer that floods is not read for longer than its turn, and a handler that holds it back meanwhile is obeyed', async () => {
    // Each look at the clock finds that half a millisecond has passed.
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => (now += 0.5));
    const pauses = vi.spyOn(net.Socket.prototype, 'pause');
    const size = 4 << 20;
    let received = 0;
    const ended = new Promise<void>((resolve, reject) => {
      const accept = (stream: ByteStream): StreamHandler => ({
        ...idle,
        data(bytes) {
          received += bytes.length;
          // At every other rest, it is paused by the handler too.
          if (pauses.mock.calls.length % 2 === 0) return;
          const before = received;
          stream.pause();
          setTimeout(() => {
            if (received !== before) reject(new Error('it was read while it was paused'));
            stream.resume();
          }, 5);
        },
        end() {
          stream.end();
          resolve();
        },
      });
      nodeTransport.listen({ hostname: '127.0.0.1' }, accept).then((listener) => {
        const socket = net.connect(listener.address.port, '127.0.0.1');
        socket.end(new Uint8Array(size));
        socket.resume();
        socket.on('close', () => void listener.close());
      }, reject);
    });
    await ended;
    expect(received).toBe(size);
    expect(pauses.mock.calls.length).toBeGreaterThan(10);
  });

  test('lives on when a connection cannot be accepted (too many open files)', async () => {
    const listen = vi.spyOn(net.Server.prototype, 'listen');
    const listener = await nodeTransport.listen({ hostname: '127.0.0.1' }, () => idle);
    const server = listen.mock.contexts[0] as net.Server;
    listen.mockRestore();
    server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE', syscall: 'accept' }));
    const stream = await nodeTransport.connect({ hostname: '127.0.0.1', port: listener.address.port }, idle);
    stream.destroy();
    await listener.close();
  });

  test('takes PEM as bytes, an encrypted key with its passphrase, and several authorities', async () => {
    const { createPrivateKey } = await import('node:crypto');
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
    const passphrase = 'open sesame';
    const key = createPrivateKey(String(certificates.server.key)).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase,
    });
    const cert = bytes(String(certificates.server.cert));
    const listener = await nodeTransport.listen(
      { hostname: '127.0.0.1', tls: { cert, key: bytes(String(key)), passphrase } },
      () => idle,
    );
    const ca = [bytes(certificates.ca), String(certificates.client.cert)];
    const { port } = listener.address;
    const stream = await nodeTransport.connect({ hostname: '127.0.0.1', port, tls: { ca } }, idle);
    expect(stream.alpnProtocol).toBe('http/1.1');
    stream.destroy();
    await listener.close();
  });

  test('chooses by ALPN what the listener lists first', async () => {
    const listener = await nodeTransport.listen(
      { hostname: '127.0.0.1', tls: { ...certificates.server, alpnProtocols: ['b', 'a'] } },
      () => idle,
    );
    const { port } = listener.address;
    const { ca } = certificates;
    const stream = await nodeTransport.connect(
      { hostname: '127.0.0.1', port, tls: { ca, alpnProtocols: ['a', 'b'] } },
      idle,
    );
    expect(stream.alpnProtocol).toBe('b');
    stream.destroy();
    await listener.close();
  });

  test('a reset by RST reaches close as connection-reset, also while nothing is written', async () => {
    const closed = vi.fn();
    const listener = await nodeTransport.listen({ hostname: '127.0.0.1' }, () => ({
      ...idle,
      close: closed,
    }));
    const socket = net.connect(listener.address.port, '127.0.0.1');
    await new Promise((resolve) => socket.on('connect', resolve));
    await new Promise((resolve) => setTimeout(resolve, 10));
    socket.resetAndDestroy();
    await expect.poll(() => closed.mock.calls.length).toBe(1);
    expect(closed.mock.calls[0]?.[0]).toMatchObject({
      code: 'connection-reset',
      cause: { code: 'ECONNRESET' },
    });
    await listener.close();
  });

  test('a TLS handshake that is not done in time is the end of its connection, and holds up no close', async () => {
    const { setTimeout: after } = net.Socket.prototype;
    const spy = vi.spyOn(net.Socket.prototype, 'setTimeout').mockImplementation(function (
      this: net.Socket,
      ms: number,
      call?: () => void,
    ) {
      return after.call(this, Math.min(ms, 20), call);
    });
    const listener = await nodeTransport.listen(
      { hostname: '127.0.0.1', tls: certificates.server },
      () => idle,
    );
    try {
      const clients = [Uint8Array.of(), Uint8Array.of(0x16, 3, 1, 0, 0xf8, 1, 0, 0, 0xf4, 3, 3)].map(
        (hello) => {
          const client = net.connect(listener.address.port, '127.0.0.1');
          client.write(hello);
          return new Promise<void>((resolve) => {
            client.on('error', () => {});
            client.on('close', () => resolve());
            client.resume();
          });
        },
      );
      await Promise.all(clients);
    } finally {
      spy.mockRestore();
      await listener.close();
    }
  });

  test('a TLS connection that is cut without a word is an end, not an error', async () => {
    const log: string[] = [];
    const accept = (stream: ByteStream): StreamHandler => {
      log.push('accepted');
      const end = (): void => {
        log.push('end');
        stream.end();
      };
      return { ...idle, end, close: (error) => void log.push(`close ${error?.message}`) };
    };
    const listener = await nodeTransport.listen({ hostname: '127.0.0.1', tls: certificates.server }, accept);
    // A wire that can be cut below TLS.
    const wires: net.Socket[] = [];
    const proxy = net.createServer((near) => {
      const far = net.connect(listener.address.port, '127.0.0.1');
      wires.push(far);
      far.on('data', (bytes) => near.write(bytes));
      near.on('data', (bytes) => far.writable && far.write(bytes));
      near.on('error', () => {});
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    const { port } = proxy.address() as net.AddressInfo;
    const secure = tls.connect({ port, host: '127.0.0.1', ca: certificates.ca, servername: 'localhost' });
    secure.on('error', () => {});
    await expect.poll(() => log).toEqual(['accepted']);
    wires[0]?.end();
    await expect.poll(() => log).toEqual(['accepted', 'end', 'close undefined']);
    secure.destroy();
    proxy.close();
    await listener.close();
  });
});
