/**
 * The responses of one server connection: what the app says, as bytes (RFC 9112 §4, §6, RFC 9110 §6.4).
 *
 * Owns: framing (Content-Length, chunked, until close), which responses have no body, `Connection` and `Date`, and that no
 * response says more or less than it announced. Does not own: whose turn it is (`http.ts`).
 *
 * @module
 */
import { isFieldValue } from '../bytes/ascii.ts';
import type { Output } from '../bytes/output.ts';
import { portableText, type TextCodec } from '../bytes/text.ts';
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { parseList } from '../http/list.ts';
import type { RequestHead } from '../http/request-parser.ts';
import { reasonPhrase } from '../http/status.ts';
import { show } from '../options.ts';

/** How the end of the body is told. */
type Framing =
  /** No body at all: HEAD, 1xx, 204, 304. */
  | 'none'
  /** By Content-Length. */
  | 'length'
  /** By the last chunk. */
  | 'chunked'
  /** By the end of the connection. */
  | 'close';

const HEX = '0123456789abcdef';

/** Writes the responses of one connection, one after another. */
export class ResponseWriter {
  /** Whether the connection may go on after this response. */
  keepAlive = true;
  /** Whether the head has been written. */
  started = false;
  /** Whether the response is complete. */
  finished = true;
  readonly #output: Output;
  readonly #text: TextCodec;
  readonly #date: (() => string) | undefined;
  #lastDate: string | undefined;
  #version: '1.0' | '1.1' = '1.1';
  #isHead = false;
  #isConnect = false;
  /** The peer waits for a 100 before it sends the body. */
  #expects = false;
  #framing: Framing = 'none';
  /** Bytes of the body that Content-Length announced and that have not been written. */
  #owed = 0;

  /** @param output Where the bytes go. */
  constructor(output: Output, text: TextCodec = portableText, date?: () => string) {
    this.#output = output;
    this.#text = text;
    this.#date = date;
  }

  /** A request came: the next response answers it. */
  begin(request: RequestHead): void {
    this.keepAlive = request.keepAlive;
    this.started = false;
    this.finished = false;
    this.#version = request.version;
    this.#isHead = request.method === 'HEAD';
    this.#isConnect = request.method === 'CONNECT';
    this.#expects = request.expectContinue;
  }

  /** Whether no body is sent, whatever is written: in answer to HEAD, with 204, 205 and 304. */
  get bodiless(): boolean {
    return this.started && this.#framing === 'none';
  }

  /** Whether the peer holds the body back until {@link continue} is called (`Expect: 100-continue`). */
  get awaited(): boolean {
    return this.#expects;
  }

  /** Tell a peer that waits for it to send the body; else nothing. */
  continue(): void {
    if (!this.#expects || this.started) return;
    this.#expects = false;
    this.#ascii('HTTP/1.1 100 Continue\r\n\r\n');
  }

  /** The body comes, asked for or not: there is no need to ask for it any more (RFC 9110 §10.1.1). */
  bodyCame(): void {
    this.#expects = false;
  }

  /**
   * A whole response.
   *
   * @param status 200 to 599. With 204, 205 and 304, and in answer to HEAD, no body is sent.
   * @param headers `Content-Length` must agree with the body; `Transfer-Encoding` is ours.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`, `bad-state`), before anything is written.
   */
  send(status: number, headers: HeaderEntries, body: string | Uint8Array = ''): void {
    if (typeof body !== 'string') checkBytes('send', body);
    const length = typeof body === 'string' ? this.#text.byteLength(body) : body.length;
    const head = this.#head(status, headers, length, 'send');
    const sent = this.#framing === 'none' ? 0 : length;
    const output = this.#output;
    if (typeof body === 'string' && sent < 8192) {
      this.#ascii(head, sent, body);
    } else {
      this.#ascii(head);
      if (sent > 0) {
        output.reserve(sent);
        if (typeof body === 'string') this.#text.write(body, output.bytes, output.end);
        else output.bytes.set(body, output.end);
        output.end += sent;
      }
    }
    this.finished = true;
  }

  /**
   * The head of a response whose body follows in pieces.
   *
   * @throws As {@link send}.
   */
  start(status: number, headers: HeaderEntries): void {
    this.#ascii(this.#head(status, headers, undefined, 'start'));
  }

  /**
   * Part of the body.
   *
   * @param piece Is copied.
   * @throws A `UsageTypeError` or `UsageRangeError`: `bad-argument` for anything but a `Uint8Array` and for more than Content-Length
   *   said, `bad-state` when it is no time for it.
   */
  write(piece: Uint8Array): void {
    checkBytes('write', piece);
    if (!this.started || this.finished) {
      throw new UsageTypeError(
        'bad-state',
        `Cannot write: the response is ${this.finished ? 'finished' : 'not started'}`,
      );
    }
    const { length } = piece;
    if (length === 0 || this.#framing === 'none') return;
    if (this.#framing === 'length') {
      if (length > this.#owed) {
        throw new UsageRangeError(
          'bad-argument',
          `Cannot write: ${length} bytes are more than the ${this.#owed} that Content-Length leaves`,
        );
      }
      this.#owed -= length;
    }
    const chunked = this.#framing === 'chunked';
    if (chunked) this.#ascii(`${hexadecimal(length)}\r\n`);
    this.#output.append(piece);
    if (chunked) this.#ascii('\r\n');
  }

  /** The body is complete. @throws A `UsageTypeError` or `UsageRangeError` (`bad-state`) before the head, and for less than Content-Length said. */
  end(): void {
    if (this.finished) return;
    if (!this.started) throw new UsageTypeError('bad-state', 'Cannot end: the response is not started');
    if (this.#framing === 'length' && this.#owed > 0) {
      throw new UsageRangeError(
        'bad-state',
        `Cannot end: ${this.#owed} bytes that Content-Length announced are missing`,
      );
    }
    if (this.#framing === 'chunked') this.#ascii('0\r\n\r\n');
    this.finished = true;
  }

  /** Refuse: a short plain text, and `Connection: close`. @param request The request, if one was understood. */
  refuse(request: RequestHead | undefined, status: number, text: string): void {
    this.keepAlive = false;
    this.started = false;
    this.#expects = false;
    if (request === undefined) {
      this.#isHead = this.#isConnect = false;
      this.#version = '1.1';
    }
    this.finished = false;
    this.send(status, [['Content-Type', 'text/plain; charset=utf-8']], text);
  }

  /** A head that is complete in itself and ends HTTP here: a 101. @throws A `UsageTypeError` (`bad-argument`) for what is no head. */
  sendRaw(head: string): void {
    if (typeof head !== 'string' || !/^(?:[\t\x20-\x7e\x80-\xff]+\r\n)+\r\n$/.test(head)) {
      throw new UsageTypeError(
        'bad-argument',
        'Cannot switch protocols: the head is no lines of one byte a character that end in an empty one',
      );
    }
    this.started = this.finished = true;
    this.#latin1(head);
  }

  /** The head as text; sets the framing. */
  #head(status: number, headers: HeaderEntries, length: number | undefined, what: string): string {
    // What was not checked on its way into an HttpHeaders is checked now: nobody injects a line. An iterator is the app's code, and
    // what it does comes first.
    const checked = headers instanceof HttpHeaders ? headers : new HttpHeaders(headers);
    const date = this.#readDate();
    if (this.started || this.finished) {
      throw new UsageTypeError(
        'bad-state',
        `Cannot ${what}: ${this.started ? 'the response was sent already' : 'there is no request to answer'}`,
      );
    }
    if (!Number.isInteger(status) || status < 200 || status > 599) {
      throw new UsageRangeError(
        'bad-argument',
        `Cannot ${what}: the status is ${show(status)}, expected a number from 200 to 599`,
      );
    }
    let lines = '';
    let options = '';
    let declared: number | undefined;
    let hasDate = false;
    let keepAlive = this.keepAlive;
    checked.forEach((value, name) => {
      switch (name.length) {
        case 4:
          if (name.toLowerCase() === 'date') hasDate = true;
          break;
        case 10:
          if (name.toLowerCase() === 'connection') {
            // Whether the connection goes on is ours to say; the other options belong to other headers (Upgrade, say).
            for (const option of parseList(value)) {
              const known = option.toLowerCase();
              if (known === 'close') keepAlive = false;
              else if (known !== 'keep-alive') options += `${option}, `;
            }
            return;
          }
          break;
        case 14:
          if (name.toLowerCase() === 'content-length') {
            declared = contentLength(value, declared, length, this.#isHead || status === 304);
            return;
          }
          break;
        case 17:
          if (name.toLowerCase() === 'transfer-encoding') {
            throw new UsageTypeError(
              'bad-argument',
              `Cannot ${what}: Transfer-Encoding is chosen by the server, leave it out`,
            );
          }
          break;
      }
      lines += `${name}: ${value}\r\n`;
    });
    const empty = status === 204 || status === 304;
    // A 2xx to CONNECT begins a tunnel: it has neither length nor coding, and what its client takes for the tunnel's first bytes ends
    // with the connection (RFC 9110 §9.3.6).
    const tunnels = this.#isConnect && status < 300;
    // "A server MUST NOT generate content in a 205 response" (RFC 9110 §15.3.6); its length is told.
    const known = status === 205 ? 0 : (declared ?? length);
    this.#framing =
      this.#isHead || empty || status === 205
        ? 'none'
        : tunnels
          ? 'close'
          : known !== undefined
            ? 'length'
            : this.#version === '1.1'
              ? 'chunked'
              : 'close';
    this.#owed = known ?? 0;
    // A body that the client holds back until it is told to send it would be taken for the next request.
    if (this.#framing === 'close' || this.#expects || tunnels) keepAlive = false;
    let head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${lines}`;
    if (!hasDate && date !== undefined) head += `Date: ${date}\r\n`;
    if (tunnels) this.#owed = 0;
    else if (known !== undefined && (!empty || (status === 304 && declared !== undefined)))
      head += `Content-Length: ${known}\r\n`;
    else if (!empty && this.#version === '1.1') head += 'Transfer-Encoding: chunked\r\n';
    if (!keepAlive) options += 'close, ';
    else if (this.#version === '1.0') options += 'keep-alive, ';
    if (options !== '') head += `Connection: ${options.slice(0, -2)}\r\n`;
    this.keepAlive = keepAlive;
    this.started = true;
    return `${head}\r\n`;
  }

  /** The value of Date, checked where it is another one than the last time. */
  #readDate(): string | undefined {
    const date = this.#date?.();
    if (date !== undefined && date !== this.#lastDate) {
      if (typeof date !== 'string' || !isFieldValue(date)) {
        throw new UsageTypeError('bad-argument', 'Cannot send: date() gave no text that a header can have');
      }
      this.#lastDate = date;
    }
    return date;
  }

  /** Text of one byte a character, and after it `body` in UTF-8, of `bodyBytes`. */
  #ascii(head: string, bodyBytes = 0, body = ''): void {
    const output = this.#output;
    const text = bodyBytes > 0 ? head + body : head;
    output.reserve(2 * head.length + bodyBytes);
    const start = output.end;
    const written = this.#text.write(text, output.bytes, start);
    if (written === head.length + bodyBytes) {
      output.end = start + written;
      return;
    }
    // A header value with a byte above 0x7F: one byte a character, not UTF-8.
    this.#latin1(head);
    if (bodyBytes > 0) {
      output.reserve(bodyBytes);
      output.end += this.#text.write(body, output.bytes, output.end);
    }
  }

  #latin1(text: string): void {
    const output = this.#output;
    output.reserve(text.length);
    const { bytes, end } = output;
    for (let i = 0; i < text.length; i++) bytes[end + i] = text.charCodeAt(i);
    output.end = end + text.length;
  }
}

/** Anything else would be sent as other bytes than its own, or announced and not sent. */
function checkBytes(what: string, body: unknown): void {
  if (body instanceof Uint8Array) return;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot ${what}: the body is ${body === null ? 'null' : typeof body}, expected ${what === 'send' ? 'a string or ' : ''}a Uint8Array`,
  );
}

/** The app's own Content-Length, which must be a number, and the body's. */
function contentLength(
  value: string,
  before: number | undefined,
  length: number | undefined,
  free: boolean,
): number {
  const declared = /^\d{1,15}$/.test(value) ? Number(value) : -1;
  if (declared < 0 || before !== undefined) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot send: Content-Length is "${value}", expected one decimal number`,
    );
  }
  if (length !== undefined && declared !== length && !(free && length === 0)) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot send: Content-Length is ${declared}, the body has ${length} bytes`,
    );
  }
  return declared;
}

/** @param count At least 1. */
function hexadecimal(count: number): string {
  let text = '';
  for (let rest = count; rest > 0; rest = Math.floor(rest / 16)) text = HEX[rest % 16]! + text;
  return text;
}
