/**
 * A response in the hands of an app.
 *
 * Owns: the names that people use, and checking what they pass. Does not own: framing (`connection/response.ts`).
 *
 * @module
 */
import { type BytesLike, viewBytes } from '../bytes/view.ts';
import type { ResponseWriter } from '../connection/response.ts';
import { CONNECTION_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import { HttpHeaders } from '../http/headers.ts';
import { showAs } from '../inspect.ts';
import { describe } from '../socket/handlers.ts';
import { handled, queueTask } from '../socket/host.ts';
import { Source } from '../socket/source.ts';

/** What a body can be made of in pieces. */
export type BodySource = AsyncIterable<string | BytesLike> | Iterable<string | BytesLike>;

/** What a response needs from its connection. */
export interface ResponseSink {
  /** Where it is written; `undefined` when the connection is gone, or the request was answered for the app. */
  writer(): ResponseWriter | undefined;
  /** Something was written: send it. Settles when there is room for more. */
  written(): Promise<void>;
  /** Whether the handler is done. */
  readonly left: boolean;
  /** Have `call` called when the answer is no longer wanted; the last one counts. */
  whenOver(call: () => void): void;
}

const encoder = new TextEncoder();

/** An HTTP response. It is sent by `send`, `json`, `html`, or piece by piece by `write` and `end`; at the latest when the handler is done. */
export class HttpResponse {
  /** The status code, 200 to 599. Default: 200. */
  status = 200;
  /** The header. `Content-Length`, `Transfer-Encoding`, `Connection` and `Date` are written by the server. */
  readonly headers: HttpHeaders = new HttpHeaders();
  readonly #sink: ResponseSink;
  #sent = false;
  #finished = false;
  /** Whether it was the server that ended it, when the handler was done. */
  #cut = false;
  /** A body of pieces that is being sent. */
  #sending: Promise<void> | undefined;

  static {
    showAs(this, ({ status, sent, headers }) => ({ status, sent, headers }));
  }

  /** Made by the server. @internal */
  constructor(sink: ResponseSink) {
    this.#sink = sink;
  }

  /** Whether the head is on its way: status and headers can no longer be changed. */
  get sent(): boolean {
    return this.#sent;
  }

  /**
   * Send the response, whole.
   *
   * @param body Text (as `text/plain; charset=utf-8` unless the header says otherwise), bytes, or an iterable of pieces. Default: empty.
   * @returns Settles when there is room for more output, or the last piece was sent. When the connection is gone, nothing happens.
   *   Rejects with what an iterable throws; the response is then cut off, and not waiting for it is no unhandled rejection.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-state`, `bad-argument`) when it was sent already, or for a status, a
   *   header or a body that cannot be sent.
   */
  send(body: string | BytesLike | BodySource = ''): Promise<void> {
    if (this.#sent) throw this.#tooLate('send');
    if (typeof body === 'string') {
      if (body !== '') this.#default('text/plain; charset=utf-8');
      return this.#whole(body);
    }
    if (typeof body === 'object' && body !== null && !ArrayBuffer.isView(body)) {
      if (Symbol.asyncIterator in body || Symbol.iterator in body) return this.#stream(body as BodySource);
    }
    return this.#whole(viewBytes(body, 'body', 'a string, an iterable of pieces, '));
  }

  /** Send a value as JSON. @throws As {@link send}; and what `JSON.stringify` throws. */
  json(value: unknown): Promise<void> {
    const text = JSON.stringify(value);
    if (text === undefined) {
      throw new UsageTypeError('bad-argument', `Cannot send JSON: ${describe(value)} has no form in it`);
    }
    this.#default('application/json');
    return this.send(text);
  }

  /** Send a page. @throws As {@link send}. */
  html(page: string): Promise<void> {
    this.#default('text/html; charset=utf-8');
    return this.send(page);
  }

  /**
   * Send a piece of the body. The first one sends the head; without a `Content-Length` of yours, the body is sent in chunks.
   *
   * @returns Settles when there is room for more: `await` it, and a slow peer holds you back. Rejects with a `ProtocolError`
   *   (`not-open`) when the connection is gone, so that a loop comes to an end; leaving it alone is no failure.
   * @throws As {@link send}.
   */
  write(piece: string | BytesLike): Promise<void> {
    if (this.#finished) throw this.#tooLate('write');
    if (this.#sending !== undefined) {
      throw new UsageTypeError('bad-state', 'Cannot write: another body is being sent');
    }
    return this.#write(piece);
  }

  /**
   * The body is complete. With an iterable that is being sent, it is when that has ended.
   *
   * @throws A `UsageRangeError` (`bad-state`) when it is shorter than the `Content-Length` of yours.
   */
  end(): Promise<void> {
    if (this.#sending !== undefined) return this.#sending;
    if (this.#finished) return Promise.resolve();
    this.#cut = this.#sink.left;
    return this.#sent ? this.#end() : this.send();
  }

  #tooLate(call: string): UsageTypeError {
    const why = this.#cut
      ? ', when the handler was done; return a promise of what is still to come, or await it'
      : '';
    return new UsageTypeError('bad-state', `Cannot ${call}: the response was sent already${why}`);
  }

  #write(piece: string | BytesLike): Promise<void> {
    const bytes = typeof piece === 'string' ? encoder.encode(piece) : viewBytes(piece, 'piece', 'a string, ');
    const writer = this.#start();
    if (writer === undefined) return handled(Promise.reject(over()));
    writer.write(bytes);
    const written = this.#sink.written();
    // What is not sent never fills anything: a loop without end must not keep everybody else waiting.
    return writer.bodiless ? written.then(nextTurn) : written;
  }

  #end(): Promise<void> {
    this.#sink.writer()?.end();
    this.#finished = true;
    return this.#sink.written();
  }

  #start(): ResponseWriter | undefined {
    const writer = this.#sink.writer();
    if (!this.#sent) {
      writer?.start(this.status, this.headers);
      this.#sent = true;
    }
    return writer;
  }

  #whole(body: string | Uint8Array): Promise<void> {
    this.#sink.writer()?.send(this.status, this.headers, body);
    this.#sent = this.#finished = true;
    return this.#sink.written();
  }

  #stream(source: BodySource): Promise<void> {
    this.#start();
    // The server looks at it when the handler is done, also where the handler has not.
    this.#sending = handled(this.#pieces(source));
    return this.#sending;
  }

  async #pieces(source: BodySource): Promise<void> {
    const pieces = new Source(source);
    const gone = over();
    this.#sink.whenOver(() => pieces.abandon(gone));
    try {
      while (this.#sink.writer()?.bodiless === false) {
        const { done, value } = await pieces.next();
        if (done) return await this.#end();
        if (this.#sink.writer() !== undefined) await this.#write(value);
      }
      pieces.leave();
      await this.#end();
    } catch (error) {
      pieces.leave();
      if (error !== gone) throw error;
    }
  }

  #default(type: string): void {
    if (!this.headers.has('content-type')) this.headers.set('Content-Type', type);
  }
}

function over(): ProtocolError {
  return new ProtocolError(
    'not-open',
    CONNECTION_ERRORS['not-open'],
    'Cannot write response: the connection is gone, or the request was answered already',
    0,
  );
}

/** Resolves when the event loop has been around. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    queueTask(resolve);
  });
}
