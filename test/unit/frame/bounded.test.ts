import { fileURLToPath } from 'node:url';
import { DEFAULT_LIMITS, encodeFrame, FrameDecoder, MessageReader, Opcode } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { runBundled } from '../../support/bundled.ts';
import { concat, hex } from '../../support/deliveries.ts';
import { alive, grows, KIB, MIB, NOISE } from '../../support/heap.ts';

// Other parts of the test runner allocate in between. What they leave is gone another time; what is ours is there each time.
describe('memory follows the bytes that came, with a bound [design: bounded]', { retry: 2 }, () => {
  it('fragments of one byte, each in a chunk of its own, up to the limits: below three times the bytes [CVE-2026-48779]', () => {
    const fragments = DEFAULT_LIMITS.maxFragments - 1;
    const growth = grows(() => {
      const reader = new MessageReader({ role: 'client' });
      reader.push(hex('020107'));
      for (let i = 0; i < fragments; i++) {
        reader.push(Uint8Array.of(0x00, 0x01, i));
        if (reader.next() !== undefined) throw new Error('nothing is complete');
      }
      return reader;
    });
    expect(growth).toBeLessThan(3 * fragments + NOISE);
  });

  it('the same in the server role, masked, with pings between', () => {
    const mask = hex('01020304');
    const pair = concat([
      encodeFrame({ opcode: Opcode.Continuation, fin: false, payload: hex('07'), mask }),
      encodeFrame({ opcode: Opcode.Ping, payload: hex('08'), mask }),
    ]);
    const growth = grows(() => {
      const reader = new MessageReader({ role: 'server' });
      reader.push(encodeFrame({ opcode: Opcode.Binary, fin: false, mask }));
      for (let i = 0; i < 50_000; i++) {
        reader.push(pair.slice());
        if (reader.next()?.kind !== 'ping') throw new Error('only pings are complete');
      }
      return reader;
    });
    expect(growth).toBeLessThan(3 * 50_000 + NOISE);
  });

  it('empty fragments without end: 1008 at the limit, and next to nothing before [ws #2329, #2331]', () => {
    const growth = grows(() => {
      const reader = new MessageReader({ role: 'client' });
      reader.push(hex('0100'));
      const empty = new Uint8Array(2000);
      let sent = 1;
      for (;;) {
        reader.push(empty);
        const event = reader.next();
        if (event !== undefined) {
          expect(event).toMatchObject({ kind: 'error', code: 'too-many-fragments', closeCode: 1008 });
          expect(sent).toBeLessThanOrEqual(DEFAULT_LIMITS.maxFragments + 1000);
          return reader;
        }
        sent += 1000;
      }
    });
    expect(growth).toBeLessThan(NOISE);
  });

  it('a message of 16 MiB in chunks of one byte: below three times what came, all along', async () => {
    const { size, most, atEnd, complete } = await runBundled<{
      size: number;
      most: number;
      atEnd: number;
      complete: boolean;
    }>(
      `import { parentPort } from 'node:worker_threads';
       import { getHeapStatistics, setFlagsFromString } from 'node:v8';
       import { runInNewContext } from 'node:vm';
       import { MessageReader } from 'frame';

       setFlagsFromString('--expose-gc');
       const gc = runInNewContext('gc');
       const alive = () => {
         gc();
         const { used_heap_size, external_memory } = getHeapStatistics();
         return used_heap_size + external_memory;
       };
       const size = 16 * 1024 * 1024;
       const reader = new MessageReader({ role: 'client', limits: { maxMessageBytes: size } });
       const before = alive();
       reader.push(Uint8Array.from([0x82, 0x7f, 0, 0, 0, 0, 1, 0, 0, 0]));
       reader.next();
       const one = Uint8Array.of(7);
       let most = 0;
       for (let i = 1; i < size; i++) {
         reader.push(one);
         reader.next();
         if (i % (1024 * 1024) === 0) most = Math.max(most, (alive() - before) / i);
       }
       const atEnd = alive() - before;
       reader.push(one);
       const event = reader.next();
       const complete = event.kind === 'binary' && event.data.length === size && event.data.every((byte) => byte === 7);
       parentPort.postMessage({ size, most, atEnd, complete });`,
      { frame: fileURLToPath(new URL('../../../src/frame/index.ts', import.meta.url)) },
    );
    expect(most).toBeLessThan(3);
    expect(atEnd).toBeLessThan(2 * size);
    expect(complete).toBe(true);
  });

  it.each([
    [
      'the limit of a message',
      encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(MIB) }).slice(0, 30),
      undefined,
    ],
    ['2^53 - 1 bytes, which no limit forbids', hex('82 7f 001fffffffffffff 00'), undefined],
    ['2^53 bytes', hex('82 7f 0020000000000000 00'), 'message-too-big'],
    ['2^63 - 1 bytes', hex('82 7f 7fffffffffffffff 00'), 'message-too-big'],
    ['2^63 bytes', hex('82 7f 8000000000000000 00'), 'length-overflow'],
    ['2^64 - 1 bytes', hex('82 7f ffffffffffffffff 00'), 'length-overflow'],
  ])(
    '2000 connections that declare %s reserve nothing for them [CVE-2020-13935, CVE-2026-1528]',
    (_what, header, fault) => {
      const count = 2000;
      const limits = { maxMessageBytes: Number.MAX_SAFE_INTEGER };
      const growth = grows(() =>
        Array.from({ length: count }, () => {
          const reader = new MessageReader({ role: 'client', limits });
          reader.push(header.slice());
          const event = reader.next();
          expect(event?.kind === 'error' ? event.code : undefined).toBe(fault);
          return reader;
        }),
      );
      expect(growth / count).toBeLessThan(4 * KIB);
    },
  );

  it('100 000 pings in one chunk: events are made as they are taken, not before', () => {
    const mask = hex('01020304');
    const ping = encodeFrame({ opcode: Opcode.Ping, payload: hex('07'), mask });
    const chunk = new Uint8Array(100_000 * ping.length);
    for (let i = 0; i < 100_000; i++) chunk.set(ping, i * ping.length);
    let count = 0;
    const growth = grows(() => {
      count = 0;
      const reader = new MessageReader({ role: 'server' });
      reader.push(chunk.slice());
      let most = 0;
      const before = alive();
      for (let event = reader.next(); event !== undefined; event = reader.next()) {
        if (event.kind !== 'ping') throw new Error('only pings');
        if (++count % 25_000 === 0) most = Math.max(most, alive() - before);
      }
      expect(most).toBeLessThan(NOISE);
      return reader;
    });
    expect(count).toBe(100_000);
    expect(growth).toBeLessThan(NOISE);
  });

  it('an idle connection keeps no chunk, whatever it has read', () => {
    const count = 100;
    const growth = grows(() =>
      Array.from({ length: count }, () => {
        const reader = new MessageReader({ role: 'client' });
        reader.push(concat([encodeFrame({ opcode: Opcode.Text, payload: 'a'.repeat(64 * KIB) })]));
        if (reader.next()?.kind !== 'text') throw new Error('a text');
        if (reader.next() !== undefined) throw new Error('one text');
        return reader;
      }),
    );
    expect(growth).toBeLessThan(NOISE);
  });

  it('a frame of 1 GiB passes through FrameDecoder and keeps nothing', () => {
    const decoder = new FrameDecoder();
    decoder.push(hex('82 7f 0000000040000000'));
    decoder.next();
    const chunk = new Uint8Array(MIB);
    const before = alive();
    let seen = 0;
    for (let i = 0; i < 1024; i++) {
      decoder.push(chunk);
      for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
        if (event.kind === 'payload') seen += event.bytes.length;
      }
    }
    expect(seen).toBe(1024 * MIB);
    expect(decoder.atBoundary).toBe(true);
    expect(alive() - before).toBeLessThan(NOISE);
  });

  it('a long queue that is always one chunk ahead lets go of what was taken', () => {
    const reader = new MessageReader({ role: 'client' });
    const before = alive();
    reader.push(encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(KIB) }));
    for (let i = 0; i < 20_000; i++) {
      reader.push(encodeFrame({ opcode: Opcode.Binary, payload: new Uint8Array(KIB) }));
      if (reader.next()?.kind !== 'binary') throw new Error('one message at a time');
    }
    expect(alive() - before).toBeLessThan(NOISE);
  });
});
