/**
 * Messages as bytes.
 *
 * Owns: putting head and body together so that what is read back is what was meant, and one message. Does not own:
 * heads (`write-head.ts`), or messages whose body comes in pieces (write the head, then chunks or bytes).
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';
import { checkOptions, readSwitch } from '../options.ts';
import type { HeaderEntries, HttpHeaders } from './headers.ts';
import {
  asHeaders,
  formatRequestHead,
  type OutgoingRequestHead,
  type OutgoingResponseHead,
  refuse,
  type WrittenHead,
  writeRequestHead,
  writeResponseHead,
} from './write-head.ts';

/** A request to be written. */
export interface OutgoingRequest extends Omit<OutgoingRequestHead, 'contentLength'> {
  /** Text goes as UTF-8. Default: no body; where the headers announce one, it has to follow. */
  readonly body?: string | Uint8Array | undefined;
}

/** A response to be written. */
export interface OutgoingResponse extends Omit<OutgoingResponseHead, 'contentLength'> {
  /** Text goes as UTF-8. Default: an empty body; where the headers announce one, it has to follow. */
  readonly body?: string | Uint8Array | undefined;
  /** Whether it answers a HEAD request: the head is that of the body, the body is not sent. Default: false. */
  readonly head?: boolean | undefined;
}

const EMPTY = new Uint8Array(0);
const encoder = /* @__PURE__ */ new TextEncoder();

/** "A user agent SHOULD send Content-Length in a request when the method defines a meaning for enclosed content" (RFC 9110 §8.6). */
const METHODS_WITH_BODY: readonly string[] = ['POST', 'PUT', 'PATCH'];

/**
 * A request as bytes. With a body and no framing header, Content-Length is added; with `Transfer-Encoding: chunked`,
 * the body goes as one chunk. Without a body, a head alone: if its headers announce a body, send that next.
 *
 * @throws A `UsageTypeError` (`bad-argument`) as `formatRequestHead` does, and for a body of the wrong type.
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { encodeRequest } from 'sansocket/http';
 *
 * const bytes = encodeRequest({ method: 'POST', target: '/', headers: { Host: 'a' }, body: 'hi' });
 * strictEqual(
 *   new TextDecoder().decode(bytes),
 *   'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi',
 * );
 * ```
 */
export function encodeRequest(request: OutgoingRequest): Uint8Array {
  checkOptions('encode request', request, ['method', 'target', 'headers', 'body']);
  const { method, target } = request;
  const headers = asHeaders(request.headers);
  const body = asBytes('request', request.body);
  if (body === undefined) {
    const needsLength = METHODS_WITH_BODY.includes(method) && !hasFraming(headers);
    return latin1(formatRequestHead({ method, target, headers, contentLength: needsLength ? 0 : undefined }));
  }
  const contentLength = headers.has('transfer-encoding') ? undefined : body.length;
  return join(writeRequestHead({ method, target, headers, contentLength }), body);
}

/**
 * A response as bytes. With no framing header, Content-Length is added wherever the status has a body, an empty one
 * included, so that a response never lasts until the connection is closed; with `Transfer-Encoding: chunked`, the body
 * goes as one chunk. If the headers announce a body and there is none here, it is a head alone: send the body next.
 *
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`) as `formatResponseHead` does, for a body of the
 *   wrong type, and for a body where the status has none (1xx, 204, 205, 304).
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { encodeResponse } from 'sansocket/http';
 *
 * strictEqual(
 *   new TextDecoder().decode(encodeResponse({ status: 404, body: 'no such page' })),
 *   'HTTP/1.1 404 Not Found\r\nContent-Length: 12\r\n\r\nno such page',
 * );
 * ```
 */
export function encodeResponse(response: OutgoingResponse): Uint8Array {
  checkOptions('encode response', response, ['status', 'reason', 'headers', 'body', 'head']);
  const { status, reason } = response;
  const isHead = readSwitch('encode response', 'head', response.head, false);
  const headers = asHeaders(response.headers);
  const body = asBytes('response', response.body);
  const isBodiless = status < 200 || status === 204 || status === 304;
  if ((isBodiless || status === 205) && body !== undefined && body.length > 0) {
    refuse('response', `a ${status} has no body (RFC 9110 §6.4.1)`);
  }
  if (status === 205 && !isHead && Number(headers.get('content-length') ?? 0) > 0) {
    refuse('response', 'a 205 has no body, and announces none (RFC 9110 §15.3.6)');
  }
  if (isBodiless || (body === undefined && (isHead || hasFraming(headers)))) {
    return latin1(writeResponseHead({ status, reason, headers }).text);
  }
  const content = body ?? EMPTY;
  const contentLength = headers.has('transfer-encoding') ? undefined : content.length;
  const head = writeResponseHead({ status, reason, headers, contentLength });
  return isHead ? latin1(head.text) : join(head, content);
}

/**
 * One chunk of a chunked body: its size, its data, and their line ends.
 *
 * @param bytes Copied. Where it is empty there is no chunk, and nothing is returned but an empty array: a chunk of no
 *   bytes would end the body.
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { encodeChunk, encodeLastChunk } from 'sansocket/http';
 *
 * const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
 * strictEqual(text(encodeChunk(new TextEncoder().encode('hello'))), '5\r\nhello\r\n');
 * strictEqual(text(encodeLastChunk({ Digest: 'x' })), '0\r\nDigest: x\r\n\r\n');
 * ```
 */
export function encodeChunk(bytes: Uint8Array): Uint8Array {
  if (!(bytes instanceof Uint8Array)) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot encode chunk: got ${typeof bytes}, expected a Uint8Array`,
    );
  }
  if (bytes.length === 0) return EMPTY;
  const size = `${bytes.length.toString(16)}\r\n`;
  const chunk = new Uint8Array(size.length + bytes.length + 2);
  write(size, chunk, 0);
  chunk.set(bytes, size.length);
  write('\r\n', chunk, size.length + bytes.length);
  return chunk;
}

/**
 * Fields that frame or route a message, or say how to read it: "A sender MUST NOT generate a trailer field unless the
 * sender knows the corresponding header field name's definition permits" it (RFC 9110 §6.5.1).
 */
const NO_TRAILERS: readonly string[] = [
  'connection',
  'content-encoding',
  'content-length',
  'content-range',
  'content-type',
  'host',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

/**
 * The last chunk of a chunked body, its trailer section, and the empty line.
 *
 * @param trailers Fields that are known only now. Default: none.
 * @throws A `UsageTypeError` (`bad-argument`) for a field that is not valid, or that frames or routes a message.
 */
export function encodeLastChunk(trailers?: HeaderEntries): Uint8Array {
  let text = '0\r\n';
  for (const [name, value] of asHeaders(trailers)) {
    if (NO_TRAILERS.includes(name.toLowerCase())) {
      refuse('trailers', `${name} must not come after the body (RFC 9110 §6.5.1)`);
    }
    text += `${name}: ${value}\r\n`;
  }
  return latin1(`${text}\r\n`);
}

/** Head and body in one, the body framed as the head says. */
function join(head: WrittenHead, body: Uint8Array): Uint8Array {
  const parts = head.framing === 'chunked' ? [encodeChunk(body), encodeLastChunk()] : [body];
  const length = parts.reduce((sum, part) => sum + part.length, head.text.length);
  const bytes = new Uint8Array(length);
  write(head.text, bytes, 0);
  let at = head.text.length;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

function asBytes(what: string, body: unknown): Uint8Array | undefined {
  if (body === undefined || body instanceof Uint8Array) return body;
  if (typeof body === 'string') return encoder.encode(body);
  return refuse(
    what,
    `its body is ${body === null ? 'null' : typeof body}, expected a string or a Uint8Array`,
  );
}

function hasFraming(headers: HttpHeaders): boolean {
  return headers.has('content-length') || headers.has('transfer-encoding');
}

/** Text of one byte a character, as bytes. */
function latin1(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  write(text, bytes, 0);
  return bytes;
}

function write(text: string, bytes: Uint8Array, at: number): void {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
}
