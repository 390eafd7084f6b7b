/**
 * The contract's cases about bytes: their order, who owns them, and what happens when there are too many.
 *
 * @module
 */
import { HIGH_WATER_BYTES } from '../transport.ts';
import {
  ascii,
  type ContractCase,
  check,
  joined,
  mismatch,
  type Probe,
  pattern,
  pause,
  same,
} from './support.ts';

const MIB = 1024 * 1024;

/** Check every chunk against the pattern as it comes in. */
function expectPattern(probe: Probe): void {
  probe.keep = false;
  probe.onData = (bytes) => {
    const at = mismatch(bytes, probe.received - bytes.length);
    if (at >= 0)
      probe.violation ??= `byte ${probe.received - bytes.length + at} is not the one that was sent`;
  };
}

/** Write until `write` answers false; how many bytes that took. */
function fill(probe: Probe, pieceBytes: number, most: number): number {
  let written = 0;
  while (written < most) {
    const more = probe.write(pattern(written, pieceBytes));
    written += pieceBytes;
    const { bufferedBytes } = probe.stream;
    check(
      more === bufferedBytes < HIGH_WATER_BYTES,
      `${probe.who}: write answered ${more} with ${bufferedBytes} bytes buffered`,
    );
    if (!more) return written;
  }
  return written;
}

/** Send `total` bytes of the pattern, as fast as `write` and `drain` allow; the most that was ever buffered. */
async function pump(probe: Probe, total: number, pieceBytes: number): Promise<number> {
  let sent = 0;
  let most = 0;
  const push = (): void => {
    for (let more = true; more && sent < total; ) {
      const size = Math.min(pieceBytes, total - sent);
      more = probe.write(pattern(sent, size));
      sent += size;
      most = Math.max(most, probe.stream.bufferedBytes);
    }
    if (sent === total) probe.call((stream) => stream.end());
  };
  probe.onDrain = push;
  push();
  await probe.until(() => sent === total, `${total} bytes to be sent`);
  return most;
}

/** Read a little, rest, read on. */
function readSlowly(probe: Probe): void {
  const { onData } = probe;
  let last = 0;
  probe.onData = (bytes) => {
    onData?.(bytes);
    if (probe.received - last < 4 * MIB) return;
    last = probe.received;
    probe.stream.pause();
    setTimeout(() => probe.stream.resume(), 2);
  };
}

/** Order, ownership, backpressure. */
export const STREAM_CASES: readonly ContractCase[] = [
  {
    name: 'bytes arrive in order, both ways at once, whatever sizes they are written in',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        const sizes = [1, 2, 3, 125, 126, 1000, 4096, 16_384, 65_535, 65_536, 65_537, 7];
        let total = 0;
        expectPattern(client);
        expectPattern(server);
        for (let round = 0; round < 5; round++) {
          for (const size of sizes) {
            client.write(pattern(total, size));
            server.write(pattern(total, size));
            total += size;
          }
        }
        await client.until(() => client.received === total, `${total} bytes`);
        await server.until(() => server.received === total, `${total} bytes`);
      }),
  },
  {
    name: 'a write sends the bytes of the view that it was given, and no others of its memory',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        const memory = ascii('..hello..');
        client.write(memory.subarray(2, 7));
        client.write(memory.subarray(3, 3));
        client.call((stream) => stream.end());
        await server.until(() => server.ended, 'end');
        same(server.text(), 'hello', 'what arrived');
      }),
  },
  {
    name: 'a write of no bytes is no write: it answers as before, and nothing arrives',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        same(client.write(new Uint8Array(0)), true, 'the answer of an empty write');
        client.write(ascii('x'));
        await server.until(() => server.received === 1, '1 byte');
      }),
  },
  {
    name: 'a chunk belongs to its receiver: kept and overwritten, it stays as the receiver left it',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        const total = 300_000;
        const copies: Uint8Array[] = [];
        server.onData = (bytes) => {
          const at = mismatch(bytes, server.received - bytes.length);
          if (at >= 0) server.violation ??= 'a chunk was overwritten before it came in';
          for (let index = 0; index < bytes.length; index++) bytes[index]! ^= 0xff;
          copies.push(bytes.slice());
        };
        for (let sent = 0; sent < total; sent += 1000) {
          client.write(pattern(sent, 1000));
          if (sent % 50_000 === 0) await pause(1);
        }
        await server.until(() => server.received === total, `${total} bytes`);
        const changed = server.chunks.findIndex((chunk, index) =>
          chunk.some((byte, at) => byte !== copies[index]![at]),
        );
        same(changed, -1, 'the index of a chunk that changed after it was handed over');
      }),
  },
  {
    name: 'a handler that takes chunks on loan hears the same bytes, and may write to them until it returns',
    run: (setup) =>
      joined(
        setup,
        async ({ client, server }) => {
          expectPattern(client);
          expectPattern(server);
          let total = 0;
          for (const size of [1, 100, 1000, 1024, 5000, 70_000, 3, 300_000, 1, 2, 3]) {
            client.write(pattern(total, size));
            server.write(pattern(total, size));
            total += size;
            await server.until(() => server.received === total, `${total} bytes`);
            if (size === 5000) {
              server.call((stream) => stream.pause());
              client.write(pattern(total, 20));
              server.write(pattern(total, 20));
              total += 20;
              await pause(5);
              server.call((stream) => stream.resume());
            }
          }
          await client.until(() => client.received === total, `${total} bytes`);
        },
        {
          wrap: (probe) => ({
            data: (bytes) => probe.data(bytes),
            lend(bytes) {
              probe.data(bytes.slice());
              bytes.fill(0xee);
            },
            end: () => probe.end(),
            drain: () => probe.drain(),
            close: (error) => probe.close(error),
          }),
        },
      ),
  },
  {
    name: 'bytes that were written are only read: the same memory can go to two streams, and its receivers may write to theirs',
    run: (setup) =>
      joined(setup, (first) =>
        joined(setup, async (second) => {
          const shared = pattern(0, 200_000);
          for (const { client, server } of [first, second]) {
            expectPattern(server);
            const { onData } = server;
            server.onData = (bytes) => {
              onData?.(bytes);
              bytes.fill(0);
            };
            client.write(shared);
            client.write(pattern(200_000, 10));
          }
          for (const { server } of [first, second]) {
            await server.until(() => server.received === 200_010, '200010 bytes');
          }
          same(mismatch(shared, 0), -1, 'the first byte of the written memory that changed');
        }),
      ),
  },
  {
    name: 'one write that is larger than any buffer arrives whole',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        server.call((stream) => stream.pause());
        const total = 24 * MIB;
        same(client.write(pattern(0, total)), false, 'the answer of a write that does not fit');
        check(client.stream.bufferedBytes > 0, 'bufferedBytes is 0 though the reader takes nothing');
        client.write(pattern(total, 5));
        client.call((stream) => stream.end());
        server.call((stream) => stream.resume());
        await server.until(() => server.ended, 'end');
        same(server.received, total + 5, 'bytes received');
        same(client.stream.bufferedBytes, 0, 'bufferedBytes in the end');
      }),
  },
  {
    name: 'write answers false from HIGH_WATER_BYTES on, and drain follows once, when there is room again',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        server.call((stream) => stream.pause());
        const written = fill(client, 16_384, 64 * MIB);
        check(written < 64 * MIB, 'write never answered false though nobody reads');
        same(client.drains, 0, 'drains before anything was read');
        server.call((stream) => stream.resume());
        await client.until(() => client.drains > 0, 'drain');
        check(client.stream.bufferedBytes < HIGH_WATER_BYTES, 'drain came while the stream was still full');
        await server.until(() => server.received === written, `${written} bytes`);
        same(client.drains, 1, 'drains');
      }),
  },
  {
    name: 'many tiny writes to a reader that rests are all kept, in order',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        server.call((stream) => stream.pause());
        let written = fill(client, 16_384, 64 * MIB);
        for (let piece = 0; piece < 20_000; piece++) {
          const size = 1 + (piece % 7);
          client.write(pattern(written, size));
          written += size;
        }
        server.call((stream) => stream.resume());
        client.call((stream) => stream.end());
        await server.until(() => server.ended, 'end');
        same(server.received, written, 'bytes received');
      }),
  },
  {
    name: 'what is written while a full stream drains does not overtake what waits',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        const total = 12 * MIB;
        let written = 0;
        const push = (size: number): void => {
          client.write(pattern(written, size));
          written += size;
        };
        server.call((stream) => stream.pause());
        push(8 * MIB);
        const { onData } = server;
        server.onData = (bytes) => {
          onData?.(bytes);
          // As the reader takes, and against the advice of `write`: just when there may be room.
          if (written < total) for (let piece = 0; piece < 20; piece++) push(3001);
        };
        server.call((stream) => stream.resume());
        await server.until(() => written >= total && server.received === written, 'all bytes');
      }),
  },
  {
    name: 'drain does not come where no write answered false',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        for (let piece = 0; piece < 50; piece++)
          same(client.write(ascii('ab')), true, 'the answer of a small write');
        await server.until(() => server.received === 100, '100 bytes');
        await pause(10);
        same(client.drains, 0, 'drains');
      }),
  },
  {
    name: 'a paused stream hands over nothing more, its sender feels it, and resume loses nothing',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        let written = 0;
        client.write(pattern(0, 1000));
        written += 1000;
        await server.until(() => server.received > 0, 'the first bytes');
        server.call((stream) => {
          stream.pause();
          stream.pause();
        });
        await pause(10);
        const before = server.received;
        for (let round = 0; written < 64 * MIB; round++) {
          const more = client.write(pattern(written, 65_536));
          written += 65_536;
          if (!more) break;
          if (round % 16 === 0) await pause(1);
        }
        check(written < 64 * MIB, 'the sender was never told to wait');
        await pause(30);
        check(server.received - before <= 65_536, `${server.received - before} bytes came in while paused`);
        server.call((stream) => {
          stream.resume();
          stream.resume();
        });
        await server.until(() => server.received === written, `${written} bytes`);
      }),
  },
  {
    name: 'a stream that is paused while it is accepted hands over nothing until resume',
    run: (setup) =>
      joined(
        setup,
        async ({ client, server }) => {
          client.write(ascii('early'));
          client.call((stream) => stream.end());
          await pause(30);
          same(server.received, 0, 'bytes received while paused');
          same(server.ended, false, 'whether end came while paused');
          server.call((stream) => stream.resume());
          await server.until(() => server.ended, 'end');
          same(server.text(), 'early', 'what arrived');
        },
        { accepted: (server) => server.call((stream) => stream.pause()) },
      ),
  },
  {
    name: 'pause and resume inside data work',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        const { onData } = server;
        server.onData = (bytes) => {
          onData?.(bytes);
          server.call((stream) => stream.pause());
          setTimeout(() => server.call((stream) => stream.resume()), 0);
        };
        const total = 500_000;
        for (let sent = 0; sent < total; sent += 10_000) client.write(pattern(sent, 10_000));
        await server.until(() => server.received === total, `${total} bytes`);
      }),
  },
  {
    name: 'connect’s handler hears nothing before connect has resolved, and then everything',
    run: (setup) =>
      joined(
        setup,
        async ({ client }) => {
          // `joined` has set `stream` by now: what came before that could not have been answered.
          await client.until(() => client.received === 5, '5 bytes');
          same(client.text(), 'hello', 'what arrived');
        },
        {
          accepted: (server) => {
            server.write(ascii('hello'));
          },
        },
      ),
  },
  {
    name: '64 MiB go to a slow reader with a bounded buffer, towards the server',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(server);
        readSlowly(server);
        const most = await pump(client, 64 * MIB, 65_536);
        check(most < 2 * HIGH_WATER_BYTES, `${most} bytes were buffered at once`);
        await server.until(() => server.ended, 'end');
        same(server.received, 64 * MIB, 'bytes received');
      }),
  },
  {
    name: '64 MiB go to a slow reader with a bounded buffer, towards the client',
    run: (setup) =>
      joined(setup, async ({ client, server }) => {
        expectPattern(client);
        readSlowly(client);
        const most = await pump(server, 64 * MIB, 65_536);
        check(most < 2 * HIGH_WATER_BYTES, `${most} bytes were buffered at once`);
        await client.until(() => client.ended, 'end');
        same(client.received, 64 * MIB, 'bytes received');
      }),
  },
];
