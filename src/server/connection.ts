/**
 * One connection of a server: HTTP, until a request turns it into a WebSocket.
 *
 * Owns: when bytes are read and written, who answers a request, what is sent when that fails, and handing over to a WebSocket. Does not
 * own: the protocols (`connection/`), a request at hand (`exchange.ts`), the decision on an upgrade (`opening.ts`), open WebSockets
 * (`socket/`), listening (`server.ts`).
 *
 * @module
 */
import { Output } from '../bytes/output.ts';
import { copyBytes } from '../bytes/view.ts';
import { HttpConnection } from '../connection/http.ts';
import { CONNECTION_ERRORS, HTTP_ERRORS, ProtocolError } from '../errors.ts';
import type { RequestHead } from '../http/request-parser.ts';
import { Congestion } from '../socket/congestion.ts';
import type { Timed } from '../socket/deadlines.ts';
import { SocketDriver } from '../socket/driver.ts';
import type { Flushable } from '../socket/host.ts';
import type { ByteStream, StreamHandler } from '../transport/transport.ts';
import type { App, Member } from './app.ts';
import { Exchange, type ExchangeOwner } from './exchange.ts';
import { Opening } from './opening.ts';
import { NOT_FOUND_PAGE } from './pages.ts';
import { HttpRequest } from './request.ts';

const DONE: Promise<void> = Promise.resolve();

/** Drives one connection. */
export class ServerConnection<Data> implements StreamHandler, Timed, Flushable, Member, ExchangeOwner {
  heapIndex = -1;
  heapKey = 0;
  readonly #app: App<Data>;
  /** Where its bytes come from. */
  readonly stream: ByteStream;
  /** Its engine; `undefined` once it is a WebSocket. */
  http: HttpConnection | undefined;
  /** Once it is a WebSocket. */
  #driver: SocketDriver<Data> | undefined;
  /** The request at hand; or the last one, when it is answered. */
  #exchange: Exchange | undefined;
  #corked = false;
  #flushDue = false;
  #paused = false;
  /** When reading went on: before that, the peer's silence was our doing. */
  #resumedAt = Number.NEGATIVE_INFINITY;
  #endSent = false;
  /** Whether the transport is. */
  gone = false;
  #turnedAway = false;
  /** Made when output first has to wait. */
  #congestion: Congestion | undefined;
  /** While the stream is full: when it must have sent more. */
  #stuckBy = Number.POSITIVE_INFINITY;
  /** What the peer did wrong, or how it was lost: whoever reads the body is told it. */
  fault: ProtocolError | undefined;

  /** The caller has added it to the app's connections. */
  constructor(app: App<Data>, stream: ByteStream) {
    this.#app = app;
    this.stream = stream;
    const { host } = app;
    this.http = new HttpConnection({
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
    this.http!.receive(bytes, this.#app.host.deadlines.now());
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
    this.http!.receiveEnd(this.#app.host.deadlines.now());
    this.#exchange?.peerLeft();
    this.#pumpCorked();
  }

  /** There is room again. */
  drain(): void {
    this.#stuckBy = Number.POSITIVE_INFINITY;
    this.#congestion?.drain();
    if (this.#driver !== undefined) this.#driver.drain();
    else this.#pumpCorked();
  }

  /** The transport is gone. */
  close(error?: Error): void {
    if (this.gone) return;
    this.gone = true;
    if (error !== undefined && this.http?.idle === false) this.#app.host.report(error, 'transport');
    this.#app.host.deadlines.remove(this);
    const exchange = this.#exchange;
    exchange?.peerLeft(error);
    exchange?.end();
    if (exchange?.body !== undefined) {
      this.fault ??= this.#brokenOff();
      exchange.failBody(this.fault);
    }
    this.#congestion?.release();
    if (this.#driver !== undefined) this.#driver.close(error);
    this.#app.connections.delete(this);
    if (this.#turnedAway) this.#app.turnedAway--;
    this.#app.connectionGone();
  }

  // ------------------------------------------------------------------ the timer calls

  /** When the connection wants to be told the time. */
  get deadline(): number {
    if (this.http === undefined || this.gone) return Number.POSITIVE_INFINITY;
    return Math.min(this.http.deadline, this.#stuckBy);
  }

  /** Time has passed. */
  expire(now: number): void {
    const http = this.http;
    if (http === undefined) return;
    const { headTimeoutMs, keepAliveTimeoutMs, closeTimeoutMs } = this.#app.host.limits;
    this.#congestion ??= Congestion.of(this.stream, now);
    const quietMs = this.#congestion?.quietMs(now) ?? Number.POSITIVE_INFINITY;
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
      this.http!.finish(this.#app.host.deadlines.now());
      this.flush();
    }
  }

  /** Answer 503, and close. */
  refuse(error: ProtocolError): void {
    this.#turnedAway = true;
    this.#app.turnedAway++;
    this.http!.refuse(error, this.#app.host.deadlines.now());
    this.flush();
  }

  /** Drop it now. */
  drop(): void {
    if (this.#driver !== undefined) this.#driver.terminate();
    else this.stream.destroy();
  }

  // ------------------------------------------------------------------ an exchange calls, while it is its turn

  /** The app reads the body: tell a peer that waits to be told. */
  wantBody(): void {
    const http = this.http!;
    if (http.response.finished) return;
    http.awaitBody(this.#app.host.deadlines.now());
    if (http.bufferedBytes > 0) this.written();
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
    while (!this.gone && this.http !== undefined) {
      if (this.#congestion?.full === true) break;
      // Handlers take their time.
      const event = this.http.next(this.#app.host.deadlines.now());
      if (event === undefined) break;
      switch (event.kind) {
        case 'request':
          this.#request(event.request);
          break;
        case 'body':
          this.#exchange?.body?.push(event.bytes, event.bytes.length);
          break;
        case 'end':
          this.#exchange?.endBody();
          break;
        default:
          this.#refused(event);
      }
    }
    this.#updateReading();
  }

  #updateReading(): void {
    if (this.gone || this.http === undefined) return;
    const { highWaterMarkBytes } = this.#app.host.limits;
    const waiting = (this.#exchange?.body?.size ?? 0) + this.http.unreadBytes;
    // Behind our end, all that is left is the peer's: it is read whatever still goes out.
    const pause = !this.#endSent && (this.#congestion?.full === true || waiting > highWaterMarkBytes);
    if (pause === this.#paused) return;
    this.#paused = pause;
    if (pause) this.stream.pause();
    else {
      this.#resumedAt = this.#app.host.deadlines.now();
      this.stream.resume();
    }
  }

  /** The peer broke a rule or a time limit; it has been answered, and the app's own answer comes too late. */
  #refused(error: ProtocolError): void {
    const exchange = this.#exchange;
    exchange?.peerLeft(error);
    exchange?.end();
    this.fault = error;
    exchange?.failBody(error);
    this.#app.host.report(error, 'request');
  }

  #request(head: RequestHead): void {
    this.#exchange?.end();
    const exchange = new Exchange(this, head.hasBody);
    this.#exchange = exchange;
    const request = new HttpRequest(head, exchange, exchange.body);
    if (this.#app.isUpgrade(head)) {
      this.#open(head, request, exchange);
      return;
    }
    if (head.method === 'CONNECT') {
      this.http!.response.send(501, [], 'This server is no proxy.\n');
      return;
    }
    const handler = this.#app.http;
    if (handler === undefined) {
      this.http!.response.send(404, NOT_FOUND_PAGE.headers, NOT_FOUND_PAGE.body);
      return;
    }
    exchange.run(handler, request);
  }

  /** A handler threw or rejected: 500 if nothing was sent, else the response is cut off. */
  failed(error: unknown, exchange: Exchange): void {
    const http = this.http;
    if (!exchange.current || http === undefined) {
      // What the peer did wrong has been told already; and a handler that was still writing when it left has done nothing wrong.
      const told = error !== undefined && error === this.fault;
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
    // Whichever is at hand: the app's onError may have answered this one, and another came.
    this.#exchange?.end();
    this.#exchange?.dropBody();
    if (!this.#corked) this.flush();
  }

  /** A request asks for a WebSocket. */
  #open(head: RequestHead, request: HttpRequest, exchange: Exchange): void {
    const opening = new Opening(this.#app, head, request, this.stream.encrypted);
    try {
      const decision = opening.decide();
      if (decision !== undefined) {
        decision
          .then(() => this.#opened(opening, exchange))
          .then(undefined, (error: unknown) => this.failed(error, exchange));
      } else this.#opened(opening, exchange);
    } catch (error) {
      this.failed(error, exchange);
    }
  }

  #opened(opening: Opening<Data>, exchange: Exchange): void {
    if (!exchange.current) return;
    exchange.decided();
    const http = this.http!;
    const { refusal } = opening;
    if (refusal !== undefined) {
      if (refusal.error !== undefined) this.#app.host.report(refusal.error, 'handshake');
      http.response.keepAlive = false;
      http.response.send(refusal.status, refusal.headers, refusal.body);
      this.resume();
      return;
    }
    const { host } = this.#app;
    const { inputEnded } = http;
    const rest = http.upgrade(opening.head);
    const connection = opening.connect(http.output, host.deadlines.now());
    host.deadlines.remove(this);
    this.http = undefined;
    const driver = new SocketDriver(
      host,
      this.stream,
      connection,
      opening.info,
      this.#app.websockets!,
      this.#app.socketGone,
    );
    this.#driver = driver;
    this.#app.sockets.add(driver.socket);
    if (this.#paused) this.stream.resume();
    driver.start(rest);
    if (inputEnded) driver.end();
    if (this.#app.stopping) this.finish();
  }

  // ------------------------------------------------------------------ out

  /** Hand the output to the transport, and do what the connection wants done to it. */
  flush(): void {
    this.#flushDue = false;
    const http = this.http;
    if (http === undefined || this.gone) return;
    const output = http.takeOutput();
    if (output !== undefined && !this.#endSent) {
      this.#congestion?.wrote(output.length);
      if (this.stream.write(output)) {
        if (this.stream.copied === true) http.recycleOutput(output);
      } else if (this.#congestion?.full !== true) {
        const now = this.#app.host.deadlines.now();
        this.#stuckBy = now + this.#app.host.limits.headTimeoutMs;
        this.#congestion ??= new Congestion(this.stream, now);
        this.#congestion.fill(now);
      }
    }
    if (http.dropped) this.stream.destroy();
    else if (http.outputEnded && !this.#endSent) {
      this.#endSent = true;
      this.stream.end();
      this.#updateReading();
    }
    this.#app.host.deadlines.update(this);
  }

  /** Something was written: see that it goes out. Settles when there is room for more. */
  written(): Promise<void> {
    const http = this.http!;
    if (http.response.finished && !this.#corked) this.resume();
    else if (http.bufferedBytes >= this.#app.host.limits.highWaterMarkBytes) this.flush();
    else if (!this.#corked && !this.#flushDue) {
      this.#flushDue = true;
      this.#app.host.later(this);
    }
    const congestion = this.#congestion;
    return congestion?.full === true ? congestion.room() : DONE;
  }

  /** A response is finished, or part of a body was read: go on. */
  resume(): void {
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
