/**
 * The matcher of level 1: one candidate a position, taken if it matches.
 *
 * Owns: a hash table of where four bytes were seen last. Does not own: the window (`deflate.ts`).
 *
 * @module
 */
import { MAX_MATCH } from './tables.ts';
import { BLOCK_TOKENS, type Tokens } from './tokens.ts';

/** Bytes that are hashed, and so the shortest match that is found. */
const HASHED = 4;
/** Positions are hashed inside a match too, but not at the end of a long one. */
const HASHED_IN_MATCH = 4;
/** After 2 ** this many positions without a match, every second position is looked at, and so on; a block ends before the
 * steps get long. */
const PATIENCE = 6;
/** Literals are moved to the tokens at least this often. */
const RUN = 256;

/**
 * Find matches in `bytes` from `from` on; stops at `to`, or when the block is full.
 *
 * @param head Where each hash was seen last: index + `base`. Entries of other data are further back than `reach`.
 * @param shift 32 - bits of a hash.
 * @param reach Largest distance.
 * @returns Where it stopped.
 */
export function matchFast(
  tokens: Tokens,
  bytes: Uint8Array,
  from: number,
  to: number,
  base: number,
  head: Int32Array,
  shift: number,
  reach: number,
): number {
  const last = to - HASHED;
  let anchor = from; // Up to here all is in the tokens.
  let at = from;
  let misses = 0;
  let word = at <= last ? word32(bytes, at) : 0;
  while (at <= last) {
    const hash = Math.imul(word, 0x9e3779b1) >>> shift;
    const candidate = head[hash]! - base;
    head[hash] = at + base;
    const distance = at - candidate;
    if (distance > reach || word !== word32(bytes, candidate)) {
      const step = 1 + (misses++ >> PATIENCE);
      at += step;
      if (at - anchor >= RUN) {
        const end = Math.min(at, to);
        tokens.literalRun(bytes, anchor, end);
        anchor = end;
        if (tokens.count >= BLOCK_TOKENS) return end;
      }
      if (at > last) break;
      // The next word has three bytes of this one.
      word = step === 1 ? (word >>> 8) | (bytes[at + 3]! << 24) : word32(bytes, at);
      continue;
    }

    misses = 0;
    const longest = Math.min(MAX_MATCH, to - at);
    let length = HASHED;
    while (length < longest && bytes[candidate + length] === bytes[at + length]) length++;
    const next = at + length;
    for (const end = Math.min(next, at + HASHED_IN_MATCH, last); at + 1 < end; ) {
      at++;
      word = (word >>> 8) | (bytes[at + 3]! << 24);
      head[Math.imul(word, 0x9e3779b1) >>> shift] = at + base;
    }
    // What was skipped over may match as well.
    at = next - length;
    while (at > anchor && length < MAX_MATCH && at > distance && bytes[at - 1] === bytes[at - 1 - distance]) {
      at--;
      length++;
    }
    tokens.literalRun(bytes, anchor, at);
    tokens.match(length, distance);
    at = next;
    anchor = next;
    if (tokens.count >= BLOCK_TOKENS) return at;
    if (at > last) break;
    word = word32(bytes, at);
  }
  tokens.literalRun(bytes, anchor, to);
  return to;
}

/** Four bytes as one integer. */
export function word32(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}
