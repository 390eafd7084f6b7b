/**
 * The opening handshake, from both sides.
 *
 * @module
 */
import { refuse } from '../../../src/server/refusal.ts';
import { headerOf } from '../../support/http-wire.ts';
import { requestHead, UPGRADE_HEADERS } from '../../support/raw-client.ts';
import { masked } from '../../support/wire.ts';
import { check, equal, fails, pause } from '../assert.ts';
import { type BehaviourCase, echo, withServer } from '../env.ts';

/** The upgrade headers, with some in the place of others; `Name:` leaves one out. */
function headers(...changes: string[]): string[] {
  const changed = changes.map((line) => line.split(':')[0]!.toLowerCase());
  return [
    ...UPGRADE_HEADERS.filter((line) => !changed.includes(line.split(':')[0]!.toLowerCase())),
    ...changes.filter((line) => !line.endsWith(':')),
  ];
}

const REFUSED: ReadonlyArray<
  readonly [name: string, line: string, headers: readonly string[], status: number]
> = [
  ['POST', 'POST /', headers(), 400],
  ['no key', 'GET /', headers('Sec-WebSocket-Key:'), 400],
  ['a short key', 'GET /', headers('Sec-WebSocket-Key: c2hvcnQ='), 400],
  ['no version', 'GET /', headers('Sec-WebSocket-Version:'), 400],
  ['version 8', 'GET /', headers('Sec-WebSocket-Version: 8'), 426],
  ['version 0', 'GET /', headers('Sec-WebSocket-Version: 0'), 426],
  ['version x', 'GET /', headers('Sec-WebSocket-Version: x'), 400],
  ['no Connection: Upgrade', 'GET /', headers('Connection: close'), 400],
  ['a body', 'GET /', headers('Content-Length: 3'), 400],
  ['a chunked body', 'GET /', headers('Transfer-Encoding: chunked'), 400],
  ['a malformed subprotocol', 'GET /', headers('Sec-WebSocket-Protocol: a,,b'), 400],
  ['malformed extensions', 'GET /', headers('Sec-WebSocket-Extensions: a; ='), 400],
];

/** Handshakes. */
export const HANDSHAKE: readonly BehaviourCase[] = [
  ...REFUSED.map(
    ([name, line, lines, status]): BehaviourCase => ({
      name: `handshake: ${name} is refused with ${status} and a reason, and the frames behind it are not read`,
      run: (env) =>
        withServer(env, echo, async (running) => {
          const client = await running.raw();
          client.write(requestHead(line, ...lines), masked(1, 'early'));
          const response = await client.response();
          equal(response.status, status, 'status');
          check(response.body.length > 20, `the reason says too little: ${response.body}`);
          if (status === 426) equal(headerOf(response, 'sec-websocket-version'), '13', 'version');
          await client.whenEnded();
          equal(client.bytes.length, 0, 'bytes behind the refusal');
          equal(running.server.sockets.size, 0, 'sockets');
        }),
    }),
  ),

  {
    name: 'handshake: the answer has the accept key of RFC 6455 1.3, and nothing that was not asked for',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.raw();
        const { status, headers: lines } = await client.upgrade('/', 'Sec-WebSocket-Protocol: chat');
        equal(status, 101, 'status');
        equal(
          lines,
          [
            ['Upgrade', 'websocket'],
            ['Connection', 'Upgrade'],
            ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
          ],
          'headers',
        );
      }),
  },

  {
    name: 'handshake: without useWebSockets an upgrade request is plain HTTP',
    run: (env) =>
      withServer(
        env,
        () => {},
        async (running) => {
          const client = await running.raw();
          equal((await client.upgrade()).status, 404, 'status');
          await fails(env.connect(running.url()), 'unexpected-status', 'connect');
        },
      ),
  },

  {
    name: 'handshake: authorize accepts with protocol, headers and data, refuses with a status, and fails with 500',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            authorize: async (request) => {
              await pause(1);
              if (request.path === '/no') return refuse(401, 'who are you?', { 'WWW-Authenticate': 'Basic' });
              if (request.path === '/throw') throw new Error('db down');
              return { protocol: 'b', headers: { 'Set-Cookie': 'x=1' }, data: request.query.get('user') };
            },
            open: (socket) => void socket.send(`${socket.data} ${socket.protocol} ${socket.request.path}`),
          }),
        async (running) => {
          const client = await running.raw();
          client.write(
            requestHead('GET /yes?user=eva', ...UPGRADE_HEADERS, 'Sec-WebSocket-Protocol: a, b'),
            masked(9, 'early'),
          );
          const yes = await client.response();
          equal(
            [yes.status, headerOf(yes, 'set-cookie'), headerOf(yes, 'sec-websocket-protocol')],
            [101, 'x=1', 'b'],
            'yes',
          );
          equal(await client.frames(2), ['text "eva b /yes"', 'pong 6561726c79'], 'frames');
          const no = await (await running.raw()).upgrade('/no');
          equal([no.status, no.body, headerOf(no, 'www-authenticate')], [401, 'who are you?', 'Basic'], 'no');
          const thrown = await (await running.raw()).upgrade('/throw');
          equal([thrown.status, thrown.body.includes('db')], [500, false], 'throw');
          equal(running.errors, ['handler: db down'], 'errors');
        },
      ),
  },

  {
    name: 'handshake: the client offers subprotocols and headers, and sees what the server chose',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            protocols: ['v1', 'v2'],
            open: (socket) => void socket.send(`${socket.request.headers.get('x-name')}`),
          }),
        async (running) => {
          const socket = await env.connect(running.url(), {
            protocols: ['v3', 'v2'],
            headers: { 'X-Name': 'value' },
          });
          equal(socket.protocol, 'v2', 'protocol');
          for await (const message of socket) {
            equal(message, 'value', 'header');
            break;
          }
        },
      ),
  },

  {
    name: 'handshake: origins and hosts that are not allowed get 403',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const ask = async (...lines: string[]): Promise<number> => {
            const client = await running.raw();
            return (await client.upgrade('/', ...lines)).status;
          };
          equal(await ask('Origin: https://good.example'), 101, 'allowed');
          equal(await ask('Origin: https://evil.example'), 403, 'not allowed');
          equal(await ask('Origin: null'), 403, 'null');
          const client = await running.raw();
          client.write(
            requestHead('GET /', ...UPGRADE_HEADERS).replace('Host: localhost', 'Host: rebound.example'),
          );
          equal((await client.response()).status, 403, 'another host');
        },
        { origins: ['https://good.example'], hosts: ['localhost', '127.0.0.1'] },
      ),
  },

  {
    name: 'handshake: permessage-deflate is agreed on where both want it, and messages come back equal [RFC 7692]',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const socket = await env.connect(running.url(), { compression: true });
          check(socket.extensions.startsWith('permessage-deflate'), `extensions: ${socket.extensions}`);
          const sent = ['x'.repeat(100_000), 'ä€😀'.repeat(5000), '', 'short', new Uint8Array(50_000)];
          for (const message of sent) void socket.send(message);
          const got: unknown[] = [];
          for await (const message of socket) if (got.push(message) === sent.length) break;
          equal(got, sent, 'messages');
          const plain = await env.connect(running.url());
          equal(plain.extensions, '', 'not offered, not used');
        },
        { compression: true },
      ),
  },
];
