/**
 * Huffman codes for what a block holds, no longer than DEFLATE allows (RFC 1951 §3.2.2, §3.2.7).
 *
 * Owns: frequencies to code lengths, code lengths to codes. Does not own: what the symbols mean.
 *
 * @module
 */
import { MAX_CODE_BITS } from './tables.ts';

/** Bits of a sort key that hold the symbol; the frequency is above them. */
const SYMBOL_BITS = 9;
const SYMBOL_MASK = (1 << SYMBOL_BITS) - 1;
/** Where the length of a code starts, in an entry that holds both. */
export const CODE_BITS = 16;
/** Bits of the frequency that one pass of the sort looks at. */
const DIGIT_BITS = 6;

/** Each byte with its bits in the other order. */
const REVERSED: Uint8Array = /* @__PURE__ */ Uint8Array.from({ length: 256 }, (_, byte) => {
  let reversed = 0;
  for (let bit = 0; bit < 8; bit++) reversed |= ((byte >> bit) & 1) << (7 - bit);
  return reversed;
});

/** Room for building codes: one for all, as building never stops half-way. Sums end with `| 0`, lest V8 take them for doubles. */
export class CodeBuilder {
  /** Bits that the symbols of the last {@link build} take in its code, without extra bits. */
  cost = 0;
  /** A key is a frequency and its symbol; sorted from one array to the other and back. */
  #keys = new Int32Array(288);
  #spare = new Int32Array(288);
  /** The symbols that have a code, in order. */
  readonly #symbols = new Uint16Array(288);
  readonly #digits = new Int32Array(1 << DIGIT_BITS);
  readonly #nodes = new Int32Array(288);
  /** How many codes have each length. */
  readonly #counts = new Int32Array(64);
  readonly #next = new Int32Array(MAX_CODE_BITS + 2);

  /**
   * Make the code that makes the block shortest, or nearly so where the limit on the length of codes bites.
   *
   * There are always two codes at least, so that the code is complete: not every decoder takes another.
   *
   * @param frequencies How often each symbol occurs, less than 2 ** 22 each.
   * @param count How many symbols there are.
   * @param maxBits Longest code allowed.
   * @param lengths Receives the length of each symbol's code, 0 for a symbol that does not occur.
   * @param codes Receives each symbol's code, its bits reversed, as they go into the output; its length is above {@link CODE_BITS}.
   * @returns The number of symbols up to the last one that has a code.
   */
  build(
    frequencies: Int32Array,
    count: number,
    maxBits: number,
    lengths: Uint8Array,
    codes: Int32Array,
  ): number {
    let keys = this.#keys;
    const symbols = this.#symbols;
    let used = 0;
    let most = 0;
    // Nothing can tell which symbols of a text occur: what does not is written all the same, and written over by the next.
    for (let symbol = 0; symbol < count; symbol++) {
      // Most fours of symbols do not occur at all.
      if ((symbol & 3) === 0 && symbol + 4 < count && noneOf(frequencies, symbol)) {
        symbol += 3;
        continue;
      }
      const frequency = frequencies[symbol]!;
      keys[used] = (frequency << SYMBOL_BITS) | symbol;
      symbols[used] = symbol;
      most |= frequency;
      used = (used - ((0 - frequency) >> 31)) | 0;
    }
    if (used < 2) {
      // Symbols that do not occur make up the two.
      if (used === 0) keys[0] = 1 << SYMBOL_BITS;
      const first = keys[0]! & SYMBOL_MASK;
      const second = first === 0 ? 1 : 0;
      keys[1] = (1 << SYMBOL_BITS) | second;
      symbols[0] = Math.min(first, second);
      symbols[1] = Math.max(first, second);
      used = 2;
    }
    this.#sort(used, most);
    keys = this.#keys;
    const deepest = this.#depths(used);
    if (deepest > maxBits) this.#shorten(deepest, maxBits);

    // The rarest symbols get the longest codes.
    lengths.fill(0, 0, count);
    const counts = this.#counts;
    let cost = 0;
    for (let bits = Math.min(deepest, maxBits), at = 0; bits > 0; bits--) {
      for (let left = counts[bits]!; left > 0; left--) {
        const key = keys[at++]!;
        lengths[key & SYMBOL_MASK] = bits;
        cost = (cost + Math.imul(key >> SYMBOL_BITS, bits)) | 0;
      }
    }
    this.cost = cost;
    this.#number(lengths, used, codes);
    return symbols[used - 1]! + 1;
  }

  /** The codes that belong to given lengths (RFC 1951 §3.2.2), as {@link build} makes them. */
  codes(lengths: Uint8Array, codes: Int32Array): void {
    const counts = this.#counts.fill(0);
    let used = 0;
    for (let symbol = 0; symbol < lengths.length; symbol++) {
      const bits = lengths[symbol]!;
      counts[bits]!++;
      if (bits > 0) this.#symbols[used++] = symbol;
    }
    this.#number(lengths, used, codes);
  }

  /** Number the first `used` of `#symbols`. */
  #number(lengths: Uint8Array, used: number, codes: Int32Array): void {
    const symbols = this.#symbols;
    const counts = this.#counts;
    const next = this.#next;
    let code = 0;
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      next[bits] = code;
      code = (code + counts[bits]!) << 1;
    }
    for (let i = 0; i < used; i++) {
      const symbol = symbols[i]!;
      const bits = lengths[symbol]!;
      const code = next[bits]!++;
      const reversed = ((REVERSED[code & 0xff]! << 8) | REVERSED[code >>> 8]!) >> (16 - bits);
      codes[symbol] = reversed | (bits << CODE_BITS);
    }
  }

  /** Sort the keys by frequency, a digit at a time; symbols stay in order. `most` has all bits that any frequency has. */
  #sort(used: number, most: number): void {
    const digits = this.#digits;
    const mask = (1 << DIGIT_BITS) - 1;
    for (let shift = SYMBOL_BITS; most >> (shift - SYMBOL_BITS) !== 0; shift += DIGIT_BITS) {
      const from = this.#keys;
      const to = this.#spare;
      digits.fill(0);
      for (let i = 0; i < used; i++) digits[(from[i]! >> shift) & mask]!++;
      let start = 0;
      const highest = Math.min(mask, most >> (shift - SYMBOL_BITS));
      for (let digit = 0; digit <= highest; digit++) {
        const size = digits[digit]!;
        digits[digit] = start;
        start += size;
      }
      for (let i = 0; i < used; i++) {
        const key = from[i]!;
        to[digits[(key >> shift) & mask]!++] = key;
      }
      this.#keys = to;
      this.#spare = from;
    }
  }

  /**
   * How many leaves each depth of the Huffman tree has, into `#counts`; returns the deepest.
   *
   * After Moffat and Katajainen, "In-place calculation of minimum-redundancy codes" (1995): no tree is made; the
   * leaves are sorted, internal nodes come out in order too, and an array holds first their weights, then their parents,
   * then their depths.
   */
  #depths(used: number): number {
    const keys = this.#keys;
    const nodes = this.#nodes;
    let leaf = 0;
    let node = 0;
    for (let made = 0; made < used - 1; made++) {
      let weight = 0;
      for (let child = 0; child < 2; child++) {
        if (node < made && (leaf >= used || nodes[node]! < keys[leaf]! >> SYMBOL_BITS)) {
          weight = (weight + nodes[node]!) | 0;
          nodes[node++] = made;
        } else {
          weight = (weight + (keys[leaf++]! >> SYMBOL_BITS)) | 0;
        }
      }
      nodes[made] = weight;
    }

    // From the root down: a node is one deeper than its parent; what is not a node at a depth is a leaf.
    const counts = this.#counts.fill(0);
    nodes[used - 2] = 0;
    for (let at = used - 3; at >= 0; at--) nodes[at] = nodes[nodes[at]!]! + 1;
    let places = 1;
    let depth = 0;
    for (let at = used - 2; places > 0; depth++) {
      let inner = 0;
      for (; at >= 0 && nodes[at] === depth; at--) inner++;
      counts[depth] = places - inner;
      places = 2 * inner;
    }
    return depth - 1;
  }

  /** Move the leaves that are too deep up to `maxBits`, and others down until the code is complete again. */
  #shorten(deepest: number, maxBits: number): void {
    const counts = this.#counts;
    for (let bits = maxBits + 1; bits <= deepest; bits++) counts[maxBits]! += counts[bits]!;
    let taken = 0;
    for (let bits = 1; bits <= maxBits; bits++) taken += counts[bits]! << (maxBits - bits);
    // Each turn makes one place: a leaf goes one deeper and takes one of the deepest ones as its sibling.
    for (; taken > 1 << maxBits; taken--) {
      let bits = maxBits - 1;
      while (counts[bits] === 0) bits--;
      counts[bits]!--;
      counts[bits + 1]! += 2;
      counts[maxBits]!--;
    }
  }
}

/** Whether four symbols do not occur. */
function noneOf(frequencies: Int32Array, at: number): boolean {
  return (frequencies[at]! | frequencies[at + 1]! | frequencies[at + 2]! | frequencies[at + 3]!) === 0;
}
