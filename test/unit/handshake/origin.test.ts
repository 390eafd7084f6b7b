import { describe, expect, it } from 'vitest';
import { checkOrigin, type OriginOption, resolveOriginPolicy } from '../../../src/handshake/origin.ts';

/** Whether an origin is welcome, by rules that are resolved first and by rules that are not. */
function isWelcome(
  origin: string | undefined,
  option: OriginOption,
  host = 'api.example.net',
  secure?: boolean,
): boolean {
  const context = { secure };
  const verdict = checkOrigin(origin, host, resolveOriginPolicy(option), context) === undefined;
  expect(checkOrigin(origin, host, option, context) === undefined).toBe(verdict);
  return verdict;
}

describe("checkOrigin(), 'same-host'", () => {
  it.each([
    ['http://example.com', 'example.com'],
    ['https://example.com', 'example.com'],
    ['http://example.com', 'example.com:80'],
    ['https://example.com', 'example.com:443'],
    ['http://example.com:80', 'example.com'],
    ['https://example.com:443', 'example.com'],
    ['http://example.com:8080', 'example.com:8080'],
    ['http://EXAMPLE.com', 'Example.COM'],
    ['http://example.com.', 'example.com.'],
    ['http://127.0.0.1:3000', '127.0.0.1:3000'],
    ['http://[::1]:3000', '[::1]:3000'],
    ['http://[0:0::1]:3000', '[::1]:3000'],
  ])('lets a page of %s open a socket to %s [RFC 6455 10.2]', (origin, host) => {
    expect(isWelcome(origin, 'same-host', host)).toBe(true);
  });

  it.each([
    ['http://evil.example', 'example.com', 'another host'],
    ['http://example.com:3000', 'example.com:8080', 'another port'],
    ['http://example.com', 'example.com:8080', "the scheme's port against another"],
    ['http://example.com:8080', 'example.com', "another port against the scheme's"],
    ['https://example.com', 'example.com:80', 'the port of another scheme'],
    ['http://example.com:443', 'example.com', 'the port of another scheme in the origin'],
    ['http://www.example.com', 'example.com', 'a host below'],
    ['http://example.com', 'www.example.com', 'a host above'],
    ['http://example.com.', 'example.com', 'a trailing dot'],
    ['http://example.com', 'example.com.', 'a missing trailing dot'],
    ['http://127.0.0.1:8080', 'localhost:8080', 'an address for a name'],
    ['http://localhost:8080', '127.0.0.1:8080', 'a name for an address'],
    ['http://192.168.0.1', 'example.com', 'an IP literal, which is no friend by itself (CVE-2025-30360)'],
    ['http://[::1]:8080', '127.0.0.1:8080', 'the loopback address of another family'],
    ['http://[::ffff:127.0.0.1]:8080', '127.0.0.1:8080', 'the same address as IPv6'],
    ['null', 'null', 'a page without an origin'],
    ['null', 'example.com', 'a page without an origin, elsewhere'],
    ['file://', 'example.com', 'a file'],
    ['app://example.com', 'example.com', 'an app that carries the name of the host'],
    ['ws://example.com', 'example.com', 'a scheme that no page is of'],
    ['', 'example.com', 'an empty value'],
    ['example.com', 'example.com', 'no scheme'],
    ['//example.com', 'example.com', 'an empty scheme'],
    ['://example.com', 'example.com', 'an empty scheme with a colon'],
    ['http:example.com', 'example.com', 'no slashes'],
    ['http://example.com/', 'example.com', 'a path'],
    ['http://example.com?', 'example.com', 'a query'],
    ['http://example.com#', 'example.com', 'a fragment'],
    ['http://user@example.com', 'example.com', 'a user name'],
    ['http://example.com@evil.example', 'example.com', 'the host as a user name'],
    ['http://evil.example\\.example.com', 'example.com', 'a backslash'],
    ['http://example.com http://example.com', 'example.com', 'a list as in RFC 6454'],
    ['http://example.com, http://example.com', 'example.com', 'two headers joined'],
    ['http://example.com,evil.example', 'example.com', 'a comma'],
    [' http://example.com', 'example.com', 'white space in front'],
    ['http://example.com ', 'example.com', 'white space behind'],
    ['http://example.com:65536', 'example.com', 'no port'],
    ['http://example.com:x', 'example.com', 'no number for a port'],
    ['http://exa%6dple.com', 'example.com', 'an encoded host'],
    ['http://ex\u00e4mple.com', 'ex\u00e4mple.com', 'a host outside of ASCII'],
    ['1http://example.com', 'example.com', 'no scheme: a digit in front'],
    ['h_t://example.com', 'example.com', 'no scheme: a low line'],
    ['http\0://example.com', 'example.com', 'no scheme: a control character'],
    ['constructor', 'constructor', 'a name of Object.prototype'],
    ['http://', '', 'no host on either side'],
    ['file://', '', 'no host on either side, where the scheme needs none'],
    ['http://example.com', '', 'no host in the request'],
    ['http://example.com', 'example.com, example.com', 'a list of hosts in the request'],
  ])('refuses a page of %j for %j: %s [CVE-2018-14732, CVE-2020-28481]', (origin, host) => {
    expect(isWelcome(origin, 'same-host', host)).toBe(false);
  });

  it.each([
    ['https://example.com', true, true],
    ['http://example.com', true, false],
    ['capacitor://example.com', true, false],
    ['capacitor://example.com', false, false],
    ['http://example.com', false, true],
    ['https://example.com', false, true],
    ['http://example.com', undefined, true],
  ])('of a page of %s says, with secure %s, %s: TLS here asks for TLS there', (origin, secure, verdict) => {
    expect(isWelcome(origin, 'same-host', 'example.com', secure)).toBe(verdict);
    expect(isWelcome(origin, ['same-host'], 'example.com', secure)).toBe(verdict);
  });
});

describe('checkOrigin(), a list', () => {
  it.each<readonly [string, string]>([
    ['https://example.com', 'https://example.com'],
    ['https://example.com', 'https://example.com:443'],
    ['https://example.com:443', 'https://example.com'],
    ['HTTPS://EXAMPLE.COM', 'https://example.com'],
    ['https://example.com', 'HTTPS://Example.com'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:3000', 'http://[0::1]:3000'],
    ['https://a.example.com', 'https://*.example.com'],
    ['https://a.b.c.example.com', 'https://*.example.com'],
    ['https://a.example.com:8443', 'https://*.example.com:8443'],
    ['https://a.example.com', 'https://*.example.com:*'],
    ['https://a.example.com:1', 'https://*.example.com:*'],
    ['http://localhost', 'http://localhost:*'],
    ['http://localhost:3000', 'http://localhost:*'],
    ['http://[::1]:3000', 'http://[::1]:*'],
    ['null', 'null'],
    ['file://', 'file://'],
    ['chrome-extension://abcdefghijklmnop', 'chrome-extension://abcdefghijklmnop'],
    ['moz-extension://0b1c-2d', 'moz-extension://*.0b1c-2d'.replace('*.', '')],
    ['web+app.x-1://example.com', 'web+app.x-1://example.com'],
    ['https://api.example.net', 'same-host'],
  ])('lets %s in by the rule %s', (origin, rule) => {
    expect(isWelcome(origin, [rule])).toBe(true);
  });

  it.each<readonly [string, string, string]>([
    ['http://example.com', 'https://example.com', 'another scheme'],
    ['https://example.com:8443', 'https://example.com', 'another port'],
    ['https://example.com.', 'https://example.com', 'a trailing dot'],
    ['https://example.com.evil.net', 'https://example.com', 'more behind'],
    ['https://evilexample.com', 'https://example.com', 'more in front'],
    ['https://www.example.com', 'https://example.com', 'a host below'],
    ['https://example.com', 'https://*.example.com', 'the domain itself'],
    ['https://evilexample.com', 'https://*.example.com', 'no label of its own'],
    ['https://.example.com', 'https://*.example.com', 'an empty label'],
    ['http://a.example.com', 'https://*.example.com', 'another scheme below'],
    ['https://a.example.com:8443', 'https://*.example.com', 'another port below'],
    ['https://a.example.com.', 'https://*.example.com', 'a trailing dot below'],
    ['https://a.example.com.evil.net', 'https://*.example.com', 'more behind below'],
    ['https://*.example.com.evil.net', 'https://*.example.com', 'a star that is sent'],
    ['https://evil.net/.example.com', 'https://*.example.com', 'the domain in a path'],
    ['https://evil.net?.example.com', 'https://*.example.com', 'the domain in a query'],
    ['https://evil.net#.example.com', 'https://*.example.com', 'the domain in a fragment'],
    ['https://evil.net:80.example.com', 'https://*.example.com', 'the domain in a port'],
    ['https://evil@a.example.com', 'https://*.example.com', 'a user name'],
    ['http://localhost.evil.net', 'http://localhost:*', 'more behind a name for every port'],
    ['http://localhost:x', 'http://localhost:*', 'no port'],
    ['http://127.0.0.1:3000', 'http://localhost:*', 'the address of the name'],
    ['null', 'https://example.com', 'a page without an origin'],
    ['NULL', 'null', 'null in capitals, which no browser sends'],
    ['file://', 'null', 'a file where only null is allowed'],
    ['null', 'file://', 'null where only files are allowed'],
    ['file://host', 'file://', 'a file on a host'],
    ['app://x', 'file://x', 'another scheme without ports'],
    ['app://', 'file://', 'another scheme without hosts'],
    ['file://', 'file://host', 'no host where the rule has one'],
    ['https://1.2.3.4', 'https://*.3.4', 'an address, which has no labels'],
    ['https://a, https://example.com', 'https://example.com', 'two headers joined'],
    ['http://other.example', 'same-host', 'another host'],
  ])('refuses %s by the rule %s: %s [CVE-2018-14732, CVE-2025-30360]', (origin, rule) => {
    expect(isWelcome(origin, [rule])).toBe(false);
  });

  it('lets in what one rule of several lets in, and nobody by no rules', () => {
    expect(isWelcome('https://b', ['https://a', 'https://b'])).toBe(true);
    expect(isWelcome('https://c', ['https://a', 'https://b'])).toBe(false);
    expect(isWelcome('https://c', [])).toBe(false);
  });

  it('asks a function with the origin as sent and the host, and takes only true for a yes', () => {
    const asked: unknown[] = [];
    const rule = (...args: unknown[]): boolean => {
      asked.push(args);
      return true;
    };
    expect(checkOrigin('https://A.example', 'Host:1', [rule])).toBeUndefined();
    expect(asked).toEqual([['https://A.example', 'Host:1']]);
    for (const no of [false, undefined, 1, 'yes', Promise.resolve(true)]) {
      expect(isWelcome('https://a', [() => no as boolean])).toBe(false);
    }
  });

  it('asks a function about null, and never about what is no origin', () => {
    const asked: string[] = [];
    const policy = resolveOriginPolicy([(origin) => asked.push(origin) > 0]);
    expect(checkOrigin('null', 'h', policy)).toBeUndefined();
    expect(checkOrigin('https://a/', 'h', policy)?.code).toBe('origin-refused');
    expect(asked).toEqual(['null']);
  });

  it.each(['a', 'z', 'az', 'a0', 'a9', 'a+', 'a-', 'a.', 'A', 'Z9'])(
    'asks a function about the scheme %s [RFC 3986 3.1]',
    (scheme) => {
      expect(isWelcome(`${scheme}://h`, [() => true])).toBe(true);
    },
  );

  it.each([
    '0a',
    '9',
    '+a',
    '-a',
    '.a',
    '_',
    'a_',
    'a/',
    'a:',
    'a`',
    '`',
    'a{',
    '{',
    'a*',
    'a,',
    'a ',
    'a\u00e4',
  ])('asks nobody about %j, which is no scheme [RFC 3986 3.1]', (scheme) => {
    expect(isWelcome(`${scheme}://h`, [() => true])).toBe(false);
  });

  it('lets out what a function throws: that is no fault of the peer', () => {
    const failure = new Error('no database');
    const rule = (): boolean => {
      throw failure;
    };
    expect(() => checkOrigin('https://a', 'h', [rule])).toThrow(failure);
  });
});

describe('checkOrigin()', () => {
  it.each<OriginOption>(['any', { allow: 'any' }])(
    'lets every origin in by %j, also what is none',
    (option) => {
      for (const origin of ['https://a', 'null', '', 'a, b', '\0', undefined]) {
        expect(isWelcome(origin, option)).toBe(true);
      }
    },
  );

  it.each<OriginOption>([
    'same-host',
    [],
    ['https://a'],
    { allow: 'same-host' },
    { allow: [], missing: 'allow' },
    { allow: [], missing: undefined },
  ])('lets requests without Origin in by %j: no browser sends them [RFC 6455 4.2.1]', (option) => {
    expect(isWelcome(undefined, option)).toBe(true);
  });

  it.each<OriginOption>([
    { allow: 'any', missing: 'refuse' },
    { allow: 'same-host', missing: 'refuse' },
    { allow: ['https://a'], missing: 'refuse' },
  ])('refuses requests without Origin where it was told to, by %j', (option) => {
    expect(isWelcome(undefined, option)).toBe(false);
    expect(checkOrigin(undefined, 'h', option)).toMatchObject({
      code: 'origin-refused',
      status: 403,
      message: 'Cannot accept upgrade: Origin is missing, expected one that is allowed (RFC 6455 §10.2)',
    });
  });

  it('keeps the rules of the long form', () => {
    const option: OriginOption = { allow: ['https://a'], missing: 'refuse' };
    expect(isWelcome('https://a', option)).toBe(true);
    expect(isWelcome('https://b', option)).toBe(false);
  });

  it('says no with a 403, and does not repeat what was sent', () => {
    expect(checkOrigin('https://evil.example', 'h', ['https://a'])).toMatchObject({
      code: 'origin-refused',
      status: 403,
      message: 'Cannot accept upgrade: Origin is not one that this server allows (RFC 6455 §10.2)',
    });
  });

  it('gives a verdict on each of the 256 bytes anywhere in the value, and never throws [CVE-2026-55517]', () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      for (const origin of [character, `h${character}://a`, `http://${character}`, `http://a:${character}`]) {
        expect(typeof isWelcome(origin, ['same-host', 'https://*.a:*'], 'a')).toBe('boolean');
      }
    }
  });
});

describe('resolveOriginPolicy()', () => {
  it.each([
    '',
    '*',
    'any',
    'example.com',
    '*.example.com',
    '*://example.com',
    'https://*',
    'https://*.',
    'https://*example.com',
    'https://a.*.example.com',
    'https://*.*.example.com',
    'https://*.127.0.0.1',
    'https://*.[::1]',
    'https://example.com/',
    'https://example.com/*',
    'https://example.com:80*',
    'https://example.com:8080:*',
    'https://user@example.com',
    'https://',
    'http://*.',
    'file://:*',
    'file://*.',
    'https://a, https://b',
    'NULL',
    undefined,
    null,
    1,
  ])('refuses the rule %s', (rule) => {
    expect(() => resolveOriginPolicy([rule as string])).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-option',
        message: `Cannot use origin ${JSON.stringify(rule)}: expected such as https://example.com, https://*.example.com, http://localhost:*`,
      }),
    );
  });

  it.each([
    [undefined, 'Cannot use origins: they are undefined'],
    [null, 'Cannot use origins: options are null, expected an object'],
    ['https://example.com', 'Cannot use origins: they are "https://example.com"'],
    [true, 'Cannot use origins: they are true'],
    [5n, 'Cannot use origins: they are 5'],
    [Symbol('x'), 'Cannot use origins: they are Symbol(x)'],
    [() => true, 'Cannot use origins: they are a function'],
    [{ allow: {} }, 'Cannot use origins: they are an object'],
    [[5n], 'Cannot use origin 5: '],
    [[Symbol('x')], 'Cannot use origin Symbol(x): '],
    [[Object.create(null)], 'Cannot use origin an object: '],
    [[['https://a']], 'Cannot use origin a list: expected such as https://example.com'],
    [[/example/], 'Cannot use origin an object: expected such as https://example.com'],
    [{ allow: undefined }, 'Cannot use origins: they are undefined'],
    [{}, 'Cannot use origins: they are undefined'],
    [
      { allow: 'any', strict: true },
      'Cannot use origins: there is no option "strict", expected one of allow, missing',
    ],
    [{ kind: 'host-policy', allows: () => true }, 'Cannot use origins: there is no option "kind"'],
    [
      { allow: 'any', missing: 'deny' },
      `Cannot use origins: missing is "deny", expected 'allow' or 'refuse'`,
    ],
    [{ allow: 'any', missing: false }, "Cannot use origins: missing is false, expected 'allow' or 'refuse'"],
  ])('refuses %o, which is no policy', (option, message) => {
    for (const use of [resolveOriginPolicy, (rules: OriginOption) => checkOrigin('https://a', 'h', rules)]) {
      expect(() => use(option as never)).toThrow(
        expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(message) }),
      );
    }
  });
});
