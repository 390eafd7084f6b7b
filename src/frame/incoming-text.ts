/**
 * A text that arrives in pieces: checked as it comes, and cut at whole characters (RFC 6455 §5.6, §8.1).
 *
 * Owns: what has to be remembered from one piece to the next. Does not own: the pieces.
 *
 * @module
 */
import type { TextCodec } from '../bytes/text.ts';
import { Utf8Validator } from '../bytes/utf8.ts';
import { copyBytes } from '../bytes/view.ts';

/** From this many bytes on, a native check pays. */
const BULK_FROM = 64;

/**
 * Bytes to text; `undefined` where they are not UTF-8, or more than a string of this runtime can hold.
 *
 * @throws What is a codec's own fault.
 */
export function decodeText(
  codec: TextCodec,
  bytes: Uint8Array,
  start: number,
  end: number,
  ascii: boolean,
): string | undefined {
  try {
    return ascii ? codec.latin1(bytes, start, end) : codec.utf8(bytes, start, end);
  } catch (error) {
    if (error instanceof TypeError) throw error;
    return undefined;
  }
}

/** The text of one message after another. */
export class IncomingText {
  readonly #codec: TextCodec;
  readonly #validator = new Utf8Validator();
  /** The character that the last piece cut: up to 3 bytes. */
  #carry: Uint8Array | undefined;
  /** Whether all of the message so far is known to be ASCII. */
  ascii = true;

  /** @param codec What makes strings, and may check UTF-8 faster. */
  constructor(codec: TextCodec) {
    this.#codec = codec;
  }

  /** A new message starts. */
  reset(): void {
    this.#validator.reset();
    this.#carry = undefined;
    this.ascii = true;
  }

  /**
   * Check a piece.
   *
   * @param or All its bytes ORed together, or 0xff: ASCII at a character's boundary needs no look.
   * @param last Whether the text ends with it, and so must its last character.
   * @returns -1, or where in `bytes` the first byte is that cannot stand there: `end`, when the text ends too early.
   */
  check(bytes: Uint8Array, start: number, end: number, or: number, last: boolean): number {
    const validator = this.#validator;
    if (or >= 0x80 || !validator.complete) {
      this.ascii = false;
      const { isUtf8 } = this.#codec;
      const bad =
        isUtf8 === undefined || end - start < BULK_FROM
          ? validator.push(bytes, start, end)
          : validator.pushBulk(bytes, start, end, isUtf8);
      if (bad >= 0) return bad;
    }
    return last && !validator.complete ? end : -1;
  }

  /** The whole characters of a piece that {@link check} passed, after what the one before left over; `undefined`: no string holds them. */
  characters(piece: Uint8Array): string | undefined {
    let bytes = piece;
    const carry = this.#carry;
    if (carry !== undefined) {
      bytes = new Uint8Array(carry.length + piece.length);
      bytes.set(carry);
      bytes.set(piece, carry.length);
      this.#carry = undefined;
    }
    let end = bytes.length;
    if (!this.#validator.complete) {
      do end--;
      while ((bytes[end]! & 0xc0) === 0x80);
      this.#carry = copyBytes(bytes.subarray(end));
    }
    return decodeText(this.#codec, bytes, 0, end, false);
  }
}
