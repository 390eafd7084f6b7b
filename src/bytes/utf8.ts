/**
 * UTF-8 (RFC 3629), checked as it arrives.
 *
 * Owns: saying at once which byte cannot stand where it stands, across any split. Does not own: turning the
 * bytes into text (`text.ts`).
 *
 * @module
 */

/**
 * Where a sequence stands: how many bytes it still owes, and the bounds of the next one.
 *
 * RFC 3629 §4 narrows the byte after E0, ED, F0 and F4 (no overlong forms, no surrogates, nothing above
 * U+10FFFF); all others are 80 to BF. So a state is (owed, low, high), packed into one number.
 */
const READY = 0;
/** Set apart what is owed from the bounds. */
const OWED = ~0xffff;
const OWES_ONE = 0x1_0000;
const OWES_TWO = 0x2_0000;
/** The bounds of all continuation bytes but the second of some sequences. */
const ANY_CONTINUATION = 0x80bf;
const pack = (owed: number, low: number, high: number): number => (owed << 16) | (low << 8) | high;

/** The state after a lead byte; 0 for ASCII and, told apart by the byte itself, for a byte that leads nothing. */
const LEAD: Int32Array = /* @__PURE__ */ leads();

function leads(): Int32Array {
  const table = new Int32Array(256);
  table.fill(pack(1, 0x80, 0xbf), 0xc2, 0xe0);
  table.fill(pack(2, 0x80, 0xbf), 0xe0, 0xf0);
  table[0xe0] = pack(2, 0xa0, 0xbf);
  table[0xed] = pack(2, 0x80, 0x9f);
  table.fill(pack(3, 0x80, 0xbf), 0xf0, 0xf5);
  table[0xf0] = pack(3, 0x90, 0xbf);
  table[0xf4] = pack(3, 0x80, 0x8f);
  return table;
}

/**
 * Validates one text that arrives in pieces.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { Utf8Validator } from 'sansocket/bytes';
 *
 * const validator = new Utf8Validator();
 * equal(validator.push(Uint8Array.of(0x68, 0xc3), 0, 2), -1); // 'h', then half of an 'é'
 * equal(validator.complete, false);
 * equal(validator.push(Uint8Array.of(0x28), 0, 1), 0); // '(' cannot follow
 * ```
 */
export class Utf8Validator {
  #state = READY;

  /** Whether the bytes so far, up to the first bad one, end at the end of a character. */
  get complete(): boolean {
    return this.#state === READY;
  }

  /** Forget everything: the next byte starts a text. */
  reset(): void {
    this.#state = READY;
  }

  /**
   * Check the bytes from `start` up to `end`, exclusive. Reads only.
   *
   * @returns -1 while all bytes so far can begin a UTF-8 text; else the index in `bytes` of the first that cannot.
   */
  push(bytes: Uint8Array, start: number, end: number): number {
    let state = this.#state;
    let at = start;
    while (at < end) {
      const byte = bytes[at]!;
      if (state === READY) {
        if (byte < 0x80) {
          at++;
          while (at + 4 <= end && (bytes[at]! | bytes[at + 1]! | bytes[at + 2]! | bytes[at + 3]!) < 0x80)
            at += 4;
          continue;
        }
        state = LEAD[byte]!;
        if (state === READY) {
          this.#state = READY;
          return at;
        }
      } else {
        if (byte < ((state >> 8) & 0xff) || byte > (state & 0xff)) {
          this.#state = state;
          return at;
        }
        state = state >= OWES_TWO ? (state & OWED) - OWES_ONE + ANY_CONTINUATION : READY;
      }
      at++;
    }
    this.#state = state;
    return -1;
  }

  /**
   * As {@link push}, and faster for long pieces: whole characters are left to `isUtf8`, which may be native.
   *
   * @param isUtf8 Whether the bytes from a start up to an end are UTF-8; `TextCodec.isUtf8`.
   */
  pushBulk(
    bytes: Uint8Array,
    start: number,
    end: number,
    isUtf8: (bytes: Uint8Array, start: number, end: number) => boolean,
  ): number {
    // A character that an earlier piece began ends within 3 bytes.
    let from = start;
    while (this.#state !== READY && from < end) {
      if (this.push(bytes, from, from + 1) >= 0) return from;
      from++;
    }
    // One that goes on in a later piece begins within the last 3.
    let to = end;
    while (to > from && end - to < 3 && (bytes[to - 1]! & 0xc0) === 0x80) to--;
    if (to > from && bytes[to - 1]! >= 0xc0) to--;
    return isUtf8(bytes, from, to) ? this.push(bytes, to, end) : this.push(bytes, from, end);
  }
}
