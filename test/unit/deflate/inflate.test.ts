import { describe, expect, it } from 'vitest';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { Bits } from '../../support/deflate-bits.ts';
import { expectBytes, inflateAll, zlibInflate, zlibMessage } from '../../support/deflate-contract.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat, DELIVERIES, hex } from '../../support/deliveries.ts';
import { loadVectors, type VectorBytes, vectorBytes } from '../../support/vectors.ts';

interface Options {
  readonly windowBits?: number;
  readonly contextTakeover?: boolean;
  readonly maxOutputBytes?: number;
  readonly before?: readonly string[];
}
type Expect = { readonly output: VectorBytes } | { readonly error: string; readonly offset: number };

const engine = createPureEngine();
const { vectors } = loadVectors<Options, Expect>('deflate-inflate');

describe.each(DELIVERIES)('Inflater, bytes delivered %s', (_name, deliver) => {
  it.each(vectors.map((vector) => [vector.name, vector.rule, vector] as const))(
    '%s [%s]',
    (_title, _rule, vector) => {
      const { windowBits = 15, contextTakeover = false, maxOutputBytes, before = [] } = vector.options ?? {};
      const inflater = engine.createInflater({ windowBits, contextTakeover });
      for (const message of before) inflateAll(inflater, deliver(hex(message)));
      const bytes = vectorBytes(vector.bytes);
      const output = inflateAll(inflater, deliver(bytes), maxOutputBytes ?? Number.POSITIVE_INFINITY);
      if ('output' in vector.expect) {
        expectBytes(output, vectorBytes(vector.expect.output));
      } else {
        expect(output).toBeInstanceOf(ProtocolError);
        expect(output).toMatchObject({ code: vector.expect.error, offset: vector.expect.offset });
        // Nothing after it.
        expect(inflater.inflate(hex('00'), true, 1000)).toBe(output);
      }
    },
  );
});

it('Inflater takes from the input what its error says it took, on every corrupt message at every split', () => {
  const bytes = sample('json', 300);
  const message = zlibMessage(bytes);
  for (let at = 0; at < message.length; at += 3) {
    const corrupt = message.slice();
    corrupt[at]! ^= 0x55;
    const whole = inflateAll(
      engine.createInflater({ windowBits: 15, contextTakeover: false }),
      [corrupt],
      400,
    );
    for (let cut = 0; cut <= corrupt.length; cut += 5) {
      const pieces = [corrupt.slice(0, cut), corrupt.slice(cut)];
      const split = inflateAll(
        engine.createInflater({ windowBits: 15, contextTakeover: false }),
        pieces,
        400,
      );
      if (whole instanceof ProtocolError) {
        expect(split).toMatchObject({ code: whole.code, offset: whole.offset, message: expect.any(String) });
      } else {
        expectBytes(split, whole);
      }
    }
  }
});

it('Inflater takes Node buffers, views into larger memory and shared memory for what they are', () => {
  const bytes = sample('text', 3000);
  const message = zlibMessage(bytes);
  const around = concat([Uint8Array.of(1, 2, 3), message, Uint8Array.of(4)]);
  const shared = new Uint8Array(new SharedArrayBuffer(message.length));
  shared.set(message);
  for (const input of [Buffer.from(message), around.subarray(3, 3 + message.length), shared]) {
    const output = engine
      .createInflater({ windowBits: 15, contextTakeover: false })
      .inflate(input, true, 5000);
    expectBytes(output, bytes);
    expect(Object.getPrototypeOf(output)).toBe(Uint8Array.prototype);
  }
});

it('Inflater grows its output for large messages, and hands out no more than an eighth too much', () => {
  const inflater = engine.createInflater({ windowBits: 15, contextTakeover: false });
  for (const size of [65_277, 65_278, 65_536, 65_537, 131_000, 300_000, 1 << 20]) {
    const bytes = sample('json', size);
    for (const budget of [size, size + 1, 4 * size, Number.POSITIVE_INFINITY]) {
      const output = inflater.inflate(zlibMessage(bytes, { level: 1 }), true, budget) as Uint8Array;
      expectBytes(output, bytes);
      expect(output.buffer.byteLength).toBeLessThanOrEqual((output.length * 8) / 7 + 8);
    }
    expect(inflater.inflate(zlibMessage(bytes), true, size - 1)).toMatchObject({ code: 'inflated-too-big' });
    inflater.reset();
  }
});

it('Inflater borrows tables for the time that a message stops inside a dynamic block, and only then', () => {
  const inflater = engine.createInflater({ windowBits: 15, contextTakeover: false });
  const message = zlibMessage(sample('text', 2000));
  inflater.inflate(message.subarray(0, 300), false, 1e6);
  expect(inflater.retainedBytes).toBeGreaterThan(4096);
  inflater.inflate(message.subarray(300), true, 1e6);
  expect(inflater.retainedBytes).toBe(0);
  inflater.inflate(message.subarray(0, 300), false, 1e6);
  inflater.dispose();
  expect(inflater.retainedBytes).toBe(0);
});

it('Inflater keeps a window that is as large as what has come, up to its size', () => {
  const inflater = engine.createInflater({ windowBits: 12, contextTakeover: true });
  const sizes: number[] = [];
  for (const size of [100, 100, 100, 1000, 3000, 9000, 10]) {
    inflater.inflate(zlibMessage(sample('json', size), { windowBits: 12 }), true, 1e6);
    sizes.push(inflater.retainedBytes);
  }
  expect(sizes).toEqual([256, 256, 512, 2048, 4096, 4096, 4096]);
});

it('zlib never refers further back in a window of 9 bits than a window of 8 bits reaches', () => {
  // What lets an engine on top of zlib, which has no raw windows of 8 bits, serve them with 9.
  const noise = sample('random', 260);
  for (let gap = 0; gap < 260; gap++) {
    const bytes = concat([noise.slice(0, gap), noise.slice(0, 200), noise]);
    const message = zlibMessage(bytes, { windowBits: 9, level: 9 });
    expectBytes(zlibInflate(message), bytes);
    expectBytes(
      inflateAll(engine.createInflater({ windowBits: 8, contextTakeover: false }), [message]),
      bytes,
    );
  }
});

it('Inflater says the same of a message that is too big, however it is cut, as the reason goes out on the wire', () => {
  const message = zlibMessage(sample('json', 3000));
  const told = (pieces: readonly Uint8Array[]): unknown => {
    const out = inflateAll(engine.createInflater({ windowBits: 15, contextTakeover: false }), pieces, 40);
    return out instanceof ProtocolError && [out.code, out.offset, out.message];
  };
  const whole = told([message]);
  expect(whole).toMatchObject(['inflated-too-big', expect.any(Number), expect.any(String)]);
  for (const [name, deliver] of DELIVERIES) expect(told(deliver(message)), name).toEqual(whole);
});

it('Inflater takes no message of no bytes for a whole one, whatever came before [RFC 7692 7.2.3.6]', () => {
  const inflater = engine.createInflater({ windowBits: 15, contextTakeover: true });
  for (const message of [hex('00'), hex('f3 48 cd c9 c9 07 00')]) {
    expect(inflater.inflate(message, true, 100)).toBeInstanceOf(Uint8Array);
    expect(inflater.inflate(new Uint8Array(0), true, 100)).toMatchObject({ code: 'bad-deflate' });
    inflater.reset();
  }
});

it('Inflater takes a block of type 3 for no dynamic one, whatever follows [RFC 1951 3.2.3]', () => {
  const message = zlibMessage(sample('text', 2000));
  expect(message[0]! & 0b110).toBe(0b100);
  message[0]! |= 0b010;
  expect(
    engine.createInflater({ windowBits: 15, contextTakeover: false }).inflate(message, true, 5000),
  ).toMatchObject({ code: 'bad-deflate', offset: 1 });
});

it('Inflater counts stored blocks together against its budget', () => {
  const blocks = new Bits()
    .stored(Uint8Array.of(1, 2, 3, 4, 5, 6))
    .stored(Uint8Array.of(7, 8, 9, 10, 11, 12));
  const message = blocks.endOfMessage();
  const inflate = (budget: number) =>
    engine.createInflater({ windowBits: 15, contextTakeover: false }).inflate(message, true, budget);
  expect(inflate(12)).toHaveLength(12);
  expect(inflate(11)).toMatchObject({ code: 'inflated-too-big' });
});
