/**
 * What all streams have in common: which callbacks may still be made, and what happens when one throws.
 *
 * Owns: the order and the once-ness that `StreamHandler` promises. Does not own: when something happens (the
 * adapters do).
 *
 * @module
 */
import { handlerFailure } from './failure.ts';
import type { StreamHandler } from './transport.ts';

/** Bit of {@link StreamBase.state}: `end()` was called. */
export const ENDED = 1;
/** Bit: `destroy()` was called, or the handler threw. */
export const DESTROYED = 2;
/** Bit: `write` answered false, so `drain` is owed. */
export const FULL = 4;
/** Bit: the handler heard `end`. */
export const PEER_ENDED = 8;
/** Bit: the handler heard `close`. */
export const CLOSED = 16;
/** Bit: reading is paused. */
export const PAUSED = 32;

/** Bits with which nothing can be written any more. */
export const UNWRITABLE: number = ENDED | DESTROYED | CLOSED;
/** Bits with which nothing is read any more. */
export const UNREADABLE: number = DESTROYED | PEER_ENDED | CLOSED;

/** The state of one stream, and its handler. */
export abstract class StreamBase {
  /** Who hears what happens; `undefined` until the stream has been handed over. */
  handler: StreamHandler | undefined;
  /** Bits: {@link ENDED} and the others. */
  state = 0;
  /** What `close` will report. */
  error: Error | undefined;

  /** Let go of the runtime's socket, at once; {@link emitClose} has to follow in a later turn. Called once at most. */
  protected abstract release(): void;

  /** Drop the connection. */
  destroy(): void {
    if ((this.state & (DESTROYED | CLOSED)) !== 0) return;
    this.state |= DESTROYED;
    this.release();
  }

  /** Bytes came in; dropped when nobody may hear of them any more. */
  emitData(bytes: Uint8Array): void {
    if ((this.state & UNREADABLE) !== 0) return;
    try {
      this.handler!.data(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Bytes came in, to a buffer that is used again when this returns. @param copy Makes a copy of them. */
  emitLent(bytes: Uint8Array, copy: (bytes: Uint8Array) => Uint8Array): void {
    if ((this.state & UNREADABLE) !== 0) return;
    try {
      const handler = this.handler!;
      if (handler.lend === undefined) handler.data(copy(bytes));
      else handler.lend(bytes);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The peer half-closed. */
  emitEnd(): void {
    if ((this.state & UNREADABLE) !== 0) return;
    this.state |= PEER_ENDED;
    try {
      this.handler!.end();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** There is room; heard only where a `write` answered false before. */
  emitDrain(): void {
    const { state } = this;
    if ((state & FULL) === 0) return;
    this.state = state & ~FULL;
    if ((state & UNWRITABLE) !== 0) return;
    try {
      this.handler!.drain();
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The stream is gone, for the reason in {@link error} where there is one. */
  emitClose(): void {
    if ((this.state & CLOSED) !== 0) return;
    this.state |= CLOSED;
    try {
      this.handler?.close(this.error);
    } catch {
      // The stream is gone already: there is nothing left to drop.
    }
  }

  /** Note what broke the connection; after `destroy()`, and after the first, it tells nothing. */
  broken(error: Error): void {
    if ((this.state & (DESTROYED | CLOSED)) === 0) this.error ??= error;
  }

  /** The handler threw: the end of this stream, and of no other. */
  #fail(thrown: unknown): void {
    if ((this.state & (DESTROYED | CLOSED)) !== 0) return;
    this.error ??= handlerFailure(thrown);
    this.destroy();
  }
}
