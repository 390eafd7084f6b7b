import { type ParserOptions, type RequestEvent, type RequestHead, RequestParser } from 'sansocket/http';
import { bytesOf, type FuzzTarget, same } from '../target.ts';
import { type HttpTrace, traceHttp } from './http-trace.ts';

const BARE_LF = 1;
const OBS_FOLD = 2;
const EQUAL_LENGTHS = 4;
const TIGHT = 8;
const END = 16;
const STOP = 32;

const TIGHT_LIMITS = { maxHeadBytes: 120, maxHeaders: 4, maxTargetBytes: 20, maxBodyBytes: 30 };
const ROOMY_LIMITS = { maxHeadBytes: 4096, maxHeaders: 100, maxTargetBytes: 1024, maxBodyBytes: 1 << 20 };

function trace(chunks: readonly Uint8Array[], flags: number): HttpTrace<RequestHead> {
  const limits = (flags & TIGHT) !== 0 ? TIGHT_LIMITS : ROOMY_LIMITS;
  const options: ParserOptions = {
    limits,
    allowBareLf: (flags & BARE_LF) !== 0,
    allowObsFold: (flags & OBS_FOLD) !== 0,
    allowEqualContentLengths: (flags & EQUAL_LENGTHS) !== 0,
  };
  return traceHttp<RequestEvent>(new RequestParser(options), chunks, {
    end: (flags & END) !== 0,
    stopAtEnd: (flags & STOP) !== 0,
    ...limits,
  });
}

/** A head that was taken, written plainly: each strict parser must read the same. */
function again(head: RequestHead): void {
  const lines = [...head.headers].map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const wire = bytesOf(`${head.method} ${head.target} HTTP/${head.version}\r\n${lines}\r\n`);
  const flags = STOP | EQUAL_LENGTHS;
  const [first] = trace([wire], flags).heads;
  same(
    JSON.stringify({ ...first, headers: [...(first?.headers ?? [])] }),
    JSON.stringify({ ...head, headers: [...head.headers] }),
    'a head, written and read once more',
  );
}

export const httpRequest: FuzzTarget = {
  name: 'http-request',
  about:
    'Bytes to a RequestParser, strict or with each leniency, with tight and roomy limits. Out: heads, bodies and ends in their order and ' +
    'within the limits, or one HTTP error and nothing after it. In any split the same; no more is kept than a head may have; a head ' +
    'that was taken, written plainly, is read as the same.',
  words: [
    'GET / HTTP/1.1\r\n',
    'POST /a?b HTTP/1.1\r\nHost: a\r\n',
    'HTTP/1.0\r\n',
    'OPTIONS *',
    'CONNECT a:1',
    'http://a/',
    'Host: a\r\n',
    'Content-Length: 5\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: ',
    'chunked',
    'gzip, ',
    'identity',
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: Upgrade\r\n',
    'Upgrade: websocket\r\n',
    'Expect: 100-continue\r\n',
    '\r\n\r\n',
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    ';',
    '=',
    '"',
    '\\',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    ';a=b',
    ';a="\\""',
    '[::1]:80',
    '%00',
    '#',
    '\0',
    '\x80',
  ],
  maxBytes: 2048,
  vectors: ['http-request', 'handshake-request'],
  flagsOf: ({ options }) =>
    flagsOfParser(options) |
    (options?.['end'] === true ? END : 0) |
    (options?.['stopAtEnd'] === true ? STOP : 0),
  run({ flags, whole, pieces }) {
    const expected = trace(whole(), flags);
    same(trace(pieces(), flags).text, expected.text, 'cut, the requests are others');
    if ((flags & TIGHT) === 0) for (const head of expected.heads) again(head);
  },
  good() {
    const wire =
      'POST /a?b HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: b\r\n\r\n';
    const { text } = trace([bytesOf(wire)], 0);
    same(
      text.replace(/^\{.*/gm, (head) => head.slice(0, 28)),
      '{"method":"POST","target":"/\nabc\nend \n{"method":"GET","target":"/"\n\nend \nrest ""',
      'a good input',
    );
  },
};

/** The leniencies and limits that a vector asks for. */
export function flagsOfParser(options: Record<string, unknown> | undefined): number {
  const parser = (options?.['parser'] ?? {}) as Record<string, unknown>;
  return (
    (parser['allowBareLf'] === true ? BARE_LF : 0) |
    (parser['allowObsFold'] === true ? OBS_FOLD : 0) |
    (parser['allowEqualContentLengths'] === true ? EQUAL_LENGTHS : 0) |
    (parser['limits'] !== undefined ? TIGHT : 0)
  );
}
