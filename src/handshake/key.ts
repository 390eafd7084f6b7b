/**
 * `Sec-WebSocket-Key`: the client's nonce (RFC 6455 §4.1, item 7).
 *
 * Owns: making one and telling whether a text is one. Does not own: the answer to it (`accept.ts`).
 *
 * @module
 */
import { encodeBase64, isBase64Unit } from '../bytes/base64.ts';
import { drawRandom, type RandomSource, secureRandom } from '../bytes/random.ts';

/** Bytes of a nonce. */
const NONCE_BYTES = 16;
/** Characters of their base64: 22 that say something, and `==`. */
const KEY_LENGTH = 24;

/**
 * A new key: "a nonce consisting of a randomly selected 16-byte value that has been base64-encoded".
 *
 * @param random Where the bytes come from. Default: `crypto.getRandomValues`.
 * @throws A `UsageTypeError` (`bad-argument`) where `random` is no function, or does not return the 16 bytes it was given.
 *
 * @example With fixed bytes, those of RFC 6455 §4.1
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { createKey } from 'sansocket/handshake';
 *
 * const key = createKey((bytes) => bytes.map((_, i) => i + 1));
 * equal(key, 'AQIDBAUGBwgJCgsMDQ4PEA==');
 * ```
 */
export function createKey(random: RandomSource = secureRandom): string {
  const nonce = drawRandom('create key', random, new Uint8Array(NONCE_BYTES));
  return encodeBase64(nonce);
}

/**
 * Whether `value` is "a base64-encoded value that, when decoded, is 16 bytes in length" (RFC 6455 §4.2.1, item 5).
 *
 * The four bits of the last character that no byte takes may be anything: RFC 4648 §3.5 leaves that to whoever
 * decodes, the key is only ever used as text, and the very example of RFC 6455 §4.1 (`…PEC==`) sets one of them.
 *
 * @param value Anything; without white space around it.
 */
export function isKey(value: unknown): value is string {
  if (typeof value !== 'string' || value.length !== KEY_LENGTH || !value.endsWith('==')) return false;
  for (let i = 0; i < KEY_LENGTH - 2; i++) {
    if (!isBase64Unit(value.charCodeAt(i))) return false;
  }
  return true;
}
