import { describe, expect, it } from 'vitest';
import { checkHost, type HostOption, resolveHostPolicy } from '../../../src/handshake/host-policy.ts';

/** Whether a host is welcome, by rules that are resolved first and by rules that are not. */
function isWelcome(host: string, option: HostOption): boolean {
  const verdict = checkHost(host, resolveHostPolicy(option)) === undefined;
  expect(checkHost(host, option) === undefined).toBe(verdict);
  return verdict;
}

describe('checkHost()', () => {
  it.each([
    ['localhost', 'localhost'],
    ['localhost:8080', 'localhost'],
    ['LOCALHOST', 'localhost'],
    ['localhost', 'LocalHost'],
    ['localhost:8080', 'localhost:8080'],
    ['127.0.0.1:1', '127.0.0.1'],
    ['[::1]:1', '[::1]'],
    ['[0:0:0:0:0:0:0:1]', '[::1]'],
    ['a.example.com', '*.example.com'],
    ['a.b.example.com:8080', '*.example.com'],
    ['a.example.com:8080', '*.example.com:8080'],
    ['example.com.', 'example.com.'],
  ])('lets %s in by the rule %s', (host, rule) => {
    expect(isWelcome(host, [rule])).toBe(true);
  });

  it.each([
    ['evil.example', 'localhost', 'another name that resolves to this machine'],
    ['127.0.0.1', 'localhost', 'an address is no name'],
    ['localhost', '127.0.0.1', 'a name is no address'],
    ['localhost.', 'localhost', 'a trailing dot'],
    ['localhost', 'localhost.', 'a missing trailing dot'],
    ['localhost:8081', 'localhost:8080', 'another port'],
    ['localhost', 'localhost:80', 'a missing port'],
    ['localhost.evil.example', 'localhost', 'the name in front of another'],
    ['evil-localhost', 'localhost', 'the name at the end of another'],
    ['example.com', '*.example.com', 'the name itself'],
    ['.example.com', '*.example.com', 'an empty label'],
    ['evilexample.com', '*.example.com', 'no label of its own'],
    ['a.example.com.', '*.example.com', 'a trailing dot below'],
    ['a.example.com.evil.net', '*.example.com', 'more behind'],
    ['*.example.com.x', '*.example.com', 'a star that is sent, elsewhere'],
    ['[::2]', '[::1]', 'another address'],
    ['1.2.3.4', '*.3.4', 'an address, which has no labels'],
    ['', 'localhost', 'no host'],
    ['localhost:8080, evil.example', 'localhost', 'a list'],
    ['localhost@evil.example', 'localhost', 'a user name'],
    ['localhost:8o80', 'localhost', 'no port'],
    ['local\u0000host', 'localhost', 'a control character'],
  ])('does not let %j in by the rule %s: %s [CVE-2025-24010]', (host, rule) => {
    expect(isWelcome(host, [rule])).toBe(false);
  });

  it('says so with a 403', () => {
    expect(checkHost('evil.example', ['localhost'])).toMatchObject({
      code: 'host-refused',
      status: 403,
      message: 'Cannot accept request: its Host is not one that this server answers to (RFC 9110 §7.2)',
    });
  });

  it('lets in what one rule of several lets in, nobody by no rules, and everybody by "any"', () => {
    expect(isWelcome('b', ['a', 'b'])).toBe(true);
    expect(isWelcome('c', ['a', 'b'])).toBe(false);
    expect(isWelcome('a', [])).toBe(false);
    expect(isWelcome('\0', 'any')).toBe(true);
  });
});

describe('resolveHostPolicy()', () => {
  it.each([
    '',
    '*',
    '*.',
    '*.*.example.com',
    'a.*.example.com',
    '*example.com',
    '*.127.0.0.1',
    '*.[::1]',
    'http://example.com',
    'example.com/',
    'example.com:*',
    'example.com:65536',
    '::1',
    undefined,
    null,
    80,
  ])('refuses the rule %s', (rule) => {
    expect(() => resolveHostPolicy([rule as string])).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-option',
        message: `Cannot use host ${JSON.stringify(rule)}: expected such as example.com, *.example.com, [::1]:8080`,
      }),
    );
  });

  it.each([
    [5n, '5'],
    [/example/, 'an object'],
    [Object.create(null), 'an object'],
    [Symbol('x'), 'Symbol(x)'],
  ])('refuses a rule that is no text, and says what it is', (rule, shown) => {
    expect(() => resolveHostPolicy([rule as never])).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: expect.stringContaining(`Cannot use host ${shown}:`),
      }),
    );
  });

  it.each([
    [undefined, 'undefined'],
    [null, 'null'],
    ['localhost', '"localhost"'],
    [true, 'true'],
    [{}, 'an object'],
    [Object.create(null), 'an object'],
    [{ kind: 'host' }, 'an object'],
  ])('refuses %j, which is neither a list nor "any"', (option, shown) => {
    for (const use of [resolveHostPolicy, (rules: HostOption) => checkHost('a', rules)]) {
      expect(() => use(option as never)).toThrow(
        expect.objectContaining({
          code: 'bad-option',
          message: `Cannot use hosts: they are ${shown}, expected a list or 'any'`,
        }),
      );
    }
  });
});
