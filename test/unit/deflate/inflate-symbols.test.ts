import { describe, expect, it } from 'vitest';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { Bits } from '../../support/deflate-bits.ts';
import { expectBytes, inflateAll } from '../../support/deflate-contract.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat, DELIVERIES, hex, utf8 } from '../../support/deliveries.ts';

const engine = createPureEngine();
const NOTHING: Uint8Array = new Uint8Array(0);
const ALPHABET = utf8('abcdefghijklmnopqrstuvwxyz');
/** Longer than what the fast loop wants to see of its input, so that nothing before it is left to the slow one. */
const TAIL = utf8('and a block behind it, of some length');

/** What a run of literals and matches stands for, by the words of RFC 1951 §3.2.3. */
function expand(
  before: Uint8Array,
  parts: ReadonlyArray<Uint8Array | readonly [number, number]>,
): Uint8Array {
  const bytes = [...before];
  for (const part of parts) {
    if (part instanceof Uint8Array) bytes.push(...part);
    else for (let i = 0; i < part[0]; i++) bytes.push(bytes.at(-part[1])!);
  }
  return Uint8Array.from(bytes.slice(before.length));
}

/** A fixed block of literals and matches. */
function block(parts: ReadonlyArray<Uint8Array | readonly [number, number]>): Bits {
  const bits = new Bits().fixedBlock();
  for (const part of parts) {
    if (part instanceof Uint8Array) bits.literals(part);
    else bits.match(...part);
  }
  return bits;
}

/** The message whole and in pieces, after a message of `before`; all must say the same. */
function inflateEachWay(
  message: Uint8Array,
  { before = NOTHING, windowBits = 15, budget = Number.POSITIVE_INFINITY } = {},
): Uint8Array | ProtocolError {
  const [first, ...others] = DELIVERIES.map(([, deliver]) => {
    const inflater = engine.createInflater({ windowBits, contextTakeover: true });
    if (before.length > 0)
      expectBytes(inflateAll(inflater, [new Bits().stored(before).endOfMessage()]), before);
    return inflateAll(inflater, deliver(message), budget);
  });
  for (const other of others) {
    if (first instanceof ProtocolError)
      expect(other).toMatchObject({ code: first.code, offset: first.offset });
    else expectBytes(other, first!);
  }
  return first!;
}

describe('A match copies what came so and so far back [RFC 1951 3.2.3]', () => {
  it.each([
    ['one byte again and again, to the longest match', 258, 1],
    ['a few bytes again and again', 100, 3],
    ['all but its own last byte', 16, 15],
    ['as many bytes as it reaches back', 16, 16],
    ['fewer bytes than it reaches back', 16, 17],
    ['the same, one byte below what is copied at once', 15, 15],
    ['the shortest match, overlapping', 3, 2],
    ['the shortest match', 3, 26],
  ])('%s', (_what, length, distance) => {
    const parts = [ALPHABET, [length, distance], TAIL] as const;
    expectBytes(inflateEachWay(block(parts).end().endOfMessage()), expand(NOTHING, parts));
  });

  it('of every length and of a distance in each power of two, whole literals around it', () => {
    const before = sample('random', 33_000);
    const parts: (Uint8Array | readonly [number, number])[] = [];
    for (let length = 3; length <= 258; length++) {
      const distance = 1 + ((length * 2654435761) % 2 ** (length % 16));
      parts.push(Uint8Array.of(length & 0xff), [length, distance]);
    }
    parts.push(TAIL);
    expectBytes(inflateEachWay(block(parts).end().endOfMessage(), { before }), expand(before, parts));
  });
});

describe('A match that reaches into the message before', () => {
  it.each([
    ['lies there as a whole', 5, 20],
    ['ends there', 10, 14],
    ['goes on in its own message', 10, 8],
    ['goes on into what it writes itself', 40, 8],
    ['begins at the very first byte that is kept', 26, 30],
  ])('%s', (_what, length, distance) => {
    const parts = [utf8('4321'), [length, distance], TAIL] as const;
    expectBytes(
      inflateEachWay(block(parts).end().endOfMessage(), { before: ALPHABET }),
      expand(ALPHABET, parts),
    );
  });

  it('may not reach further than what has come', () => {
    for (const distance of [31, 32, 1000]) {
      const message = block([utf8('4321'), [3, distance], TAIL])
        .end()
        .endOfMessage();
      expect(inflateEachWay(message, { before: ALPHABET })).toMatchObject({ code: 'bad-deflate' });
    }
  });
});

describe('A match may reach as far as the window, and no further [RFC 7692 7.1.2]', () => {
  it.each([
    ['in what this message has given', new Uint8Array(0), sample('random', 600)],
    ['in what this message and the one before have given', sample('random', 500), sample('random', 100)],
  ])('%s', (_what, before, own) => {
    const parts = [own, [5, 256], TAIL] as const;
    const message = block(parts).end().endOfMessage();
    expectBytes(inflateEachWay(message, { before, windowBits: 8 }), expand(before, parts));
    const tooFar = block([own, [5, 257], TAIL])
      .end()
      .endOfMessage();
    expect(inflateEachWay(tooFar, { before, windowBits: 8 })).toMatchObject({ code: 'bad-deflate' });
  });
});

describe('A symbol that does not exist is a fault, on the byte that ends it [RFC 1951 3.2.6]', () => {
  it.each([
    ['a length of 286', (bits: Bits) => bits.symbol(286)],
    ['a length of 287', (bits: Bits) => bits.symbol(287)],
    ['a distance of 30', (bits: Bits) => bits.symbol(257).code(30, 5)],
    ['a distance of 31', (bits: Bits) => bits.symbol(257).code(31, 5)],
  ])('%s', (_what, put) => {
    const bits = put(block([ALPHABET]));
    const end = bits.bytes().length;
    const error = inflateEachWay(concat([bits.bytes(), TAIL, TAIL]));
    expect(error).toMatchObject({ code: 'bad-deflate', offset: end });
  });
});

describe('The budget', () => {
  it.each([
    ['ends with a literal', [ALPHABET, [258, 1], [258, 2], ALPHABET]],
    ['ends with a match', [ALPHABET, [258, 1], [258, 2]]],
    ['ends with a short match', [ALPHABET, [258, 1], [3, 2]]],
  ] as const)('is used up to the last byte where a message %s, and not passed', (_what, parts) => {
    const expected = expand(NOTHING, parts);
    const message = concat([
      block(parts).end().stored(new Uint8Array(0)).bytes(),
      // Empty blocks behind it: the fast loop is still at work at the end of the output.
      ...Array.from({ length: 4 }, () => hex('00 00 00 ff ff')),
      hex('00'),
    ]);
    expectBytes(inflateEachWay(message, { budget: expected.length }), expected);
    for (const less of [1, 2, 3, 26, 258, 259]) {
      expect(inflateEachWay(message, { budget: expected.length - less })).toMatchObject({
        code: 'inflated-too-big',
      });
    }
  });
});
