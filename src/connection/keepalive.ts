/**
 * Pings that are out, the pongs that answer them, and when silence means that the peer is gone.
 *
 * Owns: the bookkeeping over a clock that comes in. Does not own: frames, timers, closing (`websocket.ts`).
 *
 * @module
 */
import { copyBytes } from '../bytes/view.ts';
import type { PongEvent } from './events.ts';

interface Sent {
  readonly number: number;
  readonly payload: Uint8Array;
  readonly at: number;
}

/** The most pings remembered as unanswered; older ones are forgotten, and count as answered by nothing. */
const MAX_PENDING = 64;
const EMPTY = new Uint8Array(0);

/** Decides when to ping and when to give up, and matches pongs with pings. */
export class Keepalive {
  readonly #intervalMs: number;
  readonly #timeoutMs: number;
  #pingAt: number;
  #deadAt = Number.POSITIVE_INFINITY;
  #heard = false;
  #sent: Sent[] | undefined;
  #count = 0;

  /** @param now When the connection opened. */
  constructor(intervalMs: number, timeoutMs: number, now: number) {
    this.#intervalMs = intervalMs;
    this.#timeoutMs = timeoutMs;
    this.#pingAt = now + intervalMs;
  }

  /** When {@link check} has something to say. */
  get deadline(): number {
    return Math.min(this.#pingAt, this.#deadAt);
  }

  /** The payload of the newest ping. */
  get lastPayload(): Uint8Array {
    return this.#sent?.at(-1)?.payload ?? EMPTY;
  }

  /** The peer sent something: whatever it is, it is alive. */
  heard(): void {
    this.#heard = true;
  }

  /** What is due. @param reading False when silence proves nothing, because we do not read. */
  check(now: number, reading: boolean): 'ping' | 'dead' | undefined {
    if (now >= this.#deadAt) {
      if (reading && !this.#heard) return 'dead';
      // A pong can be stuck behind a long message: as long as bytes come, wait for it.
      this.#heard = false;
      this.#deadAt = now + this.#timeoutMs;
    }
    return now >= this.#pingAt ? 'ping' : undefined;
  }

  /** A ping goes out. @param payload Default: its number, in 4 bytes. @returns Its number, from 0. */
  ping(payload: Uint8Array | undefined, now: number): number {
    const number = this.#count++;
    this.#sent ??= [];
    if (this.#sent.length === MAX_PENDING) this.#sent.shift();
    const own =
      payload === undefined
        ? Uint8Array.of(number >>> 24, number >>> 16, number >>> 8, number)
        : copyBytes(payload);
    this.#sent.push({ number, payload: own, at: now });
    this.#pingAt = now + this.#intervalMs;
    if (this.#deadAt === Number.POSITIVE_INFINITY) {
      this.#deadAt = now + this.#timeoutMs;
      this.#heard = false;
    }
    return number;
  }

  /** A pong came. The newest ping with its payload is answered, and all that were sent before that one. */
  pong(payload: Uint8Array, now: number): PongEvent {
    const sent = this.#sent;
    if (sent !== undefined) {
      for (let i = sent.length - 1; i >= 0; i--) {
        const ping = sent[i]!;
        if (!equalBytes(ping.payload, payload)) continue;
        sent.splice(0, i + 1);
        if (sent.length === 0) {
          this.#sent = undefined;
          this.#deadAt = Number.POSITIVE_INFINITY;
        } else {
          this.#deadAt = now + this.#timeoutMs;
        }
        return { kind: 'pong', payload, answers: ping.number, latencyMs: now - ping.at };
      }
    }
    return { kind: 'pong', payload, answers: -1, latencyMs: undefined };
  }
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
