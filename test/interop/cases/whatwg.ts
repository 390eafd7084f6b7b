/**
 * What every client with the WHATWG `WebSocket` class must see of our server: browsers, undici, Node, Bun, Deno.
 *
 * Plain functions over the platform alone, so that they run in a page too.
 *
 * @module
 */
import { equal, LENGTHS, mixed, noise, ok, soon, TEXTS, textOf } from './check.ts';

/** What a client can or cannot do, where the standard leaves no choice but clients differ all the same. */
export interface WhatwgTraits {
  /** Fails a connection whose server chose none of the subprotocols on offer, as the standard says. */
  readonly insistsOnProtocol: boolean;
  /** Offers permessage-deflate. */
  readonly offersDeflate: boolean;
  /** The code of the close event after a failure: 1006, says the standard. `undefined`: there may be an error event alone. */
  readonly failureCode: number | undefined;
  /** How many connections it opens at once without making them wait: browsers do, on purpose. */
  readonly connections: number;
}

/** What a case runs with. */
export interface WhatwgEnvironment {
  readonly WebSocket: typeof globalThis.WebSocket;
  /** `ws://host:port` of `servers/echo.ts`. */
  readonly ws: string;
  /** `http://host:port` of the same. */
  readonly http: string;
  readonly traits: WhatwgTraits;
  /** Whether that server agrees to compression. */
  readonly compression: boolean;
}

type Message = string | Uint8Array;

interface Closing {
  readonly code: number;
  readonly reason: string;
  readonly wasClean: boolean;
}

/** A WebSocket whose messages can be awaited. */
class Tester {
  readonly socket: WebSocket;
  readonly opened: Promise<void>;
  readonly closed: Promise<Closing>;
  readonly errored: Promise<void>;
  failed = false;
  readonly #messages: Message[] = [];
  readonly #waiting: Array<(message: Message) => void> = [];

  constructor(env: WhatwgEnvironment, path = '/', protocols?: string | string[]) {
    const socket = new env.WebSocket(env.ws + path, protocols);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.opened = new Promise((resolve) => {
      socket.addEventListener('open', () => resolve());
    });
    this.closed = new Promise((resolve) => {
      socket.addEventListener('close', ({ code, reason, wasClean }) => resolve({ code, reason, wasClean }));
    });
    this.errored = new Promise((resolve) => {
      socket.addEventListener('error', () => {
        this.failed = true;
        resolve();
      });
    });
    socket.addEventListener('message', ({ data }) => {
      const message: Message = typeof data === 'string' ? data : new Uint8Array(data as ArrayBuffer);
      const waiter = this.#waiting.shift();
      if (waiter === undefined) this.#messages.push(message);
      else waiter(message);
    });
  }

  static async open(env: WhatwgEnvironment, path = '/', protocols?: string | string[]): Promise<Tester> {
    const tester = new Tester(env, path, protocols);
    const closedFirst = tester.closed.then(({ code }) => {
      throw new Error(`closed with ${code} before it was open`);
    });
    closedFirst.catch(() => {});
    await soon(Promise.race([tester.opened, closedFirst]), 'open');
    return tester;
  }

  next(): Promise<Message> {
    const message = this.#messages.shift();
    if (message !== undefined) return Promise.resolve(message);
    return soon(
      new Promise((resolve) => {
        this.#waiting.push(resolve);
      }),
      'message',
    );
  }

  async echoes(message: string | Uint8Array<ArrayBuffer>): Promise<void> {
    this.socket.send(message);
    equal(await this.next(), message, `echo of ${typeof message} of ${message.length}`);
  }

  /** Close, and see that both ends saw the same. */
  async leaves(): Promise<void> {
    this.socket.close(1000, 'done');
    const { code, wasClean } = await soon(this.closed, 'close');
    equal([code, wasClean], [1000, true], 'close');
  }
}

/** The connection ends with no goodbye, and says so as well as the client can. */
async function fails(env: WhatwgEnvironment, tester: Tester): Promise<void> {
  const { failureCode } = env.traits;
  if (failureCode === undefined) {
    await soon(Promise.race([tester.errored, tester.closed]), 'error or close event');
    return;
  }
  const { code, wasClean } = await soon(tester.closed, 'close');
  equal([code, wasClean], [failureCode, false], 'close');
}

const seenClose = async (env: WhatwgEnvironment, id: string): Promise<unknown> =>
  (await fetch(`${env.http}/closes?id=${id}`)).json();

let ids = 0;
const newId = (): string => `${Date.now().toString(36)}-${ids++}-${Math.random().toString(36).slice(2)}`;

/** The cases, by what they show. */
export const WHATWG_CASES: Readonly<Record<string, (env: WhatwgEnvironment) => Promise<void>>> = {
  async 'text of characters of every width comes back equal'(env) {
    const tester = await Tester.open(env);
    for (const text of TEXTS) await tester.echoes(text);
    await tester.leaves();
  },

  async 'text of every size class comes back equal'(env) {
    const tester = await Tester.open(env);
    for (const length of LENGTHS) await tester.echoes(textOf(length));
    await tester.leaves();
  },

  async 'binary of every size class comes back equal'(env) {
    const tester = await Tester.open(env);
    for (const length of LENGTHS) await tester.echoes(noise(length));
    await tester.leaves();
  },

  async 'a Blob, an ArrayBuffer and a view into one arrive as their bytes'(env) {
    const tester = await Tester.open(env);
    const bytes = noise(5000);
    tester.socket.send(bytes.buffer);
    equal(await tester.next(), bytes, 'ArrayBuffer');
    tester.socket.send(bytes.subarray(7, 1007));
    equal(await tester.next(), bytes.slice(7, 1007), 'view');
    tester.socket.send(new Blob([bytes]));
    equal(await tester.next(), bytes, 'Blob');
    await tester.leaves();
  },

  async '1000 messages of both kinds, sent at once, come back in order'(env) {
    const tester = await Tester.open(env);
    const messages = mixed(1000);
    for (const message of messages) tester.socket.send(message);
    for (const [i, message] of messages.entries()) equal(await tester.next(), message, `message ${i}`);
    equal(tester.socket.bufferedAmount, 0, 'bufferedAmount');
    await tester.leaves();
  },

  async 'connections at once do not mix up their messages'(env) {
    await Promise.all(
      Array.from({ length: env.traits.connections }, async (_, id) => {
        const tester = await Tester.open(env);
        for (let i = 0; i < 10; i++) tester.socket.send(`${id}/${i}`);
        for (let i = 0; i < 10; i++) equal(await tester.next(), `${id}/${i}`);
        await tester.leaves();
      }),
    );
  },

  async 'a flood of 32 MiB arrives whole and in order'(env) {
    const tester = await Tester.open(env, '/flood?count=64&bytes=524288');
    for (let i = 0; i < 64; i++) {
      const message = (await tester.next()) as Uint8Array;
      equal(message.length, 524_288, `length of message ${i}`);
      equal(new DataView(message.buffer, message.byteOffset).getUint32(0), i, `number of message ${i}`);
    }
    await tester.leaves();
  },

  async 'messages that the server sends in fragments, with pings between, arrive as one'(env) {
    const tester = await Tester.open(env, '/stream?pieces=100');
    equal(await tester.next(), Array.from({ length: 100 }, (_, i) => `${i} grüße 😀\n`).join(''), 'text');
    equal(
      await tester.next(),
      Uint8Array.from({ length: 200 }, (_, i) => (i % 2 === 0 ? i / 2 : 0)),
      'binary',
    );
    await tester.leaves();
  },

  async 'a ping of the server is answered'(env) {
    const tester = await Tester.open(env, '/ping');
    const { ms } = JSON.parse(String(await tester.next())) as { ms: number };
    ok(ms >= 0 && ms < 5000, `the round trip took ${ms} ms`);
    await tester.leaves();
  },

  async 'the subprotocol is the one that the client likes best of those that the server speaks'(env) {
    for (const [offered, chosen] of [
      [['chat', 'chat.v2'], 'chat'],
      [['chat.v2', 'chat'], 'chat.v2'],
      [['unknown', 'chat'], 'chat'],
      [[], ''],
    ] as const) {
      const tester = await Tester.open(env, '/', [...offered]);
      equal(tester.socket.protocol, chosen, `protocol of ${offered.join(', ')}`);
      await tester.leaves();
    }
  },

  async 'without a common subprotocol, none is named'(env) {
    const tester = new Tester(env, '/', ['unknown']);
    if (env.traits.insistsOnProtocol) {
      await fails(env, tester);
      equal(tester.failed, true, 'error event');
      return;
    }
    await soon(tester.opened, 'open');
    equal(tester.socket.protocol, '', 'protocol');
    await tester.leaves();
  },

  async 'compression is used where both ends have it'(env) {
    const tester = await Tester.open(env);
    equal(
      /permessage-deflate/.test(tester.socket.extensions),
      env.compression && env.traits.offersDeflate,
      `permessage-deflate in "${tester.socket.extensions}"`,
    );
    await tester.leaves();
  },

  async 'a code and reason of the client reach the server, and the code comes back'(env) {
    for (const [code, reason] of [
      [1000, ''],
      [1000, 'bye'],
      [3000, 'grüße 😀'],
      [4999, 'x'.repeat(123)],
    ] as const) {
      const id = newId();
      const tester = await Tester.open(env, `/?id=${id}`);
      tester.socket.close(code, reason);
      equal(await seenClose(env, id), { code, reason, wasClean: true }, 'close at the server');
      const seen = await soon(tester.closed, 'close');
      equal([seen.code, seen.wasClean], [code, true], 'close at the client');
      equal(tester.failed, false, 'error event');
    }
  },

  async 'a close without a code is 1005 at both ends'(env) {
    const id = newId();
    const tester = await Tester.open(env, `/?id=${id}`);
    tester.socket.close();
    const expected = { code: 1005, reason: '', wasClean: true };
    equal(await seenClose(env, id), expected, 'close at the server');
    equal(await soon(tester.closed, 'close'), expected, 'close at the client');
  },

  async 'messages sent just before a close still arrive'(env) {
    const tester = await Tester.open(env, '/');
    await tester.echoes('first');
    for (let i = 0; i < 100; i++) tester.socket.send(`message ${i}`);
    tester.socket.send('last');
    for (let i = 0; i < 100; i++) equal(await tester.next(), `message ${i}`);
    equal(await tester.next(), 'last');
    await tester.leaves();
  },

  async 'a code and reason of the server reach the client'(env) {
    for (const [query, code, reason] of [
      ['code=1000&reason=bye', 1000, 'bye'],
      ['code=3456', 3456, ''],
      [`code=4000&reason=${encodeURIComponent('grüße 😀')}`, 4000, 'grüße 😀'],
      ['', 1005, ''],
    ] as const) {
      const tester = new Tester(env, `/close?${query}`);
      equal(await soon(tester.closed, 'close'), { code, reason, wasClean: true }, query);
      equal(tester.failed, false, 'error event');
    }
  },

  async 'a connection that the server drops is 1006 and not clean'(env) {
    const tester = await Tester.open(env, '/terminate');
    tester.socket.send('drop me');
    await fails(env, tester);
  },

  async 'a message over the limit is answered with 1009'(env) {
    const id = newId();
    const tester = await Tester.open(env, `/?id=${id}`);
    tester.socket.send(noise(1_048_577));
    equal((await soon(tester.closed, 'close')).code, 1009, 'close code');
    equal(((await seenClose(env, id)) as Closing).code, 1009, 'close code at the server');
  },

  async 'a refused upgrade is 1006, never open'(env) {
    let wasOpen = false;
    const tester = new Tester(env, '/refuse?status=403');
    void tester.opened.then(() => {
      wasOpen = true;
    });
    await fails(env, tester);
    equal([wasOpen, tester.failed], [false, true], 'open and error events');
  },

  async 'the next connection is as good as the first after all that'(env) {
    const tester = await Tester.open(env);
    await tester.echoes('still here');
    await tester.leaves();
  },
};
