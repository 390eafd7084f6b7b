/**
 * What goes wrong at one connection is the business of that connection.
 *
 * @module
 */
import { lstatSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Server } from '../../../src/node.ts';
import { requestHead, UPGRADE_HEADERS } from '../../support/raw-client.ts';
import { masked } from '../../support/wire.ts';
import { check, equal, fails, pause, until } from '../assert.ts';
import { type BehaviourCase, echo, type Running, withServer } from '../env.ts';

/** That a server still does its work. */
async function goesOn(running: Running): Promise<void> {
  const socket = await running.env.connect(running.url('/fine'));
  await socket.send('still here');
  for await (const message of socket) {
    equal(message, 'still here', 'echo after the fault');
    break;
  }
  await socket.close();
}

/** Handlers that fail when they are asked to, and echo otherwise. */
function failing(server: Server): void {
  server.useHttp(async (request, response) => {
    if (request.path === '/throw') throw new Error('oops');
    if (request.path === '/later') {
      await response.write('part');
      throw new Error('oops');
    }
    if (request.path === '/after') {
      await response.send('whole');
      throw new Error('oops');
    }
  });
  server.useWebSockets(async (socket, message) => {
    if (message === 'throw') throw new Error('oops');
    await socket.send(message);
  });
}

const GARBAGE: ReadonlyArray<readonly [name: string, bytes: string | Uint8Array]> = [
  ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 0x0a, 0x0d, 0x0a)],
  ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
  ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n'],
  ['zeros', new Uint8Array(1000)],
  ['high bytes', new Uint8Array(1000).fill(0xff)],
  ['an endless line', 'G'.repeat(100_000)],
  ['a frame', masked(1, 'hello')],
  ['bare LF', 'GET / HTTP/1.1\nHost: x\n\n'],
  ['a folded header', 'GET / HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n'],
  ['both lengths', 'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n'],
];

/** Faults. */
export const FAULTS: readonly BehaviourCase[] = [
  ...GARBAGE.map(
    ([name, bytes]): BehaviourCase => ({
      name: `fault: ${name} instead of a request is answered with an error and dropped, and the server goes on`,
      run: (env) =>
        withServer(env, echo, async (running) => {
          const client = await running.raw();
          client.write(bytes);
          const { status } = await client.response();
          check(status >= 400 && status <= 505, `status ${status}`);
          await client.whenEnded();
          client.destroy();
          await goesOn(running);
          equal(running.errors.length, 1, 'errors');
          check(running.errors[0]!.startsWith('request: '), `where it came from: ${running.errors[0]}`);
        }),
    }),
  ),

  {
    name: 'fault: an HTTP handler that throws: 500; in the middle: cut off; afterwards: told alone',
    run: (env) =>
      withServer(env, failing, async (running) => {
        const before = await running.raw();
        const response = await before.write(requestHead('GET /throw')).response();
        equal([response.status, response.body.includes('oops')], [500, false], 'before');
        const during = await running.raw();
        during.write(requestHead('GET /later'));
        await during.whenEnded();
        check(!during.takeText().includes('0\r\n\r\n'), 'the response that broke off looks whole');
        const after = await running.raw();
        equal((await after.write(requestHead('GET /after')).response()).body, 'whole', 'after');
        await until(() => running.errors.length === 3, 'all errors are told');
        equal(running.errors, ['handler: oops', 'handler: oops', 'handler: oops'], 'errors');
        await goesOn(running);
      }),
  },

  {
    name: 'fault: a WebSocket handler that throws closes its own connection with 1011, and no other',
    run: (env) =>
      withServer(env, failing, async (running) => {
        const other = await running.socket();
        const client = await running.socket();
        client.send(1, 'throw');
        equal(await client.frames(1), ['close 1011'], 'goodbye');
        await client.whenEnded();
        other.send(1, 'fine');
        equal(await other.frames(1), ['text "fine"'], 'the other');
        equal(running.errors, ['handler: oops'], 'errors');
      }),
  },

  {
    name: 'fault: onError that throws or rejects changes nothing',
    run: async (env) => {
      for (const onError of [
        () => {
          throw new Error('in onError');
        },
        () => Promise.reject(new Error('in onError')),
      ]) {
        await withServer(
          env,
          failing,
          async (running) => {
            const client = await running.raw();
            equal((await client.write(requestHead('GET /throw')).response()).status, 500, 'status');
            await goesOn(running);
          },
          { onError: onError as () => never },
        );
      }
    },
  },

  {
    name: 'fault: a peer that goes away at any phase leaves nothing behind, and the server goes on',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const phases: ReadonlyArray<readonly [bytes: ReadonlyArray<string | Uint8Array>, after: number]> = [
          [[], 0],
          [['GET / HT'], 0],
          [[requestHead('POST /', 'Content-Length: 10'), 'abc'], 0],
          [[requestHead('GET /')], 1],
          [[requestHead('GET /', ...UPGRADE_HEADERS)], 0],
          [[requestHead('GET /', ...UPGRADE_HEADERS)], 100],
          [[requestHead('GET /', ...UPGRADE_HEADERS), masked(1, 'half', { fin: false })], 100],
          [[requestHead('GET /', ...UPGRADE_HEADERS), masked(2, new Uint8Array(500_000))], 100],
        ];
        for (const [bytes, after] of phases) {
          const client = await running.raw();
          client.write(...bytes);
          await client.whenReceived(after);
          client.destroy();
        }
        await pause(5);
        await running.empty();
        await goesOn(running);
      }),
  },

  {
    name: 'fault: sends after the end reject, and nobody has to look',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            message: (socket, message) => socket.send(message),
            close: (socket) => {
              void socket.send('too late');
              void socket.ping();
              void socket.sendStream(['too', 'late']);
            },
          }),
        async (running) => {
          const client = await running.socket();
          client.destroy();
          await running.empty();
          await pause(2);
          await goesOn(running);
        },
      ),
  },

  {
    name: 'fault: a port in use, a second start, and options that do not exist: one clear error each',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const second = new env.Server();
        await fails(
          second.start({ port: running.port, hostname: '127.0.0.1' }),
          'address-in-use',
          'the same port',
        );
        await fails(running.server.start(0), 'bad-state', 'a second start');
        await fails(
          () => new env.Server({ prt: 80 } as never),
          'bad-option',
          'an option that does not exist',
        );
        await fails(second.start({ prt: 80 } as never), 'bad-option', 'a place that does not exist');
        await fails(() => second.useHttp(5 as never), 'bad-argument', 'a handler that is none');
        await second.stop();
        await fails(second.start(0), 'bad-state', 'start after stop');
      }),
  },

  {
    name: 'fault: a path with a file that is no socket is address-in-use, and the file stays as it is',
    run: async (env) => {
      const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
      const [file, link] = [join(folder, 'file'), join(folder, 'link')];
      writeFileSync(file, 'mine');
      symlinkSync(file, link);
      try {
        for (const path of [file, link, folder]) {
          await fails(new env.Server().start({ path }), 'address-in-use', path);
        }
        equal(readFileSync(file, 'utf8'), 'mine', 'the file');
        check(lstatSync(link).isSymbolicLink(), 'the link is gone');
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  },

  {
    name: 'fault: connecting to nobody, to a server that is no WebSocket server, and to one that never answers',
    run: async (env) => {
      let port = 0;
      await withServer(
        env,
        () => {},
        async (running) => {
          port = running.port;
          await fails(env.connect(running.url()), 'unexpected-status', 'no WebSocket server');
        },
      );
      await fails(env.connect(`ws://127.0.0.1:${port}/`), 'connection-refused', 'nobody');
      await withServer(
        env,
        (server) => void server.useWebSockets({ authorize: () => new Promise(() => {}) }),
        async (running) => {
          await fails(env.connect(running.url(), { timeoutMs: 50 }), 'connect-timeout', 'no answer');
          const signal = AbortSignal.timeout(20);
          await fails(env.connect(running.url(), { signal }), 'aborted', 'aborted');
        },
      );
    },
  },
];
