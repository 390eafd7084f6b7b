/**
 * Masking: XOR with a key of 4 bytes that repeats (RFC 6455 §5.3).
 *
 * Owns: the XOR, in place. Does not own: choosing keys (`bytes/random.ts`).
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';

/**
 * Mask or unmask `bytes`, in place; the same operation does both. Writes to `bytes`: never pass memory that
 * somebody else still reads.
 *
 * @param bytes Part of a frame's payload, or all of it.
 * @param key The 4 bytes of the masking key, in the order of the wire.
 * @param offset How many bytes of the payload came before `bytes`. Default: 0.
 * @throws A `UsageTypeError` (`bad-argument`) for a key that is not 4 bytes, or an offset that is no whole number from 0.
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
  if (!(key instanceof Uint8Array) || key.length !== 4) {
    throw new UsageTypeError('bad-argument', 'Cannot mask: the key is not a Uint8Array of 4 bytes');
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot mask: offset is ${offset}, expected a whole number from 0`,
    );
  }
  xor(bytes, 0, bytes.length, rotateKey(packKey(key, 0), offset), undefined);
}

/** The key at `at` as one number, its first byte lowest. */
export function packKey(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24);
}

/** The key as it stands after `count` bytes of payload. */
export function rotateKey(key: number, count: number): number {
  const bits = (count & 3) << 3;
  return bits === 0 ? key : (key >>> bits) | (key << (32 - bits));
}

/**
 * Below this many bytes the byte loop wins even when a word view is at hand; measured by `npm run bench -- mask`.
 * Exported because the tests straddle it.
 */
export const WORDS_FROM = 48;
/** Below this many bytes it does not pay to make a word view. */
export const VIEW_FROM = 256;

/** Words are written with the machine's byte order, keys are packed with the first byte lowest. */
const LITTLE_ENDIAN: boolean = /* @__PURE__ */ isLittleEndian();

function isLittleEndian(): boolean {
  return new Uint8Array(Uint32Array.of(1).buffer)[0] === 1;
}

/**
 * The word view of the memory that `bytes` lies in, for {@link xor}; worth keeping for all frames of one chunk.
 *
 * Word 0 lies at the first multiple of 4 in the buffer, so that `(bytes.byteOffset + at) >> 2` is the word of `at`.
 */
export function wordView(bytes: Uint8Array): Int32Array | undefined {
  if (!LITTLE_ENDIAN) return undefined;
  return new Int32Array(bytes.buffer, 0, bytes.buffer.byteLength >> 2);
}

/**
 * XOR `bytes` from `start` up to `end` with `key`, in place.
 *
 * @param key Packed, and rotated to where `start` is in the payload.
 * @param words The word view of the same memory, if the caller keeps one.
 * @returns All result bytes ORed together: below 0x80 when they are ASCII.
 */
export function xor(
  bytes: Uint8Array,
  start: number,
  end: number,
  key: number,
  words: Int32Array | undefined,
): number {
  let or = 0;
  let at = start;
  let turned = key;
  if (end - start >= (words === undefined ? VIEW_FROM : WORDS_FROM) && LITTLE_ENDIAN) {
    const view = words ?? wordView(bytes)!;
    const base = bytes.byteOffset;
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
      a |= view[word] = view[word]! ^ turned;
      b |= view[word + 1] = view[word + 1]! ^ turned;
      c |= view[word + 2] = view[word + 2]! ^ turned;
      d |= view[word + 3] = view[word + 3]! ^ turned;
    }
    for (; word < last; word++) a |= view[word] = view[word]! ^ turned;
    a |= b | c | d;
    or |= (a | (a >>> 8) | (a >>> 16) | (a >>> 24)) & 0xff;
    at = (last << 2) - base;
  }
  const k0 = turned & 0xff;
  const k1 = (turned >>> 8) & 0xff;
  const k2 = (turned >>> 16) & 0xff;
  const k3 = turned >>> 24;
  for (; at + 4 <= end; at += 4) {
    or |= (bytes[at] = bytes[at]! ^ k0) | (bytes[at + 1] = bytes[at + 1]! ^ k1);
    or |= (bytes[at + 2] = bytes[at + 2]! ^ k2) | (bytes[at + 3] = bytes[at + 3]! ^ k3);
  }
  if (at < end) or |= bytes[at] = bytes[at]! ^ k0;
  if (at + 1 < end) or |= bytes[at + 1] = bytes[at + 1]! ^ k1;
  if (at + 2 < end) or |= bytes[at + 2] = bytes[at + 2]! ^ k2;
  return or;
}

/** All bytes from `start` up to `end` ORed together: below 0x80 when they are ASCII. Reads only. */
export function orBytes(bytes: Uint8Array, start: number, end: number): number {
  let or = 0;
  let at = start;
  for (; at + 4 <= end; at += 4) or |= bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!;
  for (; at < end; at++) or |= bytes[at]!;
  return or;
}
