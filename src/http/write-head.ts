/**
 * Heads as text: what a sender may write, and nothing else.
 *
 * Owns: start lines and field lines, and the rules for framing fields that a sender has to keep (RFC 9112 §6). Does
 * not own: bodies (`write.ts`), or which headers a message should have.
 *
 * Whatever is passed in, the text is one head: a control character, a bad token or contradictory framing is refused
 * with a `UsageTypeError`.
 *
 * @module
 */
import { isAll, isFieldValue, isToken, TARGET } from '../bytes/ascii.ts';
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions, show } from '../options.ts';
import { parseContentLength } from './framing.ts';
import { type HeaderEntries, HttpHeaders } from './headers.ts';
import { isHostAndPort } from './host.ts';
import { sameText } from './list.ts';
import { reasonPhrase } from './status.ts';
import { parseTarget } from './target.ts';

/** A request's head, to be written. */
export interface OutgoingRequestHead {
  /** A token. */
  readonly method: string;
  /** In the form that goes with the method (RFC 9112 §3.2). */
  readonly target: string;
  /** Must have Host, exactly once; for a target URI without an authority, an empty one; that of a target in absolute form (RFC 9112 §3.2). */
  readonly headers: HeaderEntries;
  /** The length of the body, in bytes, to be written as Content-Length. Default: the headers say it, or there is no body. */
  readonly contentLength?: number | undefined;
}

/** A response's head, to be written. */
export interface OutgoingResponseHead {
  /** 100 to 599. */
  readonly status: number;
  /** Default: the usual phrase of the status. */
  readonly reason?: string | undefined;
  /** Default: none. */
  readonly headers?: HeaderEntries | undefined;
  /**
   * The length of the body, in bytes, to be written as Content-Length. Default: the headers say it; where they do
   * not, the body lasts until the connection is closed.
   */
  readonly contentLength?: number | undefined;
}

/** How a head that was written says where its body ends. */
export type WrittenFraming =
  /** By Content-Length: this many bytes. */
  | number
  /** By the chunked coding. */
  | 'chunked'
  /** Not at all: no body in a request; in a response, a body until the connection ends, if its status has one. */
  | 'none';

/** A head, and what it says about the body. */
export interface WrittenHead {
  /** One character a byte, the empty line at the end included. */
  readonly text: string;
  /** How the body ends. */
  readonly framing: WrittenFraming;
}

/**
 * The head of a request, up to and including the empty line.
 *
 * @returns Text of one byte a character (ISO 8859-1).
 * @throws A `UsageTypeError` (`bad-argument`) for a method, target, header or Host that is not valid; for a
 *   Content-Length that is no number or contradicts `contentLength`; for a Transfer-Encoding other than `chunked`, or
 *   together with a length.
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { formatRequestHead } from 'sansocket/http';
 *
 * strictEqual(
 *   formatRequestHead({ method: 'GET', target: '/', headers: { Host: 'example.com' } }),
 *   'GET / HTTP/1.1\r\nHost: example.com\r\n\r\n',
 * );
 * ```
 */
export function formatRequestHead(request: OutgoingRequestHead): string {
  checkOptions('encode request', request, ['method', 'target', 'headers', 'contentLength']);
  return writeRequestHead(request).text;
}

/** {@link formatRequestHead}, with what it found out about the body. Internal to this folder. */
export function writeRequestHead(request: OutgoingRequestHead): WrittenHead {
  const { method, target, contentLength } = request;
  if (typeof method !== 'string' || !isToken(method)) refuse('request', 'its method is not a token');
  const parts = typeof target === 'string' && isAll(target, TARGET) ? parseTarget(method, target) : undefined;
  if (parts === undefined) {
    refuse('request', 'its target has no form that goes with the method (RFC 9112 §3.2)');
  }
  const headers = asHeaders(request.headers);
  const hosts = headers.getAll('host');
  const host = hosts[0];
  if (host === undefined || hosts.length > 1 || !(host === '' || isHostAndPort(host, 0, host.length))) {
    refuse('request', 'it has no Host, more than one, or one that is no host (RFC 9112 §3.2)');
  }
  // "a client MUST send a field value for Host that is identical to that authority component" (§3.2): whoever routes by one of them
  // and whoever answers by the other would take two hosts for one. CONNECT names a port that Host may leave out.
  if (parts.form === 'absolute' && parts.authority.toLowerCase() !== host.toLowerCase()) {
    refuse('request', 'its Host is not that of its target (RFC 9112 §3.2)');
  }
  const { text, framing } = writeFields('request', headers, contentLength);
  return { text: `${method} ${target} HTTP/1.1\r\n${text}\r\n`, framing };
}

/**
 * The head of a response, up to and including the empty line. It says what the caller says: a response to HEAD may
 * have any length, and one with neither Content-Length nor Transfer-Encoding lasts until the connection is closed.
 *
 * @returns Text of one byte a character (ISO 8859-1).
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`) for a status, reason or header that is not valid; for a
 *   Content-Length that is no number or contradicts `contentLength`; for a Transfer-Encoding other than `chunked`, or
 *   together with a length; for either of them in a 1xx or 204 (RFC 9110 §8.6, RFC 9112 §6.1).
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { formatResponseHead } from 'sansocket/http';
 *
 * strictEqual(
 *   formatResponseHead({ status: 200, headers: { Server: 'x' }, contentLength: 5 }),
 *   'HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\n',
 * );
 * ```
 */
export function formatResponseHead(response: OutgoingResponseHead): string {
  checkOptions('encode response', response, ['status', 'reason', 'headers', 'contentLength']);
  return writeResponseHead(response).text;
}

/** {@link formatResponseHead}, with what it found out about the body. Internal to this folder. */
export function writeResponseHead(response: OutgoingResponseHead): WrittenHead {
  const { status, contentLength, reason = reasonPhrase(status) } = response;
  if (!Number.isInteger(status) || status < 100 || status > 599) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot encode response: its status is ${show(status)}, expected a number from 100 to 599`,
    );
  }
  if (typeof reason !== 'string' || !isFieldValue(reason)) {
    refuse('response', 'its reason has a control character or one above U+00FF');
  }
  const { text, framing } = writeFields('response', asHeaders(response.headers), contentLength);
  if (framing !== 'none' && (status < 200 || status === 204)) {
    refuse('response', `a ${status} has neither Content-Length nor Transfer-Encoding (RFC 9112 §6.1)`);
  }
  return { text: `HTTP/1.1 ${status} ${reason}\r\n${text}\r\n`, framing };
}

/** The field lines, Content-Length added; what they say must be one thing. */
function writeFields(what: string, headers: HttpHeaders, length: number | undefined): WrittenHead {
  if (length !== undefined && !(Number.isSafeInteger(length) && length >= 0)) {
    refuse(what, 'its contentLength is not a whole number');
  }
  let text = '';
  let declared: number | undefined;
  let isChunked = false;
  for (const [name, value] of headers) {
    if (name.length === 14 && sameText(name, 0, 'content-length')) {
      const each = parseContentLength(value, 0, value.length);
      if (each < 0 || declared !== undefined || (length !== undefined && each !== length)) {
        refuse(what, 'its Content-Length is not one number, or not the length of its body');
      }
      declared = each;
    } else if (name.length === 17 && sameText(name, 0, 'transfer-encoding')) {
      if (isChunked || value.toLowerCase() !== 'chunked') {
        refuse(what, 'its Transfer-Encoding is not chunked, once');
      }
      isChunked = true;
    }
    text += `${name}: ${value}\r\n`;
  }
  if (isChunked) {
    if (declared === undefined && length === undefined) return { text, framing: 'chunked' };
    refuse(what, 'it has both a length and Transfer-Encoding (RFC 9112 §6.2)');
  }
  if (declared !== undefined) return { text, framing: declared };
  if (length === undefined) return { text, framing: 'none' };
  return { text: `${text}Content-Length: ${length}\r\n`, framing: length };
}

/** The headers, checked if they were not yet. */
export function asHeaders(headers: HeaderEntries | undefined): HttpHeaders {
  return headers instanceof HttpHeaders ? headers : new HttpHeaders(headers);
}

/** Throw for a message that cannot be written. */
export function refuse(what: string, why: string): never {
  throw new UsageTypeError('bad-argument', `Cannot encode ${what}: ${why}`);
}
