/**
 * Message bodies: whichever way one is delimited (RFC 9112 §6.3), its bytes in order, and its end.
 *
 * Owns: bodies of a known length and bodies that last until the connection ends. Does not own: the chunked
 * coding (`chunked.ts`), or deciding which way it is (`framing.ts`, `response-parser.ts`).
 *
 * @module
 */
import type { ProtocolError } from '../errors.ts';
import type { ChunkedReader } from './chunked.ts';
import { httpError } from './fault.ts';
import type { HttpHeaders } from './headers.ts';
import type { Intake } from './intake.ts';

/** Bytes of a body. */
export interface BodyEvent {
  /** Tells it from the other events. */
  readonly kind: 'body';
  /** At least one byte: a view of a chunk that was pushed, which belongs to whoever takes the event. A plain `Uint8Array`. */
  readonly bytes: Uint8Array;
}

/** The end of a message. The next event is the head of another one. */
export interface EndEvent {
  /** Tells it from the other events. */
  readonly kind: 'end';
  /**
   * The trailer fields of a chunked body; undefined where there are none. They are never merged into the headers,
   * and a name such as Content-Length has no effect here (RFC 9110 §6.5.1).
   */
  readonly trailers: HttpHeaders | undefined;
}

/** The end of a message without trailer fields; one for all. */
export const PLAIN_END: EndEvent = Object.freeze({ kind: 'end', trailers: undefined });

const LENGTH = 0;
const CHUNKED = 1;
const UNTIL_CLOSE = 2;

/** Reads one body after another. */
export class BodyReader {
  readonly #chunked: ChunkedReader;
  readonly #maxBytes: number;
  #mode = LENGTH;
  /** LENGTH: bytes to come. UNTIL_CLOSE: bytes that may come. */
  #left = 0;

  constructor(chunked: ChunkedReader, maxBytes: number) {
    this.#chunked = chunked;
    this.#maxBytes = maxBytes;
  }

  /** Begin a body of `length` bytes; 0 for none. */
  beginLength(length: number): void {
    this.#mode = LENGTH;
    this.#left = length;
  }

  /** Begin a chunked body. */
  beginChunked(): void {
    this.#mode = CHUNKED;
    this.#chunked.begin();
  }

  /** Begin a body that the end of the connection ends. */
  beginUntilClose(): void {
    this.#mode = UNTIL_CLOSE;
    this.#left = this.#maxBytes;
  }

  /** The next event of the body; undefined when the intake has no more bytes. */
  read(intake: Intake): BodyEvent | EndEvent | ProtocolError | undefined {
    if (this.#mode === CHUNKED) {
      const chunked = this.#chunked;
      const data = chunked.read(intake);
      if (data === undefined) return chunked.isDone ? endWith(chunked.trailers) : undefined;
      return data instanceof Uint8Array ? { kind: 'body', bytes: data } : data;
    }
    if (this.#mode === LENGTH && this.#left === 0) return PLAIN_END;
    if (!intake.fill()) return this.#mode === UNTIL_CLOSE && intake.ended ? PLAIN_END : undefined;
    if (this.#left === 0)
      return httpError('body-too-big', 'The body has more bytes than allowed', intake.offset);
    const bytes = intake.take(this.#left);
    this.#left -= bytes.length;
    return { kind: 'body', bytes };
  }
}

function endWith(trailers: HttpHeaders | undefined): EndEvent {
  return trailers === undefined ? PLAIN_END : { kind: 'end', trailers };
}
