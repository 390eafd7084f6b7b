import { ClientOpening, HandshakeError } from 'sansocket/connection';
import { computeAccept } from 'sansocket/handshake';
import { HANDSHAKE_ERRORS, HTTP_ERRORS } from '../../../src/errors.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same } from '../target.ts';

const ALLOWED = new Set([...Object.keys(HANDSHAKE_ERRORS), ...Object.keys(HTTP_ERRORS)]);
/** The key is sixteen zeros. */
const ACCEPT = computeAccept('AAAAAAAAAAAAAAAAAAAAAA==');
/** The accept that the vectors were written for. */
const SAMPLE_ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

const PROTOCOLS = 1;
const REQUIRE = 2;
const COMPRESSION = 4;
/** The stream ends behind the last byte. */
const END = 8;

function trace(chunks: readonly Uint8Array[], flags: number): string {
  const opening = new ClientOpening('ws://example.com/chat', {
    random: (bytes) => bytes.fill(0),
    ...((flags & PROTOCOLS) !== 0
      ? { protocols: ['chat', 'superchat'], requireProtocol: (flags & REQUIRE) !== 0 }
      : {}),
    compression: (flags & COMPRESSION) !== 0,
  });
  let seen = '';
  let rest = '';
  for (const chunk of chunks) {
    if (seen !== '') {
      rest += latin1(chunk);
      continue;
    }
    opening.receive(chunk);
    take();
  }
  if (seen === '' && (flags & END) !== 0) {
    opening.receiveEnd();
    take();
    holds(seen !== '', 'no verdict at the end');
  }
  if (seen !== '') holds(opening.next() === undefined, 'a second verdict');
  return seen.startsWith('opened') ? `${seen} ${JSON.stringify(rest)}` : seen;

  function take(): void {
    const verdict = opening.next();
    if (verdict === undefined) return;
    if (verdict.kind === 'opened') {
      const { protocol, extensions, headers, compression } = verdict;
      holds(protocol === '' || (flags & PROTOCOLS) !== 0, 'a protocol that was not offered');
      holds((compression === undefined) === (extensions.length === 0), 'an extension without its doing');
      rest = latin1(verdict.rest);
      seen = `opened ${JSON.stringify([protocol, extensions, [...headers]])}`;
      return;
    }
    holds(ALLOWED.has(verdict.code), `refused for ${verdict.code}`);
    const response = verdict instanceof HandshakeError ? verdict.response : undefined;
    seen = `${verdict.code} ${JSON.stringify(response === undefined ? null : [response.status, [...response.headers]])}`;
  }
}

const HEAD = `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${ACCEPT}\r\n`;

/** The vectors answer another key: what answers it has to answer ours. */
function ours(chunks: readonly Uint8Array[]): Uint8Array {
  return bytesOf(latin1(Buffer.concat(chunks)).replaceAll(SAMPLE_ACCEPT, ACCEPT));
}

export const clientOpening: FuzzTarget = {
  name: 'client-opening',
  about:
    'Bytes to a ClientOpening that waits for its answer. Out: one verdict: opened, with all bytes behind the head, or one error of the ' +
    'handshake or of HTTP. In any split the same.',
  words: [
    HEAD,
    '\r\n',
    `Sec-WebSocket-Accept: ${ACCEPT}\r\n`,
    'Sec-WebSocket-Protocol: chat\r\n',
    'Sec-WebSocket-Extensions: permessage-deflate\r\n',
    '; server_no_context_takeover; client_no_context_takeover',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 101 \r\n',
    'Content-Length: 3\r\n',
    'Transfer-Encoding: chunked\r\n',
    '\x81\x02hi',
  ],
  maxBytes: 2048,
  vectors: ['handshake-response', 'http-response'],
  flagsOf: ({ options }) => ((options?.['protocols'] as unknown[] | undefined)?.length ? PROTOCOLS : 0) | END,
  run({ flags, whole, pieces }) {
    const wire = ours(whole());
    let at = 0;
    // Cut where the input says, as far as it is as long.
    const cut = pieces().map(({ length }) => wire.slice(at, (at += length)));
    cut.push(wire.slice(at));
    same(trace(cut, flags), trace([wire.slice()], flags), 'cut, the verdict is another');
  },
  good() {
    same(trace([bytesOf(`${HEAD}\r\nhi`)], 0).slice(0, 13), 'opened ["",[]', 'a good input');
  },
};
