import type { Socket } from 'sansocket';
import { Server } from 'sansocket/server';
import { createMemoryTransport, type Transport } from 'sansocket/transport';
import { nodeTransport } from 'sansocket/transport/node';
import { describe, expect, test } from 'vitest';
import { requestHead } from '../../support/raw-client.ts';
import { gate, Rig, stopAfterEach, TRANSPORTS, turns, until } from './support.ts';

/** What looks like a certificate, or a key. */
const PEM = '-----BEGIN CERTIFICATE-----\n';

stopAfterEach();

test.each([
  [undefined, 'undefined'],
  [{ limits: {} }, 'an object'],
])(
  'new Server(%j) of sansocket/server: there is no transport, and the error says where to have one',
  (transport, is) => {
    expect(() => new Server(transport as never)).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: `Cannot make a server: the transport is ${is}, expected an object with listen and connect; import from 'sansocket' to have the runtime's`,
      }),
    );
  },
);

describe('new Server: what cannot be is refused at once, and named', () => {
  const transport = createMemoryTransport();

  test.each([
    [{ port: 80 }, '"port"'],
    [{ limits: { maxMessage: 1 } }, '"maxMessage"'],
    [{ limits: { maxMessageBytes: '1' } }, 'maxMessageBytes'],
    [{ limits: { maxMessageBytes: 0 } }, 'maxMessageBytes'],
    [{ limits: { headTimeoutMs: -1 } }, 'headTimeoutMs'],
    [{ onError: 'log' }, 'onError'],
    [{ origins: 5 }, 'rigin'],
    [{ hosts: 5 }, 'ost'],
    [{ allowUnmaskd: true }, 'allowUnmaskd'],
    [{ allowUnmasked: 'no' }, 'allowUnmasked'],
    [{ allowNonMinimalLength: 0 }, 'allowNonMinimalLength'],
    [null, 'null'],
    [8080, '8080'],
  ])('%j', (options, named) => {
    expect(() => new Server(transport, options as never)).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(named) }),
    );
  });

  test.each([undefined, null, 5, 'handler', {}])('useHttp(%j) is refused', (handler) => {
    expect(() => new Server(transport).useHttp(handler as never)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test.each([
    [undefined],
    [null],
    [5],
    [{ onMessage() {} }],
    [{ message: 5 }],
    [{ open: null }],
    [{ message() {}, stream() {} }],
    [{ protocols: 'chat' }],
    [{ protocols: ['a b'] }],
    [{ protocols: [5] }],
  ])('useWebSockets(%j) is refused', (handlers) => {
    expect(() => new Server(transport).useWebSockets(handlers as never)).toThrow(
      expect.objectContaining({ code: 'bad-argument' }),
    );
  });

  test('a generator function, whose body would never run, is refused as any handler', () => {
    const server = new Server(transport);
    const refused = expect.objectContaining({
      code: 'bad-argument',
      message: expect.stringContaining('is a generator function'),
    });
    for (const handler of [function* () {}, async function* () {}] as never[]) {
      expect(() => server.useHttp(handler)).toThrow(refused);
      expect(() => server.useWebSockets(handler)).toThrow(refused);
      for (const name of ['authorize', 'open', 'message', 'stream', 'error', 'close']) {
        expect(() => server.useWebSockets({ [name]: handler })).toThrow(refused);
      }
    }
  });

  test('useHttp and useWebSockets give the server back, and the last one counts', async () => {
    const rig = new Rig(transport);
    const { server } = rig;
    expect(
      server.useHttp((_, response) => response.send('first')).useHttp((_, response) => response.send('last')),
    ).toBe(server);
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('GET /')).response()).body).toBe('last');
  });
});

describe.each([
  ['memory', () => createMemoryTransport()],
  ['node', () => nodeTransport],
] as ReadonlyArray<readonly [string, () => Transport]>)('Server.start over %s', (_, make) => {
  test('gives the address with the port that was picked, which address tells too', async () => {
    const { server } = new Rig(make());
    expect(server.address).toBeUndefined();
    const address = await server.start({ port: 0, hostname: '127.0.0.1' });
    expect(address.port).toBeGreaterThan(0);
    expect(server.address).toEqual(address);
    await server.stop();
    expect(server.address).toBeUndefined();
  });

  test('a second start is refused, also while the first is under way, and harms nothing', async () => {
    const rig = new Rig(make());
    const first = rig.start();
    await expect(rig.server.start(0)).rejects.toMatchObject({
      code: 'bad-state',
      message: expect.stringContaining('runs already'),
    });
    await first;
    await expect(rig.server.start(0)).rejects.toMatchObject({ code: 'bad-state' });
    expect((await (await rig.client()).write(requestHead('GET /')).response()).status).toBe(404);
  });

  test('a port in use: one clear error, and the server can be started elsewhere', async () => {
    const transport = make();
    const one = await new Rig(transport).start();
    const two = new Rig(transport);
    await expect(two.start({ port: one.port })).rejects.toMatchObject({
      code: 'address-in-use',
      message: expect.stringContaining(String(one.port)),
    });
    await two.start();
    expect(two.port).not.toBe(one.port);
  });

  test('a port in use: the stack leads to who called start', async () => {
    const transport = make();
    const { port } = await new Rig(transport).start();
    async function callOfMine(): Promise<void> {
      await new Rig(transport).server.start({ port, hostname: '127.0.0.1' });
    }
    const error: Error = await callOfMine().catch((reason) => reason);
    expect(error.stack).toMatch(/^TransportError: [\s\S]*at (async )?callOfMine/);
  });

  test.each([
    [-1],
    [65_536],
    [80.5],
    [Number.NaN],
    ['80'],
    [null],
    [{ port: '80' }],
    [{ prt: 80 }],
    [{ host: 'localhost' }],
    [{ path: '/tmp/x', port: 80 }],
    [{ path: '' }],
    [{ path: 5 }],
    [{ hostname: '' }],
    [{ hostname: 5 }],
    [{ backlog: 0 }],
    [{ reusePort: 'no' }],
    [{ ipv6Only: 0 }],
    [{ tls: null }],
    [{ tls: true }],
    [{ tls: {} }],
    [{ tls: { cert: PEM } }],
    [{ tls: { cert: PEM, key: 5 } }],
    [{ tls: { cert: 'cert.pem', key: PEM } }],
    [{ tls: { cert: PEM, key: 'key.pem' } }],
    [{ tls: { cert: PEM, key: PEM, ca: [PEM, 'ca.pem'] } }],
    [{ tls: { cert: PEM, key: PEM, certificate: 'x' } }],
    [{ tls: { cert: PEM, key: PEM, ca: [5] } }],
    [{ tls: { cert: PEM, key: PEM, passphrase: 5 } }],
    [{ tls: { cert: PEM, key: PEM, requestCert: 'no' } }],
    [{ tls: { cert: PEM, key: PEM, alpnProtocols: 'http/1.1' } }],
    [{ tls: { cert: PEM, key: PEM, alpnProtocols: [''] } }],
    [{ tls: { cert: PEM, key: PEM, alpnProtocols: ['x'.repeat(256)] } }],
    [true],
  ])('start(%j) is refused, and the server can still be started', async (where) => {
    const rig = new Rig(make());
    await expect(rig.server.start(where as never)).rejects.toMatchObject({ code: 'bad-option' });
    await rig.start();
  });

  test.each([
    ['8080', 'where is "8080", expected a port as a number'],
    [{ port: '8080' }, 'the port is "8080", expected a number'],
    [Number.NaN, 'the port is NaN, expected a number'],
    [
      { tls: { cert: 'cert.pem', key: 'key.pem' } },
      'cert is text without a BEGIN line, expected PEM, as text or bytes; of a file, pass what is in it',
    ],
  ])(
    'start(%j), a port from the environment: text is shown as text, or nobody would see it',
    async (where, named) => {
      await expect(new Rig(make()).server.start(where as never)).rejects.toThrow(named);
    },
  );

  test.each([
    ['127.0.0.1', '"127.0.0.1"'],
    [() => {}, 'a function'],
  ])(
    'start(0, %s) is refused: a hostname that is overlooked listens on all addresses',
    async (second, is) => {
      const rig = new Rig(make());
      const start = rig.server.start.bind(rig.server) as (...args: unknown[]) => Promise<unknown>;
      await expect(start(0, second)).rejects.toMatchObject({
        code: 'bad-argument',
        message: `Cannot start: the second argument is ${is}, expected all in one object, such as { port, hostname }`,
      });
      await rig.start();
    },
  );

  test.each([[undefined], [null], [5], [{}], [{ cert: PEM, key: PEM, cat: 'x' }]])(
    'setTls(%j) is refused, whether it runs or not',
    async (tls) => {
      const rig = new Rig(make());
      await expect(rig.server.setTls(tls as never)).rejects.toMatchObject({ code: 'bad-option' });
      await rig.start();
      await expect(rig.server.setTls(tls as never)).rejects.toMatchObject({ code: 'bad-option' });
    },
  );

  test.each([[null], [5], [{}], [undefined]])(
    'broadcast to %j is refused, and to nobody is nothing',
    async (to) => {
      const rig = new Rig(make());
      const refused = expect.objectContaining({ code: 'bad-argument' });
      expect(() => rig.server.broadcast('x', undefined, to as never)).toThrow(refused);
      expect(() => rig.server.broadcast('x', { to: to as never })).toThrow(refused);
      const some = new Set() as never;
      expect(() => rig.server.broadcast('for a few', some)).toThrow('the sockets are { to: sockets }');
      rig.server.broadcast('x', undefined, []);
      rig.server.broadcast('x', { to: [] });
      rig.server.broadcast('x');
    },
  );

  test.each([[null], [undefined], ['x'], [{ state: 'open' }]])(
    'broadcast to a list with %j in it is refused before anybody is sent anything',
    async (stranger) => {
      const rig = new Rig(make());
      const opened = gate<Socket>();
      rig.server.useWebSockets({ open: opened.open });
      await rig.start();
      const client = await rig.socket();
      const socket = await opened.promise;
      expect(() => rig.server.broadcast('x', undefined, [socket, stranger as never])).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      rig.server.broadcast('y', undefined, new Set([socket]).values());
      expect(await client.frame()).toMatchObject({ payload: new TextEncoder().encode('y') });
      expect(() => rig.server.broadcast('x', { to: [socket, stranger as never] })).toThrow(
        expect.objectContaining({ code: 'bad-argument' }),
      );
      rig.server.broadcast(new TextEncoder().encode('z'), { to: new Set([socket]), type: 'text' });
      expect(await client.frame()).toMatchObject({ opcode: 1, payload: new TextEncoder().encode('z') });
    },
  );

  test('after stop it cannot be started again', async () => {
    const { server } = await new Rig(make()).start();
    await server.stop();
    await expect(server.start(0)).rejects.toMatchObject({
      code: 'bad-state',
      message: expect.stringContaining('make a new one'),
    });
  });

  test('stop before start resolves stopped, and no start follows', async () => {
    const { server } = new Rig(make());
    await server.stop();
    await server.stopped;
    await expect(server.start(0)).rejects.toMatchObject({ code: 'bad-state' });
  });

  test('stop during start: start rejects, and the port is free when stop is done', async () => {
    const transport = make();
    const reserve = await new Rig(transport).start();
    const { port } = reserve;
    await reserve.server.stop();
    const { server } = new Rig(transport);
    const started = server.start({ port, hostname: '127.0.0.1' });
    const stopped = server.stop();
    await expect(started).rejects.toMatchObject({ code: 'bad-state' });
    await stopped;
    await new Rig(transport).start({ port });
  });

  test('stop during a start that fails: the server stays stopped', async () => {
    const transport = make();
    const { port } = await new Rig(transport).start();
    const { server } = new Rig(transport);
    const started = server.start({ port, hostname: '127.0.0.1' });
    const stopped = server.stop();
    await expect(started).rejects.toMatchObject({ code: 'address-in-use' });
    await stopped;
    await expect(server.start(0)).rejects.toMatchObject({ code: 'bad-state' });
  });
});

describe.each(TRANSPORTS)('Server.stop over %s', (_, make) => {
  test('with nothing open it is done at once, the port is free, and stopped resolves', async () => {
    const rig = await new Rig(make()).start();
    let stopped = false;
    void rig.server.stopped.then(() => {
      stopped = true;
    });
    await turns(3);
    expect(stopped).toBe(false);
    await rig.server.stop();
    await turns(1);
    expect(stopped).toBe(true);
    await expect(rig.client()).rejects.toMatchObject({ code: 'connection-refused' });
    await new Rig(rig.transport).start({ port: rig.port });
  });

  test('stop twice, and after it is done: the same end', async () => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    const stops = [rig.server.stop(), rig.server.stop(), rig.server.stopped];
    await client.whenEnded();
    client.end();
    await Promise.all(stops);
    await rig.server.stop();
  });

  test('open WebSockets get 1001, and stop waits for their goodbye', async () => {
    const rig = new Rig(make());
    const closes: unknown[] = [];
    rig.server.useWebSockets({ close: (_socket, info) => void closes.push(info) });
    await rig.start();
    const clients = await Promise.all(Array.from({ length: 5 }, () => rig.socket()));
    await until(() => rig.server.sockets.size === 5, 'five sockets');
    let stopped = false;
    const stop = rig.server.stop().then(() => {
      stopped = true;
    });
    for (const client of clients)
      expect(await client.frames(1)).toEqual(['close 1001 the server is stopping']);
    await turns();
    expect(stopped).toBe(false);
    for (const client of clients) client.send(8, Uint8Array.of(3, 233)).end();
    await stop;
    expect(closes).toEqual(Array(5).fill({ code: 1001, reason: '', wasClean: true }));
    expect(rig.server.sockets.size).toBe(0);
    expect(rig.server.connectionCount).toBe(0);
    expect(rig.errors).toEqual([]);
  });

  test('a request at hand is answered, with Connection: close, and the next one is not read', async () => {
    const rig = new Rig(make());
    const { promise, open } = gate();
    const seen: string[] = [];
    rig.server.useHttp(async (request, response) => {
      seen.push(request.path);
      await promise;
      await response.send('done');
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /1'), requestHead('GET /2'));
    await until(() => seen.length === 1, 'the request');
    const stop = rig.server.stop();
    await turns();
    open();
    const response = await client.response();
    expect(response.body).toBe('done');
    expect(response.headers).toContainEqual(['Connection', 'close']);
    await client.whenEnded();
    client.end();
    await stop;
    expect(seen).toEqual(['/1']);
    expect(client.takeText()).toBe('');
  });

  test('idle keep-alive connections are closed', async () => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    await client.write(requestHead('GET /')).response();
    const stop = rig.server.stop();
    await client.whenEnded();
    client.end();
    await stop;
  });

  test('what is not done in time is dropped: requests, sockets, and who says nothing', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(() => new Promise(() => {}));
    rig.server.useWebSockets(() => {});
    await rig.start();
    const busy = await rig.client();
    busy.write(requestHead('GET /'));
    const socket = await rig.socket();
    const silent = await rig.client();
    const half = await rig.client();
    half.write('GET / HT');
    await until(() => rig.server.connectionCount === 4, 'four connections');
    await turns();
    await rig.server.stop({ timeoutMs: 20 });
    expect(rig.server.connectionCount).toBe(0);
    for (const client of [busy, socket, silent, half]) await client.whenEnded();
  });

  test('timeoutMs: 0 drops at once', async () => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    await until(() => rig.server.connectionCount === 1, 'the connection');
    await rig.server.stop({ timeoutMs: 0 });
    await client.whenEnded();
  });

  test.each([Number.POSITIVE_INFINITY, 2 ** 40])(
    'timeoutMs: %s does not turn into no time at all',
    async (timeoutMs) => {
      const rig = new Rig(make());
      const { promise, open } = gate();
      rig.server.useHttp(() => promise);
      await rig.start();
      const client = await rig.client();
      client.write(requestHead('GET /'));
      await until(() => rig.server.connectionCount === 1, 'the connection');
      await turns();
      const stop = rig.server.stop({ timeoutMs });
      await new Promise((resolve) => setTimeout(resolve, 15));
      expect(client.closed).toBe(false);
      open();
      expect((await client.response()).status).toBe(200);
      client.end();
      await stop;
    },
  );

  test.each([
    [{ timeoutMs: -1 }],
    [{ timeoutMs: '5' }],
    [{ timeoutMs: Number.NaN }],
    [{ timeout: 5 }],
    [null],
  ])('stop(%j) is refused, and the server goes on', async (options) => {
    const rig = await new Rig(make()).start();
    await expect(rig.server.stop(options as never)).rejects.toMatchObject({ code: 'bad-option' });
    expect((await (await rig.client()).write(requestHead('GET /')).response()).status).toBe(404);
  });

  test('an upgrade that the app decides on while the server stops is closed with 1001 as soon as it stands', async () => {
    const rig = new Rig(make());
    const { promise, open } = gate();
    let asked = false;
    rig.server.useWebSockets({
      authorize: () => {
        asked = true;
        return promise;
      },
    });
    await rig.start();
    const client = await rig.client();
    const answer = client.upgrade();
    await until(() => asked, 'authorize');
    const stop = rig.server.stop();
    open();
    expect((await answer).status).toBe(101);
    expect(await client.frames(1)).toEqual(['close 1001 the server is stopping']);
    client.send(8, Uint8Array.of(3, 233)).end();
    await stop;
  });

  test('stop in a handler that does not wait for it: the answer goes out first', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((_, response) => {
      void rig.server.stop();
      void response.send('last words');
    });
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('GET /')).response()).body).toBe('last words');
    await client.whenEnded();
    client.end();
    await rig.server.stopped;
  });
});
