import {
  acceptUpgrade,
  checkHost,
  checkOrigin,
  formatAccept,
  readUpgrade,
  readUpgradeResponse,
  type UpgradeSource,
} from 'sansocket/handshake';
import { HttpHeaders, RequestParser, ResponseParser } from 'sansocket/http';
import { HANDSHAKE_ERRORS, ProtocolError } from '../../../src/errors.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same } from '../target.ts';

const ALLOWED = new Set([...Object.keys(HANDSHAKE_ERRORS), 'bad-host']);

/** The wire is no head, but lines of `name: value` that no parser has checked. */
const RAW = 1;

/** What an HTTP server of any kind could hand over. */
function sourceOf(flags: number, chunks: readonly Uint8Array[]): UpgradeSource | undefined {
  if ((flags & RAW) !== 0) {
    const lines = latin1(Buffer.concat(chunks))
      .split('\n')
      .map((line) => {
        const colon = line.indexOf(':');
        return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1)] as const;
      });
    const getAll = (name: string): string[] =>
      lines.filter(([each]) => each === name.toLowerCase()).map(([, value]) => value);
    return { method: 'GET', version: '1.1', headers: { getAll } };
  }
  const parser = new RequestParser();
  for (const chunk of chunks) parser.push(chunk);
  const head = parser.next();
  return head?.kind === 'head' ? head : undefined;
}

function trace(flags: number, chunks: readonly Uint8Array[]): string {
  const source = sourceOf(flags, chunks);
  if (source === undefined) return 'no head';
  const upgrade = readUpgrade(source);
  if (upgrade.kind === 'refusal') {
    const { error, status, headers } = upgrade;
    holds(error instanceof ProtocolError && ALLOWED.has(error.code), `refused for ${error.code}`);
    holds(status >= 400 && status < 500, `refused with ${status}`);
    if (status === 426)
      holds(
        headers.some(([name, value]) => name === 'Sec-WebSocket-Version' && value === '13'),
        'a 426 without a version',
      );
    return `${status} ${error.code}`;
  }
  for (const verdict of [
    checkOrigin(upgrade.origin, upgrade.host, 'same-host'),
    checkOrigin(upgrade.origin, upgrade.host, ['https://example.com', 'http://*.example.com:8080']),
    checkHost(upgrade.host, ['example.com', '*.example.org:8080']),
  ]) {
    holds(verdict === undefined || ALLOWED.has(verdict.code), () => `a policy says ${verdict?.code}`);
  }
  // What is answered is what the client waits for.
  const [protocol] = upgrade.protocols;
  const wire = formatAccept(acceptUpgrade(upgrade, protocol === undefined ? {} : { protocol }));
  const parser = new ResponseParser();
  parser.expect('GET');
  parser.push(bytesOf(wire));
  const head = parser.next();
  holds(head?.kind === 'head' && head.switches, 'the answer is no 101');
  const { accept, key, protocols } = upgrade;
  const answered = readUpgradeResponse(head, { accept, protocols, extensions: [] });
  holds(answered.kind === 'accepted', () => `the client refuses the answer: ${String(answered)}`);
  same(answered.protocol, protocol ?? '', 'the protocol in the answer');
  return JSON.stringify([key, accept, protocols, upgrade.extensions, upgrade.origin, upgrade.host]);
}

const SAMPLE =
  'GET /chat HTTP/1.1\r\nHost: example.com\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nOrigin: https://example.com\r\n' +
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

export const handshakeRequest: FuzzTarget = {
  name: 'handshake-request',
  about:
    'A head, or header lines that no parser has seen, to readUpgrade, checkOrigin and checkHost. Out: an upgrade whose answer our own client ' +
    'accepts, or a refusal with a 4xx and one error of the handshake. In any split the same.',
  words: [
    'GET / HTTP/1.1\r\n',
    'Host: example.com\r\n',
    'Upgrade: websocket\r\n',
    'Connection: keep-alive, Upgrade\r\n',
    'Sec-WebSocket-Version: 13\r\n',
    'Sec-WebSocket-Version: 8\r\n',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n',
    'Sec-WebSocket-Protocol: chat, superchat\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    'Origin: https://example.com\r\n',
    'Origin: null\r\n',
    'http://',
    '[::1]',
    ':8080',
    ', ',
    '.',
    '*',
    '@',
    '/',
    '\r\n',
    'Content-Length: 0\r\n',
    '__proto__',
    '\x80',
    '\xff',
  ],
  maxBytes: 2048,
  vectors: ['handshake-request'],
  run({ flags, whole, pieces }) {
    const expected = trace(flags, whole());
    same(trace(flags, pieces()), expected, 'cut, the verdict is another');
  },
  good() {
    same(
      trace(0, [bytesOf(SAMPLE)]),
      '["dGhlIHNhbXBsZSBub25jZQ==","s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",[],[],"https://example.com","example.com"]',
      'a good input',
    );
    holds(new HttpHeaders([['a', 'b']]).get('A') === 'b', 'headers are broken');
  },
};
