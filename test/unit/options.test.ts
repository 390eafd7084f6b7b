import { describe, expect, it } from 'vitest';
import { checkOptions, checkPem, readSwitch } from '../../src/options.ts';

describe('checkOptions', () => {
  it('takes objects with known names only, also none at all', () => {
    expect(checkOptions('test', {}, ['a'])).toBeUndefined();
    expect(checkOptions('test', { a: 1 }, ['a', 'b'])).toBeUndefined();
  });

  it('names an option that does not exist, and those that do', () => {
    expect(() => checkOptions('test', { roel: 1 }, ['role', 'text'])).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message: 'Cannot test: there is no option "roel", expected one of role, text',
      }),
    );
  });

  it('sees names that are inherited, which reading would see too', () => {
    expect(() => checkOptions('test', Object.create({ roel: 1 }), ['role'])).toThrow('"roel"');
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [1, '1'],
    ['server', 'server'],
    [['server'], 'a list'],
    [new Set(['server']), 'a list'],
    [Symbol('server'), 'Symbol(server)'],
  ])('refuses %s, which is no object of options, and shows it', (options, is) => {
    expect(() => checkOptions('test', options as unknown as object, [])).toThrow(
      `Cannot test: options are ${is}, expected an object`,
    );
  });
});

describe('readSwitch', () => {
  it('returns a boolean as it is, and the fallback for undefined', () => {
    expect(readSwitch('test', 'x', true, false)).toBe(true);
    expect(readSwitch('test', 'x', false, true)).toBe(false);
    expect(readSwitch('test', 'x', undefined, true)).toBe(true);
  });

  it.each([[0], ['false'], [null], [{}]])('refuses %s, which does not say what it means', (value) => {
    expect(() => readSwitch('test', 'x', value, false)).toThrow(
      expect.objectContaining({ code: 'bad-option', name: 'TypeError' }),
    );
  });
});

describe('checkPem', () => {
  const pem = '-----BEGIN CERTIFICATE-----\n';

  it('takes text with a BEGIN line, bytes, and lists of them where a list will do', () => {
    expect(checkPem('cert', `# mine\n${pem}`)).toBeUndefined();
    expect(checkPem('cert', new Uint8Array(1))).toBeUndefined();
    expect(checkPem('ca', [pem, new Uint8Array(1)], true)).toBeUndefined();
  });

  it.each([
    [
      'server.key',
      false,
      /key is text without a BEGIN line, expected PEM, as text or bytes; of a file, pass what is in it$/,
    ],
    [5, false, /key is 5, expected PEM, as text or bytes$/],
    [[pem], false, /key is a list, expected PEM/],
    [[pem, 'ca.pem'], true, /as text or bytes, or a list of that; of a file/],
  ])('refuses %j, and never shows text, which may be a key', (value, isList, message) => {
    expect(() => checkPem('key', value, isList)).toThrow(message);
    expect(() => checkPem('key', value, isList)).not.toThrow(/server\.key|ca\.pem/);
  });
});
