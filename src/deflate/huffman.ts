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

/** Room for building codes: one for all, as building never stops half-way. */
export class CodeBuilder {
  /** Sorted keys; then, in place, the internal nodes and the depths. */
  readonly #keys = new Int32Array(288);
  readonly #nodes = new Int32Array(288);
  readonly #counts = new Int32Array(64);
  readonly #next = new Int32Array(MAX_CODE_BITS + 2);

  /**
   * Code lengths that make the block shortest, or nearly so where the limit on their length bites.
   *
   * There are always two codes at least, so that the code is complete: not every decoder takes another.
   *
   * @param frequencies How often each symbol occurs, less than 2 ** 22 each.
   * @param count How many symbols there are.
   * @param maxBits Longest code allowed.
   * @param lengths Receives the length of each symbol's code, 0 for a symbol that does not occur.
   * @returns The number of symbols up to the last one that has a code.
   */
  lengths(frequencies: Int32Array, count: number, maxBits: number, lengths: Uint8Array): number {
    const keys = this.#keys;
    let used = 0;
    for (let symbol = 0; symbol < count; symbol++) {
      lengths[symbol] = 0;
      const frequency = frequencies[symbol]!;
      if (frequency !== 0) keys[used++] = (frequency << SYMBOL_BITS) | symbol;
    }
    // Symbols that do not occur make up the two.
    for (let symbol = 0; used < 2; symbol++) {
      if (used === 1 && (keys[0]! & SYMBOL_MASK) === symbol) continue;
      keys[used++] = (1 << SYMBOL_BITS) | symbol;
    }
    sort(keys, used);
    const deepest = this.#depths(used);
    if (deepest > maxBits) this.#shorten(deepest, maxBits);

    // The rarest symbols get the longest codes.
    const counts = this.#counts;
    let last = 0;
    for (let bits = Math.min(deepest, maxBits), at = 0; bits > 0; bits--) {
      for (let left = counts[bits]!; left > 0; left--) {
        const symbol = keys[at++]! & SYMBOL_MASK;
        lengths[symbol] = bits;
        if (symbol > last) last = symbol;
      }
    }
    return last + 1;
  }

  /** The codes of {@link lengths}, with their bits reversed: as they go into the output. */
  codes(lengths: Uint8Array, count: number, codes: Uint16Array): void {
    const counts = this.#counts.fill(0, 0, MAX_CODE_BITS + 1);
    const next = this.#next;
    for (let symbol = 0; symbol < count; symbol++) counts[lengths[symbol]!]!++;
    counts[0] = 0;
    let code = 0;
    for (let bits = 1; bits <= MAX_CODE_BITS; bits++) {
      code = (code + counts[bits - 1]!) << 1;
      next[bits] = code;
    }
    for (let symbol = 0; symbol < count; symbol++) {
      const bits = lengths[symbol]!;
      if (bits !== 0) codes[symbol] = reverse(next[bits]!++, bits);
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
        if (node < made && (leaf >= used || nodes[node]! < keys[leaf]! >>> SYMBOL_BITS)) {
          weight += nodes[node]!;
          nodes[node++] = made;
        } else {
          weight += keys[leaf++]! >>> SYMBOL_BITS;
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

/** Bits of `code`, in the other order. */
function reverse(code: number, bits: number): number {
  let from = code;
  let to = 0;
  for (let left = bits; left > 0; left--) {
    to = (to << 1) | (from & 1);
    from >>>= 1;
  }
  return to;
}

/** Sort the first `count` keys. Blocks of messages have some tens of symbols: below that the engine's sort costs more. */
function sort(keys: Int32Array, count: number): void {
  if (count > 48) {
    keys.subarray(0, count).sort();
    return;
  }
  for (let i = 1; i < count; i++) {
    const key = keys[i]!;
    let at = i - 1;
    for (; at >= 0 && keys[at]! > key; at--) keys[at + 1] = keys[at]!;
    keys[at + 1] = key;
  }
}
