/**
 * When the window of what is sent has not been used for so long that it is dropped.
 *
 * Owns: the bookkeeping over a clock that comes in. Does not own: the window (`deflate/`), timers.
 *
 * @module
 */
import type { MessageCompression } from './compression.ts';

/** Watches over one connection's window; made when it is first used. */
export class IdleWindow {
  /** When to call {@link check} at the latest; `Infinity`: nothing is kept. */
  deadline: number = Number.POSITIVE_INFINITY;
  readonly #compression: MessageCompression;
  /** Since the last check. A message costs no more than this: what the time is, is asked when the deadline has come. */
  #used = false;

  constructor(compression: MessageCompression) {
    this.#compression = compression;
  }

  /** Something was compressed. @param now The time, as far as it is known; it may be too early. */
  used(now: number): void {
    this.#used = true;
    if (this.deadline === Number.POSITIVE_INFINITY) this.#watch(now);
  }

  /** Time has passed: drop the window if it was not used since the last check, which was at least `idleMs` ago. */
  check(now: number): void {
    if (now < this.deadline) return;
    if (!this.#used) this.#compression.releaseIdle();
    this.#used = false;
    this.#watch(now);
  }

  #watch(now: number): void {
    const { idleMs, releasableBytes } = this.#compression;
    this.deadline = releasableBytes > 0 ? now + idleMs : Number.POSITIVE_INFINITY;
  }
}
