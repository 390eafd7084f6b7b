import {
  encodeChunk,
  encodeLastChunk,
  encodeRequest,
  encodeResponse,
  formatRequestHead,
  formatResponseHead,
  HttpHeaders,
} from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';
import { driveRequests, driveResponses, latin1 } from './drive.ts';

const GET = { method: 'GET', target: '/', headers: { Host: 'a' } };
const refusal = (pattern: RegExp): object =>
  expect.objectContaining({ code: 'bad-argument', message: expect.stringMatching(pattern) });

describe('encodeRequest()', () => {
  it('writes a head alone where there is no body [RFC 9112 3]', () => {
    expect(latin1(encodeRequest(GET))).toBe('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });

  it.each([
    ['text', 'h\u00e9', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nh\u00c3\u00a9'],
    ['bytes', utf8('hi'), 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi'],
    ['no bytes', '', 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
    ['nothing', undefined, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n'],
  ])('adds Content-Length to a POST of %s [RFC 9110 8.6]', (_what, body, wire) => {
    expect(latin1(encodeRequest({ ...GET, method: 'POST', body }))).toBe(wire);
  });

  it('writes a body in one chunk where the headers say chunked [RFC 9112 7.1]', () => {
    const headers = { Host: 'a', 'transfer-encoding': 'Chunked' };
    const head = 'POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding: Chunked\r\n\r\n';
    const post = { method: 'POST', target: '/', headers };
    expect(latin1(encodeRequest({ ...post, body: 'hi' }))).toBe(`${head}2\r\nhi\r\n0\r\n\r\n`);
    expect(latin1(encodeRequest({ ...post, body: '' }))).toBe(`${head}0\r\n\r\n`);
    expect(latin1(encodeRequest(post))).toBe(head);
  });

  it('writes the head alone where the headers announce a body that is to follow', () => {
    const headers = new HttpHeaders({ Host: 'a', 'Content-Length': '5' });
    expect(latin1(encodeRequest({ method: 'POST', target: '/', headers }))).toBe(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n',
    );
  });

  it('takes headers from an iterator that can be read only once', () => {
    function* lines(): Generator<[string, string]> {
      yield ['Host', 'a'];
      yield ['X', 'y'];
    }
    expect(latin1(encodeRequest({ method: 'POST', target: '/', headers: lines(), body: 'b' }))).toBe(
      'POST / HTTP/1.1\r\nHost: a\r\nX: y\r\nContent-Length: 1\r\n\r\nb',
    );
  });

  it('takes a target in absolute form with its own Host, in any case [RFC 9112 3.2]', () => {
    for (const [target, Host] of [
      ['http://Example.com/', 'example.com'],
      ['http://a:80', 'a:80'],
      ['ws://[::1]:8080/?q', '[::1]:8080'],
    ] as const) {
      expect(latin1(encodeRequest({ method: 'GET', target, headers: { Host } }))).toContain(`Host: ${Host}`);
    }
  });

  it.each([
    ['the Host of another target', { target: 'http://a/', headers: { Host: 'b' } }, /not that of its target/],
    [
      'the Host of another port',
      { target: 'http://a:81/', headers: { Host: 'a' } },
      /not that of its target/,
    ],
    ['no host for a target that has one', { target: 'http://a/', headers: { Host: '' } }, /not that of/],
    ['a method with a space', { method: 'GET /' }, /method/],
    ['a method with CR LF', { method: 'GET\r\n' }, /method/],
    ['an empty method', { method: '' }, /method/],
    ['an empty target', { target: '' }, /target/],
    ['a target with a space', { target: '/a b' }, /target/],
    ['a target with CR LF', { target: '/ HTTP/1.1\r\nX: y' }, /target/],
    ['a target with a fragment', { target: '/#a' }, /target/],
    ['a target above ASCII', { target: '/\u00e9' }, /target/],
    ['a target that ends in a byte of LF', { target: '/\u010a' }, /target/],
    ['a target without a form', { target: 'a' }, /target/],
    ['an asterisk for a GET', { target: '*' }, /target/],
    ['no Host', { headers: {} }, /Host/],
    [
      'two Hosts',
      {
        headers: [
          ['Host', 'a'],
          ['host', 'a'],
        ],
      },
      /Host/,
    ],
    ['a Host that is none', { headers: { Host: 'a/b' } }, /Host/],
    ['a header with CR LF', { headers: { Host: 'a', X: 'b\r\nY: c' } }, /"X"/],
    ['a body of another type', { body: 5 }, /body is number/],
    ['a body that is null', { body: null }, /body is null/],
    [
      'a length that is not the body\u2019s',
      { headers: { Host: 'a', 'Content-Length': '3' }, body: 'hi' },
      /Content-Length/,
    ],
    ['a length that is none', { headers: { Host: 'a', 'Content-Length': '+2' } }, /Content-Length/],
    [
      'two lengths',
      {
        headers: [
          ['Host', 'a'],
          ['Content-Length', '2'],
          ['content-length', '2'],
        ],
        body: 'hi',
      },
      /Content-Length/,
    ],
    [
      'a length and an encoding',
      { headers: { Host: 'a', 'Content-Length': '2', 'Transfer-Encoding': 'chunked' } },
      /both/,
    ],
    ['another encoding', { headers: { Host: 'a', 'Transfer-Encoding': 'gzip' } }, /Transfer-Encoding/],
    [
      'two encodings',
      { headers: { Host: 'a', 'Transfer-Encoding': ['chunked', 'chunked'] } },
      /Transfer-Encoding/,
    ],
  ])('refuses %s [RFC 9112 11.1, CVE-2026-1527]', (_what, change, pattern) => {
    expect(() => encodeRequest({ ...GET, ...change } as never)).toThrow(refusal(pattern));
  });

  it('refuses an option that does not exist', () => {
    expect(() => encodeRequest({ ...GET, url: '/' } as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
    expect(() => encodeRequest(null as never)).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it.each(['/a?b', '*', 'http://b:1/c?d'])(
    'takes the target %s with a method that it goes with',
    (target) => {
      const headers = { Host: target.startsWith('http') ? 'b:1' : 'a' };
      const wire = encodeRequest({ method: 'OPTIONS', target, headers });
      expect(driveRequests([wire]).events[0]).toMatchObject({ target });
    },
  );
});

describe('encodeResponse()', () => {
  it.each(['false', 1, null])('refuses %j for head, which would leave the body out', (head) => {
    expect(() => encodeResponse({ status: 200, body: 'hi', head: head as never })).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-option' }),
    );
  });

  it.each([
    [{ status: 200, body: 'hi' }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'],
    [{ status: 200 }, 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n'],
    [{ status: 299 }, 'HTTP/1.1 299 \r\nContent-Length: 0\r\n\r\n'],
    [{ status: 200, reason: '' }, 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'],
    [{ status: 200, reason: 'f\u00fcr dich' }, 'HTTP/1.1 200 f\u00fcr dich\r\nContent-Length: 0\r\n\r\n'],
    [{ status: 204 }, 'HTTP/1.1 204 No Content\r\n\r\n'],
    [{ status: 205 }, 'HTTP/1.1 205 Reset Content\r\nContent-Length: 0\r\n\r\n'],
    [
      { status: 304, headers: { 'Content-Length': '9' } },
      'HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n',
    ],
    [{ status: 100 }, 'HTTP/1.1 100 Continue\r\n\r\n'],
    [{ status: 101, headers: { Upgrade: 'x' } }, 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
    [{ status: 200, head: true, body: 'hi' }, 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n'],
    [{ status: 200, head: true }, 'HTTP/1.1 200 OK\r\n\r\n'],
    [{ status: 200, headers: { 'Content-Length': '5' } }, 'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n'],
    [
      { status: 200, headers: { 'Transfer-Encoding': 'chunked' } },
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
    ],
    [
      { status: 200, headers: { 'Transfer-Encoding': 'chunked' }, body: 'hi' },
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n\r\n',
    ],
    [
      { status: 200, headers: { X: '\u00ff' }, body: '' },
      'HTTP/1.1 200 OK\r\nX: \u00ff\r\nContent-Length: 0\r\n\r\n',
    ],
  ])('of %j [RFC 9112 4, 6]', (response, wire) => {
    expect(latin1(encodeResponse(response))).toBe(wire);
  });

  it.each([
    ['a status below 100', { status: 99 }, /status is 99/],
    ['a status above 599', { status: 600 }, /status is 600/],
    ['a status with a fraction', { status: 200.5 }, /status is 200.5/],
    ['a status that is text', { status: '200' }, /status is "200"/],
    ['a reason with CR LF', { status: 200, reason: 'OK\r\nX: y' }, /reason/],
    ['a reason above U+00FF', { status: 200, reason: '\u{1f600}' }, /reason/],
    ['a body in a 204', { status: 204, body: 'x' }, /204 has no body/],
    ['a body in a 304', { status: 304, body: 'x' }, /304 has no body/],
    ['a body in a 205', { status: 205, body: 'x' }, /205 has no body/],
    [
      'a body of a 205 that would follow',
      { status: 205, headers: { 'Content-Length': '5' } },
      /205 has no body/,
    ],
    ['a body in a 101', { status: 101, body: 'x' }, /101 has no body/],
    ['a length in a 204', { status: 204, headers: { 'Content-Length': '0' } }, /204 has neither/],
    ['an encoding in a 100', { status: 100, headers: { 'Transfer-Encoding': 'chunked' } }, /100 has neither/],
    [
      'a length that is not the body\u2019s',
      { status: 200, headers: { 'Content-Length': '1' }, body: 'xy' },
      /Content-Length/,
    ],
    [
      'a length and an encoding',
      { status: 200, headers: { 'Content-Length': '2', 'Transfer-Encoding': 'chunked' }, body: 'xy' },
      /both/,
    ],
    ['a header with CR LF', { status: 200, headers: { X: 'a\r\n\r\nHTTP/1.1 200 OK' } }, /"X"/],
  ])('refuses %s [RFC 9112 11.1]', (_what, response, pattern) => {
    expect(() => encodeResponse(response as never)).toThrow(refusal(pattern));
  });

  it.each([101, 204, 205, 304])(
    'takes a body of no bytes for none, in a %i too [RFC 9110 6.4.1]',
    (status) => {
      for (const body of ['', new Uint8Array(0)]) {
        expect(latin1(encodeResponse({ status, body }))).toBe(latin1(encodeResponse({ status })));
      }
    },
  );

  it('is read back as one response, whatever it answers', () => {
    const wire = encodeResponse({ status: 200, head: true, body: 'hello' });
    expect(driveResponses([wire], { expect: ['HEAD'] })).toMatchObject({
      events: [{ kind: 'head', contentLength: 5 }, { kind: 'end' }],
      rest: '',
    });
  });
});

describe('formatRequestHead() and formatResponseHead()', () => {
  it('add a length that is given, and take one that agrees', () => {
    const agreed = { ...GET, method: 'PUT', contentLength: 5 };
    expect(formatRequestHead(agreed)).toBe('PUT / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n');
    expect(formatResponseHead({ status: 200, headers: { 'content-length': '5' }, contentLength: 5 })).toBe(
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n',
    );
  });

  it('take each status from 100 to 599, registered or not [RFC 9110 15]', () => {
    for (const status of [100, 299, 599]) {
      expect(formatResponseHead({ status, reason: 'x' })).toBe(`HTTP/1.1 ${status} x\r\n\r\n`);
    }
  });

  it('refuse what only looks like text once it is turned into some', () => {
    expect(() => formatRequestHead({ ...GET, method: ['GET'] as never })).toThrow(refusal(/method/));
    expect(() => formatRequestHead({ ...GET, target: ['/'] as never })).toThrow(refusal(/target/));
    expect(() => formatResponseHead({ status: 200, reason: ['OK'] as never })).toThrow(refusal(/reason/));
  });

  it('say nothing about the body where the caller does not', () => {
    expect(formatResponseHead({ status: 200 })).toBe('HTTP/1.1 200 OK\r\n\r\n');
  });

  it('refuse a length that is none, or contradicts', () => {
    for (const contentLength of [-1, 0.5, Number.NaN, 2 ** 53, '5', null]) {
      const head = { status: 200, contentLength };
      expect(() => formatResponseHead(head as never), String(contentLength)).toThrow(
        refusal(/contentLength/),
      );
    }
    const headers = { 'Transfer-Encoding': 'chunked' };
    expect(() => formatResponseHead({ status: 200, headers, contentLength: 5 })).toThrow(refusal(/both/));
    expect(() => formatResponseHead({ status: 204, contentLength: 0 })).toThrow(refusal(/204/));
    expect(() => formatResponseHead({ status: 200, body: 'x' } as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });
});

describe('encodeChunk() and encodeLastChunk()', () => {
  it('write what the chunked coding is made of [RFC 9112 7.1]', () => {
    expect(latin1(encodeChunk(utf8('hello')))).toBe('5\r\nhello\r\n');
    expect(latin1(encodeChunk(new Uint8Array(4096))).slice(0, 6)).toBe('1000\r\n');
    expect(latin1(encodeLastChunk())).toBe('0\r\n\r\n');
    expect(latin1(encodeLastChunk({ A: 'b', C: 'd' }))).toBe('0\r\nA: b\r\nC: d\r\n\r\n');
  });

  it('never end a body by accident: a chunk of no bytes is no bytes', () => {
    expect(encodeChunk(new Uint8Array(0))).toHaveLength(0);
  });

  it('hand out memory that nobody else has', () => {
    encodeLastChunk().fill(0);
    expect(latin1(encodeLastChunk())).toBe('0\r\n\r\n');
  });

  it.each(['Content-Length', 'transfer-encoding', 'HOST', 'Trailer', 'Connection'])(
    'refuse %s in a trailer section [RFC 9110 6.5.1]',
    (name) => {
      expect(() => encodeLastChunk({ [name]: 'x' })).toThrow(refusal(/must not come after the body/));
    },
  );

  it('refuse a trailer field that is two, and a chunk that is no bytes', () => {
    expect(() => encodeLastChunk({ A: 'b\r\n\r\nGET / HTTP/1.1' })).toThrow(refusal(/"A"/));
    expect(() => encodeChunk('x' as never)).toThrow(refusal(/got string/));
  });
});

describe('headers that are as long as those that frame a body, or begin like them', () => {
  it.each(['Accept-Charset', 'If-Modified-Since', 'Content-Length-X', 'Transfer-Encoding-X'])(
    '%s frames nothing [RFC 9112 6]',
    (name) => {
      const request = latin1(
        encodeRequest({ ...GET, method: 'POST', headers: { Host: 'a', [name]: '9' }, body: 'b' }),
      );
      expect(request).toBe(`POST / HTTP/1.1\r\nHost: a\r\n${name}: 9\r\nContent-Length: 1\r\n\r\nb`);
    },
  );
});
