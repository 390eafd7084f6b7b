/**
 * Pings that wait for their pongs.
 *
 * Owns: which pong answers whom. Does not own: numbering pings and measuring them (`connection/keepalive.ts`).
 *
 * @module
 */

interface Pinger {
  readonly number: number;
  resolve(latencyMs: number): void;
  reject(error: unknown): void;
}

/** The pings of one socket's app that no pong has answered; made when it first sends one. */
export class Pings {
  #waiting: Pinger[] = [];

  /** Wait for the pong of the ping of this number. @returns The round trip in ms. */
  wait(number: number): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ number, resolve, reject });
    });
  }

  /** A pong answers the ping of this number, and the earlier ones too. */
  answer(number: number, latencyMs: number): void {
    this.#waiting = this.#waiting.filter((pinger) => {
      if (pinger.number > number) return true;
      pinger.resolve(latencyMs);
      return false;
    });
  }

  /** No pong comes any more: whoever waits is told why. */
  stop(why: () => unknown): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const pinger of waiting) pinger.reject(why());
  }
}
