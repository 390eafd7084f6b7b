/**
 * Requests: bytes in, heads and bodies out (RFC 9112).
 *
 * Owns: the parser that people use, and the rules of a request head that are more than syntax (Host, target,
 * framing). Does not own: the order of events (`message.ts`), lines, bodies and their grammar (the other files here).
 *
 * @module
 */
import { ProtocolError } from '../errors.ts';
import type { BodyEvent, BodyReader, EndEvent } from './body.ts';
import { httpError } from './fault.ts';
import { CONTENT_LENGTH, EXPECT, type FieldScanner, HOST, UPGRADE } from './fields.ts';
import { isPersistent, readConnection, readFraming, UPGRADE_OPTION } from './framing.ts';
import type { SectionReader } from './head.ts';
import type { HttpHeaders } from './headers.ts';
import { isHostAndPort } from './host.ts';
import { listHas } from './list.ts';
import { MessageMachine, type MessageRules } from './message.ts';
import { type ParserOptions, type ResolvedOptions, resolveOptions } from './options.ts';
import { RequestLine } from './request-line.ts';
import { parseTarget, type TargetForm } from './target.ts';

/** A request without its body: the first event of each request. */
export interface RequestHead {
  /** Tells it from the other events. */
  readonly kind: 'head';
  /** As sent; methods are case-sensitive (RFC 9112 §3.1). */
  readonly method: string;
  /** The request target as sent. */
  readonly target: string;
  /** Which of the four forms the target has (RFC 9112 §3.2). */
  readonly form: TargetForm;
  /** The target's path as sent, not decoded; `*` for the asterisk form, '' for the authority form. */
  readonly path: string;
  /** What follows the first `?` of the target, as sent; '' where nothing does. See `parseQuery`. */
  readonly query: string;
  /** A higher minor version counts as 1.1 (RFC 9110 §2.5). */
  readonly version: '1.0' | '1.1';
  /** The header lines. */
  readonly headers: HttpHeaders;
  /**
   * Host and port that the request is for: the authority of the target where it has one, which then overrides Host
   * (RFC 9112 §3.2.2), else the value of Host. '' where Host is empty, or missing in HTTP/1.0.
   */
  readonly host: string;
  /** The value of Content-Length, which says how long the body is; undefined where there is none. */
  readonly contentLength: number | undefined;
  /** Whether the body comes in the chunked coding. */
  readonly chunked: boolean;
  /** Whether body events can follow: the body is chunked, or has a length above 0. */
  readonly hasBody: boolean;
  /** Whether the client wants to send another request on this connection (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). Never in HTTP/1.0 or without a body. */
  readonly expectContinue: boolean;
  /** Whether the client asks for another protocol: Upgrade is there and Connection names it (RFC 9110 §7.8). Never in HTTP/1.0. */
  readonly upgrade: boolean;
}

/** What a {@link RequestParser} gives: for each request a head, any number of bodies, and an end; or an error, and nothing after it. */
export type RequestEvent = RequestHead | BodyEvent | EndEvent | ProtocolError;

/**
 * A parser for the requests of one connection.
 *
 * Give it bytes with {@link RequestParser.push} as they come, and take events with {@link RequestParser.next} until
 * there are none. Every split of the bytes gives the same events, but for where bodies are cut. What the client does
 * wrong comes as a `ProtocolError`, whose `status` is the answer to send before closing.
 *
 * @example
 * ```ts
 * import { deepStrictEqual, strictEqual } from 'node:assert/strict';
 * import { RequestParser } from 'sansocket/http';
 *
 * const parser = new RequestParser();
 * parser.push(new TextEncoder().encode('GET /a?b=c HTTP/1.1\r\nHost: example.com\r\n\r\n'));
 *
 * const head = parser.next();
 * if (head?.kind !== 'head') throw head;
 * deepStrictEqual([head.method, head.path, head.query], ['GET', '/a', 'b=c']);
 * strictEqual(head.headers.get('host'), 'example.com');
 * strictEqual(parser.next()?.kind, 'end');
 * strictEqual(parser.next(), undefined);
 * ```
 */
export class RequestParser {
  readonly #machine: MessageMachine<RequestHead>;

  /**
   * @param options Limits and leniencies; by default strict, with the limits of `DEFAULT_LIMITS`.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option that does not exist or a value it cannot have.
   */
  constructor(options?: ParserOptions) {
    const resolved = resolveOptions(options);
    const line = new RequestLine(resolved.limits.maxTargetBytes, resolved.allowBareLf);
    this.#machine = new MessageMachine(new RequestRules(line, resolved), line, resolved);
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
   * @returns Undefined when more bytes are needed, when the connection ended between two requests, and for ever
   *   after an error or `takeRest`.
   */
  next(): RequestEvent | undefined {
    return this.#machine.next();
  }

  /**
   * The client has ended its side: no more bytes will come. Inside a request, `next()` gives the error `unexpected-end`
   * once what came before is taken.
   */
  receiveEnd(): void {
    this.#machine.receiveEnd();
  }

  /**
   * Take the bytes that are not consumed, and finish. After the `end` of a request that switches protocols (Upgrade,
   * CONNECT) and before the next call of `next()`, these are the first bytes of the new protocol.
   *
   * @returns A view where the bytes are in one chunk; empty where there are none.
   */
  takeRest(): Uint8Array {
    return this.#machine.takeRest();
  }

  /** Whether the connection is between two requests, and not one byte of the next head has come (empty lines aside). */
  get idle(): boolean {
    return this.#machine.idle;
  }

  /** How many bytes are kept: pushed, and not yet given out or used. */
  get bufferedBytes(): number {
    return this.#machine.bufferedBytes;
  }
}

/** What makes a request head right. */
class RequestRules implements MessageRules<RequestHead> {
  readonly #line: RequestLine;
  readonly #maxBodyBytes: number;
  readonly #allowEqualContentLengths: boolean;

  constructor(line: RequestLine, options: ResolvedOptions) {
    this.#line = line;
    this.#maxBodyBytes = options.limits.maxBodyBytes;
    this.#allowEqualContentLengths = options.allowEqualContentLengths;
  }

  beginBody(head: RequestHead, body: BodyReader): boolean {
    if (head.chunked) body.beginChunked();
    else body.beginLength(head.contentLength ?? 0);
    return true;
  }

  /** Whether a protocol switches is the server's decision: it calls `takeRest`. */
  isLast(): boolean {
    return false;
  }

  readHead(section: SectionReader): RequestHead | ProtocolError {
    const line = this.#line;
    const { text, fields, offset } = section;
    const method = methodOf(text, line.methodEnd);
    const targetAt = line.methodEnd + 1;
    const target = text.slice(targetAt, line.targetEnd);
    const parts = parseTarget(method, target);
    if (parts === undefined) {
      return httpError(
        'bad-target',
        'The request target has no form that goes with the method',
        offset + targetAt,
      );
    }
    const hostFault = checkHost(text, fields, offset, line.minor);
    if (hostFault !== undefined) return hostFault;
    const framing = readFraming(text, fields, offset, line.minor, this.#allowEqualContentLengths);
    if (framing instanceof ProtocolError) return framing;
    const { contentLength, chunked } = framing;
    const hasBody = chunked || (contentLength !== undefined && contentLength > 0);
    if (contentLength !== undefined && contentLength > this.#maxBodyBytes) {
      const lengthAt = fields.spans[fields.find(CONTENT_LENGTH) + 2]!;
      return httpError('body-too-big', 'Content-Length is above what is allowed', offset + lengthAt);
    }
    const connection = readConnection(text, fields);
    const isModern = line.minor !== 0;
    const headers = section.headers();
    return {
      kind: 'head',
      method,
      target,
      form: parts.form,
      path: parts.path,
      query: parts.query,
      version: isModern ? '1.1' : '1.0',
      headers,
      host: parts.authority === '' ? valueAt(text, fields, HOST) : parts.authority,
      contentLength,
      chunked,
      hasBody,
      keepAlive: isPersistent(connection, line.minor),
      expectContinue:
        isModern && hasBody && fields.find(EXPECT) >= 0 && listHas(headers.get('expect'), '100-continue'),
      upgrade: isModern && fields.find(UPGRADE) >= 0 && (connection & UPGRADE_OPTION) !== 0,
    };
  }
}

/** The value of a known name's first line; '' where there is none. */
function valueAt(text: string, fields: FieldScanner, name: number): string {
  const at = fields.find(name);
  return at < 0 ? '' : text.slice(fields.spans[at + 2]!, fields.spans[at + 3]!);
}

/**
 * "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header
 * field and to any request message that contains more than one Host header field line or a Host header field
 * with an invalid field value" (RFC 9112 §3.2). An empty value is what a client sends for a target URI without
 * an authority: valid.
 */
function checkHost(
  text: string,
  fields: FieldScanner,
  offset: number,
  minor: number,
): ProtocolError | undefined {
  const at = fields.find(HOST);
  if (at < 0) {
    return minor === 0 ? undefined : httpError('bad-host', 'There is no Host header', offset);
  }
  const start = fields.spans[at + 2]!;
  const end = fields.spans[at + 3]!;
  if ((fields.repeated & (1 << HOST)) !== 0) {
    return httpError('bad-host', 'There is more than one Host header', offset + start);
  }
  if (start === end || isHostAndPort(text, start, end)) return undefined;
  return httpError('bad-host', 'The Host header is not a host, with or without a port', offset + start);
}

/** The methods of RFC 9110 §9 and RFC 5789, so that a head does not have to cut its own out of the text. */
const METHODS = ['GET', 'POST', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'PATCH', 'CONNECT', 'TRACE'];

function methodOf(text: string, end: number): string {
  for (const method of METHODS) if (method.length === end && text.startsWith(method)) return method;
  return text.slice(0, end);
}
