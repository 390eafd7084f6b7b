/**
 * Where the pieces of a message or a body come from.
 *
 * Owns: taking one at a time, from any iterable, and letting go of it. Does not own: what becomes of the pieces.
 *
 * @module
 */
import { nothing } from './host.ts';

/** Pieces that an app gives, one after another. */
export class Source<Piece> {
  readonly #iterator: AsyncIterator<Piece>;
  /** Ends the wait for the next piece. */
  #abandon: ((error: unknown) => void) | undefined;

  /** @throws What the iterable throws when it is asked for its iterator. */
  constructor(pieces: AsyncIterable<Piece> | Iterable<Piece>) {
    this.#iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : everyOf(pieces);
  }

  /** The next piece, when there is one. Rejects as the iterator does, and with what {@link abandon} says. */
  next(): Promise<IteratorResult<Piece>> {
    return new Promise((resolve, reject) => {
      this.#abandon = reject;
      this.#iterator.next().then(resolve, reject);
    });
  }

  /** Whoever waits for a piece waits no longer: nobody can tell whether it ever comes. */
  abandon(error: unknown): void {
    this.#abandon?.(error);
  }

  /** Tell the iterator that nothing more will be taken from it. What it says to that is its own business. */
  leave(): void {
    try {
      this.#iterator.return?.().then(undefined, nothing);
    } catch {
      // It has no working return: nothing to clean up.
    }
  }
}

async function* everyOf<Value>(values: Iterable<Value>): AsyncGenerator<Value> {
  yield* values;
}
