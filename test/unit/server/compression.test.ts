import {
  type CompressionOptions,
  type HttpRequest,
  PreparedMessage,
  Server,
  type ServerOptions,
} from 'sansocket';
import { connect } from 'sansocket/client';
import { type Deflater, pureEngine } from 'sansocket/deflate';
import { createMemoryTransport } from 'sansocket/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import WebSocket, { type ClientOptions } from 'ws';
import { Rig, stopAfterEach } from './support.ts';

const cleanup: Array<() => unknown> = [];
afterEach(async () => {
  for (const undo of cleanup.splice(0).reverse()) await undo();
});

async function served(options: ServerOptions): Promise<{ server: Server; url: string }> {
  const server = new Server(options);
  server.useWebSockets((socket, message) => socket.send(message));
  cleanup.push(() => server.stop());
  const { port } = await server.start({ port: 0, hostname: '127.0.0.1' });
  return { server, url: `ws://127.0.0.1:${port}/` };
}

async function opened(url: string, options: ClientOptions): Promise<WebSocket> {
  const socket = new WebSocket(url, options);
  await new Promise((resolve, reject) => socket.on('open', resolve).on('error', reject));
  return socket;
}

const TEXTS = [
  'short',
  'all work and no play '.repeat(500),
  'ü€😀'.repeat(100),
  '',
  'all work and no play '.repeat(500),
];

const OPTIONS: ReadonlyArray<[string, true | CompressionOptions<HttpRequest>]> = [
  ['by default', true],
  ['with context takeover', { contextTakeover: true, threshold: 0 }],
  ['with small windows', { contextTakeover: true, windowBits: 9, threshold: 0 }],
  ['with a memory budget', { contextTakeover: true, memoryBudgetBytes: 40_000, threshold: 0 }],
];

describe.each(OPTIONS)('a server that compresses %s', (_how, compression) => {
  it.each([
    ['as ws offers it', { threshold: 0 }],
    [
      'with no context takeover',
      { threshold: 0, serverNoContextTakeover: true, clientNoContextTakeover: true },
    ],
    ['with windows', { threshold: 0, clientMaxWindowBits: 10, serverMaxWindowBits: 11 }],
  ])('echoes to a client of ws, %s [RFC 7692]', async (_what, perMessageDeflate) => {
    const { url } = await served({ compression });
    const socket = await opened(url, { perMessageDeflate });
    expect(socket.extensions).toBe('permessage-deflate');
    const back: string[] = [];
    await new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        back.push(String(data));
        if (back.length === TEXTS.length) resolve();
      });
      for (const text of TEXTS) socket.send(text);
    });
    expect(back).toEqual(TEXTS);
    socket.close();
  });

  it('broadcasts to clients with and without compression', async () => {
    const { server, url } = await served({ compression });
    const sockets = [
      await opened(url, {}),
      await opened(url, { perMessageDeflate: false }),
      await opened(url, {}),
    ];
    const got = sockets.map(
      (socket) => new Promise((resolve) => socket.on('message', (data) => resolve(String(data)))),
    );
    const text = 'news '.repeat(200);
    server.broadcast(new PreparedMessage(text));
    expect(await Promise.all(got)).toEqual([text, text, text]);
    for (const socket of sockets) socket.terminate();
  });
});

describe('the compression option of a server', () => {
  it('is off where nothing is said', async () => {
    const { url } = await served({});
    const socket = await opened(url, { perMessageDeflate: true });
    expect(socket.extensions).toBe('');
    socket.terminate();
    const off = await served({ compression: false });
    const second = await opened(off.url, { perMessageDeflate: true });
    expect(second.extensions).toBe('');
    second.terminate();
  });

  it('declines for a request that accept says no to', async () => {
    const accept = vi.fn((request: HttpRequest) => request.query.get('compress') !== 'no');
    const { url } = await served({ compression: { accept } });
    const yes = await opened(url, {});
    const no = await opened(`${url}?compress=no`, {});
    const without = await opened(url, { perMessageDeflate: false });
    expect([yes.extensions, no.extensions, without.extensions]).toEqual(['permessage-deflate', '', '']);
    expect(accept).toHaveBeenCalledTimes(2);
    for (const socket of [yes, no, without]) socket.terminate();
  });

  it('answers 500 and tells onError when accept throws', async () => {
    const failure = new Error('mine');
    const onError = vi.fn();
    const { url } = await served({
      onError,
      compression: {
        accept() {
          throw failure;
        },
      },
    });
    await expect(opened(url, {})).rejects.toThrow('Unexpected server response: 500');
    expect(onError.mock.calls).toEqual([[failure, 'handler']]);
  });

  it.each([
    ['a promise that rejects', () => Promise.reject(new Error('mine'))],
    ['a promise', async () => false],
    ['nothing', () => undefined],
  ])('takes %s of accept for no answer: 500, told to onError', async (_, accept) => {
    const onError = vi.fn();
    const { url } = await served({ onError, compression: { accept: accept as never } });
    await expect(opened(url, {})).rejects.toThrow('Unexpected server response: 500');
    expect(onError.mock.calls).toEqual([[expect.objectContaining({ code: 'bad-argument' }), 'handler']]);
  });

  it.each([
    ...['server_max_window_bits', 'client_max_window_bits'].flatMap((name) =>
      ['0', '7', '16', '1000', '015'].map((value) => `${name}=${value}`),
    ),
    'server_max_window_bits',
    'server_no_context_takeover=1',
    'client_no_context_takeover; client_no_context_takeover',
    'client_max_window_bits; client_max_window_bits=10',
    'mystery',
  ])(
    'refuses a malformed offer, %s, with 400, or declines it when told to [RFC 7692 7.1, CVE-2026-2229]',
    async (params) => {
      const headers = { 'Sec-WebSocket-Extensions': `permessage-deflate; ${params}` };
      const strict = await served({ compression: true });
      await expect(opened(strict.url, { perMessageDeflate: false, headers })).rejects.toThrow(
        'Unexpected server response: 400',
      );
      const mild = await served({ compression: { malformedOffers: 'decline' } });
      const socket = await opened(mild.url, { perMessageDeflate: false, headers });
      expect(socket.extensions).toBe('');
      socket.terminate();
    },
  );

  it.each(['""', '" 10"', '"10 "'])(
    'refuses a window of %s with 400 in any case: that is no parameter at all [RFC 6455 9.1]',
    async (value) => {
      const headers = { 'Sec-WebSocket-Extensions': `permessage-deflate; client_max_window_bits=${value}` };
      const { url } = await served({ compression: { malformedOffers: 'decline' } });
      await expect(opened(url, { perMessageDeflate: false, headers })).rejects.toThrow(
        'Unexpected server response: 400',
      );
    },
  );

  it('ends the connection when an engine that was handed in throws, and no other', async () => {
    const failure = new Error('mine');
    const onError = vi.fn();
    const engine = {
      ...pureEngine,
      createInflater: () => {
        throw failure;
      },
    };
    const { server, url } = await served({ onError, compression: { engine } });
    const other = await opened(url, { perMessageDeflate: false });
    const socket = await opened(url, { perMessageDeflate: { threshold: 0 } });
    const lost = new Promise((resolve) => socket.on('close', resolve));
    socket.send('x'.repeat(100));
    expect(await lost).toBe(1006);
    expect(onError.mock.calls).toEqual([[failure, 'handler']]);
    expect(server.sockets.size).toBe(1);
    const echoed = new Promise((resolve) => other.on('message', (data) => resolve(String(data))));
    other.send('still here');
    expect(await echoed).toBe('still here');
    other.terminate();
  });

  it.each([['yes'], [1], [{ windowBits: 16 }], [{ threshold: -1 }], [{ colour: 'red' }], [{ accept: true }]])(
    'refuses what it cannot be: %j',
    (compression) => {
      expect(() => new Server({ compression: compression as never })).toThrow(
        expect.objectContaining({ code: 'bad-option' }),
      );
    },
  );
});

describe('windows that nobody uses', () => {
  stopAfterEach();
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('are dropped at both ends, by one timer each, and made again for the next message', async () => {
    const kept: Deflater[] = [];
    const engine = {
      ...pureEngine,
      createDeflater: (options: Parameters<typeof pureEngine.createDeflater>[0]) => {
        const deflater = pureEngine.createDeflater(options);
        kept.push(deflater);
        return deflater;
      },
    };
    const options = {
      compression: { contextTakeover: true, idleMs: 20_000, engine },
      limits: { pingIntervalMs: Number.POSITIVE_INFINITY },
    };
    const transport = createMemoryTransport();
    const rig = new Rig(transport, options);
    rig.server.useWebSockets((socket, message) => socket.send(message));
    await rig.start();
    const sockets = await Promise.all(
      Array.from({ length: 3 }, () => connect(transport, `ws://localhost:${rig.port}/`, options)),
    );
    const bytes = (): boolean[] => kept.map(({ retainedBytes }) => retainedBytes > 0);
    const echo = async (): Promise<void> => {
      for (const socket of sockets) {
        await socket.send(TEXTS[1]!);
        for await (const message of socket) {
          expect(message).toBe(TEXTS[1]);
          break;
        }
      }
    };
    expect(vi.getTimerCount()).toBe(0); // nothing to wait for
    for (let round = 0; round < 3; round++) {
      await echo();
      expect(bytes()).toEqual(Array(6).fill(true));
      expect(vi.getTimerCount()).toBe(2);
      await vi.advanceTimersByTimeAsync(19_999);
      await echo();
      await vi.advanceTimersByTimeAsync(19_999);
      expect(bytes()).toEqual(Array(6).fill(true)); // the second echo counts
      await vi.advanceTimersByTimeAsync(20_002);
      expect(bytes()).toEqual(Array(6).fill(false));
      expect(vi.getTimerCount()).toBe(0);
    }
    for (const socket of sockets) socket.terminate();
  });
});
