import * as zlib from 'node:zlib';
import fc from 'fast-check';
import {
  type AgreedCompression,
  acceptCompression,
  offerCompression,
  WebSocketConnection,
} from 'sansocket/connection';
import { MessageReader } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { createPureEngine } from '../../src/deflate/pure-engine.ts';
import { ProtocolError } from '../../src/errors.ts';
import { zlibEngine } from '../../src/transport/zlib-engine.ts';
import { expectBytes, inflateAll, zlibMessage } from '../support/deflate-contract.ts';
import { concat, hex } from '../support/deliveries.ts';

const ENGINES = [createPureEngine(), zlibEngine({ deflateFrom: 1, levelForOne: 1 }, () => zlib)];

/** Bytes as matchers meet them: noise, runs, few symbols, copies of what came before at any distance. */
const data: fc.Arbitrary<Uint8Array> = fc
  .array(
    fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.record({ value: fc.integer({ min: 0, max: 255 }), times: fc.integer({ min: 1, max: 700 }) }),
      fc.array(fc.constantFrom(0x61, 0x62, 0x63), { maxLength: 80 }).map((bytes) => Uint8Array.from(bytes)),
      fc.record({ back: fc.integer({ min: 1, max: 40_000 }), length: fc.integer({ min: 3, max: 400 }) }),
      fc.string({ maxLength: 40 }).map((text) => new TextEncoder().encode(text)),
    ),
    { maxLength: 40 },
  )
  .map((parts) => {
    const bytes: number[] = [];
    for (const part of parts) {
      if (part instanceof Uint8Array) bytes.push(...part);
      else if ('times' in part) for (let i = 0; i < part.times; i++) bytes.push(part.value);
      else
        for (let i = 0; i < part.length && bytes.length > 0; i++)
          bytes.push(bytes.at(-Math.min(part.back, bytes.length))!);
    }
    return Uint8Array.from(bytes);
  });

const windowBits = fc.integer({ min: 8, max: 15 });
const level = fc.integer({ min: 0, max: 9 });
/** Where to cut, as fractions. */
const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });

function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const marks = [0, ...at.map((part) => Math.floor(part * bytes.length)).sort((a, b) => a - b), bytes.length];
  return marks.slice(1).map((end, i) => bytes.slice(marks[i], end));
}

const zlibOptions = fc.record({
  level,
  windowBits: fc.integer({ min: 9, max: 15 }),
  memLevel: fc.integer({ min: 1, max: 9 }),
  strategy: fc.constantFrom(
    zlib.constants.Z_DEFAULT_STRATEGY,
    zlib.constants.Z_FILTERED,
    zlib.constants.Z_HUFFMAN_ONLY,
    zlib.constants.Z_RLE,
    zlib.constants.Z_FIXED,
  ),
  chunkSize: fc.integer({ min: 64, max: 4096 }),
  flush: fc.constantFrom(
    zlib.constants.Z_NO_FLUSH,
    zlib.constants.Z_PARTIAL_FLUSH,
    zlib.constants.Z_SYNC_FLUSH,
    zlib.constants.Z_FULL_FLUSH,
  ),
  finishFlush: fc.constantFrom(zlib.constants.Z_SYNC_FLUSH, zlib.constants.Z_FULL_FLUSH),
});

describe.each(ENGINES)('DEFLATE by the engine $name', (engine) => {
  it('inflates what zlib deflates: any level, strategy, window, flush and split', () => {
    fc.assert(
      fc.property(data, zlibOptions, cuts, fc.boolean(), (bytes, options, at, contextTakeover) => {
        const inflater = engine.createInflater({ windowBits: options.windowBits, contextTakeover });
        expectBytes(inflateAll(inflater, cut(zlibMessage(bytes, options), at)), bytes);
      }),
      { numRuns: 400 },
    );
  });

  it('deflates what zlib inflates, message after message, at any level, window and split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(data, cuts), { maxLength: 4 }),
        windowBits,
        level,
        fc.boolean(),
        (messages, bits, effort, contextTakeover) => {
          const options = { windowBits: bits, contextTakeover, level: effort };
          const deflater = engine.createDeflater(options);
          const inflater = engine.createInflater(options);
          const wire: Uint8Array[] = [];
          for (const [bytes, at] of messages) {
            const pieces = cut(bytes, at);
            const sent = concat(pieces.map((piece, i) => deflater.deflate(piece, i === pieces.length - 1)));
            expect(sent.length).toBeLessThanOrEqual(bytes.length + pieces.length * 21 + 16);
            expectBytes(inflateAll(inflater, cut(sent, at)), bytes);
            wire.push(sent, hex('00 00 ff ff'));
          }
          const all = zlib.inflateRawSync(concat(wire), { finishFlush: zlib.constants.Z_SYNC_FLUSH });
          expectBytes(all, concat(messages.map(([bytes]) => bytes)));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('answers any bytes as zlib does, within any budget, and the same at any split', () => {
    const corrupt = fc.oneof(
      fc.uint8Array({ maxLength: 300 }),
      // Valid data with a few bytes changed gets further.
      fc
        .tuple(
          data,
          zlibOptions,
          fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 255 })), { maxLength: 3 }),
        )
        .map(([bytes, options, changes]) => {
          const message = zlibMessage(bytes, options);
          for (const [at, flip] of changes) message[at % message.length]! ^= flip;
          return message;
        }),
    );
    fc.assert(
      fc.property(corrupt, cuts, fc.integer({ min: 0, max: 20_000 }), (message, at, budget) => {
        const options = { windowBits: 15, contextTakeover: false };
        const whole = inflateAll(engine.createInflater(options), [message], budget);
        const split = inflateAll(engine.createInflater(options), cut(message, at), budget);
        let expected: Uint8Array | undefined;
        try {
          const result = zlib.inflateRawSync(concat([message, hex('00 00 ff ff')]), {
            finishFlush: zlib.constants.Z_SYNC_FLUSH,
            info: true,
          }) as unknown as {
            readonly buffer: Uint8Array;
            readonly engine: { readonly bytesWritten: number };
          };
          // zlib is content with the first final block; here more may follow (RFC 7692 7.2.3.4).
          if (result.engine.bytesWritten < message.length) return;
          expected = result.buffer;
        } catch {
          expected = undefined;
        }
        if (whole instanceof ProtocolError) {
          expect(split).toMatchObject({
            code: whole.code,
            offset: whole.offset,
            message: whole.code === 'bad-deflate' ? whole.message : expect.any(String),
          });
          if (whole.code === 'inflated-too-big' && expected !== undefined)
            expect(expected.length).toBeGreaterThan(budget);
        } else {
          expectBytes(split, whole);
          expect(expected).toBeDefined();
          expectBytes(whole, expected!);
        }
      }),
      { numRuns: 1500 },
    );
  });

  it('carries messages that are sent in any pieces, whole or plain, with any options, to the MessageReader of the peer [RFC 7692 6.1]', () => {
    const directions = <T>(each: fc.Arbitrary<T>) => fc.record({ outgoing: each, incoming: each });
    const options = fc.record({
      level,
      windowBits: directions(windowBits),
      contextTakeover: directions(fc.boolean()),
      memoryBudgetBytes: fc.constantFrom(0, 2000, 40_000, 70_000, Number.POSITIVE_INFINITY),
      threshold: fc.constantFrom(0, 100),
    });
    const message = fc.record({ bytes: data, at: cuts, whole: fc.boolean(), compress: fc.boolean() });
    fc.assert(
      fc.property(
        options,
        fc.array(message, { maxLength: 5 }),
        fc.boolean(),
        fc.boolean(),
        cuts,
        (given, messages, up, pieces, at) => {
          const all = { ...given, engine };
          const offer = offerCompression(all)!;
          const agreed = acceptCompression(all)!(offer.extensions, undefined) as AgreedCompression;
          const ends = { server: agreed.compression, client: offer.read([agreed.extension]) as never };
          const [from, to] = up ? (['client', 'server'] as const) : (['server', 'client'] as const);
          const sender = new WebSocketConnection({ role: from, compression: ends[from] });
          for (const { bytes, at: where, whole, compress } of messages) {
            const parts = whole ? [bytes] : cut(bytes, where);
            for (const [i, part] of parts.entries()) {
              const last = i === parts.length - 1;
              expect(sender.sendPiece('binary', part, i === 0, last, { compress })).toBe(true);
            }
          }
          const limits = { maxMessageBytes: 1e9 };
          const reader = new MessageReader({ role: to, inflater: ends[to], pieces, limits });
          const received: Uint8Array[] = [];
          let parts: Uint8Array[] = [];
          for (const chunk of cut(sender.takeOutput() ?? new Uint8Array(0), at)) {
            reader.push(chunk);
            for (let event = reader.next(); event !== undefined; event = reader.next()) {
              if (event.kind !== 'binary' && event.kind !== 'piece') throw new Error(`a ${event.kind} came`);
              parts.push(event.data as Uint8Array);
              if (event.kind === 'piece' && !event.last) continue;
              received.push(concat(parts));
              parts = [];
            }
          }
          expect(received.length).toBe(messages.length);
          for (const [i, { bytes }] of messages.entries()) expectBytes(received[i]!, bytes);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('works as before after any failure', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 100 }), data, (junk, bytes) => {
        const inflater = engine.createInflater({ windowBits: 15, contextTakeover: true });
        inflater.inflate(junk, true, 1000);
        inflater.reset();
        expectBytes(inflateAll(inflater, [zlibMessage(bytes)]), bytes);
      }),
      { numRuns: 200 },
    );
  });
});
