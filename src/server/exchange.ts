/**
 * One request, and the answer to it.
 *
 * Owns: calling the app's HTTP handler and judging what it returns, the body on its way to the app, and whether the answer is still
 * wanted: once it is not, the app's request and response reach nothing. Does not own: reading and sending (`connection.ts`), the
 * decision on an upgrade (`opening.ts`).
 *
 * @module
 */
import type { HttpConnection } from '../connection/http.ts';
import type { ResponseWriter } from '../connection/response.ts';
import { CONNECTION_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import { asPromise, isThenable } from '../socket/host.ts';
import { AsyncQueue } from '../socket/queue.ts';
import type { ByteStream } from '../transport/transport.ts';
import type { HttpHandler } from './app.ts';
import { Refusal, showKind } from './refusal.ts';
import type { HttpRequest, RequestSource } from './request.ts';
import { HttpResponse, type ResponseSink } from './response.ts';

const DONE: Promise<void> = Promise.resolve();

/** The connection that a request came on. */
export interface ExchangeOwner {
  /** Where it comes from. */
  readonly stream: ByteStream;
  /** Its engine; `undefined` once it is a WebSocket. */
  readonly http: HttpConnection | undefined;
  /** Whether the transport is gone. */
  readonly gone: boolean;
  /** What the peer did wrong, or how it was lost. */
  readonly fault: ProtocolError | undefined;
  /** The app reads the body: tell a peer that waits to be told. */
  wantBody(): void;
  /** Send what was written. Settles when there is room for more. */
  written(): Promise<void>;
  /** Part of a body was taken. */
  resume(): void;
  /** The handler threw or rejected, or returned what cannot be meant. */
  failed(error: unknown, exchange: Exchange): void;
}

/** What stands between one request's and response's hands and their connection. */
export class Exchange implements RequestSource, ResponseSink {
  /** Whether the handler is done. */
  left = false;
  readonly #owner: ExchangeOwner;
  /** The body that is coming in. */
  #body: AsyncQueue<Uint8Array> | undefined;
  #ended = false;
  /** Told when the answer is no longer wanted. */
  #whenOver: (() => void) | undefined;
  /** Made when the app first asks for the signal; forgotten when the request is answered. */
  #leaving: AbortController | undefined;

  constructor(owner: ExchangeOwner, hasBody: boolean) {
    this.#owner = owner;
    this.#body = hasBody ? new AsyncQueue(() => owner.resume()) : undefined;
  }

  /** Whether the answer is still wanted. */
  get current(): boolean {
    return !this.#ended && !this.#owner.gone && this.#owner.http !== undefined;
  }

  // ------------------------------------------------------------------ the request and the response call

  get remoteAddress(): string {
    return this.#owner.stream.remoteAddress;
  }

  get encrypted(): boolean {
    return this.#owner.stream.encrypted;
  }

  /** See `HttpRequest.signal`. */
  get signal(): AbortSignal {
    const { http, gone, fault } = this.#owner;
    if (!this.current) {
      if (!gone && fault === undefined) return new AbortController().signal;
      return AbortSignal.abort(fault ?? hasLeft());
    }
    this.#leaving ??= new AbortController();
    const { signal } = this.#leaving;
    if (http!.inputEnded) this.peerLeft();
    if (http!.response.finished) this.#leaving = undefined;
    return signal;
  }

  wantBody(): void {
    if (this.current) this.#owner.wantBody();
  }

  writer(): ResponseWriter | undefined {
    return this.current ? this.#owner.http!.response : undefined;
  }

  written(): Promise<void> {
    if (!this.current) return DONE;
    if (this.#owner.http!.response.finished) {
      this.#leaving = undefined;
      this.dropBody();
    }
    return this.#owner.written();
  }

  whenOver(call: () => void): void {
    if (this.current) this.#whenOver = call;
    else call();
  }

  // ------------------------------------------------------------------ the connection calls

  /** The body, for the request; `undefined`: there is none, or it is complete. */
  get body(): AsyncQueue<Uint8Array> | undefined {
    return this.#body;
  }

  /** Have the app answer. */
  run(handler: HttpHandler, request: HttpRequest): void {
    const response = new HttpResponse(this);
    try {
      const result: unknown = handler(request, response);
      if (isThenable(result)) {
        asPromise(result).then(
          (value) => this.#handled(response, value),
          (error: unknown) => this.#owner.failed(error, this),
        );
      } else this.#handled(response, result);
    } catch (error) {
      this.#owner.failed(error, this);
    }
  }

  /** The body is complete. */
  endBody(): void {
    this.#body?.end();
    this.#body = undefined;
  }

  /** The body breaks off. */
  failBody(error: ProtocolError): void {
    this.#body?.fail(error);
    this.#body = undefined;
  }

  /** The response is finished: what the app has not read of the body, it will not read. */
  dropBody(): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#body = undefined;
    body.abandon(new UsageTypeError('bad-state', 'Cannot read body: the response was finished before it'));
  }

  /** The peer has left, as far as we can tell, or broke a rule: tell an app that wanted to know. */
  peerLeft(reason?: Error): void {
    // An error costs a walk over the stack, and hardly anybody asks.
    if (this.#leaving !== undefined) this.#leaving.abort(reason ?? hasLeft());
  }

  /** It is decided: that the peer leaves from now on is no news for this request. */
  decided(): void {
    this.#leaving = undefined;
  }

  /** The answer, if it is still to come, comes too late. */
  end(): void {
    this.#ended = true;
    this.#leaving = undefined;
    const call = this.#whenOver;
    this.#whenOver = undefined;
    call?.();
  }

  /** The handler is done: what it has not sent is sent now. */
  #handled(response: HttpResponse, result: unknown): void {
    if (!this.current) return;
    try {
      if (!response.sent) checkResult(result);
      this.left = true;
      response.end().then(undefined, (error: unknown) => this.#owner.failed(error, this));
    } catch (error) {
      this.#owner.failed(error, this);
    }
  }
}

function hasLeft(): ProtocolError {
  return new ProtocolError(
    'not-open',
    CONNECTION_ERRORS['not-open'],
    'Cannot answer: the peer has ended its side, or the connection is gone',
    0,
  );
}

/**
 * Refuse what a handler returned in the place of sending it: the answer would be empty, and nobody would know why.
 * What an arrow function happens to return (a number, headers, an object of the app's) means nothing.
 */
function checkResult(result: unknown): void {
  const isText = typeof result === 'string';
  const isBytes = result instanceof Uint8Array;
  const isAnswer = result instanceof Response || result instanceof Refusal || result instanceof Error;
  if (!isText && !isBytes && !isAnswer && !isPlain(result)) return;
  const kind = isText ? 'text' : isBytes ? 'bytes' : showKind(result);
  throw new UsageTypeError(
    'bad-argument',
    `Cannot answer: the HTTP handler returned ${kind} and sent nothing, expected a call such as response.send(…) or response.json(…)`,
  );
}

/** Whether something is an object or a list that was written down. */
function isPlain(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
}
