import { describe, expect, it } from 'vitest';
import { Matcher, matcherBytes } from '../../../src/deflate/matcher.ts';
import { LENGTH_SHIFT, Tokens } from '../../../src/deflate/tokens.ts';
import { sample } from '../../support/deflate-samples.ts';
import { concat, utf8 } from '../../support/deliveries.ts';

/** The tokens as one reads them: literals as characters, matches as [length, distance]. */
function read(tokens: Tokens): (string | [length: number, distance: number])[] {
  const all: (string | [number, number])[] = [];
  for (const token of tokens.list.subarray(0, tokens.count)) {
    const length = token >>> LENGTH_SHIFT;
    if (length > 0) all.push([length, (token & 0xffff) + 1]);
    else if (typeof all.at(-1) === 'string') all[all.length - 1] += String.fromCharCode(token);
    else all.push(String.fromCharCode(token));
  }
  return all;
}

/** What a matcher finds in all of `bytes`, or in a part of them. */
function find(
  level: number,
  bytes: Uint8Array,
  { windowBits = 15, from = 0, to = bytes.length, matcher = new Matcher(level, windowBits) } = {},
): (string | [number, number])[] {
  const tokens = new Tokens();
  expect(matcher.find(tokens, bytes, from, to)).toBe(to);
  return read(tokens);
}

describe.each([1, 2, 5, 9])('A matcher of level %s', (level) => {
  it.each([
    ['nothing', '', []],
    ['three bytes, too few to be looked for', 'abc', ['abc']],
    ['what is there once', 'abcdefgh', ['abcdefgh']],
    ['three bytes again', 'abcxabcy', ['abcxabcy']],
    ['four bytes again, up to the end', 'abcdabcd', ['abcd', [4, 4]]],
    ['four bytes again, and more behind', 'abcd-abcd+', ['abcd-', [4, 5], '+']],
    ['a byte again and again', 'aaaaaaaaaa', ['a', [9, 1]]],
    ['the nearer of two', 'abcd1abcd2abcd3', ['abcd1', [4, 5], '2', [4, 5], '3']],
    ['two behind one another', 'abcdefgh+abcd-efgh', ['abcdefgh+', [4, 9], '-', [4, 10]]],
  ])('finds in %s', (_what, text, expected) => {
    expect(find(level, utf8(text))).toEqual(expected);
  });

  it('cuts a long run into matches of 258 bytes', () => {
    const lengths = (count: number) =>
      find(level, utf8('a'.repeat(count))).map((token) => (typeof token === 'string' ? token : token[0]));
    expect(lengths(1 + 258 + 258 + 20)).toEqual(['a', 258, 258, 20]);
    expect(lengths(1 + 258 + 3)).toEqual(['a', 258, 'aaa']);
  });

  it('looks no further than to where it is told', () => {
    expect(find(level, utf8('abcdefabcdef'), { to: 11 })).toEqual(['abcdef', [5, 6]]);
    expect(find(level, utf8('abcdefabcdef'), { to: 9 })).toEqual(['abcdefabc']);
  });

  it('refers to what it was shown before, but not once that is forgotten', () => {
    const matcher = new Matcher(level, 15);
    const bytes = utf8('abcdefgh+abcdefgh');
    expect(find(level, bytes, { matcher, to: 9 })).toEqual(['abcdefgh+']);
    expect(find(level, bytes, { matcher, from: 9 })).toEqual([[8, 9]]);
    matcher.forget(bytes.length);
    expect(find(level, utf8('abcdefgh'), { matcher })).toEqual(['abcdefgh']);
  });

  it('refers to what has moved to where it is now', () => {
    const matcher = new Matcher(level, 8);
    const bytes = utf8('0123456789Sec-Key!+Sec-Key!');
    find(level, bytes, { matcher, to: 19 });
    matcher.slide(10);
    expect(find(level, bytes.subarray(10), { matcher, from: 9 })).toEqual([[8, 9]]);
  });

  it('reaches as far back as its window, and no further [RFC 7692 7.1.2]', () => {
    const noise = sample('random', 1024).map((byte) => byte | 0x80);
    for (const [gap, found] of [
      [240, true],
      [241, false],
    ] as const) {
      const text = utf8('abcdefghijklmnop');
      const bytes = concat([text, noise.subarray(0, gap), text]);
      const matches = find(level, bytes, { windowBits: 8 }).filter((token) => typeof token !== 'string');
      expect(matches.map(([, distance]) => distance)).toEqual(found ? [256] : []);
    }
  });

  it('counts how often each symbol occurs, the end of the block too', () => {
    const tokens = new Tokens();
    tokens.clear();
    const bytes = utf8('abcd-abcd+');
    new Matcher(level, 15).find(tokens, bytes, 0, bytes.length);
    const counted = (counts: Int32Array) => [...counts.entries()].filter(([, count]) => count > 0);
    expect(counted(tokens.literals)).toEqual(
      [0x2b, 0x2d, 0x61, 0x62, 0x63, 0x64, 256, 258].map((symbol) => [symbol, 1]),
    );
    expect(counted(tokens.distances)).toEqual([[4, 1]]);
  });
});

describe('Level 1', () => {
  it('takes what it skipped over into a match that it finds later', () => {
    // After 64 positions without a match every second one is looked at only.
    const noise = sample('random', 400).map((byte) => byte | 0x80);
    for (const start of [200, 201]) {
      const bytes = concat([
        utf8('0123456789abcdefghij'),
        noise.subarray(0, start),
        utf8('0123456789abcdefghij'),
      ]);
      expect(find(1, bytes).filter((token) => typeof token !== 'string')).toEqual([[20, start + 20]]);
    }
  });
});

describe('Levels from 2 on', () => {
  it.each([5, 9])('level %s puts off a short match for a longer one at the next byte', (level) => {
    const bytes = utf8('abcd1bcdefghij2abcdefghij');
    expect(find(level, bytes)).toEqual(['abcd1bcdefghij2a', [9, 11]]);
  });

  it.each([2, 5, 9])('level %s goes back to a longer match behind a nearer one', (level) => {
    const bytes = utf8('abcdefgh1abcdXX2abcdefgh');
    expect(find(level, bytes)).toEqual(['abcdefgh1', [4, 9], 'XX2', [8, 16]]);
  });
});

describe('matcherBytes()', () => {
  it('says what the tables take: 4 bytes for a hash, and 2 for a position of a chain', () => {
    expect([matcherBytes(1, 8), matcherBytes(1, 15)]).toEqual([1024, 4 * 8192]);
    expect([matcherBytes(2, 8), matcherBytes(9, 15)]).toEqual([1024 + 512, 4 * 16_384 + 2 * 32_768]);
  });
});
