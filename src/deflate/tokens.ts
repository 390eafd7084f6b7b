/**
 * What a matcher finds in a block: literals and matches, and how often each symbol occurs.
 *
 * Owns: the buffer and the counts. Does not own: finding (`match-fast.ts`, `match-chain.ts`) or writing (`block-writer.ts`).
 *
 * @module
 */
import { DISTANCE_SYMBOL, DISTANCE_SYMBOLS, END_OF_BLOCK, LENGTH_SYMBOL, LITERAL_SYMBOLS } from './tables.ts';

/** Tokens from which on a block is closed: as in zlib, about where one code stops fitting all of it. */
export const BLOCK_TOKENS = 16_384;
/** A lazy matcher looks at the limit between matches only; each match has fewer literals before it than this. */
const MARGIN = 512;

/** Bits of a token that hold the distance - 1; the length is above them. A literal has length 0. */
export const LENGTH_SHIFT = 16;

/** The tokens of one block. */
export class Tokens {
  /** A literal is its byte; a match is `length << 16 | distance - 1`. */
  readonly list: Int32Array = new Int32Array(BLOCK_TOKENS + MARGIN);
  /** How many there are. */
  count = 0;
  /** How often each literal/length symbol occurs. */
  readonly literals: Int32Array = new Int32Array(LITERAL_SYMBOLS);
  /** How often each distance symbol occurs. */
  readonly distances: Int32Array = new Int32Array(DISTANCE_SYMBOLS);

  /** Begin a block. Its end is a symbol too. */
  clear(): void {
    this.count = 0;
    this.literals.fill(0);
    this.distances.fill(0);
    this.literals[END_OF_BLOCK] = 1;
  }

  /** Add a match. */
  match(length: number, distance: number): void {
    this.list[this.count++] = (length << LENGTH_SHIFT) | (distance - 1);
    this.literals[257 + LENGTH_SYMBOL[length]!]!++;
    this.distances[distanceSymbol(distance)]!++;
  }

  /** Add the bytes from `from` to `to` as literals. */
  literalRun(bytes: Uint8Array, from: number, to: number): void {
    const { list, literals } = this;
    let count = this.count;
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      list[count++] = byte;
      literals[byte]!++;
    }
    this.count = count;
  }
}

/** The symbol of a distance (RFC 1951 §3.2.5). */
export function distanceSymbol(distance: number): number {
  return DISTANCE_SYMBOL[distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7)]!;
}
