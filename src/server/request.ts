/**
 * A request in the hands of an app.
 *
 * Owns: reading the body, once, in the form that the app asks for. Does not own: the head (`http/`), the connection.
 *
 * @module
 */
import { Collector } from '../bytes/collector.ts';
import { HTTP_ERRORS, ProtocolError, UsageRangeError, UsageTypeError } from '../errors.ts';
import type { HttpHeaders } from '../http/headers.ts';
import type { RequestHead } from '../http/request-parser.ts';
import { showAs } from '../inspect.ts';
import { checkOptions, show } from '../options.ts';
import { handled } from '../socket/host.ts';
import { AsyncQueue } from '../socket/queue.ts';

/** What a request needs from its connection; once it is answered, {@link wantBody} does nothing. */
export interface RequestSource {
  /** The peer's IP address; '' for a Unix domain socket. */
  readonly remoteAddress: string;
  /** Whether the connection is over TLS. */
  readonly encrypted: boolean;
  /** Aborted when the peer has left before it was answered. */
  readonly signal: AbortSignal;
  /** The app wants the body: tell a peer that waits to be told. */
  wantBody(): void;
}

/** How to read all of a body. */
export interface BodyOptions {
  /** At most so many bytes, where that is less than `limits.maxBodyBytes`: a form beside uploads, say. Default: no other limit. */
  readonly maxBytes?: number | undefined;
}

const NO_BODY = new AsyncQueue<Uint8Array>(() => {});
NO_BODY.end();

/** An HTTP request. Its fields stay as they are for as long as you keep it. */
export class HttpRequest {
  /** The method, as sent: `GET`. */
  readonly method: string;
  /** The request target, as sent: `/chat?room=1`. */
  readonly target: string;
  /** The path of the target, as sent and not decoded: `/chat`. */
  readonly path: string;
  /** The header. */
  readonly headers: HttpHeaders;
  /** Host and port that the client asked for: of the target, if it has one, else of the Host header. */
  readonly host: string;
  /** `1.1` or `1.0`. */
  readonly version: '1.0' | '1.1';
  readonly #source: RequestSource;
  readonly #queryText: string;
  #query: URLSearchParams | undefined;
  #signal: AbortSignal | undefined;
  readonly #body: AsyncQueue<Uint8Array> | undefined;
  /** What Content-Length says. */
  readonly #declared: number;
  /** All of the body was asked for. */
  #collected = false;

  static {
    showAs(this, (request) => {
      const { method, target, version, host, remoteAddress, encrypted, headers } = request;
      return { method, target, version, host, remoteAddress, encrypted, headers };
    });
  }

  /**
   * Made by the server.
   *
   * @param body Where the body will come; `undefined`: there is none.
   * @internal
   */
  constructor(head: RequestHead, source: RequestSource, body: AsyncQueue<Uint8Array> | undefined) {
    this.method = head.method;
    this.target = head.target;
    this.path = head.path;
    this.headers = head.headers;
    this.host = head.host;
    this.version = head.version;
    this.#queryText = head.query;
    this.#source = source;
    this.#body = body;
    this.#declared = head.contentLength ?? 0;
  }

  /** The query of the target, decoded: `request.query.get('room')`. */
  get query(): URLSearchParams {
    this.#query ??= new URLSearchParams(this.#queryText);
    return this.#query;
  }

  /** The peer's IP address; '' for a Unix domain socket. */
  get remoteAddress(): string {
    return this.#source.remoteAddress;
  }

  /** Whether the request came over TLS. */
  get encrypted(): boolean {
    return this.#source.encrypted;
  }

  /**
   * Aborted when the peer leaves before it is answered: when it ends its side, the connection is lost, or the server gives the request up
   * (a body that stalls, say). For work that nobody waits for any more; a handler that goes on regardless does no harm. Few clients end their
   * side and still read; to such a one, an answer that is sent nevertheless arrives. Its `reason` is an error with a `code`.
   */
  get signal(): AbortSignal {
    this.#signal ??= this.#source.signal;
    return this.#signal;
  }

  /**
   * The body, in pieces, as they arrive; each piece is given once. Reading slowly holds the peer back.
   *
   * The loop throws a `ProtocolError` when the body breaks off or gets too big, and a `UsageTypeError` (`bad-state`) when the
   * response is finished before the body is read: the rest is then dropped.
   */
  get body(): AsyncIterableIterator<Uint8Array> {
    this.#source.wantBody();
    return this.#body ?? NO_BODY;
  }

  /**
   * All of the body. It can be read once, by this, {@link text}, {@link json} or {@link body}; where there is none, it is empty each time.
   *
   * @param options `maxBytes`: for this body a lower limit than `limits.maxBodyBytes`.
   * @returns A promise; not waiting for it, or later than for something else, is no unhandled rejection.
   * @throws (rejects with) a `ProtocolError` (`body-too-big`, `unexpected-end`, …) when it does not come whole, which left alone
   *   answers with its status; and a `UsageTypeError` (`bad-state`) when it was read already.
   */
  bytes(options: BodyOptions = {}): Promise<Uint8Array> {
    return handled(this.#bytes(options));
  }

  /** All of the body as text; bytes that are not UTF-8 become U+FFFD. @throws As {@link bytes}. */
  text(options?: BodyOptions): Promise<string> {
    return handled(this.#text(options));
  }

  /**
   * All of the body, as the value that its JSON describes.
   *
   * @throws As {@link bytes}; and a `ProtocolError` (`bad-json`) when it is no JSON, which left alone answers 400.
   */
  json(options?: BodyOptions): Promise<unknown> {
    return handled(this.#json(options));
  }

  async #bytes(options: BodyOptions = {}): Promise<Uint8Array> {
    const maxBytes = checkMaxBytes(options);
    if (this.#body !== undefined && (this.#collected || this.#body.spent)) {
      throw new UsageTypeError('bad-state', 'Cannot read body: it was read already; keep what was read');
    }
    this.#collected = true;
    // Before a peer that asked whether to send it is told yes.
    if (this.#declared > maxBytes) throw tooBig(maxBytes);
    const collector = new Collector();
    for await (const piece of this.body) {
      if (collector.length + piece.length > maxBytes) throw tooBig(maxBytes);
      collector.append(piece, 0, piece.length, 0);
    }
    return collector.take();
  }

  async #text(options: BodyOptions | undefined): Promise<string> {
    return new TextDecoder().decode(await this.#bytes(options));
  }

  async #json(options: BodyOptions | undefined): Promise<unknown> {
    const text = await this.#text(options);
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new ProtocolError(
        'bad-json',
        HTTP_ERRORS['bad-json'],
        'Cannot read request: its body is not JSON',
        0,
        { cause },
      );
    }
  }
}

function checkMaxBytes(options: BodyOptions): number {
  checkOptions('read body', options, ['maxBytes']);
  const { maxBytes = Number.POSITIVE_INFINITY } = options;
  if (typeof maxBytes === 'number' && maxBytes >= 0) return maxBytes;
  throw new UsageRangeError(
    'bad-option',
    `Cannot read body: maxBytes is ${show(maxBytes)}, expected a number from 0`,
  );
}

function tooBig(maxBytes: number): ProtocolError {
  const message = `Cannot read request: its body has more than ${maxBytes} bytes`;
  return new ProtocolError('body-too-big', [HTTP_ERRORS['body-too-big'][0], 'maxBytes'], message, 0);
}
