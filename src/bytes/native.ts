/**
 * What a runtime may do faster than portable code: the contract that an adapter hands it in by.
 *
 * Owns: that contract, and the XOR that is fast where the engine compiles 64-bit BigInt arithmetic to machine words. Does
 * not own: masking (`frame/mask.ts`), text (`text.ts` has its own contract).
 *
 * V8 does (Node, Deno): 13 to 19 GB/s, against 5 for a loop of 32-bit words on the same machine. JavaScriptCore (Bun,
 * Safari) allocates a BigInt for each word and reaches 0.25 GB/s, against 12. Nothing in the language tells the two
 * apart, so it is for the adapters to say.
 *
 * @module
 */
import { plainBytes } from './view.ts';

/** Primitives of a runtime. Each may be left out: the portable one is always there. No function here uses `this`. */
export interface NativeBytes {
  /** XORs long runs. */
  readonly xor?: BulkXor | undefined;
  /** Memory that need not be zeroed: whoever asks for it writes all of it before anyone reads it. */
  readonly allocate?: ((length: number) => Uint8Array) | undefined;
}

/** Below this many bytes, memory that is zeroed is as cheap. */
const ALLOCATE_FROM = 4096;

/** Memory of which the caller writes all before anyone reads it: not zeroed, where that pays. Always a plain `Uint8Array`. */
export function allocate(native: NativeBytes | undefined, length: number): Uint8Array {
  const memory = length < ALLOCATE_FROM ? undefined : native?.allocate?.(length);
  return memory === undefined ? new Uint8Array(length) : plainBytes(memory);
}

/**
 * XOR `bytes` from `start` up to `end` with a key of 4 bytes that repeats, in place. `key` is packed, its first byte
 * lowest, and already turned to where `start` is.
 */
export type BulkXor = (bytes: Uint8Array, start: number, end: number, key: number) => void;

/** The {@link BulkXor} for V8. Do not use it on other engines. */
export const xor64: BulkXor = (bytes, start, end, key) => {
  let turned = key;
  let at = start;
  // To the first multiple of 8 in the buffer, which is what a view of words can start at.
  while (((bytes.byteOffset + at) & 7) !== 0 && at < end) {
    bytes[at] = bytes[at]! ^ turned;
    turned = (turned >>> 8) | (turned << 24);
    at++;
  }
  const count = (end - at) >> 3;
  if (count > 0) {
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset + at, count);
    const wide = wideKey(turned);
    let word = 0;
    for (; word + 8 <= count; word += 8) {
      words[word] = words[word]! ^ wide;
      words[word + 1] = words[word + 1]! ^ wide;
      words[word + 2] = words[word + 2]! ^ wide;
      words[word + 3] = words[word + 3]! ^ wide;
      words[word + 4] = words[word + 4]! ^ wide;
      words[word + 5] = words[word + 5]! ^ wide;
      words[word + 6] = words[word + 6]! ^ wide;
      words[word + 7] = words[word + 7]! ^ wide;
    }
    for (; word < count; word++) words[word] = words[word]! ^ wide;
    at += count << 3;
  }
  for (; at < end; at++) {
    bytes[at] = bytes[at]! ^ turned;
    turned = (turned >>> 8) | (turned << 24);
  }
};

/** Eight bytes, and the same eight as one word: where a key becomes a word. Made when first needed. */
let keyBytes: Uint8Array | undefined;
let keyWord: BigUint64Array | undefined;

/** The key twice over, in the order of the machine's bytes. */
function wideKey(key: number): bigint {
  keyBytes ??= new Uint8Array(8);
  keyWord ??= new BigUint64Array(keyBytes.buffer);
  for (let i = 0; i < 8; i++) keyBytes[i] = key >>> ((i & 3) << 3);
  return keyWord[0]!;
}
