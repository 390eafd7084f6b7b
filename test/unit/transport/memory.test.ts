import {
  createMemoryTransport,
  HIGH_WATER_BYTES,
  memoryPair,
  type StartableStream,
  type StreamHandler,
} from 'sansocket/transport';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';

/** A handler that writes down what it hears. */
function recorder(overrides: Partial<StreamHandler> = {}): StreamHandler & { log: string[]; error?: Error } {
  const log: string[] = [];
  const self: StreamHandler & { log: string[]; error?: Error } = {
    log,
    data(bytes) {
      log.push(`data ${new TextDecoder().decode(bytes)}`);
      overrides.data?.(bytes);
    },
    end() {
      log.push('end');
      overrides.end?.();
    },
    drain() {
      log.push('drain');
      overrides.drain?.();
    },
    close(error) {
      log.push(error === undefined ? 'close' : `close ${(error as { code?: string }).code}`);
      if (error !== undefined) self.error = error;
      overrides.close?.(error);
    },
  };
  return self;
}

/** Runs a pair's steps by hand. */
function stepper(): { schedule: (step: () => void) => void; run: () => number } {
  const steps: Array<() => void> = [];
  return {
    schedule: (step) => void steps.push(step),
    run() {
      let count = 0;
      for (let step = steps.shift(); step !== undefined; step = steps.shift()) {
        step();
        count++;
      }
      return count;
    },
  };
}

function pairOf(options: Parameters<typeof memoryPair>[0] = {}) {
  const { schedule, run } = stepper();
  const pair = memoryPair({ schedule, ...options });
  const client = recorder();
  const server = recorder();
  return { pair, client, server, run };
}

describe('memoryPair', () => {
  test('delivers what was written, in order, as it was written, and only in later steps', () => {
    const { pair, client, server, run } = pairOf();
    pair.client.write(utf8('a'));
    pair.client.start(client);
    pair.server.start(server);
    pair.client.write(utf8('bc'));
    pair.server.write(utf8('d'));
    expect(server.log).toEqual([]);
    run();
    expect(server.log).toEqual(['data a', 'data bc']);
    expect(client.log).toEqual(['data d']);
    expect(pair.toServer.deliveredBytes).toBe(3);
  });

  test('hands each receiver memory of its own', () => {
    const { pair, client, run } = pairOf();
    pair.client.start(client);
    let got: Uint8Array | undefined;
    pair.server.start(recorder({ data: (bytes) => void (got = bytes.fill(0)) }));
    const sent = utf8('shared');
    pair.client.write(sent);
    run();
    expect(got).toEqual(new Uint8Array(6));
    expect(sent).toEqual(utf8('shared'));
  });

  test('closes both ends without an error when both have ended, each once', () => {
    const { pair, client, server, run } = pairOf();
    pair.client.start(client);
    pair.server.start(server);
    pair.client.write(utf8('bye'));
    pair.client.end();
    pair.client.end();
    run();
    expect(server.log).toEqual(['data bye', 'end']);
    expect(pair.server.write(utf8('late'))).toBe(true);
    pair.server.end();
    run();
    expect(client.log).toEqual(['data late', 'end', 'close']);
    expect(server.log).toEqual(['data bye', 'end', 'close']);
    pair.client.destroy();
    pair.reset();
    expect(run()).toBe(0);
  });

  test('write answers false at the high-water mark, takes the bytes, and drain follows once they have gone', () => {
    const { pair, client, server, run } = pairOf({ highWaterBytes: 4 });
    pair.client.start(client);
    pair.server.start(server);
    pair.server.pause();
    expect(pair.client.write(utf8('abc'))).toBe(true);
    expect(pair.client.write(utf8('d'))).toBe(false);
    expect(pair.client.bufferedBytes).toBe(4);
    run();
    expect(client.log).toEqual([]);
    pair.server.resume();
    run();
    expect(server.log).toEqual(['data abc', 'data d']);
    expect(client.log).toEqual(['drain']);
    expect(pair.client.bufferedBytes).toBe(0);
  });

  test('by default the mark is HIGH_WATER_BYTES', () => {
    const { pair } = pairOf();
    expect(pair.client.write(new Uint8Array(HIGH_WATER_BYTES - 1))).toBe(true);
    expect(pair.client.write(new Uint8Array(1))).toBe(false);
  });

  test('drops what is written after end() and after destroy(), and answers false', () => {
    const { pair, client, server, run } = pairOf();
    pair.client.start(client);
    pair.server.start(server);
    pair.client.end();
    expect(pair.client.write(utf8('x'))).toBe(false);
    pair.server.destroy();
    expect(pair.server.write(utf8('x'))).toBe(false);
    run();
    expect(server.log).toEqual(['close']);
    expect(client.log).toEqual(['close connection-reset']);
  });

  test('destroy closes its own end without an error and resets the other, later', () => {
    const { pair, client, server, run } = pairOf();
    pair.client.start(client);
    pair.server.start(server);
    pair.server.write(utf8('lost'));
    pair.client.write(utf8('lost'));
    pair.client.destroy();
    expect([client.log, server.log]).toEqual([[], []]);
    run();
    expect(client.log).toEqual(['close']);
    expect(server.log).toEqual(['close connection-reset']);
    expect(server.error?.message).toMatch(
      /^Lost the connection to 127\.0\.0\.1: the peer reset the connection$/,
    );
  });

  test.each(['data', 'end', 'drain'] as const)(
    'a handler that throws in %s loses its stream and no other',
    (name) => {
      const { pair, client, run } = pairOf({ highWaterBytes: 1 });
      const bug = new Error('bug');
      const server = recorder({
        [name]: () => {
          throw bug;
        },
      });
      pair.client.start(client);
      pair.server.start(server);
      pair.server.write(utf8('fills'));
      pair.client.write(utf8('a'));
      pair.client.end();
      run();
      expect(server.log.at(-1)).toBe('close transport-failed');
      expect(server.error?.cause).toBe(bug);
      expect(client.log.at(-1)).toBe('close connection-reset');
    },
  );

  test('a handler that throws in close harms nobody', () => {
    const { pair, client, run } = pairOf();
    const server = recorder({
      close() {
        throw new Error('bug');
      },
    });
    pair.client.start(client);
    pair.server.start(server);
    pair.reset();
    run();
    expect([server.log, client.log]).toEqual([['close connection-reset'], ['close connection-reset']]);
  });

  test('a stream that was reset before it was started says so when it is', () => {
    const { pair, client, run } = pairOf();
    pair.reset();
    run();
    pair.client.start(client);
    run();
    expect(client.log).toEqual(['close connection-reset']);
  });

  test('start twice is the caller’s mistake', () => {
    const { pair, client } = pairOf();
    pair.client.start(client);
    expect(() => pair.client.start(client)).toThrow(expect.objectContaining({ code: 'bad-state' }));
  });
});

describe('MemoryFaults', () => {
  function sent(toServer: NonNullable<Parameters<typeof memoryPair>[0]>['toServer'], text = 'hello world') {
    const all = pairOf({ toServer });
    all.pair.client.start(all.client);
    all.pair.server.start(all.server);
    all.pair.client.write(utf8(text));
    all.pair.client.end();
    all.run();
    return all;
  }

  test('pieceBytes cuts each write, by one size or by several in turn', () => {
    expect(sent({ pieceBytes: 4 }).server.log).toEqual(['data hell', 'data o wo', 'data rld', 'end']);
    expect(sent({ pieceBytes: [1, 3] }).server.log).toEqual([
      'data h',
      'data ell',
      'data o',
      'data  wo',
      'data r',
      'data ld',
      'end',
    ]);
  });

  test('resetAfterBytes resets both ends after exactly so many', () => {
    const { client, server } = sent({ resetAfterBytes: 3 });
    expect(server.log).toEqual(['data hel', 'close connection-reset']);
    expect(client.log).toEqual(['close connection-reset']);
  });

  test('endAfterBytes ends the receiver’s side, and what else is sent is lost', () => {
    const { pair, client, server, run } = pairOf({ toServer: { endAfterBytes: 3 } });
    pair.client.start(client);
    pair.server.start(server);
    pair.client.write(utf8('hello'));
    run();
    expect(server.log).toEqual(['data hel', 'end']);
    expect(pair.client.write(utf8('more'))).toBe(true);
    pair.server.end();
    pair.client.end();
    run();
    expect(server.log).toEqual(['data hel', 'end', 'close']);
    expect(client.log).toEqual(['end', 'close']);
  });

  test('stallAfterBytes holds the rest back until flow()', () => {
    const { pair, server, run } = sent({ stallAfterBytes: 5 });
    expect(server.log).toEqual(['data hello']);
    pair.toServer.flow();
    run();
    expect(server.log).toEqual(['data hello', 'data  world', 'end']);
  });

  test('a link stalls, flows and ends on demand', () => {
    const { pair, client, server, run } = pairOf();
    pair.client.start(client);
    pair.server.start(server);
    pair.toServer.stall();
    pair.client.write(utf8('a'));
    run();
    expect(server.log).toEqual([]);
    pair.toServer.flow();
    run();
    pair.client.write(utf8('lost'));
    pair.toServer.end();
    run();
    expect(server.log).toEqual(['data a', 'end']);
  });

  test('delayMs uses a timer for each piece', async () => {
    const { client: stream, server: other } = memoryPair({ toServer: { delayMs: 1, pieceBytes: 1 } });
    const server = recorder();
    stream.start(recorder());
    other.start(server);
    stream.write(utf8('ab'));
    await Promise.resolve();
    expect(server.log).toEqual([]);
    await expect.poll(() => server.log).toEqual(['data a', 'data b']);
  });

  test.each([
    { toServer: { pieceBytes: 0 } },
    { toServer: { pieceBytes: [1, 0] } },
    { toClient: { resetAfterBytes: -1 } },
    { toClient: { stallAfterBytes: 1.5 } },
    { toClient: { endAfterBytes: Number.NaN } },
    { toClient: { delayMs: -1 } },
    { highWaterBytes: 0 },
  ])('memoryPair refuses %j', (options) => {
    expect(() => memoryPair(options)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'bad-option' }),
    );
    expect(() => createMemoryTransport(options)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });
});

describe('createMemoryTransport', () => {
  test('connects by port, tells both ends about each other, and forgets the pair when both have closed', async () => {
    const transport = createMemoryTransport();
    let accepted: StartableStream | undefined;
    const server = recorder({ end: () => accepted!.end() });
    const listener = await transport.listen({}, (stream) => {
      accepted = stream as StartableStream;
      return server;
    });
    const client = recorder();
    const stream = await transport.connect({ port: listener.address.port, hostname: 'anything' }, client);
    expect(stream.remotePort).toBe(listener.address.port);
    expect(accepted!.remotePort).not.toBe(listener.address.port);
    expect([stream.remoteAddress, stream.encrypted, stream.alpnProtocol]).toEqual(['127.0.0.1', false, '']);
    expect(transport.pairs.size).toBe(1);
    stream.end();
    await expect.poll(() => client.log).toEqual(['end', 'close']);
    expect(server.log).toEqual(['end', 'close']);
    expect(transport.pairs.size).toBe(0);
  });

  test('tells the plan of each connection by its number', async () => {
    const seen: number[] = [];
    const transport = createMemoryTransport((connection) => {
      seen.push(connection);
      return connection === 1 ? { toClient: { resetAfterBytes: 0 } } : {};
    });
    const listener = await transport.listen({ port: 80 }, () => recorder());
    const first = recorder();
    const second = recorder();
    await transport.connect(listener.address, first);
    await transport.connect(listener.address, second);
    await expect.poll(() => second.log).toEqual(['close connection-reset']);
    expect(first.log).toEqual([]);
    expect(seen).toEqual([0, 1]);
  });

  test('a plan that makes no sense rejects the connection', async () => {
    const transport = createMemoryTransport(() => ({ highWaterBytes: -1 }));
    await transport.listen({ port: 80 }, () => recorder());
    await expect(transport.connect({ port: 80 }, recorder())).rejects.toMatchObject({ code: 'bad-option' });
  });

  test('stallConnect waits for the timeout or the signal', async () => {
    const transport = createMemoryTransport({ stallConnect: true });
    await transport.listen({ port: 80 }, () => recorder());
    await expect(transport.connect({ port: 80, timeoutMs: 1 }, recorder())).rejects.toMatchObject({
      code: 'connect-timeout',
    });
    const controller = new AbortController();
    const connecting = transport.connect({ port: 80, signal: controller.signal }, recorder());
    controller.abort(new Error('enough'));
    await expect(connecting).rejects.toMatchObject({ code: 'aborted', cause: { message: 'enough' } });
    await expect(
      transport.connect({ port: 80, signal: AbortSignal.abort() }, recorder()),
    ).rejects.toMatchObject({ code: 'aborted' });
  });

  test('an accept that throws drops that connection and no other', async () => {
    const transport = createMemoryTransport();
    let count = 0;
    await transport.listen({ port: 80 }, () => {
      if (count++ === 0) throw new Error('bug');
      return recorder();
    });
    const first = recorder();
    await transport.connect({ port: 80 }, first);
    await expect.poll(() => first.log).toEqual(['close connection-reset']);
    await expect(transport.connect({ port: 80 }, recorder())).resolves.toMatchObject({ remotePort: 80 });
  });
});
