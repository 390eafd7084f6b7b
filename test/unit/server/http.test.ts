import { type HttpRequest, refuse } from 'sansocket/server';
import { describe, expect, test } from 'vitest';
import { headerOf } from '../../support/http-wire.ts';
import { requestHead } from '../../support/raw-client.ts';
import { gate, Rig, stopAfterEach, TRANSPORTS, turns, until } from './support.ts';

stopAfterEach();

const post = (path: string, body: string): string =>
  requestHead(`POST ${path}`, `Content-Length: ${body.length}`) + body;

describe.each(TRANSPORTS)('a server’s HTTP over %s', (_, make) => {
  test('without useHttp everything is 404, with a page of ours', async () => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    for (const line of ['GET /', 'GET /favicon.ico', 'DELETE /x?y=z', 'OPTIONS *', 'TRACE /']) {
      const response = await client.write(requestHead(line)).response();
      expect(response.status, line).toBe(404);
      expect(headerOf(response, 'content-type')).toBe('text/html; charset=utf-8');
      expect(response.body).toContain('<h1>404 Not Found</h1>');
      expect(Date.parse(headerOf(response, 'date')!)).toBeGreaterThan(Date.now() - 5000);
    }
    const headed = await client.write(requestHead('HEAD /')).response('HEAD');
    expect([headed.status, headed.body]).toEqual([404, '']);
    expect(rig.errors).toEqual([]);
  });

  test('the second server of the guide: a handler that only sets the status', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (_request, response) => {
      response.status = 400;
    });
    await rig.start();
    const response = await (await rig.client()).write(requestHead('GET /')).response();
    expect(response).toMatchObject({ status: 400, body: '' });
    expect(headerOf(response, 'content-length')).toBe('0');
  });

  test('a request tells method, target, path, query, headers, host, version and where it came from', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((request, response) =>
      response.json({
        method: request.method,
        target: request.target,
        path: request.path,
        query: [...request.query],
        header: request.headers.get('x-NAME'),
        host: request.host,
        version: request.version,
        remote: request.remoteAddress,
        encrypted: request.encrypted,
      }),
    );
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('PURGE /a%20b/?room=1&room=2&n=a%26b+c', 'X-Name: one', 'x-name: two'));
    const response = await client.response();
    expect(headerOf(response, 'content-type')).toBe('application/json');
    expect(JSON.parse(response.body)).toEqual({
      method: 'PURGE',
      target: '/a%20b/?room=1&room=2&n=a%26b+c',
      path: '/a%20b/',
      query: [
        ['room', '1'],
        ['room', '2'],
        ['n', 'a&b c'],
      ],
      header: 'one, two',
      host: 'localhost',
      version: '1.1',
      remote: '127.0.0.1',
      encrypted: false,
    });
  });

  test('text, json and bytes read the body, of a length and chunked', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      if (request.path === '/text') await response.send(await request.text());
      if (request.path === '/json') await response.json(await request.json());
      if (request.path === '/bytes') await response.send((await request.bytes()).reverse());
    });
    await rig.start();
    const client = await rig.client();
    const chunked = (path: string, body: string): string =>
      `${requestHead(`POST ${path}`, 'Transfer-Encoding: chunked')}${[...body].map((c) => `1\r\n${c}\r\n`).join('')}0\r\n\r\n`;
    for (const form of [post, chunked]) {
      expect((await client.write(form('/text', 'h\xc3\xa9!')).response()).body).toBe('h\xc3\xa9!');
      expect((await client.write(form('/json', '{"a":[1,null]}')).response()).body).toBe('{"a":[1,null]}');
      expect((await client.write(form('/bytes', 'abc')).response()).body).toBe('cba');
      expect((await client.write(form('/text', '')).response()).body).toBe('');
    }
    expect((await client.write(requestHead('GET /text')).response()).body).toBe('');
  });

  test('a body that is no JSON is answered with 400, and is told as the request’s fault', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => response.json(await request.json()));
    await rig.start();
    expect((await (await rig.client()).write(post('/', '{"a":')).response()).status).toBe(400);
    expect(rig.errors).toEqual(['request: bad-json']);
  });

  test('a body is read once: to ask again is one clear error, whichever way it was read', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      const told: unknown[] = [];
      const ask = async (how: 'bytes' | 'text' | 'json'): Promise<void> => {
        try {
          told.push(await request[how]());
        } catch (error) {
          told.push((error as { code?: unknown }).code);
        }
      };
      if (request.path === '/loop') for await (const _piece of request.body);
      else if (request.path === '/left') for await (const _piece of request.body) break;
      else if (request.path === '/at-once') await Promise.all([ask('text'), ask('json')]);
      else await ask('text');
      await ask('json');
      await response.json(told);
    });
    await rig.start();
    const client = await rig.client();
    const expected = {
      '/twice': ['1', 'bad-state'],
      '/at-once': ['1', 'bad-state', 'bad-state'],
      '/loop': ['bad-state'],
      '/left': ['bad-state'],
    };
    for (const [path, told] of Object.entries(expected)) {
      // '/at-once' settles in any order.
      const answer = JSON.parse((await client.write(post(path, '1')).response()).body) as unknown[];
      expect(answer.sort(), path).toEqual(told);
    }
    const none = await client.write(requestHead('GET /twice')).response();
    expect(JSON.parse(none.body)).toEqual(['', 'bad-json']);
  });

  test('a handler takes less than the server does with maxBytes: 413, declared or not, and at once where a peer asks first', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      if (request.path === '/text') await response.send(await request.text({ maxBytes: 3 }));
      else if (request.path === '/json') await response.json(await request.json({ maxBytes: 3 }));
      else await response.send(await request.bytes({ maxBytes: 3 }));
    });
    await rig.start();
    for (const path of ['/text', '/json', '/bytes']) {
      const client = await rig.client();
      expect((await client.write(post(path, '123')).response()).body).toBe('123');
      const head = requestHead(`POST ${path}`, 'Transfer-Encoding: chunked');
      const response = await client.write(`${head}3\r\n123\r\n1\r\n4\r\n0\r\n\r\n`).response();
      expect([response.status, response.body]).toEqual([
        413,
        'Cannot read request: its body has more than 3 bytes (maxBytes)\n',
      ]);
      const asking = await rig.client();
      asking.write(requestHead(`POST ${path}`, 'Content-Length: 4', 'Expect: 100-continue'));
      expect((await asking.response()).status).toBe(413);
    }
    expect(rig.errors).toEqual(Array(6).fill('request: body-too-big'));
  });

  test.each([[-1], ['3'], [Number.NaN]])('maxBytes of %j is refused', async (maxBytes) => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request) => void (await request.bytes({ maxBytes } as never)));
    await rig.start();
    expect((await (await rig.client()).write(post('/', '1')).response()).status).toBe(500);
    expect(rig.errors).toEqual(['handler: bad-option']);
  });

  test('a body that is too big is answered with 413, declared or not', async () => {
    const rig = new Rig(make(), { limits: { maxBodyBytes: 10 } });
    rig.server.useHttp(async (request, response) => response.send(await request.text()));
    await rig.start();
    const declared = await rig.client();
    expect((await declared.write(requestHead('POST /', 'Content-Length: 11')).response()).status).toBe(413);
    const chunked = await rig.client();
    chunked.write(requestHead('POST /', 'Transfer-Encoding: chunked'), '6\r\nabcdef\r\n', '6\r\nabcdef\r\n');
    expect((await chunked.response()).status).toBe(413);
    expect((await (await rig.client()).write(post('/', '0123456789')).response()).body).toBe('0123456789');
    expect(rig.errors).toEqual(['request: body-too-big', 'request: body-too-big']);
  });

  test('the body streams in, and slow reading holds the peer back', async () => {
    const rig = new Rig(make(), { limits: { maxBodyBytes: 1e9, highWaterMarkBytes: 1000 } });
    const { promise, open } = gate();
    let total = 0;
    rig.server.useHttp(async (request, response) => {
      let first = true;
      for await (const piece of request.body) {
        if (first) await promise;
        first = false;
        total += piece.length;
      }
      await response.send(String(total));
    });
    await rig.start();
    const client = await rig.client();
    const size = 20_000_000;
    client.write(requestHead('POST /', `Content-Length: ${size}`));
    const piece = new Uint8Array(100_000);
    for (let sent = 0; sent < size; sent += piece.length) client.write(piece);
    await turns(5);
    expect(total).toBe(0);
    open();
    expect((await client.response()).body).toBe(String(size));
  });

  test('a handler that leaves the loop over the body early can answer, and the connection goes on', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      for await (const _piece of request.body) break;
      await response.send(request.path);
    });
    await rig.start();
    const client = await rig.client();
    client.write(post('/1', 'x'.repeat(200_000)), post('/2', 'y'));
    expect((await client.response()).body).toBe('/1');
    expect((await client.response()).body).toBe('/2');
  });

  test('a body that nobody reads, however slow the answer, holds nothing up behind it', async () => {
    const rig = new Rig(make(), { limits: { highWaterMarkBytes: 1000 } });
    rig.server.useHttp(async (request, response) => {
      await turns(3);
      await response.send(request.path);
    });
    await rig.start();
    const client = await rig.client();
    client.write(post('/1', 'x'.repeat(300_000)), post('/2', 'x'.repeat(300_000)), requestHead('GET /3'));
    expect((await client.response()).body).toBe('/1');
    expect((await client.response()).body).toBe('/2');
    expect((await client.response()).body).toBe('/3');
    expect(rig.errors).toEqual([]);
  });

  test('reading a body after the response is finished is told as the app’s mistake, and hangs nothing', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      void response.send('early');
      await request.text();
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('POST /', 'Content-Length: 5'));
    expect((await client.response()).body).toBe('early');
    await until(() => rig.errors.length === 1, 'the error');
    expect(rig.errors).toEqual(['handler: bad-state']);
  });

  test('the response streams out: write and end, an iterable, an async generator', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      response.headers.set('X-Path', request.path);
      if (request.path === '/write') {
        await response.write('one ');
        await response.write(Uint8Array.of(0x74, 0x77, 0x6f));
        await response.end();
      } else if (request.path === '/list') await response.send(['a', Uint8Array.of(0x62)]);
      else {
        await response.send(
          (async function* () {
            yield 'first ';
            await turns(1);
            yield 'second';
          })(),
        );
      }
    });
    await rig.start();
    const client = await rig.client();
    for (const [path, body] of [
      ['/write', 'one two'],
      ['/list', 'ab'],
      ['/generator', 'first second'],
    ] as const) {
      const response = await client.write(requestHead(`GET ${path}`)).response();
      expect(response.body).toBe(body);
      expect(headerOf(response, 'transfer-encoding')).toBe('chunked');
      expect(headerOf(response, 'x-path')).toBe(path);
      const headed = await client.write(requestHead(`HEAD ${path}`)).response('HEAD');
      expect(headed.status).toBe(200);
    }
  });

  test('a body of pieces that the handler does not wait for is sent to its end all the same', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((_, response) => {
      void response.send(
        (async function* () {
          for (let i = 0; i < 5; i++) {
            await turns(1);
            yield `${i} `;
          }
        })(),
      );
    });
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('GET /')).response()).body).toBe('0 1 2 3 4 ');
    expect((await client.write(requestHead('GET /')).response()).body).toBe('0 1 2 3 4 ');
  });

  test('while a body of pieces is being sent, write is refused: two bodies would mix', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (_, response) => {
      const sent = response.send(['a', 'b']);
      expect(() => response.write('c')).toThrow(expect.objectContaining({ code: 'bad-state' }));
      await sent;
      await response.end();
    });
    await rig.start();
    expect((await (await rig.client()).write(requestHead('GET /')).response()).body).toBe('ab');
    expect(rig.errors).toEqual([]);
  });

  test('a peer that does not read holds a streaming handler back, and memory stays bounded', async () => {
    const rig = new Rig(make());
    let written = 0;
    let finished = false;
    rig.server.useHttp(async (_, response) => {
      const piece = new Uint8Array(64 * 1024);
      for (let i = 0; i < 400; i++) {
        written += piece.length;
        await response.write(piece);
      }
      finished = true;
    });
    await rig.start();
    const client = await rig.client();
    client.pause();
    client.write(requestHead('GET /', 'Connection: close'));
    await until(() => written > 0, 'the first piece');
    let before = -1;
    while (before !== written) {
      before = written;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(finished).toBe(false);
    expect(written).toBeLessThan(20_000_000);
    client.resume();
    await client.whenEnded();
    expect(client.receivedBytes).toBeGreaterThan(400 * 64 * 1024);
    expect(client.receivedBytes).toBeLessThan(400 * 64 * 1024 + 5000);
    expect(finished).toBe(true);
  });

  test('a handler that is still streaming when the peer leaves is not held up, and its source is ended', async () => {
    const rig = new Rig(make());
    const { promise, open } = gate();
    rig.server.useHttp(async (_, response) => {
      await response.send(
        (async function* () {
          try {
            for (;;) {
              yield 'x'.repeat(1000);
              await turns(1);
            }
          } finally {
            open();
          }
        })(),
      );
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    await client.whenReceived(5000);
    client.destroy();
    await promise;
    await until(() => rig.server.connectionCount === 0, 'no connection');
  });

  test('a source that gives nothing more is let go of when the connection is gone, and its handler goes on', async () => {
    const rig = new Rig(make());
    const [handled, left] = [gate(), gate()];
    rig.server.useHttp(async (_, response) => {
      let pieces = 0;
      const next = (): Promise<IteratorResult<string>> =>
        pieces++ === 0 ? Promise.resolve({ done: false, value: 'first' }) : new Promise(() => {});
      const source = {
        next,
        return: async () => {
          left.open();
          return { done: true as const, value: undefined };
        },
      };
      await response.send({ [Symbol.asyncIterator]: () => source });
      handled.open();
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    await client.whenReceived(50);
    await rig.server.stop({ timeoutMs: 0 });
    await Promise.all([handled.promise, left.promise]);
    expect(rig.errors).toEqual([]);
  });

  test('write in a loop ends when the peer leaves: it rejects with not-open, which is no failure', async () => {
    const rig = new Rig(make());
    const { promise, open } = gate<unknown>();
    rig.server.useHttp(async (_, response) => {
      try {
        for (let i = 0; i < 1_000_000; i++) await response.write('x'.repeat(1000));
        open('never');
      } catch (error) {
        open((error as { code?: unknown }).code);
        throw error;
      }
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    await client.whenReceived(5000);
    client.destroy();
    expect(await promise).toBe('not-open');
    await until(() => rig.server.connectionCount === 0, 'no connection');
    await turns();
    expect(rig.errors).toEqual(['transport: connection-reset']);
  });

  test.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])(
    '%s, %i: a source without end is not read, and the next request has its turn',
    async (method, status) => {
      const rig = new Rig(make());
      let taken = 0;
      rig.server.useHttp((request, response) => {
        if (request.path === '/next') return response.send('next');
        response.status = status;
        return response.send(
          (function* () {
            // The end is there for the test's sake.
            for (; taken < 1000; taken++) yield 'x'.repeat(1000);
          })(),
        );
      });
      await rig.start();
      const client = await rig.client();
      client.write(requestHead(`${method} /`), requestHead('GET /next'));
      expect((await client.response('HEAD')).status).toBe(status);
      expect((await client.response()).body).toBe('next');
      expect(taken).toBe(0);
      expect(rig.errors).toEqual([]);
    },
  );

  test('HEAD: a loop of writes without end leaves others their turn, and ends with the connection', async () => {
    const rig = new Rig(make());
    const { promise, open } = gate();
    let others = 0;
    rig.server.useHttp(async (request, response) => {
      if (request.method !== 'HEAD') return response.send('other');
      try {
        for (let i = 0; i < 100_000; i++) {
          await response.write('x');
          // The end is there for the test's sake.
          if (i > 5000 && others === 0) break;
        }
      } finally {
        open();
      }
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('HEAD /'));
    await client.response('HEAD');
    const other = await rig.client();
    other.write(requestHead('GET /'));
    expect((await other.response()).body).toBe('other');
    others = 1;
    client.destroy();
    await promise;
  });

  test('pipelined requests are answered in order, however long each handler takes [RFC 9112 9.3.2]', async () => {
    const rig = new Rig(make());
    let under = 0;
    rig.server.useHttp(async (request, response) => {
      under++;
      expect(under).toBe(1);
      const { length } = await request.text();
      await turns(Number(request.path.slice(1)) % 3);
      under--;
      await response.send(`${request.path} ${length}`);
    });
    await rig.start();
    const client = await rig.client();
    const count = 50;
    for (let i = 0; i < count; i++)
      client.write(i % 2 === 0 ? requestHead(`GET /${i}`) : post(`/${i}`, 'x'.repeat(i)));
    for (let i = 0; i < count; i++) {
      expect((await client.response()).body).toBe(`/${i} ${i % 2 === 0 ? 0 : i}`);
    }
  });

  test('10 000 pipelined requests with a handler that answers at once do not overflow the stack', async () => {
    const rig = new Rig(make());
    let count = 0;
    rig.server.useHttp((_, response) => response.send(String(count++)));
    await rig.start();
    const client = await rig.client();
    const total = 10_000;
    client.write(requestHead('GET /').repeat(total - 1), requestHead('GET /', 'Connection: close'));
    await client.whenEnded();
    expect(count).toBe(total);
    expect(client.takeText().endsWith(`\r\n\r\n${total - 1}`)).toBe(true);
    expect(rig.errors).toEqual([]);
  });

  test('Expect: 100-continue: asked for when the app reads, refused when it answers without [RFC 9110 10.1.1]', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      if (request.path === '/no') response.status = 413;
      else await response.send(await request.text());
    });
    await rig.start();
    const asks = (path: string): string =>
      requestHead(`POST ${path}`, 'Content-Length: 3', 'Expect: 100-continue');
    const yes = await rig.client();
    expect((await yes.write(asks('/yes')).response()).status).toBe(100);
    expect((await yes.write('abc').response()).body).toBe('abc');
    const no = await rig.client();
    const response = await no.write(asks('/no')).response();
    expect([response.status, headerOf(response, 'connection')]).toEqual([413, 'close']);
    await no.whenEnded();
    expect(rig.errors).toEqual([]);
  });

  test('CONNECT is refused: this is no proxy', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((_, response) => response.send('tunnel'));
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('CONNECT localhost:80')).response()).status).toBe(501);
  });

  test('keep-alive: many requests one after another on one connection, then HTTP/1.0 ends it', async () => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    for (let i = 0; i < 20; i++)
      expect((await client.write(requestHead('GET /')).response()).status).toBe(404);
    client.write('GET / HTTP/1.0\r\n\r\n');
    expect(headerOf(await client.response(), 'connection')).toBe('close');
    await client.whenEnded();
  });

  test('signal: aborted when the peer leaves before it is answered, with what became of it', async () => {
    const rig = new Rig(make());
    const reasons: unknown[] = [];
    rig.server.useHttp(async (request) => {
      const { signal } = request;
      expect([request.signal === signal, signal.aborted]).toEqual([true, false]);
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      reasons.push((signal.reason as { code?: string }).code);
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    await turns();
    client.destroy();
    await until(() => reasons.length === 1, 'the handler is told');
    expect(reasons[0]).toMatch(/^(not-open|connection-reset)$/);
    expect(rig.errors.filter((error) => !error.startsWith('transport'))).toEqual([]);
  });

  test('signal: aborted when the peer ends its side, and what is sent nevertheless arrives', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async ({ signal }, response) => {
      if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await response.send(String((signal.reason as { code?: string }).code));
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /1'), requestHead('GET /2')).end();
    expect((await client.response()).body).toBe('not-open');
    expect((await client.response()).body).toBe('not-open');
  });

  test('signal: aborted with the fault when a request is given up', async () => {
    const rig = new Rig(make(), { limits: { headTimeoutMs: 20 } });
    let reason: unknown;
    let late: HttpRequest | undefined;
    rig.server.useHttp(async (request) => {
      if (request.path === '/late') late = request;
      else {
        request.signal.addEventListener('abort', () => {
          reason = request.signal.reason;
        });
      }
      await request.bytes();
    });
    await rig.start();
    for (const path of ['/', '/late']) {
      const client = await rig.client();
      client.write(requestHead(`POST ${path}`, 'Content-Length: 5'));
      expect((await client.response()).status).toBe(408);
    }
    expect(reason).toMatchObject({ code: 'body-timeout' });
    expect(late?.signal).toMatchObject({ aborted: true, reason: { code: 'body-timeout' } });
  });

  test('signal: means nothing any more once the request is answered or upgraded; and is aborted where it is first asked for too late', async () => {
    const rig = new Rig(make());
    const kept: HttpRequest[] = [];
    rig.server.useHttp(async (request, response) => {
      kept.push(request);
      if (request.path === '/asked') expect(request.signal.aborted).toBe(false);
      if (request.path !== '/late') await response.send('x');
      else await gone.promise;
    });
    rig.server.useWebSockets({
      authorize(request) {
        kept.push(request);
        expect(request.signal.aborted).toBe(false);
      },
    });
    const gone = gate();
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /asked'), requestHead('GET /late'));
    await client.response();
    const socket = await rig.socket();
    await until(() => kept.length === 3, 'all have come');
    client.destroy();
    socket.destroy();
    gone.open();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(kept.map(({ path, signal }) => [path, signal.aborted])).toEqual([
      ['/asked', false],
      ['/late', true],
      ['/', false],
    ]);
  });

  test('half-closed by the peer: what it asked for is answered, then the connection is over', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (_, response) => {
      await turns(3);
      await response.send('late');
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'), requestHead('GET /')).end();
    expect((await client.response()).body).toBe('late');
    expect((await client.response()).body).toBe('late');
    await client.whenEnded();
    await until(() => rig.server.connectionCount === 0, 'no connection');
  });
});

describe('HttpResponse', () => {
  /** What the handler's second half throws. */
  async function thrownBy(
    run: (response: import('sansocket/server').HttpResponse) => unknown,
  ): Promise<unknown> {
    const rig = new Rig(TRANSPORTS[0]![1]());
    let thrown: unknown;
    rig.server.useHttp((_, response) => {
      try {
        run(response);
      } catch (error) {
        thrown = error;
      }
    });
    await rig.start();
    const client = await rig.client();
    await client.write(requestHead('GET /')).response();
    return thrown;
  }

  test.each([123, null, true, {}, Symbol('x'), new Date(0)])(
    'send(%s) throws, and the response can still be sent',
    async (body) => {
      expect(await thrownBy((response) => response.send(body as string))).toMatchObject({
        code: 'bad-argument',
      });
      expect(await thrownBy((response) => response.write(body as string))).toMatchObject({
        code: 'bad-argument',
      });
    },
  );

  test.each([undefined, () => {}, Symbol('x')])('json(%s) throws: it has no form in JSON', async (value) => {
    expect(await thrownBy((response) => response.json(value))).toMatchObject({ code: 'bad-argument' });
  });

  test.each([
    ['send, then send', (r: import('sansocket/server').HttpResponse) => [r.send('a'), r.send('b')]],
    ['send, then write', (r: import('sansocket/server').HttpResponse) => [r.send('a'), r.write('b')]],
    ['write, then send', (r: import('sansocket/server').HttpResponse) => [r.write('a'), r.send('b')]],
    ['end, then write', (r: import('sansocket/server').HttpResponse) => [r.end(), r.write('b')]],
  ])('%s: the second throws bad-state', async (_, run) => {
    expect(await thrownBy(run)).toMatchObject({ code: 'bad-state' });
  });

  test.each([99, 101, 600, Number.NaN, '200'])('status %s throws when it is sent', async (status) => {
    expect(
      await thrownBy((response) => {
        response.status = status as number;
        try {
          void response.send('a');
        } finally {
          response.status = 200;
        }
      }),
    ).toMatchObject({ code: 'bad-argument' });
  });

  test('sent tells whether the head is on its way', async () => {
    const seen: boolean[] = [];
    await thrownBy((response) => {
      seen.push(response.sent);
      void response.write('a');
      seen.push(response.sent);
    });
    expect(seen).toEqual([false, true]);
  });

  test.each([null, { error: 'no' }, 5, new Uint8Array(1)])('refuse(401, %j) throws', (body) => {
    expect(() => refuse(401, body as never)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  test.each([200, 99, 600, 401.5, '401', undefined])('refuse(%s) throws', (status) => {
    expect(() => refuse(status as number)).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });
});
