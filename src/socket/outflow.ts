/**
 * How a peer takes what is sent to it.
 *
 * Owns: when any of it last went out. Does not own: what follows from that, or when to look.
 *
 * Several deadlines look at one stream, and may do so within the same millisecond: the time of the last progress is kept, not
 * whether there was any since somebody looked.
 *
 * @module
 */

/** The bytes that wait in a stream, from when some first had to. */
export class Outflow {
  /** Bytes handed to the stream since; those that waited already count, those that had gone out do not. */
  #written: number;
  /** How many of them had gone out when we last looked. */
  #gone = 0;
  /** When there were first seen to be so many; at first, when some began to wait. */
  #goneAt: number;
  /** Whether some were seen to wait. */
  #behind = true;

  constructor(waiting: number, now: number) {
    this.#written = waiting;
    this.#goneAt = now;
  }

  /** So many bytes are handed to the stream. */
  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /**
   * For how many milliseconds nothing of what waits has gone out, as far as looking can tell: 0 too when the last of it has gone since
   * we last looked; `Infinity` when nothing waits.
   *
   * @param waiting How many bytes do.
   */
  quietMs(waiting: number, now: number): number {
    const gone = this.#written - waiting;
    if (gone > this.#gone) {
      this.#gone = gone;
      this.#goneAt = now;
    }
    const behind = this.#behind || waiting > 0;
    this.#behind = waiting > 0;
    return behind ? now - this.#goneAt : Number.POSITIVE_INFINITY;
  }
}
