import { describe, expect, it } from 'vitest';
import { Utf8Validator } from '../../../src/bytes/utf8.ts';
import { hex } from '../../support/deliveries.ts';

/** Where the first bad byte is, and whether what came before it ends at a character; checked in every two-way split. */
function judge(bytes: Uint8Array): { bad: number; complete: boolean } {
  const whole = new Utf8Validator();
  const bad = whole.push(bytes, 0, bytes.length);
  const verdict = { bad, complete: whole.complete };
  const isUtf8 = (piece: Uint8Array, start: number, end: number): boolean => {
    const validator = new Utf8Validator();
    return validator.push(piece, start, end) < 0 && validator.complete;
  };
  for (let cut = 0; cut <= bytes.length; cut++) {
    for (const bulk of [false, true]) {
      const split = new Utf8Validator();
      const push = (from: number, to: number): number =>
        bulk ? split.pushBulk(bytes, from, to, isUtf8) : split.push(bytes, from, to);
      let at = push(0, cut);
      if (at < 0) at = push(cut, bytes.length);
      expect({ bad: at, complete: split.complete }, `cut at ${cut}, bulk ${bulk}`).toEqual(verdict);
    }
  }
  return verdict;
}

const good = { bad: -1, complete: true };

describe('Utf8Validator', () => {
  it.each([
    ['nothing', ''],
    ['ASCII', '00 41 7f'],
    ['the first and last of two bytes', 'c2 80 df bf'],
    ['the first and last of three bytes', 'e0 a0 80 ef bf bf'],
    ['the first and last of four bytes', 'f0 90 80 80 f4 8f bf bf'],
    ['the neighbours of the surrogates', 'ed 9f bf ee 80 80'],
    ['a byte order mark', 'ef bb bf 41'],
    ['noncharacters, which are allowed', 'ef bf be f0 9f bf bf'],
    ['"κόσμε" (Autobahn 6.2)', 'ce ba e1 bd b9 cf 83 ce bc ce b5'],
  ])('takes %s [RFC 3629 4]', (_, bytes) => {
    expect(judge(hex(bytes))).toEqual(good);
  });

  it.each([
    ['a continuation byte first', '80', 0],
    ['the last continuation byte first', '41 bf', 1],
    ['C0 and C1, which would be overlong', 'c0 80', 0],
    ['C1', '41 41 c1 bf', 2],
    ['an overlong form of three bytes', 'e0 9f bf', 1],
    ['an overlong form of four bytes', 'f0 8f bf bf', 1],
    ['the first surrogate', 'ed a0 80', 1],
    ['the last surrogate', 'ed bf bf', 1],
    ['U+110000', 'f4 90 80 80', 1],
    ['F5', 'f5 80 80 80', 0],
    ['FE', 'fe', 0],
    ['FF', 'ff', 0],
    ['an ASCII byte inside a character', 'e2 82 41', 2],
    ['a lead byte inside a character', 'e2 c3 a9', 1],
    ['a fifth byte', 'f0 9f 98 80 80', 4],
    ['a sixth byte of the old encoding', 'fc 83 bf bf bf bf', 0],
  ])('finds %s on the byte that cannot stand there [RFC 3629 4]', (_, bytes, at) => {
    expect(judge(hex(bytes)).bad).toBe(at);
  });

  it('says for each pair of bytes what the table of RFC 3629 section 4 says', () => {
    const ranges: ReadonlyArray<readonly [number, number, number, number]> = [
      [0xc2, 0xdf, 0x80, 0xbf],
      [0xe0, 0xe0, 0xa0, 0xbf],
      [0xe1, 0xec, 0x80, 0xbf],
      [0xed, 0xed, 0x80, 0x9f],
      [0xee, 0xef, 0x80, 0xbf],
      [0xf0, 0xf0, 0x90, 0xbf],
      [0xf1, 0xf3, 0x80, 0xbf],
      [0xf4, 0xf4, 0x80, 0x8f],
    ];
    const wrong: string[] = [];
    for (let first = 0x80; first < 0x100; first++) {
      const row = ranges.find(([low, high]) => first >= low && first <= high);
      for (let second = 0; second < 0x100; second++) {
        const expected = row === undefined ? 0 : second >= row[2] && second <= row[3] ? -1 : 1;
        const actual = new Utf8Validator().push(Uint8Array.of(first, second), 0, 2);
        if (actual !== expected) wrong.push(`${first.toString(16)} ${second.toString(16)}: ${actual}`);
      }
    }
    expect(wrong).toEqual([]);
  });

  it('says that a text is not complete while a character is', () => {
    for (const part of ['c3', 'e2', 'e2 82', 'f0', 'f0 9f', 'f0 9f 98']) {
      expect(judge(hex(`41 ${part}`))).toEqual({ bad: -1, complete: false });
    }
  });

  it('says whether what came before the bad byte ends at a character', () => {
    expect(judge(hex('c3 a9 ff'))).toEqual({ bad: 2, complete: true });
    expect(judge(hex('c3 a9 e2 82 ff'))).toEqual({ bad: 4, complete: false });
  });

  it('finds a bad byte at each place of a long text, in its ASCII runs too', () => {
    for (let at = 0; at < 80; at++) {
      const bytes = new Uint8Array(80).fill(0x61);
      bytes[at] = 0xff;
      expect(new Utf8Validator().push(bytes, 0, 80)).toBe(at);
    }
  });

  it('reset forgets a character that was begun', () => {
    const validator = new Utf8Validator();
    validator.push(hex('e2 82'), 0, 2);
    validator.reset();
    expect(validator.complete).toBe(true);
    expect(validator.push(hex('41'), 0, 1)).toBe(-1);
  });

  it('looks at no byte outside start and end', () => {
    const bytes = hex('ff 41 c3 a9 ff');
    const validator = new Utf8Validator();
    expect(validator.push(bytes, 1, 4)).toBe(-1);
    expect(validator.complete).toBe(true);
  });

  it('pushBulk leaves to isUtf8 the whole characters alone, and each byte at most once', () => {
    const text = new TextEncoder().encode('aé€😀'.repeat(50));
    for (let cut = 0; cut <= text.length; cut++) {
      const validator = new Utf8Validator();
      let asked = 0;
      const isUtf8 = (bytes: Uint8Array, start: number, end: number): boolean => {
        asked += end - start;
        new TextDecoder('utf-8', { fatal: true }).decode(bytes.subarray(start, end));
        return true;
      };
      expect(validator.pushBulk(text, 0, cut, isUtf8)).toBe(-1);
      expect(validator.pushBulk(text, cut, text.length, isUtf8)).toBe(-1);
      expect(validator.complete).toBe(true);
      expect(asked).toBeLessThanOrEqual(text.length);
      expect(asked).toBeGreaterThan(text.length - 16);
    }
  });
});

describe('Utf8Validator, where a shortcut could miss a byte', () => {
  it('finds a lone continuation byte among NULs, behind a run of ASCII, whose bits are 0x80 together [RFC 3629 4]', () => {
    for (let run = 1; run <= 9; run++) {
      for (let bad = 0; bad < 4; bad++) {
        const bytes = Uint8Array.from([...new Array<number>(run).fill(0x61), 0, 0, 0, 0, 0x61]);
        bytes[run + bad] = 0x80;
        expect(new Utf8Validator().push(bytes, 0, bytes.length)).toBe(run + bad);
      }
    }
  });

  it('pushBulk finds that the very first byte does not go on what an earlier piece began', () => {
    const validator = new Utf8Validator();
    expect(validator.push(Uint8Array.of(0xe2), 0, 1)).toBe(-1);
    expect(validator.pushBulk(Uint8Array.of(0x41, 0x82, 0xac), 0, 3, () => true)).toBe(0);
  });
});
