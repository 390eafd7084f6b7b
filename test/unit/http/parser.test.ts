import { type RequestEvent, RequestParser, ResponseParser } from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { DELIVERIES, utf8 } from '../../support/deliveries.ts';
import { driveRequests, latin1 } from './drive.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

function all(parser: RequestParser): RequestEvent[] {
  const events: RequestEvent[] = [];
  for (let event = parser.next(); event !== undefined; event = parser.next()) events.push(event);
  return events;
}

describe.each([
  ['RequestParser', RequestParser],
  ['ResponseParser', ResponseParser],
] as const)('%s', (_name, Parser) => {
  it.each([
    ['an option that does not exist', { maxHeadBytes: 5 }, 'TypeError'],
    ['a limit that does not exist', { limits: { maxHead: 5 } }, 'TypeError'],
    ['a limit of 0', { limits: { maxHeadBytes: 0 } }, 'RangeError'],
    ['a switch that is no boolean', { allowBareLf: 1 }, 'TypeError'],
    ['options that are no object', null, 'TypeError'],
  ])('refuses %s', (_what, options, name) => {
    expect(() => new Parser(options as never)).toThrow(expect.objectContaining({ code: 'bad-option', name }));
  });

  it('takes options that are undefined for left out', () => {
    const options = { limits: undefined, text: undefined, allowBareLf: undefined };
    expect(new Parser(options).next()).toBeUndefined();
  });

  it('refuses to be pushed anything but bytes', () => {
    for (const chunk of ['GET', new ArrayBuffer(4), [1], null, undefined, 5]) {
      expect(() => new Parser().push(chunk as never)).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    }
  });

  it('refuses bytes after receiveEnd() and after takeRest()', () => {
    const ended = new Parser();
    ended.receiveEnd();
    expect(() => ended.push(utf8('x'))).toThrow(expect.objectContaining({ code: 'bad-state' }));
    const taken = new Parser();
    taken.takeRest();
    expect(() => taken.push(utf8('x'))).toThrow(expect.objectContaining({ code: 'bad-state' }));
  });

  it('makes its text with the codec that it was given', () => {
    const spans: Array<[number, number]> = [];
    const text = {
      latin1: (bytes: Uint8Array, start: number, end: number) => {
        spans.push([start, end]);
        return latin1(bytes.subarray(start, end));
      },
    };
    const parser = new Parser({ text: text as never });
    const bytes = utf8(Parser === RequestParser ? GET : 'HTTP/1.1 204 x\r\n\r\n');
    parser.push(bytes);
    expect(parser.next()?.kind).toBe('head');
    expect(spans).toEqual([[0, bytes.length]]);
  });
});

describe('ResponseParser', () => {
  it('expect() refuses what is no method', () => {
    for (const method of ['', 'GET ', 'G\nT', 5, undefined]) {
      expect(() => new ResponseParser().expect(method as never)).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
    }
  });

  it('refuses allowStatusWithoutSpace in a RequestParser, where it means nothing', () => {
    const options = { allowStatusWithoutSpace: true };
    expect(() => new RequestParser(options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    expect(new ResponseParser(options).idle).toBe(true);
  });

  it('keeps the bytes after a switch of protocols, pushed before or after its end', () => {
    const parser = new ResponseParser();
    parser.push(utf8('HTTP/1.1 101 x\r\n\r\nab'));
    expect([parser.next()?.kind, parser.next()?.kind, parser.next()]).toEqual(['head', 'end', undefined]);
    parser.push(utf8('cd'));
    expect([parser.next(), parser.bufferedBytes]).toEqual([undefined, 4]);
    expect(latin1(parser.takeRest())).toBe('abcd');
    expect([parser.next(), parser.bufferedBytes, parser.takeRest().length]).toEqual([undefined, 0, 0]);
  });
});

describe('ResponseParser, between an interim response and its final one', () => {
  it('is not idle, and says so when the connection ends there [RFC 9112 8]', () => {
    const parser = new ResponseParser();
    parser.expect('POST');
    parser.push(utf8('HTTP/1.1 100 Continue\r\n\r\n'));
    expect(parser.next()).toMatchObject({ kind: 'head', interim: true });
    expect([parser.next(), parser.idle]).toEqual([undefined, false]);
    parser.receiveEnd();
    expect(parser.next()).toMatchObject({
      code: 'unexpected-end',
      message: 'The connection ended before the final response (RFC 9112 §8)',
    });
    expect(parser.next()).toBeUndefined();
  });

  it('is idle again after the final one', () => {
    const parser = new ResponseParser();
    parser.push(utf8('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n'));
    expect([parser.next(), parser.next(), parser.next()]).toMatchObject([
      { status: 100 },
      { status: 204 },
      { kind: 'end' },
    ]);
    parser.receiveEnd();
    expect([parser.next(), parser.idle]).toEqual([undefined, true]);
  });
});

describe('RequestParser', () => {
  it('is idle between requests, and not from the first byte of a head to the end [RFC 9112 9.5]', () => {
    const parser = new RequestParser();
    expect(parser.idle).toBe(true);
    const seen: boolean[] = [];
    for (const byte of utf8('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi')) {
      parser.push(Uint8Array.of(byte));
      all(parser);
      seen.push(parser.idle);
    }
    expect(seen.lastIndexOf(true)).toBe(seen.length - 1);
    expect(seen.filter((idle) => idle)).toHaveLength(1);
  });

  it('stays idle over empty lines [RFC 9112 2.2]', () => {
    const parser = new RequestParser();
    for (const byte of utf8('\r\n\r\n')) {
      parser.push(Uint8Array.of(byte));
      expect([parser.next(), parser.idle]).toEqual([undefined, true]);
    }
  });

  it('is not idle while bytes wait that nobody has looked at', () => {
    const parser = new RequestParser();
    parser.push(utf8(GET));
    expect(parser.idle).toBe(false);
  });

  it('counts a trailer section that is not complete in bufferedBytes, and gives it back [RFC 9112 7.1.2]', () => {
    const parser = new RequestParser();
    parser.push(utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDigest: ab'));
    expect(parser.next()?.kind).toBe('head');
    expect([parser.next(), parser.bufferedBytes]).toEqual([undefined, 10]);
    expect(latin1(parser.takeRest())).toBe('Digest: ab');
    expect(parser.bufferedBytes).toBe(0);
  });

  it('keeps nothing of a trailer section after a fault in it', () => {
    const parser = new RequestParser();
    parser.push(utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nDigest'));
    expect(parser.next()?.kind).toBe('head');
    expect([parser.next(), parser.bufferedBytes]).toEqual([undefined, 6]);
    parser.push(utf8(' : x'));
    expect(parser.next()).toMatchObject({ code: 'bad-header-name' });
    expect(parser.bufferedBytes).toBe(0);
  });

  it('bufferedBytes counts what is kept, wherever it is', () => {
    const parser = new RequestParser();
    const seen: number[] = [];
    const note = (): number => seen.push(parser.bufferedBytes);
    parser.push(utf8('GET / HT'));
    note();
    expect(parser.next()).toBeUndefined();
    note();
    parser.push(utf8('TP/1.1\r\nHost: a\r\n'));
    parser.push(utf8('Content-Length: 4\r\n\r\nab'));
    note();
    expect(parser.next()?.kind).toBe('head');
    note();
    expect(parser.next()?.kind).toBe('body');
    note();
    expect(seen).toEqual([8, 8, 48, 2, 0]);
  });

  it('takeRest() gives back a head that has begun, whether or not it was looked at', () => {
    const parser = new RequestParser();
    parser.push(utf8(`${GET}GET /b`));
    expect([parser.next()?.kind, parser.next()?.kind, parser.next()]).toEqual(['head', 'end', undefined]);
    parser.push(utf8(' HTTP'));
    parser.push(utf8('/1.1'));
    expect(latin1(parser.takeRest())).toBe('GET /b HTTP/1.1');
    expect(parser.next()).toBeUndefined();
  });

  it('takeRest() after the end of an upgrade gives a view of the chunk', () => {
    const parser = new RequestParser();
    const chunk = utf8(
      `GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x01\x02`,
    );
    parser.push(chunk);
    expect([parser.next()?.kind, parser.next()?.kind]).toEqual(['head', 'end']);
    const rest = parser.takeRest();
    expect([...rest]).toEqual([1, 2]);
    expect(rest.buffer).toBe(chunk.buffer);
  });

  it('bodies are views of the chunks that were pushed, not copies', () => {
    const parser = new RequestParser();
    const first = utf8('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc');
    const second = utf8('def');
    parser.push(first);
    parser.push(second);
    const bodies = all(parser).filter((event) => event.kind === 'body');
    expect(bodies.map((event) => event.bytes.buffer)).toEqual([first.buffer, second.buffer]);
    expect(bodies.map((event) => latin1(event.bytes))).toEqual(['abc', 'def']);
  });

  it('the text of a head does not change when its chunk is written to afterwards', () => {
    const parser = new RequestParser();
    const chunk = utf8(GET.replace('\r\n\r\n', '\r\nX: value\r\n\r\n'));
    parser.push(chunk);
    const head = parser.next();
    chunk.fill(0);
    expect(head?.kind === 'head' && [head.target, head.host, head.headers.get('x')]).toEqual([
      '/',
      'a',
      'value',
    ]);
  });

  it('headers of one request do not change when the next is read', () => {
    const parser = new RequestParser();
    parser.push(
      utf8(`${GET.replace('Host: a', 'Host: a\r\nX: 1')}${GET.replace('Host: a', 'Y: 222\r\nHost: bb')}`),
    );
    const [first, , second] = all(parser);
    if (first?.kind !== 'head' || second?.kind !== 'head') throw new Error('no heads');
    expect([...first.headers]).toEqual([
      ['Host', 'a'],
      ['X', '1'],
    ]);
    expect([...second.headers]).toEqual([
      ['Y', '222'],
      ['Host', 'bb'],
    ]);
  });

  it('a body in ten thousand chunks of one byte is one event for each chunk that was pushed [CVE-2026-48779]', () => {
    const parser = new RequestParser();
    parser.push(utf8(`${CHUNKED}${'1\r\nx\r\n'.repeat(10_000)}0\r\n\r\n`));
    const events = all(parser);
    expect(events.map((event) => event.kind)).toEqual(['head', 'body', 'end']);
    expect(events[1]?.kind === 'body' && latin1(events[1].bytes)).toBe('x'.repeat(10_000));
  });

  it('small and large chunks by turns come whole and in order, in few events', () => {
    const sizes = [1, 1024, 1025, 3, 5000, 1, 1, 2000, 1024, 4, 1025, 1025];
    const pieces = sizes.map((size, index) => String.fromCharCode(97 + index).repeat(size));
    const wire = pieces.map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');
    for (const [how, deliver] of DELIVERIES) {
      const { events } = driveRequests(deliver(utf8(`${CHUNKED}${wire}0\r\n\r\n`)));
      expect(events[1], how).toEqual({ kind: 'body', text: pieces.join('') });
    }
    const parser = new RequestParser();
    parser.push(utf8(`${CHUNKED}${wire}0\r\n\r\n`));
    expect(all(parser).length).toBeLessThan(2 + sizes.length);
  });

  it('chunks of one byte that wait are joined [CVE-2026-48779]', () => {
    const parser = new RequestParser();
    parser.push(utf8('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n'));
    for (let i = 0; i < 100_000; i++) parser.push(Uint8Array.of(i));
    expect(parser.bufferedBytes).toBe(100_000 + 52);
    const bodies = all(parser).filter((event) => event.kind === 'body');
    expect(bodies.length).toBeLessThanOrEqual(Math.ceil(100_000 / 4096) + 1);
    const joined = bodies.flatMap((event) => [...event.bytes]);
    expect(joined).toEqual(Array.from({ length: 100_000 }, (_, i) => i & 0xff));
  });

  it('what was given out does not change when more small chunks are pushed', () => {
    const parser = new RequestParser();
    parser.push(utf8('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\n'));
    parser.push(utf8('ab'));
    expect(parser.next()?.kind).toBe('head');
    const first = parser.next();
    parser.push(utf8('cd'));
    parser.push(utf8('ef'));
    const rest = all(parser);
    expect(first?.kind === 'body' && latin1(first.bytes)).toBe('ab');
    expect(rest.map((event) => (event.kind === 'body' ? latin1(event.bytes) : event.kind))).toEqual([
      'cd',
      'ef',
      'end',
    ]);
  });

  // A parser that starts over on each chunk would look at some 10^11 bytes here, and never come back.
  it('looks at each byte a constant number of times when they come one by one [CVE-2023-43669]', () => {
    const size = 400_000;
    const parser = new RequestParser({
      limits: { maxHeadBytes: 2 * size, maxTargetBytes: size, maxHeaders: size },
    });
    const push = (text: string): void => {
      for (const byte of utf8(text)) {
        parser.push(Uint8Array.of(byte));
        expect(parser.next()).toBeUndefined();
      }
    };
    push(`GET /${'a'.repeat(1000)} HTTP/1.1\r\nHost: a\r\nX: `);
    for (let i = 0; i < size; i++) {
      parser.push(Uint8Array.of(i & 1 ? 0x20 : 0x78));
      if (parser.next() !== undefined) throw new Error('an event inside a head');
    }
    push('\r\n\r');
    parser.push(Uint8Array.of(10));
    const head = parser.next();
    expect(head?.kind === 'head' && head.headers.get('x')?.length).toBe(size - 1);
  });

  it('is linear in folded lines of white space', () => {
    const size = 200_000;
    const limits = { maxHeadBytes: 4 * size, maxHeaders: 10 };
    const parser = new RequestParser({ limits, allowObsFold: true });
    parser.push(utf8(`GET / HTTP/1.1\r\nHost: a\r\nX: y${'\r\n '.repeat(size)}\r\n\r\n`));
    const head = parser.next();
    expect(head?.kind === 'head' && head.headers.get('x')).toBe('y');
  });

  it('without a body limit, a chunk size of 2^53 is refused and one below it waits [RFC 9112 7.1]', () => {
    const parser = { limits: { maxBodyBytes: Number.POSITIVE_INFINITY } };
    for (const [how, deliver] of DELIVERIES) {
      const { error } = driveRequests(deliver(utf8(`${CHUNKED}20000000000000\r\n`)), { parser });
      expect(error, how).toEqual({ code: 'bad-chunk', status: 400, offset: CHUNKED.length + 13 });
      const { events } = driveRequests(deliver(utf8(`${CHUNKED}1fffffffffffff\r\nabc`)), { parser });
      expect(events[1], how).toEqual({ kind: 'body', text: 'abc' });
    }
  });

  it('folds lines that end in LF too, where both are allowed [RFC 9112 2.2, 5.2]', () => {
    const parser = { allowBareLf: true, allowObsFold: true };
    for (const [how, deliver] of DELIVERIES) {
      const { events } = driveRequests(deliver(utf8('GET / HTTP/1.1\nHost: a\nX: b\n c\r\n d\n\n')), {
        parser,
      });
      expect(events[0]?.['headers'], how).toEqual([
        ['Host', 'a'],
        ['X', 'b  c   d'],
      ]);
    }
  });

  it('unfolds lines of any message, and cuts white space off their end [RFC 9112 5.1, 5.2]', () => {
    const folded = 'GET / HTTP/1.1\r\nHost: a\r\nX: b\r\n\tc\r\n d \t\r\n\r\n';
    for (const [how, deliver] of DELIVERIES) {
      const { events } = driveRequests(deliver(utf8(GET + folded)), { parser: { allowObsFold: true } });
      expect(events[2]?.['headers'], how).toEqual([
        ['Host', 'a'],
        ['X', 'b  \tc   d'],
      ]);
    }
  });

  it('where lines may be folded or end in LF alone, refuses all else that it refuses', () => {
    const parser = { allowBareLf: true, allowObsFold: true };
    for (const [bad, code] of [
      [':', 'bad-header-name'],
      ['X: \x00', 'bad-header-value'],
    ] as const) {
      const start = 'GET / HTTP/1.1\nHost: a\n';
      const { error } = driveRequests([utf8(`${start}${bad}\n\n`)], { parser });
      expect(error).toEqual({ code, status: 400, offset: start.length + bad.length - 1 });
    }
  });

  it.each([
    ['CRLF', {}, '\r\n'],
    ['LF', { allowBareLf: true }, '\n'],
  ])(
    'passes over four empty lines of %s before each request, and no more [RFC 9112 2.2]',
    (_what, parser, line) => {
      for (const [how, deliver] of DELIVERIES) {
        const { events, error } = driveRequests(deliver(utf8(`${line.repeat(4)}${GET}`.repeat(3))), {
          parser,
        });
        expect([events.length, error], how).toEqual([6, undefined]);
        const more = driveRequests(deliver(utf8(`${GET}${line.repeat(5)}${GET}`)), { parser });
        expect(more.error, how).toEqual({
          code: 'bad-request-line',
          status: 400,
          offset: GET.length + 4 * line.length,
        });
      }
    },
  );

  it('refuses a head as soon as it has as many bytes as it may and is not complete [limits.maxHeadBytes]', () => {
    const parser = { limits: { maxHeadBytes: GET.length } };
    for (const [how, deliver] of DELIVERIES) {
      const { events, error } = driveRequests(deliver(utf8(`${GET}${GET.slice(0, -2)}X:`)), { parser });
      expect([events.length, error], how).toEqual([
        2,
        { code: 'head-too-big', status: 431, offset: 2 * GET.length },
      ]);
    }
  });

  it.each([
    ['a target that is too long', `GET ${'/'.repeat(50)}`, 'target-too-long', 414, 14],
    ['a version that nobody knows', 'GET / HTTP/2.0\r\n', 'unsupported-http-version', 505, 6],
    ['a line that ends behind its target, in LF', 'GET /\n', 'bad-request-line', 400, 5],
  ])('says where in the stream %s is', (_what, text, code, status, at) => {
    const parser = { limits: { maxTargetBytes: 10 } };
    for (const [how, deliver] of DELIVERIES) {
      const { error } = driveRequests(deliver(utf8(GET + text)), { parser });
      expect(error, how).toEqual({ code, status, offset: GET.length + at });
    }
  });

  it('takes a version that starts in an earlier chunk for no other [RFC 9112 2.3]', () => {
    const { error } = driveRequests([utf8('GET / H'), utf8('HTTP/1.1\r\nHost: a\r\n\r\n')]);
    expect(error).toEqual({ code: 'bad-http-version', status: 400, offset: 7 });
  });

  it('offsets count from the first byte of the connection', () => {
    const before = `${GET}${CHUNKED}3\r\nabc\r\n0\r\n\r\n`;
    for (const [how, deliver] of DELIVERIES) {
      const { error } = driveRequests(deliver(utf8(`${before}GET / HTTP/1.1\r\nHost: a\r\nX: \x00`)));
      expect(error, how).toEqual({ code: 'bad-header-value', status: 400, offset: before.length + 28 });
    }
  });

  it('an error names the rule and the status to answer with, and holds no bytes of the peer', () => {
    const parser = new RequestParser();
    parser.push(utf8('GET /secret HTTP/1.1\r\nHost: a\r\nX: secret\x00\r\n\r\n'));
    const error = parser.next();
    if (error?.kind !== 'error') throw new Error('no error');
    expect([error.code, error.rule, error.status]).toEqual(['bad-header-value', 'RFC 9110 §5.5', 400]);
    expect(error.message).toBe('A header value has a control character (RFC 9110 §5.5)');
    expect(error.message).not.toContain('secret');
  });

  it.each([
    ['GET / HTTP/1.1\r\n: x\r\n', 'A header line has no name'],
    ['GET / HTTP/1.1\r\n(: x\r\n', 'A header name has a character that tokens do not have'],
    ['GET / HTTP/1.1\r\nX : x\r\n', 'There is white space between a header name and its colon'],
    ['GET / HTTP/1.1\r\nX\t: x\r\n', 'There is white space between a header name and its colon'],
    ['GET / HTTP/1.1\r\nX\r\n', 'A header line has no colon'],
    ['GET / HTTP/1.1\r\nX\n', 'A header line has no colon'],
    ['GET / HTTP/1.1\r\nX@: x\r\n', 'A header name has a character that tokens do not have'],
  ])('says of %j: %s [RFC 9112 5.1]', (text, message) => {
    const parser = new RequestParser();
    parser.push(utf8(text));
    expect(parser.next()).toMatchObject({ code: 'bad-header-name', message: `${message} (RFC 9112 §5.1)` });
  });

  it.each([
    [{ maxHeadBytes: 20 }, 'GET / HTTP/1.1\r\nHost: a', 'head'],
    [
      { maxHeadBytes: 60 },
      `${CHUNKED.replace('Host: a\r\n', 'Host:\r\n')}0\r\n${'X: y\r\n'.repeat(20)}`,
      'trailer section',
    ],
  ])('says which section is too long, past %j [limits.maxHeadBytes]', (limits, text, what) => {
    const parser = new RequestParser({ limits });
    parser.push(utf8(text));
    expect(all(parser).at(-1)).toMatchObject({
      kind: 'error',
      message: expect.stringContaining(`The ${what} `),
    });
  });

  it('sees Expect and Upgrade also in the first line of all [RFC 9110 7.8, 10.1.1]', () => {
    const parser = new RequestParser();
    parser.push(utf8('POST / HTTP/1.1\r\nExpect: 100-continue\r\nHost: a\r\nContent-Length: 1\r\n\r\n'));
    expect(parser.next()).toMatchObject({ expectContinue: true, upgrade: false });
    parser.push(utf8('xGET / HTTP/1.1\r\nUpgrade: websocket\r\nHost: a\r\nConnection: Upgrade\r\n\r\n'));
    expect(all(parser).find((event) => event.kind === 'head')).toMatchObject({ upgrade: true });
  });

  it('counts the chunks, extensions and trailers of each body by themselves [RFC 9112 7.1]', () => {
    const body = `3;${'x'.repeat(10_000)}\r\nabc\r\n0\r\nT: 1\r\n\r\n`;
    const { events, error } = driveRequests([
      utf8(`${CHUNKED}${body}${CHUNKED}${body}${CHUNKED}2\r\nxy\r\n0\r\n\r\n`),
    ]);
    expect(error).toBeUndefined();
    expect(events.filter(({ kind }) => kind === 'body')).toMatchObject([
      { text: 'abc' },
      { text: 'abc' },
      { text: 'xy' },
    ]);
    expect(events.filter(({ kind }) => kind === 'end').map(({ trailers }) => trailers)).toEqual([
      [['T', '1']],
      [['T', '1']],
      null,
    ]);
  });

  it('takes white space of either kind before a chunk extension [RFC 9112 7.1.1]', () => {
    for (const gap of ['', ' ', '\t', ' \t ']) {
      const { error } = driveRequests([utf8(`${CHUNKED}1${gap};a=b\r\nx\r\n0\r\n\r\n`)]);
      expect(error, JSON.stringify(gap)).toBeUndefined();
    }
  });

  it('gives what frames the data sixteen kibibytes and sixteen digits for nothing, and not one byte more', () => {
    // The first 16 digits cost nothing; each one after them, and each byte from the semicolon to the CR, counts.
    const answer = (zeros: number, extension: number) =>
      driveRequests([utf8(`${CHUNKED}${'0'.repeat(zeros)}1;${'x'.repeat(extension - 1)}\r\nx\r\n0\r\n\r\n`)])
        .error?.code;
    expect(answer(15, 16 * 1024)).toBeUndefined();
    expect(answer(16, 16 * 1024)).toBe('chunk-extensions-too-big');
    expect(answer(16, 16 * 1024 - 1)).toBeUndefined();
    expect(answer(15, 16 * 1024 + 1)).toBe('chunk-extensions-too-big');
  });

  it('refuses each byte that a header value must not have, and no other [CVE-2026-55517]', () => {
    for (let byte = 0; byte < 256; byte++) {
      const parser = new RequestParser();
      parser.push(
        Uint8Array.of(
          ...utf8('GET / HTTP/1.1\r\nHost: a\r\nSec-WebSocket-Protocol: a'),
          byte,
          ...utf8('b\r\n\r\n'),
        ),
      );
      const isAllowed = byte === 9 || (byte >= 32 && byte !== 127);
      expect(parser.next()?.kind, `byte ${byte}`).toBe(isAllowed ? 'head' : 'error');
    }
  });

  it('refuses each byte that a header name must not have, and no other [CVE-2026-55517]', () => {
    const allowed = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    for (let byte = 0; byte < 256; byte++) {
      const parser = new RequestParser();
      parser.push(Uint8Array.of(...utf8('GET / HTTP/1.1\r\nHost: a\r\nX'), byte, ...utf8('Y: b\r\n\r\n')));
      // A colon ends the name: `X` with the value `Y: b`.
      const isAllowed = allowed.includes(String.fromCharCode(byte)) || byte === 0x3a;
      expect(parser.next()?.kind, `byte ${byte}`).toBe(isAllowed ? 'head' : 'error');
    }
  });

  it('gives an error as soon as the bad byte is there, not at the end of the line', () => {
    for (const text of [
      '\x16',
      'GET /\x00',
      'GET / HTTP/1.1\r\n:',
      'GET / HTTP/1.1\r\nHost: \x01',
      'GET / X',
    ]) {
      const parser = new RequestParser();
      parser.push(utf8(text));
      expect(parser.next()?.kind, JSON.stringify(text)).toBe('error');
    }
  });
});

describe('RequestParser, one byte or one name beside what is known', () => {
  const parse = (text: string) => {
    const parser = new RequestParser();
    parser.push(Uint8Array.from(text, (character) => character.charCodeAt(0)));
    return parser.next();
  };

  it('takes no byte but its own for each of HTTP/1.1 and CRLF [RFC 9112 2.3]', () => {
    const version = 'HTTP/1.1\r\n';
    const taken: string[] = [];
    for (let at = 0; at < version.length; at++) {
      for (let unit = 0; unit < 256; unit++) {
        const other = version.slice(0, at) + String.fromCharCode(unit) + version.slice(at + 1);
        if (parse(`GET / ${other}Host: a\r\n\r\n`)?.kind === 'head') taken.push(other);
      }
    }
    // Of another minor version, it is the parser that knows what it can: each is taken as it is named.
    expect(new Set(taken)).toEqual(new Set(Array.from('0123456789', (minor) => `HTTP/1.${minor}\r\n`)));
  });

  it('knows a header by its whole name: others of the same length mean nothing [RFC 9110 5.1]', () => {
    const others = [
      'Date: close',
      'Accept: 100-continue',
      'Referer: websocket',
      'User-Agent: close',
      'Accept-Charset: 5',
      'If-Modified-Since: chunked',
    ];
    const head = parse(
      `GET / HTTP/1.1\r\n${others.join('\r\n')}\r\nHost: a\r\n${others.join('\r\n')}\r\n\r\n`,
    );
    expect(head).toMatchObject({
      kind: 'head',
      host: 'a',
      hasBody: false,
      chunked: false,
      contentLength: undefined,
      keepAlive: true,
      upgrade: false,
      expectContinue: false,
    });
  });

  it.each([
    ['User-Agent: close', { keepAlive: true }],
    ['Referer: websocket\r\nConnection: upgrade', { upgrade: false }],
  ])('%s says nothing about the connection [RFC 9110 5.1]', (lines, expected) => {
    expect(parse(`GET / HTTP/1.1\r\n${lines}\r\nHost: a\r\n\r\n`)).toMatchObject(expected);
  });

  it.each([
    ['5, 5', 5],
    ['0, 0', 0],
    ['5, 6', undefined],
    ['0, 5', undefined],
    ['x, 5', undefined],
    ['5, x', undefined],
  ])('allowEqualContentLengths takes %s for %j [RFC 9112 6.3]', (value, contentLength) => {
    const parser = new RequestParser({ allowEqualContentLengths: true });
    parser.push(utf8(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${value}\r\n\r\n`));
    expect(parser.next()).toMatchObject(
      contentLength === undefined ? { code: 'bad-content-length' } : { contentLength },
    );
  });

  it.each([
    ['9007199254740991', 'head'],
    ['9007199254740992', 'error'],
  ])('Content-Length: %s, without a limit, is a number that is exact or none: %s', (length, kind) => {
    const parser = new RequestParser({ limits: { maxBodyBytes: Number.POSITIVE_INFINITY } });
    parser.push(utf8(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`));
    expect(parser.next()?.kind).toBe(kind);
  });

  it.each([
    ['gzip \t , \t chunked', 'unsupported-transfer-coding'],
    ['g zip, chunked', 'bad-transfer-encoding'],
    ['g zip, gzip, chunked', 'bad-transfer-encoding'],
  ])('Transfer-Encoding: %s is %s [RFC 9112 6.1]', (coding, code) => {
    expect(parse(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: ${coding}\r\n\r\n`)).toMatchObject({
      code,
    });
  });

  it('reads all lines of Connection, and no line beside them [RFC 9110 5.3]', () => {
    const keepAlive = (lines: string): unknown => {
      const head = parse(`GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\n${lines}\r\n\r\n`);
      return head?.kind === 'head' ? head.keepAlive : head;
    };
    expect(keepAlive('Connection: y\r\nConnection: close')).toBe(false);
    for (const other of ['User-Agent: close', 'Connection-Note: close']) {
      expect(keepAlive(`Connection: y\r\n${other}`), other).toBe(true);
    }
  });

  it('takes nothing that an earlier head had at the same place for a line of this one', () => {
    const start = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: x\r\nConnection: x';
    const parser = new RequestParser();
    parser.push(utf8(`${start}\r\nConnection: y\r\n\r\n${start}__Connection: close\r\n\r\n`));
    expect(all(parser)).toMatchObject([
      { kind: 'head', keepAlive: true },
      { kind: 'end' },
      { kind: 'head', keepAlive: true },
      { kind: 'end' },
    ]);
  });

  it.each(['clone', 'upgrede', 'keep-alove', 'closed', 'clos'])(
    'the connection option %s means nothing [RFC 9110 7.6.1]',
    (option) => {
      const lines = `Host: a\r\nUpgrade: websocket\r\nConnection: ${option}\r\n\r\n`;
      expect(parse(`GET / HTTP/1.1\r\n${lines}`)).toMatchObject({ keepAlive: true, upgrade: false });
      expect(parse(`GET / HTTP/1.0\r\n${lines}`)).toMatchObject({ keepAlive: false, upgrade: false });
    },
  );

  it.each(['GETX', 'XGET', 'POSTAL', 'get', 'PUTT', 'G'])(
    'the method %s is no other [RFC 9110 9.1]',
    (method) => {
      expect(parse(`${method} / HTTP/1.1\r\nHost: a\r\n\r\n`)).toMatchObject({ kind: 'head', method });
    },
  );
});

describe('ResponseParser, at its limits', () => {
  const parse = (text: string, method: string, limits = {}) => {
    const parser = new ResponseParser({ limits });
    parser.expect(method);
    parser.push(utf8(text));
    return parser.next();
  };

  it('takes a body of exactly maxBodyBytes, and refuses one byte more [limits.maxBodyBytes]', () => {
    const answer = (length: number) => `HTTP/1.1 200 OK\r\nContent-Length: ${length}\r\n\r\n`;
    expect(parse(answer(5), 'GET', { maxBodyBytes: 5 })).toMatchObject({ kind: 'head', contentLength: 5 });
    expect(parse(answer(6), 'GET', { maxBodyBytes: 5 })).toMatchObject({
      kind: 'error',
      code: 'body-too-big',
    });
    expect(parse(answer(6), 'HEAD', { maxBodyBytes: 5 })).toMatchObject({ kind: 'head', contentLength: 6 });
  });

  it('a 100 before the answer to CONNECT is no tunnel yet [RFC 9110 15.2]', () => {
    expect(parse('HTTP/1.1 100 Continue\r\n\r\n', 'CONNECT')).toMatchObject({
      interim: true,
      switches: false,
    });
  });

  it.each(['\t', 'x', '0', ''])(
    'takes no %j for the space between version and status [RFC 9112 4]',
    (gap) => {
      expect(parse(`HTTP/1.1${gap}200 OK\r\n\r\n`, 'GET')).toMatchObject({
        kind: 'error',
        code: 'bad-status-line',
      });
    },
  );

  it('takes a status without its space before CR, and before LF where that ends a line', () => {
    const parse = (text: string, allowBareLf: boolean) => {
      const parser = new ResponseParser({ allowStatusWithoutSpace: true, allowBareLf });
      parser.push(utf8(text));
      return parser.next();
    };
    expect(parse('HTTP/1.1 200\r\n\r\n', false)).toMatchObject({ kind: 'head', status: 200, reason: '' });
    expect(parse('HTTP/1.1 200\n\n', true)).toMatchObject({ kind: 'head', status: 200, reason: '' });
    expect(parse('HTTP/1.1 200\n\n', false)).toMatchObject({ kind: 'error', code: 'bare-lf' });
    expect(parse('HTTP/1.1 200x\r\n', true)).toMatchObject({ kind: 'error', code: 'bad-status-line' });
  });

  it.each([
    [200, true],
    [299, true],
    [300, false],
    [404, false],
  ])('CONNECT answered with %i becomes a tunnel: %j [RFC 9110 9.3.6]', (status, switches) => {
    expect(parse(`HTTP/1.1 ${status} x\r\nContent-Length: 0\r\n\r\n`, 'CONNECT')).toMatchObject({ switches });
  });
});
