/**
 * What our client must see of servers that others wrote: Bun's, Deno's, ws, Python's.
 *
 * The servers are small and alike: they echo, and do by path what a case asks for.
 *
 * @module
 */
import type { connect, HandshakeError, Socket, WebSocket } from '../../../src/node.ts';
import type { Close } from '../servers/closes.ts';
import { equal, LENGTHS, mixed, noise, ok, soon, TEXTS, textOf } from './check.ts';

/** What a server can do. */
export interface ServerTraits {
  /** Has permessage-deflate. */
  readonly deflate: boolean;
  /** `/stream?pieces=`: sends messages in fragments. */
  readonly fragments: boolean;
  /** `/ping`: sends a ping, and `pong` as a message when it was answered. */
  readonly pings: boolean;
  /** `/closes?id=` over HTTP: says how a connection ended. */
  readonly reportsCloses: boolean;
  /** Chooses `chat` when it is on offer. */
  readonly protocols: boolean;
}

/** What a case runs with. */
export interface ClientEnvironment {
  readonly connect: typeof connect;
  readonly WebSocket: typeof WebSocket;
  readonly ws: string;
  readonly http: string;
  readonly traits: ServerTraits;
  /** Whether to offer compression. */
  readonly compression: boolean;
}

/** A case; without `needs`, any server will do. */
interface ClientCase {
  readonly needs?: keyof ServerTraits;
  run(env: ClientEnvironment): Promise<void>;
}

const open = (env: ClientEnvironment, path = '/', more: object = {}): Promise<Socket> =>
  env.connect(env.ws + path, { compression: env.compression, timeoutMs: 8000, ...more });

/** The messages of a socket, one by one. */
function messagesOf(socket: Socket): { next(): Promise<string | Uint8Array> } {
  const iterator = socket[Symbol.asyncIterator]();
  return {
    async next() {
      const { value, done } = await soon(iterator.next(), 'message');
      if (done === true) throw new Error('the connection ended before the message came');
      return value as string | Uint8Array;
    },
  };
}

async function leave(socket: Socket): Promise<void> {
  const { code, wasClean } = await soon(socket.close(1000, 'done'), 'close');
  equal([code, wasClean], [1000, true], 'close');
}

/** The error that a connection attempt ends with. */
async function refusal(attempt: Promise<unknown>): Promise<HandshakeError> {
  try {
    await attempt;
  } catch (error) {
    return error as HandshakeError;
  }
  throw new Error('it was accepted');
}

/** The cases, by what they show. */
export const CLIENT_CASES: Readonly<Record<string, ClientCase>> = {
  'text of characters of every width comes back equal': {
    async run(env) {
      const socket = await open(env);
      const messages = messagesOf(socket);
      for (const text of TEXTS) {
        await socket.send(text);
        equal(await messages.next(), text);
      }
      await leave(socket);
    },
  },

  'every size class comes back equal, as the type that it was sent as': {
    async run(env) {
      const socket = await open(env);
      const messages = messagesOf(socket);
      for (const length of LENGTHS) {
        for (const message of [textOf(length), noise(length)]) {
          await socket.send(message);
          equal(await messages.next(), message, `${typeof message} of ${length}`);
        }
      }
      await leave(socket);
    },
  },

  'a message in fragments, with pings between, comes back as one': {
    async run(env) {
      const socket = await open(env);
      const messages = messagesOf(socket);
      const pings: Array<Promise<number>> = [];
      await socket.sendStream(
        (async function* () {
          for (let i = 0; i < 200; i++) {
            yield `${i} grüße 😀\n`;
            if (i % 20 === 0) pings.push(socket.ping());
          }
        })(),
      );
      equal(await messages.next(), Array.from({ length: 200 }, (_, i) => `${i} grüße 😀\n`).join(''));
      for (const ms of await soon(Promise.all(pings), 'pong')) ok(ms >= 0, 'a round trip is no time');
      await leave(socket);
    },
  },

  'a ping is answered': {
    async run(env) {
      const socket = await open(env);
      for (const payload of [undefined, '', 'grüße', noise(125)]) {
        const ms = await soon(socket.ping(payload), 'pong');
        ok(ms >= 0 && ms < 5000, `the round trip took ${ms} ms`);
      }
      await leave(socket);
    },
  },

  'a ping of the server is answered by itself': {
    needs: 'pings',
    async run(env) {
      const socket = await open(env, '/ping');
      equal(await messagesOf(socket).next(), 'pong');
      await leave(socket);
    },
  },

  'messages that the server sends in fragments arrive as one': {
    needs: 'fragments',
    async run(env) {
      const socket = await open(env, '/stream?pieces=300');
      const messages = messagesOf(socket);
      equal(await messages.next(), Array.from({ length: 300 }, (_, i) => `${i} grüße 😀\n`).join(''), 'text');
      equal(
        await messages.next(),
        Uint8Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? i >> 1 : i >> 9)),
        'binary',
      );
      await leave(socket);
    },
  },

  'a message is read in pieces, where the app wants that': {
    async run(env) {
      const socket = await env.connect(`${env.ws}/`, { compression: env.compression, streams: true });
      const whole = textOf(700_000);
      await socket.send(whole);
      const { value: message } = await soon(socket[Symbol.asyncIterator]().next(), 'message');
      ok(message !== undefined && message.type === 'text', 'there is a text message');
      let text = '';
      for await (const piece of message) text += piece;
      equal(text, whole);
      equal((await soon(socket.close(1000), 'close')).code, 1000, 'close');
    },
  },

  '2000 messages of both kinds, sent at once, come back in order': {
    async run(env) {
      const socket = await open(env);
      const sent = mixed(2000);
      for (const message of sent) void socket.send(message);
      const messages = messagesOf(socket);
      for (const [i, message] of sent.entries()) equal(await messages.next(), message, `message ${i}`);
      await leave(socket);
    },
  },

  'a flood is held back by whoever reads slowly, and arrives whole': {
    async run(env) {
      const socket = await open(env, '/flood?count=64&bytes=262144');
      const messages = messagesOf(socket);
      for (let i = 0; i < 64; i++) {
        const message = (await messages.next()) as Uint8Array;
        equal(message.length, 262_144, 'length');
        equal(new DataView(message.buffer, message.byteOffset).getUint32(0), i, 'number');
        if (i % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
      }
      await leave(socket);
    },
  },

  '50 connections at once do not mix up their messages': {
    async run(env) {
      await Promise.all(
        Array.from({ length: 50 }, async (_, id) => {
          const socket = await open(env);
          const messages = messagesOf(socket);
          for (let i = 0; i < 10; i++) void socket.send(`${id}/${i}`);
          for (let i = 0; i < 10; i++) equal(await messages.next(), `${id}/${i}`);
          await leave(socket);
        }),
      );
    },
  },

  'a code and reason of the client reach the server': {
    needs: 'reportsCloses',
    async run(env) {
      for (const [code, reason] of [
        [1000, ''],
        [1000, 'bye'],
        [3000, 'grüße 😀'],
        [4999, 'x'.repeat(123)],
        [undefined, ''],
      ] as const) {
        const id = `ours-${Math.random().toString(36).slice(2)}`;
        const socket = await open(env, `/?id=${id}`);
        const seen = await soon(code === undefined ? socket.close() : socket.close(code, reason), 'close');
        equal([seen.code, seen.wasClean], [code ?? 1005, true], 'close at the client');
        const told = (await (await fetch(`${env.http}/closes?id=${id}`)).json()) as Close;
        equal([told.code, told.reason], [code ?? 1005, reason], 'close at the server');
      }
    },
  },

  'a close that the server only answers is clean': {
    async run(env) {
      const socket = await open(env);
      const { code, wasClean } = await soon(socket.close(4001, 'because'), 'close');
      equal([code, wasClean], [4001, true], 'close');
      equal(await soon(socket[Symbol.asyncIterator]().next(), 'end of the loop'), {
        value: undefined,
        done: true,
      });
    },
  },

  'a code and reason of the server reach the client': {
    async run(env) {
      for (const [code, reason] of [
        [1000, 'bye'],
        [4000, 'grüße 😀'],
      ] as const) {
        const socket = await open(env, `/close?code=${code}&reason=${encodeURIComponent(reason)}`);
        equal(await soon(socket.closed, 'close'), { code, reason, wasClean: true });
      }
    },
  },

  'a refusal says its status': {
    async run(env) {
      const error = await refusal(open(env, '/refuse'));
      equal([error.name, error.code, error.status], ['HandshakeError', 'unexpected-status', 403]);
    },
  },

  'the subprotocol is the one that the server chose': {
    needs: 'protocols',
    async run(env) {
      const socket = await open(env, '/', { protocols: ['other', 'chat'] });
      equal(socket.protocol, 'chat', 'protocol');
      await leave(socket);
    },
  },

  'compression is used where both ends have it': {
    async run(env) {
      const socket = await open(env);
      const isOn = env.compression && env.traits.deflate;
      equal(socket.extensions.includes('permessage-deflate'), isOn, `it is in "${socket.extensions}"`);
      const messages = messagesOf(socket);
      for (const message of [...mixed(100), new Uint8Array(500_000), textOf(300_000), noise(300_000)]) {
        await socket.send(message);
        equal(await messages.next(), message);
        await socket.send(message, { compress: false });
        equal(await messages.next(), message);
      }
      await leave(socket);
    },
  },

  'compression is used with any parameters': {
    needs: 'deflate',
    async run(env) {
      for (const compression of [
        { threshold: 0, contextTakeover: true },
        { threshold: 0, contextTakeover: false },
        { threshold: 0, windowBits: 9, contextTakeover: true },
        { threshold: 0, windowBits: { outgoing: 12, incoming: 10 }, level: 9 },
      ]) {
        const socket = await open(env, '/', { compression });
        const messages = messagesOf(socket);
        for (const message of mixed(60)) {
          await socket.send(message);
          equal(await messages.next(), message, JSON.stringify(compression));
        }
        await leave(socket);
      }
    },
  },

  'the WHATWG class echoes, and closes, as connect does': {
    async run(env) {
      const socket = new env.WebSocket(`${env.ws}/`);
      socket.binaryType = 'arraybuffer';
      await soon(new Promise((resolve) => socket.addEventListener('open', resolve)), 'open');
      for (const message of ['', 'grüße 😀', noise(70_000)]) {
        const answer = new Promise<unknown>((resolve) => {
          socket.addEventListener('message', (event) => resolve((event as MessageEvent).data), {
            once: true,
          });
        });
        socket.send(message);
        const data = await soon(answer, 'message');
        equal(data instanceof ArrayBuffer ? new Uint8Array(data) : data, message);
      }
      const closed = new Promise<CloseEvent>((resolve) => {
        socket.addEventListener('close', (event) => resolve(event as CloseEvent));
      });
      socket.close(4002, 'own');
      equal((await soon(closed, 'close')).code, 4002, 'close');
    },
  },
};
