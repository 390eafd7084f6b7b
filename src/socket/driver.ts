/**
 * Joins a byte stream with a `WebSocketConnection` and an app.
 *
 * Owns: when bytes are read and written, holding the peer back, and what follows when a handler fails or the connection is over.
 * Does not own: the protocol (`connection/`), sockets (`transport/`), what the app sees (`socket.ts`), giving it messages (`inbox.ts`),
 * messages that are streamed or wait behind one (`outbox.ts`), output that waits (`congestion.ts`).
 *
 * @module
 */
import type { CloseEvent, ConnectionEvent } from '../connection/events.ts';
import type { SendOptions, StreamOptions } from '../connection/send-options.ts';
import type { WebSocketConnection } from '../connection/websocket.ts';
import { ProtocolError } from '../errors.ts';
import { CloseCode } from '../frame/close.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { type ByteStream, type StreamHandler, TURN_MS } from '../transport/transport.ts';
import { Congestion } from './congestion.ts';
import type { Timed } from './deadlines.ts';
import { Ending } from './ending.ts';
import type { SocketHandlers } from './handlers.ts';
import { asPromise, type Flushable, type Host, handled, isThenable, nothing, queueTask } from './host.ts';
import { Inbox, type InboxOwner } from './inbox.ts';
import type { IncomingMessage } from './incoming.ts';
import { Outbox, type OutboxTarget, type Pieces, type Sendable } from './outbox.ts';
import { Pings } from './pings.ts';
import { WAITING_OVERHEAD } from './queue.ts';
import { Socket, type SocketCloseInfo, type SocketInfo, type SocketWork } from './socket.ts';

/** Smaller output that has to wait is copied, so that it does not keep a whole slab alive. */
const COPY_BELOW = 4096;

/** After a goodbye of ours, an app that takes nothing for so long is not waited for. */
const LINGER_MS = 250;

/** After so many events it is seen whether the others should have their turn. */
const LOOK_AFTER = 16;

const DONE: Promise<void> = Promise.resolve();

/** Drives one socket. */
export class SocketDriver<Data = unknown>
  implements StreamHandler, Timed, Flushable, SocketWork, InboxOwner<Data>, OutboxTarget
{
  /** What the app has. */
  readonly socket: Socket<Data>;
  heapIndex = -1;
  heapKey = 0;
  readonly #host: Host;
  readonly #stream: ByteStream;
  readonly #connection: WebSocketConnection;
  readonly #handlers: SocketHandlers<Data>;
  /** Whether messages wait for a loop, and there is no handler for them. */
  readonly #forLoop: boolean;
  readonly #onGone: (driver: SocketDriver<Data>) => void;
  /** In a call from the transport: output is sent at its end. */
  #corked = false;
  #flushDue = false;
  #pumping = false;
  /** Nothing more can be read: see `#break`. */
  #broken = false;
  #paused = false;
  #resumeDue = false;
  /** When we give up to wait for an app that has said goodbye, and takes nothing more; `Infinity`: we do not wait for it. */
  #lingerBy = Number.POSITIVE_INFINITY;
  /** What still comes is dropped, so that the peer's goodbye is found behind it. */
  #dropping = false;
  /** What has come is left alone for now, so that others have their turn. */
  #resting = false;
  /** Since when it is our turn: something came then, or reading went on. */
  #turnBegan = 0;
  #inputEnded = false;
  #endSent = false;
  #gone = false;
  /** `terminate` was called. */
  #cut = false;
  /** Made when output first has to wait. */
  #congestion: Congestion | undefined;
  /** Made when a message first comes. */
  #inbox: Inbox<Data> | undefined;
  /** Made when a message is first streamed. */
  #outbox: Outbox | undefined;
  /** Made when the app first sends a ping. */
  #pings: Pings | undefined;
  /** Made when it comes, or somebody wants to know of it. */
  #ending: Ending | undefined;

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
    this.#forLoop = handlers.message === undefined && handlers.stream === undefined;
    this.#onGone = onGone;
    this.socket = new Socket(this, info);
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
    this.#connection.congested = false;
    this.#congestion?.drain();
    this.#pump(this.#turn());
    this.flush();
  }

  /** The transport is gone. */
  close(error?: Error): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#inputEnded = true;
    if (error !== undefined && this.#connection.state === 'open') {
      this.#getEnding().fault ??= error;
      this.#host.report(error, 'transport');
    }
    this.#host.deadlines.remove(this);
    this.#pump();
    if (this.#ending?.over !== true) {
      this.#closeSeen({ kind: 'close', code: CloseCode.Abnormal, reason: '', wasClean: false });
    }
    this.#settleAll();
    this.#onGone(this);
  }

  // ------------------------------------------------------------------ the timer calls

  /** When the connection wants to be told the time. */
  get deadline(): number {
    return this.#gone ? Number.POSITIVE_INFINITY : Math.min(this.#connection.deadline, this.#lingerBy);
  }

  /** Time has passed. */
  expire(now: number): void {
    const { pongTimeoutMs, closeTimeoutMs } = this.#host.limits;
    this.#congestion ??= Congestion.of(this.#stream, now);
    const quietMs = this.#congestion?.quietMs(now) ?? Number.POSITIVE_INFINITY;
    const moves = quietMs < Math.min(pongTimeoutMs, closeTimeoutMs);
    // What we hold back ourselves proves nothing about the peer, nor what we only just go on to read, nor a ping that waits behind what
    // it takes; output of which it takes nothing does.
    const attentive = !this.#paused && now - this.#turnBegan >= pongTimeoutMs;
    this.#connection.tick(now, !moves && (attentive || this.#congestion?.full === true), moves);
    if (now >= this.#lingerBy) {
      this.#lingerBy = Number.POSITIVE_INFINITY;
      this.#dropping = true;
    }
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
    return this.#getEnding().closed;
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
    this.#pings ??= new Pings();
    return handled(this.#pings.wait(number));
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
    return this.#getInbox().messages();
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
    if (pause) this.#linger();
    if (pause === this.#paused || this.#gone) return;
    this.#paused = pause;
    if (pause) this.#stream.pause();
    else {
      this.#lingerBy = Number.POSITIVE_INFINITY;
      this.#turn();
      this.#stream.resume();
    }
  }

  /**
   * Reading pauses. Where we have said goodbye, and it is the app that has to catch up, the peer's answer is held up with the rest. An app that
   * is at it gets all of it; one that waits for the end in its handler or its loop, or has left the loop, would have both ends wait in vain.
   */
  #linger(): void {
    if (this.#connection.state !== 'closing' || this.#dropping || this.#lingerBy < Number.POSITIVE_INFINITY)
      return;
    if (this.#untaken()) this.#lingerBy = this.#host.deadlines.now() + LINGER_MS;
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
    if (error instanceof Error) this.#getEnding().fault ??= error;
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
    const congestion = this.#congestion;
    if (congestion?.full === true && this.#connection.role === 'server') {
      // What is read has us write more. One end alone may wait with reading until its output moves, or both wait for each other: it is
      // the server. Nor does it wait because of what it sends of its own accord, and would not send more of before that moves; but there
      // has to be room for the answers.
      if (congestion.added > highWaterMarkBytes) return true;
      if (this.#stream.bufferedBytes > maxSendBufferBytes / 2) return true;
    }
    return !this.#dropping && this.#untaken();
  }

  /** Whether the app has to catch up. */
  #untaken(): boolean {
    return this.#inbox?.isAbove(this.#host.limits.highWaterMarkBytes) === true;
  }

  #handle(event: ConnectionEvent): void {
    switch (event.kind) {
      case 'text':
      case 'binary':
        if (!this.#dropping) this.#getInbox().message(event.data, event.kind);
        return;
      case 'piece':
        // One that is cut off stays so: its reader is told when the connection is over.
        if (!this.#dropping) this.#getInbox().piece(event);
        return;
      case 'pong':
        if (event.answers >= 0) this.#pings?.answer(event.answers, event.latencyMs!);
        return;
      case 'close':
        this.#closeSeen(event);
        return;
      case 'error':
        this.#faulted(event);
        return;
    }
  }

  /** Where messages go. */
  #getInbox(): Inbox<Data> {
    this.#inbox ??= new Inbox(this, this.#handlers, this.#forLoop);
    return this.#inbox;
  }

  #callOpen(): void {
    try {
      const result: unknown = this.#handlers.open?.(this.socket);
      if (isThenable(result)) asPromise(result).then(nothing, (error: unknown) => this.failed(error));
    } catch (error) {
      this.failed(error);
    }
  }

  #faulted(error: ProtocolError): void {
    this.#getEnding().fault = error;
    const ours = error.code === 'handler-failed';
    if (!ours) this.#host.report(error, 'socket');
    this.#tell(() => this.#handlers.error?.(this.socket, ours ? error.cause : error));
  }

  #closeSeen(event: CloseEvent): void {
    const info: SocketCloseInfo = { code: event.code, reason: event.reason, wasClean: event.wasClean };
    this.#getEnding().settle(info);
    this.#settleAll();
    // Also for a loop that starts later.
    const inbox = this.#forLoop ? this.#getInbox() : this.#inbox;
    inbox?.end(info.wasClean, () => this.#whyClosed('receive'));
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

  /** A handler, or the source of a streamed message, threw or rejected: this connection is over, and nothing else. */
  failed(error: unknown): void {
    // A handler that was still sending when the peer left has done nothing wrong.
    if (error instanceof ProtocolError && error.code === 'not-open' && this.state !== 'open') return;
    this.#host.report(error, 'handler');
    const now = this.#host.deadlines.now();
    this.#connection.fail('handler-failed', 'Cannot go on: a handler failed', error, now);
    this.#pump();
    if (!this.#corked) this.flush();
  }

  /** Something was taken that we waited for: go on, when all that is being taken with it is. */
  resume(): void {
    if (!this.#paused) return;
    if (this.#lingerBy < Number.POSITIVE_INFINITY) this.#lingerBy = this.#host.deadlines.now() + LINGER_MS;
    if (this.#resumeDue) return;
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
      const congestion = this.#congestion;
      congestion?.wrote(output.length);
      if (congestion?.full === true) {
        // From here on, of many pings the last will do.
        if (congestion.added > this.#host.limits.highWaterMarkBytes) connection.congested = true;
        if (output.length < COPY_BELOW) output = output.slice();
      }
      if (this.#stream.write(output)) {
        if (this.#stream.copied === true) connection.recycleOutput(output);
      } else if (congestion?.full !== true) {
        const now = this.#host.deadlines.now();
        this.#congestion ??= new Congestion(this.#stream, now);
        this.#congestion.fill(now);
      }
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
    const congestion = this.#congestion;
    return congestion?.full === true ? handled(congestion.room()) : DONE;
  }

  /** Send a message now. */
  sendMessage(data: Sendable, options: SendOptions | undefined): Promise<void> {
    if (this.#congestion?.full === true) {
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
    return this.#getEnding().notOpen(what);
  }

  #getEnding(): Ending {
    this.#ending ??= new Ending();
    return this.#ending;
  }

  /** The connection is over: nobody waits any longer. */
  #settleAll(): void {
    this.#outbox?.stop(() => this.#whyClosed('send'));
    this.#congestion?.release(() => this.#whyClosed('send'));
    this.#pings?.stop(() => this.#whyClosed('ping'));
  }
}

function sizeOf(data: Sendable): number {
  return data instanceof PreparedMessage ? data.payload.length : data.length;
}
