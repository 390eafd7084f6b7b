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
/** After 2 ** this many positions without a match, every second position is looked at, and so on. */
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
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  while (at <= last) {
    const word = view.getInt32(at, true);
    const hash = Math.imul(word, 0x9e3779b1) >>> shift;
    const candidate = head[hash]! - base;
    head[hash] = at + base;
    if (at - candidate > reach || word !== view.getInt32(candidate, true)) {
      at += 1 + (misses++ >> PATIENCE);
      if (at - anchor >= RUN) {
        const end = Math.min(at, to);
        tokens.literalRun(bytes, anchor, end);
        anchor = end;
        if (tokens.count >= BLOCK_TOKENS) return end;
      }
      continue;
    }

    misses = 0;
    const distance = at - candidate;
    let length = matchLength(view, candidate, at, HASHED, Math.min(MAX_MATCH, to - at));
    // What was skipped over may match as well.
    while (at > anchor && length < MAX_MATCH && at > distance && bytes[at - 1] === bytes[at - 1 - distance]) {
      at--;
      length++;
    }
    tokens.literalRun(bytes, anchor, at);
    tokens.match(length, distance);
    const match = at + length;
    const hashEnd = Math.min(match, at + HASHED_IN_MATCH, last);
    for (let inner = at + 1; inner < hashEnd; inner++) {
      head[Math.imul(view.getInt32(inner, true), 0x9e3779b1) >>> shift] = inner + base;
    }
    at = match;
    anchor = match;
    if (tokens.count >= BLOCK_TOKENS) return at;
  }
  tokens.literalRun(bytes, anchor, to);
  return to;
}

/** How many bytes from `a` and from `b` on are the same: `from` are known to be, `limit` are looked at. */
export function matchLength(view: DataView, a: number, b: number, from: number, limit: number): number {
  let length = from;
  while (length + 4 <= limit) {
    const differs = view.getInt32(a + length, true) ^ view.getInt32(b + length, true);
    if (differs !== 0) return length + ((31 - Math.clz32(differs & -differs)) >> 3);
    length += 4;
  }
  while (length < limit && view.getUint8(a + length) === view.getUint8(b + length)) length++;
  return length;
}
