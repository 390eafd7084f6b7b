/**
 * One connection of a server: HTTP, until a request turns it into a WebSocket.
 *
 * Owns: calling the app for requests and upgrades, and sending what it answers. Does not own: the protocols
 * (`connection/`), open WebSockets (`socket/`), listening (`server.ts`).
 *
 * @module
 */
import { Output } from '../bytes/output.ts';
import { copyBytes } from '../bytes/view.ts';
import { HttpConnection } from '../connection/http.ts';
import type { ResponseWriter } from '../connection/response.ts';
import { CONNECTION_ERRORS, HTTP_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import type { RequestHead } from '../http/request-parser.ts';
import type { Timed } from '../socket/deadlines.ts';
import { SocketDriver } from '../socket/driver.ts';
import { asPromise, type Flushable, isThenable } from '../socket/host.ts';
import { Outflow } from '../socket/outflow.ts';
import { AsyncQueue } from '../socket/queue.ts';
import type { ByteStream, StreamHandler } from '../transport/transport.ts';
import type { App, Member } from './app.ts';
import { Opening } from './opening.ts';
import { NOT_FOUND_PAGE } from './pages.ts';
import { Refusal, showKind } from './refusal.ts';
import { HttpRequest, type RequestSource } from './request.ts';
import { HttpResponse, type ResponseSink } from './response.ts';

const DONE: Promise<void> = Promise.resolve();

/** Drives one connection. */
export class ServerConnection<Data> implements StreamHandler, Timed, Flushable, Member {
  heapIndex = -1;
  heapKey = 0;
  readonly #app: App<Data>;
  readonly #stream: ByteStream;
  #http: HttpConnection | undefined;
  /** Once it is a WebSocket. */
  #driver: SocketDriver<Data> | undefined;
  /** The body that is coming in. */
  #body: AsyncQueue<Uint8Array> | undefined;
  /** Counts requests: an answer that comes too late finds another number. */
  #exchange = 0;
  /** Told when the answer to the request at hand is no longer wanted. */
  #whenOver: (() => void) | undefined;
  /** Made when the app first asks for the signal of the request at hand; forgotten when that is answered. */
  #leaving: AbortController | undefined;
  #corked = false;
  #flushDue = false;
  #full = false;
  #paused = false;
  /** When reading went on: before that, the peer's silence was our doing. */
  #resumedAt = Number.NEGATIVE_INFINITY;
  #endSent = false;
  #gone = false;
  #turnedAway = false;
  /** Made when output first has to wait. */
  #outflow: Outflow | undefined;
  /** While it is full: when it must have sent more. */
  #stuckBy = Number.POSITIVE_INFINITY;
  /** What the peer did wrong, or how it was lost: whoever reads the body is told it. */
  #fault: ProtocolError | undefined;
  #waiters: Array<() => void> | undefined;

  /** The caller has added it to the app's connections. */
  constructor(app: App<Data>, stream: ByteStream) {
    this.#app = app;
    this.#stream = stream;
    const { host } = app;
    this.#http = new HttpConnection({
      limits: host.limits,
      now: host.deadlines.now(),
      date: app.date,
      text: host.text,
      output: new Output(host.slab),
    });
    host.deadlines.update(this);
  }

  // ------------------------------------------------------------------ the transport calls

  /** Bytes came in. */
  data(bytes: Uint8Array): void {
    if (this.#driver !== undefined) {
      this.#driver.data(bytes);
      return;
    }
    this.#http!.receive(bytes, this.#app.host.deadlines.now());
    this.#pumpCorked();
  }

  /** Bytes came in, and go back when this returns. */
  lend(bytes: Uint8Array): void {
    if (this.#driver !== undefined) this.#driver.lend(bytes);
    else this.data(copyBytes(bytes));
  }

  /** The peer half-closed. */
  end(): void {
    if (this.#driver !== undefined) {
      this.#driver.end();
      return;
    }
    this.#http!.receiveEnd(this.#app.host.deadlines.now());
    this.#left();
    this.#pumpCorked();
  }

  /** There is room again. */
  drain(): void {
    this.#full = false;
    this.#stuckBy = Number.POSITIVE_INFINITY;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const resolve of waiters) resolve();
    if (this.#driver !== undefined) this.#driver.drain();
    else this.#pumpCorked();
  }

  /** The transport is gone. */
  close(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    if (error !== undefined && this.#http?.idle === false) this.#app.host.report(error, 'transport');
    this.#app.host.deadlines.remove(this);
    this.#left(error);
    this.#endTurn();
    if (this.#body !== undefined) {
      this.#fault ??= this.#brokenOff();
      this.#body.fail(this.#fault);
    }
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const resolve of waiters) resolve();
    if (this.#driver !== undefined) this.#driver.close(error);
    this.#app.connections.delete(this);
    if (this.#turnedAway) this.#app.turnedAway--;
    this.#app.connectionGone();
  }

  // ------------------------------------------------------------------ the timer calls

  /** When the connection wants to be told the time. */
  get deadline(): number {
    if (this.#http === undefined || this.#gone) return Number.POSITIVE_INFINITY;
    return Math.min(this.#http.deadline, this.#stuckBy);
  }

  /** Time has passed. */
  expire(now: number): void {
    const http = this.#http;
    if (http === undefined) return;
    const { headTimeoutMs, keepAliveTimeoutMs, closeTimeoutMs } = this.#app.host.limits;
    const waiting = this.#stream.bufferedBytes;
    if (waiting > 0) this.#outflow ??= new Outflow(waiting, now);
    const quietMs = this.#outflow?.quietMs(waiting, now) ?? Number.POSITIVE_INFINITY;
    if (now >= this.#stuckBy) {
      if (quietMs >= headTimeoutMs) {
        this.#app.host.report(this.#stuck(), 'request');
        this.drop();
        return;
      }
      this.#stuckBy = now + headTimeoutMs;
    }
    const reading = !this.#paused && now - this.#resumedAt >= headTimeoutMs;
    const error = http.tick(now, reading, quietMs < Math.min(keepAliveTimeoutMs, closeTimeoutMs));
    if (error !== undefined) this.#refused(error);
    this.flush();
  }

  // ------------------------------------------------------------------ the server calls

  /** Take no more requests: close when what is at hand is done. */
  finish(): void {
    if (this.#driver !== undefined) this.#driver.closeSocket(1001, 'the server is stopping');
    else {
      this.#http!.finish(this.#app.host.deadlines.now());
      this.flush();
    }
  }

  /** Answer 503, and close. */
  refuse(error: ProtocolError): void {
    this.#turnedAway = true;
    this.#app.turnedAway++;
    this.#http!.refuse(error, this.#app.host.deadlines.now());
    this.flush();
  }

  /** Drop it now. */
  drop(): void {
    if (this.#driver !== undefined) this.#driver.terminate();
    else this.#stream.destroy();
  }

  // ------------------------------------------------------------------ a request and its response call, while it is their turn

  /** Where they come from. */
  get stream(): ByteStream {
    return this.#stream;
  }

  /** The app reads the body. */
  wantBody(): void {
    const http = this.#http!;
    if (http.response.finished) return;
    http.awaitBody(this.#app.host.deadlines.now());
    if (http.bufferedBytes > 0) this.#written();
  }

  /** Where the response is written. */
  writer(): ResponseWriter {
    return this.#http!.response;
  }

  /** Send what was written. Settles when there is room for more. */
  written(): Promise<void> {
    if (this.#http!.response.finished) {
      this.#leaving = undefined;
      this.#dropBody();
    }
    return this.#written();
  }

  // ------------------------------------------------------------------ in

  #pumpCorked(): void {
    this.#corked = true;
    this.#pump();
    this.#corked = false;
    this.flush();
  }

  /** Take events until there is none, or the app has to catch up. */
  #pump(): void {
    while (!this.#gone && this.#http !== undefined) {
      if (this.#full) break;
      // Handlers take their time.
      const event = this.#http.next(this.#app.host.deadlines.now());
      if (event === undefined) break;
      switch (event.kind) {
        case 'request':
          this.#request(event.request);
          break;
        case 'body':
          this.#body?.push(event.bytes, event.bytes.length);
          break;
        case 'end':
          this.#body?.end();
          this.#body = undefined;
          break;
        default:
          this.#refused(event);
      }
    }
    this.#updateReading();
  }

  #updateReading(): void {
    if (this.#gone || this.#http === undefined) return;
    const { highWaterMarkBytes } = this.#app.host.limits;
    const waiting = (this.#body?.size ?? 0) + this.#http.unreadBytes;
    // Behind our end, all that is left is the peer's: it is read whatever still goes out.
    const pause = !this.#endSent && (this.#full || waiting > highWaterMarkBytes);
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else {
      this.#resumedAt = this.#app.host.deadlines.now();
      this.#stream.resume();
    }
  }

  /** The peer broke a rule or a time limit; it has been answered, and the app's own answer comes too late. */
  #refused(error: ProtocolError): void {
    this.#left(error);
    this.#endTurn();
    this.#fault = error;
    this.#body?.fail(error);
    this.#body = undefined;
    this.#app.host.report(error, 'request');
  }

  /** The response is finished: what the app has not read of the body, it will not read. */
  #dropBody(): void {
    const body = this.#body;
    if (body === undefined) return;
    this.#body = undefined;
    body.abandon(new UsageTypeError('bad-state', 'Cannot read body: the response was finished before it'));
  }

  #request(head: RequestHead): void {
    this.#endTurn();
    const exchange = this.#exchange;
    this.#body = head.hasBody ? new AsyncQueue(() => this.#resume()) : undefined;
    const turn = new Turn(this, exchange);
    const request = new HttpRequest(head, turn, this.#body);
    if (this.#app.isUpgrade(head)) {
      this.#open(head, request, exchange);
      return;
    }
    if (head.method === 'CONNECT') {
      this.#http!.response.send(501, [], 'This server is no proxy.\n');
      return;
    }
    const handler = this.#app.http;
    if (handler === undefined) {
      this.#http!.response.send(404, NOT_FOUND_PAGE.headers, NOT_FOUND_PAGE.body);
      return;
    }
    const response = new HttpResponse(turn);
    try {
      const result: unknown = handler(request, response);
      if (isThenable(result)) {
        asPromise(result).then(
          (value) => this.#handled(response, turn, exchange, value),
          (error: unknown) => this.#handlerFailed(error, exchange),
        );
      } else this.#handled(response, turn, exchange, result);
    } catch (error) {
      this.#handlerFailed(error, exchange);
    }
  }

  /** The answer to the request at hand, if it is still to come, comes too late. */
  #endTurn(): void {
    this.#exchange++;
    this.#leaving = undefined;
    const call = this.#whenOver;
    this.#whenOver = undefined;
    call?.();
  }

  /** The peer has left, as far as we can tell, or broke a rule: tell an app that wanted to know. */
  #left(reason?: Error): void {
    // An error costs a walk over the stack, and hardly anybody asks.
    if (this.#leaving !== undefined) this.#leaving.abort(reason ?? hasLeft());
  }

  /** See `HttpRequest.signal`. */
  signal(exchange: number): AbortSignal {
    if (!this.isCurrent(exchange)) {
      if (!this.#gone && this.#fault === undefined) return new AbortController().signal;
      return AbortSignal.abort(this.#fault ?? hasLeft());
    }
    this.#leaving ??= new AbortController();
    const { signal } = this.#leaving;
    if (this.#http!.inputEnded) this.#left();
    if (this.#http!.response.finished) this.#leaving = undefined;
    return signal;
  }

  /** Have `call` called when the answer to the request at hand is no longer wanted. */
  whenOver(call: () => void): void {
    this.#whenOver = call;
  }

  /** Whether the answer to this request is still wanted. */
  isCurrent(exchange: number): boolean {
    return exchange === this.#exchange && !this.#gone && this.#http !== undefined;
  }

  /** The handler is done: what it has not sent is sent now. */
  #handled(response: HttpResponse, turn: Turn<Data>, exchange: number, result: unknown): void {
    if (!this.isCurrent(exchange)) return;
    try {
      if (!response.sent) checkResult(result);
      turn.left = true;
      response.end().then(undefined, (error: unknown) => this.#handlerFailed(error, exchange));
    } catch (error) {
      this.#handlerFailed(error, exchange);
    }
  }

  /** A handler threw or rejected: 500 if nothing was sent, else the response is cut off. */
  #handlerFailed(error: unknown, exchange: number): void {
    const http = this.#http;
    if (!this.isCurrent(exchange) || http === undefined) {
      // What the peer did wrong has been told already; and a handler that was still writing when it left has done nothing wrong.
      const told = error !== undefined && error === this.#fault;
      const tooLate = error instanceof ProtocolError && error.code === 'not-open';
      if (!told && !tooLate) this.#app.host.report(error, 'handler');
      return;
    }
    const now = this.#app.host.deadlines.now();
    // Of what is no JSON, or more than the handler takes, only the app knows.
    if (error instanceof ProtocolError && (error.code === 'bad-json' || error.code === 'body-too-big')) {
      this.#app.host.report(error, 'request');
      http.refuse(error, now);
    } else {
      this.#app.host.report(error, 'handler');
      http.fail('handler-failed', 'Cannot answer: the server failed', error, 500, now);
    }
    this.#endTurn();
    this.#dropBody();
    if (!this.#corked) this.flush();
  }

  /** A request asks for a WebSocket. */
  #open(head: RequestHead, request: HttpRequest, exchange: number): void {
    const opening = new Opening(this.#app, head, request, this.#stream.encrypted);
    try {
      const decision = opening.decide();
      if (decision !== undefined) {
        decision
          .then(() => this.#opened(opening, exchange))
          .then(undefined, (error: unknown) => this.#handlerFailed(error, exchange));
      } else this.#opened(opening, exchange);
    } catch (error) {
      this.#handlerFailed(error, exchange);
    }
  }

  #opened(opening: Opening<Data>, exchange: number): void {
    if (!this.isCurrent(exchange)) return;
    this.#leaving = undefined;
    const http = this.#http!;
    const { refusal } = opening;
    if (refusal !== undefined) {
      if (refusal.error !== undefined) this.#app.host.report(refusal.error, 'handshake');
      http.response.keepAlive = false;
      http.response.send(refusal.status, refusal.headers, refusal.body);
      this.#resume();
      return;
    }
    const { host } = this.#app;
    const { inputEnded } = http;
    const rest = http.upgrade(opening.head);
    const connection = opening.connect(http.output, host.deadlines.now());
    host.deadlines.remove(this);
    this.#http = undefined;
    const driver = new SocketDriver(
      host,
      this.#stream,
      connection,
      opening.info,
      this.#app.websockets!,
      this.#app.socketGone,
    );
    this.#driver = driver;
    this.#app.sockets.add(driver.socket);
    if (this.#paused) this.#stream.resume();
    driver.start(rest);
    if (inputEnded) driver.end();
    if (this.#app.stopping) this.finish();
  }

  // ------------------------------------------------------------------ out

  /** Hand the output to the transport, and do what the connection wants done to it. */
  flush(): void {
    this.#flushDue = false;
    const http = this.#http;
    if (http === undefined || this.#gone) return;
    const output = http.takeOutput();
    if (output !== undefined && !this.#endSent) {
      this.#outflow?.wrote(output.length);
      if (this.#stream.write(output)) {
        if (this.#stream.copied === true) http.recycleOutput(output);
      } else if (!this.#full) {
        this.#full = true;
        const now = this.#app.host.deadlines.now();
        this.#stuckBy = now + this.#app.host.limits.headTimeoutMs;
        this.#outflow = new Outflow(this.#stream.bufferedBytes, now);
      }
    }
    if (http.dropped) this.#stream.destroy();
    else if (http.outputEnded && !this.#endSent) {
      this.#endSent = true;
      this.#stream.end();
      this.#updateReading();
    }
    this.#app.host.deadlines.update(this);
  }

  #written(): Promise<void> {
    const http = this.#http!;
    if (http.response.finished && !this.#corked) this.#resume();
    else if (http.bufferedBytes >= this.#app.host.limits.highWaterMarkBytes) this.flush();
    else if (!this.#corked && !this.#flushDue) {
      this.#flushDue = true;
      this.#app.host.later(this);
    }
    if (!this.#full) return DONE;
    return new Promise((resolve) => {
      this.#waiters ??= [];
      this.#waiters.push(resolve);
    });
  }

  /** A response is finished, or part of a body was read: go on. */
  #resume(): void {
    if (this.#corked) return;
    this.#pumpCorked();
  }

  #stuck(): ProtocolError {
    const { headTimeoutMs } = this.#app.host.limits;
    return new ProtocolError(
      'send-timeout',
      CONNECTION_ERRORS['send-timeout'],
      `Cannot send response: the peer took nothing of it for ${headTimeoutMs} ms`,
      0,
    );
  }

  #brokenOff(): ProtocolError {
    return new ProtocolError(
      'unexpected-end',
      HTTP_ERRORS['unexpected-end'],
      'Cannot read request: the connection was lost inside its body',
      0,
    );
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

/** One request's and response's turn on the connection: afterwards, they reach nothing. */
class Turn<Data> implements RequestSource, ResponseSink {
  /** Whether the handler is done. */
  left = false;
  readonly #connection: ServerConnection<Data>;
  readonly #exchange: number;

  constructor(connection: ServerConnection<Data>, exchange: number) {
    this.#connection = connection;
    this.#exchange = exchange;
  }

  get remoteAddress(): string {
    return this.#connection.stream.remoteAddress;
  }

  get encrypted(): boolean {
    return this.#connection.stream.encrypted;
  }

  get signal(): AbortSignal {
    return this.#connection.signal(this.#exchange);
  }

  wantBody(): void {
    if (this.#connection.isCurrent(this.#exchange)) this.#connection.wantBody();
  }

  writer(): ResponseWriter | undefined {
    return this.#connection.isCurrent(this.#exchange) ? this.#connection.writer() : undefined;
  }

  written(): Promise<void> {
    return this.#connection.isCurrent(this.#exchange) ? this.#connection.written() : DONE;
  }

  whenOver(call: () => void): void {
    if (this.#connection.isCurrent(this.#exchange)) this.#connection.whenOver(call);
    else call();
  }
}
