/**
 * Peers that nobody would write, over real sockets: garbage, silence, a reset in each phase. Our server on Node, Bun and Deno
 * answers them or drops them by its deadlines, and goes on.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { describeWith } from '../support/peers.ts';
import { noise, soon } from './cases/check.ts';
import { RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { useServer } from './support/server.ts';

/** Every deadline of the server's. */
const DEADLINE_MS = 400;
/** How long a drop may take that is due at a deadline, on a machine that has other things to do. */
const PATIENCE_MS = 6000;

const UPGRADE = Buffer.from(
  'GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n',
);
/** Masked with zeros. */
const frame = (head: number, payload: string): Buffer =>
  Buffer.concat([Buffer.of(head, 0x80 | payload.length, 0, 0, 0, 0), Buffer.from(payload, 'latin1')]);

/** A whole life: handshake, a message in two fragments with a ping between, goodbye. */
const SESSION = Buffer.concat([
  UPGRADE,
  frame(0x01, 'in two '),
  frame(0x89, 'ping'),
  frame(0x80, 'fragments'),
  frame(0x88, '\x03\xe8bye'),
]);

const ENDINGS: ReadonlyArray<readonly [name: string, end: (socket: Socket) => void]> = [
  ['reset', (socket) => socket.resetAndDestroy()],
  ['closed', (socket) => socket.destroy()],
  ['half-closed', (socket) => socket.end()],
];

const GARBAGE: ReadonlyArray<readonly [name: string, bytes: Uint8Array]> = [
  ['noise', noise(4096)],
  ['zeros', new Uint8Array(4096)],
  ['a TLS handshake', Buffer.from('16030100c8010000c40303', 'hex')],
  ['the preface of HTTP/2', Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['another protocol', Buffer.from('SSH-2.0-OpenSSH_9.2\r\n')],
  ['a line that does not end', Buffer.alloc(20_000, 'a')],
  ['headers that do not end', Buffer.from(`GET / HTTP/1.1\r\n${'X: y\r\n'.repeat(5000)}`)],
  ['frames instead of a handshake', frame(0x81, 'hello')],
];

for (const runtime of RUNTIMES) {
  describeWith([runtime, 'ws'], `faults, our server on ${RUNTIME_TITLES[runtime]}`, () => {
    const server = useServer(runtime, {
      options: {
        limits: {
          headTimeoutMs: DEADLINE_MS,
          keepAliveTimeoutMs: DEADLINE_MS,
          closeTimeoutMs: DEADLINE_MS,
          pingIntervalMs: DEADLINE_MS,
          pongTimeoutMs: DEADLINE_MS,
        },
      },
    });
    const open = new Set<Socket>();
    afterAll(() => {
      for (const socket of open) socket.destroy();
    });

    /** A connection that has sent these bytes. */
    async function sent(bytes: Uint8Array): Promise<Socket> {
      const socket = connect({ port: server().port, host: '127.0.0.1', allowHalfOpen: true });
      open.add(socket);
      socket.on('error', () => {}).on('close', () => open.delete(socket));
      await soon(once(socket, 'connect'), 'connection');
      await new Promise<void>((resolve) => socket.write(bytes, () => resolve()));
      return socket;
    }

    /** All that the server answers until it ends the connection. */
    async function answer(socket: Socket): Promise<string> {
      let text = '';
      socket.on('data', (chunk) => {
        text += chunk.toString('latin1');
      });
      const ended = new Promise<void>((resolve) => {
        socket.once('end', resolve).once('close', () => resolve());
      });
      await soon(ended, 'end of the connection', PATIENCE_MS);
      socket.destroy();
      return text;
    }

    it.each(GARBAGE)('%s is answered with an error, or dropped', async (_name, bytes) => {
      const text = await answer(await sent(bytes));
      expect(text).toMatch(/^(HTTP\/1\.1 (400|408|414|431|501|505) [\w -]+\r\n.*)?$/s);
    });

    it('silence is dropped at the deadline', async () => {
      expect(await answer(await sent(new Uint8Array(0)))).toMatch(/^(HTTP\/1\.1 408 |$)/);
    });

    it('half a request and silence is answered with 408', async () => {
      for (const length of [1, 20, UPGRADE.length - 1]) {
        expect(await answer(await sent(UPGRADE.subarray(0, length)))).toMatch(/^HTTP\/1\.1 408 /);
      }
    });

    it('half a body and silence is answered with 408', async () => {
      const request = 'POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n12345';
      expect(await answer(await sent(Buffer.from(request)))).toMatch(/^HTTP\/1\.1 408 /);
    });

    it('a kept connection with no further request is closed, with nothing said', async () => {
      const text = await answer(await sent(Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')));
      expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect(text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    });

    it('a WebSocket that does not answer pings is closed with 1011', async () => {
      const text = await answer(await sent(UPGRADE));
      // 1011 as the close code of the last frame.
      expect(text).toMatch(/^HTTP\/1\.1 101 .*\x88.\x03\xf3/s);
    });

    it('a WebSocket that does not answer a close is dropped', async () => {
      const request = UPGRADE.toString().replace('GET /', 'GET /close?code=4000&reason=bye');
      expect(await answer(await sent(Buffer.from(request)))).toMatch(/\x88\x05\x0f\xa0bye/);
    });

    it.each(ENDINGS)('a connection that is %s after any byte of a session is let go', async (_name, end) => {
      for (let length = 0; length <= SESSION.length; length += 5) {
        const socket = await sent(SESSION.subarray(0, length));
        socket.resume();
        end(socket);
      }
      const { connectionCount, sockets } = await server().statsWhenIdle();
      expect([connectionCount, sockets]).toEqual([0, 0]);
    });

    it('a session in one packet is answered whole', async () => {
      const text = await answer(await sent(SESSION));
      expect(text).toMatch(
        /^HTTP\/1\.1 101 .*\r\n\r\n\x8a\x04ping\x81\x10in two fragments\x88\x02\x03\xe8$/s,
      );
    });

    it('a reader that stops, and is reset, is let go', async () => {
      const request = UPGRADE.toString().replace('GET /', 'GET /flood?count=1000&bytes=65536');
      const socket = await sent(Buffer.from(request));
      socket.pause();
      await soon(
        once(socket, 'readable').catch(() => []),
        'first bytes',
      );
      socket.resetAndDestroy();
      const { connectionCount } = await server().statsWhenIdle();
      expect(connectionCount).toBe(0);
    });

    it('the server goes on, and no handler of the app has failed', async () => {
      const socket = new WebSocket(`${server().ws}/`);
      await soon(once(socket, 'open'), 'open');
      socket.send('still here');
      expect(String((await soon(once(socket, 'message'), 'message'))[0])).toBe('still here');
      socket.close();
      await soon(once(socket, 'close'), 'close');
      const { errors, connectionCount } = await server().statsWhenIdle();
      expect([errors.filter((error) => error.startsWith('handler')), connectionCount]).toEqual([[], 0]);
    });
  });
}
