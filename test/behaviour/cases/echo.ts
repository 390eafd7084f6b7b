/**
 * Everything comes back as it was sent.
 *
 * @module
 */
import { concat, masked, octets, tell } from '../../support/wire.ts';
import { check, equal, until } from '../assert.ts';
import { type BehaviourCase, echo, withServer } from '../env.ts';

const KIB = 1024;

/** Text whose every part is different. */
function text(unit: string, times: number): string {
  let all = '';
  for (let i = 0; i < times; i++) all += `${unit}${i % 10}`;
  return all;
}

const TEXTS: ReadonlyArray<readonly [name: string, message: string]> = [
  ['empty text', ''],
  ['ASCII text', 'Hello, World! \u0000\u007f'],
  ['text of 2-byte characters', text('äöüßñ', 50)],
  ['text of 3-byte characters', text('€漢字ᚠ', 50)],
  ['text of 4-byte characters', text('😀𝄞🏳️‍🌈', 50)],
  ['text that starts with a byte order mark', '\ufeffabc'],
  ['long text in which U+FFFD was really sent', '\ufffd€x'.repeat(2000)],
  ...[125, 126, 65_535, 65_536, 1024 * KIB].map(
    (size) => [`ASCII text of ${size} bytes`, 'x'.repeat(size)] as const,
  ),
  ['text of 1 MiB, most of it beyond ASCII', '😀'.repeat(256 * KIB)],
];

const SIZES = [
  0,
  1,
  2,
  3,
  4,
  5,
  6,
  7,
  8,
  9,
  31,
  32,
  33,
  125,
  126,
  127,
  1023,
  1024,
  65_535,
  65_536,
  65_537,
  1024 * KIB,
];

function bytes(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, i) => (i * 31 + (i >> 8)) & 0xff);
}

const MIXED = 'aé€😀'.repeat(5000);

/** Text that nobody decodes on its way. */
const PASSED_ON: readonly BehaviourCase[] = [
  {
    name: 'echo: with textAsBytes, text comes as bytes on both ends, told from binary, and goes back as text',
    run: (env) =>
      withServer(
        env,
        (server) => server.useWebSockets((socket, message, type) => socket.send(message, { type })),
        async (running) => {
          const seen: unknown[] = [];
          const socket = await env.connect(running.url(), {
            textAsBytes: true,
            handlers: { message: (_socket, message, type) => void seen.push([type, message]) },
          });
          await socket.send('plain');
          await socket.send(MIXED);
          await socket.send(Uint8Array.of(0x00, 0xff));
          await until(() => seen.length === 3, 'three messages come back');
          const utf8 = new TextEncoder();
          equal(
            seen,
            [
              ['text', utf8.encode('plain')],
              ['text', utf8.encode(MIXED)],
              ['binary', Uint8Array.of(0x00, 0xff)],
            ],
            'what the handler got',
          );
          await socket.close(1000);
        },
        { textAsBytes: true },
      ),
  },
  {
    name: 'violation: text that is no UTF-8 is refused with textAsBytes too [RFC 6455 8.1]',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const client = await running.socket();
          client.write(masked(1, Uint8Array.of(0x61, 0xff)));
          check(/\b1007\b/.test(tell(await client.frame())), 'the answer is no 1007');
        },
        { textAsBytes: true },
      ),
  },
];

/** Echo by our own client and by a stranger. */
export const ECHO: readonly BehaviourCase[] = [
  ...PASSED_ON,
  ...TEXTS.map(
    ([name, message]) =>
      ({
        name: `echo: ${name} comes back equal`,
        run: (env) =>
          withServer(env, echo, async (running) => {
            const socket = await env.connect(running.url());
            await socket.send(message);
            for await (const answer of socket) {
              equal(answer === message, true, `the answer to ${name}, of ${answer.length}`);
              break;
            }
            await socket.close(1000);
            const client = await running.socket();
            client.send(1, message);
            const { opcode, payload } = await client.frame();
            equal(opcode, 1, 'opcode');
            equal(
              new TextDecoder('utf-8', { ignoreBOM: true }).decode(payload) === message,
              true,
              `what came back of ${name}`,
            );
            equal(running.errors, [], 'errors');
          }),
      }) satisfies BehaviourCase,
  ),

  {
    name: `echo: binary messages of ${SIZES.length} sizes around every threshold come back equal, in order`,
    run: (env) =>
      withServer(env, echo, async (running) => {
        const socket = await env.connect(running.url());
        const sent = SIZES.map(bytes);
        for (const message of sent) void socket.send(message);
        let at = 0;
        for await (const answer of socket) {
          equal(
            Object.getPrototypeOf(answer) === Uint8Array.prototype,
            true,
            'a binary message is a plain Uint8Array',
          );
          equal(answer, sent[at++], `answer ${at}`);
          if (at === sent.length) break;
        }
        const client = await running.socket();
        for (const message of sent) client.send(2, message);
        for (const message of sent)
          equal((await client.frame()).payload, message, `of ${message.length} bytes`);
      }),
  },

  {
    name: 'echo: a message in fragments with a ping between them comes back whole, and the ping is answered at once',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        client.write(
          masked(1, 'h\u00e9', { fin: false }),
          masked(9, 'now'),
          masked(0, '', { fin: false }),
          masked(0, 'llo'),
        );
        equal(await client.frames(2), ['pong 6e6f77', 'text "héllo"'], 'answers');
      }),
  },

  {
    name: 'echo: a character that two fragments share comes back whole',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        const all = octets('a😀b');
        for (let i = 0; i < all.length; i++) {
          client.write(masked(i === 0 ? 1 : 0, all.slice(i, i + 1), { fin: i === all.length - 1 }));
        }
        equal(await client.frames(1), ['text "a😀b"'], 'answer');
      }),
  },

  {
    name: 'echo: every byte of handshake and frames in a write of its own gives the same answers',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        for (const byte of concat([masked(1, 'drip'), masked(9, 'p'), masked(2, bytes(300)), masked(8)])) {
          client.write(Uint8Array.of(byte));
        }
        const answers = await client.frames(2);
        equal(answers, ['text "drip"', 'pong 70'], 'answers');
        equal((await client.frame()).payload, bytes(300), 'binary');
        equal(tell(await client.frame()), 'close', 'goodbye');
      }),
  },

  {
    name: 'echo: 1 000 messages in one write come back in order',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        client.write(concat(Array.from({ length: 1000 }, (_, i) => masked(1, `message ${i}`))));
        for (let i = 0; i < 1000; i++) equal(tell(await client.frame()), `text "message ${i}"`, 'order');
      }),
  },

  {
    name: 'echo: messages to a handler object, and to a loop in open, come in order',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            open: async (socket) => {
              for await (const message of socket) await socket.send(message);
            },
          }),
        async (running) => {
          const socket = await env.connect(running.url());
          const got: unknown[] = [];
          for (let i = 0; i < 100; i++) void socket.send(`${i}`);
          for await (const message of socket) {
            got.push(message);
            if (got.length === 100) break;
          }
          equal(
            got,
            Array.from({ length: 100 }, (_, i) => `${i}`),
            'answers',
          );
        },
      ),
  },

  {
    name: 'echo: streams in both directions carry a message of 20 MiB that nobody holds whole',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            stream: async (socket, message) => {
              await socket.sendStream(message);
            },
          }),
        async (running) => {
          const socket = await env.connect(running.url(), {
            streams: true,
            limits: { maxMessageBytes: 1e9 },
          });
          const piece = bytes(64 * KIB);
          const pieces = 320;
          const sent = socket.sendStream(
            (function* () {
              for (let i = 0; i < pieces; i++) yield piece;
            })(),
          );
          let total = 0;
          let sum = 0;
          for await (const message of socket) {
            for await (const part of message) {
              total += part.length;
              sum = (sum + (part as Uint8Array).reduce((all, byte) => all + byte, 0)) % 65_521;
            }
            break;
          }
          await sent;
          equal(total, pieces * piece.length, 'bytes');
          const expected = (piece.reduce((all, byte) => all + byte, 0) * pieces) % 65_521;
          equal(sum, expected, 'sum of all bytes');
        },
        { limits: { maxMessageBytes: 1e9 } },
      ),
  },

  ...[false, true].map(
    (textAsBytes): BehaviourCase => ({
      name: `echo: a message that is passed on as a stream stays text or binary, empty or not${textAsBytes ? ', with text as bytes' : ''}`,
      run: (env) =>
        withServer(
          env,
          (server) => void server.useWebSockets({ stream: (socket, message) => socket.sendStream(message) }),
          async (running) => {
            const client = await running.socket('/', 'Sec-WebSocket-Extensions: permessage-deflate');
            for (const [opcode, payload] of [
              [2, ''],
              [1, ''],
              [2, 'abc'],
              [1, 'grüße 😀'],
            ] as const) {
              client.write(masked(opcode, payload.slice(0, 3), { fin: false }), masked(0, payload.slice(3)));
              let fin = false;
              for (let first = true; !fin; first = false) {
                const got = await client.frame();
                equal(got.opcode, first ? opcode : 0, `opcode for "${payload}"`);
                fin = got.fin;
              }
            }
            equal(running.errors, [], 'errors');
          },
          { textAsBytes, compression: true },
        ),
    }),
  ),

  ...[true, { contextTakeover: true, level: 6 }].map(
    (compression): BehaviourCase => ({
      name: `echo: streams in both directions are compressed piece by piece, with ${JSON.stringify(compression)} [RFC 7692 6.1]`,
      run: (env) =>
        withServer(
          env,
          (server) =>
            void server.useWebSockets({
              stream: (socket, message) => socket.sendStream(message),
            }),
          async (running) => {
            const socket = await env.connect(running.url(), {
              compression,
              streams: true,
              limits: { maxMessageBytes: 1e9 },
            });
            for (const size of [10, 1000, 300 * KIB]) {
              // Each piece is sent when the one before has come back: nobody holds one back to compress it better.
              let back = '';
              let given = '';
              const turn = async function* (): AsyncGenerator<string> {
                for (let i = 0; i < 5; i++) {
                  const piece = text(`${i} grüße 😀 `, size / 10);
                  given += piece;
                  yield piece;
                  await until(() => back === given, `piece ${i} comes back`);
                }
              };
              const sent = socket.sendStream(turn());
              for await (const message of socket) {
                for await (const part of message) back += part;
                break;
              }
              await sent;
              equal(back === given, true, `the message in pieces of ${size}`);
            }
            const client = await running.socket('/', 'Sec-WebSocket-Extensions: permessage-deflate');
            client.send(1, 'plain in, compressed out');
            const first = await client.frame();
            equal([first.opcode, first.fin, first.rsv], [1, false, 4], 'the first fragment');
            const last = await client.frame();
            equal([last.opcode, last.fin, last.rsv], [0, true, 0], 'the last one');
            equal(running.errors, [], 'errors');
          },
          { compression, limits: { maxMessageBytes: 1e9 } },
        ),
    }),
  ),

  {
    name: 'echo: what is sent in open arrives before what answers the first message',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            open: (socket) => void socket.send('welcome'),
            message: (socket, message) => socket.send(message),
          }),
        async (running) => {
          const client = await running.raw();
          client.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n');
          client.write(
            'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
            masked(1, 'early'),
          );
          equal((await client.response()).status, 101, 'status');
          equal(await client.frames(2), ['text "welcome"', 'text "early"'], 'order');
        },
      ),
  },

  {
    name: 'echo: broadcast reaches everybody once',
    run: (env) =>
      withServer(
        env,
        (server) => void server.useWebSockets({}),
        async (running) => {
          const clients = await Promise.all(Array.from({ length: 10 }, () => running.socket()));
          await until(() => running.server.sockets.size === 10, 'ten sockets');
          running.server.broadcast('to all');
          running.server.broadcast(Uint8Array.of(1));
          for (const client of clients)
            equal(await client.frames(2), ['text "to all"', 'binary 01'], 'what came');
        },
      ),
  },
];
