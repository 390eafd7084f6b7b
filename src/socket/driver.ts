/**
 * Joins a byte stream with a `WebSocketConnection` and an app's handlers.
 *
 * Owns: when bytes are read and written, holding the peer back, running handlers so that nothing they throw escapes.
 * Does not own: the protocol (`connection/`), sockets (`transport/`), what the app sees (`socket.ts`).
 *
 * @module
 */

import { type BytesLike, viewBytes } from '../bytes/view.ts';
import type { CloseEvent, ConnectionEvent, PongEvent } from '../connection/events.ts';
import type { SendOptions, WebSocketConnection } from '../connection/websocket.ts';
import { CONNECTION_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import type { PieceEvent } from '../frame/message-event.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import type { ByteStream, StreamHandler } from '../transport/transport.ts';
import type { Timed } from './deadlines.ts';
import { type Flushable, type Host, isThenable, nothing } from './host.ts';
import { IncomingMessage } from './incoming.ts';
import { AsyncQueue } from './queue.ts';
import { Socket, type SocketCloseInfo, type SocketInfo } from './socket.ts';

/** Functions that are called as things happen to a socket. A promise that a function returns is waited for where that means something. */
export interface SocketHandlers<Data = unknown> {
  /** The connection is open. */
  open?(socket: Socket<Data>): unknown;
  /** A message came. Handlers start in the order of messages, and do not wait for one another. */
  message?(socket: Socket<Data>, message: string | Uint8Array): unknown;
  /** Instead of `message`: a message starts, to be read in pieces. The next one starts when this one was read or the handler is done. */
  stream?(socket: Socket<Data>, message: IncomingMessage): unknown;
  /** The connection is over; called exactly once, after everything else. */
  close?(socket: Socket<Data>, info: SocketCloseInfo): unknown;
  /** The peer broke a rule, or a handler failed; `close` follows. */
  error?(socket: Socket<Data>, error: unknown): unknown;
}

/** At most this many handlers of a socket may be under way; then reading pauses. */
const MAX_RUNNING = 1024;
/** Smaller output that has to wait is copied, so that it does not keep a whole slab alive. */
const COPY_BELOW = 4096;

/** What a waiting message costs beyond its bytes. */
const INBOX_OVERHEAD = 64;

const DONE: Promise<void> = Promise.resolve();

interface Waiter {
  resolve(): void;
  reject(error: unknown): void;
}

interface Pinger {
  readonly number: number;
  resolve(latencyMs: number): void;
  reject(error: unknown): void;
}

/** Drives one socket. */
export class SocketDriver<Data = unknown> implements StreamHandler, Timed, Flushable {
  /** What the app has. */
  readonly socket: Socket<Data>;
  heapIndex = -1;
  heapKey = 0;
  readonly #host: Host;
  readonly #stream: ByteStream;
  readonly #connection: WebSocketConnection;
  readonly #handlers: SocketHandlers<Data>;
  readonly #onGone: (driver: SocketDriver<Data>) => void;
  /** In a call from the transport: output is sent at its end. */
  #corked = false;
  #flushDue = false;
  #pumping = false;
  /** The transport took more than it wants: wait for `drain`. */
  #full = false;
  #paused = false;
  #inputEnded = false;
  #endSent = false;
  #gone = false;
  /** `terminate` was called. */
  #cut = false;
  #running = 0;
  #runningBytes = 0;
  #closeInfo: SocketCloseInfo | undefined;
  /** Why it is over, where nobody said goodbye: the `cause` of what calls are told from then on. */
  #fault: Error | undefined;
  #waiters: Waiter[] | undefined;
  #pingers: Pinger[] | undefined;
  #inbox: AsyncQueue<string | Uint8Array | IncomingMessage> | undefined;
  #pieces: AsyncQueue<string | Uint8Array> | undefined;
  #closed: Promise<SocketCloseInfo> | undefined;
  #resolveClosed: ((info: SocketCloseInfo) => void) | undefined;
  /** Streamed messages that are being sent, and what waits behind them. */
  #sending: Promise<void> | undefined;
  #behindBytes = 0;

  /**
   * @param onGone Called once, when the transport is gone.
   */
  constructor(
    host: Host,
    stream: ByteStream,
    connection: WebSocketConnection,
    info: SocketInfo<Data>,
    handlers: SocketHandlers<Data>,
    onGone: (driver: SocketDriver<Data>) => void,
  ) {
    this.#host = host;
    this.#stream = stream;
    this.#connection = connection;
    this.#handlers = handlers;
    this.#onGone = onGone;
    this.socket = new Socket(this, info);
    if (handlers.message === undefined && handlers.stream === undefined) {
      this.#inbox = new AsyncQueue(this.#resume);
    }
  }

  /** Run `open`, then take the bytes that came behind the handshake. */
  start(rest: Uint8Array): void {
    this.#corked = true;
    this.#callOpen();
    if (rest.length > 0) this.#connection.receive(rest, this.#host.deadlines.now());
    this.#pump();
    this.#corked = false;
    this.flush();
  }

  // ------------------------------------------------------------------ the transport calls

  /** Bytes came in. */
  data(bytes: Uint8Array): void {
    this.#connection.receive(bytes, this.#host.deadlines.now());
    this.#corked = true;
    this.#pump();
    this.#corked = false;
    this.flush();
  }

  /** The peer half-closed. */
  end(): void {
    this.#inputEnded = true;
    this.#pump();
    this.flush();
  }

  /** There is room again. */
  drain(): void {
    this.#full = false;
    this.#connection.congested = false;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.resolve();
    this.#pump();
    this.flush();
  }

  /** The transport is gone. */
  close(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#inputEnded = true;
    if (error !== undefined && this.#connection.state === 'open') {
      this.#fault ??= error;
      this.#host.report(error, 'transport');
    }
    this.#host.deadlines.remove(this);
    this.#pump();
    this.#settleAll();
    this.#onGone(this);
  }

  // ------------------------------------------------------------------ the timer calls

  /** When the connection wants to be told the time. */
  get deadline(): number {
    return this.#gone ? Number.POSITIVE_INFINITY : this.#connection.deadline;
  }

  /** Time has passed. */
  expire(now: number): void {
    // What we hold back ourselves proves nothing about the peer; output that does not drain does.
    this.#connection.tick(now, !this.#paused || this.#full);
    this.#pump();
    this.flush();
  }

  // ------------------------------------------------------------------ the app calls, by way of Socket

  /** See `Socket.state`. */
  get state(): 'open' | 'closing' | 'closed' {
    const { state } = this.#connection;
    return state === 'open' || state === 'closing' ? state : 'closed';
  }

  /** See `Socket.bufferedAmount`. */
  get bufferedBytes(): number {
    return this.#gone ? 0 : this.#connection.bufferedBytes + this.#stream.bufferedBytes;
  }

  /** See `Socket.remoteAddress`. */
  get remoteAddress(): string {
    return this.#stream.remoteAddress;
  }

  /** See `Socket.encrypted`. */
  get encrypted(): boolean {
    return this.#stream.encrypted;
  }

  /** See `Socket.closed`. */
  get closed(): Promise<SocketCloseInfo> {
    this.#closed ??=
      this.#closeInfo === undefined
        ? new Promise((resolve) => {
            this.#resolveClosed = resolve;
          })
        : Promise.resolve(this.#closeInfo);
    return this.#closed;
  }

  /** See `Socket.send`. */
  send(data: string | Uint8Array | PreparedMessage, options: SendOptions | undefined): Promise<void> {
    if (this.#sending !== undefined) return this.#sendBehind(data, options);
    if (this.#full) {
      const waiting = this.bufferedBytes;
      const size = sizeOf(data);
      if (waiting > 0 && waiting + size > this.#host.limits.maxSendBufferBytes)
        return this.#overflow(waiting + size);
    }
    const connection = this.#connection;
    const sent =
      data instanceof PreparedMessage
        ? connection.sendPrepared(data, options)
        : connection.send(data, options);
    return sent ? this.#sent() : this.#notOpen('send');
  }

  /** See `Socket.sendStream`. */
  sendStream(source: AsyncIterable<string | BytesLike> | Iterable<string | BytesLike>): Promise<void> {
    const before = this.#sending ?? DONE;
    const result = before.then(() => this.#sendPieces(source));
    const tail: Promise<void> = result.then(nothing, nothing).then(() => {
      if (this.#sending === tail) this.#sending = undefined;
    });
    this.#sending = tail;
    return handled(result);
  }

  /** See `Socket.ping`. */
  ping(payload: Uint8Array | undefined): Promise<number> {
    const number = this.#connection.ping(payload, this.#host.deadlines.now());
    if (number < 0) return this.#notOpen('ping');
    this.#sent();
    this.#host.deadlines.update(this);
    return handled(
      new Promise<number>((resolve, reject) => {
        this.#pingers ??= [];
        this.#pingers.push({ number, resolve, reject });
      }),
    );
  }

  /** See `Socket.pong`. */
  pong(payload: Uint8Array | undefined): Promise<void> {
    return this.#connection.pong(payload) ? this.#sent() : this.#notOpen('pong');
  }

  /** See `Socket.close`. */
  closeSocket(code: number | undefined, reason: string | undefined): void {
    this.#connection.close(code, reason, this.#host.deadlines.now());
    this.#pump();
    this.flush();
  }

  /** See `Socket.terminate`. */
  terminate(): void {
    if (this.#gone) return;
    this.#connection.receiveEnd(this.#host.deadlines.now());
    this.#cut = true;
    this.#pump();
    this.#stream.destroy();
  }

  /** See `Socket[Symbol.asyncIterator]`. */
  messages(): AsyncIterator<string | Uint8Array | IncomingMessage, undefined> {
    const inbox = this.#inbox;
    if (inbox === undefined) {
      throw new UsageTypeError(
        'bad-state',
        'Cannot iterate over messages: they go to the handler, leave it out',
      );
    }
    // Leaving the loop keeps what waits: a later loop goes on with it.
    return { next: () => inbox.next(), return: () => Promise.resolve({ done: true, value: undefined }) };
  }

  // ------------------------------------------------------------------ in

  /** Take events until there is none, or we have to hold back. */
  #pump(): void {
    if (this.#pumping) return;
    this.#pumping = true;
    for (;;) {
      if (this.#held()) break;
      const event = this.#connection.next();
      if (event !== undefined) this.#handle(event);
      else if (this.#inputEnded && this.#connection.state !== 'closed') {
        this.#connection.receiveEnd(this.#host.deadlines.now());
      } else break;
    }
    this.#pumping = false;
    const pause = this.#held();
    if (pause === this.#paused || this.#gone) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else this.#stream.resume();
  }

  /** Whether the app, or the peer's reading, has to catch up before more is taken in. */
  #held(): boolean {
    if (this.#gone || this.#cut) return false;
    const { highWaterMarkBytes } = this.#host.limits;
    if (this.#full || this.#runningBytes > highWaterMarkBytes || this.#running >= MAX_RUNNING) return true;
    if (this.#inbox !== undefined && this.#inbox.size > highWaterMarkBytes) return true;
    return this.#pieces !== undefined && this.#pieces.size > (this.#pieces.ended ? 0 : highWaterMarkBytes);
  }

  #handle(event: ConnectionEvent): void {
    switch (event.kind) {
      case 'text':
      case 'binary':
        if (this.#inbox === undefined) this.#callMessage(event.data);
        else this.#inbox.push(event.data, event.data.length + INBOX_OVERHEAD);
        return;
      case 'piece':
        this.#piece(event);
        return;
      case 'pong':
        this.#ponged(event);
        return;
      case 'close':
        this.#closeSeen(event);
        return;
      case 'error':
        this.#faulted(event);
        return;
    }
  }

  #callMessage(message: string | Uint8Array): void {
    let result: unknown;
    try {
      result = this.#handlers.message!(this.socket, message);
      if (!isThenable(result)) return;
      this.#running++;
      this.#runningBytes += message.length;
      result.then(this.#settled, this.#rejected);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #callOpen(): void {
    try {
      const result: unknown = this.#handlers.open?.(this.socket);
      if (isThenable(result)) result.then(nothing, this.#failed);
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #piece(event: PieceEvent): void {
    if (event.first) this.#openStream(event.type);
    const pieces = this.#pieces!;
    if (event.data.length > 0) pieces.push(event.data, event.data.length);
    if (event.last) pieces.end();
  }

  #openStream(type: 'text' | 'binary'): void {
    const pieces = new AsyncQueue<string | Uint8Array>(this.#resume);
    this.#pieces = pieces;
    const message = new IncomingMessage(type, pieces);
    if (this.#inbox !== undefined) {
      this.#inbox.push(message, INBOX_OVERHEAD);
      return;
    }
    // What the handler does not read is dropped when it is done.
    const done = (): void => void pieces.return();
    try {
      const result: unknown = this.#handlers.stream!(this.socket, message);
      if (isThenable(result)) result.then(done, (error) => this.#handlerFailed(error));
      else done();
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #ponged(event: PongEvent): void {
    const pingers = this.#pingers;
    if (pingers === undefined || event.answers < 0) return;
    // A pong for a later ping answers the earlier ones too.
    this.#pingers = pingers.filter((pinger) => {
      if (pinger.number > event.answers) return true;
      pinger.resolve(event.latencyMs!);
      return false;
    });
  }

  #faulted(error: ProtocolError): void {
    this.#fault = error;
    const ours = error.code === 'handler-failed';
    if (!ours) this.#host.report(error, 'socket');
    this.#tell(() => this.#handlers.error?.(this.socket, ours ? error.cause : error));
  }

  #closeSeen(event: CloseEvent): void {
    const info: SocketCloseInfo = { code: event.code, reason: event.reason, wasClean: event.wasClean };
    this.#closeInfo = info;
    this.#resolveClosed?.(info);
    this.#settleAll();
    if (info.wasClean) this.#inbox?.end();
    else this.#inbox?.fail(this.#whyClosed('receive'));
    this.#pieces?.fail(this.#whyClosed('receive'));
    this.#tell(() => this.#handlers.close?.(this.socket, info));
  }

  /** Call a handler that has nothing left to fail. */
  #tell(call: () => unknown): void {
    try {
      const result = call();
      if (isThenable(result)) result.then(nothing, (error: unknown) => this.#host.report(error, 'handler'));
    } catch (error) {
      this.#host.report(error, 'handler');
    }
  }

  /** A handler threw or rejected: this connection is over, and nothing else. */
  #handlerFailed(error: unknown): void {
    // A handler that was still sending when the peer left has done nothing wrong.
    if (error instanceof ProtocolError && error.code === 'not-open' && this.state !== 'open') return;
    this.#host.report(error, 'handler');
    const now = this.#host.deadlines.now();
    this.#connection.fail('handler-failed', 'Cannot go on: a handler failed', error, now);
    this.#pump();
    if (!this.#corked) this.flush();
  }

  readonly #settled = (): void => {
    this.#runningBytes -= this.#runningBytes / this.#running;
    this.#running--;
    if (this.#paused) this.#resume();
  };

  readonly #rejected = (error: unknown): void => {
    this.#settled();
    this.#handlerFailed(error);
  };

  readonly #failed = (error: unknown): void => this.#handlerFailed(error);

  /** Something was taken that we waited for. */
  readonly #resume = (): void => {
    this.#pump();
    this.flush();
  };

  // ------------------------------------------------------------------ out

  /** Hand the output to the transport, and do what the connection wants done to it. */
  flush(): void {
    this.#flushDue = false;
    if (this.#gone || this.#endSent) {
      if (!this.#gone && this.#connection.dropped) this.#stream.destroy();
      return;
    }
    const connection = this.#connection;
    let output = connection.takeOutput();
    if (output !== undefined) {
      if (this.#full && output.length < COPY_BELOW) output = output.slice();
      if (!this.#stream.write(output)) {
        this.#full = true;
        connection.congested = true;
      } else if (this.#stream.copied === true) connection.recycleOutput(output);
    }
    if (connection.dropped) this.#stream.destroy();
    else if (connection.outputEnded) {
      this.#endSent = true;
      this.#stream.end();
    }
    this.#host.deadlines.update(this);
  }

  /** Something was written: see that it goes out, and say when there is room for more. */
  #sent(): Promise<void> {
    if (this.#connection.bufferedBytes >= this.#host.limits.highWaterMarkBytes) this.flush();
    else if (!this.#corked && !this.#flushDue) {
      this.#flushDue = true;
      this.#host.later(this);
    }
    if (!this.#full) return DONE;
    return handled(
      new Promise<void>((resolve, reject) => {
        this.#waiters ??= [];
        this.#waiters.push({ resolve, reject });
      }),
    );
  }

  /** A streamed message is under way: wait until it ends. */
  #sendBehind(data: string | Uint8Array | PreparedMessage, options: SendOptions | undefined): Promise<void> {
    const size = sizeOf(data);
    const waiting = this.bufferedBytes + this.#behindBytes + size;
    if (waiting > this.#host.limits.maxSendBufferBytes) return this.#overflow(waiting);
    const copy = data instanceof Uint8Array ? data.slice() : data;
    this.#behindBytes += size;
    const before = this.#sending!;
    const result = before.then(() => {
      this.#behindBytes -= size;
      return this.send(copy, options);
    });
    return handled(result);
  }

  async #sendPieces(source: AsyncIterable<string | BytesLike> | Iterable<string | BytesLike>): Promise<void> {
    let type: 'text' | 'binary' | undefined;
    let carry = '';
    try {
      for await (const piece of source) {
        const is = typeof piece === 'string' ? 'text' : 'binary';
        const first = type === undefined;
        type ??= is;
        if (is !== type)
          throw new UsageTypeError(
            'bad-argument',
            `Cannot send stream: a ${is} piece came in a ${type} message`,
          );
        let data: string | Uint8Array;
        if (typeof piece === 'string') {
          // Half of a surrogate pair waits for the other half.
          data = carry + piece;
          carry = /[\ud800-\udbff]$/.test(data) ? data.slice(-1) : '';
          if (carry !== '') data = data.slice(0, -1);
        } else {
          data = viewBytes(piece, 'piece');
        }
        if (!this.#connection.sendPiece(type, data, first, false)) return await this.#notOpen('send');
        await this.#sent();
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) this.#handlerFailed(error);
      throw error;
    }
    if (!this.#connection.sendPiece(type ?? 'text', carry, type === undefined, true))
      return this.#notOpen('send');
    return this.#sent();
  }

  #overflow(bytes: number): Promise<never> {
    const limit = this.#host.limits.maxSendBufferBytes;
    const message = `Cannot send: ${bytes} bytes would be waiting, expected at most ${limit}; await send() to keep up with the peer`;
    const error = this.#connection.fail('send-buffer-full', message, undefined, this.#host.deadlines.now());
    this.#pump();
    if (!this.#corked) this.flush();
    return handled(Promise.reject(error ?? this.#whyClosed('send')));
  }

  #notOpen(what: string): Promise<never> {
    return handled(Promise.reject(this.#whyClosed(what)));
  }

  #whyClosed(what: string): ProtocolError {
    const info = this.#closeInfo;
    const how = info === undefined ? 'is closing' : `was closed with ${info.code}`;
    return new ProtocolError(
      'not-open',
      CONNECTION_ERRORS['not-open'],
      `Cannot ${what}: the connection ${how}`,
      0,
      {
        cause: this.#fault,
      },
    );
  }

  /** The connection is over: nobody waits any longer. */
  #settleAll(): void {
    const waiters = this.#waiters;
    const pingers = this.#pingers;
    this.#waiters = undefined;
    this.#pingers = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(this.#whyClosed('send'));
    if (pingers !== undefined) for (const pinger of pingers) pinger.reject(this.#whyClosed('ping'));
  }
}

/** The same promise; that nobody looks at it is no unhandled rejection. */
function handled<P extends Promise<unknown>>(promise: P): P {
  promise.then(undefined, nothing);
  return promise;
}

function sizeOf(data: string | Uint8Array | PreparedMessage): number {
  return data instanceof PreparedMessage ? data.payload.length : data.length;
}
