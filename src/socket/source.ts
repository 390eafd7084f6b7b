/**
 * Where the pieces of a message or a body come from.
 *
 * Owns: taking one at a time, from any iterable, letting others have their turn, and letting go of it. Does not own: what becomes
 * of the pieces.
 *
 * @module
 */
import { TURN_MS } from '../transport/transport.ts';
import { nothing, queueTask } from './host.ts';

/** Pieces that an app gives, one after another. */
export class Source<Piece> {
  readonly #iterator: AsyncIterator<Piece>;
  /** Ends the wait for the next piece. */
  #abandon: ((error: unknown) => void) | undefined;
  /** No piece is waited for any more, and why. */
  #abandoned = false;
  #why: unknown;
  /** When the event loop last was around, as far as we know. */
  #turnBegan: number = performance.now();

  /** @throws What the iterable throws when it is asked for its iterator. */
  constructor(pieces: AsyncIterable<Piece> | Iterable<Piece>) {
    this.#iterator = Symbol.asyncIterator in pieces ? pieces[Symbol.asyncIterator]() : everyOf(pieces);
  }

  /** The next piece, when there is one. Rejects as the iterator does, and with what {@link abandon} says, whenever it says it. */
  next(): Promise<IteratorResult<Piece>> {
    return new Promise((resolve, reject) => {
      this.#abandon = reject;
      const take = (): void => {
        if (this.#abandoned) reject(this.#why);
        else this.#iterator.next().then(resolve, reject);
      };
      // A source in memory and a peer that takes all, or pieces that come to next to nothing, never have us wait for anything.
      if (performance.now() - this.#turnBegan < TURN_MS) take();
      else {
        queueTask(() => {
          this.#turnBegan = performance.now();
          take();
        });
      }
    });
  }

  /** Whoever waits for a piece, or ever asks for one, waits no longer: nobody can tell whether it comes. */
  abandon(error: unknown): void {
    if (this.#abandoned) return;
    this.#abandoned = true;
    this.#why = error;
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
