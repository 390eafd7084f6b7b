/**
 * Random bytes that a peer cannot predict, for masking keys and handshake nonces (RFC 6455 §10.3).
 *
 * Owns: the one interface that randomness comes in by, and its default. Does not own: what the bytes are for.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';

/** Fills all of `bytes` with random bytes and returns it. In tests, a source that is not random. */
export type RandomSource = (bytes: Uint8Array) => Uint8Array;

/** `crypto.getRandomValues`, which every runtime has. At most 65 536 bytes a call. */
export const secureRandom: RandomSource = (bytes) => {
  crypto.getRandomValues(bytes as Uint8Array<ArrayBuffer>);
  return bytes;
};

/**
 * Random bytes of a source that a caller handed in.
 *
 * @param call What they are for, as in "Cannot `call`".
 * @param bytes To be filled.
 * @throws A `UsageTypeError` (`bad-argument`) for a source that is no function or gives another number of bytes: what is missing would
 *   be zeros, which everybody predicts.
 */
export function drawRandom(call: string, random: RandomSource, bytes: Uint8Array): Uint8Array {
  if (typeof random !== 'function') {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot ${call}: random is ${typeof random}, expected a function`,
    );
  }
  const drawn = random(bytes);
  if (drawn instanceof Uint8Array && drawn.length === bytes.length) return drawn;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot ${call}: random did not return the ${bytes.length} bytes it was given`,
  );
}

const POOL_BYTES = 4096;

/**
 * Hands out masking keys, 32 bits each, from a pool that is filled 4 KiB at a time: a call to the system's
 * generator for each frame would cost more than the frame.
 */
export class MaskKeys {
  readonly #random: RandomSource;
  #pool: Uint8Array | undefined;
  #at = POOL_BYTES;

  /** @param random Where the bytes come from. */
  constructor(random: RandomSource = secureRandom) {
    this.#random = random;
  }

  /**
   * The next key, as a signed 32-bit number; its first byte on the wire is the lowest 8 bits. Never given twice.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for a source that does not fill what it is given.
   */
  next(): number {
    if (this.#at === POOL_BYTES) {
      this.#pool = drawRandom('mask', this.#random, this.#pool ?? new Uint8Array(POOL_BYTES));
      this.#at = 0;
    }
    const pool = this.#pool!;
    const at = this.#at;
    this.#at = at + 4;
    const key = pool[at]! | (pool[at + 1]! << 8) | (pool[at + 2]! << 16) | (pool[at + 3]! << 24);
    return key;
  }
}
