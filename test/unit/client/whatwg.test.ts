import { createWebSocketClass, type WebSocketClient } from 'sansocket/client';
import { Server, type ServerOptions, type WebSocketHandlers } from 'sansocket/server';
import { createMemoryTransport, type MemoryPairOptions, type Transport } from 'sansocket/transport';
import { describe, expect, it, vi } from 'vitest';
import { closing, plain, tellAll } from '../../support/wire.ts';
import { accept, network, say, switching, turns } from './support.ts';

const HERE = 'ws://localhost:8080/';
const ECHO: WebSocketHandlers = { message: (socket, message) => socket.send(message) };

async function served(
  handlers: WebSocketHandlers,
  faults: MemoryPairOptions = {},
  options: ServerOptions = {},
) {
  const transport = createMemoryTransport(faults);
  const server = new Server(transport, options);
  server.useWebSockets(handlers);
  await server.start(8080);
  return { transport, server, WebSocket: createWebSocketClass(transport) };
}

/** The events of a socket, told one by one, until `close`. */
function log(socket: WebSocketClient): { readonly events: string[]; readonly over: Promise<string[]> } {
  const events: string[] = [];
  socket.addEventListener('open', () => void events.push(`open ${socket.readyState}`));
  socket.addEventListener('message', ({ data }) => {
    events.push(`message ${typeof data === 'string' ? data : Object.prototype.toString.call(data)}`);
  });
  socket.addEventListener('error', () => void events.push(`error ${socket.readyState}`));
  const over = new Promise<string[]>((resolve) => {
    socket.addEventListener('close', ({ code, reason, wasClean }) => {
      events.push(`close ${code} ${reason} ${wasClean} ${socket.readyState}`);
      resolve(events);
    });
  });
  return { events, over };
}

const opened = (socket: WebSocketClient): Promise<unknown> =>
  new Promise((resolve) => socket.addEventListener('open', resolve));
const message = (socket: WebSocketClient): Promise<MessageEvent> =>
  new Promise((resolve) => socket.addEventListener('message', resolve, { once: true }));

describe('the WebSocket class', () => {
  it('has the constants, on the class and on each socket, and the name', () => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    const socket = new WebSocket(HERE);
    expect([WebSocket.CONNECTING, WebSocket.OPEN, WebSocket.CLOSING, WebSocket.CLOSED]).toEqual([0, 1, 2, 3]);
    expect([socket.CONNECTING, socket.OPEN, socket.CLOSING, socket.CLOSED]).toEqual([0, 1, 2, 3]);
    expect(Object.prototype.toString.call(socket)).toBe('[object WebSocket]');
    expect(WebSocket.name).toBe('WebSocket');
    expect(socket).toBeInstanceOf(EventTarget);
    expect(() => Object.assign(socket, { OPEN: 5 })).toThrow(TypeError);
  });

  it('goes through its life: connecting, open, closing, closed', async () => {
    const { server, WebSocket } = await served({ ...ECHO, protocols: ['b'] });
    const socket = new WebSocket(HERE, ['a', 'b']);
    const { over } = log(socket);
    expect([socket.readyState, socket.protocol, socket.extensions, socket.bufferedAmount]).toEqual([
      0,
      '',
      '',
      0,
    ]);
    expect([socket.url, socket.binaryType]).toEqual([HERE, 'blob']);
    await opened(socket);
    expect([socket.readyState, socket.protocol]).toEqual([1, 'b']);
    socket.send('hello');
    await message(socket);
    socket.close(3456, 'done');
    expect(socket.readyState).toBe(2);
    socket.close();
    expect(await over).toEqual(['open 1', 'message hello', 'close 3456  true 3']);
    socket.close(1000);
    await server.stop();
  });

  it.each([
    ['ws://example.com', 'ws://example.com/'],
    ['http://example.com/a', 'ws://example.com/a'],
    ['https://EXAMPLE.com:443/ä b?x', 'wss://example.com/%C3%A4%20b?x'],
    ['wss://[::1]:8443/', 'wss://[::1]:8443/'],
    [new URL('ws://example.com/?q#').href.replace('#', ''), 'ws://example.com/?q'],
  ])('takes the URL %s, and writes it as %s', (given, url) => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    expect(new WebSocket(given).url).toBe(url);
    expect(new WebSocket(new URL(given)).url).toBe(url);
  });

  it.each([
    '',
    'example.com',
    '/chat',
    'ftp://example.com/',
    'ws://example.com/#a',
    'ws://example.com/#',
    'ws://a b/',
    'ws://h:0/',
  ])('throws a SyntaxError for the URL %j', (url) => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    expect(() => new WebSocket(url)).toThrow(expect.objectContaining({ name: 'SyntaxError', code: 12 }));
  });

  it.each([
    [''],
    ['a b'],
    ['a,b'],
    [['a', 'a']],
    [['']],
    [['a', 'ä']],
    [['x\r\ny']],
    [{ protocols: ['a', 'a'] }],
    [new Set(['('])],
  ])('throws a SyntaxError for the subprotocols %j', (protocols) => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    expect(() => new WebSocket(HERE, protocols)).toThrow(expect.objectContaining({ name: 'SyntaxError' }));
  });

  it.each([
    [{ colour: 1 }],
    [{ handlers: {} }],
    [{ signal: AbortSignal.abort() }],
    [{ timeoutMs: -1 }],
    [{ tls: {} }],
  ])('refuses options that cannot be: %j', (options) => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    expect(() => new WebSocket(HERE, options as object)).toThrow(
      expect.objectContaining({ code: 'bad-option' }),
    );
  });

  it('takes headers, origin and subprotocols as options, and credentials of the URL', async () => {
    let head = '';
    const { transport } = await network((asked, stream) => {
      head = asked.head;
      say(stream, switching(asked.key, 'Sec-WebSocket-Protocol: a'));
    });
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket('ws://us%3Aer:p%C3%A4ss@localhost:8080/', {
      protocols: 'a',
      origin: 'https://example.com',
      headers: { Cookie: 'c=1' },
    });
    await opened(socket);
    expect(head).toContain('\r\nSec-WebSocket-Protocol: a\r\n');
    expect(head).toContain('\r\nOrigin: https://example.com\r\n');
    expect(head).toContain('\r\nCookie: c=1\r\n');
    expect(head).toContain(`\r\nAuthorization: Basic ${Buffer.from('us:er:päss').toString('base64')}\r\n`);
    expect(head).toContain('\r\nHost: localhost:8080\r\n');
    socket.close();
  });

  it('leaves an Authorization of the app alone', async () => {
    let head = '';
    const { transport } = await network((asked, stream) => {
      head = asked.head;
      say(stream, switching(asked.key));
    });
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket('ws://user:%zz@localhost:8080/', { headers: { authorization: 'Bearer t' } });
    await opened(socket);
    expect(head.match(/authorization: .*/gi)).toEqual(['authorization: Bearer t']);
    await opened(new WebSocket('ws://%zz@localhost:8080/'));
    expect(head).toContain(`\r\nAuthorization: Basic ${Buffer.from('%zz:').toString('base64')}\r\n`);
  });
});

describe('WebSocket.send', () => {
  it('throws an InvalidStateError before it is open', () => {
    const WebSocket = createWebSocketClass(createMemoryTransport());
    const socket = new WebSocket(HERE);
    expect(() => socket.send('x')).toThrow(expect.objectContaining({ name: 'InvalidStateError' }));
  });

  it('takes all that the standard takes, and converts the rest to text', async () => {
    const { transport, seen } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    await opened(socket);
    const memory = Uint8Array.of(9, 1, 2, 9);
    socket.send('text \ud800');
    socket.send(memory.buffer);
    socket.send(memory.subarray(1, 3));
    socket.send(new DataView(memory.buffer, 2, 1));
    socket.send(new Float32Array([1]));
    socket.send(Buffer.from('ab'));
    socket.send(123 as unknown as string);
    socket.send(null as unknown as string);
    socket.send('');
    await turns();
    expect(tellAll(Uint8Array.from(seen.bytes))).toEqual([
      'text "text \ufffd"',
      'binary 09010209',
      'binary 0102',
      'binary 02',
      'binary 0000803f',
      'binary 6162',
      'text "123"',
      'text "null"',
      'text ""',
    ]);
    expect(() => socket.send(Symbol('x') as unknown as string)).toThrow(TypeError);
    socket.close();
  });

  it('sends Blobs in their place, although they are read later, and close behind them', async () => {
    const { transport, seen } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    await opened(socket);
    const scratch = Buffer.from('mine');
    socket.send('1');
    socket.send(new Blob(['blob ', Uint8Array.of(0x32)]));
    socket.send(scratch);
    scratch.fill(0);
    socket.send(new Blob([]));
    socket.send('5');
    const given = new ArrayBuffer(8);
    structuredClone(given, { transfer: [given] });
    socket.send(given);
    expect(socket.bufferedAmount).toBe(1 + 6 + 4 + 0 + 1 + 0);
    socket.close(1000, 'end');
    expect(socket.readyState).toBe(2);
    socket.send('too late');
    await vi.waitFor(() => expect(tellAll(Uint8Array.from(seen.bytes)).at(-1)).toMatch(/^close/));
    expect(tellAll(Uint8Array.from(seen.bytes))).toEqual([
      'text "1"',
      'binary 626c6f622032',
      'binary 6d696e65',
      'binary',
      'text "5"',
      'binary',
      'close 1000 end',
    ]);
  });

  it('fails the connection when a Blob cannot be read', async () => {
    const { transport } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    const { over } = log(socket);
    const failed = vi.fn();
    socket.onerror = ({ error }) => failed(error);
    await opened(socket);
    const gone = new Error('the file is gone');
    const blob = new Blob(['x']);
    blob.arrayBuffer = () => Promise.reject(gone);
    socket.send(blob);
    socket.send('behind it');
    expect(await over).toEqual(['open 1', 'error 3', 'close 1006  false 3']);
    expect(failed.mock.calls).toEqual([[gone]]);
  });

  it('counts in bufferedAmount what is not sent, and for ever what never will be', async () => {
    const { transport } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    await opened(socket);
    socket.send('a');
    expect(socket.bufferedAmount).toBe(1);
    socket.send('ü');
    expect(socket.bufferedAmount).toBe(3);
    await turns();
    expect(socket.bufferedAmount).toBe(0);
    const [pair] = transport.pairs;
    pair!.toServer.stall();
    socket.send(new Uint8Array(5000));
    await turns();
    expect(socket.bufferedAmount).toBe(5000);
    socket.close();
    socket.send('lost');
    expect(socket.bufferedAmount).toBe(5004);
    pair!.reset();
    await turns();
    expect(socket.readyState).toBe(3);
    const atEnd = socket.bufferedAmount;
    expect(atEnd).toBeGreaterThanOrEqual(4);
    socket.send(new Blob(['12345']));
    socket.send('6');
    expect(socket.bufferedAmount).toBe(atEnd + 6);
  });
});

describe('WebSocket.close', () => {
  it.each([0, 999, 1001, 1005, 1006, 1015, 2999, 5000, 70_000, -1, Number.NaN, null, 'x'])(
    'throws an InvalidAccessError for the code %s, in any state',
    async (code) => {
      const { server, WebSocket } = await served(ECHO);
      const socket = new WebSocket(HERE);
      const refused = expect.objectContaining({ name: 'InvalidAccessError' });
      expect(() => socket.close(code as number)).toThrow(refused);
      await opened(socket);
      expect(() => socket.close(code as number)).toThrow(refused);
      expect(socket.readyState).toBe(1);
      socket.close();
      expect(() => socket.close(code as number)).toThrow(refused);
      await server.stop();
    },
  );

  it.each([
    [1000, 1000],
    [3000, 3000],
    [4999, 4999],
    ['3001', 3001],
    [3000.5, 3000],
    [3001.5, 3002],
    [999.6, 1000],
  ])('takes the code %s as %i [Web IDL, Clamp]', async (code, sent) => {
    const { transport, seen } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    await opened(socket);
    socket.close(code as number);
    await turns();
    expect(tellAll(Uint8Array.from(seen.bytes))).toEqual([`close ${sent}`]);
  });

  it('throws a SyntaxError for a reason of more than 123 bytes', async () => {
    const { server, WebSocket } = await served(ECHO);
    const socket = new WebSocket(HERE);
    const { over } = log(socket);
    await opened(socket);
    const refused = expect.objectContaining({ name: 'SyntaxError' });
    expect(() => socket.close(1000, 'x'.repeat(124))).toThrow(refused);
    expect(() => socket.close(1000, 'ü'.repeat(62))).toThrow(refused);
    expect(socket.readyState).toBe(1);
    socket.close(1000, 'ü'.repeat(61));
    expect((await over).at(-1)).toBe('close 1000  true 3');
    await server.stop();
  });

  it.each([
    ['nothing', [], 'close'],
    ['a reason alone', [undefined, 'why'], 'close 1000 why'],
  ])('sends %s as it can be sent', async (_what, args, told) => {
    const { transport, seen } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    await opened(socket);
    socket.close(...(args as []));
    await turns();
    expect(tellAll(Uint8Array.from(seen.bytes))).toEqual([told]);
  });

  it('drops messages that come while it is closing', async () => {
    const { transport } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    const { over } = log(socket);
    await opened(socket);
    socket.close();
    const [pair] = transport.pairs;
    pair!.server.write(plain(1, 'late'));
    pair!.server.write(plain(8, closing(1000)));
    pair!.server.end();
    expect(await over).toEqual(['open 1', 'close 1000  true 3']);
  });

  it('fails the connection when it is not open yet: error, then close 1006', async () => {
    for (const faults of [{ stallConnect: true }, { toClient: { stallAfterBytes: 0 } }, {}]) {
      for (const wait of [0, 1, 2, 3, 5, 20]) {
        const { transport } = await network(accept(plain(1, 'x')), faults);
        const WebSocket = createWebSocketClass(transport);
        const socket = new WebSocket(HERE);
        const { events, over } = log(socket);
        // Microtasks: the connection comes about between two of them.
        for (let turn = 0; turn < wait; turn++) await undefined;
        socket.close();
        expect([wait, socket.readyState, events]).toEqual([wait, 2, []]);
        expect([wait, ...(await over)]).toEqual([wait, 'error 3', 'close 1006  false 3']);
        await turns();
        expect([wait, transport.pairs.size]).toEqual([wait, 0]);
      }
    }
  });
});

describe('the events of a WebSocket', () => {
  it('come one by one: who waits for open misses no message of the same packet', async () => {
    const { transport } = await network(accept(plain(1, 'one'), plain(1, 'two'), plain(8, closing(1000))));
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    const deep = async <T>(promise: Promise<T>): Promise<T> => {
      for (let hop = 0; hop < 10; hop++) await undefined;
      return (async () => promise)();
    };
    await deep(opened(socket));
    expect((await deep(message(socket))).data).toBe('one');
    const two = await deep(message(socket));
    expect([two.data, two.origin, two.lastEventId]).toEqual(['two', 'ws://localhost:8080', '']);
    expect(socket.readyState).toBe(1);
    const { over } = log(socket);
    expect(await over).toEqual(['close 1000  true 3']);
  });

  it('keep a slow receiver from filling its memory: the server is held back', async () => {
    const flood = Array.from({ length: 5000 }, () => plain(1, 'x'.repeat(1000)));
    const { transport } = await network(({ key }, stream) => {
      say(stream, switching(key));
      for (const frame of flood) stream.write(frame);
    });
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    let count = 0;
    await new Promise<void>((resolve) => {
      socket.onmessage = () => {
        if (++count === 1) {
          // All of it has been sent, and one message was taken: what is not on its way waits at the server.
          expect([...transport.pairs][0]!.toClient.deliveredBytes).toBeLessThan(1_000_000);
        }
        if (count === flood.length) resolve();
      };
    });
    expect(count).toBe(5000);
    socket.close();
  });

  it('give binary messages as Blob or ArrayBuffer, exactly', async () => {
    const { server, WebSocket } = await served(ECHO);
    const socket = new WebSocket(HERE);
    await opened(socket);
    socket.send(Uint8Array.of(1, 2, 3));
    const blob = (await message(socket)).data as Blob;
    expect(blob).toBeInstanceOf(Blob);
    expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual([1, 2, 3]);
    socket.binaryType = 'arraybuffer';
    socket.binaryType = 'nodebuffer' as 'blob';
    expect(socket.binaryType).toBe('arraybuffer');
    socket.send(Uint8Array.of(4, 5));
    const { data } = await message(socket);
    expect(data).toBeInstanceOf(ArrayBuffer);
    expect([...new Uint8Array(data as ArrayBuffer)]).toEqual([4, 5]);
    await server.stop();
  });

  it.each<[string, (transport: Transport) => Promise<unknown>, string]>([
    ['nothing listens', async () => {}, 'connection-refused'],
    ['the server refuses', async (transport) => new Server(transport).start(8080), 'unexpected-status'],
  ])('tell why in the error: %s', async (_what, prepare, code) => {
    const transport = createMemoryTransport();
    await prepare(transport);
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    const { over } = log(socket);
    const error = await new Promise<{ error: unknown; message: string }>((resolve) => {
      socket.onerror = resolve;
    });
    expect(error.error).toMatchObject({ code });
    expect(error.message).toMatch(/^Cannot /);
    expect(await over).toEqual(['error 3', 'close 1006  false 3']);
  });

  it('fail where the server chooses none of the subprotocols [Fetch, establish a WebSocket connection]', async () => {
    const { server, WebSocket } = await served(ECHO);
    const socket = new WebSocket(HERE, 'chat');
    const { over } = log(socket);
    expect(await over).toEqual(['error 3', 'close 1006  false 3']);
    await server.stop();
  });

  it.each([
    ['a broken frame', [plain(3, 'x')]],
    ['broken UTF-8', [plain(1, Uint8Array.of(0xff))]],
  ])('are error and close 1006 when the server breaks the protocol: %s', async (_what, frames) => {
    const { transport } = await network(accept(...frames));
    const WebSocket = createWebSocketClass(transport);
    const socket = new WebSocket(HERE);
    const { over } = log(socket);
    expect(await over).toEqual(['open 1', 'error 3', 'close 1006  false 3']);
  });

  it('are error and close 1006 when the connection is lost', async () => {
    const { transport } = await network(accept());
    const WebSocket = createWebSocketClass(transport);
    for (const lose of ['reset', 'end'] as const) {
      const socket = new WebSocket(HERE);
      const { over } = log(socket);
      let why: unknown;
      socket.onerror = ({ error }) => {
        why = error;
      };
      await opened(socket);
      const pair = [...transport.pairs].at(-1)!;
      if (lose === 'reset') pair.reset();
      else pair.server.end();
      expect(await over).toEqual(['open 1', 'error 3', 'close 1006  false 3']);
      expect(why).toMatchObject({ code: lose === 'reset' ? 'connection-reset' : 'abnormal-close' });
    }
  });

  it('reach listeners and on-handlers in the order of their registration [HTML 8.1.8.1]', async () => {
    const { server, WebSocket } = await served(ECHO);
    const socket = new WebSocket(HERE);
    const calls: string[] = [];
    const first = (): void => void calls.push('first');
    socket.onopen = first;
    expect(socket.onopen).toBe(first);
    socket.addEventListener('open', () => void calls.push('listener'));
    socket.onopen = function (this: unknown) {
      calls.push(`second ${this === socket}`);
    };
    socket.onmessage = () => void calls.push('never');
    socket.onmessage = null;
    expect(socket.onmessage).toBeNull();
    socket.onclose = 5 as unknown as null;
    expect([socket.onclose, socket.onerror]).toEqual([null, null]);
    await opened(socket);
    expect(calls).toEqual(['second true', 'listener']);
    socket.send('x');
    await message(socket);
    expect(calls).toHaveLength(2);
    await server.stop();
  });
});
