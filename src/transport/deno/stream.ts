/**
 * One of Deno's connections as a stream.
 *
 * Owns: the memory that is read into. Does not own: the pumping (`pump-stream.ts`); how the connection came to be (`listen.ts`,
 * `connect.ts`).
 *
 * @module
 */
import { plainIp } from '../address.ts';
import { PumpStream } from '../pump-stream.ts';
import type { ByteStream, StreamHandler } from '../transport.ts';
import { Turns } from '../turns.ts';
import { WriteMemory } from '../write-memory.ts';
import { nameOf, openFailure } from './failure.ts';
import type { DenoConn } from './types.ts';

/** A connection has a read under way all the time, into memory of its own: little at first, and as long as little comes. */
const SMALLEST_READ = 1024;

const LARGEST_READ = 65_536;

/** After so many reads in a row that filled an eighth at most, less memory will do. */
const SMALL_READS = 32;

/** What is being written, by all connections. A write of Deno's reads nothing once it is done. */
const writeMemory: WriteMemory = /* @__PURE__ */ new WriteMemory();

const turns: Turns = /* @__PURE__ */ new Turns();

/** One connection. */
export class DenoStream extends PumpStream implements ByteStream {
  readonly #conn: DenoConn;
  readonly encrypted: boolean;
  readonly alpnProtocol: string;
  #memory: Uint8Array = new Uint8Array(SMALLEST_READ);
  /** Bytes that the last read brought. */
  #count = 0;
  /** Reads in a row that needed little of it. */
  #smallReads = 0;
  readonly #onRead = (count: number | null): void => this.#read(count);
  readonly #onFailure = (error: unknown): void => this.failed(error);
  readonly #onWritten = (count: number): void => this.pushed(count);

  constructor(conn: DenoConn, encrypted: boolean, alpnProtocol: string) {
    super(writeMemory);
    this.#conn = conn;
    this.encrypted = encrypted;
    this.alpnProtocol = alpnProtocol;
  }

  start(handler: StreamHandler): void {
    this.run(handler);
  }

  get remoteAddress(): string {
    return plainIp(this.#conn.remoteAddr.hostname ?? '');
  }

  get remotePort(): number {
    return this.#conn.remoteAddr.port ?? 0;
  }

  protected pull(): void {
    if (turns.isOver(this, this.#count)) setTimeout(this.#pullNow, 0);
    else this.#pullNow();
  }

  readonly #pullNow = (): void => {
    this.#conn.read(this.#memory).then(this.#onRead, this.#onReadFailure);
  };

  protected push(bytes: Uint8Array): void {
    this.#conn.write(bytes).then(this.#onWritten, this.#onFailure);
  }

  protected halfClose(): void {
    this.#conn.closeWrite().then(() => this.halfClosed(), this.#onFailure);
  }

  protected shut(): void {
    this.#conn.close();
  }

  protected explain(thrown: unknown): Error {
    return openFailure(thrown, this.remoteAddress);
  }

  #read(count: number | null): void {
    if (count === null) {
      this.pulled(undefined);
      return;
    }
    const memory = this.#memory;
    const size = memory.length;
    this.#count = count;
    if (count === size && size < LARGEST_READ) this.#memory = new Uint8Array(4 * size);
    else if (count * 8 > size || size === SMALLEST_READ) this.#smallReads = 0;
    else if (++this.#smallReads === SMALL_READS) {
      this.#memory = new Uint8Array(size / 4);
      this.#smallReads = 0;
    }
    this.pulledLent(count === size ? memory : memory.subarray(0, count), this.#copy);
  }

  /** Memory that is filled well, or used no more, is given away instead. */
  readonly #copy = (bytes: Uint8Array): Uint8Array => {
    const memory = this.#memory;
    if (bytes.buffer !== memory.buffer) return bytes;
    if (bytes.length * 2 < memory.length) return bytes.slice();
    this.#memory = new Uint8Array(memory.length);
    return bytes;
  };

  readonly #onReadFailure = (error: unknown): void => {
    // TLS that just stops, without saying so first: an end, as on the other runtimes.
    if (this.encrypted && nameOf(error) === 'UnexpectedEof') this.pulled(undefined);
    else this.failed(error);
  };
}
