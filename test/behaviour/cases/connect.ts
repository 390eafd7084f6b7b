/**
 * What `connect` says when it does not come to a WebSocket: each cause has a code of its own, on every runtime.
 *
 * @module
 */
import { computeAccept } from '../../../src/handshake/accept.ts';
import type { ByteStream, StreamHandler } from '../../../src/transport/transport.ts';
import { bytesOf, latin1 } from '../../support/http-wire.ts';
import { check, equal, fails, gate } from '../assert.ts';
import { type BehaviourCase, type Env, withServer } from '../env.ts';

/**
 * A server of a few lines: it waits for a request's head, and answers with what is made of the key in it, if anything.
 *
 * @param use `gone` resolves when a client has left.
 */
async function withAnswer(
  env: Env,
  answer: (key: string) => string | undefined,
  use: (url: string, gone: Promise<void>) => Promise<void>,
): Promise<void> {
  const streams: ByteStream[] = [];
  const gone = gate();
  const listener = await env.transport.listen({ port: 0, hostname: '127.0.0.1' }, (stream): StreamHandler => {
    streams.push(stream);
    let head = '';
    return {
      data(bytes) {
        head += latin1(bytes);
        if (!head.endsWith('\r\n\r\n')) return;
        const [, key = ''] = /^Sec-WebSocket-Key: (.*)\r$/im.exec(head) ?? [];
        const text = answer(key);
        if (text !== undefined) stream.write(bytesOf(text));
      },
      end: () => stream.end(),
      drain() {},
      close: () => gone.open(),
    };
  });
  try {
    await use(`ws://127.0.0.1:${listener.address.port}/`, gone.promise);
  } finally {
    for (const stream of streams) stream.destroy();
    await listener.close();
  }
}

/** The head of an answer that accepts, with these lines more. */
function accepting(key: string, ...lines: string[]): string {
  return [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    `Sec-WebSocket-Accept: ${computeAccept(key)}`,
    ...lines,
    '',
    '',
  ].join('\r\n');
}

/** Answers that are no WebSocket, or not the one that was asked for. */
const ANSWERS: ReadonlyArray<
  readonly [what: string, code: string, answer: (key: string) => string, options?: object]
> = [
  ['a wrong accept value [RFC 6455 4.1]', 'bad-accept', () => accepting('AAAAAAAAAAAAAAAAAAAAAA==')],
  [
    'no accept value [RFC 6455 4.1]',
    'bad-accept',
    (key) => accepting(key).replace(/Sec-WebSocket-Accept: .*\r\n/, ''),
  ],
  [
    'a subprotocol that was not asked for [RFC 6455 4.1]',
    'unasked-protocol',
    (key) => accepting(key, 'Sec-WebSocket-Protocol: other'),
    { protocols: ['chat'] },
  ],
  [
    'no subprotocol where one is required',
    'missing-protocol',
    (key) => accepting(key),
    { protocols: ['chat'], requireProtocol: true },
  ],
  [
    'an extension that was not asked for [RFC 6455 9.1]',
    'unasked-extension',
    (key) => accepting(key, 'Sec-WebSocket-Extensions: permessage-deflate'),
  ],
  [
    'parameters of an extension that nobody knows [RFC 7692 7.1]',
    'bad-deflate-parameters',
    (key) => accepting(key, 'Sec-WebSocket-Extensions: permessage-deflate; faster'),
    { compression: true },
  ],
  ['an answer that is not HTTP', 'bad-status-line', () => 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
];

/** Connecting. */
export const CONNECT: readonly BehaviourCase[] = [
  {
    name: 'connect: nobody there, no such name, no answer in time, and a caller who gives up, each have a code',
    run: async (env) => {
      let free = '';
      await withAnswer(
        env,
        () => undefined,
        async (url) => {
          free = url;
          await fails(env.connect(url, { timeoutMs: 50 }), 'connect-timeout', 'no answer');
          const secure = url.replace('ws:', 'wss:');
          await fails(env.connect(secure, { timeoutMs: 50 }), 'connect-timeout', 'no answer in TLS');
          const controller = new AbortController();
          const attempt = env.connect(url, { signal: controller.signal });
          controller.abort();
          await fails(attempt, 'aborted', 'given up');
          const allowAddress = (): boolean => false;
          await fails(
            env.connect(url, { allowAddress }),
            'address-refused',
            'an address that is not allowed',
          );
        },
      );
      await fails(env.connect(free), 'connection-refused', 'nobody there');
      await fails(env.connect('ws://no-such-host.invalid/'), 'dns-failed', 'no such name');
    },
  },

  {
    name: 'connect: a server that speaks no TLS, and one that speaks nothing else, each have a code',
    run: (env) =>
      withServer(
        env,
        (server) => server.useWebSockets(() => {}),
        async ({ port }) => {
          await fails(env.connect(`wss://localhost:${port}/`), 'tls-failed', 'TLS to a plain server');
          const tls = { ca: env.tls.ca };
          await withServer(
            env,
            (server) => server.useWebSockets(() => {}),
            async (secure) => {
              const attempt = env.connect(`ws://127.0.0.1:${secure.port}/`, { timeoutMs: 5000 });
              const { code } = (await attempt.then(
                () => ({}),
                (error: unknown) => error,
              )) as { readonly code?: string };
              // A server may say so in TLS, end the connection, or reset it.
              const codes = ['bad-status-line', 'unexpected-end', 'connection-reset'];
              check(codes.includes(`${code}`), `plain to a server of TLS is ${code}`);
              const socket = await env.connect(`wss://localhost:${secure.port}/`, { tls });
              await socket.close(1000);
            },
            {},
            { tls: env.tls.server, hostname: 'localhost' },
          );
        },
        {},
        { hostname: 'localhost' },
      ),
  },

  {
    name: 'connect: another status than 101 comes with its status, its headers and the start of its body',
    run: (env) =>
      withAnswer(
        env,
        () =>
          'HTTP/1.1 429 Slow Down\r\nRetry-After: 120\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n' +
          '5\r\nlater\r\n8\r\n, please\r\n0\r\n\r\n',
        async (url) => {
          const error = (await env.connect(url).catch((reason: unknown) => reason)) as {
            readonly code: string;
            readonly status: number;
            readonly text: string;
            readonly response: { readonly headers: { get(name: string): string | undefined } };
          };
          equal(
            [error.code, error.status, error.response.headers.get('retry-after'), error.text],
            ['unexpected-status', 429, '120', 'later, please'],
            'error',
          );
        },
      ),
  },

  {
    name: 'connect: of a body that never ends, the start is at hand',
    run: (env) =>
      withAnswer(
        env,
        () => `HTTP/1.1 503 Busy\r\n\r\n${'wait '.repeat(50_000)}`,
        async (url) => {
          const error = (await env.connect(url, { timeoutMs: 8000 }).catch((reason: unknown) => reason)) as {
            readonly code: string;
            readonly status: number;
            readonly text: string;
          };
          equal([error.code, error.status], ['unexpected-status', 503], 'error');
          equal(error.text.slice(0, 10), 'wait wait ', 'start of the body');
        },
      ),
  },

  {
    name: 'connect: a redirect is not followed, and says where to',
    run: (env) =>
      withAnswer(
        env,
        () => 'HTTP/1.1 302 Found\r\nLocation: ws://elsewhere.test/\r\nContent-Length: 0\r\n\r\n',
        async (url) => {
          const error = (await env.connect(url).catch((reason: unknown) => reason)) as {
            readonly code: string;
            readonly response: { readonly headers: { get(name: string): string | undefined } };
          };
          equal(
            [error.code, error.response.headers.get('location')],
            ['unexpected-status', 'ws://elsewhere.test/'],
            'error',
          );
        },
      ),
  },

  ...ANSWERS.map(
    ([what, code, answer, options]): BehaviourCase => ({
      name: `connect: ${what} is ${code}, and the connection is dropped`,
      run: (env) =>
        withAnswer(env, answer, async (url, gone) => {
          await fails(env.connect(url, { timeoutMs: 8000, ...options }), code, what);
          await gone;
        }),
    }),
  ),

  {
    name: 'connect: a client gives up a silent server with 1011, and one that does not answer its close after closeTimeoutMs',
    run: (env) =>
      withAnswer(env, accepting, async (url) => {
        const limits = { pingIntervalMs: 40, pongTimeoutMs: 40, closeTimeoutMs: 40 };
        const silent = await env.connect(url, { limits });
        const { code, wasClean } = await silent.closed;
        equal([code, wasClean], [1011, false], 'the silent one');
        const closing = await env.connect(url, { limits: { closeTimeoutMs: 40 } });
        equal((await closing.close(1000)).wasClean, false, 'the one that does not answer a close');
      }),
  },

  {
    name: 'connect: a client holds its server to maxMessageBytes: 1009',
    run: async (env) => {
      const seen = gate<number>();
      await withServer(
        env,
        (server) =>
          void server.useWebSockets({
            open: (socket) => void socket.send('x'.repeat(2000)),
            close: (_, { code }) => seen.open(code),
          }),
        async (running) => {
          const socket = await env.connect(running.url(), { limits: { maxMessageBytes: 1999 } });
          equal((await socket.closed).code, 1009, 'at the client');
          equal(await seen.promise, 1009, 'at the server');
        },
      );
    },
  },
];
