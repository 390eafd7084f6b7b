/**
 * What only our own server can show our client, beyond what it shows any: the request as it was understood, the whole answer of a
 * refusal, streams at both ends, TLS and Unix domain sockets.
 *
 * @module
 */
import type { connect, HandshakeError, Socket } from '../../../src/node.ts';
import { equal, noise, ok, soon, TEXTS } from './check.ts';
import { CLIENT_CASES, type ServerTraits } from './client.ts';

/** What a case runs with. */
export interface ConnectEnvironment {
  readonly connect: typeof connect;
  /** A server that echoes, as the URL of its root, without the slash. */
  readonly ws: string;
  /** One that streams messages back, over TLS, by a name that its certificate is for. */
  readonly wss: string;
  /** Who signed that certificate. */
  readonly ca: string;
  /** Where one listens that streams messages back over a Unix domain socket. */
  readonly path: string;
}

const MIB = 1_048_576;

/** The next message, whole. */
async function next(socket: Socket): Promise<unknown> {
  return (await soon(socket[Symbol.asyncIterator]().next(), 'message')).value;
}

async function leave(socket: Socket): Promise<void> {
  const { code, wasClean } = await soon(socket.close(1000, 'done'), 'close');
  equal([code, wasClean], [1000, true], 'close');
}

/** Texts, 1 MiB and a ping. */
async function converse(socket: Socket): Promise<void> {
  for (const message of [...TEXTS, noise(MIB)]) {
    await socket.send(message);
    equal(await next(socket), message);
  }
  const ms = await soon(socket.ping(), 'pong');
  ok(ms >= 0 && ms < 8000, `the round trip took ${ms} ms`);
  await leave(socket);
}

/** One message of 4 MiB, of which no end ever holds all. */
async function stream(env: ConnectEnvironment, url: string, options: object): Promise<void> {
  const socket = await env.connect(url, {
    ...options,
    streams: true,
    limits: { maxMessageBytes: 4 * MIB },
    timeoutMs: 8000,
  });
  const piece = noise(MIB / 8);
  const sent = socket.sendStream(Array.from({ length: 32 }, () => piece));
  const { value: message } = await soon(socket[Symbol.asyncIterator]().next(), 'message');
  let at = 0;
  for await (const part of message!) {
    for (const byte of part as Uint8Array) {
      if (byte !== piece[at++ % piece.length]) throw new Error(`byte ${at - 1} is another one`);
    }
  }
  await sent;
  equal(at, 4 * MIB, 'bytes');
  equal((await soon(socket.close(1000), 'close')).code, 1000, 'close');
}

/** The cases, by what they show. */
export const CONNECT_CASES: Readonly<Record<string, (env: ConnectEnvironment) => Promise<void>>> = {
  async 'a ping of the server is answered by itself, and the server learns how long it took'(env) {
    const socket = await env.connect(`${env.ws}/ping`, { timeoutMs: 8000 });
    const { ms } = JSON.parse(String(await next(socket))) as { ms: number };
    ok(ms >= 0 && ms < 8000, `the round trip took ${ms} ms`);
    await leave(socket);
  },

  async 'headers and origin reach the server, next to those of the handshake'(env) {
    const headers = { Authorization: 'Basic dTpw', Cookie: 'a=1; b=2', 'X-Empty': '' };
    const options = { headers, origin: 'http://example.com', timeoutMs: 8000 };
    const socket = await env.connect(`${env.ws}/request`, options);
    const seen = JSON.parse(String(await next(socket))) as Record<string, string>;
    const names = ['authorization', 'cookie', 'x-empty', 'origin', 'host', 'sec-websocket-version'];
    equal(
      names.map((name) => seen[name]),
      ['Basic dTpw', 'a=1; b=2', '', 'http://example.com', new URL(env.ws).host, '13'],
      'headers',
    );
    await leave(socket);
  },

  async 'a refusal comes with its status, its headers and its body'(env) {
    let error: HandshakeError | undefined;
    try {
      await env.connect(`${env.ws}/refuse?status=401`, { timeoutMs: 8000 });
    } catch (thrown) {
      error = thrown as HandshakeError;
    }
    equal(
      [error?.code, error?.status, error?.response?.headers.get('x-why'), error?.text],
      ['unexpected-status', 401, 'the test says so', 'not today'],
      'error',
    );
  },

  async 'wss: messages come back equal, and both ends close in order'(env) {
    const socket = await env.connect(`${env.wss}/`, { tls: { ca: env.ca }, timeoutMs: 8000 });
    equal(socket.encrypted, true, 'encrypted');
    await converse(socket);
  },

  async 'wss: a message of 4 MiB streams both ways at once'(env) {
    await stream(env, `${env.wss}/`, { tls: { ca: env.ca } });
  },

  async 'wss: a server whose certificate nobody vouches for is tls-failed'(env) {
    let code: unknown;
    try {
      await env.connect(`${env.wss}/`, { timeoutMs: 8000 });
    } catch (error) {
      ({ code } = error as { readonly code?: unknown });
    }
    equal(code, 'tls-failed', 'code');
  },

  async 'Unix domain socket: messages come back equal, and both ends close in order'(env) {
    await converse(await env.connect('ws://localhost/', { path: env.path, timeoutMs: 8000 }));
  },

  async 'Unix domain socket: a message of 4 MiB streams both ways at once'(env) {
    await stream(env, 'ws://localhost/', { path: env.path });
  },
};

/** Our server, as `CLIENT_CASES` know servers. Of pings, the case here knows what it says. */
export const OUR_TRAITS: ServerTraits = {
  deflate: true,
  fragments: true,
  pings: false,
  reportsCloses: true,
  protocols: true,
};

/** The names of all cases that our client is put through with our server. */
export const CROSSED: readonly string[] = [
  ...Object.keys(CLIENT_CASES).filter((name) => {
    const need = CLIENT_CASES[name]?.needs;
    return need === undefined || OUR_TRAITS[need];
  }),
  ...Object.keys(CONNECT_CASES),
];
