/**
 * One DEFLATE stream of `node:zlib` as a function: bytes in, bytes out, at once, from a fresh start each time.
 *
 * The documented one-shot functions set a stream up for every message, which takes longer than the message. The streams
 * have a handle inside that can be reset instead. It is not documented, and has been the same since Node 0.12; Bun and Deno
 * have it too. So nothing here is taken for granted: what does not look as expected is not used, and `zlib-engine.ts` tries
 * the rest before it trusts it.
 *
 * Owns: the handle. Does not own: what the bytes mean (`zlib-messages.ts`), when it is used (`zlib-engine.ts`).
 *
 * @module
 */
import type { Output } from '../deflate/output.ts';

/** The handle inside of a zlib stream. */
export interface ZlibHandle {
  /** Called, inside of `writeSync`, when the data is no good. */
  onerror: (message: string, errno: number, code: string) => void;
  /** Start afresh. */
  reset(): void;
  /** Work until the input is used up or the output is full. What is left of both is in the stream's `_writeState`. */
  writeSync(
    flush: number,
    input: Uint8Array,
    inputAt: number,
    inputLength: number,
    output: Uint8Array,
    outputAt: number,
    outputLength: number,
  ): void;
}

/** What is needed of a zlib stream. */
export interface ZlibStream {
  readonly _handle?: Partial<ZlibHandle> | null | undefined;
  /** Bytes left free in the output, then bytes left over of the input. */
  readonly _writeState?: Uint32Array | undefined;
  /** Gives the memory back. */
  close(): void;
}

/** What is needed of `node:zlib`. */
export interface ZlibModule {
  readonly constants: { readonly Z_SYNC_FLUSH: number };
  createDeflateRaw(options: { level: number; windowBits: number; chunkSize: number }): ZlibStream;
  createInflateRaw(options: { windowBits: number; chunkSize: number }): ZlibStream;
}

/** More than there is ever room for. */
const UNKNOWN = 0xffff_ffff;

/** A kept handle. */
export class SyncZlib {
  /** Bytes of the input that the last {@link run} left over, as the DEFLATE stream was at its end. */
  left = 0;
  readonly #stream: ZlibStream;
  readonly #handle: ZlibHandle;
  readonly #state: Uint32Array;
  readonly #flush: number;
  #failed = false;

  private constructor(stream: ZlibStream, handle: ZlibHandle, state: Uint32Array, flush: number) {
    this.#stream = stream;
    this.#handle = handle;
    this.#state = state;
    this.#flush = flush;
    // In the place of a function that destroys the stream.
    handle.onerror = () => {
      this.#failed = true;
    };
  }

  /** Take the handle out of a stream; `undefined`, and the stream is closed, where it does not look as it should. */
  static open(stream: ZlibStream, flush: number): SyncZlib | undefined {
    const { _handle: handle, _writeState: state } = stream;
    const known =
      typeof handle?.reset === 'function' &&
      typeof handle.writeSync === 'function' &&
      'onerror' in handle &&
      state instanceof Uint32Array &&
      state.length === 2;
    if (known) return new SyncZlib(stream, handle as ZlibHandle, state, flush);
    stream.close();
    return undefined;
  }

  /**
   * Work through the first `length` bytes of `input`, 1 at least, and flush.
   *
   * @param output Gets what comes out. It must have been started.
   * @param limit Most bytes that may be in it, below 2 ** 31.
   * @returns false for data that is no good, or as soon as the output is `limit` bytes long.
   */
  run(input: Uint8Array, length: number, output: Output, limit: number): boolean {
    const state = this.#state;
    this.#failed = false;
    this.#handle.reset();
    for (let at = 0; output.length < limit; ) {
      output.reserve(1, limit);
      const room = Math.min(output.bytes.length, limit) - output.length;
      const rest = length - at;
      // Stays where the data is no good.
      state[0] = UNKNOWN;
      this.#handle.writeSync(this.#flush, input, at, rest, output.bytes, output.length, room);
      const free = state[0]!;
      const left = state[1]!;
      if (this.#failed || free > room || left > rest) return false;
      output.length += room - free;
      at = length - left;
      if (free > 0) {
        this.left = left;
        return true;
      }
    }
    return false;
  }

  /** Give the memory back. Nothing is called afterwards. */
  close(): void {
    this.#stream.close();
  }
}
