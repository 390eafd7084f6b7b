import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { writeUpgradeRequest } from '../../../src/handshake/client-request.ts';
import { readUpgradeResponse, type UpgradeAccepted } from '../../../src/handshake/client-response.ts';
import { headersOf, type Lines } from './support.ts';

const SENT = writeUpgradeRequest('ws://server.example.com/chat', {
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  protocols: ['chat', 'superchat'],
  extensions: [
    { name: 'foo', params: [['a', undefined]] },
    { name: 'foo', params: [] },
    { name: 'bar', params: [] },
  ],
});

const GOOD: Lines = {
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-accept': 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
};

function readWith(lines: Lines = {}, status = 101, sent = SENT): UpgradeAccepted | ProtocolError {
  return readUpgradeResponse({ status, headers: headersOf({ ...GOOD, ...lines }) }, sent);
}

/** Code and message; what answers a server's fault is 0. */
function faultOf(lines: Lines, status?: number): readonly [code: string, message: string] {
  const fault = readWith(lines, status);
  if (!(fault instanceof ProtocolError)) throw new Error('Expected an error');
  expect(fault.answer).toBe(0);
  return [fault.code, fault.message];
}

describe('readUpgradeResponse(), what it takes', () => {
  it('takes the example of the RFC [RFC 6455 1.3]', () => {
    expect(readWith({ 'sec-websocket-protocol': 'chat' })).toMatchObject({
      kind: 'accepted',
      protocol: 'chat',
      extensions: [],
    });
  });

  it('takes an answer without a subprotocol, also where some were offered [RFC 6455 4.1 step 6]', () => {
    expect(readWith()).toMatchObject({ kind: 'accepted', protocol: '' });
  });

  it('hands on the header of the response', () => {
    const accepted = readWith({ 'set-cookie': ['a=1', 'b=2'] });
    expect(accepted.kind === 'accepted' && accepted.headers.getAll('Set-Cookie')).toEqual(['a=1', 'b=2']);
  });

  it('takes extensions that were offered, in the order of the server [RFC 6455 9.1]', () => {
    expect(readWith({ 'sec-websocket-extensions': ['bar', 'foo; b="1"'] })).toMatchObject({
      extensions: [
        { name: 'bar', params: [] },
        { name: 'foo', params: [['b', '1']] },
      ],
    });
  });

  it.each<readonly [string, Lines]>([
    ['Upgrade in another case', { upgrade: 'WebSocket' }],
    ['Connection as a list [nodejs/undici]', { connection: 'keep-alive, upgrade' }],
    ['Connection on two lines', { connection: ['keep-alive', 'Upgrade'] }],
    [
      'white space around the values',
      {
        upgrade: ' websocket',
        'sec-websocket-accept': '\ts3pPLMBiTxaQ9kYGzzhZRbK+xOo= ',
        'sec-websocket-protocol': ' chat ',
      },
    ],
  ])('takes %s [RFC 6455 4.1]', (_what, lines) => {
    expect(readWith(lines).kind).toBe('accepted');
  });
});

describe('readUpgradeResponse(), what it refuses', () => {
  it.each([100, 102, 200, 301, 302, 400, 401, 404, 426, 500, 503])(
    'refuses status %i, whatever the header says [RFC 6455 4.1 step 1]',
    (status) => {
      expect(faultOf({}, status)).toEqual([
        'unexpected-status',
        `Cannot open WebSocket: the status is ${status}, expected 101 (RFC 6455 §4.1)`,
      ]);
    },
  );

  it.each([
    undefined,
    '',
    'h2c',
    'websocket, h2c',
    'websocket/13',
    'WebSoc\u212aet',
    ['websocket', 'websocket'],
  ])('refuses Upgrade: %j [RFC 6455 4.1 step 2]', (upgrade) => {
    expect(faultOf({ upgrade })).toEqual([
      'bad-upgrade-header',
      'Cannot open WebSocket: Upgrade is not websocket (RFC 6455 §4.2.1)',
    ]);
  });

  it.each([undefined, '', 'close', 'keep-alive Upgrade', 'Upgrades'])(
    'refuses Connection: %j [RFC 6455 4.1 step 3]',
    (connection) => {
      expect(faultOf({ connection })).toEqual([
        'bad-connection-header',
        'Cannot open WebSocket: Connection does not name Upgrade (RFC 6455 §4.2.1)',
      ]);
    },
  );

  it.each<readonly [string, string | string[] | undefined, string]>([
    ['none', undefined, 'is missing'],
    ['an empty one', '', 'is not the answer to the key that was sent'],
    ['the key itself', 'dGhlIHNhbXBsZSBub25jZQ==', 'is not the answer to the key that was sent'],
    ['another case', 'S3PPLMBITXAQ9KYGZZHZRBK+XOO=', 'is not the answer to the key that was sent'],
    ['one without padding', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo', 'is not the answer to the key that was sent'],
    ['one with more behind', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=x', 'is not the answer to the key that was sent'],
    [
      'the right one twice',
      ['s3pPLMBiTxaQ9kYGzzhZRbK+xOo=', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
      'is not the answer to the key that was sent',
    ],
    [
      'the right one in a list',
      's3pPLMBiTxaQ9kYGzzhZRbK+xOo=, s3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      'is not the answer to the key that was sent',
    ],
  ])('refuses %s for Sec-WebSocket-Accept [RFC 6455 4.1 step 4]', (_what, accept, why) => {
    expect(faultOf({ 'sec-websocket-accept': accept })).toEqual([
      'bad-accept',
      `Cannot open WebSocket: Sec-WebSocket-Accept ${why} (RFC 6455 §4.1)`,
    ]);
  });

  it.each([['mqtt'], ['Chat'], ['__proto__'], ['constructor']])(
    'refuses the subprotocol %s, which was not offered [RFC 6455 4.1 step 6]',
    (protocol) => {
      expect(faultOf({ 'sec-websocket-protocol': protocol })).toEqual([
        'unasked-protocol',
        'Cannot open WebSocket: the server chose a subprotocol not on offer (RFC 6455 §4.1)',
      ]);
    },
  );

  it.each([
    [''],
    ['chat, superchat'],
    ['chat,'],
    ['"chat"'],
    ['chat\0'],
    [['chat', 'chat']],
    [['chat', 'superchat']],
  ])(
    'refuses Sec-WebSocket-Protocol: %j, which is not one token [RFC 6455 4.3, 11.3.4, Bun #25773]',
    (protocol) => {
      expect(faultOf({ 'sec-websocket-protocol': protocol })).toEqual([
        'bad-protocol',
        'Cannot open WebSocket: Sec-WebSocket-Protocol is not one token (RFC 6455 §4.1)',
      ]);
    },
  );

  it('refuses any subprotocol and any extension where none was offered [RFC 6455 4.1 steps 5 and 6]', () => {
    const sent = writeUpgradeRequest('ws://h/', { key: SENT.key });
    expect(readWith({ 'sec-websocket-protocol': 'chat' }, 101, sent)).toMatchObject({
      code: 'unasked-protocol',
    });
    expect(readWith({ 'sec-websocket-extensions': 'permessage-deflate' }, 101, sent)).toMatchObject({
      code: 'unasked-extension',
      message: 'Cannot open WebSocket: the server chose an extension not on offer (RFC 6455 §4.1)',
    });
  });

  it.each(['permessage-deflate', 'foo, permessage-deflate', 'Foo', 'constructor'])(
    'refuses Sec-WebSocket-Extensions: %s, of which not all was offered [RFC 6455 4.1 step 5]',
    (extensions) => {
      expect(faultOf({ 'sec-websocket-extensions': extensions })[0]).toBe('unasked-extension');
    },
  );

  it('refuses an extension twice, also where it was offered twice', () => {
    expect(faultOf({ 'sec-websocket-extensions': 'foo, bar, foo; a' })).toEqual([
      'bad-extensions',
      'Cannot open WebSocket: the server chose an extension twice (RFC 6455 §9.1)',
    ]);
  });

  it.each(['', 'foo;', 'foo bar', 'foo; a="'])(
    'refuses Sec-WebSocket-Extensions: %j, which is malformed [RFC 6455 9.1]',
    (extensions) => {
      expect(faultOf({ 'sec-websocket-extensions': extensions })).toEqual([
        'bad-extensions',
        'Cannot open WebSocket: Sec-WebSocket-Extensions is malformed (RFC 6455 §9.1)',
      ]);
    },
  );

  it('reports the first fault in the order that it documents', () => {
    const wrong: Array<readonly [code: string, lines: Lines]> = [
      ['bad-upgrade-header', { upgrade: 'h2c' }],
      ['bad-connection-header', { connection: 'close' }],
      ['bad-accept', { 'sec-websocket-accept': 'x' }],
      ['bad-protocol', { 'sec-websocket-protocol': '' }],
      ['bad-extensions', { 'sec-websocket-extensions': '' }],
    ];
    for (const [from, [code]] of wrong.entries()) {
      expect(faultOf(Object.assign({}, ...wrong.slice(from).map(([, lines]) => lines)))[0]).toBe(code);
    }
  });

  it('gives an acceptance or an error for each byte in each header, and never throws [CVE-2026-55517]', () => {
    for (const name of [...Object.keys(GOOD), 'sec-websocket-protocol', 'sec-websocket-extensions']) {
      for (let byte = 0; byte < 256; byte++) {
        const character = String.fromCharCode(byte);
        for (const value of [character, `${GOOD[name] ?? 'chat'}${character}`]) {
          expect(['accepted', 'error']).toContain(readWith({ [name]: value }).kind);
        }
      }
    }
  });
});
