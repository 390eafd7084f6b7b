/**
 * Why a server did not open a WebSocket, with what it said instead.
 *
 * @module
 */
import { type ErrorRow, ProtocolError, type ProtocolErrorCode } from '../errors.ts';
import type { HttpHeaders } from '../http/headers.ts';

/** What a server answered in the place of a WebSocket. */
export interface HandshakeResponse {
  /** The status. */
  readonly status: number;
  /** The reason phrase, which may be ''. */
  readonly reason: string;
  /** The header: `Location`, `WWW-Authenticate`, `Retry-After`. */
  readonly headers: HttpHeaders;
  /** The start of the body, a few KiB at most, in the form it was sent in (a `Content-Encoding` is not undone). */
  readonly body: Uint8Array;
  /** Whether {@link body} is all of it. */
  readonly complete: boolean;
}

/**
 * The server did not open a WebSocket, or not one that may be used. Look at `code`: `unexpected-status` for an HTTP answer
 * other than 101, `bad-accept`, `unasked-protocol`, `unasked-extension` and others for a 101 that is wrong, a code of HTTP's for
 * an answer that is malformed, `unexpected-end` for none at all.
 */
export class HandshakeError extends ProtocolError {
  /** What the server said; `undefined` where no head of a response came. */
  readonly response: HandshakeResponse | undefined;

  /** Made by `ClientOpening`. */
  constructor(
    code: ProtocolErrorCode,
    rule: string,
    message: string,
    offset: number,
    response?: HandshakeResponse,
    options?: { readonly cause?: unknown },
  ) {
    // Nothing answers a response: the client drops the connection.
    const row: ErrorRow = [0, rule];
    super(code, row, message, offset, options);
    this.name = 'HandshakeError';
    this.response = response;
  }

  /** The status of the server's answer; 0 where there was none. */
  override get status(): number {
    return this.response?.status ?? 0;
  }

  /** The start of the answer's body as text; bytes that are not UTF-8 become U+FFFD. '' where there is none. */
  get text(): string {
    return this.response === undefined ? '' : new TextDecoder().decode(this.response.body);
  }
}
