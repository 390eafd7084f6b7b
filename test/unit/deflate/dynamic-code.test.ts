import { expect, it } from 'vitest';
import { BitWriter } from '../../../src/deflate/bit-writer.ts';
import { DynamicCode } from '../../../src/deflate/dynamic-code.ts';
import { CODE_BITS, CodeBuilder } from '../../../src/deflate/huffman.ts';
import { Matcher } from '../../../src/deflate/matcher.ts';
import { Tokens } from '../../../src/deflate/tokens.ts';
import { sample } from '../../support/deflate-samples.ts';

it.each([
  ['text', sample('text', 3000)],
  ['noise', sample('random', 1000)],
  ['every value as often', Uint8Array.from({ length: 1024 }, (_, i) => i)],
  ['one value', new Uint8Array(1000)],
  ['two values far apart', Uint8Array.from({ length: 50 }, (_, i) => (i % 3 === 0 ? 0 : 255))],
])('DynamicCode plans as many bits as it takes: %s [RFC 1951 3.2.7]', (_what, bytes) => {
  const tokens = new Tokens();
  tokens.clear();
  new Matcher(6, 15).find(tokens, bytes, 0, bytes.length);
  const code = new DynamicCode(new CodeBuilder());
  const planned = code.plan(tokens);

  const writer = new BitWriter();
  writer.start(1000);
  code.writeHeader(writer);
  let bits = 8 * writer.at + writer.bits;
  for (const [symbol, count] of tokens.literals.entries())
    bits += count * (code.literals[symbol]! >>> CODE_BITS);
  for (const [symbol, count] of tokens.distances.entries())
    bits += count * (code.distances[symbol]! >>> CODE_BITS);
  // A code has two symbols at least: those that it lacks are counted with a bit each.
  const distances = tokens.distances.filter((count) => count > 0).length;
  expect(planned).toBe(bits + Math.max(0, 2 - distances));
});
