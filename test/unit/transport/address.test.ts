import { describe, expect, test } from 'vitest';
import {
  bareHost,
  checkConnectOptions,
  checkListenOptions,
  formatAddress,
  isIpAddress,
  plainIp,
} from '../../../src/transport/address.ts';
import { codeOfErrno, failure } from '../../../src/transport/failure.ts';

describe('isIpAddress', () => {
  test.each([
    ['127.0.0.1', true],
    ['::1', true],
    ['[::1]', true],
    ['localhost', false],
    ['1.2.3', false],
    ['1.2.3.4.example', false],
  ])('%s: %s', (hostname, expected) => expect(isIpAddress(hostname)).toBe(expected));
});

describe('checkListenOptions', () => {
  test.each([{}, { port: 0 }, { port: 65_535, hostname: '::' }, { path: '/run/app.sock' }, { backlog: 1 }])(
    'takes %j',
    (options) => {
      expect(checkListenOptions(options)).toBeUndefined();
    },
  );

  test.each([
    [{ port: 65_536 }, 'RangeError', 'Cannot listen: "port" is 65536, expected 0 to 65535'],
    [{ port: '80' as never }, 'TypeError', 'Cannot listen: "port" is a string, expected a number'],
    [
      { hostname: 5 as never },
      'TypeError',
      'Cannot listen: "hostname" is a number, expected a name or an IP address',
    ],
    [{ hostname: '' }, 'TypeError', 'Cannot listen: "hostname" is empty, expected a name or an IP address'],
    [{ path: '' }, 'TypeError', 'Cannot listen: "path" is empty, expected the path of a Unix socket'],
    [
      { path: 1 as never },
      'TypeError',
      'Cannot listen: "path" is a number, expected the path of a Unix socket',
    ],
    [
      { hostname: '127.0.0.1\0.example.com' },
      'TypeError',
      'Cannot listen: "hostname" has a NUL inside, expected a name or an IP address',
    ],
    [{ path: '/x', port: 0 }, 'TypeError', 'Cannot listen: "path" excludes "port" and "hostname"'],
    [
      { backlog: 1.5 },
      'RangeError',
      'Cannot listen: "backlog" is 1.5, expected a whole number of at least 1',
    ],
  ])('refuses %j with a %s that says what is wrong', (options, name, message) => {
    expect(() => checkListenOptions(options)).toThrow(
      expect.objectContaining({ name, message, code: 'bad-option' }),
    );
  });
});

describe('checkConnectOptions', () => {
  test.each([{ port: 1 }, { path: '/x' }, { port: 1, timeoutMs: Number.POSITIVE_INFINITY }])(
    'takes %j',
    (options) => {
      expect(checkConnectOptions(options)).toBeUndefined();
    },
  );

  test.each([
    [{}, 'TypeError', 'Cannot connect: expected a "port", or the "path" of a Unix socket'],
    [{ port: 0 }, 'RangeError', 'Cannot connect: "port" is 0, expected 1 to 65535'],
    [
      { port: 1, timeoutMs: -1 },
      'RangeError',
      'Cannot connect: "timeoutMs" is -1, expected more than 0 milliseconds',
    ],
  ])('refuses %j with a %s that says what is wrong', (options, name, message) => {
    expect(() => checkConnectOptions(options)).toThrow(
      expect.objectContaining({ name, message, code: 'bad-option' }),
    );
  });
});

test.each([
  ['::ffff:127.0.0.1', '127.0.0.1'],
  ['::FFFF:10.0.0.1', '10.0.0.1'],
  ['::ffff:7f00:1', '::ffff:7f00:1'],
  ['::1', '::1'],
  ['10.0.0.1', '10.0.0.1'],
  ['', ''],
])('plainIp shows %s as %s', (given, shown) => {
  expect(plainIp(given)).toBe(shown);
});

test.each([
  ['[::1]', '::1'],
  ['::1', '::1'],
  ['example.org', 'example.org'],
])('bareHost makes %s %s', (given, bare) => {
  expect(bareHost(given)).toBe(bare);
});

test.each([
  [{ hostname: '127.0.0.1', port: 80 }, '127.0.0.1:80'],
  [{ hostname: '::1', port: 80 }, '[::1]:80'],
  [{ hostname: '[::1]', port: 80 }, '[::1]:80'],
  [{ path: '/run/app.sock' }, '/run/app.sock'],
  [{}, '*:0'],
])('formatAddress writes %j as %s', (address, text) => {
  expect(formatAddress(address)).toBe(text);
});

describe('failure', () => {
  test('names the address, the reason and what the runtime said, and keeps its error as the cause', () => {
    const cause = new Error('connect ECONNREFUSED 127.0.0.1:80');
    const error = failure('connect', 'connection-refused', '127.0.0.1:80', cause);
    expect(error).toMatchObject({ name: 'TransportError', code: 'connection-refused', cause });
    expect(error.message).toBe(
      'Cannot connect to 127.0.0.1:80: nothing listens there (connect ECONNREFUSED 127.0.0.1:80)',
    );
  });

  test('speaks of the peer where there is no address, and has no cause where there is none', () => {
    const said = failure('connect', 'tls-failed', 'a:1', new Error('wrong version number\n'));
    expect(said.message).toBe('Cannot connect to a:1: TLS failed (wrong version number)');
    const error = failure('open', 'connection-reset', '');
    expect(error.message).toBe('Lost the connection to the peer: the peer reset the connection');
    expect('cause' in error).toBe(false);
  });
});

test('codeOfErrno reads the same errno by what was being tried', () => {
  expect(codeOfErrno('listen', 'ENOENT')).toBe('address-not-available');
  expect(codeOfErrno('connect', 'ENOENT')).toBe('connection-refused');
  expect(codeOfErrno('open', 'ENOENT')).toBe('transport-failed');
  expect(codeOfErrno('connect', 'ENOTCONN')).toBe('connection-reset');
  expect(codeOfErrno('open', 'toString')).toBe('transport-failed');
});
