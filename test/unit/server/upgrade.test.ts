import { type HttpRequest, refuse, type Server } from 'sansocket/server';
import { describe, expect, test } from 'vitest';
import { headerOf } from '../../support/http-wire.ts';
import { type RawClient, requestHead, UPGRADE_HEADERS } from '../../support/raw-client.ts';
import { concat, masked } from '../../support/wire.ts';
import { gate, Rig, stopAfterEach, TRANSPORTS, turns, until } from './support.ts';

stopAfterEach();

const echo = (server: Server): void =>
  void server.useWebSockets(async (socket, message) => {
    await socket.send(message);
  });

/** Other people's promises: `then` returns nothing. */
function thenable(answer: unknown): PromiseLike<unknown> {
  const then = (done: (value: unknown) => void): void => void turns(1).then(() => done(answer));
  return Object.defineProperty({}, 'then', { value: then }) as PromiseLike<unknown>;
}

/** The upgrade headers, with some in the place of others. */
function headers(...changes: string[]): string[] {
  const changed = changes.map((line) => line.split(':')[0]!.toLowerCase());
  return [
    ...UPGRADE_HEADERS.filter((line) => !changed.includes(line.split(':')[0]!.toLowerCase())),
    ...changes.filter((line) => !line.endsWith(':')),
  ];
}

describe.each(TRANSPORTS)('a server’s upgrades over %s', (_, make) => {
  test('a right request becomes a WebSocket, with nothing that nobody asked for [RFC 6455 4.2.2]', async () => {
    const rig = new Rig(make());
    echo(rig.server);
    await rig.start();
    const client = await rig.client();
    const response = await client.upgrade(
      '/chat',
      'Sec-WebSocket-Protocol: a, b',
      'Sec-WebSocket-Extensions: x',
    );
    expect(response.status).toBe(101);
    expect(response.headers).toEqual([
      ['Upgrade', 'websocket'],
      ['Connection', 'Upgrade'],
      ['Sec-WebSocket-Accept', 's3pPLMBiTxaQ9kYGzzhZRbK+xOo='],
    ]);
    client.send(1, 'hä').send(2, Uint8Array.of(1, 2)).send(1, '').send(9, 'p');
    expect(await client.frames(4)).toEqual(['text "hä"', 'binary 0102', 'text ""', 'pong 70']);
    expect(rig.errors).toEqual([]);
  });

  test.each([
    ['POST', 'POST /', headers(), 400],
    ['no key', 'GET /', headers('Sec-WebSocket-Key:'), 400],
    ['a key that is too short', 'GET /', headers('Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZ'), 400],
    ['two keys', 'GET /', headers(UPGRADE_HEADERS[3]!, UPGRADE_HEADERS[3]!), 400],
    ['no version', 'GET /', headers('Sec-WebSocket-Version:'), 400],
    ['version 8', 'GET /', headers('Sec-WebSocket-Version: 8'), 426],
    ['version 13, twice', 'GET /', headers('Sec-WebSocket-Version: 13', 'Sec-WebSocket-Version: 13'), 400],
    ['version "013"', 'GET /', headers('Sec-WebSocket-Version: 013'), 400],
    ['no Connection: Upgrade', 'GET /', headers('Connection: keep-alive'), 400],
    ['Content-Length', 'GET /', headers('Content-Length: 5'), 400],
    ['Transfer-Encoding', 'GET /', headers('Transfer-Encoding: chunked'), 400],
    ['a subprotocol that is no token', 'GET /', headers('Sec-WebSocket-Protocol: a b'), 400],
    ['extensions that are none', 'GET /', headers('Sec-WebSocket-Extensions: a;;b'), 400],
    ['two origins', 'GET /', headers('Origin: http://a', 'Origin: http://b'), 403],
  ])(
    '%s is refused with the reason, and the connection ends [RFC 6455 4.2.1]',
    async (_, line, lines, status) => {
      const rig = new Rig(make());
      echo(rig.server);
      await rig.start();
      const client = await rig.client();
      client.write(requestHead(line, ...lines), masked(1, 'early'), requestHead('GET /smuggled'));
      const response = await client.response();
      expect(response.status).toBe(status);
      expect(response.body).toMatch(/^Cannot .* \(RFC .*\)\n$/);
      expect(headerOf(response, 'connection')).toMatch(/close$/);
      if (status === 426) {
        expect(headerOf(response, 'sec-websocket-version')).toBe('13');
        expect(headerOf(response, 'upgrade')).toBe('websocket');
        expect(headerOf(response, 'connection')).toBe('Upgrade, close');
      }
      await client.whenEnded();
      expect(client.takeText()).toBe('');
      expect(rig.errors).toHaveLength(1);
      expect(rig.errors[0]).toMatch(/^handshake: /);
      expect(rig.server.sockets.size).toBe(0);
    },
  );

  test('in a request of HTTP/1.0, Upgrade is ignored [RFC 9110 7.8]', async () => {
    const rig = new Rig(make());
    echo(rig.server);
    await rig.start();
    const ask = async (): Promise<number> => {
      const client = await rig.client();
      client.write(requestHead('GET /', ...UPGRADE_HEADERS).replace('HTTP/1.1', 'HTTP/1.0'));
      return (await client.response()).status;
    };
    expect(await ask()).toBe(404);
    rig.server.useHttp((_, response) => response.send('plain'));
    expect(await ask()).toBe(200);
    expect(rig.errors).toEqual([]);
  });

  test('a server without useWebSockets takes an upgrade request for plain HTTP', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((request, response) => response.send(`plain ${request.headers.get('upgrade')}`));
    await rig.start();
    const client = await rig.client();
    for (let i = 0; i < 2; i++)
      expect(await client.upgrade()).toMatchObject({ status: 200, body: 'plain websocket' });
  });

  test('an upgrade to something else than WebSocket is plain HTTP', async () => {
    const rig = new Rig(make());
    echo(rig.server);
    await rig.start();
    const client = await rig.client();
    client.write(
      requestHead('GET /', 'Connection: Upgrade, HTTP2-Settings', 'Upgrade: h2c', 'HTTP2-Settings: AAMAAABk'),
    );
    expect((await client.response()).status).toBe(404);
  });

  test('plain HTTP before the upgrade, on the same connection', async () => {
    const rig = new Rig(make());
    echo(rig.server);
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('GET /')).response()).status).toBe(404);
    client.write(requestHead('GET /'), requestHead('GET /', ...UPGRADE_HEADERS), masked(1, 'hi'));
    expect((await client.response()).status).toBe(404);
    expect((await client.response()).status).toBe(101);
    expect(await client.frames(1)).toEqual(['text "hi"']);
  });

  test('frames that come in one piece with the head are not lost, nor read twice', async () => {
    const rig = new Rig(make());
    const got: unknown[] = [];
    rig.server.useWebSockets((_socket, message) => void got.push(message));
    await rig.start();
    const client = await rig.client();
    const messages = Array.from({ length: 50 }, (_, i) => `m${i}`);
    client.write(
      concat([
        new TextEncoder().encode(requestHead('GET /', ...UPGRADE_HEADERS)),
        ...messages.map((message) => masked(1, message)),
        masked(8),
      ]),
    );
    expect((await client.response()).status).toBe(101);
    expect(await client.frames(1)).toEqual(['close']);
    expect(got).toEqual(messages);
  });
});

describe.each(TRANSPORTS)('authorize over %s', (name, make) => {
  /** A rig whose authorize is this. */
  async function withAuthorize(authorize: (request: HttpRequest) => unknown): Promise<Rig> {
    const rig = new Rig(make());
    rig.server.useWebSockets({
      authorize: authorize as never,
      open: (socket) =>
        void socket.send(JSON.stringify({ protocol: socket.protocol, data: socket.data ?? null })),
    });
    return rig.start();
  }

  test.each([
    ['nothing', () => undefined],
    ['a promise of nothing', async () => turns(2)],
    ['an empty object', () => ({})],
  ])('%s accepts', async (_, authorize) => {
    const rig = await withAuthorize(authorize);
    const client = await rig.socket();
    expect(await client.frames(1)).toEqual(['text "{\\"protocol\\":\\"\\",\\"data\\":null}"']);
  });

  test.each([
    ['at once', (answer: unknown) => answer],
    ['later', (answer: unknown) => turns(2).then(() => answer)],
    ['by a thenable whose then returns nothing', thenable],
  ])('protocol, headers and data, given %s', async (_, give) => {
    const rig = await withAuthorize(() =>
      give({ protocol: 'b', headers: { 'Set-Cookie': ['x=1', 'y=2'] }, data: { user: 5 } }),
    );
    const client = await rig.client();
    const response = await client.upgrade('/', 'Sec-WebSocket-Protocol: a, b');
    expect(response.status).toBe(101);
    expect(headerOf(response, 'sec-websocket-protocol')).toBe('b');
    expect(response.headers.filter(([name]) => name === 'Set-Cookie').map(([, value]) => value)).toEqual([
      'x=1',
      'y=2',
    ]);
    expect(await client.frames(1)).toEqual(['text "{\\"protocol\\":\\"b\\",\\"data\\":{\\"user\\":5}}"']);
  });

  test.each([
    ['at once', (answer: unknown) => answer],
    ['later', (answer: unknown) => turns(2).then(() => answer)],
    ['by a thenable whose then returns nothing', thenable],
  ])('refuse, given %s, with early frames behind the request', async (_, give) => {
    const rig = await withAuthorize(() => give(refuse(401, 'who are you?', { 'WWW-Authenticate': 'Basic' })));
    const client = await rig.client();
    client.write(requestHead('GET /', ...UPGRADE_HEADERS), masked(1, 'early'));
    const response = await client.response();
    expect(response).toMatchObject({ status: 401, body: 'who are you?' });
    expect(headerOf(response, 'www-authenticate')).toBe('Basic');
    await client.whenEnded();
    expect(rig.server.sockets.size).toBe(0);
    expect(rig.errors).toEqual([]);
  });

  test.each([
    [
      'throws',
      () => {
        throw new Error('db down');
      },
    ],
    ['rejects', () => Promise.reject(new Error('db down'))],
    ['returns a boolean', () => false],
    ['returns null', () => null],
    ['returns what does not exist', () => ({ protocols: ['a'] })],
    ['chooses a protocol that was not offered', () => ({ protocol: 'zzz' })],
    ['sets a header of the handshake’s', () => ({ headers: { 'Sec-WebSocket-Accept': 'x' } })],
    ['injects a header', () => ({ headers: { 'X-A': 'a\r\nB: c' } })],
    ['refuses with a wrong Content-Length', () => refuse(401, 'no', { 'Content-Length': '99' })],
    ['refuses with a body that is no text', () => refuse(401, { error: 'no' } as never)],
    ['refuses with one later', async () => refuse(401, 'no', { 'Content-Length': '99' })],
  ] as ReadonlyArray<readonly [string, () => unknown]>)(
    '%s: 500, told to onError, and the server goes on',
    async (_, authorize) => {
      const rig = await withAuthorize(authorize);
      const client = await rig.client();
      const response = await client.upgrade('/', 'Sec-WebSocket-Protocol: a');
      expect(response.status).toBe(500);
      expect(response.body).not.toContain('db down');
      await client.whenEnded();
      expect(rig.errors).toHaveLength(1);
      expect(rig.errors[0]).toMatch(/^handler: /);
      expect((await (await rig.client()).write(requestHead('GET /')).response()).status).toBe(404);
    },
  );

  test.each([
    [
      'throws',
      () => {
        throw refuse(403, 'not here');
      },
    ],
    [
      'rejects with',
      async () => {
        throw refuse(403, 'not here');
      },
    ],
  ])('it %s a refusal, from deep inside: refused all the same', async (_, authorize) => {
    const rig = await withAuthorize(authorize);
    const response = await (await rig.client()).upgrade();
    expect(response).toMatchObject({ status: 403, body: 'not here' });
    expect(rig.errors).toEqual([]);
  });

  test('it returns a Response, as other servers have it: the error says what to return', async () => {
    const told: string[] = [];
    const rig = new Rig(make(), { onError: (error) => told.push((error as Error).message) });
    rig.server.useWebSockets({ authorize: (() => new Response('no', { status: 401 })) as never });
    await rig.start();
    expect((await (await rig.client()).upgrade()).status).toBe(500);
    expect(told).toEqual([expect.stringContaining('the answer is a Response, expected nothing for a yes')]);
    expect(told[0]).toContain('refuse(status, why)');
  });

  class Denied {
    readonly why = 'banned';
  }
  test.each([
    ['an Error', new Error('no')],
    ['an object', new Denied()],
    ['a list', new Map([['allowed', false]]).values()],
  ])('it returns %s that says nothing of what a yes can say: that is no yes', async (kind, answer) => {
    const told: string[] = [];
    const rig = new Rig(make(), { onError: (error) => told.push((error as Error).message) });
    rig.server.useWebSockets({ authorize: (() => answer) as never });
    await rig.start();
    expect((await (await rig.client()).upgrade()).status).toBe(500);
    expect(told).toEqual([expect.stringContaining(`Cannot authorize: the answer is ${kind}`)]);
  });

  test('it returns an object of a class, or without one, that says what a yes can say', async () => {
    class Yes {
      readonly data = 1;
    }
    for (const answer of [new Yes(), Object.assign(Object.create(null), { data: 1 }), {}]) {
      const rig = await withAuthorize(() => answer as never);
      expect((await (await rig.client()).upgrade()).status).toBe(101);
    }
  });

  test('it sees the request', async () => {
    let seen: unknown;
    const rig = await withAuthorize((request) => {
      seen = [request.path, request.query.get('t'), request.headers.get('cookie'), request.remoteAddress];
    });
    await rig.socket('/room?t=5', 'Cookie: a=b');
    expect(seen).toEqual(['/room', '5', 'a=b', '127.0.0.1']);
  });

  test('early frames wait while it makes up its mind, however they are cut, and are bounded', async () => {
    const { promise, open } = gate();
    const rig = new Rig(make());
    echo(rig.server);
    rig.server.useWebSockets({
      authorize: () => promise,
      message: (socket, message) => socket.send(message),
    });
    await rig.start();
    const client = await rig.client();
    client.write(
      requestHead('GET /', ...UPGRADE_HEADERS),
      masked(1, 'one'),
      masked(2, new Uint8Array(900_000)),
      masked(1, 'two'),
    );
    await turns();
    expect(client.receivedBytes).toBe(0);
    open();
    expect((await client.response()).status).toBe(101);
    expect(await client.frames(1)).toEqual(['text "one"']);
    expect((await client.frame()).payload).toHaveLength(900_000);
    expect(await client.frames(1)).toEqual(['text "two"']);
  });

  test('the peer half-closes while it makes up its mind: the socket opens and closes, and nothing is left', async () => {
    const { promise, open } = gate();
    const closes: unknown[] = [];
    const rig = new Rig(make());
    rig.server.useWebSockets({
      authorize: () => promise,
      message: (socket, message) => socket.send(message),
      close: (_socket, { code }) => void closes.push(code),
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /', ...UPGRADE_HEADERS), masked(1, 'one')).end();
    await turns();
    open();
    expect((await client.response()).status).toBe(101);
    expect(await client.frames(1)).toEqual(['text "one"']);
    await client.whenEnded();
    expect(closes).toEqual([1006]);
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(rig.server.sockets.size).toBe(0);
  });

  // Over Node, test/interop resets real connections in this phase.
  if (name !== 'node')
    test('the peer resets while it makes up its mind: nothing happens any more [CVE-2022-21676]', async () => {
      const { promise, open } = gate();
      let opened = false;
      let asked = false;
      const rig = new Rig(make());
      rig.server.useWebSockets({
        authorize: () => {
          asked = true;
          return promise;
        },
        open: () => {
          opened = true;
        },
      });
      await rig.start();
      const client = await rig.client();
      client.write(requestHead('GET /', ...UPGRADE_HEADERS));
      await until(() => asked, 'authorize');
      client.destroy();
      await until(() => rig.server.connectionCount === 0, 'no connection');
      open();
      await turns();
      expect(opened).toBe(false);
      expect(rig.server.sockets.size).toBe(0);
    });
});

describe('subprotocols, origins, hosts', () => {
  const make = TRANSPORTS[0]![1];

  test('protocols: the client’s first that the app speaks; none when there is none in common', async () => {
    const rig = new Rig(make());
    rig.server.useWebSockets({ protocols: ['v2', 'v1'] });
    await rig.start();
    const chosen = async (offer: string): Promise<string | undefined> =>
      headerOf(
        await (await rig.client()).upgrade('/', `Sec-WebSocket-Protocol: ${offer}`),
        'sec-websocket-protocol',
      );
    expect(await chosen('v3, v1, v2')).toBe('v1');
    expect(await chosen('v2, v1')).toBe('v2');
    expect(await chosen('v1')).toBe('v1');
    expect(await chosen('V1')).toBeUndefined();
    expect(await chosen('v3')).toBeUndefined();
  });

  test.each([
    ['same-host', 'http://localhost', 101],
    ['same-host', 'http://evil.example', 403],
    ['same-host', 'null', 403],
    [['https://a.example'], 'https://a.example', 101],
    [['https://a.example'], 'https://a.example.evil', 403],
    [['https://a.example'], 'http://a.example', 403],
    ['any', 'http://evil.example', 101],
    [undefined, 'http://evil.example', 101],
  ] as const)(
    'origins: %j answers Origin %s with %i [RFC 6455 10.2, CVE-2018-14732]',
    async (origins, origin, status) => {
      const rig = new Rig(make(), { origins });
      rig.server.useWebSockets({});
      await rig.start();
      const client = await rig.client();
      expect((await client.upgrade('/', `Origin: ${origin}`)).status).toBe(status);
      expect(rig.errors).toEqual(status === 403 ? ['handshake: origin-refused'] : []);
    },
  );

  test('hosts: a Host that the server does not answer to is refused: DNS rebinding [CVE-2025-24010]', async () => {
    const rig = new Rig(make(), { hosts: ['chat.example'] });
    rig.server.useWebSockets({});
    await rig.start();
    const ask = async (host: string): Promise<number> => {
      const client = await rig.client();
      client.write(requestHead('GET /', ...UPGRADE_HEADERS).replace('Host: localhost', `Host: ${host}`));
      return (await client.response()).status;
    };
    expect(await ask('chat.example')).toBe(101);
    expect(await ask('evil.example')).toBe(403);
  });
});

describe('maxConnections', () => {
  test.each(TRANSPORTS)(
    'one too many gets 503, and a place that is free again is given away, over %s',
    async (_, make) => {
      const rig = await new Rig(make(), { limits: { maxConnections: 2 } }).start();
      const one = await rig.client();
      const two = await rig.client();
      await until(() => rig.server.connectionCount === 2, 'two connections');
      const three = await rig.client();
      const response = await three.response();
      expect(response.status).toBe(503);
      expect(response.body).toContain('limits.maxConnections');
      expect(rig.errors).toEqual(['request: too-many-connections']);
      // The one that was turned away still hangs around: it takes nobody's place.
      one.end();
      await one.whenClosed();
      await until(() => rig.server.connectionCount === 2, 'one has gone');
      const four = await rig.client();
      expect((await four.write(requestHead('GET /')).response()).status).toBe(404);
      expect((await two.write(requestHead('GET /')).response()).status).toBe(404);
    },
  );

  test('those that are turned away are bounded too', async () => {
    const rig = await new Rig(TRANSPORTS[0]![1](), { limits: { maxConnections: 3 } }).start();
    const clients: RawClient[] = [];
    for (let i = 0; i < 1100; i++) clients.push(await rig.client());
    await turns();
    expect(rig.server.connectionCount).toBe(1003);
    expect(clients.filter(({ closed }) => closed).length).toBe(97);
  });
});
