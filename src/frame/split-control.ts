/**
 * Control frames that come in more than one piece.
 *
 * Owns: putting the payload together, and finding what is wrong with a close frame as soon as it can be found. Does not own: what is
 * wrong with it (`close.ts` says it), and control frames that come whole.
 *
 * @module
 */
import { Utf8Validator } from '../bytes/utf8.ts';
import { isCloseCode } from './close.ts';
import { Opcode } from './opcode.ts';

/** One control frame; made when its first piece comes. */
export class SplitControl {
  readonly #payload: Uint8Array;
  readonly #isClose: boolean;
  /** How much of the payload has come. */
  #length = 0;
  #reason: Utf8Validator | undefined;

  /** @param bytes How long the payload is; at most 125. */
  constructor(opcode: number, bytes: number) {
    this.#payload = new Uint8Array(bytes);
    this.#isClose = opcode === Opcode.Close;
  }

  /**
   * Take the next piece, which is copied.
   *
   * @returns The payload when it is complete. What there is of it, when that is wrong already: whatever comes then, it stays wrong.
   */
  add(piece: Uint8Array): Uint8Array | undefined {
    const from = this.#length;
    const payload = this.#payload;
    payload.set(piece, from);
    this.#length += piece.length;
    if (this.#length === payload.length) return payload;
    return this.#isClose && this.#closesBadly(from) ? payload.subarray(0, this.#length) : undefined;
  }

  /** Whether the code, or what came of the reason from `from` on, is wrong already. */
  #closesBadly(from: number): boolean {
    if (this.#length < 2) return false;
    const payload = this.#payload;
    const code = (payload[0]! << 8) | payload[1]!;
    this.#reason ??= new Utf8Validator();
    return !isCloseCode(code) || this.#reason.push(payload, Math.max(2, from), this.#length) >= 0;
  }
}
