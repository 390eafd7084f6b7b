import * as net from 'node:net';
import { refuse, Server } from 'sansocket/server';
import { createMemoryTransport } from 'sansocket/transport';
import { nodeTransport } from 'sansocket/transport/node';
import { describe, expect, test, vi } from 'vitest';
import { requestHead, UPGRADE_HEADERS } from '../../support/raw-client.ts';
import { masked } from '../../support/wire.ts';
import { gate, Rig, stopAfterEach, TRANSPORTS, turns, until } from './support.ts';

stopAfterEach();

/** Whether a server still answers. */
async function goesOn(rig: Rig): Promise<void> {
  const client = await rig.client();
  client.write(requestHead('GET /ok'));
  expect((await client.response()).status).toBeGreaterThanOrEqual(200);
  client.end();
}

describe.each(TRANSPORTS)('a handler that fails, over %s', (_, make) => {
  test.each([
    [
      'throws',
      () => {
        throw new Error('oops');
      },
    ],
    ['rejects', () => Promise.reject(new Error('oops'))],
    [
      'rejects later',
      async () => {
        await turns(2);
        throw new Error('oops');
      },
    ],
  ] as ReadonlyArray<readonly [string, () => unknown]>)(
    'HTTP: %s before anything was sent: 500 without the reason, told once, connection over',
    async (_, fail) => {
      const rig = new Rig(make());
      rig.server.useHttp((request) => (request.path === '/ok' ? undefined : fail()));
      await rig.start();
      const client = await rig.client();
      client.write(requestHead('GET /'), requestHead('GET /next'));
      const response = await client.response();
      expect(response.status).toBe(500);
      expect(response.body).not.toContain('oops');
      await client.whenEnded();
      expect(client.takeText()).toBe('');
      expect(rig.errors).toEqual(['handler: oops']);
      await goesOn(rig);
    },
  );

  test('HTTP: throws undefined, null, a string: still 500', async () => {
    const rig = new Rig(make(), { onError: () => {} });
    const values = [undefined, null, 'text', 0];
    rig.server.useHttp((request) => {
      throw values[Number(request.path.slice(1))];
    });
    await rig.start();
    for (let i = 0; i < values.length; i++) {
      expect((await (await rig.client()).write(requestHead(`GET /${i}`)).response()).status).toBe(500);
    }
  });

  test.each([
    ['text', 'hello'],
    ['bytes', new Uint8Array(2)],
    ['a Response', new Response('hello')],
    ['an object', { hello: 1 }],
    ['a list', [1]],
    ['a refusal', refuse(403, 'no')],
    ['an Error', new Error('no')],
  ])('HTTP: returns %s and sends nothing: 500, and the error says what to call', async (is, result) => {
    const errors: unknown[] = [];
    const rig = new Rig(make(), { onError: (error, where) => errors.push(where, (error as Error).message) });
    rig.server.useHttp(async () => result);
    await rig.start();
    const response = await (await rig.client()).write(requestHead('GET /')).response();
    expect(response.status).toBe(500);
    expect(errors).toEqual([
      'handler',
      expect.stringContaining(`the HTTP handler returned ${is} and sent nothing`),
    ]);
  });

  test('HTTP: a body that nobody waits for, or not yet, is no unhandled rejection, whatever comes of it', async () => {
    const unhandled: unknown[] = [];
    const note = (error: unknown) => void unhandled.push(error);
    process.on('unhandledRejection', note);
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      const read = request.path === '/text' ? request.text() : request.json();
      await new Promise((resolve) => setTimeout(resolve, 20)); // who is it?
      if (request.path === '/late') await read;
      else response.status = 401;
    });
    await rig.start();
    const statuses: number[] = [];
    for (const [path, length, body] of [
      ['/late', 4, 'none'],
      ['/early', 4, 'none'],
      ['/text', 9, 'none'], // it never comes whole
    ] as const) {
      const client = await rig.client();
      client.write(requestHead(`POST ${path}`, `Content-Length: ${length}`), body);
      statuses.push((await client.response()).status);
    }
    await turns();
    process.off('unhandledRejection', note);
    expect(statuses).toEqual([400, 401, 401]);
    expect(unhandled).toEqual([]);
  });

  test('HTTP: returns what an arrow function happens to, or anything after it sent: that means nothing', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((request, response) => {
      if (request.path === '/sent') {
        void response.send('x');
        return 'done';
      }
      if (request.path === '/headers') return response.headers.set('X-Y', 'z');
      return (response.status = 204);
    });
    await rig.start();
    for (const [path, status] of [
      ['/sent', 200],
      ['/headers', 200],
      ['/status', 204],
    ] as const) {
      const response = await (await rig.client()).write(requestHead(`GET ${path}`)).response();
      expect(response.status, path).toBe(status);
    }
    expect(rig.errors).toEqual([]);
  });

  test('HTTP: sends after it was done, because nobody waited: the error says so', async () => {
    const rig = new Rig(make());
    const late = gate();
    const errors: string[] = [];
    rig.server.useHttp((_request, response) => {
      void late.promise.then(() => {
        for (const call of [() => response.json(1), () => response.write('x')]) {
          try {
            void call();
          } catch (error) {
            errors.push((error as Error).message);
          }
        }
      });
    });
    await rig.start();
    const response = await (await rig.client()).write(requestHead('GET /')).response();
    expect([response.status, response.body]).toEqual([200, '']);
    late.open(undefined);
    await until(() => errors.length === 2, 'both errors');
    const why =
      'the response was sent already, when the handler was done; return a promise of what is still to come';
    expect(errors).toEqual([
      expect.stringContaining(`Cannot send: ${why}`),
      expect.stringContaining(`Cannot write: ${why}`),
    ]);
  });

  test('HTTP: writes on when the handler is done: told why that is too late, and not where the app ended it itself', async () => {
    const rig = new Rig(make());
    const errors: string[] = [];
    rig.server.useHttp((request, response) => {
      void response.write('a');
      if (request.path === '/ended') void response.end();
      setTimeout(() => {
        try {
          void response.write('b');
        } catch (error) {
          errors.push((error as Error).message);
        }
      }, 10);
    });
    await rig.start();
    for (const path of ['/', '/ended']) {
      await (await rig.client()).write(requestHead(`GET ${path}`)).response();
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await until(() => errors.length === 2, 'both errors');
    expect(errors).toEqual([
      expect.stringContaining(
        'when the handler was done; return a promise of what is still to come, or await it',
      ),
      'Cannot write: the response was sent already',
    ]);
  });

  test('HTTP: after part of the body was sent: cut off, so that nobody takes it for whole', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      if (request.path === '/ok') return;
      await response.write('part');
      await turns(2);
      throw new Error('oops');
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    await client.whenEnded();
    expect(client.takeText()).not.toContain('0\r\n\r\n');
    expect(rig.errors).toEqual(['handler: oops']);
    await goesOn(rig);
  });

  test('HTTP: after the whole response was sent: it arrives whole, and the error is told', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (_, response) => {
      await response.send('whole');
      throw new Error('oops');
    });
    await rig.start();
    const client = await rig.client();
    expect((await client.write(requestHead('GET /')).response()).body).toBe('whole');
    await until(() => rig.errors.length === 1, 'the error');
    expect(rig.errors).toEqual(['handler: oops']);
  });

  test('HTTP: a source of pieces that throws, waited for or not: cut off, told once', async () => {
    const rig = new Rig(make());
    const source = async function* (): AsyncGenerator<string> {
      yield 'part';
      await turns(1);
      throw new Error('oops');
    };
    rig.server.useHttp((request, response) => {
      const sent = response.send(source());
      return request.path === '/waits' ? sent : undefined;
    });
    await rig.start();
    for (const path of ['/waits', '/does-not']) {
      const client = await rig.client();
      client.write(requestHead(`GET ${path}`));
      await client.whenEnded();
      expect(client.takeText()).not.toContain('0\r\n\r\n');
    }
    await until(() => rig.errors.length === 2, 'both errors');
    await turns(3);
    expect(rig.errors).toEqual(['handler: oops', 'handler: oops']);
  });

  test('HTTP: less than its own Content-Length: cut off; more: refused', async () => {
    const rig = new Rig(make());
    rig.server.useHttp(async (request, response) => {
      response.headers.set('Content-Length', '5');
      await response.write(request.path === '/less' ? 'abc' : 'abcde');
      if (request.path === '/more') await response.write('f');
    });
    await rig.start();
    for (const path of ['/less', '/more']) {
      const client = await rig.client();
      client.write(requestHead(`GET ${path}`));
      await client.whenEnded();
      expect(client.takeText()).not.toContain('abcdef');
    }
    await until(() => rig.errors.length === 2, 'both errors');
    expect(rig.errors).toEqual(['handler: bad-state', 'handler: bad-argument']);
  });

  test('HTTP: that never settles harms nobody else', async () => {
    const rig = new Rig(make());
    rig.server.useHttp((request) => (request.path === '/ok' ? undefined : new Promise(() => {})));
    await rig.start();
    const stuck = await rig.client();
    stuck.write(requestHead('GET /'));
    await turns();
    await goesOn(rig);
    stuck.destroy();
  });

  const sockets: ReadonlyArray<readonly [string, Parameters<Rig['server']['useWebSockets']>[0]]> = [
    [
      'message throws',
      () => {
        throw new Error('oops');
      },
    ],
    ['message rejects', () => Promise.reject(new Error('oops'))],
    [
      'open throws',
      {
        open: () => {
          throw new Error('oops');
        },
      },
    ],
    ['open rejects', { open: () => Promise.reject(new Error('oops')) }],
    [
      'stream throws',
      {
        stream: () => {
          throw new Error('oops');
        },
      },
    ],
    ['stream rejects', { stream: () => Promise.reject(new Error('oops')) }],
  ];

  test.each(sockets)(
    'WebSocket: %s: 1011 without the reason, told once, and no other connection notices',
    async (_, handlers) => {
      const rig = new Rig(make());
      rig.server.useWebSockets(handlers);
      await rig.start();
      const client = await rig.socket();
      client.send(1, 'x').send(1, 'y');
      expect(await client.frames(1)).toEqual(['close 1011']);
      await client.whenEnded();
      expect(rig.errors.filter((error) => error === 'handler: oops').length).toBeGreaterThanOrEqual(1);
      await goesOn(rig);
    },
  );

  test('WebSocket: error and close handlers that fail are told, and change nothing', async () => {
    const rig = new Rig(make());
    const seen: string[] = [];
    rig.server.useWebSockets({
      message() {},
      error: (_socket, error) => {
        seen.push(`error ${(error as { code: string }).code}`);
        throw new Error('in error');
      },
      close: async (_socket, { code }) => {
        seen.push(`close ${code}`);
        throw new Error('in close');
      },
    });
    await rig.start();
    const client = await rig.socket();
    client.send(3);
    expect((await client.frames(1))[0]).toMatch(/^close 1002 /);
    await until(() => rig.errors.length === 3, 'all errors');
    expect(seen).toEqual(['error reserved-opcode', 'close 1002']);
    expect(rig.errors).toEqual(['socket: reserved-opcode', 'handler: in error', 'handler: in close']);
  });
});

describe('onError', () => {
  const make = () => createMemoryTransport();

  test.each([
    [
      'throws',
      () => {
        throw new Error('in onError');
      },
    ],
    ['rejects', () => Promise.reject(new Error('in onError'))],
  ] as unknown as ReadonlyArray<readonly [string, () => never]>)(
    'a listener that %s changes nothing',
    async (_, onError) => {
      const rig = new Rig(make(), { onError });
      rig.server.useHttp(() => {
        throw new Error('oops');
      });
      rig.server.useWebSockets(() => {
        throw new Error('oops');
      });
      await rig.start();
      expect((await (await rig.client()).write(requestHead('GET /')).response()).status).toBe(500);
      expect((await (await rig.client()).write('garbage\r\n\r\n').response()).status).toBe(400);
      expect(await (await rig.socket()).send(1, 'x').frames(1)).toEqual(['close 1011']);
    },
  );

  test('without one, what handlers throw is printed, and what peers do is not [CVE-2022-39386, CVE-2024-38355]', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    try {
      const server = new Server(make());
      const rig = new Rig(make(), { onError: undefined });
      const oops = new Error('oops');
      rig.server.useHttp(() => {
        throw oops;
      });
      await rig.start();
      await (await rig.client()).write('garbage\r\n\r\n').response();
      expect(print).not.toHaveBeenCalled();
      await (await rig.client()).write(requestHead('GET /')).response();
      expect(print.mock.calls).toEqual([[oops]]);
      await server.stop();
    } finally {
      print.mockRestore();
    }
  });
});

describe.each(TRANSPORTS)('peers that do not speak, over %s', (name, make) => {
  const limits = {
    headTimeoutMs: 30,
    keepAliveTimeoutMs: 30,
    closeTimeoutMs: 30,
    pingIntervalMs: 30,
    pongTimeoutMs: 30,
  };

  test.each([
    ['TLS', Uint8Array.of(0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3), 400],
    ['HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
    ['SSH', 'SSH-2.0-OpenSSH_9.9\r\n', 400],
    ['zeros', new Uint8Array(100), 400],
    ['an endless line', 'G'.repeat(20_000), 431],
    ['an endless target', `GET /${'x'.repeat(20_000)}`, 414],
    ['2 000 headers', `GET / HTTP/1.1\r\nHost: x\r\n${'A: b\r\n'.repeat(2000)}`, 431],
  ] as const)('%s: answered, dropped, and the server goes on', async (_, bytes, status) => {
    const rig = await new Rig(make()).start();
    const client = await rig.client();
    client.write(bytes);
    expect((await client.response()).status).toBe(status);
    await client.whenEnded();
    client.end();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(rig.errors).toHaveLength(1);
    expect(rig.errors[0]).toMatch(/^request: /);
    await goesOn(rig);
  });

  test('silence from the start: closed after headTimeoutMs, then dropped', async () => {
    const rig = await new Rig(make(), { limits }).start();
    const client = await rig.client();
    await client.whenEnded();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(rig.errors).toEqual([]);
  });

  test('half a head and silence: 408, then dropped', async () => {
    const rig = await new Rig(make(), { limits }).start();
    const client = await rig.client();
    client.write('GET / HTTP/1.1\r\nHost:');
    expect((await client.response()).status).toBe(408);
    await client.whenEnded();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(rig.errors).toEqual(['request: head-timeout']);
  });

  test('half a body and silence: 408, and the app that reads it hears why', async () => {
    const rig = new Rig(make(), { limits });
    let heard: unknown;
    rig.server.useHttp(async (request, response) => {
      try {
        await request.text();
      } catch (error) {
        heard = (error as { code: string }).code;
        throw error;
      }
      await response.send('never');
    });
    await rig.start();
    const client = await rig.client();
    client.write(`${requestHead('POST /', 'Content-Length: 10')}abc`);
    expect((await client.response()).status).toBe(408);
    await client.whenEnded();
    expect(heard).toBe('body-timeout');
    expect(rig.errors).toEqual(['request: body-timeout']);
  });

  test('half a body and silence, and the app answers later: its answer comes too late, without harm', async () => {
    const rig = new Rig(make(), { limits });
    const { promise, open } = gate();
    let done = false;
    rig.server.useHttp(async (_, response) => {
      await promise;
      await response.send('too late');
      done = true;
    });
    await rig.start();
    const client = await rig.client();
    client.write(`${requestHead('POST /', 'Content-Length: 10')}abc`);
    expect((await client.response()).status).toBe(408);
    open();
    await until(() => done, 'the handler');
    await client.whenEnded();
    expect(client.takeText()).toBe('');
    expect(rig.errors).toEqual(['request: body-timeout']);
  });

  test('an app that is slow to read the body is no reason for a timeout', async () => {
    const rig = new Rig(make(), { limits: { ...limits, highWaterMarkBytes: 1000 } });
    rig.server.useHttp(async (request, response) => {
      await new Promise((resolve) => setTimeout(resolve, 100));
      await response.send(String((await request.bytes()).length));
    });
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('POST /', 'Content-Length: 300000'), new Uint8Array(300_000));
    expect(await client.response()).toMatchObject({ status: 200, body: '300000' });
  });

  test('a peer that was held back by the app has its time for the rest of the body from when reading goes on', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const rig = new Rig(make(), { limits: { headTimeoutMs: 200, highWaterMarkBytes: 1000 } });
      const slow = gate();
      rig.server.useHttp(async (request, response) => {
        let length = 0;
        for await (const piece of request.body) {
          length += piece.length;
          await slow.promise;
        }
        await response.send(String(length));
      });
      await rig.start();
      const client = await rig.client();
      client.write(requestHead('POST /', 'Content-Length: 200005'));
      for (let i = 0; i < 2; i++) client.write(new Uint8Array(100_000));
      await turns();
      await vi.advanceTimersByTimeAsync(399); // at 200 the rest was due, and at 400 it is again
      slow.open();
      await turns();
      await vi.advanceTimersByTimeAsync(100);
      client.write('abcde');
      expect(await client.response()).toMatchObject({ status: 200, body: '200005' });
    } finally {
      vi.useRealTimers();
    }
  });

  test('an answer that takes the app longer than keepAliveTimeoutMs leaves the peer that time for its next request', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
    try {
      const rig = new Rig(make(), { limits: { keepAliveTimeoutMs: 200, closeTimeoutMs: 200 } });
      const slow = gate();
      rig.server.useHttp(async (request, response) => {
        await slow.promise;
        await response.send(request.path);
      });
      await rig.start();
      const client = await rig.client();
      client.write(requestHead('GET /1'));
      await turns();
      await vi.advanceTimersByTimeAsync(1000);
      slow.open();
      expect((await client.response()).body).toBe('/1');
      await vi.advanceTimersByTimeAsync(150);
      client.write(requestHead('GET /2', 'Connection: close'));
      expect((await client.response()).body).toBe('/2');
      await client.whenEnded();
      await vi.advanceTimersByTimeAsync(150);
      expect(rig.server.connectionCount).toBe(1);
      await vi.advanceTimersByTimeAsync(100);
      await until(() => rig.server.connectionCount === 0, 'no connection');
    } finally {
      vi.useRealTimers();
    }
  });

  test('silence after a request: closed after keepAliveTimeoutMs', async () => {
    const rig = await new Rig(make(), { limits }).start();
    const client = await rig.client();
    await client.write(requestHead('GET /')).response();
    await client.whenEnded();
    expect(client.takeText()).toBe('');
  });

  test('a WebSocket that is silent is pinged, then closed with 1011, then dropped', async () => {
    const rig = new Rig(make(), { limits });
    const closes: unknown[] = [];
    rig.server.useWebSockets({ close: (_socket, info) => void closes.push(info) });
    await rig.start();
    const client = await rig.socket();
    expect(await client.frames(1)).toEqual(['ping 00000000']);
    expect((await client.frames(1))[0]).toMatch(/^close 1011 /);
    await client.whenEnded();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(closes).toEqual([{ code: 1011, reason: '', wasClean: false }]);
    expect(rig.errors).toEqual(['socket: pong-timeout']);
  });

  test('a WebSocket that answers pings stays', async () => {
    const rig = new Rig(make(), { limits });
    rig.server.useWebSockets({});
    await rig.start();
    const client = await rig.socket();
    for (let i = 0; i < 3; i++) {
      const { opcode, payload } = await client.frame();
      expect(opcode).toBe(9);
      client.send(10, payload);
    }
    expect(rig.server.sockets.size).toBe(1);
  });

  test('a WebSocket that never answers a close is dropped after closeTimeoutMs', async () => {
    const rig = new Rig(make(), { limits: { closeTimeoutMs: 30 } });
    const closes: unknown[] = [];
    rig.server.useWebSockets({
      open: (socket) => void socket.close(4000, 'go'),
      close: (_socket, info) => void closes.push(info),
    });
    await rig.start();
    const client = await rig.socket();
    expect(await client.frames(1)).toEqual(['close 4000 go']);
    await client.whenEnded();
    await until(() => rig.server.connectionCount === 0, 'no connection');
    expect(closes).toEqual([{ code: 1006, reason: '', wasClean: false }]);
  });

  test('a reset at each phase: the server notices, and goes on [CVE-2022-41940]', async () => {
    if (name === 'node') return;
    const rig = new Rig(make());
    const { promise } = gate();
    const closes: unknown[] = [];
    rig.server.useHttp((request) => (request.path === '/wait' ? promise : undefined));
    rig.server.useWebSockets({ close: (_socket, { code }) => void closes.push(code) });
    await rig.start();
    const phases: ReadonlyArray<readonly [string, number]> = [
      ['', 0],
      ['GET / HT', 0],
      [requestHead('GET /wait'), 0],
      [`${requestHead('POST /wait', 'Content-Length: 10')}abc`, 0],
      [requestHead('GET /'), 10],
      [requestHead('GET /', ...UPGRADE_HEADERS), 0],
      [requestHead('GET /', ...UPGRADE_HEADERS), 50],
    ];
    for (const [bytes, after] of phases) {
      const client = await rig.client();
      client.write(bytes);
      await client.whenReceived(after);
      await turns(after > 0 ? 1 : 0);
      client.destroy();
      await until(() => rig.server.connectionCount === 0, `no connection after ${JSON.stringify(bytes)}`);
    }
    expect(rig.server.sockets.size).toBe(0);
    await goesOn(rig);
  });
});

describe('peers that read slowly, or not at all', () => {
  test('a long response with Connection: close arrives whole, however slowly, and however short closeTimeoutMs is', async () => {
    // Less than what makes the transport full: the end follows at once.
    const size = 50_000;
    const rig = new Rig(createMemoryTransport({ toClient: { pieceBytes: 1000, delayMs: 3 } }), {
      limits: { closeTimeoutMs: 30 },
    });
    rig.server.useHttp((_, response) => response.send(new Uint8Array(size)));
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /', 'Connection: close'));
    expect((await client.response()).body).toHaveLength(size);
    await client.whenEnded();
    expect(rig.errors).toEqual([]);
  });

  test('a response of which the peer takes some every headTimeoutMs arrives whole', async () => {
    // All of it takes longer than that; none of its pieces does, also where the machine has much else to do.
    const slow = createMemoryTransport({ toClient: { pieceBytes: 1500, delayMs: 10 } });
    const rig = new Rig(slow, { limits: { headTimeoutMs: 1000 } });
    rig.server.useHttp((_, response) => response.send(new Uint8Array(200_000)));
    await rig.start();
    const client = await rig.client();
    client.write(requestHead('GET /'));
    expect((await client.response()).body).toHaveLength(200_000);
    expect(rig.errors).toEqual([]);
  });

  test('a peer that takes nothing of a response for headTimeoutMs is dropped, and its handler is told by its next write', async () => {
    const transport = createMemoryTransport();
    const rig = new Rig(transport, { limits: { headTimeoutMs: 30 } });
    let done = false;
    rig.server.useHttp(async (_, response) => {
      try {
        for (let i = 0; i < 10; i++) await response.write(new Uint8Array(100_000));
      } catch (error) {
        done = (error as { readonly code?: unknown }).code === 'not-open';
        throw error;
      }
    });
    await rig.start();
    const client = await rig.client();
    for (const { toClient } of transport.pairs) toClient.stall();
    client.write(requestHead('GET /'), requestHead('GET /'));
    await until(() => rig.server.connectionCount === 0, 'no connection');
    await until(() => done, 'the handler');
    expect(rig.errors).toEqual(['request: send-timeout']);
  });
});

describe('over TCP', () => {
  test('a reset at each phase, by RST: the server notices, and goes on [CVE-2022-41940, CVE-2023-31125]', async () => {
    const rig = new Rig(nodeTransport);
    const { promise } = gate();
    let under = 0;
    const closes: number[] = [];
    rig.server.useHttp((request) => {
      if (request.path !== '/wait') return;
      under++;
      return promise;
    });
    rig.server.useWebSockets({
      authorize: (request) => {
        if (request.path !== '/wait') return;
        under++;
        return promise;
      },
      close: (_socket, { code }) => void closes.push(code),
    });
    await rig.start();
    /** Connects, sends, waits for the phase, resets. */
    const reset = async (
      bytes: string | Uint8Array,
      reached: (received: number) => boolean,
    ): Promise<void> => {
      const socket = net.connect(rig.port, '127.0.0.1');
      let received = 0;
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      socket.on('error', () => {});
      await new Promise<void>((resolve) => socket.on('connect', () => resolve()));
      socket.write(bytes);
      await until(() => rig.server.connectionCount === 1, 'the connection');
      await until(() => reached(received), `the phase after ${String(bytes).slice(0, 30)}`);
      socket.resetAndDestroy();
      await until(() => rig.server.connectionCount === 0, 'no connection');
    };
    let before = 0;
    const waits = (): boolean => under > before;
    await reset('GET / HT', () => true);
    await reset(requestHead('GET /wait'), waits);
    before = under;
    await reset(`${requestHead('POST /wait', 'Content-Length: 10')}abc`, waits);
    before = under;
    await reset(requestHead('GET /wait', ...UPGRADE_HEADERS), waits);
    await reset(requestHead('GET /', ...UPGRADE_HEADERS), (received) => received > 100);
    await reset(
      Buffer.concat([
        Buffer.from(requestHead('GET /', ...UPGRADE_HEADERS)),
        masked(1, 'half', { fin: false }),
      ]),
      (received) => received > 100,
    );
    expect(closes).toEqual([1006, 1006]);
    // The first of them may reach the server as an end: nobody waited for it to read.
    expect(rig.errors.filter((error) => !/^(transport: |request: unexpected-end$)/.test(error))).toEqual([]);
    expect(rig.server.sockets.size).toBe(0);
    await goesOn(rig);
  });
});
