import { describe, expect, it } from 'vitest';
import { type AcceptOptions, acceptUpgrade, formatAccept } from '../../../src/handshake/answer.ts';
import { HttpHeaders } from '../../../src/http/headers.ts';
import { upgradeWith } from './support.ts';

const OFFER = upgradeWith({
  'sec-websocket-protocol': 'chat, superchat',
  'sec-websocket-extensions': 'foo; a, bar, foo; b',
});

/** The lines that come after those which every answer has. */
function linesOf(options?: AcceptOptions): unknown {
  const answer = acceptUpgrade(OFFER, options);
  expect(answer.status).toBe(101);
  expect(answer.headers.slice(0, 3)).toEqual([
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
  ]);
  return answer.headers.slice(3);
}

describe('acceptUpgrade()', () => {
  it('chooses nothing by itself [RFC 6455 4.2.2, Bun #26038]', () => {
    expect(linesOf()).toEqual([]);
    expect(linesOf({})).toEqual([]);
    expect(linesOf({ protocol: undefined, extensions: undefined, headers: undefined })).toEqual([]);
    expect(linesOf({ extensions: [], headers: [] })).toEqual([]);
  });

  it('names the one subprotocol that the app chose, on one line [RFC 6455 4.2.2 step 5.5, 11.3.4]', () => {
    expect(linesOf({ protocol: 'superchat' })).toEqual([['Sec-WebSocket-Protocol', 'superchat']]);
  });

  it('names the extensions that the app chose, on one line and in its order [RFC 6455 4.2.2 step 5.6]', () => {
    const extensions = [
      { name: 'bar', params: [] },
      { name: 'foo', params: [['c', '1'] as const] },
    ];
    expect(linesOf({ extensions })).toEqual([['Sec-WebSocket-Extensions', 'bar, foo; c=1']]);
  });

  it.each<readonly [string, AcceptOptions['headers']]>([
    [
      'pairs',
      [
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Id', '\tcaf\xe9 '],
      ],
    ],
    ['an object', { 'Set-Cookie': ['a=1', 'b=2'], 'X-Id': 'caf\xe9' }],
    [
      'HttpHeaders',
      new HttpHeaders([
        ['Set-Cookie', 'a=1'],
        ['Set-Cookie', 'b=2'],
        ['X-Id', 'caf\xe9'],
      ]),
    ],
    ['a Map', new Map([['Set-Cookie', 'a=1']]).set('X-Id', 'caf\xe9')],
  ])("takes the app's headers along, given as %s, after its own", (what, headers) => {
    const second = what === 'a Map' ? [] : [['Set-Cookie', 'b=2']];
    expect(linesOf({ protocol: 'chat', headers })).toEqual([
      ['Sec-WebSocket-Protocol', 'chat'],
      ['Set-Cookie', 'a=1'],
      ...second,
      ['X-Id', 'caf\xe9'],
    ]);
  });

  it.each([
    'mqtt',
    'Chat',
    '',
    'chat, superchat',
    'chat\r\nX: y',
    '__proto__',
    1 as unknown as string,
    null as unknown as string,
  ])('throws for the subprotocol %j, which is not on offer [RFC 6455 4.2.2]', (protocol) => {
    expect(() => acceptUpgrade(OFFER, { protocol })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: `Cannot accept upgrade: the client did not offer subprotocol ${JSON.stringify(protocol)}, expected chat, superchat`,
      }),
    );
  });

  it('throws for any subprotocol where none is on offer, and says so', () => {
    expect(() => acceptUpgrade(upgradeWith(), { protocol: 'chat' })).toThrow(
      'Cannot accept upgrade: the client did not offer subprotocol "chat", expected none',
    );
  });

  it('throws for an extension that is not on offer, comes twice, or is malformed [RFC 6455 4.2.2, 9.1]', () => {
    const foo = { name: 'foo', params: [] };
    expect(() => acceptUpgrade(OFFER, { extensions: [{ name: 'baz', params: [] }] })).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: 'Cannot accept upgrade: the client did not offer extension "baz"',
      }),
    );
    expect(() => acceptUpgrade(OFFER, { extensions: [foo, foo] })).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: 'Cannot accept upgrade: extension "foo" comes twice',
      }),
    );
    expect(() => acceptUpgrade(OFFER, { extensions: [{ name: 'foo', params: [['a', '\r\n']] }] })).toThrow(
      'Cannot write Sec-WebSocket-Extensions: value "\\r\\n" is no token',
    );
  });

  it.each([
    'Connection',
    'UPGRADE',
    'Content-Length',
    'transfer-encoding',
    'Sec-WebSocket-Accept',
    'sec-websocket-protocol',
    'Sec-WebSocket-Extensions',
    'Sec-WebSocket-Version',
    'Sec-WebSocket-Anything',
  ])("throws for the header %s, which is not the app's to set", (name) => {
    expect(() => acceptUpgrade(OFFER, { headers: { [name]: 'x' } })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: `Cannot accept upgrade: header ${name} is not the app's to set`,
      }),
    );
  });

  it.each([
    ['a name with a line break', 'X\r\nY', 'z'],
    ['an empty name', '', 'z'],
    ['a name with a colon', 'X:', 'z'],
    ['a name with a space', 'X ', 'z'],
    ['a value with CR LF', 'X', 'a\r\nSet-Cookie: b'],
    ['a value with CR', 'X', 'a\rb'],
    ['a value with LF', 'X', 'a\nb'],
    ['a value with NUL', 'X', 'a\0'],
    ['a value with DEL', 'X', 'a\x7f'],
    ['a value with a character above U+00FF', 'X', '\u010a'],
    ['a value that is no text', 'X', 1 as unknown as string],
  ])('throws for %s [CVE-2026-1527]', (_what, name, value) => {
    for (const headers of [[[name, value] as const], { [name]: value }]) {
      expect(() => acceptUpgrade(OFFER, { headers })).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
      );
    }
  });

  it.each([
    [
      { protocols: ['chat'] },
      'Cannot accept upgrade: there is no option "protocols", expected one of protocol, extensions, headers',
    ],
    [null, 'Cannot accept upgrade: options are null, expected an object'],
    ['chat', 'Cannot accept upgrade: options are chat, expected an object'],
  ])('throws for the options %j', (options, message) => {
    expect(() => acceptUpgrade(OFFER, options as AcceptOptions)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-option', message }),
    );
  });
});

describe('formatAccept()', () => {
  it('writes the answer of the RFC [RFC 6455 1.3]', () => {
    expect(formatAccept(acceptUpgrade(OFFER, { protocol: 'chat' }))).toBe(
      'HTTP/1.1 101 Switching Protocols\r\n' +
        'Upgrade: websocket\r\n' +
        'Connection: Upgrade\r\n' +
        'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n' +
        'Sec-WebSocket-Protocol: chat\r\n' +
        '\r\n',
    );
  });

  it.each([
    ['Set-Cookie', 'a=b\r\nSet-Cookie: admin=1'],
    ['X', 'a\nb'],
    ['X', 'a\u010ab'],
    ['X: y\r\nZ', 'a'],
    ['', 'a'],
  ])('refuses a line that was added by hand and would be two: %j, %j [CVE-2026-1527]', (name, value) => {
    const { headers } = acceptUpgrade(OFFER);
    expect(() => formatAccept({ status: 101, headers: [...headers, [name, value]] })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });
});
