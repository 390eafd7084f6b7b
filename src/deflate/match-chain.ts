/**
 * The matcher of levels 2 to 9: chains of candidates, and a match is put off while the next position has a longer one.
 *
 * Owns: the search and its effort per level. Does not own: the window (`deflate.ts`).
 *
 * @module
 */
import { word32 } from './match-fast.ts';
import { MAX_MATCH } from './tables.ts';
import { BLOCK_TOKENS, type Tokens } from './tokens.ts';

/** How hard to look. The names and the figures of levels 4 to 9 are zlib's. */
export interface Effort {
  /** From a match of this length on, only a quarter of the chain is followed for the next. */
  readonly good: number;
  /** A match shorter than this waits for what the next position has. */
  readonly lazy: number;
  /** A match of this length ends the search. */
  readonly nice: number;
  /** Most candidates. */
  readonly chain: number;
}

/** Efforts of levels 2 to 9. */
export const EFFORTS: readonly Effort[] = [
  { good: 4, lazy: 4, nice: 8, chain: 4 },
  { good: 4, lazy: 4, nice: 16, chain: 8 },
  { good: 4, lazy: 4, nice: 16, chain: 16 },
  { good: 8, lazy: 16, nice: 32, chain: 32 },
  { good: 8, lazy: 16, nice: 128, chain: 128 },
  { good: 8, lazy: 32, nice: 128, chain: 256 },
  { good: 32, lazy: 128, nice: 258, chain: 1024 },
  { good: 32, lazy: 258, nice: 258, chain: 4096 },
];

/** Bytes that are hashed, and so the shortest match that is found: one of 3 bytes seldom pays, unless it is near. */
const HASHED = 4;

/** Hash tables and chains; positions are index + `base`, so that data can move without touching them. */
export class Chains {
  /** Where each hash was seen last. */
  readonly head: Int32Array;
  /** For a position, by its low bits: how far back its hash was seen before that, at most 65535. */
  readonly previous: Uint16Array;
  /** 32 - bits of a hash. */
  readonly shift: number;

  constructor(hashBits: number, windowSize: number) {
    this.head = new Int32Array(1 << hashBits);
    this.previous = new Uint16Array(windowSize);
    this.shift = 32 - hashBits;
  }
}

/**
 * Find matches in `bytes` from `from` on; stops at `to`, or when the block is full.
 *
 * @param reach Largest distance, at most the window that `chains` was made for.
 * @returns Where it stopped.
 */
export function matchChain(
  tokens: Tokens,
  bytes: Uint8Array,
  from: number,
  to: number,
  base: number,
  chains: Chains,
  reach: number,
  effort: Effort,
): number {
  const { list, literals } = tokens;
  const { head, previous, shift } = chains;
  const mask = previous.length - 1;
  const last = to - HASHED;
  let at = from;
  let heldLength = 0; // The match at `at - 1` that waits for a longer one; 0: none waits.
  let heldDistance = 0;
  let waiting = false; // The byte at `at - 1` is in no token yet.

  while (at <= last) {
    let word = word32(bytes, at);
    const hash = Math.imul(word, 0x9e3779b1) >>> shift;
    const position = at + base;
    let back = position - head[hash]!;
    head[hash] = position;
    previous[position & mask] = Math.min(back, 0xffff);

    let length = Math.max(heldLength, HASHED - 1);
    let distance = 0;
    if (back <= reach && heldLength < effort.lazy) {
      const longest = Math.min(MAX_MATCH, to - at);
      const nice = Math.min(effort.nice, longest);
      let left = heldLength >= effort.good ? effort.chain >> 2 : effort.chain;
      let candidate = at - back;
      if (length < longest) {
        // A longer match has these two bytes at its end, which few candidates have.
        let end = bytes[at + length]!;
        let beforeEnd = bytes[at + length - 1]!;
        do {
          if (
            bytes[candidate + length] === end &&
            bytes[candidate + length - 1] === beforeEnd &&
            bytes[candidate] === bytes[at]
          ) {
            let same = 1;
            while (same < longest && bytes[candidate + same] === bytes[at + same]) same++;
            if (same > length) {
              length = same;
              distance = at - candidate;
              if (same >= nice) break;
              end = bytes[at + same]!;
              beforeEnd = bytes[at + same - 1]!;
            }
          }
          back = previous[(candidate + base) & mask]!;
          candidate -= back;
        } while (--left > 0 && at - candidate <= reach);
      }
    }

    if (heldLength > 0 && distance === 0) {
      tokens.match(heldLength, heldDistance);
      const end = at - 1 + heldLength;
      const hashEnd = Math.min(end - 1, last);
      while (at < hashEnd) {
        at++;
        word = (word >>> 8) | (bytes[at + 3]! << 24);
        const inner = Math.imul(word, 0x9e3779b1) >>> shift;
        const seen = at + base - head[inner]!;
        head[inner] = at + base;
        previous[(at + base) & mask] = Math.min(seen, 0xffff);
      }
      at = end;
      heldLength = 0;
      waiting = false;
      if (tokens.count >= BLOCK_TOKENS) return at;
      continue;
    }
    if (waiting) {
      const byte = bytes[at - 1]!;
      list[tokens.count++] = byte;
      literals[byte]!++;
      if (distance === 0 && tokens.count >= BLOCK_TOKENS) {
        // `at` is hashed already, and no position may be hashed twice: it goes into this block too.
        tokens.literalRun(bytes, at, at + 1);
        return at + 1;
      }
    }
    heldLength = distance === 0 ? 0 : length;
    heldDistance = distance;
    waiting = true;
    at++;
  }
  if (heldLength > 0) {
    tokens.match(heldLength, heldDistance);
    at += heldLength - 1;
  } else if (waiting) {
    tokens.literalRun(bytes, at - 1, at);
  }
  tokens.literalRun(bytes, at, to);
  return to;
}
