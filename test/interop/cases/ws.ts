/**
 * What the client of `ws` must see of our server: it can do what the WHATWG class cannot, such as pings and fragments.
 *
 * @module
 */
import { once } from 'node:events';
import WebSocket, { type ClientOptions } from 'ws';
import { equal, LENGTHS, mixed, noise, ok, soon, textOf } from './check.ts';

/** What a case runs with. */
export interface WsEnvironment {
  /** `ws://host:port` of `servers/echo.ts`. */
  readonly ws: string;
  /** `http://host:port` of the same. */
  readonly http: string;
  /** Whether that server agrees to compression. */
  readonly compression: boolean;
}

type Message = string | Uint8Array;

const bytesOf = (data: WebSocket.RawData): Uint8Array =>
  Array.isArray(data) ? Buffer.concat(data) : new Uint8Array(data as ArrayBuffer);

/** A socket whose events can be awaited. */
class Tester {
  readonly socket: WebSocket;
  readonly #messages: Message[] = [];
  #wake: () => void = () => {};

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.on('message', (data, isBinary) => {
      this.#messages.push(isBinary ? bytesOf(data) : String(data));
      this.#wake();
    });
    // What goes wrong shows in `close`, and in what does not come.
    socket.on('error', () => {});
  }

  static async open(env: WsEnvironment, path = '/', options: ClientOptions = {}): Promise<Tester> {
    const socket = new WebSocket(env.ws + path, { perMessageDeflate: env.compression, ...options });
    const tester = new Tester(socket);
    await soon(once(socket, 'open'), 'open');
    return tester;
  }

  async next(): Promise<Message> {
    while (this.#messages.length === 0) {
      await soon(
        new Promise<void>((resolve) => {
          this.#wake = resolve;
        }),
        'message',
      );
    }
    return this.#messages.shift()!;
  }

  async event(name: string): Promise<unknown[]> {
    return soon(once(this.socket, name), name);
  }

  async closed(): Promise<{ code: number; reason: string }> {
    const [code, reason] = (await this.event('close')) as [number, Buffer];
    return { code, reason: String(reason) };
  }

  async leaves(): Promise<void> {
    this.socket.close(1000, 'done');
    equal((await this.closed()).code, 1000, 'close code');
  }
}

/** The answer to an upgrade that is refused. */
async function refused(
  env: WsEnvironment,
  path: string,
  options: ClientOptions,
): Promise<{ status: number; headers: Record<string, unknown>; body: string }> {
  const socket = new WebSocket(env.ws + path, options);
  socket.on('error', () => {});
  const [, response] = (await soon(once(socket, 'unexpected-response'), 'refusal')) as [
    unknown,
    AsyncIterable<Uint8Array> & { statusCode: number; headers: Record<string, unknown> },
  ];
  let body = '';
  for await (const chunk of response) body += String(chunk);
  return { status: response.statusCode, headers: response.headers, body };
}

const seenClose = async (env: WsEnvironment, id: string): Promise<unknown> =>
  (await fetch(`${env.http}/closes?id=${id}`)).json();

/** The cases, by what they show. */
export const WS_CASES: Readonly<Record<string, (env: WsEnvironment) => Promise<void>>> = {
  async 'every size class comes back equal, as the type that it was sent as'(env) {
    const tester = await Tester.open(env);
    for (const length of LENGTHS) {
      for (const message of [textOf(length), noise(length)]) {
        tester.socket.send(message);
        equal(await tester.next(), message, `${typeof message} of ${length}`);
      }
    }
    await tester.leaves();
  },

  async 'a message in fragments, with a ping between, comes back as one'(env) {
    const tester = await Tester.open(env);
    const text = textOf(70_000);
    const bytes = Buffer.from(text);
    for (const [binary, whole] of [
      [false, text],
      [true, new Uint8Array(bytes)],
    ] as const) {
      // Cut inside of characters, too.
      const cuts = [0, 1, 2, 3, 200, 30_001, 30_001, bytes.length];
      const pongs: string[] = [];
      tester.socket.on('pong', (payload) => pongs.push(String(payload)));
      for (let i = 0; i + 1 < cuts.length; i++) {
        const fin = i + 2 === cuts.length;
        tester.socket.send(bytes.subarray(cuts[i], cuts[i + 1]), { binary, fin });
        if (!fin) tester.socket.ping(`between ${i}`);
      }
      equal(await tester.next(), whole, 'message');
      equal(
        pongs,
        Array.from({ length: 6 }, (_, i) => `between ${i}`),
        'pongs',
      );
      tester.socket.removeAllListeners('pong');
    }
    await tester.leaves();
  },

  async 'a message of 10 000 fragments comes back as one'(env) {
    const tester = await Tester.open(env);
    const bytes = noise(10_000);
    for (let i = 0; i < bytes.length; i++) {
      tester.socket.send(bytes.subarray(i, i + 1), {
        binary: true,
        fin: i + 1 === bytes.length,
        compress: false,
      });
    }
    equal(await tester.next(), bytes);
    await tester.leaves();
  },

  async 'messages that the server sends in fragments, with pings between, arrive as one'(env) {
    const tester = await Tester.open(env, '/stream?pieces=300');
    equal(await tester.next(), Array.from({ length: 300 }, (_, i) => `${i} grüße 😀\n`).join(''), 'text');
    equal(
      await tester.next(),
      Uint8Array.from({ length: 600 }, (_, i) => (i % 2 === 0 ? i / 2 : i >> 9)),
      'binary',
    );
    await tester.leaves();
  },

  async 'a ping is answered with its payload, whatever it is'(env) {
    const tester = await Tester.open(env);
    for (const payload of [new Uint8Array(0), noise(1), noise(125), Buffer.from('__proto__')]) {
      tester.socket.ping(payload);
      const [data] = (await tester.event('pong')) as [Buffer];
      equal(new Uint8Array(data), new Uint8Array(payload), 'pong');
    }
    await tester.leaves();
  },

  async 'a pong that nobody asked for changes nothing'(env) {
    const tester = await Tester.open(env);
    for (const payload of ['', '__proto__', 'constructor', 'x'.repeat(125)]) tester.socket.pong(payload);
    tester.socket.send('still here');
    equal(await tester.next(), 'still here');
    await tester.leaves();
  },

  async '2000 messages of both kinds, sent at once, come back in order'(env) {
    const tester = await Tester.open(env);
    const messages = mixed(2000);
    for (const message of messages) tester.socket.send(message);
    for (const [i, message] of messages.entries()) equal(await tester.next(), message, `message ${i}`);
    await tester.leaves();
  },

  async 'a client that stops reading gets all of it later'(env) {
    const tester = await Tester.open(env, '/flood?count=200&bytes=262144');
    tester.socket.pause();
    await new Promise((resolve) => setTimeout(resolve, 100));
    tester.socket.resume();
    for (let i = 0; i < 200; i++) {
      const message = (await tester.next()) as Uint8Array;
      equal(new DataView(message.buffer, message.byteOffset).getUint32(0), i, 'number');
      equal(message.length, 262_144, 'length');
    }
    await tester.leaves();
  },

  async 'each code that may be sent reaches the server with its reason, and comes back'(env) {
    for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 4999]) {
      const id = `ws-${code}-${Math.random()}`;
      const tester = await Tester.open(env, `/?id=${id}`);
      tester.socket.close(code, `because of ${code}, 世界`);
      equal((await tester.closed()).code, code, 'code at the client');
      equal(
        await seenClose(env, id),
        { code, reason: `because of ${code}, 世界`, wasClean: true },
        'close at the server',
      );
    }
  },

  async 'a close without a code is 1005 at both ends'(env) {
    const id = `ws-1005-${Math.random()}`;
    const tester = await Tester.open(env, `/?id=${id}`);
    tester.socket.close();
    equal(await tester.closed(), { code: 1005, reason: '' }, 'close at the client');
    equal(await seenClose(env, id), { code: 1005, reason: '', wasClean: true }, 'close at the server');
  },

  async 'a client that vanishes is 1006 at the server'(env) {
    const id = `ws-1006-${Math.random()}`;
    const tester = await Tester.open(env, `/?id=${id}`);
    tester.socket.terminate();
    equal(await seenClose(env, id), { code: 1006, reason: '', wasClean: false }, 'close at the server');
  },

  async 'a client that vanishes inside of a message is 1006 at the server'(env) {
    const id = `ws-1006-${Math.random()}`;
    const tester = await Tester.open(env, `/?id=${id}`);
    tester.socket.send('the beginning', { fin: false }, () => tester.socket.terminate());
    equal(await seenClose(env, id), { code: 1006, reason: '', wasClean: false }, 'close at the server');
  },

  async 'a code and reason of the server reach the client'(env) {
    const tester = await Tester.open(env, '/close?code=4321&reason=%F0%9F%98%80');
    equal(await tester.closed(), { code: 4321, reason: '😀' });
  },

  async 'a message over the limit is 1009, on the declared length'(env) {
    const tester = await Tester.open(env);
    tester.socket.send(noise(1_048_577));
    equal((await tester.closed()).code, 1009, 'code');
  },

  async 'fragments that are over the limit together are 1009'(env) {
    const tester = await Tester.open(env);
    for (let i = 0; i < 3; i++) tester.socket.send(noise(400_000), { fin: false });
    equal((await tester.closed()).code, 1009, 'code');
  },

  async 'text that is not UTF-8 is 1007'(env) {
    const tester = await Tester.open(env);
    tester.socket.send(Uint8Array.of(0x41, 0xed, 0xa0, 0x80), { binary: false });
    equal((await tester.closed()).code, 1007, 'code');
  },

  async 'another version is answered with 426 and the version that we speak'(env) {
    const { status, headers } = await refused(env, '/', { protocolVersion: 8 });
    equal([status, headers['sec-websocket-version']], [426, '13'], 'answer');
  },

  async 'a refusal of the app arrives with its status, headers and body'(env) {
    const { status, headers, body } = await refused(env, '/refuse?status=401', {});
    equal([status, headers['x-why'], body], [401, 'the test says so', 'not today'], 'answer');
  },

  async 'headers, cookies and origin of the client reach the app'(env) {
    const tester = await Tester.open(env, '/request', {
      headers: { Cookie: 'a=1; b=2', Authorization: 'Basic dTpw' },
      origin: 'http://example.com',
    });
    const headers = JSON.parse(String(await tester.next())) as Record<string, string>;
    equal(
      [headers['cookie'], headers['authorization'], headers['origin']],
      ['a=1; b=2', 'Basic dTpw', 'http://example.com'],
      'headers',
    );
    await tester.leaves();
  },

  async 'a subprotocol is agreed on'(env) {
    const socket = new WebSocket(env.ws, ['other', 'chat.v2']);
    await soon(once(socket, 'open'), 'open');
    equal(socket.protocol, 'chat.v2', 'protocol');
    socket.close();
    await soon(once(socket, 'close'), 'close');
  },

  async 'compression takes every parameter that ws can offer'(env) {
    if (!env.compression) {
      const tester = await Tester.open(env, '/', { perMessageDeflate: true });
      equal(tester.socket.extensions, '', 'extensions');
      await tester.leaves();
      return;
    }
    for (const offer of [
      {},
      { serverNoContextTakeover: true, clientNoContextTakeover: true },
      { serverMaxWindowBits: 9, clientMaxWindowBits: 9 },
      { serverMaxWindowBits: 15, clientMaxWindowBits: true },
      { clientMaxWindowBits: 10, clientNoContextTakeover: true },
    ]) {
      const tester = await Tester.open(env, '/', { perMessageDeflate: { threshold: 0, ...offer } as object });
      ok(tester.socket.extensions.includes('permessage-deflate'), `got "${tester.socket.extensions}"`);
      for (const message of [...mixed(50), textOf(100_000), noise(100_000), new Uint8Array(1_048_576), '']) {
        tester.socket.send(message);
        equal(await tester.next(), message, `message with ${JSON.stringify(offer)}`);
      }
      // Compressed and plain messages may take turns, and fragments of a compressed one too.
      tester.socket.send('plain', { compress: false });
      equal(await tester.next(), 'plain');
      tester.socket.send('in ', { fin: false });
      tester.socket.send('pieces', { fin: true });
      equal(await tester.next(), 'in pieces');
      await tester.leaves();
    }
  },

  async 'a compressed message that is too big when inflated is 1009'(env) {
    const tester = await Tester.open(env, '/', { perMessageDeflate: true });
    tester.socket.send(new Uint8Array(1_048_577));
    equal((await tester.closed()).code, 1009, 'code');
  },
};
