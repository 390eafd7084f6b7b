/**
 * How a peer takes what is sent to it.
 *
 * Owns: whether any of it went out lately. Does not own: what follows from that, or when to look.
 *
 * Several deadlines look at one stream, and may do so within the same millisecond: the time of the last progress is kept, not
 * whether there was any since somebody looked.
 *
 * @module
 */
import type { ByteStream } from '../transport/transport.ts';

/** The bytes that were handed to a stream. */
export class Outflow {
  #written = 0;
  /** How many of them had gone out when we last looked. */
  #gone = 0;
  /** When there were first seen to be so many. */
  #goneAt = Number.NEGATIVE_INFINITY;
  /** Whether some were seen to wait. */
  #behind = false;

  /** So many bytes are handed to the stream. */
  wrote(bytes: number): void {
    this.#written += bytes;
  }

  /** The stream is full. What has gone out so far went into a buffer of the system's, and says nothing about the peer. */
  full(stream: ByteStream): void {
    this.#gone = this.#written - stream.bufferedBytes;
    this.#behind = true;
  }

  /**
   * For how many milliseconds nothing of what waits has gone out, as far as looking can tell: 0 too when the last of it has gone since
   * we last looked; `Infinity` when nothing waits, or nothing ever went out.
   */
  quietMs(stream: ByteStream, now: number): number {
    const waiting = stream.bufferedBytes;
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
