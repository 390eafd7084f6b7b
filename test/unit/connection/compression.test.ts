import { deflateRawSync } from 'node:zlib';
import {
  type AgreedCompression,
  acceptCompression,
  type CompressionOptions,
  offerCompression,
  PreparedMessage,
  WebSocketConnection,
  type WebSocketConnectionOptions,
} from 'sansocket/connection';
import { pureEngine } from 'sansocket/deflate';
import { ProtocolError, parseExtensions } from 'sansocket/handshake';
import { nodeTransport } from 'sansocket/transport/node';
import { describe, expect, test } from 'vitest';
import { expectBytes, zlibInflate, zlibMessage } from '../../support/deflate-contract.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat, DELIVERIES, hex, utf8 } from '../../support/deliveries.ts';
import { masked, readFrames } from '../../support/wire.ts';

const LONG = 'all work and no play makes Jack a dull boy '.repeat(20);
const offered = (value: string): never => parseExtensions(value) as never;

function agreement(
  options: CompressionOptions<never> = {},
  more: Partial<WebSocketConnectionOptions> = {},
): {
  readonly client: WebSocketConnection;
  readonly server: WebSocketConnection;
} {
  const offer = offerCompression(options)!;
  const agreed = acceptCompression(options)!(offer.extensions, undefined as never) as AgreedCompression;
  const compression = offer.read([agreed.extension]);
  if (compression === undefined || compression instanceof ProtocolError) throw new Error('no agreement');
  return {
    client: new WebSocketConnection({ ...more, role: 'client', compression }),
    server: new WebSocketConnection({ ...more, role: 'server', compression: agreed.compression }),
  };
}

/** The RSV1 bits of what was sent, and what the other end makes of it. */
function pass(
  from: WebSocketConnection,
  to: WebSocketConnection,
): { readonly rsv: number[]; readonly data: unknown[] } {
  const output = from.takeOutput() ?? new Uint8Array(0);
  const rsv = readFrames(output).frames.map((frame) => frame.rsv);
  to.receive(output.slice());
  const data: unknown[] = [];
  for (let event = to.next(); event !== undefined; event = to.next()) {
    data.push('data' in event ? event.data : event.kind);
  }
  return { rsv, data };
}

describe('acceptCompression', () => {
  const accept = acceptCompression<string>({ accept: (request) => request !== 'no' })!;

  test.each([
    ['a promise', () => Promise.resolve(true)],
    ['a promise that is rejected, which nobody else hears of', () => Promise.reject(new Error('no'))],
    ['nothing', () => undefined],
    ['a number', () => 1],
  ])('takes no answer of accept for a yes that is %s', (_what, answer) => {
    const { extensions } = offerCompression(true)!;
    const asked = acceptCompression({ accept: answer as never })!;
    expect(() => asked(extensions, undefined as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });

  test('is nothing where compression is off', () => {
    expect(acceptCompression(undefined)).toBeUndefined();
    expect(acceptCompression(false)).toBeUndefined();
    expect(offerCompression(false)).toBeUndefined();
  });

  test('goes without where it is not offered, where the app says so, and where no offer can be taken [RFC 7692 5.1]', () => {
    expect(accept(offered('x-webkit-deflate-frame'), 'yes')).toBeUndefined();
    expect(accept(offered('permessage-deflate'), 'no')).toBeUndefined();
    const narrow = acceptCompression({ windowBits: { incoming: 9 } })!;
    expect(narrow(offered('permessage-deflate'), undefined)).toBeUndefined();
  });

  test('refuses parameters that are none [RFC 7692 7.1]', () => {
    const refused = accept(offered('permessage-deflate; server_max_window_bits=1000'), 'yes');
    expect(refused).toMatchObject({ code: 'bad-deflate-parameters', status: 400 });
  });

  test('asks the app nothing about requests that offer nothing', () => {
    const never = acceptCompression({
      accept: () => {
        throw new Error('asked');
      },
    })!;
    expect(never([], undefined)).toBeUndefined();
    expect(never(offered('x-webkit-deflate-frame'), undefined)).toBeUndefined();
    expect(() => never(offered('permessage-deflate'), undefined)).toThrow('asked');
  });
});

describe('offerCompression', () => {
  test('reads an answer: none, a wrong one, a right one [RFC 7692 5.1]', () => {
    const offer = offerCompression(true)!;
    expect(offer.read([])).toBeUndefined();
    expect(offer.read(offered('permessage-deflate; foo'))).toMatchObject({ code: 'bad-deflate-parameters' });
    expect(
      offer.read(
        offer.extensions.map(({ name }) => ({
          name,
          params: [
            ['server_no_context_takeover', undefined],
            ['client_no_context_takeover', undefined],
          ],
        })),
      ),
    ).toMatchObject({ sharedKey: expect.any(String) });
  });
});

describe('WebSocketConnection with permessage-deflate', () => {
  test.each([true, false])('compresses both ways, contextTakeover %s [RFC 7692 7.2]', (contextTakeover) => {
    const { client, server } = agreement({ contextTakeover, threshold: 10 });
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      expect(from.send(LONG)).toBe(true);
      expect(from.send(utf8(LONG))).toBe(true);
      expect(from.bufferedBytes).toBeLessThan(LONG.length);
      expect(pass(from, to)).toEqual({ rsv: [4, 4], data: [LONG, utf8(LONG)] });
    }
  });

  test('sends plain what is below the threshold, and what the app wants so', () => {
    const { client, server } = agreement({ threshold: 10 });
    server.send('short');
    server.send(LONG, { compress: false });
    expect(pass(server, client)).toEqual({ rsv: [0, 0], data: ['short', LONG] });
  });

  test('sends a prepared message compressed once for all, where no context is kept', () => {
    const message = new PreparedMessage(LONG);
    const short = new PreparedMessage('short');
    const outputs: Uint8Array[] = [];
    for (let i = 0; i < 2; i++) {
      const { client, server } = agreement({ threshold: 10 });
      server.sendPrepared(message);
      outputs.push(server.takeOutput()!);
      client.receive(outputs[i]!.slice());
      expect(client.next()).toEqual({ kind: 'text', data: LONG });
      server.sendPrepared(short);
      server.sendPrepared(message, { compress: false });
      expect(pass(server, client)).toEqual({ rsv: [0, 0], data: ['short', LONG] });
    }
    expect(outputs[0]).toEqual(outputs[1]);
  });

  test('sends a prepared message plain, which all share too, where compressing it makes nothing smaller', () => {
    const message = new PreparedMessage(sample('random', 500));
    const { client, server } = agreement({ threshold: 10 });
    server.sendPrepared(message);
    expect(server.bufferedBytes).toBe(message.frame().length);
    expect(pass(server, client)).toEqual({ rsv: [0], data: [message.payload] });
  });

  test('compresses a prepared message for each receiver, where a context is kept', () => {
    const { client, server } = agreement({ contextTakeover: true, threshold: 10 });
    const message = new PreparedMessage(utf8(LONG));
    server.sendPrepared(message);
    const first = server.bufferedBytes;
    server.sendPrepared(message);
    // The second is little more than a reference to the first.
    expect(server.bufferedBytes - first).toBeLessThan(first / 2);
    expect(pass(server, client)).toEqual({ rsv: [4, 4], data: [utf8(LONG), utf8(LONG)] });
  });

  test('gives the windows back at the close, and never compresses again', () => {
    const { client, server } = agreement({ contextTakeover: true, threshold: 10 });
    server.send(LONG);
    server.close(1000);
    expect(server.send(LONG)).toBe(false);
    expect(pass(server, client)).toEqual({ rsv: [4, 0], data: [LONG, 'close'] });
    expect(pass(client, server).data).toEqual(['close']);
  });
});

const ENGINES = [pureEngine, nodeTransport.deflate!];

describe.each(ENGINES)(
  'WebSocketConnection.sendPiece with permessage-deflate by the engine $name',
  (engine) => {
    const message = concat([sample('json', 3000), sample('random', 500), sample('text', 3000)]);

    test.each([false, true])(
      'sends fragments of one DEFLATE stream, RSV1 on the first alone, contextTakeover %s [RFC 7692 6.1]',
      (contextTakeover) => {
        const { client, server } = agreement({ contextTakeover, engine });
        for (const [from, to] of [
          [server, client],
          [client, server],
        ] as const) {
          for (let round = 0; round < 2; round++) {
            for (let at = 0; at < message.length; at += 1300)
              expect(from.sendPiece('binary', message.subarray(at, at + 1300), at === 0, false)).toBe(true);
            expect(from.sendPiece('binary', new Uint8Array(0), false, true)).toBe(true);
            const output = from.takeOutput()!;
            const { frames } = readFrames(output);
            expect(frames.map(({ fin, opcode, rsv }) => [fin, opcode, rsv])).toEqual([
              [false, 2, 4],
              ...Array.from({ length: 4 }, () => [false, 0, 0]),
              [true, 0, 0],
            ]);
            // The tail of each flush is there, but for the last one (§7.2.1).
            expect(frames.map(({ payload }) => payload.subarray(-4).join())).toEqual([
              ...Array.from({ length: 5 }, () => '0,0,255,255'),
              '0',
            ]);
            const wire = concat(frames.map(({ payload }) => payload));
            expect(wire.length).toBeLessThan(message.length / 2);
            if (!contextTakeover || round === 0) expectBytes(zlibInflate(wire), message);
            to.receive(output.slice());
            expectBytes((to.next() as { data: Uint8Array }).data, message);
          }
        }
      },
    );

    test('each fragment can be inflated as soon as it comes [RFC 7692 7.2.1]', () => {
      const { client, server } = agreement({ engine }, { pieces: true });
      for (const [i, piece] of ['first ', 'second ', 'first second ', 'third'].entries()) {
        server.sendPiece('text', piece, i === 0, i === 3);
        client.receive(server.takeOutput()!.slice());
        expect(client.next()).toMatchObject({ kind: 'piece', data: piece, first: i === 0, last: i === 3 });
      }
    });

    test('gives the message back wherever it is cut in two, or in three', () => {
      const { client, server } = agreement({ contextTakeover: true, engine });
      const short = sample('json', 40);
      for (let one = 0; one <= short.length; one++) {
        for (let two = one; two <= short.length; two += 7) {
          server.sendPiece('binary', short.subarray(0, one), true, false);
          server.sendPiece('binary', short.subarray(one, two), false, false);
          server.sendPiece('binary', short.subarray(two), false, true);
          client.receive(server.takeOutput()!.slice());
          expect(client.next()).toEqual({ kind: 'binary', data: short });
        }
      }
    });

    test('no frame goes out for an empty piece, except to end the message', () => {
      const { client, server } = agreement({ engine });
      for (const [i, piece] of ['', 'a', '', '', 'b', ''].entries())
        expect(server.sendPiece('text', piece, i === 0, i === 5)).toBe(true);
      server.sendPiece('text', '', true, false);
      server.sendPiece('text', '', false, true);
      const output = server.takeOutput()!;
      expect(readFrames(output).frames.map(({ opcode, rsv, fin }) => [opcode, rsv, fin])).toEqual([
        [1, 4, false],
        [0, 0, false],
        [0, 0, true],
        [1, 4, true],
      ]);
      client.receive(output.slice());
      expect([client.next(), client.next()]).toEqual([
        { kind: 'text', data: 'ab' },
        { kind: 'text', data: '' },
      ]);
    });

    test('control frames between the fragments are never compressed [RFC 7692 6]', () => {
      const { client, server } = agreement({ engine });
      server.sendPiece('text', LONG, true, false);
      server.ping('ping '.repeat(20));
      server.sendPiece('text', LONG, false, true);
      expect(pass(server, client)).toEqual({ rsv: [4, 0, 0], data: ['ping', LONG + LONG] });
    });

    test('plain messages, whole ones and streamed ones take turns', () => {
      const { client, server } = agreement({ contextTakeover: true, threshold: 10, engine });
      server.send(LONG);
      server.sendPiece('text', LONG, true, false);
      server.sendPiece('text', 'end', false, true);
      server.sendPiece('text', LONG, true, false, { compress: false });
      server.sendPiece('text', 'end', false, true);
      server.sendPiece('text', 'short', true, true);
      server.sendPiece('text', LONG, true, true);
      server.sendPiece('text', LONG, true, true, { compress: false });
      server.send(LONG);
      expect(pass(server, client)).toEqual({
        rsv: [4, 4, 0, 0, 0, 0, 4, 0, 4],
        data: [LONG, `${LONG}end`, `${LONG}end`, 'short', LONG, LONG, LONG],
      });
    });

    test('a budget without room for a window, and level 0, leave a streamed message plain', () => {
      for (const options of [{ memoryBudgetBytes: 0 }, { level: 0 }]) {
        const { client, server } = agreement({ ...options, engine });
        server.sendPiece('text', LONG, true, false);
        server.sendPiece('text', LONG, false, true);
        expect(pass(server, client)).toEqual({ rsv: [0, 0], data: [LONG + LONG] });
      }
    });
  },
);

describe.each(ENGINES)(
  'WebSocketConnection with pieces and permessage-deflate by the engine $name',
  (engine) => {
    /** The bytes of all pieces, how many came before the last bytes did, and what was said at the end. */
    function read(chunks: readonly Uint8Array[], maxMessageBytes: number) {
      const { server } = agreement({ engine }, { pieces: true, limits: { maxMessageBytes } });
      const pieces: Uint8Array[] = [];
      const rest: string[] = [];
      let early = 0;
      for (const [i, chunk] of chunks.entries()) {
        if (i === chunks.length - 1) early = pieces.length;
        server.receive(chunk);
        for (let event = server.next(); event !== undefined; event = server.next()) {
          if (event.kind === 'piece') pieces.push(event.data as Uint8Array);
          else rest.push(event.kind === 'error' ? event.code : event.kind);
        }
      }
      return { data: concat(pieces), early, rest };
    }

    test.each(DELIVERIES)('inflates a message as it comes, delivered %s', (_, deliver) => {
      const message = sample('json', 2000);
      const chunks = deliver(masked(2, zlibMessage(message), { rsv: 4 }));
      const { data, early, rest } = read(chunks, message.length);
      expectBytes(data, message);
      if (chunks.length > 1) expect(early).toBeGreaterThan(0);
      expect(rest).toEqual([]);
    });

    test.each(DELIVERIES)(
      'stops a bomb at the limit with 1009, and gives nothing beyond it, delivered %s [CVE-2026-1526]',
      (_, deliver) => {
        const bomb = zlibMessage(new Uint8Array(1_000_000));
        const { data, rest } = read(deliver(masked(2, bomb, { rsv: 4 })), 5000);
        expect(data.length).toBeLessThanOrEqual(5000);
        expect(rest).toEqual(['inflated-too-big', 'close']);
      },
    );
  },
);

describe.each(ENGINES)(
  'WebSocketConnection by the engine $name, when compressed data is no good',
  (engine) => {
    /** What comes of bytes, however they are cut: the events, and what is answered. */
    function answer(
      wire: Uint8Array,
      deliver: (bytes: Uint8Array) => Uint8Array[],
      maxMessageBytes = 1e6,
    ): string[] {
      const { server } = agreement({ engine }, { limits: { maxMessageBytes } });
      const said: string[] = [];
      for (const chunk of deliver(wire)) {
        server.receive(chunk);
        for (let event = server.next(); event !== undefined; event = server.next())
          said.push(event.kind === 'error' ? event.code : event.kind);
      }
      const { frames } = readFrames(server.takeOutput() ?? new Uint8Array(0));
      for (const { opcode, payload } of frames) said.push(`${opcode}: ${payload[0]! * 256 + payload[1]!}`);
      return said;
    }

    const good = sample('json', 60);
    const compressed = zlibMessage(good);
    const GOOD = masked(2, compressed, { rsv: 4 });
    const BEHIND = [GOOD, masked(1, 'behind'), masked(9, 'ping'), masked(8)];

    test.each(DELIVERIES)(
      'a message cut short at any byte is 1007, and nothing comes after it, delivered %s [CVE-2026-29035]',
      (_, deliver) => {
        for (let length = 0; length < compressed.length; length++) {
          const short = masked(2, compressed.subarray(0, length), { rsv: 4 });
          expect(answer(concat([GOOD, short, ...BEHIND]), deliver), `${length} bytes`).toEqual([
            'binary',
            'bad-deflate',
            'close',
            '8: 1007',
          ]);
        }
      },
    );

    test.each(DELIVERIES)(
      'corrupt data at any byte is 1007 as soon as it comes, and nothing comes after it, delivered %s',
      (_, deliver) => {
        // A block of type 3 in the place of everything from that byte on, on a byte boundary; no end of the message is needed.
        for (let at = 1; at < good.length; at += 3) {
          const stored = Uint8Array.of(0, at, 0, at ^ 0xff, 0xff, ...good.subarray(0, at), 0x06);
          const fragment = masked(2, stored, { rsv: 4, fin: false });
          expect(answer(concat([fragment, ...BEHIND]), deliver), `after ${at} bytes`).toEqual([
            'bad-deflate',
            'close',
            '8: 1007',
          ]);
        }
      },
    );

    test.each([1, 2, 7, 100])(
      'a bomb in fragments of %s bytes is 1009 before its end comes [CVE-2026-1526]',
      (size) => {
        const bomb = zlibMessage(new Uint8Array(2_000_000));
        const fragments: Uint8Array[] = [];
        // A tenth of it inflates to more than the limit: the rest, and the end, never come.
        for (let at = 0; at < bomb.length / 10; at += size)
          fragments.push(
            masked(at === 0 ? 2 : 0, bomb.subarray(at, at + size), { rsv: at === 0 ? 4 : 0, fin: false }),
          );
        expect(answer(concat(fragments), DELIVERIES[0]![1], 10_000)).toEqual([
          'inflated-too-big',
          'close',
          '8: 1009',
        ]);
      },
    );

    test('several final blocks in one message are no fault [RFC 7692 7.2.3.4]', () => {
      const final = Uint8Array.from(deflateRawSync(good));
      const wire = masked(2, concat([final, final, compressed, hex('00 00 ff ff'), final]), { rsv: 4 });
      for (const [, deliver] of DELIVERIES) expect(answer(wire, deliver)).toEqual(['binary']);
    });
  },
);

describe('WebSocketConnection with pieces, and a message that is much longer than its data', () => {
  test.each(['given', 'lent'])(
    'gives pieces of 1 MiB at most, the next one when it is asked for, of bytes that are %s',
    (how) => {
      const { server } = agreement({}, { pieces: true, limits: { maxMessageBytes: 1e9 } });
      const length = 20_000_000;
      const wire = concat([
        masked(2, zlibMessage(new Uint8Array(length).fill(7)), { rsv: 4 }),
        masked(1, 'behind'),
      ]);
      if (how === 'given') server.receive(wire);
      else server.lend(wire);
      const first = server.next();
      expect(first).toMatchObject({ kind: 'piece', type: 'binary', first: true, last: false });
      server.keep();
      if (how === 'lent') wire.fill(0);
      const pieces = [(first as { data: Uint8Array }).data];
      for (let event = server.next(); event !== undefined; event = server.next()) {
        if (event.kind !== 'piece') throw new Error(`a ${event.kind} came`);
        if (event.type === 'text') expect(event).toMatchObject({ data: 'behind', first: true, last: true });
        else pieces.push(event.data as Uint8Array);
      }
      expect(Math.max(...pieces.map((piece) => piece.length))).toBeLessThanOrEqual(1 << 20);
      expect(pieces.reduce((sum, piece) => sum + piece.length, 0)).toBe(length);
      expect(pieces.every((piece) => piece.every((byte) => byte === 7))).toBe(true);
    },
  );

  test('keeps characters whole that come out in two parts', () => {
    const { server } = agreement({}, { pieces: true, limits: { maxMessageBytes: 1e9 } });
    const text = Array.from(
      sample('random', 20_000),
      (byte) => 'aä€😀'.repeat(byte & 1) + String.fromCodePoint(0x1f600 + byte),
    ).join('');
    server.receive(masked(1, zlibMessage(utf8(text)), { rsv: 4 }));
    let count = 0;
    let all = '';
    for (let event = server.next(); event !== undefined; event = server.next()) {
      if (event.kind !== 'piece') throw new Error(`a ${event.kind} came`);
      count++;
      all += event.data as string;
    }
    expect(count).toBeGreaterThan(10);
    expect(all === text).toBe(true);
  });

  test('gives no piece for data of which nothing comes out', () => {
    const { server } = agreement({}, { pieces: true, limits: { maxMessageBytes: 1e9 } });
    const empty = Array.from({ length: 1000 }, () => hex('00 00 00 ff ff'));
    server.receive(masked(1, concat([...empty, zlibMessage(utf8('Hello'))]), { rsv: 4 }));
    expect(server.next()).toMatchObject({ kind: 'piece', data: 'Hello', first: true, last: true });
    expect(server.next()).toBeUndefined();
  });

  test('finds a fault behind the first piece, and says nothing after it', () => {
    const { server } = agreement({}, { pieces: true, limits: { maxMessageBytes: 1e9 } });
    const broken = zlibMessage(new Uint8Array(5_000_000)).subarray(0, -100);
    server.receive(concat([masked(2, broken, { rsv: 4 }), masked(1, 'behind')]));
    const said: string[] = [];
    for (let event = server.next(); event !== undefined; event = server.next())
      said.push(event.kind === 'error' ? event.code : event.kind);
    expect(new Set(said.slice(0, -2))).toEqual(new Set(['piece']));
    expect(said.slice(-2)).toEqual(['bad-deflate', 'close']);
  });
});

describe('WebSocketConnection.lend', () => {
  test.each([1, 3, 7, 64])('reads messages out of %i lent bytes at a time that are written over', (size) => {
    const { client, server } = agreement({ threshold: 10 });
    for (const message of ['hello', LONG, utf8('bytes'), 'ünïcödé']) client.send(message);
    client.ping('p');
    const wire = concat([client.takeOutput()!]);
    const seen: unknown[] = [];
    const lent = new Uint8Array(size);
    for (let at = 0; at < wire.length; at += size) {
      const part = wire.subarray(at, at + size);
      lent.set(part);
      server.lend(lent.subarray(0, part.length), 1);
      for (let event = server.next(); event !== undefined; event = server.next())
        seen.push('data' in event ? event.data : event.kind);
      server.keep();
      lent.fill(0xa5);
    }
    expect(seen).toEqual(['hello', LONG, utf8('bytes'), 'ünïcödé', 'ping']);
  });

  test('drops what comes after the end', () => {
    const server = new WebSocketConnection({ role: 'server' });
    server.receiveEnd();
    expect(server.next()).toMatchObject({ kind: 'close', code: 1006 });
    server.lend(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
    server.keep();
    expect(server.next()).toBeUndefined();
  });
});
