/**
 * A stream out of any pair of web streams: whatever carries bytes can carry what stands on top of us.
 *
 * Owns: the pumping between web streams and callbacks. Does not own: where the pair comes from, or addresses
 * (the caller may tell them).
 *
 * @module
 */
import { copyBytes, viewBytes } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';
import { alreadyStarted, failure } from './failure.ts';
import { PumpStream } from './pump-stream.ts';
import type { StartableStream, StreamHandler } from './transport.ts';

/** Two streams of bytes: what `Deno.Conn`, `WebTransport`'s streams and many others are. */
export interface WebStreams {
  /** Where bytes come from. Its end is the peer's half-close, its error a lost connection. */
  readonly readable: WebReadable;
  /** Where bytes go. Closing it is our half-close, aborting it drops the connection. */
  readonly writable: WebWritable;
}

/**
 * A `ReadableStream` of bytes: as much of it as is used, because each runtime's types of the whole fit no other's (those of
 * `node:stream/web` and of the DOM, say).
 */
export interface WebReadable {
  /** Whether somebody reads it. */
  readonly locked: boolean;
  /** Lock it. */
  getReader(): WebReader;
}

/** What reads a {@link WebReadable}. */
export interface WebReader {
  /** Settles when nothing more comes. */
  readonly closed: Promise<unknown>;
  /** The next chunk. */
  read(): Promise<{
    /** Whether nothing more comes. */
    readonly done: boolean;
    /** The chunk, where there is one. */
    readonly value?: Uint8Array | undefined;
  }>;
  /** Nothing more is wanted. */
  cancel(): Promise<unknown>;
}

/** A `WritableStream` of bytes: as much of it as is used. */
export interface WebWritable {
  /** Whether somebody writes to it. */
  readonly locked: boolean;
  /** Lock it. */
  getWriter(): WebWriter;
}

/** What writes to a {@link WebWritable}. */
export interface WebWriter {
  /** Settles when nothing more can be written. */
  readonly closed: Promise<unknown>;
  /** Settles when there is room. */
  readonly ready: Promise<unknown>;
  /** Write a chunk. */
  write(chunk: Uint8Array): Promise<unknown>;
  /** Nothing more follows. */
  close(): Promise<unknown>;
  /** Drop what waits, and the connection. */
  abort(): Promise<unknown>;
}

/** What the stream shall say about itself. Nothing in here is checked against anything. */
export interface WebStreamFacts {
  /** The peer's IP address. Default: ''. */
  readonly remoteAddress?: string | undefined;
  /** The peer's port. Default: 0. */
  readonly remotePort?: number | undefined;
  /** Whether TLS is spoken below. Default: false. */
  readonly encrypted?: boolean | undefined;
  /** What ALPN chose below. Default: ''. */
  readonly alpnProtocol?: string | undefined;
}

/**
 * Make a stream of `streams`, which it locks at once; nothing is read before `start`.
 *
 * Chunks are copied as they come in, because web streams have no rule on who may write to a chunk.
 *
 * @throws A `UsageTypeError` (`bad-argument`) when one of the streams is locked already, or is none.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { streamFromWeb } from 'sansocket/transport';
 *
 * const loop = new TransformStream<Uint8Array, Uint8Array>();
 * const stream = streamFromWeb(loop);
 * const heard = await new Promise<string>((resolve) => {
 *   stream.start({
 *     data: (bytes) => resolve(new TextDecoder().decode(bytes)),
 *     end() {},
 *     drain() {},
 *     close() {},
 *   });
 *   stream.write(new TextEncoder().encode('hello'));
 * });
 * equal(heard, 'hello');
 * stream.destroy();
 * ```
 */
export function streamFromWeb(streams: WebStreams, facts: WebStreamFacts = {}): StartableStream {
  for (const name of ['readable', 'writable'] as const) {
    const locked: unknown = (streams as Partial<WebStreams> | undefined)?.[name]?.locked;
    if (locked === false) continue;
    throw new UsageTypeError(
      'bad-argument',
      `Cannot make a stream: "${name}" is ${locked === true ? 'locked by another reader or writer' : 'no web stream'}`,
    );
  }
  return new WebStream(streams, facts);
}

class WebStream extends PumpStream implements StartableStream {
  readonly #reader: WebReader;
  readonly #writer: WebWriter;
  readonly remoteAddress: string;
  readonly remotePort: number;
  readonly encrypted: boolean;
  readonly alpnProtocol: string;
  readonly #failed = (error: unknown): void => this.failed(error);

  constructor(streams: WebStreams, facts: WebStreamFacts) {
    super();
    this.#reader = streams.readable.getReader();
    this.#writer = streams.writable.getWriter();
    this.remoteAddress = facts.remoteAddress ?? '';
    this.remotePort = facts.remotePort ?? 0;
    this.encrypted = facts.encrypted ?? false;
    this.alpnProtocol = facts.alpnProtocol ?? '';
    // They reject as well as the calls do, and nobody asked them.
    this.#reader.closed.catch(() => {});
    this.#writer.closed.catch(() => {});
    this.#writer.ready.catch(() => {});
  }

  start(handler: StreamHandler): void {
    if (this.handler !== undefined) throw alreadyStarted();
    this.run(handler);
  }

  protected pull(): void {
    this.#reader
      .read()
      // What is no bytes fails the stream; a Buffer is copied too, whose own `slice` does not.
      .then(({ value, done }) => (done ? undefined : copyBytes(viewBytes(value, 'chunk'))))
      .then((chunk) => this.pulled(chunk), this.#failed);
  }

  protected push(bytes: Uint8Array): void {
    this.#writer.write(bytes).then(() => this.pushed(bytes.length), this.#failed);
  }

  protected halfClose(): void {
    this.#writer.close().then(() => this.halfClosed(), this.#failed);
  }

  protected shut(): void {
    this.#reader.cancel().catch(() => {});
    this.#writer.abort().catch(() => {});
  }

  protected explain(thrown: unknown): Error {
    return failure('open', 'connection-reset', this.remoteAddress, thrown);
  }
}
