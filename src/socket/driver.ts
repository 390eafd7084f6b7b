/**
 * Joins a byte stream with a `WebSocketConnection` and an app's handlers.
 *
 * Owns: when bytes are read and written, holding the peer back, running handlers so that nothing they throw escapes.
 * Does not own: the protocol (`connection/`), sockets (`transport/`), what the app sees (`socket.ts`).
 *
 * @module
 */
import type { CloseEvent, ConnectionEvent, PongEvent } from '../connection/events.ts';
import type { SendOptions, StreamOptions } from '../connection/send-options.ts';
import type { WebSocketConnection } from '../connection/websocket.ts';
import { CONNECTION_ERRORS, ProtocolError, UsageTypeError } from '../errors.ts';
import { CloseCode } from '../frame/close.ts';
import type { PieceEvent } from '../frame/message-event.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { type ByteStream, type StreamHandler, TURN_MS } from '../transport/transport.ts';
import type { Timed } from './deadlines.ts';
import { asPromise, type Flushable, type Host, handled, isThenable, nothing, queueTask } from './host.ts';
import { IncomingMessage } from './incoming.ts';
import { Outbox, type OutboxTarget, type Pieces, type Sendable } from './outbox.ts';
import { Outflow } from './outflow.ts';
import { AsyncQueue } from './queue.ts';
import { Socket, type SocketCloseInfo, type SocketInfo } from './socket.ts';

/** Functions that are called as things happen to a socket. A promise that a function returns is waited for where that means something. */
export interface SocketHandlers<Data = unknown> {
  /** The connection is open. */
  open?(socket: Socket<Data>): unknown;
  /**
   * A message came. Handlers start in the order of messages, and do not wait for one another.
   *
   * @param type What it was sent as, where `message` does not tell: with `textAsBytes`, both are bytes.
   */
  message?(socket: Socket<Data>, message: string | Uint8Array, type: 'text' | 'binary'): unknown;
  /** Instead of `message`: a message starts, to be read in pieces. The next one starts when this one was read or the handler is done. */
  stream?(socket: Socket<Data>, message: IncomingMessage): unknown;
  /** The connection is over; called exactly once, after everything else. */
  close?(socket: Socket<Data>, info: SocketCloseInfo): unknown;
  /** The peer broke a rule, or a handler failed; `close` follows. */
  error?(socket: Socket<Data>, error: unknown): unknown;
}

/** At most this many handlers of a socket may be under way; then reading pauses. */
const MAX_RUNNING = 1024;
/** Messages up to this size are bounded by their number; larger ones are counted, which costs two functions each. */
const COUNT_ABOVE = 64;
/** Smaller output that has to wait is copied, so that it does not keep a whole slab alive. */
const COPY_BELOW = 4096;

/** After so many events it is seen whether the others should have their turn. */
const LOOK_AFTER = 16;

/** What a message that waits costs beyond its bytes. */
const WAITING_OVERHEAD = 64;

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
export class SocketDriver<Data = unknown> implements StreamHandler, Timed, Flushable, OutboxTarget {
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
  /** Nothing more can be read: see `#break`. */
  #broken = false;
  /** The transport took more than it wants: wait for `drain`. */
  #full = false;
  /** Bytes that were written since nevertheless. */
  #added = 0;
  #paused = false;
  #resumeDue = false;
  /** What has come is left alone for now, so that others have their turn. */
  #resting = false;
  /** Since when it is our turn: something came then, or reading went on. */
  #turnBegan = 0;
  #inputEnded = false;
  #endSent = false;
  #gone = false;
  /** `terminate` was called. */
  #cut = false;
  #running = 0;
  #runningBytes = 0;
  /** What a handler's promise calls; made once, when one first returns a promise. */
  #onSettled: (() => void) | undefined;
  #onRejected: ((error: unknown) => void) | undefined;
  /** Made when output first has to wait. */
  #outflow: Outflow | undefined;
  #closeInfo: SocketCloseInfo | undefined;
  /** Why it is over, where nobody said goodbye: the `cause` of what calls are told from then on. */
  #fault: Error | undefined;
  #waiters: Waiter[] | undefined;
  #pingers: Pinger[] | undefined;
  #inbox: AsyncQueue<string | Uint8Array | IncomingMessage> | undefined;
  #pieces: AsyncQueue<string | Uint8Array> | undefined;
  #closed: Promise<SocketCloseInfo> | undefined;
  #resolveClosed: ((info: SocketCloseInfo) => void) | undefined;
  /** Made when a message is first streamed. */
  #outbox: Outbox | undefined;

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
      this.#inbox = new AsyncQueue(() => this.#resume());
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
    this.#connection.receive(bytes, this.#turn());
    this.#corked = true;
    this.#pump();
    this.#corked = false;
    this.flush();
  }

  /** Bytes came in, and go back when this returns. */
  lend(bytes: Uint8Array): void {
    this.#connection.lend(bytes, this.#turn());
    this.#corked = true;
    this.#pump();
    this.#corked = false;
    this.#connection.keep();
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
    this.#added = 0;
    this.#connection.congested = false;
    const waiters = this.#waiters;
    this.#waiters = undefined;
    if (waiters !== undefined) for (const waiter of waiters) waiter.resolve();
    this.#pump(this.#turn());
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
    if (this.#closeInfo === undefined) {
      this.#closeSeen({ kind: 'close', code: CloseCode.Abnormal, reason: '', wasClean: false });
    }
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
    const { pongTimeoutMs, closeTimeoutMs } = this.#host.limits;
    const waiting = this.#stream.bufferedBytes;
    if (waiting > 0) this.#outflow ??= new Outflow(waiting, now);
    const quietMs = this.#outflow?.quietMs(waiting, now) ?? Number.POSITIVE_INFINITY;
    const moves = quietMs < Math.min(pongTimeoutMs, closeTimeoutMs);
    // What we hold back ourselves proves nothing about the peer, nor what we only just go on to read, nor a ping that waits behind what
    // it takes; output of which it takes nothing does.
    const attentive = !this.#paused && now - this.#turnBegan >= pongTimeoutMs;
    this.#connection.tick(now, !moves && (attentive || this.#full), moves);
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
    return this.#gone
      ? 0
      : this.#connection.bufferedBytes + this.#stream.bufferedBytes + (this.#outbox?.waitingBytes ?? 0);
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
  send(data: Sendable, options: SendOptions | undefined): Promise<void> {
    return this.#outbox === undefined || !this.#outbox.busy
      ? this.sendMessage(data, options)
      : this.#wait({ data }, sizeOf(data), options);
  }

  /** See `Socket.sendStream`. */
  sendStream(source: Pieces, options: StreamOptions | undefined): Promise<void> {
    if (this.state !== 'open') return this.#notOpen('send');
    this.#outbox ??= new Outbox(this);
    return this.#outbox.busy ? this.#wait({ source }, 0, options) : this.#outbox.start(source, options);
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
    this.#outbox?.stop(() => this.#whyClosed('send'));
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
    const next = (): ReturnType<typeof inbox.next> => {
      // A message that the loop has passed over would hold back the next one for ever. What waits in the inbox nobody has seen yet.
      if (inbox.size === 0 && this.#pieces?.asked === false) this.#pieces.discard(notRead());
      return inbox.next();
    };
    // Leaving the loop keeps what waits: a later loop goes on with it.
    return { next, return: () => Promise.resolve({ done: true, value: undefined }) };
  }

  // ------------------------------------------------------------------ in

  /** Take events until there is none, or we have to hold back. @param now Given where what came had to wait. */
  #pump(now?: number): void {
    if (this.#pumping || this.#broken) return;
    this.#pumping = true;
    try {
      for (let count = 1; ; count++) {
        // One chunk may hold thousands of messages.
        if (count % LOOK_AFTER === 0 && this.#host.deadlines.now() > this.#turnBegan + TURN_MS) this.#rest();
        if (this.#held()) break;
        const event = this.#connection.next(now);
        if (event !== undefined) this.#handle(event);
        else if (this.#inputEnded && this.#connection.state !== 'closed') {
          this.#connection.receiveEnd(this.#host.deadlines.now());
        } else break;
      }
    } catch (error) {
      this.#break(error);
    }
    this.#pumping = false;
    const pause = this.#held();
    if (pause === this.#paused || this.#gone) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else {
      this.#turn();
      this.#stream.resume();
    }
  }

  /** A turn begins. @returns The time. */
  #turn(): number {
    this.#turnBegan = this.#host.deadlines.now();
    return this.#turnBegan;
  }

  /** Go on when the event loop has been around. */
  #rest(): void {
    if (this.#resting) return;
    this.#resting = true;
    queueTask(() => {
      this.#resting = false;
      this.#goOn();
    });
  }

  /** What was handed in to read with, a compression engine say, threw: nobody knows where in the stream we are. */
  #break(error: unknown): void {
    this.#broken = true;
    if (error instanceof Error) this.#fault ??= error;
    this.#host.report(error, 'handler');
    if (!this.#gone) this.#stream.destroy();
  }

  /** Whether the app, or the peer's reading, has to catch up before more is taken in. */
  #held(): boolean {
    if (this.#gone || this.#cut) return false;
    const { state } = this.#connection;
    // Nothing is taken in any more: what is left to tell is that it is over.
    if (state !== 'open' && state !== 'closing') return false;
    if (this.#resting) return true;
    const { highWaterMarkBytes, maxSendBufferBytes } = this.#host.limits;
    if (this.#full && this.#connection.role === 'server') {
      // What is read has us write more. One end alone may wait with reading until its output moves, or both wait for each other: it is
      // the server. Nor does it wait because of what it sends of its own accord, and would not send more of before that moves; but there
      // has to be room for the answers.
      if (this.#added > highWaterMarkBytes) return true;
      if (this.#stream.bufferedBytes > maxSendBufferBytes / 2) return true;
    }
    if (this.#runningBytes > highWaterMarkBytes || this.#running >= MAX_RUNNING) return true;
    if (this.#inbox !== undefined && this.#inbox.size > highWaterMarkBytes) return true;
    return this.#pieces !== undefined && this.#pieces.size > (this.#pieces.ended ? 0 : highWaterMarkBytes);
  }

  #handle(event: ConnectionEvent): void {
    switch (event.kind) {
      case 'text':
      case 'binary':
        if (this.#inbox === undefined) this.#callMessage(event.data, event.kind);
        else this.#inbox.push(event.data, event.data.length + WAITING_OVERHEAD);
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

  #callMessage(message: string | Uint8Array, type: 'text' | 'binary'): void {
    let result: unknown;
    try {
      result = this.#handlers.message!(this.socket, message, type);
      if (!isThenable(result)) return;
      const { length } = message;
      this.#running++;
      if (length <= COUNT_ABOVE) {
        this.#onSettled ??= () => this.#settled();
        this.#onRejected ??= (error) => this.#rejected(error);
        asPromise(result).then(this.#onSettled, this.#onRejected);
        return;
      }
      this.#runningBytes += length;
      asPromise(result).then(
        () => {
          this.#runningBytes -= length;
          this.#settled();
        },
        (error: unknown) => {
          this.#runningBytes -= length;
          this.#rejected(error);
        },
      );
    } catch (error) {
      this.#handlerFailed(error);
    }
  }

  #callOpen(): void {
    try {
      const result: unknown = this.#handlers.open?.(this.socket);
      if (isThenable(result)) asPromise(result).then(nothing, (error: unknown) => this.#handlerFailed(error));
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
    const pieces = new AsyncQueue<string | Uint8Array>(() => this.#resume());
    this.#pieces = pieces;
    const message = new IncomingMessage(type, pieces);
    if (this.#inbox !== undefined) {
      this.#inbox.push(message, WAITING_OVERHEAD);
      return;
    }
    // What the handler does not read is dropped when it is done.
    const done = (): void => {
      if (!pieces.spent) pieces.discard(notRead());
    };
    try {
      const result: unknown = this.#handlers.stream!(this.socket, message);
      if (isThenable(result)) asPromise(result).then(done, (error: unknown) => this.#handlerFailed(error));
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
      if (isThenable(result)) {
        asPromise(result).then(nothing, (error: unknown) => this.#host.report(error, 'handler'));
      }
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

  #settled(): void {
    this.#running--;
    this.#resume();
  }

  #rejected(error: unknown): void {
    this.#settled();
    this.#handlerFailed(error);
  }

  /** Something was taken that we waited for: go on, when all that is being taken with it is. */
  #resume(): void {
    if (!this.#paused || this.#resumeDue) return;
    this.#resumeDue = true;
    queueMicrotask(() => {
      this.#resumeDue = false;
      this.#goOn();
    });
  }

  #goOn(): void {
    this.#pump(this.#turn());
    this.flush();
  }

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
      if (this.#full) {
        this.#added += output.length;
        // From here on, of many pings the last will do.
        if (this.#added > this.#host.limits.highWaterMarkBytes) connection.congested = true;
        if (output.length < COPY_BELOW) output = output.slice();
      }
      this.#outflow?.wrote(output.length);
      if (!this.#stream.write(output)) {
        if (!this.#full) this.#outflow = new Outflow(this.#stream.bufferedBytes, this.#host.deadlines.now());
        this.#full = true;
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

  /** Send a message now. */
  sendMessage(data: Sendable, options: SendOptions | undefined): Promise<void> {
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

  /** Send a piece of a message now. */
  sendPiece(
    type: 'text' | 'binary',
    data: string | Uint8Array,
    first: boolean,
    last: boolean,
    options: StreamOptions | undefined,
  ): Promise<void> {
    const sent = this.#connection.sendPiece(type, data, first, last, options);
    return sent ? this.#sent() : this.#notOpen('send');
  }

  /** The source of a streamed message failed. */
  brokeOff(error: unknown): void {
    this.#handlerFailed(error);
  }

  /** A streamed message is under way: wait until it has ended. */
  #wait(what: Parameters<Outbox['add']>[0], size: number, options: SendOptions | undefined): Promise<void> {
    const bytes = size + WAITING_OVERHEAD;
    const waiting = this.bufferedBytes + bytes;
    if (waiting > this.#host.limits.maxSendBufferBytes) return this.#overflow(waiting);
    return this.#outbox!.add(what, bytes, options);
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
      this.#fault === undefined ? undefined : { cause: this.#fault },
    );
  }

  /** The connection is over: nobody waits any longer. */
  #settleAll(): void {
    const waiters = this.#waiters;
    const pingers = this.#pingers;
    this.#waiters = undefined;
    this.#pingers = undefined;
    this.#outbox?.stop(() => this.#whyClosed('send'));
    if (waiters !== undefined) for (const waiter of waiters) waiter.reject(this.#whyClosed('send'));
    if (pingers !== undefined) for (const pinger of pingers) pinger.reject(this.#whyClosed('ping'));
  }
}

function sizeOf(data: Sendable): number {
  return data instanceof PreparedMessage ? data.payload.length : data.length;
}

function notRead(): UsageTypeError {
  return new UsageTypeError(
    'bad-state',
    'Cannot read message: the handler was done, or the loop went on to the next one, before it was read; return a promise of what is still to come, or await it',
  );
}
