import { IncomingMessage, PreparedMessage, type Socket } from 'sansocket';
import { createMemoryTransport, type MemoryPairOptions } from 'sansocket/transport';
import { describe, expect, test, vi } from 'vitest';
import type { RawClient } from '../../support/raw-client.ts';
import { frame, KEY, masked, plain } from '../../support/wire.ts';
import { gate, Rig, stopAfterEach, turns, until } from '../server/support.ts';

stopAfterEach();

type Handlers = Parameters<Rig['server']['useWebSockets']>[0];
type Options = ConstructorParameters<typeof Rig>[1];

interface Connected {
  readonly rig: Rig;
  readonly client: RawClient;
  readonly socket: Socket;
  /** Let through, or hold back, what the server sends. */
  readonly toClient: { stall(): void; flow(): void };
}

/** A socket of a server, with a stranger at the other end. */
async function connected(
  handlers: Handlers = {},
  options: Options = {},
  pairs: MemoryPairOptions = {},
): Promise<Connected> {
  const transport = createMemoryTransport(pairs);
  const rig = new Rig(transport, options);
  rig.server.useWebSockets(handlers);
  await rig.start();
  const client = await rig.socket();
  const [socket] = rig.server.sockets;
  const [pair] = transport.pairs;
  return { rig, client, socket: socket!, toClient: pair!.toClient };
}

const notOpen = expect.objectContaining({ code: 'not-open', name: 'ProtocolError' });

/** The same bytes, many times over, as one chunk. */
function many(times: number, bytes: Uint8Array): Uint8Array {
  const all = new Uint8Array(times * bytes.length);
  for (let i = 0; i < times; i++) all.set(bytes, i * bytes.length);
  return all;
}

/** How a promise stands. */
async function standing(promise: Promise<unknown>): Promise<string> {
  return Promise.race([
    promise.then(
      () => 'resolved',
      (error: { code?: string }) => `rejected ${error.code ?? error}`,
    ),
    turns(3).then(() => 'pending'),
  ]);
}

describe('Socket.send: what can be sent', () => {
  const buffer = Uint8Array.from({ length: 64 }, (_, i) => i).buffer;
  const shared = new SharedArrayBuffer(8);
  new Uint8Array(shared).set([0, 1, 2, 3, 4, 5, 6, 7]);

  test.each([
    ['Uint8Array', new Uint8Array(buffer, 8, 8)],
    ['Uint8ClampedArray', new Uint8ClampedArray(buffer, 8, 8)],
    ['Int8Array', new Int8Array(buffer, 8, 8)],
    ['Uint16Array', new Uint16Array(buffer, 8, 4)],
    ['Int16Array', new Int16Array(buffer, 8, 4)],
    ['Uint32Array', new Uint32Array(buffer, 8, 2)],
    ['Int32Array', new Int32Array(buffer, 8, 2)],
    ['Float32Array', new Float32Array(buffer, 8, 2)],
    ['Float64Array', new Float64Array(buffer, 8, 1)],
    ['BigInt64Array', new BigInt64Array(buffer, 8, 1)],
    ['BigUint64Array', new BigUint64Array(buffer, 8, 1)],
    ['DataView', new DataView(buffer, 8, 8)],
    ['Buffer', Buffer.from(buffer, 8, 8)],
    ['ArrayBuffer', buffer.slice(8, 16)],
  ])(
    '%s: exactly its own bytes, as message, ping and pong [CVE-2016-10518, CVE-2026-45736]',
    async (_, bytes) => {
      const { client, socket } = await connected();
      void socket.send(bytes);
      void socket.ping(bytes);
      void socket.pong(bytes);
      const expected = '08090a0b0c0d0e0f';
      expect(await client.frames(3)).toEqual([`binary ${expected}`, `ping ${expected}`, `pong ${expected}`]);
      void socket.sendStream([bytes, bytes]);
      expect(await client.frames(3)).toEqual([`binary ${expected} …`, `more ${expected} …`, 'more']);
    },
  );

  test('SharedArrayBuffer, and a view of one: copied at the call', async () => {
    const { client, socket } = await connected();
    void socket.send(shared);
    void socket.send(new Uint8Array(shared, 2, 3));
    new Uint8Array(shared).fill(0xff);
    expect(await client.frames(2)).toEqual(['binary 0001020304050607', 'binary 020304']);
  });

  test.each([
    123,
    0,
    null,
    undefined,
    true,
    {},
    [1, 2],
    Symbol('x'),
    () => {},
    5n,
    new Date(0),
    new Blob(['x']),
  ])(
    'send, ping, pong, sendStream of %s throw a TypeError at once, and nothing goes out [CVE-2016-10518]',
    async (data) => {
      const { client, socket } = await connected();
      const usage = expect.objectContaining({ code: 'bad-argument', name: 'TypeError' });
      expect(() => socket.send(data as string)).toThrow(usage);
      if (data !== undefined) {
        expect(() => socket.ping(data as string)).toThrow(usage);
        expect(() => socket.pong(data as string)).toThrow(usage);
      }
      if (!Array.isArray(data)) expect(() => socket.sendStream(data as never)).toThrow(usage);
      void socket.send('after');
      expect(await client.frames(1)).toEqual(['text "after"']);
    },
  );

  test('options: unknown ones, values that they cannot have, and a string as binary, are refused', async () => {
    const { client, rig, socket } = await connected();
    const bad = expect.objectContaining({ code: 'bad-option', name: 'TypeError' });
    for (const options of [{ compres: true }, { compress: 'no' }, { compress: 0 }, { type: 'txt' }, null]) {
      expect(() => socket.send('x', options as never)).toThrow(bad);
      expect(() => rig.server.broadcast('x', options as never)).toThrow(bad);
      expect(() => rig.server.broadcast('x', options as never, [])).toThrow(bad);
      expect(() => socket.sendStream(['x'], options as never)).toThrow(bad);
    }
    expect(() => socket.sendStream(['x'], { type: 'text' } as never)).toThrow(bad);
    const usage = expect.objectContaining({ code: 'bad-argument', name: 'TypeError' });
    expect(() => socket.send('x', { type: 'binary' })).toThrow(usage);
    expect(() => socket.send(new PreparedMessage('x'), { type: 'binary' })).toThrow(usage);
    expect(() => rig.server.broadcast('x', { type: 'binary' })).toThrow(usage);
    void socket.send(new PreparedMessage(Uint8Array.of(1)), { type: 'binary', compress: true });
    expect(await client.frames(1)).toEqual(['binary 01']);
  });

  test('broadcast sends bytes as text where it is told to', async () => {
    const { client, rig } = await connected();
    rig.server.broadcast(Uint8Array.of(0x68, 0x69), { type: 'text' });
    expect(await client.frames(1)).toEqual(['text "hi"']);
  });

  test('close: codes and reasons that cannot be sent throw, also when it is closed already', async () => {
    const { client, socket } = await connected();
    const bad: ReadonlyArray<readonly unknown[]> = [
      [1005],
      [999],
      ['1000'],
      [1000, 5],
      [1000, new Float32Array(31)],
      [1000, 'x'.repeat(124)],
      [undefined, 'why'],
    ];
    for (const args of bad)
      expect(() => socket.close(...(args as [number]))).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    expect(socket.state).toBe('open');
    void socket.close(1000);
    expect(await client.frames(1)).toEqual(['close 1000']);
    for (const args of bad)
      expect(() => socket.close(...(args as [number]))).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
  });

  test('bytes that are sent are copied: the caller may use its memory again at once', async () => {
    const { client, socket } = await connected();
    const bytes = Uint8Array.of(1, 2, 3);
    for (let i = 0; i < 3; i++) {
      void socket.send(bytes);
      bytes[0]! += 10;
    }
    expect(await client.frames(3)).toEqual(['binary 010203', 'binary 0b0203', 'binary 150203']);
  });

  test('PreparedMessage, and broadcast to all', async () => {
    const { rig, client, socket } = await connected();
    const other = await rig.socket();
    void socket.send(new PreparedMessage('once'));
    rig.server.broadcast('to all');
    rig.server.broadcast(Uint8Array.of(7), undefined, [socket]);
    expect(await client.frames(3)).toEqual(['text "once"', 'text "to all"', 'binary 07']);
    expect(await other.frames(1)).toEqual(['text "to all"']);
    expect(() => rig.server.broadcast(5 as never)).toThrow(TypeError);
  });

  test('what is sent in one go leaves in one piece', async () => {
    const pieces: number[] = [];
    const { client, socket } = await connected();
    for (let i = 0; i < 100; i++) void socket.send('x');
    const before = client.receivedBytes;
    await turns(1);
    pieces.push(client.receivedBytes - before);
    expect(pieces).toEqual([300]);
  });
});

describe('Socket: backpressure', () => {
  test('await send waits while the peer does not read, and goes on when it does', async () => {
    const { client, socket, toClient } = await connected();
    toClient.stall();
    const big = new Uint8Array(100_000);
    const first = socket.send(big);
    expect(await standing(first)).toBe('pending');
    const second = socket.send('small');
    expect(await standing(second)).toBe('pending');
    expect(socket.bufferedAmount).toBeGreaterThan(100_000);
    toClient.flow();
    await Promise.all([first, second]);
    expect(socket.bufferedAmount).toBe(0);
    expect((await client.frame()).payload).toHaveLength(100_000);
    expect(await client.frames(1)).toEqual(['text "small"']);
  });

  test('send settles at once while there is room', async () => {
    const { socket } = await connected();
    expect(await standing(socket.send('x'))).toBe('resolved');
  });

  test('past maxSendBufferBytes: send rejects, the connection closes with 1013, and nothing takes the process down', async () => {
    const closes: unknown[] = [];
    const { rig, client, socket, toClient } = await connected(
      { close: (_socket, { code }) => void closes.push(code) },
      { limits: { maxSendBufferBytes: 200_000 } },
    );
    toClient.stall();
    const piece = new Uint8Array(90_000);
    const sends = [1, 2, 3, 4].map(() => socket.send(piece));
    await expect(sends[2]).rejects.toMatchObject({ code: 'send-buffer-full' });
    await expect(sends[3]).rejects.toMatchObject({ code: 'not-open' });
    await expect(sends[0]).rejects.toMatchObject({ code: 'not-open' });
    expect(closes).toEqual([1013]);
    expect(rig.errors).toEqual(['socket: send-buffer-full']);
    toClient.flow();
    await client.frame();
    await client.frame();
    expect((await client.frames(1))[0]).toMatch(/^close 1013/);
  });

  test('one message larger than maxSendBufferBytes may go out, when nothing waits before it', async () => {
    const { client, socket } = await connected({}, { limits: { maxSendBufferBytes: 1000 } });
    void socket.send(new Uint8Array(5000));
    expect((await client.frame()).payload).toHaveLength(5000);
  });

  test.each([
    ['', true],
    [', nor where the handler does not wait for its answers to go out', false],
  ])('a peer that does not read its echoes is not read from either%s', async (_, waits) => {
    let got = 0;
    const { client, toClient } = await connected(async (socket, message) => {
      got++;
      const sent = socket.send(message);
      if (waits) await sent;
    });
    toClient.stall();
    const message = masked(2, new Uint8Array(10_000));
    for (let i = 0; i < 300; i++) client.write(message);
    await turns();
    expect(got).toBeLessThan(40);
    toClient.flow();
    for (let i = 0; i < 300; i++) await client.frame();
    expect(got).toBe(300);
  });

  test('nor where one answer is most of what may wait: the next one would be too much', async () => {
    let got = 0;
    const { rig, client, toClient } = await connected(
      async (socket) => {
        got++;
        await socket.send(new Uint8Array(600_000));
      },
      { limits: { maxSendBufferBytes: 1_000_000 } },
    );
    toClient.stall();
    for (let i = 0; i < 3; i++) client.send(1, 'more');
    await turns();
    expect(got).toBe(1);
    toClient.flow();
    for (let i = 0; i < 3; i++) expect((await client.frame()).payload).toHaveLength(600_000);
    expect(rig.errors).toEqual([]);
  });

  test('what a server sends of its own accord is no reason not to read: the peer may be waiting for just that', async () => {
    let got = 0;
    const { client, socket, toClient } = await connected(() => void got++);
    toClient.stall();
    const sent = socket.send(new Uint8Array(1_000_000));
    for (let i = 0; i < 300; i++) client.write(masked(2, new Uint8Array(10_000)));
    await turns(60);
    expect([got, await standing(sent)]).toEqual([300, 'pending']);
    toClient.flow();
    await sent;
  });

  test('handlers that are under way hold the peer back, by number', async () => {
    const { promise, open } = gate();
    let started = 0;
    const { client } = await connected(() => {
      started++;
      return promise;
    });
    for (let i = 0; i < 5000; i++) client.write(masked(1, 'x'));
    await turns();
    expect(started).toBe(1024);
    open();
    await until(() => started === 5000, 'all handlers');
  });

  test('handlers that are under way hold the peer back, by bytes, and small ones do not hide a large one', async () => {
    const slow = gate();
    let started = 0;
    const { client } = await connected(
      (_socket, message) => {
        started++;
        return message.length > 1000 ? slow.promise : turns(1);
      },
      { limits: { highWaterMarkBytes: 100_000 } },
    );
    for (let round = 0; round < 50; round++) {
      client.write(masked(2, new Uint8Array(60_000)));
      for (let i = 0; i < 5; i++) client.write(masked(1, 'x'));
    }
    await turns(60);
    // Two large ones are over the mark.
    expect(started).toBeLessThanOrEqual(12);
    slow.open();
    await until(() => started === 300, 'all handlers');
  });

  test('messages beyond those that may be under way are taken in batches, not one by one', async () => {
    const transport = createMemoryTransport();
    let writes = 0;
    const listen = transport.listen.bind(transport);
    transport.listen = (options, accept) =>
      listen(options, (stream) => {
        const write = stream.write.bind(stream);
        const counting = (bytes: Uint8Array): boolean => {
          writes++;
          return write(bytes);
        };
        return accept(Object.assign(stream, { write: counting }));
      });
    const rig = new Rig(transport);
    rig.server.useWebSockets(async (socket, message) => {
      await socket.send(message);
    });
    await rig.start();
    const client = await rig.socket();
    writes = 0;
    client.write(many(10_000, masked(1, 'x')));
    expect(new Set(await client.frames(10_000))).toEqual(new Set(['text "x"']));
    expect(writes).toBeLessThan(100);
  });

  test('one chunk full of messages leaves others their turn', async () => {
    const order: string[] = [];
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const rig = new Rig(createMemoryTransport());
    rig.server.useWebSockets((_socket, message) => {
      order.push(message as string);
      now += 0.1;
    });
    await rig.start();
    const flooding = await rig.socket();
    const other = await rig.socket();
    flooding.write(many(1000, masked(1, 'flood')));
    other.write(masked(1, 'other'));
    await until(() => order.length === 1001, 'all messages');
    clock.mockRestore();
    expect(order.indexOf('other')).toBeLessThan(100);
  });

  test('what rests when the connection is lost is still told, all of it, before the close', async () => {
    let count = 0;
    let now = 0;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    const rig = new Rig(createMemoryTransport());
    const closed = new Promise<number>((resolve) => {
      rig.server.useWebSockets({
        message() {
          count++;
          now += 1;
        },
        close: () => resolve(count),
      });
    });
    await rig.start();
    const client = await rig.socket();
    client.write(many(1000, masked(1, 'x')));
    client.end();
    expect(await closed).toBe(1000);
    clock.mockRestore();
  });

  test('thenables that call back twice, throw, or are functions, count as what they are: one handler', async () => {
    let started = 0;
    const twice = (): unknown =>
      Object.defineProperty({}, 'then', {
        value: (done: () => void) => {
          done();
          done();
          throw new Error('after the fact');
        },
      });
    const callable = (): unknown =>
      Object.defineProperty(() => {}, 'then', { value: (done: () => void) => done() });
    const { rig, client } = await connected((_socket, _message) =>
      ++started % 2 === 0 ? twice() : callable(),
    );
    for (let i = 0; i < 3000; i++) client.write(masked(1, 'x'));
    await until(() => started === 3000, 'all handlers');
    client.send(9, 'alive');
    expect(await client.frames(1)).toEqual(['pong 616c697665']);
    expect(rig.errors).toEqual([]);
  });

  test.each([
    [
      'rejects',
      (): unknown =>
        Object.defineProperty({}, 'then', {
          value: (_: unknown, fail: (e: Error) => void) => fail(new Error('oops')),
        }),
    ],
    [
      'throws in then',
      (): unknown =>
        Object.defineProperty({}, 'then', {
          value: () => {
            throw new Error('oops');
          },
        }),
    ],
    [
      'throws in the getter of then',
      (): unknown =>
        Object.defineProperty({}, 'then', {
          get: () => {
            throw new Error('oops');
          },
        }),
    ],
  ])('a thenable that %s is a handler that failed', async (_, make) => {
    const { rig, client } = await connected(() => make());
    client.send(1, 'x');
    expect(await client.frames(1)).toEqual(['close 1011']);
    expect(rig.errors).toContain('handler: oops');
  });

  test('a handler of a large message that rejects closes with 1011, as any other', async () => {
    const { rig, client } = await connected(async () => {
      await turns(1);
      throw new Error('oops');
    });
    client.send(2, new Uint8Array(1000));
    expect(await client.frames(1)).toEqual(['close 1011']);
    expect(rig.errors).toEqual(['handler: oops']);
  });

  test('a slow loop over messages holds the peer back', async () => {
    const { client, socket } = await connected({});
    const size = 10_000;
    for (let i = 0; i < 500; i++) client.write(masked(2, new Uint8Array(size).fill(i)));
    await turns();
    let count = 0;
    for await (const message of socket) {
      expect((message as Uint8Array)[0]).toBe(count & 0xff);
      if (++count === 500) break;
      if (count % 100 === 0) await turns(1);
    }
    expect(count).toBe(500);
  });

  test('messages that nobody takes are bounded', async () => {
    const { client, toClient: _, socket } = await connected({});
    for (let i = 0; i < 500; i++) client.write(masked(2, new Uint8Array(10_000)));
    await turns();
    // All but a little stays with the peer.
    expect(client.unsentBytes).toBeGreaterThan(4_500_000);
    expect(socket.state).toBe('open');
  });

  test('a connection whose output moves slowly is not taken for dead', async () => {
    const { client, socket } = await connected(
      {},
      { limits: { pingIntervalMs: 20, pongTimeoutMs: 20, closeTimeoutMs: 20 } },
      { toClient: { pieceBytes: 5000, delayMs: 5 } },
    );
    const sent = socket.send(new Uint8Array(100_000));
    expect((await client.frame()).opcode).toBe(2);
    await sent;
    expect(socket.state).toBe('open');
  });

  test('what was sent before close arrives whole, however slowly, and however short closeTimeoutMs is', async () => {
    const { client, socket } = await connected(
      {},
      { limits: { closeTimeoutMs: 30 } },
      { toClient: { pieceBytes: 5000, delayMs: 3 } },
    );
    void socket.send(new Uint8Array(200_000));
    const closed = socket.close(1000);
    expect((await client.frame()).payload).toHaveLength(200_000);
    expect(await client.frames(1)).toEqual(['close 1000']);
    client.send(8, Uint8Array.of(3, 232));
    expect(await closed).toEqual({ code: 1000, reason: '', wasClean: true });
  });

  test('a peer that was held back has its time from when reading goes on, and no more', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const held = gate();
      const { client, socket } = await connected(
        { message: () => held.promise },
        { limits: { pingIntervalMs: 100, pongTimeoutMs: 200 } },
      );
      client.send(2, new Uint8Array(100_000));
      await turns();
      await vi.advanceTimersByTimeAsync(499); // at 100 there was a ping; at 300 the answer was due, and at 500 it is again
      expect(await client.frames(1)).toEqual(['ping 00000000']);
      held.open();
      await turns();
      await vi.advanceTimersByTimeAsync(100);
      expect(socket.state).toBe('open');
      client.send(10, 'here');
      await turns();
      await vi.advanceTimersByTimeAsync(400);
      expect(await socket.closed).toMatchObject({ code: 1011 });
    } finally {
      vi.useRealTimers();
    }
  });

  test('a connection whose output does not move is dead', async () => {
    const closes: unknown[] = [];
    const { rig, socket, toClient } = await connected(
      { close: (_socket, { code }) => void closes.push(code) },
      { limits: { pingIntervalMs: 20, pongTimeoutMs: 20, closeTimeoutMs: 20 } },
    );
    toClient.stall();
    void socket.send(new Uint8Array(100_000));
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(closes).toEqual([1011]);
  });
});

describe('Socket: messages in a loop', () => {
  test('the loop ends when the connection is closed in order', async () => {
    const { client, socket } = await connected({});
    client.send(1, 'a').send(2, Uint8Array.of(1)).send(8, Uint8Array.of(3, 232));
    const seen: unknown[] = [];
    for await (const message of socket) seen.push(message);
    expect(seen).toEqual(['a', Uint8Array.of(1)]);
  });

  test('the loop throws when the connection breaks, after the messages that came', async () => {
    const { client, socket } = await connected({});
    client.send(1, 'a').send(3);
    const seen: unknown[] = [];
    const loop = (async () => {
      for await (const message of socket) seen.push(message);
    })();
    await expect(loop).rejects.toMatchObject({ code: 'not-open', cause: { code: 'reserved-opcode' } });
    expect(seen).toEqual(['a']);
  });

  test('a later loop goes on where the first one left', async () => {
    const { client, socket } = await connected({});
    client.send(1, 'a').send(1, 'b').send(8);
    for await (const message of socket) {
      expect(message).toBe('a');
      break;
    }
    const rest: unknown[] = [];
    for await (const message of socket) rest.push(message);
    expect(rest).toEqual(['b']);
  });

  test('a loop that starts when all is over is told how it ended, also where no message came', async () => {
    const first = await connected();
    first.client.send(8, Uint8Array.of(3, 232));
    await first.socket.closed;
    for await (const message of first.socket) expect(message).toBe('none');

    const second = await connected();
    second.client.send(3);
    await second.socket.closed;
    const next = second.socket[Symbol.asyncIterator]().next();
    await expect(next).rejects.toMatchObject({ code: 'not-open', cause: { code: 'reserved-opcode' } });
  });

  test('with a message handler there is nothing to loop over, and it says so', async () => {
    const { socket } = await connected(() => {});
    expect(() => socket[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: 'bad-state' }));
  });
});

describe('Socket: the end', () => {
  test('close gives the promise of the end, with what the peer said', async () => {
    const { client, socket } = await connected();
    const closed = socket.close(3000, 'enough');
    expect(socket.state).toBe('closing');
    expect(await client.frames(1)).toEqual(['close 3000 enough']);
    client.send(8, Uint8Array.of(0x0f, 0xa0, 0x6f, 0x6b));
    expect(await closed).toEqual({ code: 4000, reason: 'ok', wasClean: true });
    expect(await socket.closed).toEqual(await closed);
    expect(socket.state).toBe('closed');
    expect(await socket.close()).toEqual(await closed);
  });

  test('after close every call rejects with not-open, and none of it is an unhandled rejection', async () => {
    const { client, socket } = await connected();
    void socket.close(1000);
    const calls = (): Array<Promise<unknown>> => [
      socket.send('late'),
      socket.send(new PreparedMessage('late')),
      socket.sendStream(['late']),
      socket.ping(),
      socket.pong(),
    ];
    for (const call of calls()) await expect(call).rejects.toThrow(notOpen);
    client.send(8, Uint8Array.of(3, 232));
    await socket.closed;
    for (const call of calls()) await expect(call).rejects.toThrow(notOpen);
    calls();
    await turns();
    expect(await client.frames(1)).toEqual(['close 1000']);
    expect(socket.bufferedAmount).toBe(0);
  });

  describe('close, while more waits for the app than is taken in', () => {
    const GOODBYE = Uint8Array.of(3, 232);
    const big = new Uint8Array(100_000);

    test('await close() in the handler of a long message: does not wait for itself until the time is up', async () => {
      const ends: unknown[] = [];
      const { client } = await connected({
        message: async (socket) => void ends.push(await socket.close(1003, 'text only')),
      });
      client.write(masked(2, big));
      expect(await client.frames(1)).toEqual(['close 1003 text only']);
      client.write(masked(2, big), masked(8, GOODBYE));
      await until(() => ends.length > 0, 'the end');
      expect(ends).toEqual([{ code: 1000, reason: '', wasClean: true }]);
    });

    test('await close() in the handler of a message in pieces: the message is cut off', async () => {
      const ends: unknown[] = [];
      const { client } = await connected({
        stream: async (socket, message) => {
          ends.push(await socket.close(1009), await message.bytes().catch(({ code }) => code));
        },
      });
      client.write(masked(2, big, { fin: false }), masked(0, big), masked(2, big), masked(8, GOODBYE));
      await until(() => ends.length > 0, 'the end');
      expect(ends).toEqual([{ code: 1000, reason: '', wasClean: true }, 'not-open']);
    });

    test('a loop that was left: a later one gets what had come, and the end', async () => {
      const { client, socket } = await connected({ open() {} });
      client.write(masked(1, 'first'), masked(2, big));
      for await (const message of socket) {
        expect(message).toBe('first');
        break;
      }
      await turns();
      const closed = socket.close(1000);
      client.write(masked(2, big), masked(8, GOODBYE));
      expect(await closed).toEqual({ code: 1000, reason: '', wasClean: true });
      const rest: number[] = [];
      for await (const message of socket) rest.push(message.length);
      expect(rest).toEqual([big.length]);
    });

    test('a loop that takes its time, but takes: it gets all', async () => {
      const { client, socket } = await connected({ open() {} });
      const small = masked(2, big.subarray(0, 40_000));
      client.write(small, small, small, small);
      await turns();
      const closed = socket.close(1000);
      client.write(small, small, masked(8, GOODBYE));
      let count = 0;
      for await (const _ of socket) {
        count++;
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      expect(count).toBe(6);
      expect(await closed).toMatchObject({ wasClean: true });
    });

    test('what we hold back because the peer takes nothing does not count against the app', async () => {
      const got: unknown[] = [];
      const { client, socket, toClient } = await connected((_socket, message) => void got.push(message), {
        limits: { highWaterMarkBytes: 1000 },
      });
      toClient.stall();
      for (let i = 0; i < 10; i++) void socket.send(big);
      await turns();
      void socket.close(1000);
      client.write(masked(1, 'late'));
      await new Promise((resolve) => setTimeout(resolve, 400));
      toClient.flow();
      await until(() => got.length > 0, 'the message');
      expect(got).toEqual(['late']);
    });
  });

  test('a message that was asked for and not waited for is no unhandled rejection, however it ends', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const { client, socket } = await connected({ open() {} });
    const messages = socket[Symbol.asyncIterator]();
    const asked = [messages.next(), messages.next()];
    client.end();
    await socket.closed;
    await turns();
    process.off('unhandledRejection', note);
    await expect(asked[0]).rejects.toThrow(notOpen);
    expect(await asked[1]).toEqual({ done: true, value: undefined });
    expect(unhandled).toEqual([]);
  });

  test('what was sent before close still goes out, and messages on their way still come in', async () => {
    const got: unknown[] = [];
    const { client, socket } = await connected((_socket, message) => void got.push(message));
    void socket.send('before');
    void socket.close(1000);
    expect(await client.frames(2)).toEqual(['text "before"', 'close 1000']);
    client.send(1, 'late').send(8, Uint8Array.of(3, 232));
    expect(await socket.closed).toEqual({ code: 1000, reason: '', wasClean: true });
    expect(got).toEqual(['late']);
  });

  test('terminate: the connection is dropped at once, 1006, close is called once, and calls reject', async () => {
    const closes: unknown[] = [];
    const { rig, client, socket } = await connected({ close: (_socket, info) => void closes.push(info) });
    const ping = socket.ping();
    socket.terminate();
    socket.terminate();
    expect(socket.state).toBe('closed');
    expect(await socket.closed).toEqual({ code: 1006, reason: '', wasClean: false });
    await expect(ping).rejects.toThrow(notOpen);
    await expect(socket.send('x')).rejects.toThrow(notOpen);
    await client.whenClosed();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(closes).toHaveLength(1);
  });

  test('terminate in a message handler: no further message is handled', async () => {
    const got: unknown[] = [];
    const { client } = await connected((socket, message) => {
      got.push(message);
      socket.terminate();
    });
    client.write(masked(1, 'a'), masked(1, 'b'));
    await client.whenClosed();
    expect(got).toEqual(['a']);
  });

  test('the peer drops the connection: 1006, and everything that waits rejects', async () => {
    const { client, socket, toClient } = await connected();
    toClient.stall();
    const waits = [socket.send(new Uint8Array(100_000)), socket.ping(), socket.sendStream(endless())];
    client.destroy();
    expect(await socket.closed).toMatchObject({ code: 1006, wasClean: false });
    for (const wait of waits) await expect(wait).rejects.toThrow(notOpen);
  });

  test('closed never rejects, asked for before and after', async () => {
    const { client, socket } = await connected();
    const before = socket.closed;
    client.write(frame({ opcode: 3, key: KEY }));
    expect(await before).toEqual({ code: 1002, reason: '', wasClean: false });
    expect(await socket.closed).toEqual(await before);
  });

  test('open, then messages, then close: in this order, close exactly once', async () => {
    const seen: string[] = [];
    const { client } = await connected({
      open: () => void seen.push('open'),
      message: (_socket, message) => void seen.push(String(message)),
      close: () => void seen.push('close'),
    });
    client.write(masked(1, 'a'), masked(1, 'b'), masked(8), masked(1, 'c'));
    await client.whenEnded();
    client.end();
    await client.whenClosed();
    await turns(3);
    expect(seen).toEqual(['open', 'a', 'b', 'close']);
  });

  test('a handler that waits on a send when the peer leaves has done nothing wrong', async () => {
    const { rig, client, toClient } = await connected(async (socket) => {
      for (let i = 0; i < 10; i++) await socket.send(new Uint8Array(100_000));
    });
    toClient.stall();
    client.send(1, 'go');
    await turns(3);
    client.destroy();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    await turns(3);
    expect(rig.errors.filter((error) => error.startsWith('handler'))).toEqual([]);
  });

  test('a handler that never settles does not keep the connection from ending', async () => {
    const { rig, client, socket } = await connected(() => new Promise(() => {}));
    client.send(1, 'stuck').send(8, Uint8Array.of(3, 232));
    expect(await socket.closed).toMatchObject({ code: 1000 });
    client.end();
    await until(() => rig.server.connectionCount === 0, 'no connection');
  });
});

/** Pieces without end, each a turn after the other. */
async function* endless(): AsyncGenerator<string> {
  for (;;) {
    await turns(1);
    yield 'x';
  }
}

describe('Socket.ping', () => {
  test('resolves with the round trip when its pong comes', async () => {
    const { client, socket } = await connected();
    const ping = socket.ping();
    const { payload } = await client.frame();
    client.send(10, payload);
    expect(await ping).toBeGreaterThanOrEqual(0);
    expect(await ping).toBeLessThan(5000);
  });

  test('several at once are told apart, and a later pong answers the earlier ones', async () => {
    const { client, socket } = await connected();
    const pings = [socket.ping('a'), socket.ping('b'), socket.ping('c')];
    await client.frames(3);
    client.send(10, 'b');
    await Promise.all(pings.slice(0, 2));
    expect(await standing(pings[2]!)).toBe('pending');
    client.send(10, 'nobody asked');
    expect(await standing(pings[2]!)).toBe('pending');
    client.send(10, 'c');
    await pings[2];
  });
});

describe('Socket.sendStream', () => {
  test('one message in fragments, each as soon as the source has it; others wait their turn', async () => {
    const { client, socket } = await connected();
    const steps = [gate<string>(), gate<string>()];
    const stream = socket.sendStream(
      (async function* () {
        for (const step of steps) yield await step.promise;
      })(),
    );
    const behind = [socket.send('behind'), socket.sendStream(['se', 'cond']), socket.send(Uint8Array.of(1))];
    steps[0]!.open('he');
    expect(await client.frames(1)).toEqual(['text "he" …']);
    client.send(9, 'p');
    expect(await client.frames(1)).toEqual(['pong 70']);
    expect(await standing(behind[0]!)).toBe('pending');
    steps[1]!.open('llo');
    await Promise.all([stream, ...behind]);
    expect(await client.frames(7)).toEqual([
      'more 6c6c6f …',
      'more',
      'text "behind"',
      'text "se" …',
      'more 636f6e64 …',
      'more',
      'binary 01',
    ]);
    await socket.send('after');
    expect(await client.frames(1)).toEqual(['text "after"']);
  });

  test('bytes that wait behind a stream are copied at the call', async () => {
    const { client, socket } = await connected();
    const { promise, open } = gate();
    void socket.sendStream(
      (async function* () {
        await promise;
        yield 'x';
      })(),
    );
    const bytes = Uint8Array.of(1, 2);
    void socket.send(bytes);
    bytes.fill(9);
    open();
    expect(await client.frames(3)).toEqual(['text "x" …', 'more', 'binary 0102']);
  });

  test('hundreds of messages and streams that wait go out in the order of the calls', async () => {
    const { client, socket } = await connected();
    const { promise, open } = gate();
    void socket.sendStream(
      (async function* () {
        await promise;
        yield 'first';
      })(),
    );
    for (let i = 0; i < 300; i++) void (i % 7 === 0 ? socket.sendStream([`${i}`]) : socket.send(`${i}`));
    open();
    expect(await client.frames(2)).toEqual(['text "first" …', 'more']);
    for (let i = 0; i < 300; i++) {
      if (i % 7 === 0) expect(await client.frames(2)).toEqual([`text "${i}" …`, 'more']);
      else expect(await client.frames(1)).toEqual([`text "${i}"`]);
    }
    expect(socket.bufferedAmount).toBe(0);
  });

  test('surrogate pairs that the source cuts in two arrive whole', async () => {
    const { client, socket } = await connected();
    await socket.sendStream(['a\ud83d', '\ude00b\ud83d', '', '\ude00', '\ud83d']);
    let text: Uint8Array = new Uint8Array(0);
    for (;;) {
      const { payload, fin } = await client.frame();
      text = Buffer.concat([text, payload]);
      if (fin) break;
    }
    expect(new TextDecoder().decode(text)).toBe('a😀b😀\ufffd');
  });

  test('an empty source is an empty text message; empty pieces send nothing of their own', async () => {
    const { client, socket } = await connected();
    await socket.sendStream([]);
    await socket.sendStream([new Uint8Array(0), new Uint8Array(0)]);
    expect(await client.frames(2)).toEqual(['text ""', 'binary']);
  });

  test.each([
    [
      'throws',
      function* (): Generator<string> {
        yield 'a';
        throw new Error('oops');
      },
    ],
    [
      'throws at once',
      (): Iterable<string> => ({
        [Symbol.iterator]: () => {
          throw new Error('oops');
        },
      }),
    ],
    [
      'mixes text and bytes',
      function* (): Generator<string | Uint8Array> {
        yield 'a';
        yield Uint8Array.of(1);
      },
    ],
    [
      'gives a number',
      function* (): Generator<string> {
        yield 'a';
        yield 5 as unknown as string;
      },
    ],
  ])('a source that %s fails the connection with 1011: a message cannot be taken back', async (_, source) => {
    const { rig, client, socket } = await connected();
    const sent = socket.sendStream(source() as Iterable<string>);
    const behind = socket.send('behind');
    await expect(sent).rejects.toThrow();
    await expect(behind).rejects.toThrow(notOpen);
    const { opcode } = await client.frame();
    if (opcode === 1) expect(await client.frames(1)).toEqual(['close 1011']);
    else expect(opcode).toBe(8);
    expect(rig.errors).toHaveLength(1);
    expect(rig.errors[0]).toMatch(/^handler: /);
  });

  test('a source that breaks off with somebody else’s ProtocolError fails the connection too', async () => {
    const one = await connected({});
    const two = await connected();
    const piped = two.socket.sendStream(one.socket as AsyncIterable<string>);
    one.client.send(1, 'piece').send(3);
    await expect(piped).rejects.toMatchObject({ code: 'not-open' });
    expect(await two.client.frames(2)).toEqual(['text "piece" …', 'close 1011']);
  });

  test('the connection ends while the source keeps silent: everything rejects at once, and the source is told', async () => {
    const { client, socket } = await connected();
    let returned = 0;
    const silent: AsyncIterable<string> = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: () => {
          returned++;
          throw new Error('not even this works');
        },
      }),
    };
    const waits = [socket.sendStream(silent), socket.send('behind'), socket.sendStream(['behind too'])];
    expect(socket.bufferedAmount).toBeGreaterThan(0);
    client.send(8, Uint8Array.of(3, 232));
    for (const wait of waits) await expect(wait).rejects.toThrow(notOpen);
    expect(returned).toBe(1);
    expect(socket.bufferedAmount).toBe(0);
    await expect(socket.send('after')).rejects.toThrow(notOpen);
  });

  test('close during a stream cuts it off, and rejects what waits behind it', async () => {
    const { client, socket } = await connected();
    const stream = socket.sendStream(endless());
    const behind = socket.send('behind');
    expect(await client.frames(1)).toEqual(['text "x" …']);
    void socket.close(1000);
    await expect(stream).rejects.toThrow(notOpen);
    await expect(behind).rejects.toThrow(notOpen);
    for (;;) if ((await client.frame()).opcode === 8) break;
  });

  test('close while the stream waits for room: it rejects, and the source is not asked again', async () => {
    const { client, socket, toClient } = await connected();
    toClient.stall();
    let asked = 0;
    let returned = 0;
    const source: AsyncIterable<Uint8Array> = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          asked++ < 20
            ? Promise.resolve({ done: false, value: new Uint8Array(10_000) })
            : new Promise(() => {}),
        return: () => {
          returned++;
          return Promise.resolve({ done: true, value: undefined });
        },
      }),
    };
    const stream = socket.sendStream(source);
    await turns();
    const before = asked;
    expect(before).toBeLessThan(20);
    asked = 20;
    void socket.close(1000);
    toClient.flow();
    await expect(stream).rejects.toThrow(notOpen);
    expect([asked, returned]).toEqual([20, 1]);
    for (;;) if ((await client.frame()).opcode === 8) break;
  });

  test('a peer that does not read holds the source back', async () => {
    const { client, socket, toClient } = await connected();
    toClient.stall();
    let given = 0;
    const stream = socket.sendStream(
      (function* () {
        for (; given < 100; given++) yield new Uint8Array(10_000);
      })(),
    );
    await turns();
    expect(given).toBeLessThan(10);
    toClient.flow();
    await stream;
    expect(given).toBe(100);
    let total = 0;
    for (;;) {
      const { payload, fin } = await client.frame();
      total += payload.length;
      if (fin) break;
    }
    expect(total).toBe(1_000_000);
  });

  test('what waits behind a stream counts: past maxSendBufferBytes it closes with 1013', async () => {
    const { socket } = await connected({}, { limits: { maxSendBufferBytes: 10_000 } });
    void socket.sendStream(endless());
    const sends = Array.from({ length: 20 }, () => socket.send(new Uint8Array(1000)));
    await expect(sends.at(9)).rejects.toMatchObject({ code: 'send-buffer-full' });
    await expect(sends[0]).rejects.toThrow(notOpen);
  });
});

describe('the stream handler', () => {
  test('reads a message as it arrives, whatever its length', async () => {
    const seen: string[] = [];
    const { client } = await connected(
      {
        stream: async (_socket, message) => {
          expect(message).toBeInstanceOf(IncomingMessage);
          let length = 0;
          for await (const piece of message) length += piece.length;
          seen.push(`${message.type} ${length}`);
        },
      },
      { limits: { maxMessageBytes: 1e9 } },
    );
    client.write(masked(1, 'ä'.repeat(100), { fin: false }), masked(0, 'b'));
    for (let i = 0; i < 200; i++)
      client.write(masked(i === 0 ? 2 : 0, new Uint8Array(50_000), { fin: i === 199 }));
    client.write(masked(1, ''));
    await until(() => seen.length === 3, 'three messages');
    expect(seen).toEqual(['text 101', 'binary 10000000', 'text 0']);
  });

  test('text and bytes of a message that is cut off reject, and nobody who does not wait for it is told', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    let read: Promise<unknown> | undefined;
    const { client } = await connected({
      stream: async (_socket, message) => {
        read = message.type === 'text' ? message.text() : message.bytes();
        await turns();
      },
    });
    client.write(masked(1, 'half', { fin: false })).end();
    await turns();
    process.off('unhandledRejection', note);
    await expect(read).rejects.toThrow(notOpen);
    expect(unhandled).toEqual([]);
  });

  test('text and bytes give all of it', async () => {
    const seen: unknown[] = [];
    let started = 0;
    const { client } = await connected({
      stream: async (_socket, message) => {
        const all = started++ % 2 === 0 ? await message.text() : await message.bytes();
        seen.push(all);
      },
    });
    client.write(masked(1, 'tä', { fin: false }), masked(0, 'xt'), masked(1, 'ä'));
    client.write(masked(2, 'bin'), masked(2, 'ä'));
    await until(() => seen.length === 4, 'four messages');
    expect(seen).toEqual(['täxt', new TextEncoder().encode('ä'), 'bin', new TextEncoder().encode('ä')]);
  });

  test('reading slowly holds the peer back; the next message starts when this one was read', async () => {
    const { promise, open } = gate();
    let started = 0;
    const { client } = await connected(
      {
        stream: async (_socket, message) => {
          started++;
          await promise;
          await message.bytes();
        },
      },
      { limits: { maxMessageBytes: 1e9 } },
    );
    for (let i = 0; i < 100; i++) client.write(masked(2, new Uint8Array(10_000)));
    await turns();
    expect(started).toBe(1);
    open();
    await until(() => started === 100, 'all messages');
  });

  test('what is not read is dropped when the handler is done', async () => {
    let started = 0;
    const { rig, client } = await connected({
      stream: (_socket, message) => {
        started++;
        return started === 2 ? message.text() : undefined;
      },
    });
    for (let i = 0; i < 5; i++)
      client.write(masked(1, 'x'.repeat(1000), { fin: false }), masked(0, 'y'.repeat(100_000)));
    await until(() => started === 5, 'all messages');
    expect(rig.errors).toEqual([]);
  });

  test('what is read when the handler is done, or is read again, is an error: it was empty, or only a part', async () => {
    const heard: unknown[] = [];
    const hear = (error: unknown): number => heard.push((error as { code?: unknown }).code);
    const { rig, client } = await connected({
      stream: (_socket, message) => {
        void message.text().then(hear, hear);
      },
    });
    client.write(masked(1, 'begun', { fin: false }));
    await until(() => heard.length === 1, 'the error');
    client.write(masked(0, 'ended'));
    expect([heard, rig.errors]).toEqual([['bad-state'], []]);

    const again = await connected({
      stream: async (socket, message) => {
        const [first, second] = await Promise.allSettled([message.text(), message.bytes()]);
        await message.text().catch(hear);
        expect(second).toMatchObject({ reason: { code: 'bad-state', message: /it was read already/ } });
        await socket.send(first.status === 'fulfilled' ? first.value : 'nothing');
      },
    });
    again.client.write(masked(1, 'whole'));
    expect(await again.client.frames(1)).toEqual(['text "whole"']);
    expect([heard, again.rig.errors]).toEqual([['bad-state', 'bad-state'], []]);
  });

  test('a message that is cut off throws where it is read, and only there', async () => {
    const heard: unknown[] = [];
    const { rig, client } = await connected({
      stream: async (_socket, message) => {
        try {
          await message.text();
        } catch (error) {
          heard.push((error as { code: string }).code);
          throw error;
        }
      },
    });
    client.write(masked(1, 'half', { fin: false }));
    await turns(2);
    client.destroy();
    await until(() => heard.length === 1, 'the error');
    await turns(2);
    expect(heard).toEqual(['not-open']);
    expect(rig.errors.filter((error) => error.startsWith('handler'))).toEqual([]);
  });

  test('broken UTF-8 in the middle: the pieces before it come, then the error, then 1007', async () => {
    const pieces: unknown[] = [];
    const { client } = await connected({
      stream: async (_socket, message) => {
        for await (const piece of message) pieces.push(piece);
      },
    });
    client.write(masked(1, 'good', { fin: false }), masked(0, Uint8Array.of(0x6f, 0x6b, 0xff)));
    expect((await client.frames(1))[0]).toMatch(/^close 1007 /);
    expect(pieces.join('')).toBe('goodok');
  });
});

describe('a client’s mistakes', () => {
  test('an unmasked frame is refused, and allowed by its switch', async () => {
    const strict = await connected((socket, message) => socket.send(message));
    strict.client.write(plain(1, 'x'));
    expect((await strict.client.frames(1))[0]).toMatch(/^close 1002 /);
    const lenient = await connected((socket, message) => socket.send(message), { allowUnmasked: true });
    lenient.client.write(plain(1, 'x'));
    expect(await lenient.client.frames(1)).toEqual(['text "x"']);
  });
});
