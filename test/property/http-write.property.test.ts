import fc from 'fast-check';
import {
  encodeChunk,
  encodeLastChunk,
  encodeRequest,
  encodeResponse,
  parseQuery,
  UsageRangeError,
  UsageTypeError,
} from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { driveRequests, driveResponses, latin1 } from '../unit/http/drive.ts';

/** Text that is often fit for its place, and often an attack on it. */
const nasty = fc.oneof(
  fc.constantFrom(
    'a',
    'GET',
    '/',
    '/a?b',
    'a b',
    'chunked',
    '5',
    '',
    'x\r\ny: z',
    '\r\n\r\nGET / HTTP/1.1\r\n',
    '\n',
    '\r',
    '\0',
    '\u010a',
    '\u010d',
    '\ud80a',
    ' a ',
    '\ta',
    '\xff',
    '0\r\n\r\n',
  ),
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'binary', maxLength: 4 }),
);
const headerNames = fc.oneof(
  fc.constantFrom('X', 'host', 'Content-Length', 'Transfer-Encoding', 'Connection', '__proto__'),
  nasty,
);
const headers = fc.array(fc.tuple(headerNames, nasty), { maxLength: 4 });
const body = fc.oneof(fc.constant(undefined), nasty, fc.uint8Array({ maxLength: 40 }));

/** What `write` gives; undefined where it refuses, which it does with our own errors alone. */
function attempt(write: () => Uint8Array): Uint8Array | undefined {
  try {
    return write();
  } catch (error) {
    expect(error instanceof UsageTypeError || error instanceof UsageRangeError, String(error)).toBe(true);
    return undefined;
  }
}

function asText(content: string | Uint8Array | undefined): string {
  if (content === undefined) return '';
  return latin1(typeof content === 'string' ? new TextEncoder().encode(content) : content);
}

const isFraming = ([name]: readonly [string, string]): boolean =>
  /^(content-length|transfer-encoding)$/i.test(name);

/** Pairs as they are read back: without the white space around values, and without Content-Length that was added. */
const trimmed = (pairs: ReadonlyArray<readonly [string, string]>): string[][] =>
  pairs.map(([name, value]) => [name, value.replace(/^[ \t]+|[ \t]+$/g, '')]);

describe('what is written is refused, or is read back as meant', () => {
  it('encodeRequest(): one request, its parts and its body, and nothing behind it [RFC 9112 11.2]', () => {
    const method = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('GET', 'POST', 'OPTIONS', 'HEAD') },
      { weight: 1, arbitrary: nasty },
    );
    const target = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom('/', '/a?b', 'http://a/c', 'http://b/c') },
      { weight: 1, arbitrary: nasty },
    );
    const host = fc.constantFrom<[string, string]>(['Host', 'a'], ['Host', 'a:80'], ['Host', '']);
    let written = 0;
    fc.assert(
      fc.property(method, target, host, headers, body, (verb, path, first, rest, content) => {
        const lines = [first, ...rest];
        const wire = attempt(() =>
          encodeRequest({ method: verb, target: path, headers: lines, body: content }),
        );
        if (wire === undefined) return;
        written++;
        const { events, error, rest: left } = driveRequests([wire]);
        expect(error).toBeUndefined();
        expect(events[0]).toMatchObject({ method: verb, target: path, host: first[1] });
        expect((events[0]!['headers'] as Array<[string, string]>).slice(0, lines.length)).toEqual(
          trimmed(lines),
        );
        if (content === undefined && lines.some(isFraming)) return;
        const text = asText(content);
        expect(events.slice(1).map((event) => event['text'] ?? event.kind)).toEqual(
          text === '' ? ['end'] : [text, 'end'],
        );
        expect(left).toBe('');
      }),
      { numRuns: 6000 },
    );
    expect(written).toBeGreaterThan(400);
  });

  it('encodeResponse(): one response, its parts and its body, and nothing behind it [RFC 9112 11.1]', () => {
    const status = fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(200, 404, 204, 304, 205, 101, 100) },
      { weight: 1, arbitrary: fc.integer({ min: -5, max: 1100 }) },
    );
    let written = 0;
    fc.assert(
      fc.property(
        status,
        fc.oneof(fc.constant(undefined), nasty),
        headers,
        body,
        fc.boolean(),
        (code, reason, lines, content, head) => {
          const wire = attempt(() =>
            encodeResponse({ status: code, reason, headers: lines, body: content, head }),
          );
          if (wire === undefined) return;
          written++;
          const { events, error, rest } = driveResponses([wire], { expect: [head ? 'HEAD' : 'GET'] });
          expect(error).toBeUndefined();
          expect(events[0]).toMatchObject({ status: code, ...(reason === undefined ? {} : { reason }) });
          expect((events[0]!['headers'] as Array<[string, string]>).slice(0, lines.length)).toEqual(
            trimmed(lines),
          );
          expect(rest).toBe('');
          if (code < 200) return;
          if (content === undefined && lines.some(isFraming)) return;
          const text = head ? '' : asText(content);
          expect(events.slice(1).map((event) => event['text'] ?? event.kind)).toEqual(
            text === '' ? ['end'] : [text, 'end'],
          );
        },
      ),
      { numRuns: 4000 },
    );
    expect(written).toBeGreaterThan(400);
  });

  it('encodeChunk() and encodeLastChunk(): the same bytes, whatever they are and however they are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 8 }), (pieces) => {
        const head = encodeResponse({ status: 200, headers: { 'Transfer-Encoding': 'chunked' } });
        const wire = [head, ...pieces.map(encodeChunk), encodeLastChunk({ A: 'b' })];
        const text = pieces.map(latin1).join('');
        const end = { kind: 'end', trailers: [['A', 'b']] };
        const expected = text === '' ? [end] : [{ kind: 'body', text }, end];
        expect(driveResponses(wire).events.slice(1)).toEqual(expected);
      }),
    );
  });
});

it('parseQuery() gives what URLSearchParams gives, for any ASCII [WHATWG URL 5.1]', () => {
  const pieces = fc.constantFrom(
    'a',
    '=',
    '&',
    '+',
    '%',
    '%4',
    '%41',
    '%zz',
    '%C3%A4',
    '%c3',
    '__proto__',
    '%00',
    '%EF%BB%BF',
    ';',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
        fc.string({ unit: 'binary-ascii' }),
      ),
      (query) => {
        const expected = new Map<string, string[]>();
        for (const [name, value] of new URLSearchParams(`&${query}`)) {
          expected.set(name, [...(expected.get(name) ?? []), value]);
        }
        expect(parseQuery(query)).toEqual(expected);
      },
    ),
    { numRuns: 3000 },
  );
});
