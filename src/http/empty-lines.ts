/**
 * Empty lines before a start line: "a server that is expecting to receive and parse a request-line SHOULD ignore at
 * least one empty line (CRLF) received prior to the request-line" (RFC 9112 §2.2).
 *
 * @module
 */
import { CR, LF } from '../bytes/ascii.ts';
import type { Intake } from './intake.ts';

/** How many are ignored before each message; the next one is a bad start line. */
const MAX_EMPTY_LINES = 4;

/** Skips them, in any pieces. */
export class EmptyLines {
  /** How many were skipped since the last message. */
  #count = 0;
  /** A CR was skipped, and its LF has not come yet. */
  #owesLf = false;
  readonly #allowsBareLf: boolean;

  constructor(allowsBareLf: boolean) {
    this.#allowsBareLf = allowsBareLf;
  }

  /** A message came; count anew. */
  reset(): void {
    this.#count = 0;
  }

  /** Consume what is there of empty lines. Returns false when a CR came without its LF, which is at the intake's position then. */
  skip(intake: Intake): boolean {
    while (intake.fill()) {
      const byte = intake.bytes[intake.at]!;
      if (this.#owesLf) {
        if (byte !== LF) return false;
        this.#owesLf = false;
        this.#count++;
      } else if (this.#count < MAX_EMPTY_LINES && byte === CR) this.#owesLf = true;
      else if (this.#count < MAX_EMPTY_LINES && byte === LF && this.#allowsBareLf) this.#count++;
      else return true;
      intake.consume(1);
    }
    return true;
  }
}
