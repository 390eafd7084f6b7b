import { describe, expect, it } from 'vitest';
import { formatHost, isIpv4, parseHost } from '../../../src/handshake/host.ts';

describe('parseHost()', () => {
  it.each([
    ['example.com', 'name', 'example.com', undefined],
    ['EXAMPLE.Com.', 'name', 'example.com.', undefined],
    ['localhost:8080', 'name', 'localhost', 8080],
    ['localhost:', 'name', 'localhost', undefined],
    ['localhost:0', 'name', 'localhost', 0],
    ['localhost:65535', 'name', 'localhost', 65_535],
    ['localhost:00080', 'name', 'localhost', 80],
    ['127.0.0.1', 'ipv4', '127.0.0.1', undefined],
    ['127.0.0.1:1', 'ipv4', '127.0.0.1', 1],
    ['127.0.0.1.', 'name', '127.0.0.1.', undefined],
    ['127.0.0.01', 'name', '127.0.0.01', undefined],
    ['127.0.0.256', 'name', '127.0.0.256', undefined],
    ['127.1', 'name', '127.1', undefined],
    ['[::1]:80', 'ipv6', '::1', 80],
    ['a'.repeat(254), 'name', 'a'.repeat(254), undefined],
  ])('reads %j [RFC 3986 3.2.2]', (text, kind, hostname, port) => {
    expect(parseHost(text)).toEqual({ kind, hostname, port });
  });

  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['0:0:0:0:0:0:0:0', '::'],
    ['0000:0000:0000:0000:0000:0000:0000:0001', '::1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['2001:0db8::0001', '2001:db8::1'],
    ['2001:db8:0:0:0:0:2:1', '2001:db8::2:1'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['::ffff:1.2.3.4', '::ffff:102:304'],
    ['::255.255.255.255', '::ffff:ffff'],
    ['1:2:3:4:5:6:255.0.10.1', '1:2:3:4:5:6:ff00:a01'],
    ['ABCD:EF01:2345:6789:ABCD:EF01:255.255.255.255', 'abcd:ef01:2345:6789:abcd:ef01:ffff:ffff'],
  ])('gives the address %s the one spelling %s [RFC 4291 2.2, RFC 5952 4]', (text, hostname) => {
    expect(parseHost(`[${text}]`)).toEqual({ kind: 'ipv6', hostname, port: undefined });
  });

  it.each([
    '',
    ':',
    ':80',
    'a b',
    'a%20b',
    'a/b',
    'a?b',
    'a@b',
    'a,b c',
    'a\\b',
    'a"b',
    'a<b',
    'a:b',
    'a:8 0',
    'a:+80',
    'a:80:80',
    'a:65536',
    'a:1e3',
    'ü',
    '\u0141',
    'a\0',
    '\xff',
    'a'.repeat(255),
    '[',
    ']',
    '[]',
    '[::1',
    '::1]',
    '[::1]x',
    '[::1]80',
    '[::1]:x',
    '[::1]]',
    '[[::1]]',
    '[1]',
    '[1:2:3:4:5:6:7]',
    '[1:2:3:4:5:6:7:8:9]',
    '[1:2:3:4:5:6:7:8::]',
    '[::1:2:3:4:5:6:7:8]',
    '[1::2::3]',
    '[:::]',
    '[:1]',
    '[1:]',
    '[:]',
    '[1:2:3:4:5:6:7:]',
    '[12345::]',
    '[g::]',
    '[::1.2.3]',
    '[::1.2.3.256]',
    '[::1.2.3.04]',
    '[::1.2.3.4:5]',
    '[1.2.3.4::]',
    '[1.2.3.4::1]',
    '[1.2.3.4]',
    '[1:2:3:4:5:6:7:1.2.3.4]',
    '[::-1]',
    '[::0x1]',
    '[::1%25eth0]',
    '[v1.x]',
    `[${'0'.repeat(46)}]`,
  ])('refuses %j [RFC 3986 3.2.2]', (text) => {
    expect(parseHost(text)).toBeUndefined();
  });

  it('takes of the 256 bytes those that a name may have, in a name [RFC 3986 3.2.2]', () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      const isTaken = parseHost(`a${character}b`) !== undefined;
      expect(isTaken, `byte ${byte}`).toBe(/^[-A-Za-z0-9._~!$&'()*+,;=]$/.test(character));
    }
  });
});

describe('formatHost()', () => {
  it.each([
    ['example.com', undefined, 'example.com'],
    ['example.com:80', 80, 'example.com'],
    ['example.com:80', 443, 'example.com:80'],
    ['example.com:80', undefined, 'example.com:80'],
    ['[0::1]:8080', 80, '[::1]:8080'],
    ['[0::1]:80', 80, '[::1]'],
  ])('writes %s, default port %s, as %s', (text, defaultPort, expected) => {
    expect(formatHost(parseHost(text)!, defaultPort)).toBe(expected);
  });
});

describe('isIpv4()', () => {
  it.each(['0.0.0.0', '255.255.255.255', '1.22.133.4'])('takes %s [RFC 3986 3.2.2]', (text) => {
    expect(isIpv4(text)).toBe(true);
  });

  it.each([
    '',
    '1.2.3',
    '1.2.3.4.5',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '256.1.1.1',
    '1.1.1.256',
    '00.1.1.1',
    '1.1.1.01',
    'a.1.1.1',
    '1.1.1.-1',
    '1111.1.1.1',
    '1.1.1.1 ',
  ])('refuses %j [RFC 3986 3.2.2]', (text) => {
    expect(isIpv4(text)).toBe(false);
  });
});
