/**
 * Responses: bytes in, heads and bodies out (RFC 9112).
 *
 * Owns: the parser that people use, and where a response ends, which depends on the request that it answers
 * (RFC 9112 §6.3). Does not own: the order of events (`message.ts`), lines, bodies and their grammar.
 *
 * @module
 */
import { isToken } from '../bytes/ascii.ts';
import { ProtocolError, UsageTypeError } from '../errors.ts';
import type { BodyEvent, BodyReader, EndEvent } from './body.ts';
import { httpError } from './fault.ts';
import { CONTENT_LENGTH } from './fields.ts';
import { type Framing, isPersistent, readConnection, readFraming, readLength, UNFRAMED } from './framing.ts';
import type { SectionReader } from './head.ts';
import type { HttpHeaders } from './headers.ts';
import { MessageMachine, type MessageRules } from './message.ts';
import { type ParserOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { StatusLine } from './status-line.ts';

/** Options of a {@link ResponseParser}. */
export interface ResponseParserOptions extends ParserOptions {
  /** Take a status line that ends right after the status, without the space that must be there (RFC 9112 §4). */
  readonly allowStatusWithoutSpace?: boolean | undefined;
}

/** A response without its body: the first event of each response. */
export interface ResponseHead {
  /** Tells it from the other events. */
  readonly kind: 'head';
  /** 100 to 999; from 600 on, treat it like a 5xx (RFC 9110 §15). */
  readonly status: number;
  /** The reason phrase, which may be ''. It means nothing. */
  readonly reason: string;
  /** A higher minor version counts as 1.1 (RFC 9110 §2.5). */
  readonly version: '1.0' | '1.1';
  /** The header lines. */
  readonly headers: HttpHeaders;
  /** The value of Content-Length; in an answer to HEAD and in a 304, the length of what is not sent. */
  readonly contentLength: number | undefined;
  /** Whether the body comes in the chunked coding. */
  readonly chunked: boolean;
  /** Whether the body lasts until the server ends the connection, and so may be cut short without anyone noticing. */
  readonly untilClose: boolean;
  /** Whether body events can follow. */
  readonly hasBody: boolean;
  /** Whether another request may be sent on this connection (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** A 1xx other than 101: no `end` follows, and the next head answers the same request. */
  readonly interim: boolean;
  /** A 101, or a 2xx to CONNECT: after the `end` the connection speaks another protocol; see `takeRest`. */
  readonly switches: boolean;
}

/** What a {@link ResponseParser} gives: for each response a head, any number of bodies, and an end; or an error, and nothing after it. */
export type ResponseEvent = ResponseHead | BodyEvent | EndEvent | ProtocolError;

/**
 * A parser for the responses of one connection, for clients and proxies.
 *
 * Say with {@link ResponseParser.expect} what was asked, in order; then push bytes and take events as with
 * `RequestParser`.
 *
 * @example
 * ```ts
 * import { deepStrictEqual, strictEqual } from 'node:assert/strict';
 * import { ResponseParser } from 'sansocket/http';
 *
 * const parser = new ResponseParser();
 * parser.expect('GET');
 * parser.push(new TextEncoder().encode('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi'));
 *
 * const head = parser.next();
 * if (head?.kind !== 'head') throw head;
 * deepStrictEqual([head.status, head.contentLength], [200, 2]);
 * const body = parser.next();
 * strictEqual(body?.kind === 'body' && new TextDecoder().decode(body.bytes), 'hi');
 * strictEqual(parser.next()?.kind, 'end');
 * ```
 */
export class ResponseParser {
  readonly #machine: MessageMachine<ResponseHead>;
  readonly #rules: ResponseRules;

  /**
   * @param options Limits and leniencies; by default strict, with the limits of `DEFAULT_LIMITS`.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option that does not exist or a value it cannot have.
   */
  constructor(options?: ResponseParserOptions) {
    const resolved = resolveOptions(options, ['allowStatusWithoutSpace']);
    const line = new StatusLine(resolved.allowBareLf, resolved.allowStatusWithoutSpace);
    this.#rules = new ResponseRules(line, resolved);
    this.#machine = new MessageMachine(this.#rules, line, resolved);
  }

  /**
   * A request was sent: the next response that no request is known for answers it. A response that comes without is
   * taken for the answer to a GET.
   *
   * @param method The request's method; HEAD and CONNECT change where its response ends.
   * @throws A `UsageTypeError` (`bad-argument`) when it is no token.
   */
  expect(method: string): void {
    this.#rules.expect(method);
  }

  /**
   * Take bytes in; nothing is parsed yet. After an error they are dropped.
   *
   * @param chunk Belongs to the parser from now on: bodies are views of it, and the parser may write to it.
   * @throws A `UsageTypeError`: `bad-argument` for anything but a `Uint8Array`, `bad-state` after `receiveEnd` or `takeRest`.
   */
  push(chunk: Uint8Array): void {
    this.#machine.push(chunk);
  }

  /**
   * The next event.
   *
   * @returns Undefined when more bytes are needed, when the connection ended between two responses, after the end of
   *   a response that switches protocols, and for ever after an error or `takeRest`.
   */
  next(): ResponseEvent | undefined {
    return this.#machine.next();
  }

  /**
   * The server has ended its side: no more bytes will come. That is the end of a body that lasts until then; inside
   * any other response, and between an interim one and its final one, `next()` gives the error `unexpected-end` once what
   * came before is taken.
   */
  receiveEnd(): void {
    this.#machine.receiveEnd();
  }

  /**
   * Take the bytes that are not consumed, and finish. After a response that switches protocols these are the first
   * bytes of the new protocol.
   *
   * @returns A view where the bytes are in one chunk; empty where there are none.
   */
  takeRest(): Uint8Array {
    return this.#machine.takeRest();
  }

  /** Whether the connection is between two responses, and not one byte of the next head has come (empty lines aside). */
  get idle(): boolean {
    return this.#machine.idle;
  }

  /** How many bytes are kept: pushed, and not yet given out or used. */
  get bufferedBytes(): number {
    return this.#machine.bufferedBytes;
  }
}

/** What makes a response head right, and which body it has. */
class ResponseRules implements MessageRules<ResponseHead> {
  readonly #line: StatusLine;
  readonly #maxBodyBytes: number;
  readonly #allowEqualContentLengths: boolean;
  /** Methods of the requests that wait for a response, oldest first. */
  readonly #expected: string[] = [];

  constructor(line: StatusLine, options: ResolvedOptions) {
    this.#line = line;
    this.#maxBodyBytes = options.limits.maxBodyBytes;
    this.#allowEqualContentLengths = options.allowEqualContentLengths;
  }

  expect(method: string): void {
    if (typeof method !== 'string' || !isToken(method)) {
      throw new UsageTypeError('bad-argument', 'Cannot expect a response: the method is not a token');
    }
    this.#expected.push(method);
  }

  beginBody(head: ResponseHead, body: BodyReader): boolean {
    if (head.interim) return false;
    if (!head.hasBody) body.beginLength(0);
    else if (head.chunked) body.beginChunked();
    else if (head.untilClose) body.beginUntilClose();
    else body.beginLength(head.contentLength!);
    return true;
  }

  isLast(head: ResponseHead): boolean {
    return head.switches;
  }

  readHead(section: SectionReader): ResponseHead | ProtocolError {
    const { status, minor, reasonAt, reasonEnd } = this.#line;
    const { text, fields, offset } = section;
    const interim = status < 200 && status !== 101;
    const method = interim ? this.#expected[0] : this.#expected.shift();
    const switches = status === 101 || (method === 'CONNECT' && status >= 200 && status < 300);

    // "any response with a 1xx (Informational), 204 (No Content), or 304 (Not Modified) status code is always
    // terminated by the first empty line after the header fields, regardless of the header fields present",
    // and so is the answer to HEAD; of a 2xx to CONNECT "a client MUST ignore any Content-Length or
    // Transfer-Encoding" (§6.3).
    const isBodiless = switches || interim || method === 'HEAD' || status === 204 || status === 304;
    let framing: Framing | ProtocolError;
    if (!isBodiless) framing = readFraming(text, fields, offset, minor, this.#allowEqualContentLengths);
    else if (switches || interim) framing = UNFRAMED;
    else framing = readLength(text, fields, offset, this.#allowEqualContentLengths);
    if (framing instanceof ProtocolError) return framing;

    const { contentLength, chunked } = framing;
    if (!isBodiless && contentLength !== undefined && contentLength > this.#maxBodyBytes) {
      const lengthAt = fields.spans[fields.find(CONTENT_LENGTH) + 2]!;
      return httpError('body-too-big', 'Content-Length is above what is allowed', offset + lengthAt);
    }
    const untilClose = !isBodiless && !chunked && contentLength === undefined;
    return {
      kind: 'head',
      status,
      reason: text.slice(reasonAt, reasonEnd),
      version: minor === 0 ? '1.0' : '1.1',
      headers: section.headers(),
      contentLength,
      chunked,
      untilClose,
      hasBody: !isBodiless && contentLength !== 0,
      keepAlive: !untilClose && !switches && isPersistent(readConnection(text, fields), minor),
      interim,
      switches,
    };
  }
}
