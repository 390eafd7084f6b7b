import * as fc from 'fast-check';
import { brokenUtf8, lengths, mutated, payloads, texts } from 'sansocket/arbitraries';
import { Collector, Output, portableText, Slab, Utf8Validator } from 'sansocket/bytes';
import { applyMask, xor64 } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { BULK_FROM, packKey, VIEW_FROM, WORDS_FROM, wordView, xor } from '../../src/frame/mask.ts';
import { concat } from '../support/deliveries.ts';
import { canBeUtf8 } from '../support/naive-frames.ts';

const encoder = new TextEncoder();

/** Equality of long runs of bytes, which `toEqual` takes its time for. */
function expectSame(actual: Uint8Array, expected: Uint8Array): void {
  if (Buffer.compare(actual, expected) !== 0) expect(actual).toEqual(expected);
  expect(actual).toHaveLength(expected.length);
}

describe('masking, as properties', () => {
  /** `j = i MOD 4; transformed-octet-i = original-octet-i XOR masking-key-octet-j` */
  const transcribed = (bytes: Uint8Array, key: Uint8Array, offset: number): Uint8Array =>
    bytes.map((octet, i) => octet ^ key[(offset + i) % 4]!);
  const key = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const around = (threshold: number): number[] => [-2, -1, 0, 1, 2, 3, 5].map((d) => threshold + d);
  const straddling = fc.oneof(
    lengths(3000),
    fc.constantFrom(...around(WORDS_FROM), ...around(VIEW_FROM), ...around(BULK_FROM)),
  );

  it('applyMask is section 5.3, at each offset of the payload and of the memory [RFC 6455 5.3]', () => {
    fc.assert(
      fc.property(
        straddling,
        fc.nat(9),
        key,
        fc.maxSafeNat(),
        fc.nat(255),
        (length, start, mask, offset, seed) => {
          const memory = Uint8Array.from({ length: start + length + 7 }, (_, i) => seed + i * 11);
          const bytes = memory.subarray(start, start + length);
          const before = memory.slice();
          const expected = transcribed(bytes, mask, offset % 4);
          applyMask(bytes, mask, offset);
          expectSame(bytes, expected);
          before.set(expected, start);
          expectSame(memory, before);
          applyMask(bytes, mask, offset);
          expectSame(bytes, transcribed(expected, mask, offset % 4));
        },
      ),
      { numRuns: 500 },
    );
  });

  it('every way of xor gives the same bytes, and an OR that never hides a byte that is not ASCII', () => {
    fc.assert(
      fc.property(straddling, fc.nat(9), key, fc.integer(), (length, start, mask, high) => {
        const plain = new Uint8Array(start + length).fill(0x2a);
        if (length > 0 && high % 2 === 0) plain[start + (Math.abs(high) % length)] = 0x80;
        const masked = plain.slice();
        masked.set(transcribed(plain.subarray(start), mask, 0), start);
        for (const [view, bulk] of [
          [false, undefined],
          [true, undefined],
          [true, xor64],
        ] as const) {
          const bytes = masked.slice();
          const or = xor(
            bytes,
            start,
            start + length,
            packKey(mask, 0),
            view ? wordView(bytes) : undefined,
            bulk,
          );
          expectSame(bytes, plain);
          if (or < 0x80) expect(plain.subarray(start).every((byte) => byte < 0x80)).toBe(true);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('UTF-8, as properties', () => {
  const bytes = fc.oneof(
    texts(300).map((text) => encoder.encode(text)),
    brokenUtf8(60),
    mutated(texts(60).map((text) => encoder.encode(text))),
    fc.uint8Array({ maxLength: 12 }),
    fc
      .array(fc.constantFrom(0x41, 0x80, 0x9f, 0xa0, 0xbf, 0xc2, 0xe0, 0xed, 0xf0, 0xf4, 0xff), {
        maxLength: 6,
      })
      .map((list) => Uint8Array.from(list)),
  );

  it('the validator, TextDecoder and the grammar of RFC 3629 agree, whole [RFC 3629 4]', () => {
    fc.assert(
      fc.property(bytes, (all) => {
        const validator = new Utf8Validator();
        const bad = validator.push(all, 0, all.length);
        const valid = bad < 0 && validator.complete;
        expect(valid).toBe(canBeUtf8([...all], true));
        let decoded: string | undefined;
        try {
          decoded = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(all);
        } catch {
          decoded = undefined;
        }
        expect(valid).toBe(decoded !== undefined);
        expect(portableText.utf8(all, 0, all.length)).toBe(decoded);
        // The first bad byte is the first that no UTF-8 text can have after what came before it.
        for (let end = 0; end <= Math.min(all.length, 80); end++) {
          expect(canBeUtf8([...all.subarray(0, end)], false)).toBe(bad < 0 || end <= bad);
        }
      }),
      { numRuns: 600 },
    );
  });

  it('the validator finds the same byte at each split, and with a native check', () => {
    const isUtf8 = (piece: Uint8Array, from: number, to: number): boolean =>
      portableText.utf8(piece, from, to) !== undefined;
    fc.assert(
      fc.property(bytes, (all) => {
        const whole = new Utf8Validator();
        const bad = whole.push(all, 0, all.length);
        for (let cut = 0; cut <= Math.min(all.length, 200); cut++) {
          for (const bulk of [false, true]) {
            const split = new Utf8Validator();
            const push = (from: number, to: number): number =>
              bulk ? split.pushBulk(all, from, to, isUtf8) : split.push(all, from, to);
            const first = push(0, cut);
            expect(first >= 0 ? first : push(cut, all.length)).toBe(bad);
            expect(split.complete).toBe(whole.complete);
          }
        }
      }),
      { numRuns: 200 },
    );
  });

  it('write, byteLength and latin1 agree with TextEncoder, lone surrogates included', () => {
    fc.assert(
      fc.property(
        fc.oneof(texts(5000), fc.string({ unit: 'binary', maxLength: 50 })),
        fc.nat(20),
        (text, at) => {
          const expected = encoder.encode(text);
          expect(portableText.byteLength(text)).toBe(expected.length);
          const target = new Uint8Array(at + expected.length);
          expect(portableText.write(text, target, at)).toBe(expected.length);
          expectSame(target.subarray(at), expected);
          const latin1 = portableText.latin1(expected, 0, expected.length);
          expect(latin1.length).toBe(expected.length);
          expectSame(
            Uint8Array.from(latin1, (c) => c.charCodeAt(0)),
            expected,
          );
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('memory, as properties', () => {
  it('Collector returns what it was given, whatever the pieces and the declared length', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(payloads(9000), fc.nat(20), fc.nat(20)), { maxLength: 12 }),
        fc.nat(20_000),
        (pieces, expected) => {
          const collector = new Collector();
          for (const [piece, before, after] of pieces) {
            const memory = new Uint8Array(before + piece.length + after);
            memory.set(piece, before);
            collector.append(memory, before, before + piece.length, expected);
            // Small pieces are copied; large ones belong to the collector.
            if (piece.length < 100) memory.fill(0);
          }
          const all = concat(pieces.map(([piece]) => piece));
          expect(collector.length).toBe(all.length);
          expectSame(collector.take(), all);
          expect(collector.take()).toHaveLength(0);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('collectors of pieces that are lent do not write to what another one holds, or has given', () => {
    const steps = fc.array(
      fc.tuple(
        fc.nat(2),
        fc.constantFrom('append', 'append', 'take', 'clear'),
        lengths(70_000),
        fc.nat(200_000),
      ),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const collectors = [new Collector(), new Collector(), new Collector()];
        const held: Uint8Array[][] = [[], [], []];
        const taken: Array<readonly [Uint8Array, Uint8Array]> = [];
        const memory = new Uint8Array(70_001);
        list.forEach(([which, what, length, expected], i) => {
          const collector = collectors[which]!;
          if (what === 'append') {
            memory.fill(i + 1, 0, length);
            collector.append(memory, 0, length, expected, true);
            held[which]!.push(memory.slice(0, length));
          } else if (what === 'take') taken.push([collector.take(), concat(held[which]!.splice(0))]);
          else {
            collector.clear();
            held[which] = [];
          }
        });
        collectors.forEach((collector, i) => {
          taken.push([collector.take(), concat(held[i]!)]);
        });
        for (const [actual, expected] of taken) expectSame(actual, expected);
      }),
      { numRuns: 200 },
    );
  });

  it('outputs of one slab give back their own bytes, in any order of writing and taking', () => {
    const steps = fc.array(
      fc.tuple(fc.nat(2), fc.constantFrom('append', 'shared', 'reserve', 'take'), lengths(40_000)),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(steps, (list) => {
        const slab = new Slab();
        const outputs = [new Output(slab), new Output(slab), new Output(slab)];
        const written: Uint8Array[][] = [[], [], []];
        const taken: Array<readonly [Uint8Array, Uint8Array]> = [];
        list.forEach(([which, what, length], i) => {
          const output = outputs[which]!;
          const bytes = new Uint8Array(length).fill(i + 1);
          if (what === 'reserve') output.reserve(length);
          else if (what === 'take') {
            const all = concat(written[which]!.splice(0));
            const run = output.take();
            expect(run?.length ?? 0).toBe(all.length);
            if (run !== undefined) taken.push([run, all]);
          } else {
            if (what === 'append') output.append(bytes);
            else output.appendShared(bytes);
            written[which]!.push(bytes);
          }
        });
        outputs.forEach((output, i) => {
          const all = concat(written[i]!);
          expect(output.length).toBe(all.length);
          const run = output.take();
          if (run !== undefined) taken.push([run, all]);
        });
        // All at the end: nothing that was taken may have changed since.
        for (const [run, all] of taken) expectSame(run, all);
      }),
      { numRuns: 150 },
    );
  });
});
