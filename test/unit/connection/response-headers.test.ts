import { HttpConnection } from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { HTTP_ERRORS, ProtocolError } from '../../../src/errors.ts';
import { HttpBench, head } from './http-support.ts';

const asked = (line = 'GET /'): HttpBench => {
  const bench = new HttpBench();
  bench.receive(head(line));
  return bench;
};

describe('ResponseWriter and the headers of the app', () => {
  test('headers whose names are as long as those of its own go out as they are', () => {
    const headers = [
      ['ETag', '"a"'],
      ['X-Ten-Long', 'b'],
      ['X-Fourteen-Lon', 'c'],
      ['X-Seventeen-Long!', 'd'],
    ] as const;
    const bench = asked();
    bench.response.send(200, headers, 'body');
    const [response] = bench.responses();
    expect(response?.headers).toEqual([...headers, ['Content-Length', '4']]);
  });

  test('a header value above 0x7F and no body, neither of text nor of bytes', () => {
    for (const body of ['', new Uint8Array(0)]) {
      const bench = asked();
      bench.response.send(200, [['X-A', 'caf\xe9']], body);
      const [response] = bench.responses();
      expect(response?.headers).toEqual([
        ['X-A', 'caf\xe9'],
        ['Content-Length', '0'],
      ]);
      expect(response?.body).toBe('');
    }
  });

  test('a long text in answer to HEAD is counted, and not sent', () => {
    const bench = asked('HEAD /');
    bench.response.send(200, [], 'x'.repeat(10_000));
    expect(bench.sent()).toMatch(/Content-Length: 10000\r\n\r\n$/);
  });

  test('write before start is refused, and says why', () => {
    const bench = asked();
    expect(() => bench.response.write(Uint8Array.of(1))).toThrow(
      expect.objectContaining({ code: 'bad-state', message: expect.stringContaining('not started') }),
    );
  });
});

describe('HttpConnection.refuse', () => {
  const error = new ProtocolError('bad-json', HTTP_ERRORS['bad-json'], 'Cannot read body: it is no JSON', 0);

  test('answers the request at hand with the status of the error, and ends the connection', () => {
    const bench = asked();
    bench.connection.refuse(error);
    expect(bench.sent()).toMatch(/^HTTP\/1\.1 400 /);
    expect(bench.connection.outputEnded).toBe(true);
    bench.connection.refuse(error);
    expect(bench.sent()).toBe('');
  });

  test('cuts off a response that has begun, so that nobody takes it for whole', () => {
    const bench = asked();
    bench.response.start(200, []);
    bench.connection.refuse(error);
    expect(bench.connection.dropped).toBe(true);
  });
});

describe('HttpConnection.recycleOutput', () => {
  test('takes back what was sent, and writes the next response into it', () => {
    const connection = new HttpConnection();
    const answers: string[] = [];
    for (let i = 0; i < 3; i++) {
      connection.receive(new TextEncoder().encode('GET / HTTP/1.1\r\nHost: x\r\n\r\n'));
      while (connection.next() !== undefined);
      connection.response.send(200, [], String(i));
      const output = connection.takeOutput()!;
      answers.push(new TextDecoder().decode(output).slice(-1));
      connection.recycleOutput(output);
    }
    expect(answers).toEqual(['0', '1', '2']);
  });
});
