/**
 * Limits and times, small enough to be seen.
 *
 * @module
 */
import { queueTask } from '../../../src/socket/host.ts';
import { type RawClient, requestHead } from '../../support/raw-client.ts';
import { closing, concat, masked } from '../../support/wire.ts';
import { check, equal, fails, pause, until } from '../assert.ts';
import { type BehaviourCase, type Env, echo, withServer } from '../env.ts';

const TIMES = {
  headTimeoutMs: 60,
  keepAliveTimeoutMs: 60,
  closeTimeoutMs: 60,
  pingIntervalMs: 60,
  pongTimeoutMs: 60,
};

/** Bytes that live before a case adds any; what earlier cases left may take a few collections. */
async function liveAtRest(env: Env): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 5; i++) {
    least = Math.min(least, env.liveBytes?.() ?? 0);
    await pause(20);
  }
  return least;
}

/** Output that its peer takes slowly, but steadily. */
function longOutput(secure: boolean): BehaviourCase {
  return {
    name: `limits: a long answer and a long message arrive whole at a peer that takes much longer than any deadline${secure ? ', over TLS' : ''}`,
    run: (env) => {
      const ms = 400;
      const size = 40_000_000;
      const body = new Uint8Array(size);
      /** Take it and the head before it, slowly. */
      const takeSlowly = async (client: RawClient, head: number): Promise<Uint8Array> => {
        const before = client.receivedBytes;
        for (let taken = 0; taken < size; taken += 2_000_000) {
          client.pause();
          await pause(60);
          client.resume();
          await client.whenReceived(before + taken);
        }
        await client.whenReceived(before + head + size);
        return client.take();
      };
      return withServer(
        env,
        (server) => {
          server.useHttp((request, response) => response.send(request.path === '/long' ? body : 'short'));
          server.useWebSockets({ message: (socket) => void socket.send(body) });
        },
        async (running) => {
          const where = secure ? { hostname: 'localhost', tls: { ca: env.tls.ca } } : undefined;
          const asking = await running.raw(where);
          asking.write(requestHead('HEAD /long'));
          await asking.response('HEAD');
          const head = asking.receivedBytes;
          asking.write(requestHead('GET /long'));
          equal((await takeSlowly(asking, head)).length, head + size, 'bytes of the answer');
          asking.write(requestHead('GET /short'));
          equal((await asking.response()).body, 'short', 'the next answer');

          const client = await running.raw(where);
          equal((await client.upgrade()).status, 101, 'status');
          client.send(1, 'go');
          await takeSlowly(client, 10);
          equal(running.errors, [], 'errors');
        },
        {
          limits: {
            headTimeoutMs: ms,
            keepAliveTimeoutMs: ms,
            closeTimeoutMs: ms,
            pingIntervalMs: ms,
            pongTimeoutMs: ms,
            maxSendBufferBytes: 2 * size,
          },
        },
        secure ? { tls: env.tls.server, hostname: 'localhost' } : {},
      );
    },
  };
}

/** Limits. */
export const LIMITS: readonly BehaviourCase[] = [
  {
    name: 'limits: maxMessageBytes is exact, whole and over any number of fragments; past it 1009',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          for (const count of [1, 2, 3, 10, 100]) {
            for (const size of [100, 101]) {
              const client = await running.socket();
              const piece = Math.floor(size / count);
              for (let i = 0; i < count; i++) {
                const last = i === count - 1;
                const payload = new Uint8Array(last ? size - piece * i : piece);
                client.write(masked(i === 0 ? 2 : 0, payload, { fin: last }));
              }
              const { opcode, payload } = await client.frame();
              if (size === 100) equal([opcode, payload.length], [2, 100], `${size} bytes in ${count}`);
              else equal([opcode, payload[0], payload[1]], [8, 0x03, 0xf1], `${size} bytes in ${count}`);
              client.destroy();
            }
          }
        },
        { limits: { maxMessageBytes: 100 } },
      ),
  },
  {
    name: 'limits: maxFragments counts empty ones too; past it 1008',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const client = await running.socket();
          client.write(masked(1, '', { fin: false }));
          for (let i = 0; i < 50; i++) client.write(masked(0, '', { fin: false }));
          const { opcode, payload } = await client.frame();
          equal([opcode, payload[0], payload[1]], [8, 0x03, 0xf0], 'close frame');
        },
        { limits: { maxFragments: 10 } },
      ),
  },
  {
    name: 'limits: a compressed message that inflates beyond maxMessageBytes is closed with 1009',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const socket = await env.connect(running.url(), { compression: true });
          await socket.send('x'.repeat(50_000));
          equal((await socket.closed).code, 1009, 'code');
          equal(running.errors, ['socket: inflated-too-big'], 'errors');
        },
        { compression: true, limits: { maxMessageBytes: 10_000 } },
      ),
  },
  {
    name: 'limits: heads, targets, header lines and bodies that are too big get 431, 414 and 413',
    run: (env) =>
      withServer(
        env,
        (server) => void server.useHttp(async (request, response) => response.send(await request.text())),
        async (running) => {
          const ask = async (text: string): Promise<number> => {
            const client = await running.raw();
            const { status } = await client.write(text).response();
            await client.whenEnded();
            return status;
          };
          equal(await ask(requestHead('GET /', `X: ${'x'.repeat(2000)}`)), 431, 'head');
          equal(await ask(requestHead('GET /', ...Array.from({ length: 30 }, () => 'A: b'))), 431, 'headers');
          equal(await ask(requestHead(`GET /${'x'.repeat(500)}`)), 414, 'target');
          equal(await ask(`${requestHead('POST /', 'Content-Length: 101')}`), 413, 'declared body');
          equal(
            await ask(`${requestHead('POST /', 'Transfer-Encoding: chunked')}65\r\n${'x'.repeat(101)}\r\n`),
            413,
            'body',
          );
        },
        { limits: { maxHeadBytes: 1000, maxHeaders: 20, maxTargetBytes: 400, maxBodyBytes: 100 } },
      ),
  },
  {
    name: 'limits: half a head gets 408, silence gets nothing, both are dropped in time',
    run: (env) =>
      withServer(
        env,
        () => {},
        async (running) => {
          const half = await running.raw();
          const silent = await running.raw();
          const idle = await running.raw();
          half.write('GET / HTTP/1.1\r\nHost:');
          idle.write(requestHead('GET /'));
          equal((await idle.response()).status, 404, 'idle');
          equal((await half.response()).status, 408, 'half');
          for (const client of [half, silent, idle]) {
            await client.whenEnded();
            equal(client.bytes.length, 0, 'bytes behind');
          }
          await running.empty();
        },
        { limits: TIMES },
      ),
  },
  {
    name: 'limits: a silent WebSocket is pinged, closed with 1011 and dropped; one that answers stays',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const client = await running.socket();
          const socket = await env.connect(running.url());
          let frame = await client.frame();
          equal(frame.opcode, 9, 'ping');
          while (frame.opcode === 9) frame = await client.frame();
          const { opcode, payload } = frame;
          equal([opcode, payload[0], payload[1]], [8, 0x03, 0xf3], 'close frame');
          await client.whenEnded();
          client.destroy();
          await until(() => running.server.connectionCount === 1, 'the silent one is gone');
          await pause(100);
          equal(socket.state, 'open', 'the one that answers');
        },
        // The one that answers may need a while, where the machine has much else to do.
        { limits: { ...TIMES, pongTimeoutMs: 500 } },
      ),
  },
  {
    name: 'limits: what came in time is read first, where the process itself was kept busy past every deadline',
    run: (env) =>
      withServer(
        env,
        (server) => {
          server.useWebSockets((socket, message) =>
            message === 'leave' ? void socket.close(1000) : socket.send(message),
          );
          server.useHttp(async (request, response) => response.send(await request.text()));
        },
        async (running) => {
          const socket = await running.socket();
          equal((await socket.frame()).opcode, 9, 'ping');
          const leaving = await running.socket();
          const [head, body, idle] = await Promise.all([running.raw(), running.raw(), running.raw()]);
          leaving.send(1, 'leave');
          for (let opcode = 9; opcode !== 8; ) ({ opcode } = await leaving.frame());
          idle.write(requestHead('GET /'));
          equal((await idle.response()).status, 200, 'idle');
          head.write('GET / HT');
          body.write(requestHead('POST /', 'Content-Length: 4'), 'ab');
          await pause(20);
          // A timer may be followed by reading; what comes after reading is followed by timers.
          await new Promise((resolve) => queueTask(() => resolve(undefined)));
          socket.send(10, 'here');
          leaving.send(8, closing(1000));
          head.write('TP/1.1\r\nHost: localhost\r\n\r\n');
          body.write('cd');
          idle.write(requestHead('GET /'));
          for (const end = performance.now() + 1200; performance.now() < end; );
          equal((await head.response()).status, 200, 'head');
          equal((await body.response()).body, 'abcd', 'body');
          equal((await idle.response()).status, 200, 'the next request');
          socket.send(1, 'still here');
          let frame = await socket.frame();
          while (frame.opcode === 9) frame = await socket.frame();
          equal([frame.opcode, frame.payload.length], [1, 10], 'echo');
          await leaving.whenEnded();
          equal(running.errors, [], 'errors');
        },
        {
          limits: {
            headTimeoutMs: 1000,
            keepAliveTimeoutMs: 1000,
            closeTimeoutMs: 1000,
            pingIntervalMs: 50,
            pongTimeoutMs: 1000,
          },
        },
      ),
  },
  {
    name: 'limits: a peer that never answers a close is dropped after closeTimeoutMs',
    run: (env) =>
      withServer(
        env,
        (server) => void server.useWebSockets({ open: (socket) => void socket.close(4000) }),
        async (running) => {
          const client = await running.socket();
          equal(await client.frames(1), ['close 4000'], 'goodbye');
          await running.empty();
        },
        { limits: TIMES },
      ),
  },
  {
    name: 'limits: past maxSendBufferBytes send rejects, and the peer sees 1013',
    run: async (env) => {
      let outcome: unknown;
      await withServer(
        env,
        (server) =>
          void server.useWebSockets({
            message: async (socket) => {
              const sends = Array.from({ length: 200 }, () => socket.send(new Uint8Array(500_000)));
              const results = await Promise.allSettled(sends);
              const codes = results.map((each) =>
                each.status === 'rejected' ? (each.reason as { code: string }).code : 'sent',
              );
              outcome = [codes.includes('send-buffer-full'), codes.at(-1)];
            },
          }),
        async (running) => {
          const client = await running.socket();
          client.pause();
          client.send(1, 'go');
          await until(() => outcome !== undefined, 'the sends settle');
          equal(outcome, [true, 'not-open'], 'outcome');
          equal(running.errors, ['socket: send-buffer-full'], 'errors');
          client.resume();
          await client.whenEnded();
          const end = client.bytes;
          check(end.length > 500_000, `what arrived before: ${end.length} bytes`);
        },
        { limits: { maxSendBufferBytes: 2_000_000 } },
      );
    },
  },
  {
    name: 'limits: await send holds a handler back while the peer does not read',
    run: async (env) => {
      let sent = 0;
      await withServer(
        env,
        (server) =>
          void server.useWebSockets(async (socket) => {
            for (; sent < 600; sent++) await socket.send(new Uint8Array(50_000));
          }),
        async (running) => {
          const client = await running.socket();
          client.pause();
          client.send(1, 'go');
          await until(() => sent > 0, 'the first message');
          for (let before = -1; before !== sent; await pause(30)) before = sent;
          check(sent < 500, `sent ${sent} messages to a peer that does not read`);
          client.resume();
          await until(() => sent === 600, 'all are sent');
          await client.whenReceived(600 * 50_000);
        },
      );
    },
  },
  longOutput(false),
  longOutput(true),
  {
    name: 'limits: senders that stall half-way hold what came of their messages, not what they declared',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const clients = await Promise.all(Array.from({ length: 32 }, () => running.socket()));
        const came = 400_000;
        const first = masked(2, new Uint8Array(came), { fin: false });
        const last = masked(0, new Uint8Array(600_000));
        const before = await liveAtRest(env);
        const held = (): number => ((env.liveBytes?.() ?? 0) - before) / clients.length;
        // The pong says that all is there: the header of the last fragment lies right behind the ping.
        for (const client of clients) client.write(concat([first, masked(9, '?'), last.subarray(0, 20)]));
        for (const client of clients) equal(await client.frames(1), ['pong 3f'], 'pong');
        if (env.liveBytes !== undefined) {
          await until(() => held() > 0.7 * came, 'what is held can be seen');
          await until(() => held() < 1.5 * came, 'no more is held than came');
        }
        for (const client of clients) client.write(last.subarray(20));
        for (const client of clients) equal((await client.frame()).payload.length, 1_000_000, 'echo');
      }),
  },
  {
    name: 'limits: peers that do not read hold maxSendBufferBytes each, and what they held is free when they are gone',
    run: async (env) => {
      const limit = 500_000;
      let refused = 0;
      await withServer(
        env,
        (server) =>
          void server.useWebSockets(async (socket) => {
            try {
              for (let i = 0; socket.state === 'open'; i++) {
                void socket.send(new Uint8Array(50_000).fill(i)).catch(() => {});
                check(socket.bufferedAmount <= limit + 14, `${socket.bufferedAmount} bytes wait`);
                await pause(0);
              }
            } finally {
              refused++;
            }
          }),
        async (running) => {
          const clients = await Promise.all(Array.from({ length: 16 }, () => running.socket()));
          for (const client of clients) client.pause();
          const before = await liveAtRest(env);
          const held = (): number => ((env.liveBytes?.() ?? 0) - before) / clients.length;
          for (const client of clients) client.send(1, 'go');
          await until(() => refused === clients.length, 'all are refused');
          equal(running.errors, Array(16).fill('socket: send-buffer-full'), 'errors');
          if (env.liveBytes !== undefined)
            await until(() => held() > 0.5 * limit, 'what is held can be seen');
          await until(() => held() < 1.5 * limit, 'no more is held than the limit says');
          for (const client of clients) client.destroy();
          await running.empty();
          await until(() => held() < limit / 4, 'what was held is free');
        },
        { limits: { maxSendBufferBytes: limit } },
      );
    },
  },
  {
    name: 'limits: a server does not read faster than its handlers are done',
    run: async (env) => {
      let started = 0;
      let open: () => void = () => {};
      const promise = new Promise<void>((resolve) => {
        open = resolve;
      });
      await withServer(
        env,
        (server) =>
          void server.useWebSockets(() => {
            started++;
            return promise;
          }),
        async (running) => {
          const client = await running.socket();
          for (let i = 0; i < 500; i++) client.write(masked(2, new Uint8Array(20_000)));
          await until(() => started > 0, 'the first message');
          for (let before = -1; before !== started; await pause(20)) before = started;
          check(started >= 3 && started < 50, `${started} handlers are under way`);
          open();
          await until(() => started === 500, 'all are handled');
        },
      );
    },
  },
  {
    name: 'limits: a flood of pings gets pongs, and costs no memory to speak of',
    run: (env) =>
      withServer(env, echo, async (running) => {
        const client = await running.socket();
        const one = masked(9, 'x'.repeat(125));
        const flood = new Uint8Array(one.length * 20_000);
        for (let i = 0; i < 20_000; i++) flood.set(one, i * one.length);
        client.write(flood).send(1, 'alive').send(8, closing(1000));
        let pongs = 0;
        for (;;) {
          const { opcode } = await client.frame();
          if (opcode === 8) break;
          if (opcode === 10) pongs++;
        }
        check(pongs >= 1 && pongs <= 20_000, `${pongs} pongs`);
      }),
  },
  {
    name: 'limits: maxConnections answers one too many with 503',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const first = await running.socket();
          const second = await running.raw();
          equal((await second.response()).status, 503, 'status');
          await fails(env.connect(running.url()), 'unexpected-status', 'connect');
          first.send(1, 'still here');
          equal(await first.frames(1), ['text "still here"'], 'the first');
        },
        { limits: { maxConnections: 1 } },
      ),
  },
];
