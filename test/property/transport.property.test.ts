import fc from 'fast-check';
import { portableText } from 'sansocket/bytes';
import { memoryPair } from 'sansocket/transport';
import { nodeTransport } from 'sansocket/transport/node';
import { describe, expect, test } from 'vitest';
import { mismatch, pattern } from '../../src/transport/contract/support.ts';
import { WriteQueue } from '../../src/transport/write-queue.ts';

/** Sizes around those where something changes, and any. */
const size = fc.oneof(
  fc.nat({ max: 40 }),
  fc.constantFrom(1023, 1024, 4095, 4096, 4097, 16_384, 16_385),
  fc.nat({ max: 70_000 }),
);

describe('WriteQueue, by any sequence of calls', () => {
  test('is a first-in, first-out run of bytes', () => {
    const call = fc.oneof(
      fc.record({ push: size }),
      fc.record({ take: fc.double({ min: 0, max: 1, noNaN: true }) }),
      fc.record({ clear: fc.constant(true) }),
    );
    fc.assert(
      fc.property(fc.array(call, { maxLength: 200 }), (calls) => {
        const queue = new WriteQueue();
        let pushed = 0;
        let taken = 0;
        for (const one of calls) {
          if ('push' in one) {
            queue.push(pattern(pushed, one.push));
            pushed += one.push;
          } else if ('take' in one) {
            const run = queue.peek();
            if (run === undefined) {
              expect(taken).toBe(pushed);
              continue;
            }
            expect(run.length).toBeGreaterThan(0);
            const count = Math.ceil(run.length * one.take);
            expect(mismatch(run.subarray(0, count), taken)).toBe(-1);
            queue.take(count);
            taken += count;
          } else {
            queue.clear();
            taken = pushed;
          }
          expect(queue.bytes).toBe(pushed - taken);
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('nodeTransport.text, on any input', () => {
  const codec = nodeTransport.text!;
  /** Bytes that often are UTF-8, often nearly. */
  const bytes = fc
    .tuple(
      fc.array(
        fc.oneof(
          fc.string({ unit: 'binary', maxLength: 30 }).map((text) => new TextEncoder().encode(text)),
          fc.uint8Array({ maxLength: 4 }),
          fc.constant(new TextEncoder().encode('\ufffd')),
          fc.constant(new TextEncoder().encode('\ufeffa')),
        ),
        { maxLength: 5 },
      ),
      fc.constantFrom(1, 1, 1, 100, 1000),
    )
    .map(([parts, times]) => {
      const once = parts.flatMap((part) => [...part]);
      return Uint8Array.from({ length: once.length * times }, (_, at) => once[at % once.length]!);
    });

  test('reads the same text as the portable codec, and refuses the same bytes', () => {
    fc.assert(
      fc.property(bytes, fc.nat({ max: 3 }), fc.nat({ max: 3 }), (all, before, after) => {
        const start = Math.min(before, all.length);
        const end = Math.max(start, all.length - after);
        expect(codec.utf8(all, start, end)).toBe(portableText.utf8(all, start, end));
        expect(codec.latin1(all, start, end)).toBe(portableText.latin1(all, start, end));
      }),
      { numRuns: 500 },
    );
  });

  test('writes the same bytes as the portable codec, as many as it says', () => {
    const text = fc
      .tuple(
        fc.array(fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('\ud800', '\udc00', 'é', '漢')), {
          maxLength: 6,
        }),
        fc.constantFrom(1, 1, 300),
      )
      .map(([parts, times]) => parts.join('').repeat(times));
    fc.assert(
      fc.property(text, fc.nat({ max: 5 }), (whole, at) => {
        const length = codec.byteLength(whole);
        expect(length).toBe(portableText.byteLength(whole));
        const mine = new Uint8Array(at + length).fill(0xee);
        const theirs = mine.slice();
        expect(codec.write(whole, mine, at)).toBe(length);
        expect(portableText.write(whole, theirs, at)).toBe(length);
        expect(Buffer.compare(mine, theirs)).toBe(0);
      }),
      { numRuns: 500 },
    );
  });
});

describe('memoryPair, with any faults', () => {
  test('delivers the bytes that were sent, up to the fault, however they are cut', () => {
    const faults = fc.record(
      {
        pieceBytes: fc.array(fc.integer({ min: 1, max: 50 }), { maxLength: 3 }),
        resetAfterBytes: fc.nat({ max: 400 }),
        endAfterBytes: fc.nat({ max: 400 }),
        stallAfterBytes: fc.nat({ max: 400 }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(faults, fc.array(fc.nat({ max: 100 }), { maxLength: 8 }), (toServer, writes) => {
        const steps: Array<() => void> = [];
        const { client, server } = memoryPair({ toServer, schedule: (step) => void steps.push(step) });
        const run = (): void => {
          for (let step = steps.shift(); step !== undefined; step = steps.shift()) step();
        };
        const got: number[] = [];
        const ends: string[] = [];
        client.start({ data() {}, end() {}, drain() {}, close: () => void ends.push('client') });
        server.start({
          data: (chunk) => void got.push(...chunk),
          end: () => void ends.push('end'),
          drain() {},
          close: () => void ends.push('server'),
        });
        let sent = 0;
        for (const count of writes) {
          client.write(pattern(sent, count));
          sent += count;
        }
        client.end();
        run();
        const { resetAfterBytes = Infinity, endAfterBytes = Infinity, stallAfterBytes = Infinity } = toServer;
        const expected = Math.min(sent, resetAfterBytes, endAfterBytes, stallAfterBytes);
        expect(Uint8Array.from(got)).toEqual(pattern(0, expected));
        if (resetAfterBytes <= expected) expect(ends.sort()).toEqual(['client', 'server']);
        else if (stallAfterBytes <= expected) expect(ends).toEqual([]);
        else expect(ends).toEqual(['end']);
      }),
      { numRuns: 300 },
    );
  });
});
