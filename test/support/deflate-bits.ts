/**
 * DEFLATE data bit by bit, for tests of what no compressor writes.
 *
 * @module
 */

/** Bits in the order of RFC 1951 §3.1.1; the symbols are those of the fixed codes (§3.2.6). */
export class Bits {
  #bits = '';

  /** A number of `count` bits, the lowest first. */
  put(value: number, count: number): this {
    for (let i = 0; i < count; i++) this.#bits += (value >> i) & 1;
    return this;
  }

  /** A Huffman code of `count` bits, the highest first. */
  code(value: number, count: number): this {
    for (let i = count - 1; i >= 0; i--) this.#bits += (value >> i) & 1;
    return this;
  }

  /** The header of a block in the fixed codes. */
  fixedBlock(final = false): this {
    return this.put(final ? 0b011 : 0b010, 3);
  }

  /** A literal/length symbol: 0 to 287. */
  symbol(symbol: number): this {
    if (symbol < 144) return this.code(0x30 + symbol, 8);
    if (symbol < 256) return this.code(0x190 + symbol - 144, 9);
    return symbol < 280 ? this.code(symbol - 256, 7) : this.code(0xc0 + symbol - 280, 8);
  }

  /** Literals. */
  literals(bytes: Iterable<number>): this {
    for (const byte of bytes) this.symbol(byte);
    return this;
  }

  /** A match of 3 to 258 bytes from 1 to 32 768 back (§3.2.5). */
  match(length: number, distance: number): this {
    const [symbol, extra, base] =
      length === 258 ? [28, 0, 258] : locate(length, 3, (symbol) => (symbol < 8 ? 0 : (symbol >> 2) - 1));
    this.symbol(257 + symbol).put(length - base, extra);
    const [far, farExtra, farBase] = locate(distance, 1, (symbol) => Math.max(0, (symbol >> 1) - 1));
    return this.code(far, 5).put(distance - farBase, farExtra);
  }

  /** The end of a block. */
  end(): this {
    return this.symbol(256);
  }

  /** A stored block (§3.2.4); less than 65 536 bytes. */
  stored(bytes: Uint8Array): this {
    this.put(0, 3).align().put(bytes.length, 16).put(~bytes.length, 16);
    for (const byte of bytes) this.put(byte, 8);
    return this;
  }

  /** The header of the empty block that ends a message; the rest of that block is left out (RFC 7692 §7.2.1). */
  endOfMessage(): Uint8Array {
    return this.put(0, 3).bytes();
  }

  /** Zeros up to the next byte. */
  align(): this {
    return this.put(0, (8 - (this.#bits.length % 8)) % 8);
  }

  /** All of it, the last byte filled up with zeros. */
  bytes(): Uint8Array {
    return Uint8Array.from(this.#bits.match(/.{1,8}/g) ?? [], (octet) =>
      Number.parseInt([...octet].reverse().join(''), 2),
    );
  }
}

/** The symbol that covers a value, its extra bits, and the least value that it covers. */
function locate(
  value: number,
  first: number,
  extraOf: (symbol: number) => number,
): [symbol: number, extra: number, base: number] {
  let symbol = 0;
  let base = first;
  while (value >= base + 2 ** extraOf(symbol)) base += 2 ** extraOf(symbol++);
  return [symbol, extraOf(symbol), base];
}
