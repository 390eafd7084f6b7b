import { describe, expect, it } from 'vitest';
import { acceptOffer, createOffer } from '../../../src/deflate/negotiate.ts';
import { type CompressionOptions, resolveCompression } from '../../../src/deflate/options.ts';
import { PerMessageDeflate } from '../../../src/deflate/permessage.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { expectBytes, zlibMessage } from '../../support/deflate-contract.ts';
import { sample } from '../../support/deflate-samples.ts';
import { DELIVERIES, hex, utf8 } from '../../support/deliveries.ts';

/** Both ends of a connection, as they agree. */
function pair(
  server: true | CompressionOptions,
  client: true | CompressionOptions = server,
): [PerMessageDeflate, PerMessageDeflate] {
  const own = resolveCompression(server);
  const theirs = resolveCompression(client);
  const accepted = acceptOffer(createOffer(theirs), own);
  if (accepted?.kind !== 'accepted') throw new Error(`Cannot agree: ${String(accepted)}`);
  return [
    new PerMessageDeflate(accepted.params, 'server', own),
    new PerMessageDeflate(accepted.params, 'client', theirs),
  ];
}

const TAKEOVER = { contextTakeover: true } as const;

describe('PerMessageDeflate', () => {
  it.each([
    ['without context takeover', true, true],
    ['with it', TAKEOVER, TAKEOVER],
    [
      'with it in one direction',
      { contextTakeover: { outgoing: true } },
      { contextTakeover: { incoming: true } },
    ],
    [
      'with different windows',
      { ...TAKEOVER, windowBits: { outgoing: 8 } },
      { ...TAKEOVER, windowBits: { outgoing: 11 } },
    ],
  ] as const)('carries messages both ways, %s [RFC 7692 7.2]', (_what, server, client) => {
    const [a, b] = pair(server, client);
    for (let i = 0; i < 6; i++) {
      for (const [from, to] of [
        [a, b],
        [b, a],
      ] as const) {
        const payload = sample('json', 400 + i * 3000);
        expectBytes(to.inflate(from.deflate(payload), true, 1e6), payload);
      }
    }
  });

  it('makes repeated small messages smaller with context takeover, and only with it [RFC 7692 7.2.3.2]', () => {
    const payload = sample('json', 300);
    const [plain] = pair(true);
    const [kept] = pair(TAKEOVER);
    expect(plain.deflate(payload).length).toBe(plain.deflate(payload).length);
    expect(kept.deflate(payload).length).toBeGreaterThan(5 * kept.deflate(payload).length);
  });

  it('compresses text as its UTF-8', () => {
    const [a, b] = pair({ threshold: 0 });
    const text = 'Grüße, 世界 🌍 '.repeat(20);
    expectBytes(b.inflate(a.compress(text)!, true, 1e6), utf8(text));
  });

  // Text of a third of 64 KiB is encoded into memory that is kept, as each of its units may need three bytes.
  it.each([21_845, 21_846, 70_000])('compresses text of %i units, of whatever characters', (length) => {
    const [a, b] = pair({ threshold: 0 });
    for (const character of ['x', 'é', '界']) {
      const text = character.repeat(length);
      expectBytes(b.inflate(a.compress(text)!, true, 1e6), utf8(text));
    }
  });

  it('returns memory that is written to again only where that is asked for', () => {
    const [a, b] = pair(true);
    const [first, second] = [sample('json', 2000), sample('text', 2000)];
    const own = a.compress(first)!;
    const lent = a.compress(first, true)!;
    a.compress(second);
    expectBytes(b.inflate(own, true, 1e6), first);
    expect(lent).not.toEqual(own);
    const inflated = b.inflate(own, true, 1e6);
    b.inflate(a.compress(second)!, true, 1e6, true);
    expectBytes(inflated, first);
  });

  it('says which messages go plain: below the threshold, or no smaller than they were', () => {
    const [a] = pair({ threshold: 100 });
    expect([a.worthwhile(99), a.worthwhile(100)]).toEqual([false, true]);
    expect(a.compress('x'.repeat(99))).toBeUndefined();
    expect(a.compress('x'.repeat(100))).toBeInstanceOf(Uint8Array);
    expect(a.compress('é'.repeat(50))).toBeInstanceOf(Uint8Array);
    expect(a.compress(sample('random', 1000))).toBeUndefined();
  });

  it('sends noise compressed with context takeover, as its window holds it already, and little longer', () => {
    const [a, b] = pair(TAKEOVER);
    const noise = sample('random', 1000);
    const compressed = a.compress(noise)!;
    expect(compressed.length).toBeLessThanOrEqual(1016);
    expectBytes(b.inflate(compressed, true, 1e6), noise);
    expect(a.compress(noise)!.length).toBeLessThan(40);
  });

  it.each([true, TAKEOVER] as const)(
    'sends a message in pieces, each of which can be inflated at once: %j',
    (options) => {
      const [a, b] = pair(options);
      for (let round = 0; round < 2; round++) {
        const payload = sample('text', 5000);
        for (let at = 0; at < payload.length; at += 1250) {
          const piece = payload.slice(at, at + 1250);
          const last = at + 1250 >= payload.length;
          expectBytes(b.inflate(a.deflatePiece(piece, last), last, 1e6), piece);
        }
        expectBytes(b.inflate(a.deflatePiece(new Uint8Array(0), true), true, 1e6), new Uint8Array(0));
      }
    },
  );

  it('refuses a whole message in the middle of one that is sent in pieces', () => {
    const [a] = pair(true);
    a.deflatePiece(utf8('first'), false);
    expect(() => a.deflate(utf8('other'))).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-state' }),
    );
    a.deflatePiece(utf8('last'), true);
    expect(a.deflate(utf8('other'))).toBeInstanceOf(Uint8Array);
  });

  it.each([8 * 1024, 40 * 1024, 64 * 1024, 1 << 20])(
    'keeps to a budget of %s bytes in the middle of a message that is sent in pieces, too',
    (memoryBudgetBytes) => {
      for (const options of [
        { memoryBudgetBytes },
        { ...TAKEOVER, memoryBudgetBytes },
        { level: 6, memoryBudgetBytes },
      ]) {
        const [a, b] = pair(options);
        const payload = sample('json', 100_000);
        let sent = 0;
        for (let at = 0; at < payload.length; at += 20_000) {
          const piece = a.compressPiece(payload.subarray(at, at + 20_000), at === 80_000)!;
          expect(a.retainedBytes).toBeLessThanOrEqual(memoryBudgetBytes);
          if (at < 80_000)
            expect(a.retainedBytes).toBeGreaterThan(Math.min(memoryBudgetBytes, 96 * 1024) / 16);
          expectBytes(b.inflate(piece, at === 80_000, 1e6), payload.subarray(at, at + 20_000));
          sent += piece.length;
        }
        expect(sent).toBeLessThan(payload.length / 2);
      }
    },
  );

  it('leaves a message in pieces plain where no window fits into the budget, and stores it if it has to', () => {
    const [a, b] = pair({ memoryBudgetBytes: 1000 });
    expect(a.compressPiece('first', false)).toBeUndefined();
    expect(pair({ level: 0 })[0].compressPiece('first', false)).toBeUndefined();
    expectBytes(b.inflate(a.deflatePiece(utf8('first'), false), false, 100), utf8('first'));
    expect(a.retainedBytes).toBe(0);
    expectBytes(b.inflate(a.compressPiece('last', true)!, true, 100), utf8('last'));
  });

  it('refuses a role that is none', () => {
    const accepted = acceptOffer(createOffer(resolveCompression()), resolveCompression());
    if (accepted?.kind !== 'accepted') throw new Error('Cannot agree');
    expect(() => new PerMessageDeflate(accepted.params, 'peer' as 'client')).toThrow(TypeError);
  });

  it.each(DELIVERIES)(
    'gives one error at the budget and nothing after it, bytes delivered %s [ws #2285]',
    (_name, deliver) => {
      const [, b] = pair(TAKEOVER);
      let left = 1000;
      const results: (Uint8Array | ProtocolError)[] = [];
      for (const piece of deliver(zlibMessage(new Uint8Array(100_000)))) {
        const output = b.inflate(piece, false, left);
        results.push(output);
        if (output instanceof ProtocolError) break;
        left -= output.length;
      }
      const error = results.at(-1);
      expect(error).toMatchObject({ kind: 'error', code: 'inflated-too-big', closeCode: 1009 });
      expect(b.inflate(hex('ff ff ff'), true, 1e6)).toBe(error);
      const before = results.slice(0, -1).reduce((sum, output) => sum + (output as Uint8Array).length, 0);
      expect(before + b.outputBeforeError.length).toBeLessThanOrEqual(1000);
    },
  );

  it('names connections that can share what they send: same engine, window and level, and no takeover', () => {
    const key = (options: true | CompressionOptions): string | undefined => pair(options)[0].sharedKey;
    expect(key(true)).toBe(key({ threshold: 7, contextTakeover: { incoming: true } }));
    expect(new Set([key(true), key({ level: 2 }), key({ windowBits: 9 })]).size).toBe(3);
    expect(key(TAKEOVER)).toBeUndefined();
  });

  it('leaves a shared message plain where it does not get smaller', () => {
    const [a] = pair(true);
    expect(a.compressShared(sample('random', 1000))).toBeUndefined();
    expect(a.compressShared(new Uint8Array(0))).toBeUndefined();
  });

  it('compresses a shared message for all, in the middle of an own one too', () => {
    const [a, b] = pair(true);
    const [c, d] = pair(true);
    const payload = sample('json', 2000);
    const first = a.deflatePiece(utf8('own'), false);
    const shared = a.compressShared(payload)!;
    const last = a.deflatePiece(utf8(' message'), true);
    expect(c.compressShared(payload)).toEqual(shared);
    expectBytes(d.inflate(shared, true, 1e6), payload);
    expectBytes(b.inflate(first, false, 1e6), utf8('own'));
    expectBytes(b.inflate(last, true, 1e6), utf8(' message'));
    expectBytes(b.inflate(shared, true, 1e6), payload);
  });

  it('keeps no memory before the first message, none without takeover, and what is documented with it', () => {
    const [a, b] = pair(TAKEOVER);
    expect([a.retainedBytes, b.retainedBytes]).toEqual([0, 0]);
    const payload = sample('json', 100_000);
    b.inflate(a.deflate(payload), true, 1e6);
    expect([a.retainedBytes, b.retainedBytes]).toEqual([96 * 1024, 32 * 1024]);
    a.releaseIdle();
    expect(a.retainedBytes).toBe(0);
    expectBytes(b.inflate(a.deflate(payload), true, 1e6), payload);
    a.dispose();
    b.dispose();
    expect([a.retainedBytes, b.retainedBytes]).toEqual([0, 0]);
    const [c, d] = pair(true);
    d.inflate(c.deflate(payload), true, 1e6);
    expect([c.retainedBytes, d.retainedBytes]).toEqual([0, 0]);
  });

  it.each([true, TAKEOVER] as const)(
    'drops its outgoing window between messages and in the middle of one, and the receiver does not notice: %j',
    (options) => {
      const [a, b] = pair(options);
      const payload = sample('json', 3000);
      for (let round = 0; round < 3; round++) {
        for (const last of [false, false, true]) {
          expectBytes(b.inflate(a.deflatePiece(payload, last), last, 1e6), payload);
          if (!last) expect(a.releasableBytes).toBeGreaterThan(0);
          if (round !== 1) continue;
          a.releaseIdle();
          expect(a.releasableBytes).toBe(0);
        }
        expectBytes(b.inflate(a.deflate(payload), true, 1e6), payload);
      }
    },
  );

  it('keeps the window of what it receives for as long as the peer may refer to it [RFC 7692 7.1.1]', () => {
    const [a, b] = pair(TAKEOVER);
    const payload = sample('json', 3000);
    expectBytes(b.inflate(a.deflate(payload), true, 1e6), payload);
    expectBytes(a.inflate(b.deflate(payload), true, 1e6), payload);
    const { releasableBytes, retainedBytes } = b;
    b.releaseIdle();
    expect(b.releasableBytes).toBe(0);
    expect(b.retainedBytes).toBe(retainedBytes - releasableBytes);
    const again = a.deflate(payload);
    expect(again.length).toBeLessThan(100);
    expectBytes(b.inflate(again, true, 1e6), payload);
  });
});

describe('PerMessageDeflate before it has done anything', () => {
  const options = resolveCompression({ threshold: 100 });
  const params = {
    serverNoContextTakeover: true,
    clientNoContextTakeover: true,
    serverMaxWindowBits: 15,
    clientMaxWindowBits: 15,
  };

  it('has no output before an error, and keeps no memory', () => {
    const fresh = new PerMessageDeflate(params, 'server', options);
    expect(fresh.outputBeforeError).toEqual(new Uint8Array(0));
    expect(fresh.retainedBytes).toBe(0);
  });

  it('leaves plain what is below the threshold in bytes, however few characters or many they are', () => {
    const fresh = new PerMessageDeflate(params, 'server', options);
    expect(fresh.compress('a'.repeat(33))).toBeUndefined();
    expect(fresh.compress('a'.repeat(99))).toBeUndefined();
    expect(fresh.compress('€'.repeat(33))).toBeUndefined();
    expect(fresh.compress('a'.repeat(100))).toBeInstanceOf(Uint8Array);
    expect(fresh.compress('€'.repeat(34))).toBeInstanceOf(Uint8Array);
    expect(fresh.retainedBytes).toBe(0);
  });

  it('lets go of what it does not have', () => {
    const fresh = new PerMessageDeflate(params, 'server', options);
    fresh.releaseIdle();
    fresh.dispose();
    expect(fresh.retainedBytes).toBe(0);
  });
});

describe('PerMessageDeflate does what was agreed for each direction [RFC 7692 7.1]', () => {
  const options = resolveCompression({ contextTakeover: true, threshold: 0 });
  const params = {
    serverNoContextTakeover: true,
    clientNoContextTakeover: false,
    serverMaxWindowBits: 9,
    clientMaxWindowBits: 12,
  };

  it('keeps the window of the direction that may take its context over, and no other', () => {
    const server = new PerMessageDeflate(params, 'server', options);
    const client = new PerMessageDeflate(params, 'client', options);
    const payload = sample('json', 600);
    client.inflate(server.deflate(payload), true, 1e6);
    expect([server.retainedBytes, client.retainedBytes]).toEqual([0, 0]);
    server.inflate(client.deflate(payload), true, 1e6);
    expect(server.retainedBytes).toBe(1024); // of what it receives
    expect(server.releasableBytes).toBe(0);
    expect(client.releasableBytes).toBe(client.retainedBytes); // of what it sends
    expect(client.retainedBytes).toBeGreaterThan(0);
  });

  it('uses the window of its own direction', () => {
    const reach = (role: 'server' | 'client'): number => {
      const noise = sample('random', 4096);
      const one = new PerMessageDeflate({ ...params, clientNoContextTakeover: true }, role, options);
      for (let gap = 256; gap < 4096; gap *= 2) {
        const bytes = Uint8Array.from([...noise.subarray(0, gap), ...noise.subarray(0, 100)]);
        if (one.deflate(bytes).length > gap + 80) return gap;
      }
      return 4096;
    };
    expect([reach('server'), reach('client')]).toEqual([1024, 4096]);
  });

  it('sends plain what is as long compressed as it was', () => {
    const one = new PerMessageDeflate({ ...params, clientNoContextTakeover: true }, 'client', options);
    const even = utf8('Hello, hello');
    expect(one.deflate(even)).toHaveLength(even.length);
    expect(one.compress(even)).toBeUndefined();
    expect(one.compressShared(even)).toBeUndefined();
  });

  it('shares nothing between messages that others may receive as well', () => {
    const one = new PerMessageDeflate(params, 'client', options);
    const payload = sample('json', 300);
    const first = one.compressShared(payload)!;
    expect(one.compressShared(payload)).toEqual(first);
  });
});
