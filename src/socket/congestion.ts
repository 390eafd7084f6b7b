/**
 * Output that has to wait in a stream.
 *
 * Owns: whether the stream wants no more, what is added to it nevertheless, who waits for room, and for how long the peer has taken
 * nothing. Does not own: writing, or what follows when the peer takes nothing for too long.
 *
 * @module
 */
import type { ByteStream } from '../transport/transport.ts';
import { Outflow } from './outflow.ts';

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

/** What waits in one stream; made when something first does. */
export class Congestion {
  readonly #stream: ByteStream;
  #outflow: Outflow;
  #waiters: Waiter[] | undefined;
  /** The stream took more than it wants: wait for `drain`. */
  full = false;
  /** Bytes that were written since nevertheless. */
  added = 0;

  constructor(stream: ByteStream, now: number) {
    this.#stream = stream;
    this.#outflow = new Outflow(stream.bufferedBytes, now);
  }

  /** What waits in the stream, if anything does. */
  static of(stream: ByteStream, now: number): Congestion | undefined {
    return stream.bufferedBytes > 0 ? new Congestion(stream, now) : undefined;
  }

  /** So many bytes are about to be written. */
  wrote(bytes: number): void {
    this.#outflow.wrote(bytes);
    if (this.full) this.added += bytes;
  }

  /** The stream wants no more, from now on. */
  fill(now: number): void {
    this.full = true;
    this.#outflow = new Outflow(this.#stream.bufferedBytes, now);
  }

  /** There is room again. */
  drain(): void {
    this.full = false;
    this.added = 0;
    this.release();
  }

  /** Settles when there is room. */
  room(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiters ??= [];
      this.#waiters.push({ resolve, reject });
    });
  }

  /** Nobody waits for room any longer. @param why Given where there will never be any. */
  release(why?: () => unknown): void {
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters === undefined) return;
    for (const waiter of waiters) {
      if (why === undefined) waiter.resolve();
      else waiter.reject(why());
    }
  }

  /** For how many milliseconds nothing of what waits has gone out; `Infinity` when nothing waits. */
  quietMs(now: number): number {
    return this.#outflow.quietMs(this.#stream.bufferedBytes, now);
  }
}
