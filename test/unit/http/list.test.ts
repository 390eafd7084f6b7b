import { listHas, parseList } from 'sansocket/http';
import { describe, expect, it } from 'vitest';

describe('parseList()', () => {
  it.each([
    ['', []],
    [' \t ', []],
    [',,, ,\t,', []],
    ['a', ['a']],
    [' a , b\t,c ', ['a', 'b', 'c']],
    ['a,,b,', ['a', 'b']],
    ['a b, c', ['a b', 'c']],
    ['foo/1.0, bar', ['foo/1.0', 'bar']],
    ['a\u00a0, b', ['a\u00a0', 'b']],
  ])('of %j is %j [RFC 9110 5.6.1]', (value, elements) => {
    expect(parseList(value)).toEqual(elements);
  });
});

describe('listHas()', () => {
  it.each([
    ['upgrade', 'Upgrade', true],
    ['keep-alive, UPGRADE', 'upgrade', true],
    ['  Upgrade\t', 'upgrade', true],
    [',,upgrade,', 'upgrade', true],
    ['upgrades', 'upgrade', false],
    ['xupgrade', 'upgrade', false],
    ['upgrade foo', 'upgrade', false],
    ['up grade', 'upgrade', false],
    ['', 'upgrade', false],
    [undefined, 'upgrade', false],
    ['a@b', 'a`b', false],
    ['a[b', 'a{b', false],
    ['AZ', 'az', true],
    ['az', 'AZ', true],
  ])('in %j, %j: %j [RFC 9110 7.6.1]', (value, token, expected) => {
    expect(listHas(value, token)).toBe(expected);
  });

  it('is linear on a megabyte of white space or commas [CVE-2021-32640, CVE-2023-26103]', () => {
    const million = 1_000_000;
    expect(listHas(`b${' '.repeat(million)}x`, 'x')).toBe(false);
    expect(listHas(`${','.repeat(million)}x`, 'x')).toBe(true);
    expect(listHas(`${'a, '.repeat(million / 2)}x`, 'x')).toBe(true);
    expect(listHas(`${' \t,'.repeat(million / 2)}`, 'x')).toBe(false);
    expect(parseList(`b${' '.repeat(million)}x`)).toHaveLength(1);
    expect(parseList(`${' ,'.repeat(million)}x`)).toEqual(['x']);
  });
});
