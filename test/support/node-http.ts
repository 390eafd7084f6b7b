/**
 * What Node's own HTTP parser makes of bytes: requests by a server of node:http, responses by its client and by undici,
 * all of them over streams in memory.
 *
 * @module
 */
import * as http from 'node:http';
import { Duplex } from 'node:stream';
import { Client, type Dispatcher } from 'undici';

/** A message that was read to its end, whoever read it. */
export interface ReadMessage {
  /** The method and the target, or the status and the reason. */
  readonly line: readonly [string, string];
  /** As sent. */
  readonly headers: ReadonlyArray<readonly [name: string, value: string]>;
  /** One byte a character. */
  readonly body: string;
  readonly trailers: ReadonlyArray<readonly [name: string, value: string]>;
  /** Whether another message may follow. */
  readonly keepAlive: boolean;
}

/** All that was made of a stream that ends. */
export interface Reading {
  readonly messages: readonly ReadMessage[];
  /** What was wrong, if anything was; a code of who read it. */
  readonly fault: string | undefined;
  /** The bytes behind a message that switches protocols; `undefined` where none does. */
  readonly rest: string | undefined;
}

/** One end of a stream in memory: it receives `bytes`, and then the end. What is written to it, is kept. */
class Wire extends Duplex {
  written = '';
  readonly remoteAddress = '127.0.0.1';

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.written += chunk.toString('latin1');
    done();
  }

  override _final(done: () => void): void {
    done();
  }

  deliver(bytes: Uint8Array): void {
    this.push(Buffer.from(bytes));
    this.push(null);
  }

  // What clients expect of a socket.
  ref(): void {}
  unref(): void {}
  setNoDelay(): void {}
  setKeepAlive(): void {}
  setTimeout(): void {}
}

function pairs(raw: readonly string[]): Array<readonly [string, string]> {
  return Array.from({ length: raw.length >> 1 }, (_, i) => [raw[2 * i]!, raw[2 * i + 1]!] as const);
}

const turn = (): Promise<void> => new Promise((done) => setImmediate(done));

/** Reads requests with a server of node:http, with its defaults: strict, and Host asked for. Close it when done. */
export class NodeServerReader {
  readonly #server: http.Server;
  #messages: ReadMessage[] = [];
  /** How many requests began: their ends may come in another order. */
  #begun = 0;
  #fault: string | undefined;
  #rest: string | undefined;

  constructor() {
    this.#server = http.createServer({ insecureHTTPParser: false, connectionsCheckingInterval: 2 ** 30 });
    const take = (request: http.IncomingMessage, response: http.ServerResponse): void => {
      const messages = this.#messages;
      const at = this.#begun++;
      let body = '';
      request.on('data', (chunk: Buffer) => {
        body += chunk.toString('latin1');
      });
      request.on('end', () => {
        if (request.complete) messages[at] = read(request, body, response.shouldKeepAlive);
        response.end();
      });
      request.on('error', () => {});
    };
    const read = (request: http.IncomingMessage, body: string, keepAlive: boolean): ReadMessage => ({
      line: [request.method!, request.url!],
      headers: pairs(request.rawHeaders),
      body,
      trailers: pairs(request.rawTrailers),
      keepAlive,
    });
    const detach = (request: http.IncomingMessage, _socket: Duplex, head: Buffer): void => {
      this.#messages[this.#begun++] = read(request, '', true);
      this.#rest = head.toString('latin1');
    };
    this.#server.on('request', take);
    this.#server.on('checkContinue', take);
    this.#server.on('checkExpectation', take);
    this.#server.on('connect', detach);
    this.#server.on('upgrade', detach);
    this.#server.on('clientError', (error: NodeJS.ErrnoException) => {
      this.#fault ??= error.code ?? String(error);
    });
  }

  /** Read a stream of requests that ends. */
  async read(bytes: Uint8Array): Promise<Reading> {
    this.#messages = [];
    this.#begun = 0;
    this.#fault = undefined;
    this.#rest = undefined;
    const wire = new Wire();
    wire.on('error', () => {});
    this.#server.emit('connection', wire);
    wire.deliver(bytes);
    for (let i = 0; i < 6; i++) await turn();
    wire.destroy();
    // A request without Host is answered, and never seen.
    const answered = /(?:^|\n)HTTP\/1\.1 (4\d\d)/.exec(wire.written)?.[1];
    return { messages: this.#messages.filter(() => true), fault: this.#fault ?? answered, rest: this.#rest };
  }

  /** Stop its timer. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

/** A response, as far as it came: a fault may come in the middle of its body. */
export interface ReadResponse {
  /** The statuses of the 1xx in front of it. */
  readonly interim: readonly number[];
  /** The final response, or the 101 or 2xx that switches protocols; `undefined` where none came to its end. */
  readonly message: ReadMessage | undefined;
  readonly fault: string | undefined;
  readonly rest: string | undefined;
}

/** Read the response to one request with the client of node:http; the stream ends behind `bytes`. */
export async function nodeReadsResponse(bytes: Uint8Array, method: string): Promise<ReadResponse> {
  const wire = new Wire();
  const interim: number[] = [];
  let message: ReadMessage | undefined;
  let fault: string | undefined;
  let rest: string | undefined;
  const read = (response: http.IncomingMessage, body: string): ReadMessage => ({
    line: [String(response.statusCode), response.statusMessage ?? ''],
    headers: pairs(response.rawHeaders),
    body,
    trailers: pairs(response.rawTrailers),
    keepAlive: true,
  });
  const fail = (error: NodeJS.ErrnoException): void => {
    fault ??= error.code ?? String(error);
  };
  const detach = (response: http.IncomingMessage, _socket: unknown, head: Buffer): void => {
    message = read(response, '');
    rest = head.toString('latin1');
  };
  const request = http.request({
    createConnection: () => wire,
    host: 'x',
    method,
    path: '/',
    insecureHTTPParser: false,
  });
  request.on('information', ({ statusCode }) => interim.push(statusCode));
  request.on('upgrade', detach);
  request.on('connect', detach);
  request.on('response', (response) => {
    let body = '';
    response.on('data', (chunk: Buffer) => {
      body += chunk.toString('latin1');
    });
    response.on('end', () => {
      if (response.complete) message = read(response, body);
    });
    response.on('error', fail);
  });
  request.on('error', fail);
  request.end();
  await turn();
  wire.deliver(bytes);
  for (let i = 0; i < 6; i++) await turn();
  request.destroy();
  wire.destroy();
  return { interim, message, fault, rest };
}

/** Read the response to one request with the client of undici; the stream ends behind `bytes`. */
export async function undiciReadsResponse(
  bytes: Uint8Array,
  method: Dispatcher.HttpMethod,
): Promise<ReadResponse> {
  const wire = new Wire();
  wire.on('error', () => {});
  const interim: number[] = [];
  let message: ReadMessage | undefined;
  let fault: string | undefined;
  let head: Pick<ReadMessage, 'line' | 'headers'> | undefined;
  let body = '';
  const connect = (_options: unknown, done: (error: null, socket: never) => void): void => {
    setImmediate(done, null, wire as never);
  };
  const client = new Client('http://x', { connect, headersTimeout: 0, bodyTimeout: 0 } as never);
  const texts = (raw: readonly Buffer[] | null): string[] =>
    (raw ?? []).map((each) => Buffer.from(each).toString('latin1'));
  client.dispatch({ method, path: '/' }, {
    onConnect() {},
    onHeaders(status: number, headers: Buffer[], _resume: unknown, reason: string) {
      if (status < 200) interim.push(status);
      else head = { line: [String(status), reason], headers: pairs(texts(headers)) };
      return true;
    },
    onData(chunk: Buffer) {
      body += Buffer.from(chunk).toString('latin1');
      return true;
    },
    onComplete(trailers: Buffer[] | null) {
      message = { ...head!, body, trailers: pairs(texts(trailers)), keepAlive: true };
    },
    onError(error: NodeJS.ErrnoException) {
      fault ??= error.code ?? String(error);
    },
  } as never);
  for (let i = 0; i < 3; i++) await turn();
  wire.deliver(bytes);
  for (let i = 0; i < 6; i++) await turn();
  await client.destroy();
  return { interim, message, fault, rest: undefined };
}
