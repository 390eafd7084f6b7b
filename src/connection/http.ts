/**
 * The server's side of an HTTP/1.1 connection without I/O: requests in, one after another, responses out in the same
 * order, until one of them becomes a WebSocket (RFC 9112 §9, RFC 6455 §4.2).
 *
 * Owns: whose turn it is (pipelining), keep-alive, `Expect`, what a fault is answered with, deadlines, handing over at
 * the upgrade. Does not own: parsing (`http/`), laying out responses (`response.ts`), WebSocket (`websocket.ts`).
 *
 * @module
 */
import { Output } from '../bytes/output.ts';
import type { TextCodec } from '../bytes/text.ts';
import { type ConnectionErrorCode, type ProtocolError, UsageTypeError } from '../errors.ts';
import type { BodyEvent, EndEvent } from '../http/body.ts';
import { type RequestHead, RequestParser } from '../http/request-parser.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkOptions, show } from '../options.ts';
import { connectionError } from './fault.ts';
import { ResponseWriter } from './response.ts';
import { checkNow } from './time.ts';

/** How an HTTP connection behaves. */
export interface HttpConnectionOptions {
  /** Limits and times; the defaults of `limits.ts`. */
  readonly limits?: Partial<Limits> | undefined;
  /** When the connection was accepted, in ms of any clock that only goes forward. Default: 0. */
  readonly now?: number | undefined;
  /** Gives the value of the `Date` header. Default: none is sent. */
  readonly date?: (() => string) | undefined;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
  /** Where output is assembled. Default: its own. */
  readonly output?: Output | undefined;
}

/** A request's head; the answer goes to {@link HttpConnection.response}. */
export interface RequestEvent {
  /** Tells it from the others. */
  readonly kind: 'request';
  /** The head, parsed. */
  readonly request: RequestHead;
}

/** What {@link HttpConnection.next} returns. An error has been answered already, if it could be. */
export type HttpConnectionEvent = RequestEvent | BodyEvent | EndEvent | ProtocolError;

const NAMES: readonly string[] = ['limits', 'now', 'date', 'text', 'output'];

/** What the connection waits for, and so which time limit counts. */
type Phase =
  /** The first byte of a request. */
  | 'idle'
  /** The rest of a head. */
  | 'head'
  /** The rest of a body. */
  | 'body'
  /** The app's answer. */
  | 'answer'
  /** The peer's end, after ours. */
  | 'ending'
  /** Nothing: it is over, or has become a WebSocket. */
  | 'over';

/**
 * The engine of one server connection that speaks HTTP.
 *
 * Feed it with {@link receive} and {@link receiveEnd}; take events with {@link next} until there is none; answer each
 * request by {@link response}; then send what {@link takeOutput} gives, half-close if {@link outputEnded}, drop the
 * transport if {@link dropped}; and call {@link tick} no later than {@link deadline}. After a response is finished, call
 * `next` again: a pipelined request may wait.
 *
 * @example
 * ```ts
 * import { equal, match } from 'node:assert/strict';
 * import { HttpConnection } from 'sansocket/connection';
 *
 * const connection = new HttpConnection();
 * connection.receive(new TextEncoder().encode('GET /a HTTP/1.1\r\nHost: x\r\n\r\n'));
 * const event = connection.next();
 * if (event?.kind !== 'request') throw new Error('no request');
 * equal(event.request.path, '/a');
 * connection.response.send(404, [], 'nothing here');
 * match(new TextDecoder().decode(connection.takeOutput()), /^HTTP\/1\.1 404 Not Found\r\n/);
 * ```
 */
export class HttpConnection {
  /** Where the answer to the request at hand is written. */
  readonly response: ResponseWriter;
  readonly #limits: Limits;
  readonly #parser: RequestParser;
  readonly #output: Output;
  #request: RequestHead | undefined;
  /** Whether all of the request at hand has been read. */
  #requestEnded = false;
  #phase: Phase = 'idle';
  /** Whether the peer will send no more. */
  #inputEnded = false;
  #now: number;
  #deadline: number;
  #outputEnded = false;
  #dropped = false;

  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option or a limit that does not exist. */
  constructor(options: HttpConnectionOptions = {}) {
    checkOptions('make an HTTP connection', options, NAMES);
    const limits = resolveLimits(options.limits);
    this.#limits = limits;
    this.#parser = new RequestParser({ limits, text: options.text });
    const { output, date } = options;
    if (output !== undefined && !(output instanceof Output)) {
      throw new UsageTypeError(
        'bad-option',
        `Cannot make an HTTP connection: output is ${show(output)}, expected an Output`,
      );
    }
    if (date !== undefined && typeof date !== 'function') {
      throw new UsageTypeError(
        'bad-option',
        `Cannot make an HTTP connection: date is ${show(date)}, expected a function`,
      );
    }
    this.#output = output ?? new Output();
    this.#now = checkNow(options.now ?? 0, 'bad-option');
    this.#deadline = this.#now + limits.headTimeoutMs;
    this.response = new ResponseWriter(this.#output, options.text, date);
  }

  /** Where output is assembled: hand it on at an upgrade, so that the bytes stay in order. */
  get output(): Output {
    return this.#output;
  }

  /** Bytes that wait for {@link takeOutput}. */
  get bufferedBytes(): number {
    return this.#output.length;
  }

  /** Bytes that came in and have not been looked at, because a response comes first. */
  get unreadBytes(): number {
    return this.#parser.bufferedBytes;
  }

  /** Whether the peer has ended its stream: what takes over at an upgrade has to be told. */
  get inputEnded(): boolean {
    return this.#inputEnded;
  }

  /** Whether to half-close the transport, once the output is sent. */
  get outputEnded(): boolean {
    return this.#outputEnded;
  }

  /** Whether to drop the transport now. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** When to call {@link tick} at the latest, on the clock of `now`; `Infinity`: no need. */
  get deadline(): number {
    return this.#deadline;
  }

  /** Whether no request is at hand: neither begun nor waiting for its answer. */
  get idle(): boolean {
    return this.#phase === 'idle' && this.#parser.idle;
  }

  /** Bytes came in; they belong to the connection from then on. Dropped when it is over. */
  receive(bytes: Uint8Array, now: number = this.#now): void {
    this.#now = checkNow(now);
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    this.#parser.push(bytes);
    if (this.#phase === 'body' && bytes.length > 0) this.#deadline = now + this.#limits.headTimeoutMs;
  }

  /** The peer ended its stream. What was asked before is still answered. */
  receiveEnd(now: number = this.#now): void {
    this.#now = checkNow(now);
    this.#inputEnded = true;
    this.#parser.receiveEnd();
    if (this.#phase === 'ending') this.#over();
  }

  /** The app wants the body: a peer that waits to be asked (`Expect: 100-continue`) is, and has the whole time from now on. */
  awaitBody(now: number = this.#now): void {
    this.#now = checkNow(now);
    if (this.#phase !== 'body') return;
    this.response.continue();
    this.#deadline = now + this.#limits.headTimeoutMs;
  }

  /**
   * The next event; `undefined` when there is none until more bytes come, or a response is finished.
   *
   * @param now The time for what comes behind a response counts from here: tell it when one was finished.
   */
  next(now: number = this.#now): HttpConnectionEvent | undefined {
    this.#now = checkNow(now);
    while (this.#phase !== 'ending' && this.#phase !== 'over') {
      const { response } = this;
      if (this.#requestEnded) {
        if (!response.finished) return undefined;
        this.#finishExchange();
        continue;
      }
      if (this.#request !== undefined && response.finished && !response.keepAlive) {
        // There is no next request to find behind the rest of the body: do not wait for it.
        this.#end();
        break;
      }
      const event = this.#parser.next();
      if (event === undefined) {
        this.#wait();
        return undefined;
      }
      switch (event.kind) {
        case 'head':
          this.#request = event;
          this.#enter('body', this.#now + this.#limits.headTimeoutMs);
          response.begin(event);
          return { kind: 'request', request: event };
        case 'body':
          response.bodyCame();
          // Nobody will read the rest of a body once its response is finished.
          if (response.finished) break;
          return event;
        case 'end':
          this.#requestEnded = true;
          this.#enter('answer', Number.POSITIVE_INFINITY);
          if (response.finished) break;
          return event;
        default:
          if (event.code === 'unexpected-end' && this.#request !== undefined && response.finished) {
            // Who has its answer may leave the rest of its body out.
            this.#end();
            break;
          }
          this.#fault(event);
          return event;
      }
    }
    return undefined;
  }

  /**
   * Switch protocols: send the 101, and hand over.
   *
   * @param head The whole head of the response, as text of one byte a character.
   * @returns All bytes that came after the request, none of them looked at. The connection takes no more.
   * @throws A `UsageTypeError`, and nothing is sent: `bad-argument` for a head with a character above U+00FF or without its end;
   *   `bad-state` where there is no request that waits for its response, or where its body has not been read to the end.
   */
  upgrade(head: string): Uint8Array {
    const request = this.#request;
    if (request === undefined || this.response.started) {
      throw new UsageTypeError(
        'bad-state',
        'Cannot switch protocols: there is no request that waits for its response',
      );
    }
    if (request.hasBody && !this.#requestEnded) {
      throw new UsageTypeError(
        'bad-state',
        'Cannot switch protocols: the body of the request has not been read to its end',
      );
    }
    this.response.sendRaw(head);
    this.#enter('over', Number.POSITIVE_INFINITY);
    return this.#parser.takeRest();
  }

  /** End it after the response at hand, or at once when there is none: no more requests are read. */
  finish(now: number = this.#now): void {
    this.#now = checkNow(now);
    if (this.#phase === 'over' || this.#phase === 'ending') return;
    if (this.response.finished) this.#end();
    else this.response.keepAlive = false;
  }

  /**
   * Give up on the request at hand for a reason of our own: answer with the code's status if nothing was sent yet, else
   * cut the response off, so that the peer cannot take it for whole.
   *
   * @param status Instead of the code's.
   * @throws A `UsageTypeError` (`bad-argument`) for a code that is not in `CONNECTION_ERRORS`.
   */
  fail(
    code: ConnectionErrorCode,
    message: string,
    cause?: unknown,
    status?: number,
    now: number = this.#now,
  ): ProtocolError {
    this.#now = checkNow(now);
    const error = connectionError(code, message, 0, cause);
    this.#fault(error, status);
    return error;
  }

  /** Answer the request at hand, or the connection, with an error's status, and end it. */
  refuse(error: ProtocolError, now: number = this.#now): void {
    this.#now = checkNow(now);
    this.#fault(error);
  }

  /** All output so far; `undefined` when there is none. It is the caller's own. */
  takeOutput(): Uint8Array | undefined {
    return this.#output.take();
  }

  /** Give back what {@link takeOutput} gave, when nobody reads it any more: its memory is used again. Optional. */
  recycleOutput(bytes: Uint8Array): void {
    this.#output.recycle(bytes);
  }

  /**
   * Time has passed: give up on what is overdue.
   *
   * @param reading False while the caller itself holds back bytes that came in: silence then proves nothing.
   * @param sending True while the peer still takes output that was sent before: the time for its next request, or its goodbye, starts
   *   behind that.
   * @returns The error that was answered, if there is one to tell of.
   */
  tick(now: number, reading = true, sending = false): ProtocolError | undefined {
    this.#now = checkNow(now);
    if (now < this.#deadline) return undefined;
    const grace = this.#grace(reading, sending);
    if (grace > 0) {
      this.#deadline = now + grace;
      return undefined;
    }
    switch (this.#phase) {
      case 'head':
        return this.fail(
          'head-timeout',
          `Cannot read request: its head is not complete after ${this.#limits.headTimeoutMs} ms`,
        );
      case 'body':
        if (this.response.finished) {
          this.#end();
          return undefined;
        }
        return this.fail(
          'body-timeout',
          `Cannot read request: its body made no progress for ${this.#limits.headTimeoutMs} ms`,
        );
      case 'ending':
        this.#dropped = true;
        this.#over();
        return undefined;
      default:
        this.#end();
        return undefined;
    }
  }

  /** How long to wait once more, in ms, where what is late is not the peer's fault; 0 where it is. */
  #grace(reading: boolean, sending: boolean): number {
    const { headTimeoutMs, keepAliveTimeoutMs, closeTimeoutMs } = this.#limits;
    switch (this.#phase) {
      case 'head':
        return reading ? 0 : headTimeoutMs;
      case 'body':
        return reading && !this.response.awaited ? 0 : headTimeoutMs;
      case 'idle':
        // It cannot think of a next request before it has the answer to the last.
        return sending ? keepAliveTimeoutMs : 0;
      default: // 'ending': the others have no deadline
        return sending ? closeTimeoutMs : 0;
    }
  }

  /** All bytes are used up: what are we waiting for? */
  #wait(): void {
    if (this.#inputEnded) {
      this.#end();
      return;
    }
    if (this.#phase === 'idle' && !this.#parser.idle) {
      this.#enter('head', this.#now + this.#limits.headTimeoutMs);
    }
  }

  #finishExchange(): void {
    this.#request = undefined;
    this.#requestEnded = false;
    if (!this.response.keepAlive) {
      this.#end();
      return;
    }
    this.#enter('idle', this.#now + this.#limits.keepAliveTimeoutMs);
  }

  #fault(error: ProtocolError, status: number = error.status): void {
    if (this.#phase === 'ending' || this.#phase === 'over') return;
    const { response } = this;
    if (this.#request === undefined || !response.started) {
      response.refuse(this.#request, status, `${error.message}\n`);
    } else if (!response.finished) {
      this.#dropped = true;
    }
    this.#end();
  }

  /** No more requests: half-close, and wait for the peer to do the same. */
  #end(): void {
    this.#outputEnded = true;
    this.#request = undefined;
    // What waits behind will never be read: it must neither be kept nor count as unread, which would hold up the peer's end.
    this.#parser.takeRest();
    if (this.#inputEnded || this.#dropped) this.#over();
    else this.#enter('ending', this.#now + this.#limits.closeTimeoutMs);
  }

  #over(): void {
    this.#outputEnded = true;
    this.#enter('over', Number.POSITIVE_INFINITY);
  }

  #enter(phase: Phase, deadline: number): void {
    this.#phase = phase;
    this.#deadline = deadline;
  }
}
