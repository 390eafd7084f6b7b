import { HttpHeaders } from 'sansocket/http';
import { describe, expect, test } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';
import { headerOf, latin1 } from '../../support/http-wire.ts';
import { HttpBench, head } from './http-support.ts';

/** A bench with a request that waits for its answer. */
function asked(line = 'GET /', version = '1.1', ...headers: string[]): HttpBench {
  const bench = new HttpBench({ date: () => 'Sun, 06 Nov 1994 08:49:37 GMT' });
  bench.receive(head(line, ...headers).replace('HTTP/1.1', `HTTP/${version}`));
  return bench;
}

describe('ResponseWriter.send', () => {
  test('writes status line, headers, Date and Content-Length, then the body [RFC 9112 4, RFC 9110 6.6.1, 8.6]', () => {
    const bench = asked();
    bench.response.send(404, [['X-A', 'b']], 'ä');
    expect(bench.sent()).toBe(
      'HTTP/1.1 404 Not Found\r\nX-A: b\r\nDate: Sun, 06 Nov 1994 08:49:37 GMT\r\nContent-Length: 2\r\n\r\n\xc3\xa4',
    );
  });

  test.each([
    ['short text', 'hello', 5],
    ['no body', '', 0],
    ['long text', 'é'.repeat(10_000), 20_000],
    ['text at the threshold', 'x'.repeat(8192), 8192],
    ['bytes', Uint8Array.of(0, 255, 13, 10), 4],
    ['a lone surrogate', '\ud800', 3],
  ])('%s: Content-Length is the number of bytes that follow', (_, body, length) => {
    const bench = asked();
    bench.response.send(200, [], body);
    const [response, ...more] = bench.responses();
    expect(more).toEqual([]);
    expect(headerOf(response!, 'content-length')).toBe(String(length));
    expect(response!.body).toBe(latin1(typeof body === 'string' ? utf8(body) : body));
    expect(response!.body.length).toBe(length);
  });

  test.each([
    ['GET /', 200, false],
    ['HEAD /', 200, true],
    ['GET /', 204, true],
    ['GET /', 205, true],
    ['GET /', 304, true],
  ])(
    '%s answered with %i: says whether a body is sent, once the head is [RFC 9110 15]',
    (line, status, bodiless) => {
      const { response } = asked(line);
      expect(response.bodiless).toBe(false);
      response.start(status, []);
      expect(response.bodiless).toBe(bodiless);
    },
  );

  test('a long body in answer to HEAD is not even copied', () => {
    const bench = asked('HEAD /');
    bench.response.send(200, [], new Uint8Array(1_000_000));
    const [response] = bench.responses('HEAD');
    expect(headerOf(response!, 'content-length')).toBe('1000000');
  });

  test('a header value of bytes above 0x7F brings no body to an answer to HEAD', () => {
    const bench = asked('HEAD /');
    bench.response.send(200, [['X-A', 'caf\xe9']], 'body');
    expect(bench.sent().endsWith('\r\n\r\n')).toBe(true);
  });

  test('a header value of bytes above 0x7F goes out as these bytes [RFC 9110 5.5]', () => {
    const bench = asked();
    bench.response.send(200, [['X-A', 'caf\xe9']], 'tête');
    const sent = bench.sent();
    expect(sent).toContain('X-A: caf\xe9\r\n');
    expect(sent.endsWith('\r\n\r\nt\xc3\xaate')).toBe(true);
  });

  test.each([204, 304])('%i has no body and tells no length of one [RFC 9110 15.3.5, 15.4.5]', (status) => {
    const bench = asked();
    bench.response.send(status, [], 'body');
    const sent = bench.sent();
    expect(sent.endsWith('\r\n\r\n')).toBe(true);
    expect(sent.includes('body')).toBe(false);
    expect(sent).not.toMatch(/content-length|transfer-encoding/i);
    const streamed = asked();
    streamed.response.start(status, []);
    expect(streamed.sent()).not.toMatch(/content-length|transfer-encoding/i);
  });

  test('204 tells no length, even where the app names it [RFC 9110 8.6]', () => {
    const bench = asked();
    bench.response.send(204, [['Content-Length', '0']]);
    expect(bench.sent()).not.toMatch(/content-length/i);
  });

  test('205 has no body, and says so by its length [RFC 9110 15.3.6]', () => {
    const bench = asked();
    bench.response.send(205, [], 'body');
    expect(bench.answers()).toEqual(['205 ']);
    const streamed = asked();
    streamed.response.start(205, []);
    streamed.response.write(Uint8Array.of(1));
    streamed.response.end();
    expect(streamed.answers()).toEqual(['205 ']);
  });

  test('HEAD gets the head that GET would get, and no body [RFC 9110 9.3.2]', () => {
    const bench = asked('HEAD /');
    bench.response.send(200, [], 'hello');
    const [response] = bench.responses('HEAD');
    expect(headerOf(response!, 'content-length')).toBe('5');
    expect(response!.end).toBeGreaterThan(0);
  });

  test('HEAD and 304 may tell a length that the app knows and does not send [RFC 9110 8.6]', () => {
    for (const [line, status] of [
      ['HEAD /', 200],
      ['GET /', 304],
    ] as const) {
      const bench = asked(line);
      bench.response.send(status, [['content-length', '1234']]);
      expect(bench.sent()).toContain('Content-Length: 1234\r\n');
    }
  });

  test.each([
    ['too long', '6'],
    ['too short', '4'],
    ['not a number', 'five'],
    ['signed', '+5'],
    ['in hex', '0x5'],
    ['empty', ''],
    ['beyond exact numbers', '9'.repeat(17)],
  ])('a Content-Length of the app’s that is %s is refused before anything is written', (_, value) => {
    const bench = asked();
    expect(() => bench.response.send(200, [['Content-Length', value]], 'hello')).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(bench.response.started).toBe(false);
    expect(bench.sent()).toBe('');
    bench.response.send(200, [['CONTENT-LENGTH', '5']], 'hello');
    expect(bench.answers()).toEqual(['200 hello']);
  });

  test.each([
    ['a length without a body, in answer to GET', 'GET /', '5', ''],
    ['another length than that of the body, in answer to HEAD', 'HEAD /', '5', 'body'],
    ['no number, with a body of one byte', 'GET /', 'one', 'x'],
  ])('a Content-Length that is %s is refused', (_, line, value, body) => {
    expect(() => asked(line).response.send(200, [['Content-Length', value]], body)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test('a Content-Length is a number also where the body comes later, and may be 0', () => {
    const bench = asked();
    expect(() => bench.response.start(200, [['Content-Length', '-1']])).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    bench.response.start(200, [['Content-Length', '0']]);
    bench.response.end();
    expect(bench.answers()).toEqual(['200 ']);
  });

  test('two Content-Length lines and a Transfer-Encoding of the app’s are refused [RFC 9112 6.1]', () => {
    const bench = asked();
    const twice = [
      ['Content-Length', '5'],
      ['content-length', '5'],
    ] as const;
    expect(() => bench.response.send(200, twice, 'hello')).toThrow(TypeError);
    expect(() => bench.response.send(200, [['Transfer-Encoding', 'gzip']], 'hello')).toThrow(TypeError);
    expect(() => bench.response.start(200, [['transfer-encoding', 'chunked']])).toThrow(TypeError);
    expect(bench.sent()).toBe('');
  });

  test.each([100, 101, 199, 600, 0, -200, 200.5, Number.NaN, '200', undefined])(
    'status %s is refused',
    (status) => {
      const bench = asked();
      expect(() => bench.response.send(status as number, [])).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      expect(bench.sent()).toBe('');
    },
  );

  test.each([200, 599])('status %i is sent', (status) => {
    const bench = asked();
    bench.response.send(status, []);
    expect(bench.sent()).toContain(`HTTP/1.1 ${status} `);
  });

  test.each([
    ['CRLF in a value', [['X', 'a\r\nB: c']]],
    ['LF in a value', [['X', 'a\nB: c']]],
    ['NUL in a value', [['X', '\0']]],
    ['a character above U+00FF', [['X', '€']]],
    ['CRLF in a name', [['X\r\nY', 'a']]],
    ['a space in a name', [['X Y', 'a']]],
    ['no name', [['', 'a']]],
  ])('%s cannot be injected [CVE-2026-1527]', (_, headers) => {
    const bench = asked();
    expect(() => bench.response.send(200, headers as [string, string][])).toThrow(TypeError);
    expect(() => bench.response.start(200, headers as [string, string][])).toThrow(TypeError);
    expect(bench.sent()).toBe('');
  });

  test('headers whose names are as long as those that we look for are none of them', () => {
    const bench = asked();
    const names = ['X-Ab', 'X-Abcdefgh', 'X-Abcdefghijkl', 'X-Abcdefghijklmno'];
    bench.response.send(
      200,
      names.map((name) => [name, 'close'] as const),
    );
    const [response] = bench.responses();
    for (const name of names) expect(headerOf(response!, name.toLowerCase())).toBe('close');
    expect(headerOf(response!, 'date')).toBe('Sun, 06 Nov 1994 08:49:37 GMT');
    expect(bench.response.keepAlive).toBe(true);
  });

  test('a Date of the app’s takes the place of ours', () => {
    const bench = asked();
    bench.response.send(200, { date: 'Tue, 15 Nov 1994 08:12:31 GMT' });
    const [response] = bench.responses();
    expect(headerOf(response!, 'date')).toBe('Tue, 15 Nov 1994 08:12:31 GMT');
  });

  test('other connection options of the app’s are kept beside ours [RFC 9110 7.6.1, 7.8]', () => {
    const bench = asked();
    const upgrade = new HttpHeaders({ Upgrade: 'websocket', Connection: 'Upgrade, keep-alive' });
    bench.response.send(426, upgrade);
    expect(bench.sent()).toContain('Connection: Upgrade\r\n');
    const closing = asked('GET /', '1.1', 'Connection: close');
    closing.response.send(426, upgrade);
    expect(closing.sent()).toContain('Connection: Upgrade, close\r\n');
  });

  test('a second answer is refused: it would be taken for the next request’s', () => {
    const bench = asked();
    bench.response.send(200, [], 'one');
    expect(() => bench.response.send(200, [], 'two')).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(() => bench.response.start(200, [])).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(() => bench.response.write(Uint8Array.of(1))).toThrow(
      expect.objectContaining({ code: 'bad-state' }),
    );
    bench.response.end();
    expect(bench.answers()).toEqual(['200 one']);
  });

  test('before a request there is nothing to answer', () => {
    const bench = new HttpBench();
    const { response } = bench;
    expect(response).toMatchObject({ keepAlive: true, started: false, finished: true, awaited: false });
    response.continue();
    expect(bench.sent()).toBe('');
    expect(() => response.send(200, [])).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(() => response.start(200, [])).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(() => response.write(new Uint8Array(1))).toThrow(expect.objectContaining({ code: 'bad-state' }));
  });
});

describe('ResponseWriter, in answer to CONNECT', () => {
  test.each([200, 204, 205, 299])(
    'a %i begins a tunnel: no length, no coding, and no request is read behind it [RFC 9110 9.3.6]',
    (status) => {
      const bench = asked('CONNECT a:80');
      bench.receive(head('GET /behind'));
      bench.response.send(
        status,
        [['Content-Length', status === 205 ? '0' : '2']],
        status === 205 ? '' : 'hi',
      );
      const sent = bench.sent();
      expect(sent).not.toMatch(/content-length|transfer-encoding/i);
      expect(sent).toContain('Connection: close\r\n');
      expect(sent.endsWith(status === 204 || status === 205 ? '\r\n\r\n' : '\r\n\r\nhi')).toBe(true);
      bench.events();
      expect([bench.connection.outputEnded, bench.sent()]).toEqual([true, '']);
    },
  );

  test('in pieces too', () => {
    const bench = asked('CONNECT a:80');
    bench.response.start(200, []);
    bench.response.write(utf8('hi'));
    bench.response.end();
    expect(bench.sent()).toMatch(/^HTTP\/1\.1 200 OK\r\nDate: .*\r\nConnection: close\r\n\r\nhi$/);
  });

  test('any other answer has its length, and the connection goes on [RFC 9110 9.3.6]', () => {
    const bench = asked('CONNECT a:80');
    bench.response.send(300, [], 'no');
    expect(bench.sent()).toMatch(/Content-Length: 2\r\n\r\nno$/);
    bench.receive(head('GET /next'));
    bench.response.send(200, [], 'ok');
    expect(bench.sent()).toMatch(/Content-Length: 2\r\n\r\nok$/);
  });
});

describe('ResponseWriter.refuse, sendRaw', () => {
  test('nobody waits for the body of a request that was refused', () => {
    const bench = asked('POST /', '1.1', 'Expect: 100-continue', 'Content-Length: 1');
    expect(bench.response.awaited).toBe(true);
    bench.response.refuse(undefined, 417, 'no');
    expect(bench.response.awaited).toBe(false);
    expect(bench.answers()).toEqual(['417 no']);
  });

  test('what was no request is refused with a body, also behind a HEAD', () => {
    const bench = asked('HEAD /');
    bench.response.send(200, []);
    bench.response.refuse(undefined, 400, 'no');
    expect(bench.answers('HEAD', 'GET')).toEqual(['200 ', '400 no']);
  });

  test('a raw head is all of the response', () => {
    const bench = asked();
    const raw = 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n';
    bench.response.sendRaw(raw);
    expect(bench.response).toMatchObject({ started: true, finished: true });
    expect(bench.sent()).toBe(raw);
  });
});

describe('ResponseWriter: what only looks like text', () => {
  const refused = expect.objectContaining({ code: 'bad-argument' });

  test.each([
    [['HTTP/1.1 101 x\r\n\r\n']],
    ['HTTP/1.1 101 x\r\n\r\n\0'],
    ['HTTP/1.1 101 x\r\n\r\nHTTP/1.1 200 OK'],
    ['HTTP/1.1 101 x\r\n'],
    ['\r\n\r\n'.slice(0, 3)],
  ])('is no raw head: %j', (head) => {
    const bench = asked();
    expect(() => bench.response.sendRaw(head as never)).toThrow(refused);
    expect(bench.sent()).toBe('');
  });

  test('is no date', () => {
    const bench = new HttpBench({ date: () => ['Sun, 06 Nov 1994 08:49:37 GMT'] as never });
    bench.receive(head('GET /'));
    expect(() => bench.response.send(200, [], 'x')).toThrow(refused);
    expect(bench.sent()).toBe('');
  });

  test('is no body, and the error says what it is and what there can be', () => {
    const { response } = asked();
    expect(() => response.send(200, [], null as never)).toThrow(
      'Cannot send: the body is null, expected a string or a Uint8Array',
    );
    expect(() => response.send(200, [], 5 as never)).toThrow(
      'Cannot send: the body is number, expected a string or a Uint8Array',
    );
    response.start(200, []);
    expect(() => response.write('x' as never)).toThrow('the body is string, expected a Uint8Array');
  });
});

describe('ResponseWriter.start, write, end', () => {
  test('without a Content-Length the body is chunked [RFC 9112 7.1]', () => {
    const bench = asked();
    bench.response.start(200, []);
    bench.response.write(new Uint8Array(0));
    bench.response.write(new Uint8Array(26).fill(0x61));
    bench.response.write(Uint8Array.of(0x62));
    bench.response.end();
    const sent = bench.sent();
    expect(sent).toContain('Transfer-Encoding: chunked\r\n');
    expect(sent.slice(sent.indexOf('\r\n\r\n') + 4)).toBe(`1a\r\n${'a'.repeat(26)}\r\n1\r\nb\r\n0\r\n\r\n`);
  });

  test('with a Content-Length of the app’s, that much is written, and neither more nor less [RFC 9110 8.6]', () => {
    const bench = asked();
    bench.response.start(200, [['Content-Length', '3']]);
    bench.response.write(Uint8Array.of(0x61, 0x62));
    expect(() => bench.response.end()).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(() => bench.response.write(Uint8Array.of(1, 2))).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
    expect(bench.response.finished).toBe(false);
    bench.response.write(Uint8Array.of(0x63));
    bench.response.end();
    expect(bench.answers()).toEqual(['200 abc']);
  });

  test('to HTTP/1.0 a body of unknown length lasts until the connection ends [RFC 9112 6.3]', () => {
    const bench = asked('GET /', '1.0', 'Connection: keep-alive');
    bench.response.start(200, []);
    bench.response.write(Uint8Array.of(0x61));
    bench.response.end();
    bench.events();
    expect(bench.connection.outputEnded).toBe(true);
    const [response] = bench.responses();
    expect(response).toMatchObject({ status: 200, body: 'a' });
    expect(headerOf(response!, 'connection')).toBe('close');
    expect(headerOf(response!, 'transfer-encoding')).toBeUndefined();
  });

  test('HEAD and 304 say how it would be framed, and nothing of the body goes out', () => {
    for (const [line, status] of [
      ['HEAD /', 200],
      ['GET /', 304],
      ['GET /', 204],
    ] as const) {
      const bench = asked(line);
      bench.response.start(status, []);
      bench.response.write(Uint8Array.of(0x61));
      bench.response.end();
      expect(bench.sent().endsWith('\r\n\r\n'), `${line} ${status}`).toBe(true);
    }
  });

  test('HEAD and 304 may announce a body that is never written [RFC 9110 8.6]', () => {
    const bench = asked('HEAD /');
    bench.response.start(200, [['Content-Length', '5']]);
    bench.response.end();
    expect(bench.response.finished).toBe(true);
  });

  test('the end is written once', () => {
    const bench = asked();
    bench.response.start(200, []);
    bench.response.end();
    bench.response.end();
    expect(bench.answers()).toEqual(['200 ']);
  });

  test('end before the head is refused: an answer would be missing', () => {
    const bench = asked();
    expect(() => bench.response.end()).toThrow(expect.objectContaining({ code: 'bad-state' }));
    expect(bench.response.finished).toBe(false);
  });

  test('what one response did leaves no trace in the next', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1'));
    bench.response.start(200, [['Content-Length', '1']]);
    bench.response.write(Uint8Array.of(0x61));
    bench.response.end();
    expect(bench.events()).toEqual([]);
    bench.receive(head('HEAD /2'));
    bench.response.send(200, [], 'xx');
    bench.events();
    bench.receive(head('GET /3'));
    bench.response.start(200, []);
    bench.response.end();
    expect(bench.answers('GET', 'HEAD', 'GET')).toEqual(['200 a', '200 ', '200 ']);
  });

  test.each([5, null, ['a'], { length: 3 }, new ArrayBuffer(3), new Uint16Array(2)])(
    'send refuses a body that is neither text nor bytes (%o), and nothing is sent that a peer would wait for',
    (body) => {
      const bench = asked();
      const refused = expect.objectContaining({ code: 'bad-argument' });
      expect(() => bench.response.send(200, [], body as never)).toThrow(refused);
      expect([bench.sent(), bench.response.started]).toEqual(['', false]);
    },
  );

  test.each(['hi', 5, undefined, ['a'], { length: 3 }, new ArrayBuffer(3), new Uint16Array(2)])(
    'write refuses a piece that is no bytes (%o)',
    (piece) => {
      const bench = asked();
      bench.response.start(200, []);
      const head = bench.sent();
      const refused = expect.objectContaining({ code: 'bad-argument' });
      expect(() => bench.response.write(piece as never)).toThrow(refused);
      expect([head.includes('chunked'), bench.sent()]).toEqual([true, '']);
    },
  );

  test.each([
    undefined,
    5,
    '',
    '\r\n',
    'HTTP/1.1 101 X\r\n',
    'HTTP/1.1 101 X\r\nA: \u010d\u010aB: c\r\n\r\n',
    'HTTP/1.1 101 X\r\n\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 101 X\nA: b\r\n\r\n',
    'HTTP/1.1 101 X\r\nA: b\rC: d\r\n\r\n',
    'HTTP/1.1 101 X\r\nA: \0\r\n\r\n',
  ])('upgrade refuses what is not one head (%j): U+010A would go out as a line feed', (head) => {
    const bench = asked();
    const refused = expect.objectContaining({ code: 'bad-argument' });
    expect(() => bench.connection.upgrade(head as never)).toThrow(refused);
    expect([bench.sent(), bench.response.finished]).toEqual(['', false]);
  });

  test.each([
    ['no request has come', () => new HttpBench()],
    [
      'the response is sent',
      () => {
        const bench = asked();
        bench.response.send(200, [], 'x');
        return bench;
      },
    ],
    [
      'the response has begun',
      () => {
        const bench = asked();
        bench.response.start(200, []);
        return bench;
      },
    ],
    ['the body has not come to its end', () => asked('POST /', '1.1', 'Content-Length: 3')],
    [
      'it was called before',
      () => {
        const bench = asked();
        bench.connection.upgrade('HTTP/1.1 101 x\r\n\r\n');
        return bench;
      },
    ],
  ])('upgrade refuses where %s: its bytes would be another message’s [RFC 9110 7.8]', (_, prepare) => {
    const bench = prepare();
    const before = bench.sent();
    expect(() => bench.connection.upgrade('HTTP/1.1 101 x\r\n\r\n')).toThrow(
      expect.objectContaining({ code: 'bad-state' }),
    );
    expect([before.split('HTTP/1.1').length <= 2, bench.sent()]).toEqual([true, '']);
  });

  test('upgrade hands over what is behind the body of its request, once that is read [RFC 9110 7.8]', () => {
    const bench = new HttpBench();
    bench.receive(`${head('POST /', 'Content-Length: 3')}abcREST`);
    expect(latin1(bench.connection.upgrade('HTTP/1.1 101 x\r\n\r\n'))).toBe('REST');
  });

  test('headers from code that answers the request itself: one response, and the other is refused', () => {
    const bench = asked();
    function* lines(): Generator<[string, string]> {
      bench.response.send(200, [], 'first');
      yield ['A', 'b'];
    }
    expect(() => bench.response.send(200, lines(), 'second')).toThrow(
      expect.objectContaining({ code: 'bad-state' }),
    );
    expect(bench.answers()).toEqual(['200 first']);
  });

  test.each(['x\r\nSet-Cookie: a', '\u010a', 5])(
    'a date() that would be more than a value is refused: %j',
    (date) => {
      const bench = new HttpBench({ date: () => date as string });
      bench.receive(head('GET /'));
      expect(() => bench.response.send(200, [], '')).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      expect(bench.sent()).toBe('');
    },
  );
});
