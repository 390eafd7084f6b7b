import { TransportError } from 'sansocket';
import { connect, createWebSocketClass, HandshakeError } from 'sansocket/client';
import { Server, type WebSocketHandlers } from 'sansocket/server';
import { type ByteStream, createMemoryTransport, type MemoryPairOptions } from 'sansocket/transport';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { utf8 } from '../../support/deliveries.ts';
import { closing, masked, plain, readFrames, tellAll } from '../../support/wire.ts';
import { accept, network, rejection, say, scripted, switching, turns } from './support.ts';

const HERE = 'ws://localhost:8080/';

/** A transport with our own server on port 8080. */
async function served(handlers: WebSocketHandlers, faults: MemoryPairOptions = {}) {
  const transport = createMemoryTransport(faults);
  const server = new Server(transport);
  server.useWebSockets(handlers);
  await server.start(8080);
  return { transport, server };
}

const ECHO: WebSocketHandlers = { message: (socket, message) => socket.send(message) };

describe('connect()', () => {
  it('sends the request that RFC 6455 4.1 asks for, and what the options add', async () => {
    let head = '';
    const { transport } = await network((asked, stream) => {
      head = asked.head;
      say(stream, switching(asked.key, 'Sec-WebSocket-Protocol: b', 'Set-Cookie: s=1'));
    });
    const socket = await connect(transport, 'ws://LOCALHOST:8080/a%20b?x=1&y=%C3%A4', {
      protocols: ['a', 'b'],
      origin: 'http://example.com',
      headers: { Authorization: 'Bearer t', 'X-Two': ['1', '2'] },
      data: { user: 7 },
    });
    expect(head.replace(/Key: .*\r/, 'Key: …\r').split('\r\n')).toEqual([
      'GET /a%20b?x=1&y=%C3%A4 HTTP/1.1',
      'Host: localhost:8080',
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: …',
      'Sec-WebSocket-Protocol: a, b',
      'Origin: http://example.com',
      'Authorization: Bearer t',
      'X-Two: 1',
      'X-Two: 2',
      '',
      '',
    ]);
    expect(socket.protocol).toBe('b');
    expect(socket.extensions).toBe('');
    expect(socket.data).toEqual({ user: 7 });
    expect(socket.responseHeaders?.get('set-cookie')).toBe('s=1');
    expect(socket.request.target).toBe('/a%20b?x=1&y=%C3%A4');
    expect(socket.request.path).toBe('/a%20b');
    expect(socket.request.query.get('y')).toBe('ä');
    expect(socket.request.headers.getAll('x-two')).toEqual(['1', '2']);
    expect(socket.request.headers.get('host')).toBe('localhost:8080');
    expect([socket.state, socket.remoteAddress, socket.encrypted]).toEqual(['open', '127.0.0.1', false]);
    socket.terminate();
  });

  it('loses nothing that comes in the packet of the 101, and gives it to a loop that starts later', async () => {
    const { transport } = await network(
      accept(plain(1, 'one'), plain(2, Uint8Array.of(2)), plain(1, 'three')),
    );
    const socket = await connect(transport, HERE);
    await turns();
    const messages: unknown[] = [];
    for await (const message of socket) {
      messages.push(typeof message === 'string' ? message : [...message]);
      if (messages.length === 3) break;
    }
    expect(messages).toEqual(['one', [2], 'three']);
    socket.terminate();
  });

  it.each([1, 2, 3, 7, 1000])(
    'works over a network that cuts into pieces of %i bytes',
    async (pieceBytes) => {
      const { transport, server } = await served(ECHO, {
        toServer: { pieceBytes },
        toClient: { pieceBytes },
      });
      const socket = await connect(transport, HERE);
      const texts = ['', 'short', 'ü€😀'.repeat(50), 'x'.repeat(3000)];
      for (const text of texts) void socket.send(text);
      const back: unknown[] = [];
      for await (const message of socket) {
        back.push(message);
        if (back.length === texts.length) break;
      }
      expect(back).toEqual(texts);
      expect(await socket.close(3000, 'done')).toEqual({ code: 3000, reason: '', wasClean: true });
      await server.stop();
      expect(transport.pairs.size).toBe(0);
    },
  );

  it('works over a stream that is full after each byte', async () => {
    const { transport, server } = await served(ECHO, { highWaterBytes: 1, toServer: { pieceBytes: 50 } });
    const socket = await connect(transport, HERE);
    await socket.send('one');
    await socket.send('two');
    const back: unknown[] = [];
    for await (const message of socket) if (back.push(message) === 2) break;
    expect(back).toEqual(['one', 'two']);
    await socket.close();
    await server.stop();
  });

  it('masks what it sends, and refuses a server that does [RFC 6455 5.1]', async () => {
    const { transport, seen } = await network(accept(masked(1, 'x')));
    const socket = await connect(transport, HERE);
    const loop = rejection(
      (async () => {
        for await (const _ of socket) throw new Error('a masked message got through');
      })(),
    );
    expect(await socket.closed).toMatchObject({ code: 1002, wasClean: false });
    expect(await loop).toMatchObject({ code: 'not-open', cause: { code: 'masked-frame' } });
    await turns();
    const [frame] = readFrames(Uint8Array.from(seen.bytes)).frames;
    expect(frame).toMatchObject({ opcode: 8, masked: true });
  });

  it('takes masked frames where allowMasked is set', async () => {
    const { transport } = await network(accept(masked(1, 'x')));
    const socket = await connect(transport, HERE, { allowMasked: true });
    for await (const message of socket) {
      expect(message).toBe('x');
      break;
    }
    socket.terminate();
  });

  it('answers a close that is in the packet of the 101, and lets the server end the stream [RFC 6455 7.1.1]', async () => {
    const { transport, seen } = await network(accept(plain(8, closing(1001, 'later'))));
    const socket = await connect(transport, HERE);
    expect(await socket.closed).toEqual({ code: 1001, reason: 'later', wasClean: true });
    expect(socket.state).toBe('closed');
    await turns();
    expect(tellAll(Uint8Array.from(seen.bytes))).toEqual(['close 1001']);
    expect([...transport.pairs]).toHaveLength(1);
    [...transport.pairs][0]!.server.end();
    await turns();
    expect(transport.pairs.size).toBe(0);
  });

  it('calls handlers in the place of a loop', async () => {
    const calls: string[] = [];
    const { transport, server } = await served(ECHO);
    const socket = await connect<number>(transport, HERE, {
      data: 1,
      handlers: {
        open: (open) => void calls.push(`open ${open.data}`),
        message: (from, message) => {
          calls.push(`message ${message}`);
          void from.close(1000);
        },
        close: (_, { code }) => void calls.push(`close ${code}`),
      },
    });
    await socket.send('hi');
    await socket.closed;
    expect(calls).toEqual(['open 1', 'message hi', 'close 1000']);
    expect(() => socket[Symbol.asyncIterator]()).toThrow(expect.objectContaining({ code: 'bad-state' }));
    await server.stop();
  });

  it('gives messages as streams where it is told to', async () => {
    const { transport } = await network(
      accept(plain(1, 'to be ', { fin: false }), plain(9, 'p'), plain(0, 'continued'), plain(2, 'bytes')),
    );
    const socket = await connect(transport, HERE, { streams: true });
    const seen: unknown[] = [];
    for await (const message of socket) {
      seen.push(message.type, await message.text());
      if (seen.length === 4) break;
    }
    expect(seen).toEqual(['text', 'to be continued', 'binary', 'bytes']);
    socket.terminate();
  });

  it('gives the next message to a loop that passes one over, and says so where that is read after all', async () => {
    const { transport } = await network(
      accept(
        plain(1, 'one'),
        plain(1, ''),
        plain(1, 'begun', { fin: false }),
        plain(0, ''),
        plain(1, 'last'),
      ),
    );
    const socket = await connect(transport, HERE, { streams: true });
    const passed: Array<{ text(): Promise<string> }> = [];
    for await (const message of socket) {
      if (passed.length < 3) passed.push(message);
      else {
        expect(await message.text()).toBe('last');
        break;
      }
    }
    const late = await Promise.allSettled(passed.map((message) => message.text()));
    expect(late.map((each) => (each.status === 'fulfilled' ? each.value : each.reason.code))).toEqual([
      'bad-state',
      '', // there was nothing to pass over
      'bad-state',
    ]);
    socket.terminate();
  });

  it('lets a loop go on while a message is still being read', async () => {
    const { transport } = await network(accept(plain(1, 'one'), plain(1, 'two'), plain(8, '')));
    const socket = await connect(transport, HERE, { streams: true });
    const read: Array<Promise<string>> = [];
    for await (const message of socket) read.push(message.text());
    expect(await Promise.all(read)).toEqual(['one', 'two']);
  });

  it('tells onError, and closes with 1011, when a handler fails', async () => {
    const { transport, server } = await served(ECHO);
    const failure = new Error('mine');
    const onError = vi.fn();
    const error = vi.fn();
    const socket = await connect(transport, HERE, {
      onError,
      handlers: {
        error,
        message() {
          throw failure;
        },
      },
    });
    await socket.send('go');
    expect(await socket.closed).toMatchObject({ code: 1011, wasClean: false });
    expect(onError.mock.calls).toEqual([[failure, 'handler']]);
    expect(error.mock.calls).toEqual([[socket, failure]]);
    await server.stop();
  });

  it('prints what a handler throws when nobody else wants it', async () => {
    const print = vi.spyOn(console, 'error').mockImplementation(() => {});
    const { transport, server } = await served(ECHO);
    const failure = new Error('mine');
    const socket = await connect(transport, HERE, {
      handlers: { open: () => Promise.reject(failure), message() {} },
    });
    await socket.closed;
    expect(print.mock.calls).toEqual([[failure]]);
    print.mockRestore();
    await server.stop();
  });

  it('goes to the Unix domain socket of path, and asks for what the URL says', async () => {
    const transport = createMemoryTransport();
    const server = new Server(transport);
    const asked: string[] = [];
    server.useWebSockets({
      open: (socket) => void asked.push(socket.request.headers.get('host') ?? '', socket.request.target),
    });
    await server.start({ path: '/run/app.sock' });
    const allowAddress = vi.fn(() => false);
    const socket = await connect(transport, 'ws://app.internal/chat', {
      path: '/run/app.sock',
      allowAddress,
    });
    expect(asked).toEqual(['app.internal', '/chat']);
    expect(allowAddress).not.toHaveBeenCalled();
    await socket.close();
    await server.stop();
  });
});

describe('connect(), when it fails', () => {
  it.each([
    [
      'a redirect, which it does not follow',
      'HTTP/1.1 301 Moved\r\nLocation: ws://elsewhere/\r\nContent-Length: 0\r\n\r\n',
      301,
    ],
    [
      'a refusal',
      'HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\nContent-Length: 4\r\n\r\nwho?',
      401,
    ],
    ['a page', 'HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5\r\n\r\nhello', 200],
  ])('rejects with what the server said: %s', async (_what, answer, status) => {
    const { transport, seen } = await network((_, stream) => say(stream, answer));
    const error = await rejection<HandshakeError>(
      connect(transport, HERE, { headers: { Authorization: 'secret' } }),
    );
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error).toMatchObject({ code: 'unexpected-status', status, response: { status, complete: true } });
    expect(error.message).toBe(
      `Cannot open WebSocket at localhost:8080: the status is ${status}, expected 101 (RFC 6455 §4.1)`,
    );
    await turns();
    expect([seen.connections, seen.closed, seen.bytes.length, transport.pairs.size]).toEqual([1, 1, 0, 0]);
  });

  it('sends nothing behind the request, and drops the stream, when the 101 is wrong [RFC 6455 4.1]', async () => {
    const { transport, seen } = await network((_, stream) =>
      say(stream, switching('AAAA'), plain(1, 'early')),
    );
    const error = await rejection(connect(transport, HERE));
    expect(error.code).toBe('bad-accept');
    await turns();
    expect([seen.closed, seen.bytes.length, transport.pairs.size]).toEqual([1, 0, 0]);
  });

  it('passes on what the transport says', async () => {
    const transport = createMemoryTransport();
    const error = await rejection(connect(transport, HERE));
    expect(error).toBeInstanceOf(TransportError);
    expect(error.code).toBe('connection-refused');
    await scripted(transport, accept());
    expect((await rejection(connect(transport, 'wss://localhost:8080/'))).code).toBe('tls-failed');
  });

  it('refuses the name of a file for a certificate, which some runtimes ignore', async () => {
    for (const name of ['ca', 'cert', 'key']) {
      const error = await rejection(
        connect(createMemoryTransport(), 'wss://localhost/', { tls: { [name]: 'file.pem' } }),
      );
      expect([error.code, error.message]).toEqual([
        'bad-option',
        expect.stringContaining(`${name} is text without`),
      ]);
    }
  });

  it('says so when the transport is left out', async () => {
    const error = await rejection(connect(HERE as never, {} as never));
    expect(error.message).toMatch(/^Cannot connect: the transport is "ws:.*import from 'sansocket'/);
    expect(() => createWebSocketClass(undefined as never)).toThrow('Cannot make a WebSocket class');
  });

  it('has a stack that leads to who called, not to a callback of the runtime', async () => {
    const transport = createMemoryTransport();
    async function callOfMine(url = HERE): Promise<void> {
      await connect(transport, url);
    }
    expect((await rejection(callOfMine())).stack).toMatch(/at (async )?callOfMine/);
    await scripted(transport, (_, stream) => stream.end());
    const error = await rejection(callOfMine());
    expect(error).toBeInstanceOf(HandshakeError);
    expect(error.stack).toMatch(/^HandshakeError: [\s\S]*at (async )?callOfMine/);
  });

  it('leaves the stack of an error of the app’s as it was', async () => {
    const { transport } = await network(() => {});
    const mine = new Error('mine');
    const { stack } = mine;
    const allowAddress = (): boolean => {
      throw mine;
    };
    expect(await rejection(connect(transport, HERE, { allowAddress }))).toBe(mine);
    expect(mine.stack).toBe(stack);
  });

  it('rejects when the server ends without an answer', async () => {
    const { transport } = await network((_, stream) => stream.end());
    expect(await rejection(connect(transport, HERE))).toMatchObject({
      code: 'unexpected-end',
      response: undefined,
    });
    await turns();
    expect(transport.pairs.size).toBe(0);
  });

  it('asks allowAddress before a byte is sent [CVE-2026-49860]', async () => {
    const { transport, seen } = await network(accept());
    const asked: string[] = [];
    const allowAddress = (address: string): boolean => asked.push(address) > 1;
    const error = await rejection(connect(transport, HERE, { allowAddress }));
    expect(error).toMatchObject({ name: 'TransportError', code: 'address-refused' });
    expect(error.message).toBe('Cannot connect to localhost:8080: the address 127.0.0.1 is not allowed');
    await turns();
    expect([seen.bytes.length, transport.pairs.size]).toEqual([0, 0]);
    (await connect(transport, HERE, { allowAddress })).terminate();
    expect(asked).toEqual(['127.0.0.1', '127.0.0.1']);
    const mine = new Error('mine');
    const thrown = await rejection(
      connect(transport, HERE, {
        allowAddress() {
          throw mine;
        },
      }),
    );
    expect(thrown).toBe(mine);
  });

  it.each([
    ['a promise of no', async () => false],
    ['a promise that rejects', () => Promise.reject(new Error('mine'))],
    ['nothing', () => undefined],
    ['an address', () => '127.0.0.1'],
  ])('takes %s from allowAddress for no yes, and says so', async (_, allowAddress) => {
    const { transport, seen } = await network(accept());
    const error = await rejection(connect(transport, HERE, { allowAddress: allowAddress as never }));
    expect(error).toMatchObject({ name: 'TypeError', code: 'bad-argument' });
    expect(error.message).toContain('allowAddress');
    await turns();
    expect([seen.bytes.length, transport.pairs.size]).toEqual([0, 0]);
  });

  it.each([
    [{ colour: 'red' }, 'bad-option', 'there is no option "colour"'],
    [{ timeoutMs: 0 }, 'bad-option', 'timeoutMs is 0'],
    [{ timeoutMs: '5' }, 'bad-option', 'timeoutMs is "5"'],
    [{ signal: {} }, 'bad-option', 'signal is an object'],
    [{ path: '' }, 'bad-option', 'path is empty'],
    [{ tls: { ca: 'x' } }, 'bad-option', 'expected a wss:// URL'],
    [{ tls: { servername: 'x' } }, 'bad-option', 'there is no option "servername"'],
    [
      { tls: { rejectUnauthorized: 'false' } },
      'bad-option',
      'rejectUnauthorized is a string, expected a boolean',
    ],
    [{ tls: { rejectUnauthorized: 0 } }, 'bad-option', 'rejectUnauthorized is a number, expected a boolean'],
    [{ tls: { passphrase: 1234 } }, 'bad-option', 'passphrase is something else, expected text'],
    [{ tls: { serverName: '' } }, 'bad-option', 'serverName is "", expected a host name'],
    [{ tls: { serverName: 5 } }, 'bad-option', 'serverName is 5, expected a host name'],
    [{ tls: { alpnProtocols: 'http/1.1' } }, 'bad-option', 'alpnProtocols is "http/1.1", expected a list'],
    [{ tls: { alpnProtocols: [1] } }, 'bad-option', 'alpnProtocols is a list, expected a list of names'],
    [{ limits: { maxMessageByte: 1 } }, 'bad-option', 'maxMessageByte'],
    [{ compression: { window: 1 } }, 'bad-option', 'window'],
    [{ streams: 1 }, 'bad-option', 'streams is a number'],
    [{ allowMasked: 'no' }, 'bad-option', 'allowMasked is a string'],
    [{ allowAddress: true }, 'bad-option', 'allowAddress is a boolean'],
    [{ onError: {} }, 'bad-option', 'onError is an object'],
    [{ limits: new Map([['maxMessageBytes', 1]]) }, 'bad-option', 'they are a list, expected an object'],
    [{ compression: new Map([['level', 9]]) }, 'bad-option', 'options are a list, expected an object'],
    [{ compression: { windowBits: [9] } }, 'bad-option', 'Cannot use windowBits: options are a list'],
    [{ handlers: new Map([['message', () => {}]]) }, 'bad-argument', 'it is a list, expected'],
    [{ handlers: { onmessage() {} } }, 'bad-argument', '"onmessage" means nothing'],
    [{ handlers() {} }, 'bad-argument', 'it is a function, expected an object of functions'],
    [{ handlers: { *message() {} } }, 'bad-argument', 'is a generator function'],
    [{ handlers: { authorize() {} } }, 'bad-argument', '"authorize" means nothing'],
    [{ handlers: { open: 1 } }, 'bad-argument', 'open is a number'],
    [{ handlers: { message() {}, stream() {} } }, 'bad-argument', 'one of the two'],
    [{ handlers: { message() {} }, streams: true }, 'bad-option', 'message handler'],
    [{ protocols: 'a,b' }, 'bad-argument', 'is no token'],
    [{ headers: { Host: 'a b' } }, 'bad-argument', 'Host'],
    [{ headers: { A: 'b\r\nC: d' } }, 'bad-argument', 'control character'],
  ])(
    'refuses options that cannot be, before anything is opened: %j [CVE-2026-1527]',
    async (options, code, what) => {
      const { transport, seen } = await network(accept());
      const error = await rejection(connect(transport, HERE, options as object));
      expect(error.code).toBe(code);
      expect(error.message).toContain(what);
      expect(seen.connections).toBe(0);
    },
  );

  it.each([
    'localhost',
    'ftp://localhost/',
    'ws://localhost/#a',
    'ws://u:p@localhost/',
    'ws+unix:///run/x',
    'ws://a b/',
  ])('refuses what is no WebSocket URL: %s [RFC 6455 3]', async (url) => {
    const { transport } = await network(accept());
    expect(await rejection(connect(transport, url))).toMatchObject({
      name: 'TypeError',
      code: 'bad-argument',
    });
  });
});

describe('connect(), over a network with faults', () => {
  const ANSWER = switching('AAAAAAAAAAAAAAAAAAAAAA==').length;

  it('rejects, and leaves nothing behind, wherever the answer is cut off', async () => {
    for (let at = 0; at < ANSWER; at++) {
      const { transport } = await network(accept(plain(1, 'x')), { toClient: { endAfterBytes: at } });
      const error = await rejection(connect(transport, HERE));
      expect([at, error.name, error.code]).toEqual([at, 'HandshakeError', 'unexpected-end']);
      await turns(3);
      for (const pair of transport.pairs) pair.server.end();
      await turns(3);
      expect([at, transport.pairs.size]).toEqual([at, 0]);
    }
  });

  it('rejects wherever the connection is reset, on the way there and back [CVE-2022-21676]', async () => {
    for (let at = 0; at < ANSWER; at += 3) {
      for (const faults of [{ toClient: { resetAfterBytes: at } }, { toServer: { resetAfterBytes: at } }]) {
        const { transport } = await network(accept(plain(1, 'x')), faults);
        const error = await rejection(connect(transport, HERE));
        expect([at, error.name, error.code]).toEqual([at, 'TransportError', 'connection-reset']);
        await turns(3);
        expect([at, transport.pairs.size]).toEqual([at, 0]);
      }
    }
  });

  it('opens wherever the connection breaks behind the answer, and then says so, once', async () => {
    const onError = vi.fn();
    const { transport } = await network(accept(plain(1, 'hello')), {
      toClient: { resetAfterBytes: ANSWER + 3 },
    });
    const socket = await connect(transport, HERE, { onError });
    const error = await rejection(
      (async () => {
        for await (const _ of socket);
      })(),
    );
    expect(error).toMatchObject({ code: 'not-open', cause: { code: 'connection-reset' } });
    expect(await socket.closed).toEqual({ code: 1006, reason: '', wasClean: false });
    expect(onError.mock.calls).toEqual([
      [expect.objectContaining({ code: 'connection-reset' }), 'transport'],
    ]);
    expect(await rejection(socket.send('x'))).toMatchObject({ code: 'not-open' });
    expect(await rejection(socket.ping())).toMatchObject({ code: 'not-open' });
  });
});

describe('connect(), and time', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it.each([
    ['the connection does not come about', { stallConnect: true }],
    ['the request does not arrive', { toServer: { stallAfterBytes: 10 } }],
    ['the answer does not begin', { toClient: { stallAfterBytes: 0 } }],
    ['the answer does not end', { toClient: { stallAfterBytes: 40 } }],
  ])('gives up after timeoutMs when %s, and leaves nothing behind', async (_what, faults) => {
    const { transport } = await network(accept(), faults);
    const failed = rejection(connect(transport, HERE, { timeoutMs: 2000 }));
    await vi.advanceTimersByTimeAsync(1999);
    expect(transport.pairs.size).toBe('stallConnect' in faults ? 0 : 1);
    await vi.advanceTimersByTimeAsync(1);
    const error = await failed;
    expect([error.name, error.code]).toEqual(['TransportError', 'connect-timeout']);
    expect(error.message).toMatch(/^Cannot connect to localhost:8080: /);
    await turns();
    expect([transport.pairs.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('waits for 10 s where nothing else is said', async () => {
    const { transport } = await network(accept(), { toClient: { stallAfterBytes: 0 } });
    const failed = rejection(connect(transport, HERE));
    await vi.advanceTimersByTimeAsync(9999);
    expect(transport.pairs.size).toBe(1);
    await vi.advanceTimersByTimeAsync(1);
    expect((await failed).message).toBe(
      'Cannot connect to localhost:8080: the server did not answer the handshake within 10000 ms',
    );
  });

  it('sets no timer where timeoutMs is Infinity', async () => {
    const { transport } = await network(accept(), { toClient: { stallAfterBytes: 0 } });
    const controller = new AbortController();
    const failed = rejection(
      connect(transport, HERE, { timeoutMs: Number.POSITIVE_INFINITY, signal: controller.signal }),
    );
    await turns();
    expect(vi.getTimerCount()).toBe(0);
    controller.abort();
    expect((await failed).code).toBe('aborted');
  });

  it('waits for the body of a refusal for a second at most, however it trickles', async () => {
    let stream: ByteStream | undefined;
    const { transport } = await network((_, to) => {
      stream = to;
      say(to, 'HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\n');
    });
    const failed = rejection<HandshakeError>(connect(transport, HERE));
    for (let tenths = 0; tenths < 10; tenths++) {
      stream?.write(utf8('x'));
      await vi.advanceTimersByTimeAsync(100);
    }
    const error = await failed;
    expect(error).toMatchObject({ code: 'unexpected-status', status: 503, response: { complete: false } });
    expect(error.text).toBe('x'.repeat(9));
    await turns();
    expect([transport.pairs.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('tells the refusal, not the reset or the end that follows it', async () => {
    const { transport } = await network((_, stream) => {
      say(stream, 'HTTP/1.1 403 No\r\nContent-Length: 100\r\n\r\nbecause');
      setTimeout(() => stream.destroy(), 10);
    });
    const failed = rejection<HandshakeError>(connect(transport, HERE));
    await vi.advanceTimersByTimeAsync(20);
    const error = await failed;
    expect([error.code, error.status, error.text]).toEqual(['unexpected-status', 403, 'because']);
  });

  it('leaves no timer behind but the keepalive, and that goes with the socket', async () => {
    const { transport, server } = await served(ECHO);
    const socket = await connect(transport, HERE, { limits: { pingIntervalMs: Number.POSITIVE_INFINITY } });
    await socket.close();
    await server.stop();
    await turns();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('pings a silent server, and gives it up with 1011 [limits.pongTimeoutMs]', async () => {
    const { transport, seen } = await network(accept());
    const socket = await connect(transport, HERE, { limits: { pingIntervalMs: 1000, pongTimeoutMs: 500 } });
    await vi.advanceTimersByTimeAsync(1000);
    expect(readFrames(Uint8Array.from(seen.bytes)).frames[0]?.opcode).toBe(9);
    await vi.advanceTimersByTimeAsync(500);
    expect(await socket.closed).toMatchObject({ code: 1011, wasClean: false });
    await vi.advanceTimersByTimeAsync(6000);
    expect([transport.pairs.size, vi.getTimerCount()]).toEqual([0, 0]);
  });

  it('a ping that waits behind a long message has no answer yet: while that moves, the server is not given up', async () => {
    const { transport, seen } = await network(accept(), { toServer: { pieceBytes: 1000, delayMs: 50 } });
    const opening = connect(transport, HERE, { limits: { pingIntervalMs: 1000, pongTimeoutMs: 500 } });
    await vi.advanceTimersByTimeAsync(100);
    const socket = await opening;
    void socket.send(new Uint8Array(100_000));
    await vi.advanceTimersByTimeAsync(4500);
    expect(socket.state).toBe('open');
    expect(seen.bytes.length).toBeLessThan(100_000);
    await vi.advanceTimersByTimeAsync(2500);
    expect(seen.bytes.length).toBeGreaterThan(100_000);
    expect(await socket.closed).toMatchObject({ code: 1011, wasClean: false });
  });
});

describe('connect(), and its signal', () => {
  /** A signal that counts its listeners. */
  function counted() {
    const controller = new AbortController();
    const { signal } = controller;
    let listeners = 0;
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...args: Parameters<typeof add>) => {
      listeners++;
      add(...args);
    };
    signal.removeEventListener = (...args: Parameters<typeof remove>) => {
      listeners--;
      remove(...args);
    };
    return { controller, signal, listeners: () => listeners };
  }

  it.each([
    ['before it begins', {}, 0],
    ['while it connects', { stallConnect: true }, 1],
    ['while it waits for the answer', { toClient: { stallAfterBytes: 0 } }, 20],
    ['in the middle of the answer', { toClient: { stallAfterBytes: 40 } }, 20],
  ])('gives up at once when it is aborted %s', async (_when, faults, wait) => {
    const { transport } = await network(accept(), faults);
    const controller = new AbortController();
    const reason = new Error('enough');
    if (wait === 0) controller.abort(reason);
    const failed = rejection(connect(transport, HERE, { signal: controller.signal }));
    await turns(wait);
    controller.abort(reason);
    const error = await failed;
    expect(error).toMatchObject({ name: 'TransportError', code: 'aborted', cause: reason });
    await turns();
    expect(transport.pairs.size).toBe(0);
  });

  it('leaves no listener on it, and has no effect on an open socket', async () => {
    const { transport, server } = await served(ECHO);
    const { controller, signal, listeners } = counted();
    const socket = await connect(transport, HERE, { signal });
    // The transport takes its own away once more than it put there.
    expect(listeners()).toBeLessThanOrEqual(0);
    controller.abort();
    await turns();
    expect(socket.state).toBe('open');
    await socket.close();
    await server.stop();
  });
});
