/**
 * Values that arrive before anybody asks for them, and askers that come before the values.
 *
 * Owns: their order, and counting what waits, so that the producer can be told to hold back. Does not own: any limit.
 *
 * @module
 */
import { handled } from './host.ts';

/** One who asked for a value that was not there yet. */
interface Asker<T> {
  promise: Promise<IteratorResult<T, undefined>>;
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: unknown): void;
}

/** What a message that waits costs beyond its bytes. */
export const WAITING_OVERHEAD = 64;

/** One producer's values as an async iterator; several `next` at once are answered in order. */
export class AsyncQueue<T> implements AsyncIterableIterator<T, undefined> {
  readonly #onTaken: () => void;
  readonly #items: Array<{ readonly value: T; readonly size: number }> = [];
  readonly #askers: Array<Asker<T>> = [];
  #size = 0;
  #ended = false;
  #error: unknown;
  #failed = false;
  #asked = false;
  #spent = false;

  /** @param onTaken Called when a value was taken, or nobody will take any more. */
  constructor(onTaken: () => void) {
    this.#onTaken = onTaken;
  }

  /** Sum of the sizes that wait. */
  get size(): number {
    return this.#size;
  }

  /** Whether no more values will be taken. */
  get ended(): boolean {
    return this.#ended;
  }

  /** Whether anybody has asked for anything yet. */
  get asked(): boolean {
    return this.#asked;
  }

  /** Whether the asker has had all, or enough: it was told of the end or the error, or has left. */
  get spent(): boolean {
    return this.#spent;
  }

  /** Add a value. Dropped after the end. */
  push(value: T, size: number): void {
    if (this.#ended) return;
    const asker = this.#askers.shift();
    if (asker !== undefined) {
      asker.resolve({ done: false, value });
      return;
    }
    this.#items.push({ value, size });
    this.#size += size;
  }

  /** No more values; those that wait are still given. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#askers.length > 0) this.#spent = true;
    for (const asker of this.#askers.splice(0)) asker.resolve({ done: true, value: undefined });
  }

  /** No more values; after those that wait, `error` is thrown, once. */
  fail(error: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    const [first, ...others] = this.#askers.splice(0);
    if (first === undefined) {
      this.#failed = true;
      this.#error = error;
      return;
    }
    this.#spent = true;
    // Who asked may be busy with something else, and look at it later.
    handled(first.promise);
    first.reject(error);
    for (const asker of others) asker.resolve({ done: true, value: undefined });
  }

  /** As {@link fail}, and what waits is dropped. */
  abandon(error: unknown): void {
    if (this.#ended) return;
    this.#items.length = 0;
    this.#size = 0;
    this.fail(error);
  }

  /** As {@link abandon}, and the producer hears of it; also after the end, as long as values wait. What was given whole stays so. */
  discard(error: unknown): void {
    if (this.#spent || (this.#ended && this.#items.length === 0)) return;
    this.#items.length = 0;
    this.#size = 0;
    if (!this.#ended) this.fail(error);
    else if (!this.#failed) {
      this.#failed = true;
      this.#error = error;
    }
    this.#onTaken();
  }

  /** The next value, when there is one. */
  next(): Promise<IteratorResult<T, undefined>> {
    this.#asked = true;
    const item = this.#items.shift();
    if (item !== undefined) {
      this.#size -= item.size;
      this.#onTaken();
      return Promise.resolve({ done: false, value: item.value });
    }
    if (this.#ended) this.#spent = true;
    if (this.#failed) {
      this.#failed = false;
      return handled(Promise.reject(this.#error));
    }
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const asker = {} as Asker<T>;
    asker.promise = new Promise((resolve, reject) => {
      asker.resolve = resolve;
      asker.reject = reject;
    });
    this.#askers.push(asker);
    return asker.promise;
  }

  /** The asker has had enough: what waits is dropped. */
  return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    this.#asked = this.#spent = true;
    this.#failed = false;
    this.#items.length = 0;
    this.#size = 0;
    this.#onTaken();
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself: what waits is given to one loop alone. */
  [Symbol.asyncIterator](): this {
    return this;
  }
}
