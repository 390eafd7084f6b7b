/**
 * How long one connection may be read before the others have their turn.
 *
 * Owns: telling when that is over. Does not own: reading, or when it goes on (the adapters do).
 *
 * A runtime reads a socket that has more again at once: a peer that floods would keep all other connections, and timers,
 * waiting for as long as it does (`npm run bench:beyond -- fairness`).
 *
 * @module
 */
import { TURN_MS } from './transport.ts';

/** Less than this, and the socket has nothing more: the longest record of TLS. */
const MUCH_BYTES = 16_384;

/** The turns of all connections of a transport. */
export class Turns {
  /** Who was read last, as long as there is more to read. */
  #reader: object | undefined;
  /** When its turn began. */
  #since = 0;

  /**
   * A read has been handled.
   *
   * @param bytes How many it brought.
   * @returns Whether to leave the reader alone until the event loop has been around.
   */
  isOver(reader: object, bytes: number): boolean {
    if (bytes < MUCH_BYTES) {
      this.#reader = undefined;
      return false;
    }
    const now = performance.now();
    if (this.#reader !== reader) {
      this.#reader = reader;
      this.#since = now;
      return false;
    }
    if (now - this.#since < TURN_MS) return false;
    this.#reader = undefined;
    return true;
  }
}
