/**
 * HTTP on the port of the WebSockets.
 *
 * @module
 */
import { headerOf, type WireResponse } from '../../support/http-wire.ts';
import { requestHead } from '../../support/raw-client.ts';
import { equal, gate, pause, until } from '../assert.ts';
import { type BehaviourCase, withServer } from '../env.ts';

const post = (path: string, body: string, ...headers: string[]): string =>
  requestHead(`POST ${path}`, `Content-Length: ${body.length}`, ...headers) + body;

/** HTTP. */
export const HTTP: readonly BehaviourCase[] = [
  {
    name: 'http: without useHttp a browser sees a 404 page, and HEAD its head',
    run: (env) =>
      withServer(
        env,
        (server) => void server.useWebSockets({}),
        async (running) => {
          const response = await fetch(`http://127.0.0.1:${running.port}/nothing?here`);
          equal(response.status, 404, 'status');
          equal(response.headers.get('content-type'), 'text/html; charset=utf-8', 'type');
          equal((await response.text()).includes('<h1>404 Not Found</h1>'), true, 'page');
          const head = await fetch(`http://127.0.0.1:${running.port}/`, { method: 'HEAD' });
          equal([head.status, await head.text()], [404, ''], 'HEAD');
        },
      ),
  },
  {
    name: 'http: the second server of the guide answers 400',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (_request, response) => {
            response.status = 400;
          }),
        async (running) => {
          const response = await fetch(`http://127.0.0.1:${running.port}/`);
          equal([response.status, await response.text()], [400, ''], 'answer');
        },
      ),
  },
  {
    name: 'http: method, path, query and headers arrive; text, json and bytes are read; fetch understands the answers',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (request, response) => {
            switch (request.path) {
              case '/json':
                await response.json({
                  got: await request.json(),
                  q: request.query.get('q'),
                  m: request.method,
                });
                break;
              case '/text':
                await response.send(`${request.headers.get('x-name')} ${await request.text()}`);
                break;
              default:
                await response.send(await request.bytes());
            }
          }),
        async (running) => {
          const base = `http://127.0.0.1:${running.port}`;
          const json = await fetch(`${base}/json?q=a%26b`, {
            method: 'PUT',
            body: JSON.stringify({ a: ['ä'] }),
          });
          equal(await json.json(), { got: { a: ['ä'] }, q: 'a&b', m: 'PUT' }, 'json');
          const text = await fetch(`${base}/text`, {
            method: 'POST',
            body: 'bödy',
            headers: { 'X-Name': 'value' },
          });
          equal(await text.text(), 'value bödy', 'text');
          const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i * 3);
          const back = await fetch(`${base}/bytes`, { method: 'POST', body: bytes });
          equal(new Uint8Array(await back.arrayBuffer()), bytes, 'bytes');
        },
      ),
  },
  {
    name: 'http: bodies stream in and out, chunked, with backpressure both ways',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (request, response) => {
            await response.send(
              (async function* () {
                for await (const piece of request.body) yield piece;
              })(),
            );
          }),
        async (running) => {
          const client = await running.raw();
          const size = 3_000_000;
          client.write(requestHead('POST /', 'Transfer-Encoding: chunked', 'Connection: close'));
          const piece = new Uint8Array(50_000).fill(0x61);
          for (let sent = 0; sent < size; sent += piece.length) {
            client.write(`${piece.length.toString(16)}\r\n`, piece, '\r\n');
          }
          client.write('0\r\n\r\n');
          await client.whenEnded();
          const { status, body } = await client.response();
          equal([status, body.length, /^a*$/.test(body)], [200, size, true], 'echo');
        },
        { limits: { maxBodyBytes: 1e8 } },
      ),
  },
  {
    name: 'http: pipelined requests are answered in order, however long each takes [RFC 9112 9.3.2]',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (request, response) => {
            if (request.path.endsWith('5')) await pause(1);
            await response.send(`${request.path} ${(await request.text()).length}`);
          }),
        async (running) => {
          const client = await running.raw();
          let all = '';
          for (let i = 0; i < 100; i++)
            all += i % 2 === 0 ? requestHead(`GET /${i}`) : post(`/${i}`, 'x'.repeat(i));
          client.write(all);
          for (let i = 0; i < 100; i++)
            equal((await client.response()).body, `/${i} ${i % 2 === 0 ? 0 : i}`, 'answer');
        },
      ),
  },
  {
    name: 'http: HEAD, 204 and 304 have no body; keep-alive goes on behind them',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp((request, response) => {
            response.status = Number(request.query.get('status') ?? 200);
            return response.send('body');
          }),
        async (running) => {
          const client = await running.raw();
          const answers: Array<readonly [number, string]> = [];
          for (const line of [
            'HEAD /',
            'GET /?status=204',
            'GET /?status=304',
            'GET /?status=205',
            'GET /',
          ]) {
            const { status, body } = await client.write(requestHead(line)).response(line.split(' ')[0]);
            answers.push([status, body]);
          }
          equal(
            answers,
            [
              [200, ''],
              [204, ''],
              [304, ''],
              [205, ''],
              [200, 'body'],
            ],
            'answers',
          );
        },
      ),
  },
  {
    name: 'http: keep-alive as 1.1 and 1.0 have it, and Connection: close [RFC 9112 9.3]',
    run: (env) =>
      withServer(
        env,
        () => {},
        async (running) => {
          const ask = async (text: string): Promise<[WireResponse, boolean]> => {
            const client = await running.raw();
            client.write(text);
            const response = await client.response();
            client.write(requestHead('GET /'));
            const goesOn = await Promise.race([
              client.whenEnded().then(() => false),
              client.response().then(
                () => true,
                () => false,
              ),
            ]);
            client.destroy();
            return [response, goesOn];
          };
          const cases = [
            [requestHead('GET /'), undefined, true],
            [requestHead('GET /', 'Connection: close'), 'close', false],
            ['GET / HTTP/1.0\r\n\r\n', 'close', false],
            ['GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n', 'keep-alive', true],
          ] as const;
          for (const [text, connection, goesOn] of cases) {
            const [response, wentOn] = await ask(text);
            equal([headerOf(response, 'connection'), wentOn], [connection, goesOn], text);
          }
        },
      ),
  },
  {
    name: 'http: Expect: 100-continue is asked for when the app reads, and refused when it does not [RFC 9110 10.1.1]',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (request, response) => {
            if (request.path === '/no') response.status = 403;
            else await response.send(await request.text());
          }),
        async (running) => {
          const asks = (path: string): string =>
            requestHead(`POST ${path}`, 'Content-Length: 3', 'Expect: 100-continue');
          const yes = await running.raw();
          equal((await yes.write(asks('/yes')).response()).status, 100, 'asked for');
          equal((await yes.write('abc').response()).body, 'abc', 'answer');
          const no = await running.raw();
          const refused = await no.write(asks('/no')).response();
          equal([refused.status, headerOf(refused, 'connection')], [403, 'close'], 'refused');
          await no.whenEnded();
        },
      ),
  },
  {
    name: 'http: Date and Content-Length are written; a header cannot be injected',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp((_request, response) => {
            let thrown = false;
            try {
              response.headers.set('X-Bad', 'a\r\nSet-Cookie: b');
            } catch {
              thrown = true;
            }
            response.headers.set('Set-Cookie', ['a=1', 'b=2']);
            return response.json(thrown);
          }),
        async (running) => {
          const client = await running.raw();
          const response = await client.write(requestHead('GET /')).response();
          equal(response.body, 'true', 'the injection threw');
          equal(headerOf(response, 'content-length'), '4', 'length');
          equal(Math.abs(Date.parse(headerOf(response, 'date')!) - Date.now()) < 5000, true, 'date');
          equal(response.headers.filter(([name]) => name === 'Set-Cookie').length, 2, 'cookies');
        },
      ),
  },
  {
    name: 'http: half-closed by the peer, its request is answered all the same',
    run: (env) =>
      withServer(
        env,
        (server) =>
          void server.useHttp(async (_request, response) => {
            await pause(2);
            await response.send('late');
          }),
        async (running) => {
          const client = await running.raw();
          client.write(requestHead('GET /')).end();
          equal((await client.response()).body, 'late', 'answer');
          await client.whenEnded();
          await running.empty();
        },
      ),
  },
  {
    name: 'http: stop answers the request at hand, and no other',
    run: (env) => {
      const { promise, open } = gate();
      const asked = gate();
      return withServer(
        env,
        (server) =>
          void server.useHttp(async (_request, response) => {
            asked.open();
            await promise;
            await response.send('answered');
          }),
        async (running) => {
          const client = await running.raw();
          client.write(requestHead('GET /1'), requestHead('GET /2'));
          await asked.promise;
          const stopped = running.server.stop();
          open();
          const response = await client.response();
          equal([response.body, headerOf(response, 'connection')], ['answered', 'close'], 'answer');
          await client.whenEnded();
          client.end();
          await stopped;
          await running.server.stopped;
        },
      );
    },
  },
  {
    name: 'http: stop during a long answer is over when the peer has it and ends, not when the time is up',
    run: (env) => {
      const size = 20_000_000;
      return withServer(
        env,
        (server) => void server.useHttp((_request, response) => response.send(new Uint8Array(size))),
        async (running) => {
          const client = await running.raw();
          client.pause();
          client.write(requestHead('GET /'));
          await pause(50);
          let stopped = false;
          void running.server.stop().then(() => (stopped = true));
          client.resume();
          await client.whenReceived(size);
          await client.whenEnded();
          client.end();
          await until(() => stopped, 'stop');
          equal(running.errors, [], 'errors');
        },
        { limits: { closeTimeoutMs: 60_000 } },
      );
    },
  },
];
