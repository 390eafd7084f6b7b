/**
 * Many at once, and nothing left of them.
 *
 * @module
 */
import { Bits } from '../../support/deflate-bits.ts';
import { frame, tell } from '../../support/wire.ts';
import { BehaviourFailure, check, equal, fails, gate, pause, until } from '../assert.ts';
import { type BehaviourCase, type Env, echo, type Running, withServer } from '../env.ts';

const CONNECTIONS = 200;
const MESSAGES = 1000;
/** 5 bytes a message, or 5 000 a connection. */
const LEAK_BYTES = 1_000_000;

/** What message `i` of connection `of` says; every 50th is binary, and long. */
function messageOf(of: number, i: number): string | Uint8Array {
  if (i % 50 !== 49) return `${of}:${i}`;
  return new Uint8Array(300).fill((of * 7 + i) & 0xff);
}

/** DEFLATE blocks that hold nothing, each of them with codes of its own, and an empty stored one at the end without its 00 00 FF FF. */
function emptyBlocks(bytes: number): Uint8Array {
  const bits = new Bits();
  // Eight of them end on a byte.
  for (let i = 0; i < 8; i++) {
    bits.put(0b100, 3).put(0, 5).put(0, 5).put(14, 4);
    for (const symbol of [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1]) {
      bits.put(symbol === 18 || symbol === 1 ? 1 : 0, 3);
    }
    // 256 lengths of 0, two of 1, and the end of the block.
    bits
      .put(1, 1)
      .put(138 - 11, 7)
      .put(1, 1)
      .put(118 - 11, 7)
      .put(0, 3);
  }
  const eight = bits.bytes();
  const all = new Uint8Array(Math.floor(bytes / eight.length) * eight.length + 1);
  for (let at = 0; at + eight.length < all.length; at += eight.length) all.set(eight, at);
  return all;
}

/** All messages of one connection, there and back. */
async function talk(env: Env, running: Running, of: number): Promise<number> {
  const socket = await env.connect(running.url(`/${of}`));
  const sending = (async () => {
    for (let i = 0; i < MESSAGES; i++) await socket.send(messageOf(of, i));
  })();
  let count = 0;
  for await (const message of socket) {
    const expected = messageOf(of, count);
    if (typeof expected === 'string')
      check(message === expected, `connection ${of}: got ${message}, expected ${expected}`);
    else equal(message, expected, `connection ${of}, message ${count}`);
    if (++count === MESSAGES) break;
  }
  await sending;
  const { code, wasClean } = await socket.close(1000);
  equal([code, wasClean], [1000, true], `connection ${of}: goodbye`);
  return count;
}

/** Load. */
export const LOAD: readonly BehaviourCase[] = [
  {
    name: `load: ${CONNECTIONS} connections with ${MESSAGES} messages each lose, reorder and mix up nothing, and leave nothing behind`,
    run: async (env) => {
      const round = (): Promise<void> =>
        withServer(env, echo, async (running) => {
          const counts = await Promise.all(
            Array.from({ length: CONNECTIONS }, (_, of) => talk(env, running, of)),
          );
          equal(
            counts.reduce((sum, count) => sum + count, 0),
            CONNECTIONS * MESSAGES,
            'messages',
          );
          await running.empty();
          equal(running.errors, [], 'errors');
        });
      await round();
      if (env.liveBytes === undefined) return;
      // The first rounds warm code and caches up; what leaks, leaks in each of them.
      const growth: number[] = [];
      for (let before = env.liveBytes(); growth.length < 4; ) {
        await round();
        const now = env.liveBytes();
        growth.push(now - before);
        if (now - before < LEAK_BYTES) return;
        before = now;
      }
      throw new BehaviourFailure(`each round left bytes behind: ${growth.join(', ')}`);
    },
  },
  {
    name: 'load: 2 000 connections that come and go leave nothing behind',
    run: (env) =>
      withServer(env, echo, async (running) => {
        for (let round = 0; round < 20; round++) {
          await Promise.all(
            Array.from({ length: 100 }, async (_, i) => {
              if (i % 2 === 0) {
                const client = await running.socket();
                client.destroy();
              } else {
                const socket = await env.connect(running.url());
                await socket.close(1000);
              }
            }),
          );
        }
        await until(() => running.server.connectionCount === 0, 'all connections are gone');
        equal(running.server.sockets.size, 0, 'sockets');
      }),
  },
  {
    name: 'load: a server that sends much, to a client that answers each message before it reads the next, and at length',
    run: (env) => {
      const message = new Uint8Array(1_000_000);
      const count = 24;
      let got = 0;
      return withServer(
        env,
        (server) =>
          void server.useWebSockets({
            async open(socket) {
              for (let i = 0; i < count; i++) await socket.send(message);
            },
            message: () => void got++,
          }),
        async (running) => {
          const socket = await env.connect(running.url(), {
            limits: { maxSendBufferBytes: 2 * message.length },
          });
          let answered = 0;
          for await (const each of socket) {
            await socket.send(each);
            if (++answered === count) break;
          }
          await until(() => got === count, 'all answers');
          equal((await socket.close(1000)).wasClean, true, 'goodbye');
          equal(running.errors, [], 'errors');
        },
        { limits: { pingIntervalMs: 1000, pongTimeoutMs: 1000 } },
      );
    },
  },

  ...['x'.repeat(16_384), ''].map(
    (piece): BehaviourCase => ({
      name: `load: a streamed message in pieces of ${piece.length} that is always ready leaves others their turn, and the peer's leaving ends it`,
      run: (env) => {
        const left = gate();
        return withServer(
          env,
          (server) =>
            void server.useWebSockets({
              message: () => {},
              async open(socket) {
                // The end is there for the test's sake.
                const end = performance.now() + 5000;
                const source = function* (): Generator<string> {
                  try {
                    while (performance.now() < end) yield piece;
                  } finally {
                    if (performance.now() < end) left.open();
                  }
                };
                await fails(socket.sendStream(source()), 'not-open', 'the stream');
              },
            }),
          async (running) => {
            const client = await running.socket('/', 'Sec-WebSocket-Extensions: permessage-deflate');
            const start = performance.now();
            await pause(20);
            const late = performance.now() - start;
            check(late < 1000, `a timer of 20 ms came after ${late} ms`);
            client.destroy();
            await left.promise;
            await running.empty();
          },
          { compression: true },
        );
      },
    }),
  ),

  {
    name: 'load: a peer whose bytes take long to inflate, and come fast, leaves others their turn',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useWebSockets({
            message: (socket, message) => socket.send(`${message.length} bytes`, { compress: false }),
          }),
        async (running) => {
          const client = await running.socket('/', 'Sec-WebSocket-Extensions: permessage-deflate');
          const payload = emptyBlocks(4 * 1024 * 1024);
          let last = performance.now();
          const began = last;
          let longest = 0;
          const timer = setInterval(() => {
            const now = performance.now();
            longest = Math.max(longest, now - last);
            last = now;
          }, 1);
          client.write(frame({ opcode: 2, rsv: 4, payload, key: [0, 0, 0, 0] }));
          const answer = await client.frame();
          clearInterval(timer);
          equal(tell(answer), 'text "0 bytes"', 'the answer');
          const took = performance.now() - began;
          check(longest < took / 4, `a timer waited for ${longest} ms of ${took}`);
        },
        { compression: true },
      ),
  },
];
