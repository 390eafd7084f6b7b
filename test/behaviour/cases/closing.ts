/**
 * Every way in which a connection ends, as the other end sees it.
 *
 * @module
 */
import type { Server } from '../../../src/node.ts';
import { closing, masked } from '../../support/wire.ts';
import { equal, fails, gate, until } from '../assert.ts';
import { type BehaviourCase, echo, type Running, withServer } from '../env.ts';

/** Keeps what `close` is told. */
function noting(closes: unknown[]): (server: Server) => void {
  return (server) =>
    void server.useWebSockets({
      message(socket, message) {
        if (message === 'close') void socket.close(4001, 'you asked');
        if (message === 'terminate') socket.terminate();
        if (message === 'throw') throw new Error('oops');
        if (message === 'stop') void socket.close();
      },
      close: (_socket, { code, reason, wasClean }) => void closes.push([code, reason, wasClean]),
    });
}

/** A case with a stranger at the other end: what it sends, what it sees, and what the server's `close` is told. */
function path(
  name: string,
  sent: readonly Uint8Array[],
  seen: readonly string[],
  told: readonly unknown[],
  then: (client: Awaited<ReturnType<Running['raw']>>) => void = () => {},
): BehaviourCase {
  return {
    name: `closing: ${name}`,
    run: async (env) => {
      const closes: unknown[] = [];
      await withServer(env, noting(closes), async (running) => {
        const client = await running.socket();
        client.write(...sent);
        equal(await client.frames(seen.length), seen, 'frames');
        then(client);
        await until(() => closes.length > 0, 'close is told');
        await client.whenEnded();
        client.end();
        await running.empty();
        equal(closes, [told], 'what close was told');
      });
    },
  };
}

/** Endings. */
export const CLOSING: readonly BehaviourCase[] = [
  path(
    'the peer closes with a code and a reason [RFC 6455 5.5.1]',
    [masked(8, closing(1000, 'bye'))],
    ['close 1000'],
    [1000, 'bye', true],
  ),
  path(
    'the peer closes with a code of its own',
    [masked(8, closing(4999))],
    ['close 4999'],
    [4999, '', true],
  ),
  path('the peer closes without a code: 1005 [RFC 6455 7.1.5]', [masked(8)], ['close'], [1005, '', true]),
  path(
    'the server closes, and the peer answers',
    [masked(1, 'close')],
    ['close 4001 you asked'],
    [4001, 'you asked', true],
    (client) => client.send(8, closing(4001, 'you asked')),
  ),
  path('the server closes without a code', [masked(1, 'stop')], ['close'], [1005, '', true], (client) =>
    client.send(8),
  ),
  path(
    'both close at once',
    [masked(1, 'close'), masked(8, closing(3000))],
    ['close 4001 you asked'],
    [3000, '', true],
  ),
  path(
    'the server closes, and the peer ends the stream without an answer: 1006',
    [masked(1, 'close')],
    ['close 4001 you asked'],
    [1006, '', false],
    (client) => client.end(),
  ),
  path(
    'the peer ends the stream without a close frame: 1006 [RFC 6455 7.1.5]',
    [],
    [],
    [1006, '', false],
    (client) => client.end(),
  ),
  path(
    'the peer ends the stream inside a message: 1006',
    [masked(1, 'ha', { fin: false })],
    [],
    [1006, '', false],
    (client) => client.end(),
  ),
  path('the peer is reset: 1006', [], [], [1006, '', false], (client) => client.destroy()),
  path('the server terminates: no close frame, 1006', [masked(1, 'terminate')], [], [1006, '', false]),
  path('a handler throws: 1011', [masked(1, 'throw')], ['close 1011'], [1011, '', false]),
  path(
    'data behind the peer’s close frame is not looked at',
    [masked(8, closing(1000)), masked(1, 'throw'), masked(3)],
    ['close 1000'],
    [1000, '', true],
  ),

  {
    name: 'closing: a message on its way when the server closes still comes in',
    run: async (env) => {
      const got: unknown[] = [];
      await withServer(
        env,
        (server) =>
          void server.useWebSockets((socket, message) => {
            got.push(message);
            if (got.length === 1) void socket.close(1000);
          }),
        async (running) => {
          const client = await running.socket();
          client.send(1, 'first');
          equal(await client.frames(1), ['close 1000'], 'goodbye');
          client.send(1, 'late').send(8, closing(1000));
          await until(() => got.length === 2, 'both messages');
          equal(got, ['first', 'late'], 'messages');
        },
      );
    },
  },

  {
    name: 'closing: stop says 1001 to every socket, waits for them, and frees the port',
    run: async (env) => {
      const closes: unknown[] = [];
      let port = 0;
      await withServer(env, noting(closes), async (running) => {
        port = running.port;
        const sockets = await Promise.all(Array.from({ length: 5 }, () => env.connect(running.url())));
        await until(() => running.server.sockets.size === 5, 'five sockets');
        await running.server.stop();
        for (const each of sockets) {
          const { code, wasClean } = await each.closed;
          equal([code, wasClean], [1001, true], 'what the client sees');
        }
        await fails(env.connect(running.url()), 'connection-refused', 'connect after stop');
      });
      equal(closes.length, 5, 'closes');
      // The port can be taken again.
      await withServer(env, echo, async () => {}, {}, { port });
    },
  },

  {
    name: 'closing: a client that closes sees the same as the server, and both streams end',
    run: async (env) => {
      const closes: unknown[] = [];
      await withServer(env, noting(closes), async (running) => {
        const socket = await env.connect(running.url());
        const info = await socket.close(3333, 'ciao');
        equal([info.code, info.wasClean], [3333, true], 'what the client is told');
        await running.empty();
        equal(closes, [[3333, 'ciao', true]], 'what the server is told');
        await fails(socket.send('late'), 'not-open', 'send after close');
        await fails(socket.ping(), 'not-open', 'ping after close');
      });
    },
  },

  {
    name: 'closing: a server that closes ends the client’s loop, in order or with an error',
    run: async (env) => {
      await withServer(
        env,
        (server) =>
          void server.useWebSockets({
            open: (socket) => {
              void socket.send('one');
              if (socket.request.path === '/clean') void socket.close(1000);
              else void socket.send('two').then(() => socket.terminate());
            },
          }),
        async (running) => {
          const clean: unknown[] = [];
          for await (const message of await env.connect(running.url('/clean'))) clean.push(message);
          equal(clean, ['one'], 'the loop that ends');
          const broken = await env.connect(running.url('/broken'));
          const loop = (async () => {
            for await (const message of broken) void message;
          })();
          await fails(loop, 'not-open', 'the loop that breaks');
          equal((await broken.closed).code, 1006, 'code');
        },
      );
    },
  },

  {
    name: 'closing: pings that wait reject when the connection ends',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        await until(() => running.server.sockets.size === 1, 'the socket');
        const [socket] = running.server.sockets;
        const ping = socket!.ping();
        equal((await client.frame()).opcode, 9, 'opcode');
        client.destroy();
        await fails(ping, 'not-open', 'the ping');
      }),
  },

  {
    name: 'closing: while a handler is under way the connection can end, and the handler is left alone',
    run: async (env) => {
      const { promise, open } = gate();
      let after: unknown;
      await withServer(
        env,
        (server) =>
          void server.useWebSockets(async (socket) => {
            await promise;
            after = socket.state;
            await socket.send('too late');
          }),
        async (running) => {
          const client = await running.socket();
          client.send(1, 'work').send(8, closing(1000));
          equal(await client.frames(1), ['close 1000'], 'goodbye');
          open();
          await until(() => after !== undefined, 'the handler');
          equal(after, 'closed', 'state');
          equal(running.errors, [], 'errors');
        },
      );
    },
  },
];
