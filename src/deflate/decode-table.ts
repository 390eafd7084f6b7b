/**
 * Tables that turn the next bits of the input into a symbol (RFC 1951 §3.2.2).
 *
 * Owns: the layout of an entry, and building a table from code lengths. Does not own: reading the lengths
 * (`inflate.ts`) or the input (`inflate-symbols.ts`).
 *
 * A table has `2 ** rootBits` entries, indexed by the next bits of the input, low bit first. A code longer than that
 * leads to a second table further on. An entry is one integer:
 *
 *     bits 0-3    length of the whole code, in bits
 *     bits 4-7    extra bits that follow the code; of a link: bits that index the second table
 *     bits 8-11   LITERAL, LINK, END or INVALID; none of them: a length or a distance
 *     bits 12-    literal, base of the length or the distance; of a link: where the second table starts
 *
 * @module
 */
import {
  DISTANCE_BASE,
  DISTANCE_EXTRA,
  DISTANCE_SYMBOLS,
  END_OF_BLOCK,
  LENGTH_BASE,
  LENGTH_EXTRA,
  LITERAL_SYMBOLS,
  MAX_CODE_BITS,
} from './tables.ts';

/** The entry is a literal byte, or a symbol of the code length code. */
export const LITERAL = 0x100;
/** The entry leads to a second table. */
export const LINK = 0x200;
/** The entry is the end of the block. */
export const END = 0x400;
/** No code starts with these bits, or the symbol is one that never occurs. */
export const INVALID = 0x800;
/** Any of the above. */
export const SPECIAL = 0xf00;
/** Where the value of an entry starts. */
export const VALUE_SHIFT = 12;

/** Bits that index the root of a literal/length table. */
export const LITERAL_ROOT_BITS = 10;
/** Bits that index the root of a distance table. */
export const DISTANCE_ROOT_BITS = 9;
/** Bits that index the table of the code length code, whose codes are 7 bits at most. */
export const LENGTH_CODE_ROOT_BITS = 7;
/** Entries that 286 symbols can need with a root of 10 bits: zlib's `enough` counts 1332. */
export const LITERAL_TABLE_SIZE = 1334;
/** Entries that 30 symbols can need with a root of 9 bits: zlib's `enough` counts 592. */
export const DISTANCE_TABLE_SIZE = 594;

/** For each symbol, its entry without the code's length. */
export type EntryOf = Int32Array;

/** Entries of the literal/length symbols. */
export const LITERAL_ENTRIES: EntryOf = /* @__PURE__ */ Int32Array.from({ length: 288 }, (_, symbol) => {
  if (symbol < END_OF_BLOCK) return LITERAL | (symbol << VALUE_SHIFT);
  if (symbol === END_OF_BLOCK) return END;
  if (symbol >= LITERAL_SYMBOLS) return INVALID;
  return (LENGTH_EXTRA[symbol - 257]! << 4) | (LENGTH_BASE[symbol - 257]! << VALUE_SHIFT);
});
/** Entries of the distance symbols. */
export const DISTANCE_ENTRIES: EntryOf = /* @__PURE__ */ Int32Array.from({ length: 32 }, (_, symbol) =>
  symbol >= DISTANCE_SYMBOLS
    ? INVALID
    : (DISTANCE_EXTRA[symbol]! << 4) | (DISTANCE_BASE[symbol]! << VALUE_SHIFT),
);
/** Entries of the code length symbols. */
export const LENGTH_CODE_ENTRIES: EntryOf = /* @__PURE__ */ Int32Array.from(
  { length: 19 },
  (_, symbol) => LITERAL | (symbol << VALUE_SHIFT),
);

/** Room for building tables: one for all, as building never stops half-way. */
export class TableBuilder {
  readonly #counts = new Uint16Array(MAX_CODE_BITS + 1);
  readonly #offsets = new Uint16Array(MAX_CODE_BITS + 2);
  readonly #sorted = new Uint16Array(288);

  /**
   * Build a table from code lengths.
   *
   * A code must be complete, with the exceptions that zlib makes: none at all, or a single one of one bit. Whoever
   * uses a code that is not there meets `INVALID`.
   *
   * @param lengths Holds the code length of symbol i at `from + i`; 0: the symbol has no code.
   * @param entries The entry of each symbol.
   * @param table Receives the entries; large enough for `rootBits` and as many symbols.
   * @param rootBits Most bits of the root; a code whose longest is shorter gets a smaller root.
   * @param mayBeIncomplete Whether the exceptions hold.
   * @returns The bits of the root that was built, or 0 when the lengths are no code.
   */
  build(
    lengths: Uint8Array,
    from: number,
    count: number,
    entries: EntryOf,
    table: Int32Array,
    rootBits: number,
    mayBeIncomplete: boolean,
  ): number {
    const counts = this.#counts.fill(0);
    for (let symbol = 0; symbol < count; symbol++) counts[lengths[from + symbol]!]!++;
    let longest = MAX_CODE_BITS;
    while (counts[longest] === 0) longest--; // `counts[0]` is not 0 when all others are.

    let left = 1;
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      left = (left << 1) - counts[bits]!;
      if (left < 0) return 0;
    }
    if (left > 0) {
      if (!mayBeIncomplete || longest > 1) return 0;
      table[0] = table[1] = INVALID | 1;
      for (let symbol = 0; symbol < count; symbol++) {
        if (lengths[from + symbol] === 1) table[0] = entries[symbol]! | 1;
      }
      return 1;
    }

    // Symbols in the order of their codes: by length, then by value.
    const sorted = this.#sorted;
    const offsets = this.#offsets;
    offsets[1] = 0;
    for (let bits = 1; bits <= longest; bits++) offsets[bits + 1] = offsets[bits]! + counts[bits]!;
    for (let symbol = 0; symbol < count; symbol++) {
      const bits = lengths[from + symbol]!;
      if (bits !== 0) sorted[offsets[bits]!++] = symbol;
    }

    const root = Math.min(rootBits, longest);
    const rootSize = 1 << root;
    let code = 0; // The code with its bits reversed: as they come out of the input.
    let next = 0;
    let size = 1;
    for (let bits = 1; bits <= root; bits++) {
      // The table for codes of up to this many bits is twice the one before: copy, then add what is new.
      table.copyWithin(size, 0, size);
      size <<= 1;
      for (let left = counts[bits]!; left > 0; left--) {
        table[code] = entries[sorted[next++]!]! | bits;
        code = nextCode(code, bits);
      }
    }
    if (longest === root) return root;

    // Longer codes: one second table per distinct set of first `root` bits.
    let end = rootSize;
    let start = 0;
    let subBits = 0;
    let prefix = -1;
    for (let bits = root + 1; bits <= longest; bits++) {
      for (let left = counts[bits]!; left > 0; left--) {
        if ((code & (rootSize - 1)) !== prefix) {
          prefix = code & (rootSize - 1);
          // Wide enough for all codes that share the prefix, which are the next ones in order.
          subBits = bits - root;
          let room = (1 << subBits) - left;
          while (room > 0 && subBits + root < longest) {
            subBits++;
            room = (room << 1) - counts[root + subBits]!;
          }
          start = end;
          end += 1 << subBits;
          table[prefix] = LINK | root | (subBits << 4) | (start << VALUE_SHIFT);
        }
        const entry = entries[sorted[next++]!]! | bits;
        for (let at = start + (code >> root), step = 1 << (bits - root); at < end; at += step)
          table[at] = entry;
        code = nextCode(code, bits);
      }
    }
    return root;
  }
}

/** Add one to a code of `bits` bits that is kept with its bits reversed. */
function nextCode(code: number, bits: number): number {
  let bit = 1 << (bits - 1);
  while ((code & bit) !== 0) bit >>= 1;
  return bit === 0 ? 0 : (code & (bit - 1)) | bit;
}
