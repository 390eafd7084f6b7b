import { describe, expect, it } from 'vitest';
import { computeAccept } from '../../../src/handshake/accept.ts';
import { type UpgradeRequestOptions, writeUpgradeRequest } from '../../../src/handshake/client-request.ts';
import { isKey } from '../../../src/handshake/key.ts';

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';

/** The lines of the request, less the two empty ones at its end. */
function linesOf(url: string, options: UpgradeRequestOptions = {}): string[] {
  const { bytes } = writeUpgradeRequest(url, { key: KEY, ...options });
  const lines = Buffer.from(bytes).toString('latin1').split('\r\n');
  expect(lines.splice(-2)).toEqual(['', '']);
  return lines;
}

describe('writeUpgradeRequest()', () => {
  it('writes all that is asked for and nothing else [RFC 6455 4.1]', () => {
    expect(linesOf('ws://server.example.com/chat')).toEqual([
      'GET /chat HTTP/1.1',
      'Host: server.example.com',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
    ]);
  });

  it('offers subprotocols, extensions and an origin, and takes headers along [RFC 6455 4.1 items 8 to 12]', () => {
    const lines = linesOf('wss://server.example.com:8443/?a', {
      protocols: ['chat', 'superchat'],
      extensions: [
        { name: 'foo', params: [['a', undefined]] },
        { name: 'bar', params: [['b', '1']] },
      ],
      origin: 'https://example.com',
      headers: { Cookie: 'a=1', 'X-Name': ['caf\xe9', 'b'] },
    });
    expect(lines[0]).toBe('GET /?a HTTP/1.1');
    expect(lines[1]).toBe('Host: server.example.com:8443');
    expect(lines.slice(6)).toEqual([
      'Sec-WebSocket-Protocol: chat, superchat',
      'Sec-WebSocket-Extensions: foo; a, bar; b=1',
      'Origin: https://example.com',
      'Cookie: a=1',
      'X-Name: caf\xe9',
      'X-Name: b',
    ]);
  });

  it('returns what is needed to connect and to check the answer', () => {
    const extensions = [{ name: 'foo', params: [] }];
    const sent = writeUpgradeRequest('wss://[::1]/x', { key: KEY, protocols: 'chat', extensions });
    expect(sent).toMatchObject({
      key: KEY,
      accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
      protocols: ['chat'],
      extensions,
      url: { secure: true, hostname: '::1', port: 443, target: '/x', hostHeader: '[::1]' },
    });
  });

  it('makes a new key each time, of the random source that it is given [RFC 6455 4.1 item 7]', () => {
    const one = writeUpgradeRequest('ws://h/');
    const other = writeUpgradeRequest('ws://h/');
    expect(isKey(one.key)).toBe(true);
    expect(one.key).not.toBe(other.key);
    expect(one.accept).toBe(computeAccept(one.key));
    expect(writeUpgradeRequest('ws://h/', { random: (bytes) => bytes.fill(1) }).key).toBe(
      'AQEBAQEBAQEBAQEBAQEBAQ==',
    );
  });

  it("lets the app's Host take the place of the URL's, once and in its place", () => {
    expect(linesOf('ws://127.0.0.1/', { headers: { hOST: 'a.example:81', X: 'y' } }).slice(1)).toEqual([
      'Host: a.example:81',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      `Sec-WebSocket-Key: ${KEY}`,
      'X: y',
    ]);
  });

  it('does not change the headers, protocols and extensions that it was given', () => {
    const headers = new Map([['Host', 'a']]);
    const protocols = ['chat'];
    const sent = writeUpgradeRequest('ws://h/', { headers, protocols });
    protocols.push('superchat');
    expect(headers.size).toBe(1);
    expect(sent.protocols).toEqual(['chat']);
  });

  it.each<readonly [string, UpgradeRequestOptions, string]>([
    ['an empty subprotocol', { protocols: [''] }, 'subprotocol "" is no token'],
    ['an empty subprotocol, alone', { protocols: '' }, 'subprotocol "" is no token'],
    ['a list in one', { protocols: 'a, b' }, 'subprotocol "a, b" is no token'],
    ['a line break in a subprotocol', { protocols: ['a\r\nX: y'] }, 'subprotocol "a\\r\\nX: y" is no token'],
    ['a subprotocol that is no text', { protocols: [1 as unknown as string] }, 'subprotocol 1 is no token'],
    ['a subprotocol that comes twice', { protocols: ['a', 'b', 'a'] }, 'subprotocol "a" comes twice'],
    [
      'a line break in an extension',
      { extensions: [{ name: '\r\n', params: [] }] },
      'extension "\\r\\n" is no token',
    ],
    ['an empty origin', { origin: '' }, 'origin is no text that a header can have'],
    [
      'a line break in the origin',
      { origin: 'http://a\r\nX: y' },
      'origin is no text that a header can have',
    ],
    [
      'an origin that is no text',
      { origin: 1 as unknown as string },
      'origin is no text that a header can have',
    ],
    [
      'an origin in a list',
      { origin: ['http://a'] as unknown as string },
      'origin is no text that a header can have',
    ],
    [
      'a subprotocol in a list in the list',
      { protocols: [['chat'] as unknown as string] },
      'subprotocol ["chat"] is no token',
    ],
    [
      'an origin that is a header too',
      { origin: 'http://a', headers: { origin: 'http://b' } },
      'Origin is both',
    ],
    ['two origins', { headers: { Origin: ['http://a', 'http://b'] } }, 'header Origin comes twice'],
    ['subprotocols that are no list', { protocols: 5 as never }, 'protocols are number, expected a list'],
    ['subprotocols that are null', { protocols: null as never }, 'protocols are null, expected a list'],
    ['extensions that are no list', { extensions: 'x' as never }, 'extensions are string, expected a list'],
    ['a key that is none', { key: 'x' }, 'key is not the base64 of 16 bytes'],
    ['a line break in the key', { key: `${KEY}\r\nX: y` }, 'key is not the base64 of 16 bytes'],
    ['a random source that is none', { random: 1 as never }, 'random is number'],
    [
      'a reserved header',
      { headers: { 'Sec-WebSocket-Key': KEY } },
      "header Sec-WebSocket-Key is not the app's to set",
    ],
    [
      'a reserved header in another case',
      { headers: [['CONNECTION', 'close']] },
      "CONNECTION is not the app's to set",
    ],
    ['a body', { headers: { 'Content-Length': '5' } }, "header Content-Length is not the app's to set"],
    ['two Hosts', { headers: { Host: ['a', 'b'] } }, 'header Host is malformed or comes twice'],
    ['an empty Host', { headers: { Host: '' } }, 'header Host is malformed or comes twice'],
    ['a Host that is none', { headers: { Host: 'http://a' } }, 'header Host is malformed or comes twice'],
    ['a line break in a value', { headers: { X: 'a\r\nY: z' } }, ''],
    ['a line break in a name', { headers: { 'X\r\nY': 'z' } }, ''],
    ['headers that are none', { headers: 'X: y' as never }, ''],
  ])('throws for %s [CVE-2026-1527]', (_what, options, message) => {
    expect(() => writeUpgradeRequest('ws://h/', options)).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-argument',
        message: expect.stringContaining(message),
      }),
    );
  });

  it.each(['ws://h/ HTTP/1.1\r\nX: y', 'ws://h\r\nX: y/', 'ftp://h/', ''])(
    'throws for the URL %j [CVE-2026-1527]',
    (url) => {
      expect(() => writeUpgradeRequest(url)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    },
  );

  it('keeps what was offered, whatever becomes of the lists that were passed', () => {
    const protocols = ['chat'];
    const extensions = [{ name: 'x', params: [] }];
    const sent = writeUpgradeRequest('ws://h/', { protocols, extensions });
    protocols.push('unsent');
    extensions.push({ name: 'unsent', params: [] });
    expect([sent.protocols, sent.extensions]).toEqual([['chat'], [{ name: 'x', params: [] }]]);
  });

  it('throws for an option that it does not have, and for options that are none', () => {
    expect(() => writeUpgradeRequest('ws://h/', { protocol: 'chat' } as never)).toThrow(
      expect.objectContaining({
        code: 'bad-option',
        message:
          'Cannot write upgrade request: there is no option "protocol", expected one of protocols, extensions, origin, headers, key, random',
      }),
    );
    expect(() => writeUpgradeRequest('ws://h/', null as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('writes no byte of an app but in its place: none of the 256 can start a line [CVE-2026-1527]', () => {
    for (let unit = 0; unit < 512; unit++) {
      const text = `a${String.fromCharCode(unit)}b`;
      const uses: UpgradeRequestOptions[] = [
        { protocols: [text] },
        { extensions: [{ name: text, params: [] }] },
        { extensions: [{ name: 'a', params: [[text, undefined]] }] },
        { extensions: [{ name: 'a', params: [['a', text]] }] },
        { origin: text },
        { headers: { X: text } },
        { headers: { [`X${text}`]: 'a' } },
        { headers: { Host: text } },
      ];
      for (const [index, options] of uses.entries()) {
        let lines: string[];
        try {
          lines = linesOf('ws://h/', options);
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-argument' });
          continue;
        }
        expect(lines.length).toBe(index === 7 ? 6 : 7);
      }
    }
  });
});
