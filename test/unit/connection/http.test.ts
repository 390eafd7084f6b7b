import { Output, portableText, type TextCodec } from 'sansocket/bytes';
import { HttpConnection } from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { DELIVERIES } from '../../support/deliveries.ts';
import { bytesOf, headerOf, latin1, readResponses } from '../../support/http-wire.ts';
import { HttpBench, head } from './http-support.ts';

const post = (path: string, body: string, ...headers: string[]): string =>
  head(`POST ${path}`, `Content-Length: ${body.length}`, ...headers) + body;
const chunked = (path: string, ...pieces: string[]): string =>
  head(`POST ${path}`, 'Transfer-Encoding: chunked') +
  [...pieces, ''].map((piece) => `${piece.length.toString(16)}\r\n${piece}\r\n`).join('');

/** Bodies in a row as one, whatever the delivery. */
function joined(events: readonly string[]): string[] {
  const all: string[] = [];
  for (const event of events) {
    if (event.startsWith('body ') && all.at(-1)?.startsWith('body '))
      all.push(`${all.pop()}${event.slice(5)}`);
    else all.push(event);
  }
  return all;
}

describe('HttpConnection: one request after another', () => {
  test('what is pipelined behind the last answer is dropped at once, so that it holds up nothing [RFC 9112 9.6]', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /a', 'Connection: close'), head('GET /b').repeat(3000));
    expect(bench.connection.unreadBytes).toBeGreaterThan(64 * 1024);
    bench.response.send(200, [], 'one');
    expect(bench.events()).toEqual([]);
    expect(bench.connection.outputEnded).toBe(true);
    expect(bench.connection.unreadBytes).toBe(0);
    expect(bench.receiveEnd()).toEqual([]);
    expect(bench.connection.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(bench.answers()).toEqual(['200 one']);
  });

  test('gives request, body and end, and answers in order [RFC 9112 9.3]', () => {
    const bench = new HttpBench();
    expect(bench.receive(post('/a', 'hello'))).toEqual(['POST /a', 'body hello', 'end']);
    bench.response.send(200, [], 'one');
    expect(bench.events()).toEqual([]);
    expect(bench.receive(head('GET /b'))).toEqual(['GET /b', 'end']);
    bench.response.send(200, [], 'two');
    expect(bench.answers()).toEqual(['200 one', '200 two']);
    expect(bench.connection.outputEnded).toBe(false);
  });

  test.each(DELIVERIES)(
    'pipelined requests wait for their turn, delivered %s [RFC 9112 9.3.2]',
    (_, deliver) => {
      const bench = new HttpBench();
      const all =
        head('GET /1') + post('/2', 'two') + chunked('/3', 'th', 'ree') + head('HEAD /4') + head('GET /5');
      const seen: string[] = [];
      const answer = (): void => {
        while (seen.at(-1) === 'end' && !bench.response.finished) {
          bench.response.send(200, [], seen.filter((event) => event.includes('/')).at(-1)!);
          seen.push(...bench.events());
        }
      };
      for (const chunk of deliver(bytesOf(all))) {
        bench.connection.receive(chunk);
        seen.push(...bench.events());
        // Answers come late, so that the later requests pile up behind the first.
        if (bench.connection.unreadBytes > 60) answer();
      }
      answer();
      expect(joined(seen)).toEqual([
        ...['GET /1', 'end'],
        ...['POST /2', 'body two', 'end'],
        ...['POST /3', 'body three', 'end'],
        ...['HEAD /4', 'end'],
        ...['GET /5', 'end'],
      ]);
      expect(bench.answers('GET', 'POST', 'POST', 'HEAD', 'GET')).toEqual([
        '200 GET /1',
        '200 POST /2',
        '200 POST /3',
        '200 ',
        '200 GET /5',
      ]);
      expect(bench.connection.unreadBytes).toBe(0);
    },
  );

  test('nothing is read of the next request while an answer is owed', () => {
    const bench = new HttpBench();
    expect(bench.receive(head('GET /1') + head('GET /2'))).toEqual(['GET /1', 'end']);
    expect(bench.connection.unreadBytes).toBe(head('GET /2').length);
    expect(bench.connection.idle).toBe(false);
    bench.response.send(200, []);
    expect(bench.events()).toEqual(['GET /2', 'end']);
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(bench.connection.idle).toBe(true);
  });

  test.each([
    ['HTTP/1.1', [], true],
    ['HTTP/1.1', ['Connection: close'], false],
    ['HTTP/1.1', ['Connection: x, CLOSE'], false],
    ['HTTP/1.0', [], false],
    ['HTTP/1.0', ['Connection: Keep-Alive'], true],
    ['HTTP/1.0', ['Connection: keep-alive, close'], false],
  ] as const)('%s with %j: the connection goes on: %s [RFC 9112 9.3]', (version, headers, goesOn) => {
    const bench = new HttpBench();
    bench.receive(head('GET /', ...headers).replace('HTTP/1.1', version));
    bench.response.send(200, [], 'x');
    expect(bench.events()).toEqual([]);
    expect(bench.connection.outputEnded).toBe(!goesOn);
    const [response] = bench.responses();
    const told = goesOn ? (version === 'HTTP/1.0' ? 'keep-alive' : undefined) : 'close';
    expect(headerOf(response!, 'connection')).toBe(told);
    expect(bench.receive(head('GET /2'))).toEqual(goesOn ? ['GET /2', 'end'] : []);
  });

  test('a response that says close is the last one, whatever else was asked for', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1') + head('GET /2'));
    bench.response.send(200, { Connection: 'close' });
    expect(bench.events()).toEqual([]);
    expect(bench.where).toBe('ended, 5000');
    expect(bench.answers()).toEqual(['200 ']);
  });

  test('finish: the answer at hand says close, and nothing more is read', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1') + head('GET /2'));
    bench.connection.finish();
    expect(bench.connection.outputEnded).toBe(false);
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(headerOf(bench.responses()[0]!, 'connection')).toBe('close');
    expect(bench.connection.outputEnded).toBe(true);
  });

  test('finish: between requests, and inside a head, it is over at once', () => {
    for (const before of ['', 'GET / HTTP']) {
      const bench = new HttpBench();
      bench.receive(before);
      bench.connection.finish();
      expect(bench.where, before).toBe('ended, 5000');
      expect(bench.receive('/1.1\r\nHost: x\r\n\r\n')).toEqual([]);
      expect(bench.sent()).toBe('');
      bench.connection.finish();
    }
  });

  test('finish: after the head of the response went out, it still ends behind the body', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1') + head('GET /2'));
    bench.response.start(200, []);
    bench.connection.finish();
    bench.response.end();
    expect(bench.events()).toEqual([]);
    expect(bench.connection.outputEnded).toBe(true);
  });
});

describe('HttpConnection: the end of the peer’s stream', () => {
  test('between requests it is over, with nothing said', () => {
    const bench = new HttpBench();
    expect(bench.receiveEnd()).toEqual([]);
    expect(bench.where).toBe('ended, Infinity');
    expect(bench.sent()).toBe('');
  });

  test('what was asked before is still answered, then it is over [RFC 9112 9.6]', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1') + head('GET /2'));
    expect(bench.receiveEnd()).toEqual([]);
    expect(bench.connection.inputEnded).toBe(true);
    bench.response.send(200, [], 'one');
    expect(bench.events()).toEqual(['GET /2', 'end']);
    bench.response.send(200, [], 'two');
    expect(bench.events()).toEqual([]);
    expect(bench.answers()).toEqual(['200 one', '200 two']);
    expect(bench.where).toBe('ended, Infinity');
  });

  test.each([
    ['inside a head', 'GET / HTTP/1.1\r\nHo', []],
    ['inside a body', `${head('POST /', 'Content-Length: 5')}abc`, ['POST /', 'body abc']],
    ['inside a chunk', `${head('POST /', 'Transfer-Encoding: chunked')}5\r\nabc`, ['POST /', 'body abc']],
  ])('%s is answered with 400 [RFC 9112 8]', (_, bytes, events) => {
    const bench = new HttpBench();
    expect(bench.receive(bytes)).toEqual(events);
    expect(bench.receiveEnd()).toEqual(['error unexpected-end 400']);
    expect(bench.responses()).toMatchObject([{ status: 400 }]);
    expect(bench.where).toBe('ended, Infinity');
  });

  test('after a response of ours that was the last, it is over without waiting', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /', 'Connection: close'));
    bench.response.send(200, []);
    bench.events();
    expect(bench.where).toBe('ended, 5000');
    bench.receiveEnd();
    expect(bench.where).toBe('ended, Infinity');
  });
});

describe('HttpConnection: Expect: 100-continue [RFC 9110 10.1.1]', () => {
  const asks = head('POST /', 'Content-Length: 3', 'Expect: 100-continue');

  test('wanted: 100, then the body, then the answer, and the connection goes on', () => {
    const bench = new HttpBench();
    expect(bench.receive(asks)).toEqual(['POST /']);
    expect(bench.response.awaited).toBe(true);
    bench.connection.awaitBody();
    bench.connection.awaitBody();
    expect(bench.response.awaited).toBe(false);
    expect(bench.sent()).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    expect(bench.receive('abc')).toEqual(['body abc', 'end']);
    bench.response.send(200, [], 'ok');
    expect(bench.events()).toEqual([]);
    expect(headerOf(bench.responses()[0]!, 'connection')).toBeUndefined();
    expect(bench.connection.idle).toBe(true);
  });

  test('refused: the answer says close, and what may come is not taken for a request', () => {
    const bench = new HttpBench();
    bench.receive(asks);
    bench.response.send(417, [], 'no');
    expect(bench.events()).toEqual([]);
    const [response] = bench.responses();
    expect([response!.status, headerOf(response!, 'connection')]).toEqual([417, 'close']);
    expect(bench.where).toBe('ended, 5000');
    expect(bench.receive(head('GET /smuggled'))).toEqual([]);
    bench.response.continue();
    expect(bench.sent()).toBe('');
  });

  test('not waited for: the body comes all the same, and there is no 100', () => {
    const bench = new HttpBench();
    expect(bench.receive(`${asks}abc`)).toEqual(['POST /', 'body abc', 'end']);
    bench.connection.awaitBody();
    bench.response.send(200, [], 'ok');
    expect(bench.events()).toEqual([]);
    expect(bench.answers()).toEqual(['200 ok']);
    expect(bench.connection.outputEnded).toBe(false);
  });

  test('not read by the app, but all there: the connection goes on', () => {
    const bench = new HttpBench();
    bench.receive(`${asks}abc`);
    bench.response.send(200, []);
    bench.events();
    expect(bench.receive(head('GET /2'))).toEqual(['GET /2', 'end']);
  });

  test('there is no 100 for HTTP/1.0, without a body, without Expect, or after the answer', () => {
    for (const text of [
      asks.replace('HTTP/1.1', 'HTTP/1.0'),
      head('GET /', 'Expect: 100-continue'),
      head('POST /', 'Content-Length: 3'),
    ]) {
      const bench = new HttpBench();
      bench.receive(text);
      bench.connection.awaitBody();
      expect(bench.sent(), text).toBe('');
    }
  });

  test('while we have not asked for the body, the peer has all the time in the world', () => {
    const bench = new HttpBench({ limits: { headTimeoutMs: 100 } });
    bench.receive(asks);
    expect(bench.tick(100)).toBeUndefined();
    expect(bench.tick(150)).toBeUndefined();
    bench.connection.awaitBody(190);
    expect(bench.tick(289)).toBeUndefined();
    expect(bench.tick(290)).toBe('body-timeout');
  });
});

describe('HttpConnection: a body that the app does not read', () => {
  test('answered before the body came: the body is dropped, and the next request is found behind it', () => {
    const bench = new HttpBench();
    const request = post('/1', 'x'.repeat(1000));
    expect(bench.receive(request.slice(0, 500))).toHaveLength(2);
    bench.response.send(413, [], 'no');
    expect(bench.receive(request.slice(500), head('GET /2'))).toEqual(['GET /2', 'end']);
    bench.response.send(200, [], 'two');
    expect(bench.answers()).toEqual(['413 no', '200 two']);
  });

  test('and if the response was the last one anyway, nobody waits for the rest of the body', () => {
    const bench = new HttpBench();
    bench.receive(`${head('POST /', 'Content-Length: 1000', 'Connection: close')}abc`);
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(bench.where).toBe('ended, 5000');
    expect(bench.receive('x'.repeat(997), head('GET /2'))).toEqual([]);
    expect(bench.connection.unreadBytes).toBe(0);
  });

  test('a fault in the body after the answer ends the connection, with no second answer', () => {
    const bench = new HttpBench();
    bench.receive(head('POST /', 'Transfer-Encoding: chunked'));
    bench.response.send(200, [], 'ok');
    expect(bench.receive('zz\r\n')).toEqual(['error bad-chunk 400']);
    expect(bench.answers()).toEqual(['200 ok']);
    expect(bench.where).toBe('ended, 5000');
  });
});

describe('HttpConnection: faults', () => {
  const cases = [
    ['garbage', '\x16\x03\x01\x02\x00\x01', 400],
    ['a bare LF', 'GET / HTTP/1.1\nHost: x\n\n', 400],
    ['no Host', 'GET / HTTP/1.1\r\n\r\n', 400],
    ['HTTP/2.0', 'GET / HTTP/2.0\r\nHost: x\r\n\r\n', 505],
    ['a target that is too long', `GET /${'a'.repeat(9000)} HTTP/1.1\r\n`, 414],
    ['a head that is too big', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'a'.repeat(17_000)}`, 431],
    ['too many headers', `GET / HTTP/1.1\r\nHost: x\r\n${'a: b\r\n'.repeat(2000)}\r\n`, 431],
    ['a body declared too big', head('POST /', 'Content-Length: 1048577'), 413],
    ['CL and TE', head('POST /', 'Content-Length: 3', 'Transfer-Encoding: chunked'), 400],
    ['another transfer coding', head('POST /', 'Transfer-Encoding: gzip, chunked'), 501],
  ] as const;

  describe.each(DELIVERIES.filter(([name]) => name !== 'with empty chunks between'))(
    'delivered %s',
    (_, deliver) => {
      test.each(cases)('%s: answered, closed, and nothing behind it is read', (_, bytes, status) => {
        const bench = new HttpBench();
        const events = bench.receive(...deliver(bytesOf(bytes)));
        expect(events).toHaveLength(1);
        expect(events[0]).toMatch(new RegExp(`^error \\S+ ${status}$`));
        const [response, ...more] = bench.responses();
        expect(more).toEqual([]);
        expect(response!.status).toBe(status);
        expect(headerOf(response!, 'connection')).toBe('close');
        expect(headerOf(response!, 'content-type')).toBe('text/plain; charset=utf-8');
        expect(bench.where).toBe('ended, 5000');
        expect(bench.receive(head('GET /'))).toEqual([]);
        expect(bench.sent()).toBe('');
      });
    },
  );

  test('in the second request: the first is answered first', () => {
    const bench = new HttpBench();
    expect(bench.receive(`${head('GET /1')}garbage\r\n`)).toEqual(['GET /1', 'end']);
    bench.response.send(200, [], 'one');
    expect(bench.events()).toEqual(['error bad-request-line 400']);
    expect(bench.responses().map(({ status }) => status)).toEqual([200, 400]);
  });

  test('in a body, before the app has answered: answered for it', () => {
    const bench = new HttpBench();
    expect(bench.receive(`${head('POST /', 'Transfer-Encoding: chunked')}1;\r\n`)).toEqual([
      'POST /',
      'error bad-chunk 400',
    ]);
    expect(bench.responses()).toMatchObject([{ status: 400 }]);
    expect(bench.response.finished).toBe(true);
  });

  test('in a body, while the app is answering: the response is cut off, so that nobody takes it for whole', () => {
    const bench = new HttpBench();
    bench.receive(head('POST /', 'Transfer-Encoding: chunked'));
    bench.response.start(200, []);
    bench.response.write(Uint8Array.of(0x61));
    expect(bench.receive('zz\r\n')).toEqual(['error bad-chunk 400']);
    expect(bench.sent()).not.toContain('0\r\n\r\n');
    expect(bench.where).toBe('ended, dropped, Infinity');
  });

  test('a fault in the body of a HEAD request is answered without a body [RFC 9110 9.3.2]', () => {
    const bench = new HttpBench();
    bench.receive(`${head('HEAD /', 'Transfer-Encoding: chunked')}zz\r\n`);
    expect(bench.responses('HEAD')).toMatchObject([{ status: 400, body: '' }]);
  });

  test('fail: 500 where nothing was sent, cut off where something was, silence where all was', () => {
    const before = new HttpBench();
    before.receive(head('GET /'));
    const cause = new Error('secret');
    expect(before.connection.fail('handler-failed', 'Cannot answer', cause, 500)).toMatchObject({ cause });
    expect(before.responses()).toMatchObject([{ status: 500 }]);
    const during = new HttpBench();
    during.receive(head('GET /'));
    during.response.start(200, []);
    during.connection.fail('handler-failed', 'Cannot answer', cause, 500);
    expect(during.connection.dropped).toBe(true);
    const after = new HttpBench();
    after.receive(head('GET /'));
    after.response.send(200, [], 'ok');
    after.connection.fail('handler-failed', 'Cannot answer', cause, 500);
    expect(after.answers()).toEqual(['200 ok']);
    expect(after.where).toBe('ended, 5000');
    expect(during.sent()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    for (const { connection } of [before, during, after]) {
      connection.fail('handler-failed', 'Again', cause, 500);
      expect(connection.takeOutput()).toBeUndefined();
    }
  });

  test('refuse: answers the connection before any request came', () => {
    const bench = new HttpBench();
    bench.connection.fail('too-many-connections', 'Cannot accept connection: 5 are open', undefined, 503);
    const [response] = bench.responses();
    expect([response!.status, response!.body]).toEqual([
      503,
      'Cannot accept connection: 5 are open (limits.maxConnections)\n',
    ]);
  });
});

describe('HttpConnection: a peer that leaves out the rest of its body', () => {
  /** Half a request. */
  function half(header: string, body: string): HttpBench {
    const bench = new HttpBench({ limits: { headTimeoutMs: 100, closeTimeoutMs: 20 } });
    bench.receive(head('POST /', header) + body);
    return bench;
  }

  test.each([
    ['Content-Length: 10', 'abc'],
    ['Transfer-Encoding: chunked', '5\r\nabc'],
  ])('is at fault (%s), unless it has its answer', (header, body) => {
    const answered = half(header, body);
    answered.response.send(403, []);
    expect(answered.events()).toEqual([]);
    expect(answered.receiveEnd()).toEqual([]);
    expect(answered.where).toBe('ended, Infinity');

    const waits = half(header, body);
    expect(waits.receiveEnd()).toEqual(['error unexpected-end 400']);
    expect(waits.sent()).toMatch(/^HTTP\/1\.1 400 /);

    const reads = half(header, body);
    reads.response.start(200, []);
    expect(reads.receiveEnd()).toEqual(['error unexpected-end 400']);
    expect(reads.where).toBe('ended, dropped, Infinity');
  });

  test('and stays: with its answer it is let go, without a word', () => {
    const answered = half('Content-Length: 10', 'abc');
    answered.response.send(403, []);
    expect(answered.events()).toEqual([]);
    answered.sent();
    expect(answered.tick(100)).toBeUndefined();
    expect([answered.where, answered.sent()]).toEqual(['ended, 120', '']);
    expect(half('Content-Length: 10', 'abc').tick(100)).toBe('body-timeout');
  });
});

describe('HttpConnection: deadlines', () => {
  const limits = { headTimeoutMs: 100, keepAliveTimeoutMs: 50, closeTimeoutMs: 20 };

  test('a connection on which nothing comes is closed after headTimeoutMs, with nothing said', () => {
    const bench = new HttpBench({ limits, now: 1000 });
    expect(bench.connection.deadline).toBe(1100);
    expect(bench.tick(1099)).toBeUndefined();
    expect(bench.connection.outputEnded).toBe(false);
    expect(bench.tick(1100)).toBeUndefined();
    expect(bench.where).toBe('ended, 1120');
    expect(bench.sent()).toBe('');
  });

  test('headTimeoutMs is for the whole head: dripping does not put it off [CVE-2018-12122]', () => {
    const bench = new HttpBench({ limits });
    bench.now = 30;
    bench.receive('G');
    for (let now = 31; now < 129; now++) {
      bench.now = now;
      bench.receive('E');
      expect(bench.connection.deadline).toBe(130);
    }
    expect(bench.tick(130)).toBe('head-timeout');
    expect(bench.responses()).toMatchObject([{ status: 408 }]);
    expect(bench.where).toBe('ended, 150');
  });

  test('empty lines before a request do not put it off either', () => {
    const bench = new HttpBench({ limits });
    bench.now = 99;
    bench.receive('\r\n');
    bench.tick(100);
    expect(bench.where).toBe('ended, 120');
  });

  test('a body must make progress every headTimeoutMs; else 408', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('POST /', 'Content-Length: 3'));
    expect(bench.connection.deadline).toBe(100);
    bench.now = 90;
    bench.receive('a');
    expect(bench.connection.deadline).toBe(190);
    bench.now = 150;
    bench.receive(new Uint8Array(0)); // is no progress
    expect(bench.connection.deadline).toBe(190);
    expect(bench.tick(190)).toBe('body-timeout');
    expect(bench.responses()).toMatchObject([{ status: 408 }]);
  });

  test('while the caller does not read, a body’s silence proves nothing', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('POST /', 'Content-Length: 3'));
    expect(bench.tick(100, false)).toBeUndefined();
    expect(bench.connection.deadline).toBe(200);
    expect(bench.tick(200, true)).toBe('body-timeout');
  });

  test('while the caller does not read, the rest of a head may have come long ago', () => {
    const bench = new HttpBench({ limits });
    bench.receive('GET');
    expect(bench.tick(100, false)).toBeUndefined();
    expect(bench.where).toBe('200');
    expect(bench.tick(200, true)).toBe('head-timeout');
  });

  test('while the peer still takes the last answer, the time for its next request has not begun', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('GET /'));
    bench.response.send(200, [], 'long');
    bench.events();
    expect(bench.tick(50, true, true)).toBeUndefined();
    expect(bench.where).toBe('100');
    expect(bench.tick(100, true, false)).toBeUndefined();
    expect(bench.where).toBe('ended, 120');
  });

  test('a head that drips has its time however slowly the peer takes what was sent before [CVE-2018-12122]', () => {
    const bench = new HttpBench({ limits });
    bench.receive(`${head('GET /')}GET`);
    bench.response.send(200, [], 'long');
    bench.events();
    expect(bench.tick(100, true, true)).toBe('head-timeout');
  });

  test('while the app answers, there is no deadline', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('GET /'));
    expect(bench.connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test('between requests keepAliveTimeoutMs counts, from the last answer on', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('GET /'));
    bench.now = 10;
    bench.receive('');
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(bench.connection.deadline).toBe(60);
    bench.sent();
    expect(bench.tick(60)).toBeUndefined();
    expect(bench.where).toBe('ended, 80');
    expect(bench.sent()).toBe('');
  });

  test('what follows a response counts from when it was finished, however long that took', () => {
    const asked = (...headers: string[]): HttpBench => {
      const bench = new HttpBench({ limits });
      bench.receive(head('GET /', ...headers));
      return bench;
    };
    const goesOn = asked();
    goesOn.response.send(200, []);
    goesOn.connection.next(1000);
    expect(goesOn.where).toBe('1050');
    const last = asked('Connection: close');
    last.response.send(200, []);
    last.connection.next(1000);
    expect(last.where).toBe('ended, 1020');
    const failed = asked();
    failed.connection.fail('handler-failed', 'why', undefined, 500, 1000);
    expect(failed.where).toBe('ended, 1020');
    const refused = asked();
    refused.connection.refuse(failed.connection.fail('handler-failed', 'why'), 1000);
    expect(refused.where).toBe('ended, 1020');
    const idle = asked();
    idle.response.send(200, []);
    idle.events();
    idle.connection.finish(1000);
    expect(idle.where).toBe('ended, 1020');
  });

  test('a head that was pipelined in part has headTimeoutMs from the last answer on', () => {
    const bench = new HttpBench({ limits });
    bench.receive(`${head('GET /1')}GET /2 HT`);
    bench.now = 30;
    bench.connection.receive(bytesOf('T'), 30);
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(bench.connection.deadline).toBe(130);
  });

  test('after our end the peer has closeTimeoutMs for its own; what it sends is dropped, and holds nothing up', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('GET /', 'Connection: close'));
    bench.response.send(200, []);
    bench.events();
    bench.now = 19;
    expect(bench.receive('x'.repeat(100_000))).toEqual([]);
    expect(bench.connection.unreadBytes).toBe(0);
    expect(bench.tick(20)).toBeUndefined();
    expect(bench.where).toBe('ended, dropped, Infinity');
  });

  test('while the peer still takes what was sent before our end, it is given time for its own', () => {
    const bench = new HttpBench({ limits });
    bench.receive(head('GET /', 'Connection: close'));
    bench.response.send(200, []);
    bench.events();
    expect(bench.tick(20, true, true)).toBeUndefined();
    expect(bench.where).toBe('ended, 40');
    bench.tick(40);
    expect(bench.connection.dropped).toBe(true);
  });

  test('an early tick does nothing', () => {
    const bench = new HttpBench({ limits });
    bench.receive('GET');
    expect(bench.tick(99)).toBeUndefined();
    expect(bench.where).toBe('100');
  });
});

describe('HttpConnection.upgrade', () => {
  const request = head('GET /chat', 'Connection: Upgrade', 'Upgrade: websocket');
  const answer = 'HTTP/1.1 101 Switching Protocols\r\n\r\n';
  const frames = Array.from({ length: 40 }, (_, i) => String.fromCharCode(0x80 + i)).join('') + request;

  test('hands over every byte behind the head, at every split, none of them read', () => {
    const all = bytesOf(request + frames);
    for (let cut = 1; cut < all.length; cut++) {
      const bench = new HttpBench();
      let rest = '';
      let upgraded = false;
      for (const chunk of [all.slice(0, cut), all.slice(cut)]) {
        if (upgraded) {
          rest += latin1(chunk);
          continue;
        }
        const events = bench.receive(chunk);
        if (events.length === 0) continue;
        expect(events).toEqual(['GET /chat', 'end']);
        rest += latin1(bench.connection.upgrade(answer));
        upgraded = true;
      }
      expect(rest, `cut at ${cut}`).toBe(frames);
    }
  });

  test('hands over what piled up while the app made up its mind, byte by byte', () => {
    const bench = new HttpBench();
    const events: string[] = [];
    for (const byte of bytesOf(request + frames)) events.push(...bench.receive(Uint8Array.of(byte)));
    expect(events).toEqual(['GET /chat', 'end']);
    expect(bench.connection.unreadBytes).toBe(frames.length);
    expect(latin1(bench.connection.upgrade(answer))).toBe(frames);
    expect(bench.connection.unreadBytes).toBe(0);
  });

  test('right at the request event, before its end was taken, it is the same', () => {
    const { connection } = new HttpBench();
    connection.receive(bytesOf(request + frames));
    expect(connection.next()).toMatchObject({ kind: 'request' });
    expect(latin1(connection.upgrade(answer))).toBe(frames);
    expect(connection.next()).toBeUndefined();
  });

  test('behind pipelined answers the 101 goes out in order, and after it the connection takes no more', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /1') + request);
    bench.response.send(200, [], 'one');
    expect(bench.events()).toEqual(['GET /chat', 'end']);
    expect(bench.connection.upgrade(answer)).toHaveLength(0);
    expect(readResponses(bench.sent(), ['GET', 'GET']).map(({ status }) => status)).toEqual([200, 101]);
    expect(bench.where).toBe('Infinity');
    expect(bench.receive('more')).toEqual([]);
    expect(bench.tick(1e9)).toBeUndefined();
    expect(bench.connection.outputEnded).toBe(false);
  });
});

describe('HttpConnection: options', () => {
  test.each([
    [{ limit: {} }],
    [{ limits: { maxHeads: 1 } }],
    [{ limits: 5 }],
    [{ output: {} }],
    [{ output: null }],
    [{ date: 'now' }],
    [{ date: null }],
    [null],
  ])('%j is refused at once', (options) => {
    expect(() => new HttpConnection(options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  test('hands limits and text on to what reads the requests', () => {
    const bench = new HttpBench({ limits: { maxHeaders: 2 } });
    expect(bench.receive(head('GET /', 'A: 1', 'B: 2'))).toEqual(['error too-many-headers 431']);
    const made: number[] = [];
    const text: TextCodec = {
      ...portableText,
      latin1(bytes, start, end) {
        made.push(end - start);
        return portableText.latin1(bytes, start, end);
      },
    };
    new HttpBench({ text }).receive(head('GET /'));
    expect(made).toEqual([head('GET /').length]);
  });

  test('output is where its answers are assembled: what takes over goes on in it', () => {
    const output = new Output();
    expect(new HttpConnection({ output }).output).toBe(output);
    const { connection } = new HttpBench();
    connection.receive(bytesOf(head('GET /')));
    connection.next();
    connection.response.send(200, [], 'x');
    expect(connection.output.length).toBe(connection.bufferedBytes);
  });

  test('is idle before and between requests, and at no other time', () => {
    const bench = new HttpBench();
    const { connection } = bench;
    expect(connection.idle).toBe(true);
    connection.receive(bytesOf('G'));
    expect(connection.idle).toBe(false);
    expect(bench.receive('ET / HTTP/1.1\r\nHost: x\r\n\r\n')).toEqual(['GET /', 'end']);
    expect(connection.idle).toBe(false);
    bench.response.send(200, []);
    expect(bench.events()).toEqual([]);
    expect(connection.idle).toBe(true);
    connection.finish();
    expect(connection.idle).toBe(false);
  });

  test('nobody is asked for a body that there is none of [RFC 9110 10.1.1]', () => {
    const bench = new HttpBench();
    bench.connection.awaitBody();
    bench.receive(head('POST /', 'Expect: 100-continue', 'Content-Length: 1'));
    expect(bench.receive('x')).toEqual(['body x', 'end']);
    bench.connection.awaitBody();
    expect(bench.sent()).toBe('');
    expect(bench.connection.deadline).toBe(Number.POSITIVE_INFINITY);
  });

  test('finish() ends nothing that has been handed over, and nothing twice', () => {
    const bench = new HttpBench();
    bench.receive(head('GET /', 'Connection: Upgrade', 'Upgrade: x'));
    bench.connection.upgrade('HTTP/1.1 101 x\r\n\r\n');
    bench.connection.finish();
    expect(bench.connection.outputEnded).toBe(false);

    const ending = new HttpBench({ limits: { closeTimeoutMs: 20 } });
    ending.connection.finish();
    expect(ending.where).toBe('ended, 20');
    ending.now = 10;
    ending.receive('x');
    ending.connection.finish();
    expect(ending.where).toBe('ended, 20');
  });

  test('bufferedBytes counts what waits for takeOutput', () => {
    const { connection } = new HttpBench();
    expect(connection.bufferedBytes).toBe(0);
    connection.receive(bytesOf(head('GET /')));
    connection.next();
    connection.response.send(200, [], 'x');
    expect(connection.bufferedBytes).toBe(connection.takeOutput()!.length);
    expect(connection.bufferedBytes).toBe(0);
  });
});

describe('HttpConnection: what a caller gets wrong', () => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY, '5', undefined])(
    'a time that is none (%s) is refused: everything would be overdue',
    (time) => {
      const now = time as number;
      const connection = new HttpConnection();
      const refused = expect.objectContaining({ code: 'bad-argument' });
      expect(() => connection.tick(now)).toThrow(refused);
      if (now !== undefined) {
        expect(() => new HttpConnection({ now })).toThrow(expect.objectContaining({ code: 'bad-option' }));
        expect(() => connection.receive(new Uint8Array(0), now)).toThrow(refused);
        expect(() => connection.receiveEnd(now)).toThrow(refused);
        expect(() => connection.awaitBody(now)).toThrow(refused);
        expect(() => connection.next(now)).toThrow(refused);
        expect(() => connection.finish(now)).toThrow(refused);
        expect(() => connection.refuse(new HttpConnection().fail('handler-failed', ''), now)).toThrow(
          refused,
        );
        expect(() => connection.fail('handler-failed', '', undefined, 500, now)).toThrow(refused);
      }
      expect([connection.outputEnded, connection.inputEnded, connection.deadline]).toEqual([
        false,
        false,
        10_000,
      ]);
    },
  );

  test.each(['nope', '__proto__', undefined])(
    'fail refuses the code %s, and the connection stays',
    (code) => {
      const connection = new HttpConnection();
      expect(() => connection.fail(code as never, 'x')).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      expect(connection.outputEnded).toBe(false);
    },
  );
});
