/**
 * A client that knows nothing but bytes, over any transport: it writes what it is told to, and waits for what it is told to.
 *
 * Needs no runtime and no test framework: it is used by the tests of the server, and by the behaviour suite on all runtimes.
 *
 * @module
 */
import type { ByteStream, ConnectOptions, Transport } from '../../src/transport/transport.ts';
import { bytesOf, latin1, readResponse, type WireResponse } from './http-wire.ts';
import { concat, masked, readFrames, type SeenFrame, tell } from './wire.ts';

/** How long a client waits for something that must happen, in ms. */
const PATIENCE_MS = 10_000;

/** The headers of an upgrade request, without Host. */
export const UPGRADE_HEADERS: readonly string[] = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
];

/** A request's head. */
export function requestHead(line: string, ...headers: string[]): string {
  return [`${line} HTTP/1.1`, 'Host: localhost', ...headers, '', ''].join('\r\n');
}

/** One connection. */
export class RawClient {
  #stream!: ByteStream;
  #received: Uint8Array[] = [];
  /** Tells whoever waits that something happened. */
  #wake: Array<() => void> = [];
  /** How many bytes have come in all. */
  receivedBytes = 0;
  /** Whether the server has ended its stream. */
  ended = false;
  /** Whether the connection is gone. */
  closed = false;
  /** What it is gone by. */
  error: Error | undefined;

  /** Connect. */
  static async connect(transport: Transport, where: number | ConnectOptions): Promise<RawClient> {
    const client = new RawClient();
    const options = typeof where === 'number' ? { port: where, hostname: '127.0.0.1' } : where;
    client.#stream = await transport.connect(options, {
      data: (bytes) => {
        client.#received.push(bytes);
        client.receivedBytes += bytes.length;
        client.#happened();
      },
      end: () => {
        client.ended = true;
        client.#happened();
      },
      drain() {},
      close: (error) => {
        client.closed = true;
        client.error = error;
        client.#happened();
      },
    });
    return client;
  }

  /** Send text of one byte a character, or bytes. */
  write(...data: Array<string | Uint8Array>): this {
    for (const each of data) this.#stream.write(typeof each === 'string' ? bytesOf(each) : each.slice());
    return this;
  }

  /** Half-close. */
  end(): this {
    this.#stream.end();
    return this;
  }

  /** Reset. */
  destroy(): void {
    this.#stream.destroy();
  }

  /** Stop to read. */
  pause(): void {
    this.#stream.pause();
  }

  /** Read again. */
  resume(): void {
    this.#stream.resume();
  }

  /** What has come and has not been taken. */
  get bytes(): Uint8Array {
    const all = concat(this.#received);
    this.#received = [all];
    return all;
  }

  /** Take what has come. */
  take(): Uint8Array {
    const all = this.bytes;
    this.#received = [];
    return all;
  }

  /** Take what has come, as text of one byte a character. */
  takeText(): string {
    return latin1(this.take());
  }

  /** The next response, interim ones too. */
  async response(method = 'GET'): Promise<WireResponse> {
    return this.#until(`a response to ${method}`, () => {
      const all = this.bytes;
      const response = readResponse(latin1(all), 0, method, this.ended || this.closed);
      if (response !== undefined) this.#received = [all.subarray(response.end)];
      return response;
    });
  }

  /** Ask for a WebSocket; the answer. */
  async upgrade(target = '/', ...headers: string[]): Promise<WireResponse> {
    this.write(requestHead(`GET ${target}`, ...UPGRADE_HEADERS, ...headers));
    return this.response();
  }

  /** The next frame. */
  async frame(): Promise<SeenFrame> {
    return this.#until('a frame', () => {
      const all = this.bytes;
      const { frames, rest } = readFrames(all, 1);
      this.#received = [rest];
      return frames[0];
    });
  }

  /** The next frames, in words. */
  async frames(count: number): Promise<string[]> {
    const said: string[] = [];
    while (said.length < count) said.push(tell(await this.frame()));
    return said;
  }

  /** Send a frame, masked as a client's must be. */
  send(opcode: number, payload: string | Uint8Array = ''): this {
    return this.write(masked(opcode, payload));
  }

  /** Bytes that were written and that the other end has not taken. */
  get unsentBytes(): number {
    return this.#stream.bufferedBytes;
  }

  /** Resolves when the server has ended its stream, or the connection is gone. */
  async whenEnded(): Promise<void> {
    await this.#until('the end of the stream', () => this.ended || this.closed || undefined);
  }

  /** Resolves when the connection is gone. */
  async whenClosed(): Promise<void> {
    await this.#until('the end of the connection', () => this.closed || undefined);
  }

  /** Resolves when so many bytes have come in all. */
  async whenReceived(count: number): Promise<void> {
    await this.#until(`${count} bytes`, () => this.receivedBytes >= count || undefined);
  }

  #happened(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  async #until<Value>(what: string, look: () => Value | undefined): Promise<Value> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#happened();
    }, PATIENCE_MS);
    try {
      for (;;) {
        const value = look();
        if (value !== undefined) return value;
        if (late || this.closed) {
          const seen = JSON.stringify(latin1(this.bytes.subarray(0, 300)));
          const why = this.closed ? 'the connection is gone' : `nothing came for ${PATIENCE_MS} ms`;
          throw new Error(`Waited in vain for ${what}: ${why}, with ${seen}`);
        }
        await new Promise<void>((resolve) => this.#wake.push(resolve));
      }
    } finally {
      clearTimeout(timer);
    }
  }
}
