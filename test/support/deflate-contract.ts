/**
 * What every DEFLATE engine must do, measured against zlib.
 *
 * `engineContract(engine)` declares the tests; run it over the portable engine and over any that an adapter hands in.
 *
 * @module
 */
import { constants, deflateRawSync, inflateRawSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import type { DeflateEngine, Inflater } from '../../src/deflate/engine.ts';
import { ProtocolError } from '../../src/errors.ts';
import { Bits } from './deflate-bits.ts';
import { SAMPLES, sample } from './deflate-samples.ts';
import { concat, DELIVERIES, hex, toHex, utf8 } from './deliveries.ts';

/** A message as zlib compresses it, flushed and without the 00 00 FF FF at its end (RFC 7692 §7.2.1). */
export function zlibMessage(
  bytes: Uint8Array,
  options: Parameters<typeof deflateRawSync>[1] = {},
): Uint8Array {
  const whole = deflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH, ...options });
  return Uint8Array.from(whole.subarray(0, -4));
}

/** The same back; throws where zlib does. */
export function zlibInflate(message: Uint8Array): Uint8Array {
  const bytes = concat([message, hex('00 00 ff ff')]);
  return Uint8Array.from(inflateRawSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH }));
}

/** All output of a message that arrives in pieces, or the error that ended it. */
export function inflateAll(
  inflater: Inflater,
  pieces: readonly Uint8Array[],
  budget: number = Number.POSITIVE_INFINITY,
): Uint8Array | ProtocolError {
  const outputs: Uint8Array[] = [];
  let left = budget;
  const all = pieces.length === 0 ? [new Uint8Array(0)] : pieces;
  for (const [i, piece] of all.entries()) {
    const output = inflater.inflate(piece, i === all.length - 1, left);
    if (output instanceof ProtocolError) return output;
    left -= output.length;
    outputs.push(output);
  }
  return concat(outputs);
}

/** Like `toEqual`, in a fraction of its time. */
export function expectBytes(actual: Uint8Array | ProtocolError, expected: Uint8Array, hint?: string): void {
  if (actual instanceof ProtocolError) throw actual;
  if (Buffer.compare(actual, expected) !== 0) expect(actual, hint).toEqual(expected);
}

const WINDOW_BITS = [8, 9, 10, 11, 12, 13, 14, 15];
const LEVELS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9];
const HELLO = utf8('Hello');

/** Declare the tests of an engine. */
export function engineContract(engine: DeflateEngine): void {
  const inflater = (windowBits = 15, contextTakeover = false): Inflater =>
    engine.createInflater({ windowBits, contextTakeover });

  describe(`${engine.name} memory of what comes out`, () => {
    // Below and above what an engine keeps.
    it.each([300, 5000, 200_000])(
      "is nobody else's, or right until the next call where it is lent: %i bytes",
      (size) => {
        const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: false, level: 1 });
        const one = inflater();
        const [first, second] = [sample('json', size), sample('text', size)];
        const outputs = [first, second].map((bytes) => deflater.deflate(bytes, true));
        expect(new Set(outputs.map(({ buffer }) => buffer)).size).toBe(2);
        const inflated = outputs.map((bytes) => one.inflate(bytes, true, size) as Uint8Array);
        expect(new Set(inflated.map(({ buffer }) => buffer)).size).toBe(2);
        expectBytes(inflated[0]!, first);
        expectBytes(inflated[1]!, second);
        for (const bytes of [first, second]) {
          expectBytes(one.inflate(deflater.deflate(bytes, true, true), true, size, true), bytes);
        }
      },
    );
  });

  describe.each(DELIVERIES)(`${engine.name} Inflater, bytes delivered %s`, (_name, deliver) => {
    it.each([
      ['one compressed block [RFC 7692 7.2.3.1]', 'f2 48 cd c9 c9 07 00'],
      ['a stored block [RFC 7692 7.2.3.3]', '00 05 00 fa ff 48 65 6c 6c 6f 00'],
      ['a final block, then an empty one [RFC 7692 7.2.3.4]', 'f3 48 cd c9 c9 07 00 00'],
      ['a final block alone: the stream is over before the 00 00 FF FF', 'f3 48 cd c9 c9 07 00'],
      ['two blocks [RFC 7692 7.2.3.5]', 'f2 48 05 00 00 00 ff ff ca c9 c9 07 00'],
      ['a final block, then a block that refers back into it', 'f3 48 cd c9 c9 07 00 02 13 00 00'],
    ])('inflates Hello from %s', (_what, bytes) => {
      const output = inflateAll(inflater(), deliver(hex(bytes)));
      expect(output).toBeInstanceOf(Uint8Array);
      expect(new TextDecoder().decode(output as Uint8Array).slice(0, 5)).toBe('Hello');
    });

    it('inflates an empty message, again and again [RFC 7692 7.2.3.6]', () => {
      const one = inflater(15, true);
      for (let i = 0; i < 3; i++) expectBytes(inflateAll(one, deliver(hex('00'))), new Uint8Array(0));
    });

    it('resolves a reference into the message before with takeover, and refuses it without [RFC 7692 7.2.3.2]', () => {
      const first = hex('f2 48 cd c9 c9 07 00');
      const second = hex('f2 00 11 00 00');
      const kept = inflater(15, true);
      expectBytes(inflateAll(kept, deliver(first)), HELLO);
      expectBytes(inflateAll(kept, deliver(second)), HELLO);
      const reset = inflater(15, false);
      expectBytes(inflateAll(reset, deliver(first)), HELLO);
      expect(inflateAll(reset, deliver(second))).toMatchObject({ code: 'bad-deflate', closeCode: 1007 });
    });

    it.each(SAMPLES)('inflates what zlib deflates, at every level and strategy: %s', (_what, bytes) => {
      const variants = [
        ...[0, 1, 6, 9].map((level) => ({ level })),
        ...[constants.Z_FILTERED, constants.Z_HUFFMAN_ONLY, constants.Z_RLE, constants.Z_FIXED].map(
          (strategy) => ({ strategy }),
        ),
        { memLevel: 1 },
        { windowBits: 9 },
      ];
      for (const options of variants) {
        const message = zlibMessage(bytes, options);
        const output = inflateAll(inflater(), deliver(message));
        expectBytes(output, bytes);
      }
    });

    it('stops at the budget, at the same byte however it arrives', () => {
      const bytes = sample('json', 700);
      for (const level of [0, 6]) {
        const message = zlibMessage(bytes, { level });
        expectBytes(inflateAll(inflater(), deliver(message), 700), bytes);
        for (const budget of [0, 1, 300, 442, 699]) {
          const error = inflateAll(inflater(), deliver(message), budget);
          expect(error).toMatchObject({ code: 'inflated-too-big', closeCode: 1009 });
          const whole = inflateAll(inflater(), [message], budget);
          expect((error as ProtocolError).offset).toBe((whole as ProtocolError).offset);
        }
      }
    });

    it('answers a message that is cut short with 1007, wherever the cut is [CVE-2026-29035]', () => {
      const bytes = sample('text', 220);
      for (const options of [{ level: 0 }, { strategy: constants.Z_FIXED }, { level: 9 }]) {
        const message = zlibMessage(bytes, options);
        // A message that ends right after a stored block's header is whole: what was left out is the block's length.
        const from = options.level === 0 ? 2 : 0;
        for (let length = from; length < message.length; length++) {
          const error = inflateAll(inflater(), deliver(message.slice(0, length)));
          expect(error, `cut at ${length}`).toMatchObject({ code: 'bad-deflate', closeCode: 1007 });
        }
      }
    });
  });

  describe(`${engine.name} Inflater`, () => {
    it('agrees with zlib on every message with one byte changed [CVE-2026-29035]', () => {
      const bytes = sample('text', 160);
      for (const options of [{ level: 0 }, { strategy: constants.Z_FIXED }, { level: 9 }]) {
        const message = zlibMessage(bytes, options);
        for (let at = 0; at < message.length; at++) {
          for (const flip of [0x01, 0x08, 0x80, 0xff]) {
            const corrupt = message.slice();
            corrupt[at]! ^= flip;
            let expected: Uint8Array | undefined;
            try {
              expected = zlibInflate(corrupt);
            } catch {
              expected = undefined;
            }
            const output = inflateAll(inflater(), [corrupt]);
            // zlib takes a message that ends inside a block for an unfinished one; that is an error here.
            if (output instanceof ProtocolError) expect(output.code).toBe('bad-deflate');
            else expect(toHex(output)).toBe(expected === undefined ? 'an error' : toHex(expected));
            if (expected === undefined) expect(output).toBeInstanceOf(ProtocolError);
          }
        }
      }
    });

    it.each([100, 1000])(
      'stops a bomb of %s MiB early, with 1009 and nothing after it [CVE-2026-1526]',
      (mebibytes) => {
        const unit = zlibMessage(new Uint8Array(1 << 20));
        const bomb = concat(Array.from({ length: mebibytes }, () => concat([unit, hex('00 00 ff ff')])));
        const one = inflater(15, true);
        const error = one.inflate(bomb, true, 1 << 20);
        expect(error).toMatchObject({ code: 'inflated-too-big', closeCode: 1009 });
        expect((error as ProtocolError).offset).toBeLessThan(unit.length + 64);
        expect(one.inflate(hex('00'), true, 1 << 20)).toBe(error);
        expect(one.outputBeforeError.length).toBeLessThanOrEqual(1 << 20);
      },
    );

    it('stops a bomb that comes in small fragments, with context takeover [CVE-2026-1526]', () => {
      const one = inflater(15, true);
      expectBytes(inflateAll(one, [zlibMessage(new Uint8Array(40_000))]), new Uint8Array(40_000));
      const bomb = zlibMessage(new Uint8Array(8 << 20));
      let left = 1 << 20;
      let error: ProtocolError | undefined;
      let fed = 0;
      while (error === undefined && fed < bomb.length) {
        const output = one.inflate(bomb.subarray(fed, fed + 16), false, left);
        fed += 16;
        if (output instanceof ProtocolError) error = output;
        else left -= output.length;
      }
      expect(error).toMatchObject({ code: 'inflated-too-big' });
      expect(fed).toBeLessThan(bomb.length / 7);
      expect(one.retainedBytes).toBe(0);
    });

    it('says the first of two faults: 1009 before corrupt data, 1007 before too much [ws #2285]', () => {
      const big = concat([zlibMessage(new Uint8Array(1000)), hex('00 00 ff ff 07')]);
      expect(inflater().inflate(big, true, 999)).toMatchObject({ code: 'inflated-too-big' });
      expect(inflater().inflate(big, true, 1000)).toMatchObject({ code: 'bad-deflate' });
    });

    it('gives what came before the fault, and starts afresh after reset()', () => {
      const one = inflater(15, true);
      const cut = one.inflate(hex('f2 48 cd c9 c9 07'), true, 100);
      expect(cut).toMatchObject({ code: 'bad-deflate' });
      expectBytes(one.outputBeforeError, HELLO);
      one.reset();
      expectBytes(one.outputBeforeError, new Uint8Array(0));
      expect(one.inflate(hex('f2 00 11 00 00'), true, 100)).toMatchObject({ code: 'bad-deflate' });
      one.reset();
      expectBytes(one.inflate(hex('f2 48 cd c9 c9 07 00'), true, 100), HELLO);
    });

    it.each(WINDOW_BITS)('takes a distance of 2 ** %s and no greater one [RFC 7692 7.1.2]', (windowBits) => {
      const size = 2 ** windowBits;
      // A stored block as long as the window and one byte more, then a fixed block with one match of 3.
      const filler = Uint8Array.from({ length: size + 1 }, (_, i) => (i * 7) & 0xff);
      for (const [distance, fits] of [
        [size, true],
        [size + 1, false],
      ] as const) {
        if (distance > 32_768) continue;
        const match = new Bits().fixedBlock().match(3, distance).end().endOfMessage();
        const message = concat([zlibMessage(filler, { level: 0 }), hex('00 00 ff ff'), match]);
        const output = inflateAll(inflater(windowBits), [message]);
        if (!fits) expect(output).toMatchObject({ code: 'bad-deflate' });
        else expectBytes(output, concat([filler, filler.slice(filler.length - distance).slice(0, 3)]));
      }
    });

    it('never gives memory that it uses again, nor memory of its input', () => {
      const one = inflater(15, true);
      const first = one.inflate(hex('00 05 00 fa ff 48 65 6c 6c 6f 00'), true, 100) as Uint8Array;
      const second = one.inflate(hex('00 05 00 fa ff 57 6f 72 6c 64 00'), true, 100) as Uint8Array;
      expectBytes(first, HELLO);
      second.fill(0);
      expectBytes(one.inflate(hex('f2 00 11 00 00'), true, 100), utf8('Horld'));
    });

    it('keeps nothing between messages without takeover, and a window at most with it', () => {
      const message = zlibMessage(sample('text', 40_000));
      const without = inflater(15, false);
      inflateAll(without, [message.subarray(0, 900), message.subarray(900)]);
      expect(without.retainedBytes).toBe(0);
      expect(engine.inflaterBytes({ windowBits: 15, contextTakeover: false })).toBe(0);
      const kept = inflater(10, true);
      inflateAll(kept, [zlibMessage(sample('text', 40_000), { windowBits: 10 })]);
      expect(kept.retainedBytes).toBeLessThanOrEqual(
        engine.inflaterBytes({ windowBits: 10, contextTakeover: true }),
      );
      kept.dispose();
    });
  });

  describe.each(LEVELS)(`${engine.name} Deflater, level %s`, (level) => {
    it.each(SAMPLES)('deflates what zlib inflates, and the own inflater: %s', (_what, bytes) => {
      for (const windowBits of WINDOW_BITS) {
        const deflater = engine.createDeflater({ windowBits, contextTakeover: false, level });
        const message = deflater.deflate(bytes, true);
        expect(message.length).toBeLessThanOrEqual(bytes.length + 5 * Math.ceil(bytes.length / 16_000) + 16);
        expectBytes(zlibInflate(message), bytes);
        expectBytes(inflateAll(inflater(windowBits), [message]), bytes);
        expect(deflater.retainedBytes).toBe(0);
      }
    });

    it('carries its window from message to message, and what zlib inflates is the same', () => {
      for (const windowBits of [8, 11, 15]) {
        const deflater = engine.createDeflater({ windowBits, contextTakeover: true, level });
        const one = inflater(windowBits, true);
        const sent: Uint8Array[] = [];
        const wire: Uint8Array[] = [];
        for (const [i, size] of [0, 1, 300, 300, 5000, 70_000, 40, 33_000, 3, 900].entries()) {
          const bytes = sample(i % 2 === 0 ? 'json' : 'text', size);
          const message = deflater.deflate(bytes, true);
          expectBytes(inflateAll(one, [message]), bytes);
          sent.push(bytes);
          wire.push(message, hex('00 00 ff ff'));
        }
        expectBytes(zlibInflate(concat(wire).slice(0, -4)), concat(sent));
        expect(deflater.retainedBytes).toBeLessThanOrEqual(
          engine.deflaterBytes({ windowBits, contextTakeover: true, level }),
        );
      }
    });

    it('flushes each piece of a message, so that its receiver has all of it at once', () => {
      for (const contextTakeover of [false, true]) {
        const deflater = engine.createDeflater({ windowBits: 12, contextTakeover, level });
        const one = inflater(12, contextTakeover);
        for (let round = 0; round < 3; round++) {
          const bytes = sample('json', 20_000);
          const cuts = [0, 1, 1, 700, 9000, 9005, 20_000];
          for (let i = 0; i + 1 < cuts.length; i++) {
            const piece = bytes.slice(cuts[i], cuts[i + 1]);
            const last = i + 2 === cuts.length;
            expectBytes(one.inflate(deflater.deflate(piece, last), last, 1e6), piece);
          }
          expectBytes(one.inflate(deflater.deflate(new Uint8Array(0), true), true, 1e6), new Uint8Array(0));
        }
        if (!contextTakeover) expect(deflater.retainedBytes).toBe(0);
      }
    });

    it('forgets its window by reset(), between pieces too, which its receiver does not notice', () => {
      const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: true, level });
      const one = inflater(15, true);
      const bytes = sample('json', 3000);
      for (let round = 0; round < 3; round++) {
        expectBytes(one.inflate(deflater.deflate(bytes, true), true, 1e6), bytes);
        if (round === 1) deflater.reset();
      }
      for (const contextTakeover of [false, true]) {
        const inPieces = engine.createDeflater({ windowBits: 15, contextTakeover, level });
        const other = inflater(15, contextTakeover);
        for (const last of [false, false, true, false, true]) {
          expectBytes(other.inflate(inPieces.deflate(bytes, last), last, 1e6), bytes);
          inPieces.reset();
          expect(inPieces.retainedBytes).toBe(0);
        }
      }
      deflater.dispose();
    });
  });

  describe(`${engine.name} engine`, () => {
    it.each([
      { windowBits: 7 },
      { windowBits: 16 },
      { windowBits: 9.5 },
      { windowBits: 1000 },
      { level: -1 },
      { level: 10 },
      { level: Number.NaN },
    ])('refuses options out of range: %j [CVE-2026-2229]', (wrong) => {
      const options = { windowBits: 15, contextTakeover: false, level: 1, ...wrong };
      const refused = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
      expect(() => engine.createDeflater(options)).toThrow(refused);
      if ('windowBits' in wrong) expect(() => engine.createInflater(options)).toThrow(refused);
    });

    it.each([-1, Number.NaN])('refuses a budget of %s, which would be none', (budget) => {
      const refused = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
      expect(() => inflater().inflate(hex('00'), true, budget)).toThrow(refused);
    });
  });

  describe(`${engine.name} Deflater`, () => {
    it('makes one byte of an empty message [RFC 7692 7.2.3.6]', () => {
      const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: true, level: 1 });
      expect(toHex(deflater.deflate(new Uint8Array(0), true))).toBe('00');
    });

    it('reads its input and does not write to it', () => {
      const bytes = sample('json', 5000);
      const copy = bytes.slice();
      engine.createDeflater({ windowBits: 15, contextTakeover: true, level: 6 }).deflate(bytes, true);
      expectBytes(bytes, copy);
    });

    it('never refers further back than its window, even with more behind it [RFC 7692 7.1.2]', () => {
      for (const windowBits of WINDOW_BITS) {
        const size = 2 ** windowBits;
        const noise = sample('random', size + 300);
        const bytes = concat([noise, noise]);
        for (const contextTakeover of [false, true]) {
          const deflater = engine.createDeflater({ windowBits, contextTakeover, level: 9 });
          const message = deflater.deflate(bytes, true);
          expectBytes(inflateAll(inflater(windowBits, contextTakeover), [message]), bytes);
        }
      }
    });

    it('interleaves with others of its engine in the middle of their messages', () => {
      const all = [1, 1, 6, 6].map((level, i) => {
        const options = { windowBits: 15, contextTakeover: i % 2 === 1, level };
        return { deflater: engine.createDeflater(options), inflater: engine.createInflater(options) };
      });
      const bytes = sample('text', 12_000);
      for (let at = 0; at < bytes.length; at += 1000) {
        const last = at + 1000 >= bytes.length;
        for (const one of all) {
          const piece = bytes.slice(at, at + 1000);
          const message = one.deflater.deflate(piece, last);
          const half = message.length >> 1;
          const output = [one.inflater.inflate(message.subarray(0, half), false, 1e6)];
          for (const other of all)
            if (other !== one)
              expectBytes(other.inflater.inflate(new Uint8Array(0), false, 1e6), new Uint8Array(0));
          output.push(one.inflater.inflate(message.subarray(half), last, 1e6));
          expectBytes(concat(output as Uint8Array[]), piece);
        }
      }
    });
  });
}
