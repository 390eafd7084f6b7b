/**
 * HTTP/1.1 requests (RFC 9112), right and wrong.
 *
 * @module
 */
import * as fc from 'fast-check';
import { payloads } from './bytes.ts';
import { chunkedBodies } from './chunked.ts';
import { concat } from './frames.ts';
import type { Hostile } from './hostile.ts';

/** A request. */
export interface RequestParts {
  /** The method. */
  readonly method: string;
  /** The request target, as sent. */
  readonly target: string;
  /** The header fields, in order, as sent but without white space around the value; framing fields included. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** How the body is framed. */
  readonly framing: 'none' | 'content-length' | 'chunked';
  /** The body, put together. */
  readonly body: Uint8Array;
  /** The trailer fields of a chunked body. */
  readonly trailers: ReadonlyArray<readonly [name: string, value: string]>;
  /** The request on the wire. */
  readonly bytes: Uint8Array;
}

const TCHAR = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Tokens (RFC 9110 §5.6.2); names of `Object.prototype` more often than by chance. */
export function tokens(maxLength = 12): fc.Arbitrary<string> {
  return fc.oneof(
    {
      weight: 9,
      arbitrary: fc
        .array(fc.constantFrom(...TCHAR), { minLength: 1, maxLength })
        .map((characters) => characters.join('')),
    },
    { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'hasOwnProperty', 'toString') },
  );
}

/** Field values without white space around them: VCHAR, obs-text, and SP and HTAB inside (RFC 9110 §5.5). */
function fieldValues(): fc.Arbitrary<string> {
  const character = fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0x21, max: 0x7e }) },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xff }) },
    { weight: 1, arbitrary: fc.constantFrom(0x20, 0x09) },
  );
  return fc
    .array(character, { maxLength: 24 })
    .map((units) => String.fromCharCode(...units).replace(/^[ \t]+|[ \t]+$/g, ''));
}

/** Names that say how a request is framed or routed, which must not come by chance. */
const RESERVED = new Set([
  'host',
  'content-length',
  'transfer-encoding',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
]);
const fields = fc.array(
  fc.tuple(
    tokens().filter((name) => !RESERVED.has(name.toLowerCase())),
    fieldValues(),
  ),
  { maxLength: 6 },
);

const targets = fc.oneof(
  fc.constantFrom('/', '/chat', '/a/b?c=d', '/%20', '/?', '/a//b/../c', '/search?q=a%00b'),
  tokens(20).map((token) => `/${token.replaceAll('#', '')}`),
);
const hosts = fc.constantFrom(
  'example.com',
  'example.com:8080',
  'localhost',
  '127.0.0.1:80',
  '[::1]',
  '[::1]:8080',
);

/** Header lines: the name, a colon, white space around the value where there may be some. */
export function headerLines(
  headers: ReadonlyArray<readonly [string, string]>,
  spaces: readonly string[],
): string {
  return headers
    .map(
      ([name, value], i) =>
        `${name}:${spaces[(2 * i) % spaces.length]}${value}${spaces[(2 * i + 1) % spaces.length]}\r\n`,
    )
    .join('');
}

/** White space that may stand around a field value. */
export const optionalSpaces: fc.Arbitrary<string[]> = fc.array(fc.constantFrom(' ', '', '\t', '  \t '), {
  minLength: 1,
  maxLength: 5,
});

/**
 * Requests that every server must take: any method and header names, white space where it may be, no body or one with
 * a length or in chunks.
 */
export function requests(maxBodyBytes = 5000): fc.Arbitrary<RequestParts> {
  const body = fc.oneof(
    fc.constant({ framing: 'none', body: new Uint8Array(0), wire: new Uint8Array(0), trailers: [] } as const),
    payloads(maxBodyBytes).map(
      (bytes) => ({ framing: 'content-length', body: bytes, wire: bytes, trailers: [] }) as const,
    ),
    chunkedBodies(Math.max(1, Math.floor(maxBodyBytes / 5))).map(
      ({ data, bytes, trailers }) => ({ framing: 'chunked', body: data, wire: bytes, trailers }) as const,
    ),
  );
  return fc
    .record({
      method: fc
        .oneof(fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'get'), tokens(8))
        .filter((method) => method !== 'CONNECT'),
      target: targets,
      host: hosts,
      hostAt: fc.nat(6),
      fields,
      body,
      spaces: optionalSpaces,
      encoding: fc.constantFrom('chunked', 'Chunked', 'CHUNKED'),
    })
    .map(({ method, target, host, hostAt, fields: some, body: content, spaces, encoding }) => {
      const headers: Array<readonly [string, string]> = [...some];
      headers.splice(Math.min(hostAt, headers.length), 0, ['Host', host]);
      if (content.framing === 'content-length') headers.push(['Content-Length', String(content.body.length)]);
      if (content.framing === 'chunked') headers.push(['Transfer-Encoding', encoding]);
      const head = `${method} ${target} HTTP/1.1\r\n${headerLines(headers, spaces)}\r\n`;
      const { framing, body: data, trailers } = content;
      return {
        method,
        target,
        headers,
        framing,
        body: data,
        trailers,
        bytes: concat([latin1(head), content.wire]),
      };
    });
}

/** Requests with one fault, each of them once the way to smuggle a request past somebody. */
export function hostileRequests(): fc.Arbitrary<Hostile> {
  const inHeaders = (lines: string, body = ''): string => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
  const faults: ReadonlyArray<readonly [why: string, rule: string, bytes: string]> = [
    [
      'a length and a transfer coding',
      'RFC 9112 §6.1',
      inHeaders('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    ],
    [
      'two lengths that differ',
      'RFC 9112 §6.3',
      inHeaders('Content-Length: 3\r\nContent-Length: 4\r\n', 'abcd'),
    ],
    [
      'two lengths that differ, in another case',
      'RFC 9112 §6.3',
      inHeaders('Content-Length: 3\r\ncontent-length: 4\r\n', 'abcd'),
    ],
    ['a list of lengths that differ', 'RFC 9112 §6.3', inHeaders('Content-Length: 3, 4\r\n', 'abcd')],
    ['a length with a sign', 'RFC 9112 §6.3', inHeaders('Content-Length: +3\r\n', 'abc')],
    ['a negative length', 'RFC 9112 §6.3', inHeaders('Content-Length: -3\r\n', 'abc')],
    ['a length in hexadecimal', 'RFC 9112 §6.3', inHeaders('Content-Length: 0x3\r\n', 'abc')],
    ['an empty length', 'RFC 9112 §6.3', inHeaders('Content-Length:\r\n', 'abc')],
    [
      'a length of more than 53 bits',
      'RFC 9112 §6.3',
      inHeaders('Content-Length: 18446744073709551619\r\n', 'abc'),
    ],
    ['chunked twice', 'RFC 9112 §6.1', inHeaders('Transfer-Encoding: chunked, chunked\r\n', '0\r\n\r\n')],
    ['chunked not last', 'RFC 9112 §6.1', inHeaders('Transfer-Encoding: chunked, identity\r\n', '0\r\n\r\n')],
    [
      'a transfer coding that is none',
      'RFC 9112 §6.1',
      inHeaders('Transfer-Encoding: xchunked\r\n', '0\r\n\r\n'),
    ],
    ['an empty transfer coding', 'RFC 9112 §6.1', inHeaders('Transfer-Encoding:\r\n', '0\r\n\r\n')],
    [
      'a vertical tab before chunked',
      'RFC 9112 §5',
      inHeaders('Transfer-Encoding: \x0bchunked\r\n', '0\r\n\r\n'),
    ],
    [
      'a transfer coding in HTTP/1.0',
      'RFC 9112 §6.1',
      'POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a space before the colon', 'RFC 9112 §5.1', inHeaders('Content-Length : 3\r\n', 'abc')],
    ['a folded line', 'RFC 9112 §5.2', inHeaders('A: b\r\n Content-Length: 3\r\n', 'abc')],
    ['white space before the first header', 'RFC 9112 §2.2', 'GET / HTTP/1.1\r\n Host: a\r\n\r\n'],
    ['an empty header name', 'RFC 9112 §5.1', inHeaders(': b\r\n')],
    ['a line without a colon', 'RFC 9112 §5', inHeaders('abc\r\n')],
    ['a NUL in a value', 'RFC 9110 §5.5', inHeaders('A: b\0c\r\n')],
    ['a NUL in a name', 'RFC 9112 §5.1', inHeaders('A\0: b\r\n')],
    ['a CR in a value', 'RFC 9112 §2.2', inHeaders('A: b\rContent-Length: 3\r\n')],
    ['a line that ends in LF alone', 'RFC 9112 §2.2', inHeaders('A: b\n')],
    ['a head that ends in LF alone', 'RFC 9112 §2.2', 'GET / HTTP/1.1\r\nHost: a\r\n\n'],
    ['CR LF CR X', 'RFC 9112 §2.2', 'GET / HTTP/1.1\r\nHost: a\r\n\rX'],
    ['no host', 'RFC 9112 §3.2', 'GET / HTTP/1.1\r\nA: b\r\n\r\n'],
    ['two hosts', 'RFC 9112 §3.2', 'GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n'],
    ['a host that is none', 'RFC 9112 §3.2', 'GET / HTTP/1.1\r\nHost: a b\r\n\r\n'],
    ['two spaces in the request line', 'RFC 9112 §3', 'GET  / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a tab in the request line', 'RFC 9112 §3', 'GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['no version', 'RFC 9112 §3', 'GET /\r\nHost: a\r\n\r\n'],
    ['a version that is none', 'RFC 9112 §2.3', 'GET / HTTP/1.11\r\nHost: a\r\n\r\n'],
    ['a method that is no token', 'RFC 9112 §3.1', 'G@T / HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a NUL in the target', 'RFC 9112 §3.2', 'GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n'],
    ['a raw byte above 0x7F in the target', 'RFC 9112 §3.2', 'GET /\xff HTTP/1.1\r\nHost: a\r\n\r\n'],
  ];
  return fc.constantFrom(...faults).map(([why, rule, bytes]) => ({ why, rule, bytes: latin1(bytes) }));
}
