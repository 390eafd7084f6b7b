import { describe, expect, it } from 'vitest';
import { HANDSHAKE_ERRORS, ProtocolError } from '../../../src/errors.ts';
import { isUpgrade, readUpgrade, refuseUpgrade, type UpgradeSource } from '../../../src/handshake/request.ts';
import { GOOD, headersOf, type Lines, readWith, upgradeWith } from './support.ts';

/** Status, code and message of the refusal. */
function refusalOf(
  lines: Lines,
  request: Partial<UpgradeSource> = {},
): readonly [status: number, code: string, reason: string] {
  const headers = headersOf({ ...GOOD, ...lines });
  const refusal = readUpgrade({ method: 'GET', version: '1.1', headers, ...request });
  if (refusal.kind !== 'refusal') throw new Error('Expected a refusal');
  expect(refusal.reason).toBe(refusal.error.message);
  expect(refusal.error.kind).toBe('error');
  return [refusal.status, refusal.error.code, refusal.reason];
}

describe('isUpgrade()', () => {
  it.each([
    'websocket',
    'WebSocket',
    'WEBSOCKET',
    ' websocket\t',
    'h2c, websocket',
    'websocket , h2c',
    ',websocket',
  ])('says yes to Upgrade: %j, whatever else is wrong [RFC 6455 4.2.1]', (upgrade) => {
    expect(isUpgrade({ headers: headersOf({ upgrade }) })).toBe(true);
  });

  it('says no in HTTP/1.0, where Upgrade is to be ignored [RFC 9110 7.8]', () => {
    const headers = headersOf({ upgrade: 'websocket' });
    expect([isUpgrade({ headers, version: '1.0' }), isUpgrade({ headers, version: '1.1' })]).toEqual([
      false,
      true,
    ]);
  });

  it('says yes where another line names it [RFC 9110 5.3]', () => {
    expect(isUpgrade({ headers: headersOf({ upgrade: ['h2c', 'websocket'] }) })).toBe(true);
  });

  it.each([
    '',
    'h2c',
    'websockets',
    'web socket',
    'websocket/13',
    'xwebsocket',
    'websocket;',
    '"websocket"',
    'web\u017focket',
  ])('says no to Upgrade: %j', (upgrade) => {
    expect(isUpgrade({ headers: headersOf({ upgrade }) })).toBe(false);
  });

  it('says no to a request without Upgrade', () => {
    expect(isUpgrade({ headers: headersOf({ connection: 'upgrade' }) })).toBe(false);
  });
});

describe('readUpgrade(), what it takes', () => {
  it('reads the example of the RFC [RFC 6455 1.3]', () => {
    expect(readWith({ origin: 'http://example.com', 'sec-websocket-protocol': 'chat, superchat' })).toEqual({
      kind: 'upgrade',
      key: 'dGhlIHNhbXBsZSBub25jZQ==',
      accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      protocols: ['chat', 'superchat'],
      extensions: [],
      origin: 'http://example.com',
      host: 'server.example.com',
    });
  });

  it('takes what is left out as left out [RFC 6455 4.2.1 items 7 to 9]', () => {
    expect(upgradeWith()).toMatchObject({ protocols: [], extensions: [], origin: undefined });
  });

  it.each<readonly [string, Lines]>([
    ['Connection as Firefox sends it', { connection: 'keep-alive, Upgrade' }],
    ['Connection in lower case', { connection: 'upgrade' }],
    ['Connection on two lines', { connection: ['keep-alive', 'Upgrade'] }],
    ['Connection with empty elements', { connection: ',, Upgrade ,' }],
    ['Upgrade in another case', { upgrade: 'WebSocket' }],
    ['Upgrade with others', { upgrade: 'h2c, websocket' }],
    [
      'white space around the values',
      {
        upgrade: ' websocket ',
        'sec-websocket-key': '\tdGhlIHNhbXBsZSBub25jZQ== ',
        'sec-websocket-version': ' 13\t',
      },
    ],
    ['Host with a port', { host: 'server.example.com:8080' }],
    ['Host that is an address', { host: '[::1]:8080' }],
    ['a key with a bit that no byte takes', { 'sec-websocket-key': 'AQIDBAUGBwgJCgsMDQ4PEC==' }],
    ['an Origin of null', { origin: 'null' }],
    ['an Origin that is none, which is for the policy to say', { origin: '<>' }],
    ['Content-Length: 0', { 'content-length': '0' }],
    ['headers that it does not know', { 'sec-websocket-key1': 'x', 'x-forwarded-for': '::1' }],
  ])('takes %s [RFC 6455 4.2.1]', (_what, lines) => {
    expect(readWith(lines).kind).toBe('upgrade');
  });

  it('reads lists over several lines [RFC 6455 9.1, 11.3.4]', () => {
    const upgrade = upgradeWith({
      'sec-websocket-protocol': ['a', 'b, c'],
      'sec-websocket-extensions': ['foo', 'bar; baz=2'],
    });
    expect(upgrade.protocols).toEqual(['a', 'b', 'c']);
    expect(upgrade.extensions.map(({ name }) => name)).toEqual(['foo', 'bar']);
  });

  it('takes the host of the target where the request has one [RFC 9112 3.2.2]', () => {
    const headers = headersOf({ ...GOOD, host: 'ignored.example' });
    expect(readUpgrade({ method: 'GET', version: '1.1', headers, host: 'a.example:81' })).toMatchObject({
      host: 'a.example:81',
    });
  });

  it('believes what the HTTP parser says of the body, over what the headers say', () => {
    const request = { method: 'GET', version: '1.1', hasBody: false } as const;
    const headers = headersOf({ ...GOOD, 'content-length': '00' });
    expect(readUpgrade({ ...request, headers }).kind).toBe('upgrade');
  });
});

describe('readUpgrade(), what it refuses', () => {
  it.each(['POST', 'HEAD', 'OPTIONS', 'CONNECT', 'get', 'GETS', ''])(
    'answers 400 to the method %j [RFC 6455 4.2.1 item 1]',
    (method) => {
      expect(refusalOf({}, { method })).toEqual([
        400,
        'bad-upgrade-method',
        'Cannot accept upgrade: the method is not GET (RFC 6455 §4.1)',
      ]);
    },
  );

  it.each(['1.0', '0.9', '2.0', '1.10', ''])('answers 400 to HTTP/%s [RFC 6455 4.2.1 item 1]', (version) => {
    expect(refusalOf({}, { version })).toEqual([
      400,
      'bad-upgrade-version',
      'Cannot accept upgrade: the version of HTTP is not 1.1 (RFC 6455 §4.1)',
    ]);
  });

  it.each<readonly [string, string | string[] | undefined]>([
    ['is missing', undefined],
    ['comes more than once', ['a', 'a']],
    ['is malformed', ''],
    ['is malformed', 'a b'],
    ['is malformed', 'http://a'],
    ['is malformed', 'a, a'],
    ['is malformed', '[::1'],
  ])('answers 400 where Host %s (%j) [RFC 6455 4.2.1 item 2]', (why, host) => {
    expect(refusalOf({ host })).toEqual([
      400,
      'bad-host',
      `Cannot accept upgrade: Host ${why}, expected host[:port] (RFC 9112 §3.2)`,
    ]);
  });

  it.each([undefined, '', 'h2c', 'websocket2', 'websocket/13', 'web socket'])(
    'answers 400 to Upgrade: %j [RFC 6455 4.2.1 item 3]',
    (upgrade) => {
      expect(refusalOf({ upgrade })).toEqual([
        400,
        'bad-upgrade-header',
        'Cannot accept upgrade: Upgrade does not name websocket (RFC 6455 §4.2.1)',
      ]);
    },
  );

  it.each([undefined, '', 'keep-alive', 'close', 'keep-alive Upgrade', 'Upgrades', 'Upgrade;', '"Upgrade"'])(
    'answers 400 to Connection: %j [RFC 6455 4.2.1 item 4]',
    (connection) => {
      expect(refusalOf({ connection })).toEqual([
        400,
        'bad-connection-header',
        'Cannot accept upgrade: Connection does not name Upgrade (RFC 6455 §4.2.1)',
      ]);
    },
  );

  it.each<readonly [string, Lines, boolean | undefined]>([
    ['Content-Length: 5', { 'content-length': '5' }, undefined],
    ['a Content-Length that is no number', { 'content-length': 'x' }, undefined],
    ['Content-Length on two lines', { 'content-length': ['0', '5'] }, undefined],
    ['Transfer-Encoding', { 'transfer-encoding': 'chunked' }, undefined],
    ['an empty Transfer-Encoding', { 'transfer-encoding': '' }, undefined],
    ['a body, as the HTTP parser says', {}, true],
  ])(
    'answers 400 to %s: what follows would be frames to one and a body to another',
    (_what, lines, hasBody) => {
      expect(refusalOf(lines, { hasBody })).toEqual([
        400,
        'upgrade-with-body',
        'Cannot accept upgrade: the request has a body, expected none (RFC 6455 §4.1)',
      ]);
    },
  );

  it.each(['0', '7', '8', '12', '14', '25', '99', '100', '130', '255'])(
    'answers 426 to version %s, and names 13 [RFC 6455 4.4, RFC 9110 15.5.22]',
    (version) => {
      expect(readWith({ 'sec-websocket-version': version })).toMatchObject({
        kind: 'refusal',
        status: 426,
        headers: [
          ['Upgrade', 'websocket'],
          ['Connection', 'Upgrade'],
          ['Sec-WebSocket-Version', '13'],
        ],
        error: { code: 'unsupported-version' },
        reason: 'Cannot accept upgrade: Sec-WebSocket-Version is another one, expected 13 (RFC 6455 §4.4)',
      });
    },
  );

  it.each<readonly [string, string | string[] | undefined]>([
    ['is missing', undefined],
    ['comes more than once', ['13', '13']],
    ['comes more than once', ['13', '8']],
    ['is malformed', ''],
    ['is malformed', '13, 8'],
    ['is malformed', '13,13'],
    ['is malformed', '013'],
    ['is malformed', '00'],
    ['is malformed', '08'],
    ['is malformed', '256'],
    ['is malformed', '1300'],
    ['is malformed', '99999999999999999999'],
    ['is malformed', '+13'],
    ['is malformed', '-1'],
    ['is malformed', '13.0'],
    ['is malformed', '0x0d'],
    ['is malformed', '1 3'],
    ['is malformed', 'thirteen'],
    ['is malformed', '\u0661\u0663'],
  ])(
    'answers 400 where the version %s (%j), and names 13 [RFC 6455 4.2.1 item 6, 4.3, 4.4, 11.3.5]',
    (why, version) => {
      expect(readWith({ 'sec-websocket-version': version })).toMatchObject({
        kind: 'refusal',
        status: 400,
        headers: [['Sec-WebSocket-Version', '13']],
        error: { code: 'bad-version' },
        reason: `Cannot accept upgrade: Sec-WebSocket-Version ${why}, expected 13 (RFC 6455 §4.2.1)`,
      });
    },
  );

  it.each<readonly [string, string | string[] | undefined]>([
    ['is missing', undefined],
    ['comes more than once', ['dGhlIHNhbXBsZSBub25jZQ==', 'dGhlIHNhbXBsZSBub25jZQ==']],
    ['is malformed', ''],
    ['is malformed', 'dGhlIHNhbXBsZSBub25jZQ'],
    ['is malformed', 'dGhlIHNhbXBsZSBub25jZQ==, dGhlIHNhbXBsZSBub25jZQ=='],
    ['is malformed', 'dGhlIHNhbXBsZSBub25jZQ=!'],
    ['is malformed', 'dGhlIHNhbXBsZSBub25j'],
    ['is malformed', 'dGhlIHNhbXBsZSBub25jZTEyMw=='],
  ])('answers 400 where the key %s (%j) [RFC 6455 4.2.1 item 5]', (why, key) => {
    expect(refusalOf({ 'sec-websocket-key': key })).toEqual([
      400,
      'bad-key',
      `Cannot accept upgrade: Sec-WebSocket-Key ${why}, expected base64 of 16 bytes (RFC 6455 §4.2.1)`,
    ]);
  });

  it('answers 400 to subprotocols and extensions that are malformed [RFC 6455 4.2.1, 9.1]', () => {
    expect(refusalOf({ 'sec-websocket-protocol': 'a, a' }).slice(0, 2)).toEqual([400, 'bad-protocol']);
    expect(refusalOf({ 'sec-websocket-extensions': 'a;' }).slice(0, 2)).toEqual([400, 'bad-extensions']);
  });

  it('answers 403 to more than one Origin [RFC 6454 7.3]', () => {
    expect(refusalOf({ origin: ['http://a', 'http://a'] })).toEqual([
      403,
      'origin-refused',
      'Cannot accept upgrade: Origin comes more than once, expected one (RFC 6455 §10.2)',
    ]);
  });

  it('reports the first fault in the order that it documents', () => {
    const wrong: Array<readonly [code: string, lines: Lines, request: Partial<UpgradeSource>]> = [
      ['bad-upgrade-method', {}, { method: 'PUT' }],
      ['bad-upgrade-version', {}, { version: '1.0' }],
      ['bad-host', { host: undefined }, {}],
      ['bad-upgrade-header', { upgrade: 'h2c' }, {}],
      ['bad-connection-header', { connection: 'close' }, {}],
      ['upgrade-with-body', {}, { hasBody: true }],
      ['bad-version', { 'sec-websocket-version': 'x' }, {}],
      ['bad-key', { 'sec-websocket-key': 'x' }, {}],
      ['bad-protocol', { 'sec-websocket-protocol': '' }, {}],
      ['bad-extensions', { 'sec-websocket-extensions': '' }, {}],
      ['origin-refused', { origin: ['a', 'b'] }, {}],
    ];
    for (const [from, [code]] of wrong.entries()) {
      const rest = wrong.slice(from);
      const lines = Object.assign({}, ...rest.map(([, each]) => each));
      const request = Object.assign({}, ...rest.map(([, , each]) => each));
      expect(refusalOf(lines, request)[1]).toBe(code);
    }
    expect(refusalOf({ 'sec-websocket-version': '8', 'sec-websocket-key': 'x' })[1]).toBe(
      'unsupported-version',
    );
  });

  it('says nothing of what the peer sent in its reason', () => {
    const secret = '<script>hunter2</script>';
    for (const name of [...Object.keys(GOOD), 'sec-websocket-protocol', 'sec-websocket-extensions']) {
      expect(refusalOf({ [name]: secret })[2]).not.toContain('hunter2');
    }
    expect(refusalOf({}, { method: secret })[2]).not.toContain('hunter2');
    expect(refusalOf({}, { version: secret })[2]).not.toContain('hunter2');
  });

  it('gives an upgrade or a refusal with a 4xx for each byte in each header, and never throws [CVE-2026-55517]', () => {
    const names = [
      ...Object.keys(GOOD),
      'origin',
      'sec-websocket-protocol',
      'sec-websocket-extensions',
      'content-length',
      'transfer-encoding',
    ];
    for (const name of names) {
      for (let byte = 0; byte < 256; byte++) {
        const character = String.fromCharCode(byte);
        const good = GOOD[name] ?? 'a';
        for (const value of [character, `${good}${character}`, `${character}${good}`]) {
          const result = readWith({ [name]: value });
          if (result.kind === 'refusal') expect([400, 426]).toContain(result.status);
          else expect(result.accept).toHaveLength(28);
        }
      }
    }
  });
});

describe('refuseUpgrade()', () => {
  it.each(Object.entries(HANDSHAKE_ERRORS))('answers %s with %j', (code, row) => {
    const error = new ProtocolError(code as keyof typeof HANDSHAKE_ERRORS, row, 'No', 0);
    const refusal = refuseUpgrade(error);
    expect(refusal).toMatchObject({
      kind: 'refusal',
      status: row[0] || 400,
      error,
      reason: `No (${row[1]})`,
    });
    const names = refusal.headers.map(([name]) => name);
    const expected: Record<string, string[]> = {
      'unsupported-version': ['Upgrade', 'Connection', 'Sec-WebSocket-Version'],
      'bad-version': ['Sec-WebSocket-Version'],
    };
    expect(names).toEqual(expected[code] ?? []);
  });

  it.each([undefined, null, new Error('no'), 403])('refuses %s, which is no error of a peer', (error) => {
    expect(() => refuseUpgrade(error as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });
});
