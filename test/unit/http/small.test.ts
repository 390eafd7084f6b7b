import { STATUS_CODES } from 'node:http';
import { formatHttpDate, parseQuery, reasonPhrase } from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { isConnectTarget, isHostAndPort } from '../../../src/http/host.ts';
import { parseTarget } from '../../../src/http/target.ts';

describe('formatHttpDate()', () => {
  it.each([
    [784_111_777_000, 'Sun, 06 Nov 1994 08:49:37 GMT'],
    [0, 'Thu, 01 Jan 1970 00:00:00 GMT'],
    [951_782_400_999, 'Tue, 29 Feb 2000 00:00:00 GMT'],
    [253_402_300_799_999, 'Fri, 31 Dec 9999 23:59:59 GMT'],
  ])('of %d is %s [RFC 9110 5.6.7]', (ms, text) => {
    expect(formatHttpDate(ms)).toBe(text);
  });

  it.each([-1, Number.NaN, Number.POSITIVE_INFINITY, 253_402_300_800_000])('refuses %d', (ms) => {
    expect(() => formatHttpDate(ms)).toThrow(
      expect.objectContaining({ code: 'bad-argument', name: 'RangeError' }),
    );
  });
});

describe('reasonPhrase()', () => {
  it('knows the registered ones, and is empty for others [RFC 9110 15]', () => {
    expect([101, 200, 404, 413, 414, 426, 431, 505].map(reasonPhrase)).toEqual([
      'Switching Protocols',
      'OK',
      'Not Found',
      'Content Too Large',
      'URI Too Long',
      'Upgrade Required',
      'Request Header Fields Too Large',
      'HTTP Version Not Supported',
    ]);
    expect([418, 299, 0, Number.NaN].map(reasonPhrase)).toEqual(['', '', '', '']);
  });

  it('says what Node says, but for names that RFC 9110 changed and what is not registered', () => {
    const others = new Set([413, 418, 422, 509, 510]);
    for (let status = 0; status < 1000; status++) {
      if (!others.has(status)) expect(reasonPhrase(status)).toBe(STATUS_CODES[status] ?? '');
    }
    expect(reasonPhrase(422)).toBe('Unprocessable Content');
  });
});

describe('parseQuery()', () => {
  it.each([
    ['', []],
    ['a', [['a', ['']]]],
    ['a=', [['a', ['']]]],
    ['=a', [['', ['a']]]],
    ['&&a=1&&', [['a', ['1']]]],
    [
      'a=1&b=2&a=3',
      [
        ['a', ['1', '3']],
        ['b', ['2']],
      ],
    ],
    ['a=b=c', [['a', ['b=c']]]],
    ['a+b=c+d', [['a b', ['c d']]]],
    ['a=%2B%20%26', [['a', ['+ &']]]],
    ['q=%c3%A4', [['q', ['\u00e4']]]],
    ['a=%', [['a', ['%']]]],
    ['a=%4', [['a', ['%4']]]],
    ['a=%zz%41', [['a', ['%zzA']]]],
    ['a=%ff', [['a', ['\ufffd']]]],
    ['a=x41%41%4x%x4', [['a', ['x41A%4x%x4']]]],
    ['a=%39%3a%3A', [['a', ['9::']]]],
    ['a=%ef%bb%bfb', [['a', ['\ufeffb']]]],
    ['\u00e4%41%4', [['\u00e4A%4', ['']]]],
    [
      '__proto__=1&constructor=2',
      [
        ['__proto__', ['1']],
        ['constructor', ['2']],
      ],
    ],
  ])('of %j', (query, expected) => {
    expect([...parseQuery(query)]).toEqual(expected);
  });
});

describe('isHostAndPort()', () => {
  it.each([
    'a',
    'example.com',
    '127.0.0.1:80',
    'a:',
    '[::]',
    '[::1]',
    '[1::]',
    '[1:2:3:4:5:6:7:8]',
    '[1:2:3:4:5:6:7::]',
    '[::2:3:4:5:6:7:8]',
    '[::ffff:192.0.2.1]',
    '[1:2:3:4:5:6:192.0.2.1]:8080',
    '[v1.a:b]',
    'a%41',
  ])('takes %s [RFC 3986 3.2.2]', (host) => {
    expect(isHostAndPort(host, 0, host.length)).toBe(true);
    expect(isHostAndPort(`x${host}x`, 1, host.length + 1)).toBe(true);
  });

  it.each([
    '',
    ':',
    ':80',
    'a:b',
    'a:1:2',
    'a/',
    'a@b',
    '[',
    '[]',
    '[:]',
    '[:::]',
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[1::2:3:4:5:6:7:8]',
    '[12345::]',
    '[g::]',
    '[::1',
    '[::1]x',
    '[::1]:x',
    '[::256.0.0.1]',
    '[::1.2.3]',
    '[::01.2.3.4]',
    '[1.2.3.4::]',
    '[1.2.3.4]',
    '[fe80::1%25eth0]',
    '[v1]',
    '[v.a]',
    '[vg.a]',
    `[${'1:'.repeat(40)}]`,
    'a%4',
    'a%4g',
    '\u00e4',
  ])('refuses %s [RFC 3986 3.2.2]', (host) => {
    expect(isHostAndPort(host, 0, host.length)).toBe(false);
  });

  it('does not look past its end', () => {
    expect(isHostAndPort('a%41', 0, 3)).toBe(false);
    expect(isHostAndPort('a%41:80', 0, 3)).toBe(false);
    expect(isHostAndPort('[::1]', 0, 4)).toBe(false);
    expect(isHostAndPort('[::1]:80', 0, 4)).toBe(false);
    expect(isHostAndPort('[::1]:80', 0, 3)).toBe(false);
    expect(isConnectTarget('a:80', 0, 1)).toBe(false);
    expect(isConnectTarget('a:80', 0, 2)).toBe(false);
    expect(isHostAndPort('a:1x', 0, 3)).toBe(true);
    expect(isHostAndPort('[::1]:80', 0, 5)).toBe(true);
    expect(isHostAndPort('', 0, 0)).toBe(false);
    expect(isHostAndPort('[::1]', 0, 0)).toBe(false);
    expect(isHostAndPort('a%41', 0, 4)).toBe(true);
    expect(isHostAndPort('%41', 0, 3)).toBe(true);
    expect(isHostAndPort('x%41%', 1, 4)).toBe(true);
  });

  it.each([
    '[1::2::3]',
    '[1:2:3::4:5:6::7:8]',
    '[::12345]',
    '[::256.1.1.1]',
    '[::1.2.3]',
    '[xv1.a]',
    '[v1.a b]',
    '[v1.a]x',
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[::1',
    '[]',
    '[::1]]',
    '\u0161',
    'a\u0130',
  ])('refuses the address or the name %s [RFC 3986 3.2.2]', (host) => {
    expect(isHostAndPort(host, 0, host.length)).toBe(false);
  });

  it.each([
    '[1234:2:3:4:5:6:7:8]',
    '[::abcd]',
    '[::ffff:255.255.255.255]',
    '[v1f.a:b]',
    '[V1.x]',
    '[1::]',
    '[::]',
    `[${'1234:'.repeat(6)}255.255.255.255]`,
  ])('takes the address %s [RFC 3986 3.2.2]', (host) => {
    expect(isHostAndPort(host, 0, host.length)).toBe(true);
  });
});

describe('isConnectTarget()', () => {
  it.each([
    ['a:1', true],
    ['a:65535', true],
    ['a:00443', true],
    ['[::1]:443', true],
    ['a', false],
    ['a:', false],
    ['', false],
    [':', false],
    ['a:x', false],
    ['a/1', false],
    ['a.1', false],
    ['[::1]', false],
    ['[::1', false],
    ['a:0', false],
    ['a:65536', false],
    ['a:99999999999999999999', false],
    [':80', false],
  ])('%s: %j [RFC 9110 9.3.6]', (target, expected) => {
    expect(isConnectTarget(target, 0, target.length)).toBe(expected);
  });
});

describe('parseTarget()', () => {
  it.each(['a', 'Z', 'z', 'aZ09', 'a+', 'a-', 'a.', 'ws', 'HTTP'])(
    'takes the scheme %s [RFC 3986 3.1]',
    (scheme) => {
      expect(parseTarget('GET', `${scheme}://h/p?q`)).toEqual({
        form: 'absolute',
        path: '/p',
        query: 'q',
        authority: 'h',
      });
    },
  );

  it.each(['', '0a', '+a', '-a', '.a', 'a/', 'a;', 'a@', 'a[', 'a`', 'a{', 'a,', '{', '[', '@', '`'])(
    'refuses %j, which is no scheme [RFC 3986 3.1]',
    (scheme) => {
      expect(parseTarget('GET', `${scheme}://h/p`)).toBeUndefined();
    },
  );

  it.each([
    ['GET', 'http://h', '/', ''],
    ['OPTIONS', 'http://h', '*', ''],
    ['OPTIONS', 'http://h?', '/', ''],
    ['OPTIONS', 'http://h?q', '/', 'q'],
    ['GET', 'http://h?a/b', '/', 'a/b'],
    ['GET', 'http://h/?a/b', '/', 'a/b'],
    ['GET', 'http://h/a?', '/a', ''],
    ['GET', 'http://h/a??', '/a', '?'],
  ])(
    '%s %s asks for the path %s with the query "%s" [RFC 9110 4.2.3, RFC 9112 3.2.4]',
    (method, target, path, query) => {
      expect(parseTarget(method, target)).toEqual({ form: 'absolute', path, query, authority: 'h' });
    },
  );
});
