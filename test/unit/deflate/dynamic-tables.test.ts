import { describe, expect, it } from 'vitest';
import { DYNAMIC_TABLES_BYTES, DynamicTables } from '../../../src/deflate/dynamic-tables.ts';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { Bits } from '../../support/deflate-bits.ts';
import { inflateAll } from '../../support/deflate-contract.ts';
import { concat, DELIVERIES, hex } from '../../support/deliveries.ts';

/** Where the code lengths of the code lengths stand, of which these tests use two: 18 (zeros) and 1. */
const ORDER = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1];

/** A dynamic block of 257 literals and lengths and one distance: the codes 0 for "a length of 1" and 1 for "zeros". */
function header(): Bits {
  const bits = new Bits()
    .put(0b100, 3)
    .put(0, 5)
    .put(0, 5)
    .put(ORDER.length - 4, 4);
  for (const symbol of ORDER) bits.put(symbol === 18 || symbol === 1 ? 1 : 0, 3);
  return bits;
}
const one = (bits: Bits): Bits => bits.code(0, 1);
const zeros = (bits: Bits, count: number): Bits => bits.code(1, 1).put(count - 11, 7);

/** What an inflater says of a message, in each delivery the same. */
function inflate(message: Uint8Array): unknown {
  const results = DELIVERIES.map(([, deliver]) =>
    inflateAll(
      createPureEngine().createInflater({ windowBits: 15, contextTakeover: false }),
      deliver(message),
    ),
  );
  for (const result of results) expect(result).toEqual(results[0]);
  return results[0];
}

describe('The header of a dynamic block [RFC 1951 3.2.7]', () => {
  it('may describe a code for the end of the block, and no other', () => {
    const bits = header();
    one(zeros(zeros(bits, 138), 118)); // 0 to 255, 256
    one(bits); // the distance
    bits.code(0, 1); // the end of the block
    expect(inflate(bits.endOfMessage())).toEqual(new Uint8Array(0));
  });

  it('must not describe more symbols than it announced', () => {
    const bits = header();
    one(zeros(zeros(bits, 138), 118));
    zeros(bits, 11); // the distance, and ten more
    const end = bits.bytes().length;
    bits.code(0, 1);
    expect(inflate(concat([bits.endOfMessage(), hex('00 00 00 ff ff 00')]))).toMatchObject({
      code: 'bad-deflate',
      offset: end,
    });
  });

  it('must have a code for the end of the block, whatever follows', () => {
    const bits = header();
    one(one(bits)); // 0 and 1
    zeros(zeros(bits, 138), 117); // 2 to 256
    one(bits);
    const end = bits.bytes().length;
    expect(inflate(concat([bits.bytes(), new Uint8Array(20)]))).toMatchObject({
      code: 'bad-deflate',
      offset: end,
    });
  });
});

it('DYNAMIC_TABLES_BYTES counts the tables, and the lengths that they are made from', () => {
  const { literals, distances } = new DynamicTables();
  const lengthCode = 4 * 2 ** 7;
  expect(DYNAMIC_TABLES_BYTES).toBe(literals.byteLength + distances.byteLength + lengthCode + 286 + 30);
});
