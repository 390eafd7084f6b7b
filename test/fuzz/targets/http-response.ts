import {
  type ResponseEvent,
  type ResponseHead,
  ResponseParser,
  type ResponseParserOptions,
} from 'sansocket/http';
import { bytesOf, type FuzzTarget, same } from '../target.ts';
import { flagsOfParser } from './http-request.ts';
import { type HttpTrace, traceHttp } from './http-trace.ts';

const BARE_LF = 1;
const OBS_FOLD = 2;
const EQUAL_LENGTHS = 4;
const TIGHT = 8;
const END = 16;
const NO_SPACE = 32;
/** Which methods were asked with; see {@link METHODS}. */
const METHODS_SHIFT = 6;

const METHODS = [['GET'], ['HEAD', 'GET'], ['CONNECT'], ['GET', 'HEAD', 'POST', 'GET']];
const TIGHT_LIMITS = { maxHeadBytes: 80, maxHeaders: 4, maxBodyBytes: 30 };
const ROOMY_LIMITS = { maxHeadBytes: 4096, maxHeaders: 100, maxBodyBytes: 1 << 20 };

function trace(chunks: readonly Uint8Array[], flags: number): HttpTrace<ResponseHead> {
  const limits = (flags & TIGHT) !== 0 ? TIGHT_LIMITS : ROOMY_LIMITS;
  const options: ResponseParserOptions = {
    limits,
    allowBareLf: (flags & BARE_LF) !== 0,
    allowObsFold: (flags & OBS_FOLD) !== 0,
    allowEqualContentLengths: (flags & EQUAL_LENGTHS) !== 0,
    allowStatusWithoutSpace: (flags & NO_SPACE) !== 0,
  };
  const parser = new ResponseParser(options);
  for (const method of METHODS[flags >> METHODS_SHIFT]!) parser.expect(method);
  return traceHttp<ResponseEvent>(parser, chunks, { end: (flags & END) !== 0, stopAtEnd: false, ...limits });
}

export const httpResponse: FuzzTarget = {
  name: 'http-response',
  about:
    'Bytes to a ResponseParser that was told which methods they answer. Out: heads, bodies and ends in their order and within the limits, ' +
    'or one HTTP error and nothing after it. In any split the same; no more is kept than a head may have.',
  words: [
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 100 Continue\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\n',
    'HTTP/1.1 204 No Content\r\n',
    'HTTP/1.1 304 Not Modified\r\n',
    'HTTP/1.0 200 OK\r\n',
    'HTTP/1.1 999 \r\n',
    'Content-Length: 5\r\n',
    'Content-Length: ',
    'Transfer-Encoding: chunked\r\n',
    'Transfer-Encoding: gzip\r\n',
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: Upgrade\r\n',
    'Upgrade: websocket\r\n',
    '\r\n\r\n',
    '\r\n',
    '\n',
    '\r',
    ' ',
    '\t',
    ':',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
    ';a=b',
    '0\r\nA: b\r\n\r\n',
    '\0',
    '\x80',
  ],
  maxBytes: 2048,
  vectors: ['http-response', 'handshake-response'],
  flagsOf({ options }) {
    const wanted = JSON.stringify(options?.['expect'] ?? ['GET']);
    const methods = METHODS.findIndex((each) => JSON.stringify(each) === wanted);
    const parser = (options?.['parser'] ?? {}) as Record<string, unknown>;
    return (
      flagsOfParser(options) |
      (options?.['end'] === true ? END : 0) |
      (parser['allowStatusWithoutSpace'] === true ? NO_SPACE : 0) |
      (Math.max(methods, 0) << METHODS_SHIFT)
    );
  },
  run({ flags, whole, pieces }) {
    same(trace(pieces(), flags).text, trace(whole(), flags).text, 'cut, the responses are others');
  },
  good() {
    const wire =
      'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n';
    const { text } = trace([bytesOf(wire)], 0);
    same(
      text.replace(/^\{.*/gm, (head) => head.slice(0, 13)),
      '{"status":100\n{"status":200\nabc\nend \nrest ""',
      'a good input',
    );
  },
};
