/**
 * One matcher, whatever its level, over data that comes and goes.
 *
 * Owns: the choice of algorithm, and where positions start. Does not own: the data.
 *
 * Positions only ever grow. New data starts more than a window past the old one's end, so that what the tables still
 * say about the old data is out of reach: that is how they are cleared, at no cost.
 *
 * @module
 */
import { Chains, EFFORTS, type Effort, matchChain } from './match-chain.ts';
import { matchFast } from './match-fast.ts';
import type { Tokens } from './tokens.ts';

/** Positions at which all starts over, with tables that are really cleared. Leaves room for any message below 2 ** 31. */
const LAST_POSITION = 2 ** 30;
/** More than any window. */
const GAP = 2 ** 16;

/** Bits of the hash: tables for a small window are small, and larger ones than these win less than 1 %. */
function hashBits(level: number, windowBits: number): number {
  return Math.min(windowBits, level === 1 ? 13 : 14);
}

/** Bytes of a matcher's tables; `level` is 1 to 9. */
export function matcherBytes(level: number, windowBits: number): number {
  return 4 * 2 ** hashBits(level, windowBits) + (level === 1 ? 0 : 2 * 2 ** windowBits);
}

/** Finds matches in the data of one message after the other, or in a window that slides. */
export class Matcher {
  readonly #shift: number;
  readonly #reach: number;
  readonly #head: Int32Array | undefined;
  readonly #chains: Chains | undefined;
  readonly #effort: Effort;
  #base = GAP;

  /** `level` is 1 to 9. */
  constructor(level: number, windowBits: number) {
    const bits = hashBits(level, windowBits);
    this.#shift = 32 - bits;
    this.#reach = 2 ** windowBits;
    this.#effort = EFFORTS[level - 2] ?? EFFORTS[0]!;
    if (level === 1) this.#head = new Int32Array(1 << bits);
    else this.#chains = new Chains(bits, this.#reach);
  }

  /** The data before index `length` is gone, and other data starts at 0. */
  forget(length: number): void {
    this.#base += length + GAP;
    this.#wrap();
  }

  /** The data has moved down by `distance`. */
  slide(distance: number): void {
    this.#base += distance;
    this.#wrap();
  }

  /** Find matches in `bytes` from `from` on; returns where it stopped: at `to`, or where the block is full. */
  find(tokens: Tokens, bytes: Uint8Array, from: number, to: number): number {
    return this.#chains === undefined
      ? matchFast(tokens, bytes, from, to, this.#base, this.#head!, this.#shift, this.#reach)
      : matchChain(tokens, bytes, from, to, this.#base, this.#chains, this.#reach, this.#effort);
  }

  #wrap(): void {
    if (this.#base < LAST_POSITION) return;
    this.#base = GAP;
    this.#head?.fill(0);
    this.#chains?.head.fill(0);
  }
}
