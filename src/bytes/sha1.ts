/**
 * SHA-1 (FIPS 180-4 §6.1): the digest inside `Sec-WebSocket-Accept`, and nothing else.
 *
 * Owns: padding and the compression function. Does not own: the text that is hashed (`handshake/accept.ts`).
 * SHA-1 is broken where collisions matter. Here it proves only that the peer speaks WebSocket, which needs
 * no such strength (RFC 6455 §10.8): use it for nothing that does.
 *
 * @module
 */

/** Words of a block's schedule; the first 16 are the block itself. */
export const SCHEDULE_WORDS = 80;
/** Words of a block. */
const BLOCK_WORDS = 16;
/** Bytes of a block. */
const BLOCK_BYTES = 64;
/** Bytes that end the last block: the length of the message in bits (FIPS 180-4 §5.1.1). */
const LENGTH_BYTES = 8;

/** The state before the first block (FIPS 180-4 §5.3.1). Writes to `state`, 5 words. */
export function resetSha1(state: Int32Array): void {
  state[0] = 0x67452301;
  state[1] = 0xefcdab89 | 0;
  state[2] = 0x98badcfe | 0;
  state[3] = 0x10325476;
  state[4] = 0xc3d2e1f0 | 0;
}

/**
 * Fill in the rest of a block's schedule (FIPS 180-4 §6.1.2, step 1).
 *
 * @param schedule 80 words, of which the first 16 are the block, big-endian. The other 64 are written.
 */
export function expandSha1(schedule: Int32Array): void {
  for (let t = BLOCK_WORDS; t < SCHEDULE_WORDS; t++) {
    const word = schedule[t - 3]! ^ schedule[t - 8]! ^ schedule[t - 14]! ^ schedule[t - 16]!;
    schedule[t] = (word << 1) | (word >>> 31);
  }
}

/**
 * Take one block into the state (FIPS 180-4 §6.1.2, steps 2 to 4).
 *
 * @param state 5 words; written to.
 * @param schedule 80 words, as {@link expandSha1} leaves them.
 */
export function compressSha1(state: Int32Array, schedule: Int32Array): void {
  let a = state[0]!;
  let b = state[1]!;
  let c = state[2]!;
  let d = state[3]!;
  let e = state[4]!;
  // Four loops and no test of `t` inside: 20 rounds each of Ch, Parity, Maj and Parity again.
  let t = 0;
  for (; t < 20; t++) {
    const next = (((a << 5) | (a >>> 27)) + (d ^ (b & (c ^ d))) + e + 0x5a827999 + schedule[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < 40; t++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e + 0x6ed9eba1 + schedule[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < 60; t++) {
    const next = (((a << 5) | (a >>> 27)) + ((b & c) | (d & (b | c))) + e - 0x70e44324 + schedule[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  for (; t < SCHEDULE_WORDS; t++) {
    const next = (((a << 5) | (a >>> 27)) + (b ^ c ^ d) + e - 0x359d3e2a + schedule[t]!) | 0;
    e = d;
    d = c;
    c = (b << 30) | (b >>> 2);
    b = a;
    a = next;
  }
  state[0] = state[0]! + a;
  state[1] = state[1]! + b;
  state[2] = state[2]! + c;
  state[3] = state[3]! + d;
  state[4] = state[4]! + e;
}

/** The state as the 20 bytes of a digest, big-endian. Writes to `target`. */
export function writeSha1(state: Int32Array, target: Uint8Array): void {
  for (let i = 0; i < 5; i++) {
    const word = state[i]!;
    target[4 * i] = word >>> 24;
    target[4 * i + 1] = word >>> 16;
    target[4 * i + 2] = word >>> 8;
    target[4 * i + 3] = word;
  }
}

/**
 * The SHA-1 digest of `bytes`.
 *
 * @param bytes Any length; only read.
 * @returns 20 bytes, new.
 */
export function sha1(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const state = new Int32Array(5);
  const schedule = new Int32Array(SCHEDULE_WORDS);
  resetSha1(state);

  const whole = bytes.length - (bytes.length % BLOCK_BYTES);
  for (let at = 0; at < whole; at += BLOCK_BYTES) take(state, schedule, bytes, at);

  // What is left, the bit 1, zeros, and the length in bits: one block or two (FIPS 180-4 §5.1.1).
  const left = bytes.length - whole;
  const tail = new Uint8Array(left + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES);
  tail.set(bytes.subarray(whole));
  tail[left] = 0x80;
  const end = new DataView(tail.buffer, tail.length - LENGTH_BYTES);
  end.setUint32(0, Math.floor(bytes.length / 2 ** 29));
  end.setUint32(4, bytes.length << 3);
  for (let at = 0; at < tail.length; at += BLOCK_BYTES) take(state, schedule, tail, at);

  const digest = new Uint8Array(20);
  writeSha1(state, digest);
  return digest;
}

/** Take the block of `bytes` that starts at `at` into the state. */
function take(state: Int32Array, schedule: Int32Array, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < BLOCK_WORDS; i++) {
    const from = at + 4 * i;
    schedule[i] =
      (bytes[from]! << 24) | (bytes[from + 1]! << 16) | (bytes[from + 2]! << 8) | bytes[from + 3]!;
  }
  expandSha1(schedule);
  compressSha1(state, schedule);
}
