/**
 * The constants of RFC 1951 §3.2: what the length and distance symbols stand for, and the fixed codes.
 *
 * Owns: symbol to value for the decoder, value to symbol for the encoder. Does not own: codes made from a
 * block's own lengths (`decode-table.ts`, `huffman.ts`).
 *
 * @module
 */

/** Literal/length symbol that ends a block (§3.2.5). */
export const END_OF_BLOCK = 256;
/** Literal/length symbols that a block may describe; 286 and 287 never occur (§3.2.6). */
export const LITERAL_SYMBOLS = 286;
/** Distance symbols that a block may describe; 30 and 31 never occur (§3.2.6). */
export const DISTANCE_SYMBOLS = 30;
/** Symbols of the code that the code lengths are written in (§3.2.7). */
export const LENGTH_CODE_SYMBOLS = 19;
/** Longest code of a literal/length or distance symbol, in bits (§3.2.7). */
export const MAX_CODE_BITS = 15;
/** Shortest and longest match (§3.2.5). */
export const MIN_MATCH = 3;
/** Longest match (§3.2.5). */
export const MAX_MATCH = 258;

/** BTYPE of a block that holds bytes as they are (§3.2.4). */
export const STORED = 0;
/** BTYPE of a block in the fixed codes (§3.2.6). */
export const FIXED = 1;
/** BTYPE of a block that starts with its own codes (§3.2.7). */
export const DYNAMIC = 2;

/** Extra bits of length symbol 257 + i (§3.2.5). */
export const LENGTH_EXTRA: Uint8Array = /* @__PURE__ */ Uint8Array.of(
  ...[0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0],
);
/** Shortest match of length symbol 257 + i (§3.2.5). */
export const LENGTH_BASE: Uint16Array = /* @__PURE__ */ lengthBases();
/** Extra bits of distance symbol i (§3.2.5). */
export const DISTANCE_EXTRA: Uint8Array = /* @__PURE__ */ Uint8Array.from(
  { length: DISTANCE_SYMBOLS },
  (_, symbol) => Math.max(0, (symbol >> 1) - 1),
);
/** Shortest distance of distance symbol i (§3.2.5). */
export const DISTANCE_BASE: Uint16Array = /* @__PURE__ */ bases(1, DISTANCE_EXTRA);

/** The order in which the lengths of the code length code are written (§3.2.7). */
export const LENGTH_CODE_ORDER: Uint8Array = /* @__PURE__ */ Uint8Array.of(
  ...[16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15],
);

/** Length symbol - 257 of each match length; 0 to 2 are no lengths. */
export const LENGTH_SYMBOL: Uint8Array = /* @__PURE__ */ lengthSymbols();
/** Distance symbol of distance d at d - 1 up to 256, and past that at 256 + (d - 1 >> 7): those symbols span 128 or more. */
export const DISTANCE_SYMBOL: Uint8Array = /* @__PURE__ */ distanceSymbols();

/** Code lengths of the fixed literal/length code, all 288 (§3.2.6). */
export const FIXED_LITERAL_LENGTHS: Uint8Array = /* @__PURE__ */ Uint8Array.from(
  { length: 288 },
  (_, symbol) => (symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8),
);
/** Code lengths of the fixed distance code, all 32 (§3.2.6). */
export const FIXED_DISTANCE_LENGTHS: Uint8Array = /* @__PURE__ */ new Uint8Array(32).fill(5);

function bases(first: number, extra: Uint8Array): Uint16Array {
  const table = new Uint16Array(extra.length);
  let base = first;
  for (let symbol = 0; symbol < extra.length; symbol++) {
    table[symbol] = base;
    base += 1 << extra[symbol]!;
  }
  return table;
}

function lengthBases(): Uint16Array {
  const table = bases(MIN_MATCH, LENGTH_EXTRA);
  // The last symbol stands for 258 alone; the symbol before it could say 258 too, and is not meant to.
  table[28] = MAX_MATCH;
  return table;
}

function lengthSymbols(): Uint8Array {
  const table = new Uint8Array(MAX_MATCH + 1);
  for (let length = MIN_MATCH, symbol = 0; length <= MAX_MATCH; length++) {
    while (length >= LENGTH_BASE[symbol + 1]!) symbol++; // Past the last there is no base, which nothing reaches.
    table[length] = symbol;
  }
  return table;
}

function distanceSymbols(): Uint8Array {
  const table = new Uint8Array(512);
  for (let distance = 1, symbol = 0; distance <= 32768; distance++) {
    while (distance >= DISTANCE_BASE[symbol + 1]!) symbol++;
    table[distance <= 256 ? distance - 1 : 256 + ((distance - 1) >> 7)] = symbol;
  }
  return table;
}
