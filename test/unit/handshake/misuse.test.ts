import {
  acceptUpgrade,
  checkHost,
  checkOrigin,
  formatAccept,
  formatExtensions,
  isUpgrade,
  readUpgrade,
  readUpgradeResponse,
  selectProtocol,
  writeUpgradeRequest,
} from 'sansocket/handshake';
import { HttpHeaders } from 'sansocket/http';
import { describe, expect, it } from 'vitest';

/** A call with what JavaScript lets through and TypeScript does not. */
type Call = (...args: never[]) => unknown;
const sent = writeUpgradeRequest('ws://localhost/');
const upgrade = {
  kind: 'upgrade',
  key: 'dGhlIHNhbXBsZSBub25jZQ==',
  accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  protocols: [],
  extensions: [],
  origin: undefined,
  host: 'localhost',
};
const refusal = readUpgrade({ method: 'POST', version: '1.1', headers: new HttpHeaders() });

describe('what a caller gets wrong throws at the call, with a code', () => {
  it.each<[string, Call, unknown[]]>([
    ['isUpgrade() of nothing', isUpgrade, [undefined]],
    ['isUpgrade() of what has no headers', isUpgrade, [{}]],
    ['isUpgrade() of a request of node:http', isUpgrade, [{ headers: { upgrade: 'websocket' } }]],
    ['isUpgrade() of a Request of fetch()', isUpgrade, [{ headers: new Headers() }]],
    ['readUpgrade() of nothing', readUpgrade, [undefined]],
    ['readUpgrade() of null', readUpgrade, [null]],
    ['readUpgrade() of a request of node:http', readUpgrade, [{ method: 'GET', headers: {} }]],
    ['readUpgradeResponse() of nothing', readUpgradeResponse, [undefined, sent]],
    [
      'readUpgradeResponse() of a Response',
      readUpgradeResponse,
      [{ status: 101, headers: new Headers() }, sent],
    ],
    ['acceptUpgrade() of nothing', acceptUpgrade, [undefined]],
    ['acceptUpgrade() of a refusal', acceptUpgrade, [refusal]],
    ['acceptUpgrade() with no list of extensions', acceptUpgrade, [upgrade, { extensions: null }]],
    ['formatAccept() of nothing', formatAccept, [undefined]],
    ['formatAccept() of another answer', formatAccept, [{ status: 101 }]],
    ['checkHost() of a Host that is not there', checkHost, [undefined, ['localhost']]],
    ['checkHost() of several', checkHost, [['localhost'], ['localhost']]],
    ['checkOrigin() of null', checkOrigin, [null, 'localhost', 'same-host']],
    ['checkOrigin() of several', checkOrigin, [['http://localhost'], 'localhost', 'same-host']],
    ['checkOrigin() with a Host that is not there', checkOrigin, ['http://a', undefined, 'same-host']],
    ['formatExtensions() of nothing', formatExtensions, [undefined]],
    ['formatExtensions() of a header', formatExtensions, ['permessage-deflate']],
    ['formatExtensions() of null', formatExtensions, [[null]]],
    ['formatExtensions() without params', formatExtensions, [[{ name: 'x' }]]],
    ['selectProtocol() of nothing', selectProtocol, [undefined, ['chat']]],
    ['selectProtocol() of a header', selectProtocol, ['chat', ['chat']]],
    ['selectProtocol() among none', selectProtocol, [['chat'], undefined]],
    ['selectProtocol() among an object', selectProtocol, [['chat'], { chat: true }]],
  ])('%s: bad-argument', (_, call, args) => {
    expect(() => call(...(args as never[]))).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });

  it.each([
    ['a name that does not exist', { secured: true }],
    ['a text for true', { secure: 'true' }],
    ['null', null],
  ])('checkOrigin() refuses a context with %s, which would weaken the check without a word', (_, context) => {
    expect(() => checkOrigin('http://a', 'a', 'same-host', context as never)).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-option' }),
    );
    expect(checkOrigin('http://a', 'a', 'same-host', { secure: undefined })).toBeUndefined();
  });
});
