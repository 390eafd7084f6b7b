/**
 * Masking: XOR with a key of 4 bytes that repeats (RFC 6455 §5.3).
 *
 * Owns: the XOR, in place. Does not own: choosing keys (`bytes/random.ts`).
 *
 * @module
 */
import type { BulkXor } from '../bytes/native.ts';
import { checkBytes } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';

/**
 * Mask or unmask `bytes`, in place; the same operation does both. Writes to `bytes`: never pass memory that
 * somebody else still reads.
 *
 * @param bytes Part of a frame's payload, or all of it.
 * @param key The 4 bytes of the masking key, in the order of the wire.
 * @param offset How many bytes of the payload came before `bytes`. Default: 0.
 * @throws A `UsageTypeError` (`bad-argument`) for bytes that are no `Uint8Array`, a key that is not 4 of them, or an offset that
 *   is no whole number from 0.
 *
 * @example The masked "Hello" of RFC 6455 §5.7
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { applyMask } from 'sansocket/frame';
 *
 * const payload = Uint8Array.of(0x7f, 0x9f, 0x4d, 0x51, 0x58);
 * applyMask(payload, Uint8Array.of(0x37, 0xfa, 0x21, 0x3d));
 * equal(new TextDecoder().decode(payload), 'Hello');
 * ```
 */
export function applyMask(bytes: Uint8Array, key: Uint8Array, offset = 0): void {
  checkBytes(bytes, 'mask');
  if (!(key instanceof Uint8Array) || key.length !== 4) {
    throw new UsageTypeError('bad-argument', 'Cannot mask: the key is not a Uint8Array of 4 bytes');
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot mask: offset is ${offset}, expected a whole number from 0`,
    );
  }
  xor(bytes, 0, bytes.length, rotateKey(packKey(key, 0), offset));
}

/** The key at `at` as one number, its first byte lowest. */
export function packKey(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The key as it stands after `count` bytes of payload. */
export function rotateKey(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return (key >>> bits) | (key << (32 - bits));
}

/**
 * Below this many bytes a loop over bytes wins, even when a word view is at hand: measured 20 on Node, 16 on Deno, 48 on
 * Bun. Any value from 4 is correct. Exported because the tests straddle it.
 */
export const WORDS_FROM = 24;
/**
 * Below this many bytes it does not pay to make a word view: measured 110 on Node, 80 on Deno, 200 on Bun. Any value from
 * {@link WORDS_FROM} is correct.
 */
export const VIEW_FROM = 128;
/**
 * Below this many bytes a {@link BulkXor} is left alone. `xor64` catches up at some 700, but the OR that the word loop
 * makes on its way saves text a look for ASCII, which only longer text does not feel.
 */
export const BULK_FROM = 2048;

/** What {@link xor} returns when it did not look: it may be anything. */
export const UNKNOWN = 0xff;

/** Words are written in the machine's byte order, keys are packed with the first byte lowest. */
const LITTLE_ENDIAN: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

/** Bytes from here on are taken one by one: their words would have numbers that bit operations do not reach. */
const WORDS_BEFORE = 0x7fff_fff0;

/**
 * The word view of the memory that `bytes` lies in, for {@link xor}; worth keeping for all frames of one chunk.
 *
 * Word 0 holds the first byte, so that `((bytes.byteOffset & 3) + at) >> 2` is the word of `at`, wherever in its buffer the chunk lies.
 */
export function wordView(bytes: Uint8Array): Int32Array {
  const before = bytes.byteOffset & 3;
  return new Int32Array(bytes.buffer, bytes.byteOffset - before, Math.floor((before + bytes.length) / 4));
}

/**
 * XOR `bytes` from `start` up to `end` with `key`, in place.
 *
 * @param key Packed, and rotated to where `start` is in the payload.
 * @param words The word view of the same memory, if the caller keeps one.
 * @param bulk What is faster at long payloads, if anything is.
 * @returns All result bytes ORed together: below 0x80 when they are ASCII. {@link UNKNOWN} after `bulk`.
 */
export function xor(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  words?: Int32Array,
  bulk?: BulkXor,
): number {
  const length = end - start;
  if (bulk !== undefined && length >= BULK_FROM) {
    bulk(bytes, start, end, key);
    return UNKNOWN;
  }
  if (LITTLE_ENDIAN && end < WORDS_BEFORE && length >= (words === undefined ? VIEW_FROM : WORDS_FROM)) {
    return xorWords(bytes, start, end, key, words ?? wordView(bytes));
  }
  return xorBytes(bytes, start, end, key);
}

function xorBytes(bytes: Uint8Array, start: number, end: number, key: number): number {
  const k0 = key & 0xff;
  const k1 = (key >>> 8) & 0xff;
  const k2 = (key >>> 16) & 0xff;
  const k3 = key >>> 24;
  let or = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) {
    or |= (bytes[at] = bytes[at]! ^ k0) | (bytes[at + 1] = bytes[at + 1]! ^ k1);
    or |= (bytes[at + 2] = bytes[at + 2]! ^ k2) | (bytes[at + 3] = bytes[at + 3]! ^ k3);
  }
  if (at < end) or |= bytes[at] = bytes[at]! ^ k0;
  if (at + 1 < end) or |= bytes[at + 1] = bytes[at + 1]! ^ k1;
  if (at + 2 < end) or |= bytes[at + 2] = bytes[at + 2]! ^ k2;
  return or;
}

/** At least 4 bytes: up to 3 to the first whole word, the words four by four, and up to 3 more. */
function xorWords(bytes: Uint8Array, start: number, end: number, key: number, words: Int32Array): number {
  const base = bytes.byteOffset & 3;
  let or = 0;
  let at = start;
  let turned = key;
  while (((base + at) & 3) !== 0) {
    or |= bytes[at] = bytes[at]! ^ (turned & 0xff);
    turned = (turned >>> 8) | (turned << 24);
    at++;
  }
  let word = (base + at) >> 2;
  const last = (base + end) >> 2;
  let a = 0;
  let b = 0;
  let c = 0;
  let d = 0;
  for (; word + 4 <= last; word += 4) {
    a |= words[word] = words[word]! ^ turned;
    b |= words[word + 1] = words[word + 1]! ^ turned;
    c |= words[word + 2] = words[word + 2]! ^ turned;
    d |= words[word + 3] = words[word + 3]! ^ turned;
  }
  for (; word < last; word++) a |= words[word] = words[word]! ^ turned;
  a |= b | c | d;
  or |= (a | (a >>> 8) | (a >>> 16) | (a >>> 24)) & 0xff;
  for (at = (last << 2) - base; at < end; at++) {
    or |= bytes[at] = bytes[at]! ^ (turned & 0xff);
    turned >>>= 8;
  }
  return or;
}
