/**
 * What a caller gets wrong in `sansocket/http` is said at the call, with a code, and never becomes other bytes than were meant.
 */
import {
  formatHttpDate,
  HttpHeaders,
  listHas,
  parseList,
  parseQuery,
  RequestParser,
  ResponseParser,
} from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { bytesOf } from '../../support/http-wire.ts';

const refused = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
const NO_TEXT = [undefined, null, 5, ['a'], {}] as never[];

describe('what is no text', () => {
  it.each(NO_TEXT)('is refused by the readers of values: %j', (value) => {
    expect(() => parseList(value)).toThrow(refused);
    expect(() => parseQuery(value)).toThrow(refused);
    expect(() => listHas('a', value)).toThrow(refused);
    if (value !== undefined) expect(() => listHas(value, 'a')).toThrow(refused);
  });

  it.each(NO_TEXT)('is no header name to look for: %j', (name) => {
    const headers = new HttpHeaders({ a: 'b' });
    for (const call of ['get', 'getAll', 'has', 'delete'] as const)
      expect(() => headers[call](name)).toThrow(refused);
    expect(headers.size).toBe(1);
  });

  it.each(['ab', 5, ['a'], ['a', 'b', 'c'], { 0: 'a', 1: 'b', length: 2 }, null])(
    'is no pair to make a header of: %j',
    (entry) => {
      expect(() => new HttpHeaders([entry as never])).toThrow(refused);
    },
  );
});

it.each(['', '5', null, true, [2001], new Date(0)])(
  'formatHttpDate() refuses what is no number: %j',
  (time) => {
    expect(() => formatHttpDate(time as never)).toThrow(
      expect.objectContaining({ name: 'RangeError', code: 'bad-argument' }),
    );
  },
);

it.each([null, true, 'utf-8', {}])('text that is no codec is refused by both parsers: %j', (text) => {
  const noOption = expect.objectContaining({ name: 'TypeError', code: 'bad-option' });
  expect(() => new RequestParser({ text: text as never })).toThrow(noOption);
  expect(() => new ResponseParser({ text: text as never })).toThrow(noOption);
});

describe('bytes of a Buffer come back as a plain Uint8Array, whose slice() is a copy', () => {
  it.each([
    ['Content-Length', 'Content-Length: 5\r\n\r\n', 'hello'],
    ['chunked', 'Transfer-Encoding: chunked\r\n\r\n', '5\r\nhello\r\n0\r\n\r\n'],
  ])('in bodies, and in what comes behind them: %s', (_, framing, body) => {
    for (const cut of [true, false]) {
      const parser = new RequestParser();
      const head = `POST / HTTP/1.1\r\nHost: a\r\n${framing}`;
      for (const part of cut ? [head, `${body}rest`] : [`${head}${body}rest`]) {
        parser.push(Buffer.from(part));
        while (parser.bufferedBytes > 0) {
          const event = parser.next();
          if (event?.kind === 'body') expect(Object.getPrototypeOf(event.bytes)).toBe(Uint8Array.prototype);
          if (event?.kind === 'end' || event === undefined) break;
        }
      }
      const rest = parser.takeRest();
      expect([new TextDecoder().decode(rest), rest.constructor]).toEqual(['rest', Uint8Array]);
    }
  });

  it('in a body that lasts until the connection ends', () => {
    const parser = new ResponseParser();
    parser.push(bytesOf('HTTP/1.0 200 OK\r\n\r\n'));
    parser.next();
    parser.push(Buffer.from('hello'));
    const event = parser.next();
    expect(event?.kind === 'body' && event.bytes.constructor).toBe(Uint8Array);
  });
});
