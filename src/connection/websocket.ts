/**
 * A WebSocket connection without I/O: bytes in, events out, bytes out (RFC 6455 §5.5, §7).
 *
 * Owns: the closing handshake from both sides, answering pings, keepalive and its deadlines, what happens to data at
 * each state. Does not own: sockets, clocks and timers (`now` comes in, `deadline` goes out), frames (`frame/`), how a
 * message goes out in pieces (`streamed.ts`), the opening handshake (`handshake/`).
 *
 * @module
 */
import type { NativeBytes } from '../bytes/native.ts';
import { Output } from '../bytes/output.ts';
import type { RandomSource } from '../bytes/random.ts';
import { portableText, type TextCodec } from '../bytes/text.ts';
import { type BytesLike, copyBytes, viewBytes } from '../bytes/view.ts';
import { type ConnectionErrorCode, type ProtocolError, UsageTypeError } from '../errors.ts';
import { CloseCode, encodeClose, MAX_REASON_BYTES } from '../frame/close.ts';
import { FIN_BIT, type Role, RSV1 } from '../frame/header.ts';
import { MessageReader } from '../frame/message.ts';
import { Opcode } from '../frame/opcode.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { controlPayload, FrameWriter } from '../frame/writer.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkOptions, show } from '../options.ts';
import type { MessageCompression } from './compression.ts';
import type { CloseEvent, ConnectionEvent, PingEvent } from './events.ts';
import { connectionError } from './fault.ts';
import { IdleWindow } from './idle.ts';
import { Keepalive } from './keepalive.ts';
import {
  checkSendOptions,
  checkStreamOptions,
  isType,
  type SendOptions,
  type StreamOptions,
} from './send-options.ts';
import { type ConnectionState, type ConnectionTrigger, TRANSITIONS } from './state.ts';
import { StreamedMessage } from './streamed.ts';
import { checkNow } from './time.ts';

/** How a connection behaves. */
export interface WebSocketConnectionOptions {
  /** Which end this is. */
  readonly role: Role;
  /** Limits and times; the defaults of `limits.ts`. */
  readonly limits?: Partial<Limits> | undefined;
  /** The time at which the opening handshake was done, in ms of any clock that only goes forward. Default: 0. */
  readonly now?: number | undefined;
  /** What permessage-deflate was agreed to do; without it, nothing is compressed. */
  readonly compression?: MessageCompression | undefined;
  /** Give messages in pieces, as they arrive. Default: false. */
  readonly pieces?: boolean | undefined;
  /** Give text as validated bytes. Default: false, as strings. */
  readonly textAsBytes?: boolean | undefined;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
  /** What a runtime does faster. Default: nothing, all is portable. */
  readonly native?: NativeBytes | undefined;
  /** Where masking keys come from. Default: `crypto.getRandomValues`. */
  readonly random?: RandomSource | undefined;
  /** Where output is assembled; the one that the opening handshake went out by, say. Default: its own. */
  readonly output?: Output | undefined;
  /** Leniency: take frames from a client that are not masked. */
  readonly allowUnmasked?: boolean | undefined;
  /** Leniency: take frames from a server that are masked. */
  readonly allowMasked?: boolean | undefined;
  /** Leniency: take lengths in a longer form than they need. */
  readonly allowNonMinimalLength?: boolean | undefined;
}

const NAMES: readonly string[] = [
  'role',
  'limits',
  'now',
  'compression',
  'pieces',
  'textAsBytes',
  'text',
  'native',
  'random',
  'output',
  'allowUnmasked',
  'allowMasked',
  'allowNonMinimalLength',
];

/**
 * The engine of one WebSocket connection, either role, after the opening handshake.
 *
 * Feed it with {@link receive} and {@link receiveEnd}; take events with {@link next} until there is none; then send what
 * {@link takeOutput} gives, half-close if {@link outputEnded}, drop the transport if {@link dropped}; and call
 * {@link tick} no later than {@link deadline}.
 *
 * @example Both ends, in memory
 * ```ts
 * import { deepEqual, equal } from 'node:assert/strict';
 * import { WebSocketConnection } from 'sansocket/connection';
 *
 * const client = new WebSocketConnection({ role: 'client' });
 * const server = new WebSocketConnection({ role: 'server' });
 * client.send('hello');
 * client.close(1000, 'bye');
 * server.receive(client.takeOutput()!);
 * deepEqual(server.next(), { kind: 'text', data: 'hello' });
 * deepEqual(server.next(), { kind: 'close', code: 1000, reason: 'bye', wasClean: true });
 * client.receive(server.takeOutput()!);
 * deepEqual(client.next(), { kind: 'close', code: 1000, reason: '', wasClean: true }); // the code comes back
 * equal(server.outputEnded, true); // the server ends the stream first (RFC 6455 §7.1.1)
 * ```
 */
export class WebSocketConnection {
  readonly #role: Role;
  readonly #limits: Limits;
  readonly #reader: MessageReader;
  readonly #frames: FrameWriter;
  readonly #output: Output;
  readonly #compression: MessageCompression | undefined;
  /** Made when something is first compressed. */
  #idle: IdleWindow | undefined;
  readonly #keepalive: Keepalive;
  #state: ConnectionState = 'open';
  #now: number;
  #closeBy = Number.POSITIVE_INFINITY;
  #outputEnded = false;
  #dropped = false;
  #congested = false;
  #closeSent = false;
  /** The message that is being sent in pieces. */
  #streamed: StreamedMessage | undefined;
  #owedPong: Uint8Array | undefined;
  #pending: ConnectionEvent[] | undefined;

  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option, a role or a limit that does not exist. */
  constructor(options: WebSocketConnectionOptions) {
    checkOptions('make a WebSocket connection', options, NAMES);
    const limits = resolveLimits(options.limits);
    this.#role = options.role;
    this.#limits = limits;
    this.#now = checkNow(options.now ?? 0, 'bad-option');
    this.#compression = options.compression;
    this.#reader = new MessageReader({
      role: options.role,
      limits: options.limits,
      inflater: options.compression,
      pieces: options.pieces,
      textAsBytes: options.textAsBytes,
      text: options.text,
      native: options.native,
      allowUnmasked: options.allowUnmasked,
      allowMasked: options.allowMasked,
      allowNonMinimalLength: options.allowNonMinimalLength,
    });
    const { output } = options;
    if (output !== undefined && !(output instanceof Output)) {
      throw new UsageTypeError(
        'bad-option',
        `Cannot make a WebSocket connection: output is ${show(output)}, expected an Output`,
      );
    }
    this.#output = output ?? new Output();
    this.#frames = new FrameWriter(options, this.#output);
    this.#keepalive = new Keepalive(limits.pingIntervalMs, limits.pongTimeoutMs, this.#now);
  }

  /** Where the connection is in its life. */
  get state(): ConnectionState {
    return this.#state;
  }

  /** Which end this is. */
  get role(): Role {
    return this.#role;
  }

  /** Bytes that wait for {@link takeOutput}. */
  get bufferedBytes(): number {
    return this.#output.length;
  }

  /** Whether to half-close the transport, once the output is sent. */
  get outputEnded(): boolean {
    return this.#outputEnded;
  }

  /** Whether to drop the transport now, unsent output too. */
  get dropped(): boolean {
    return this.#dropped;
  }

  /** When to call {@link tick} at the latest, on the clock of `now`; `Infinity`: no need. */
  get deadline(): number {
    if (this.#state === 'open') {
      const { deadline } = this.#keepalive;
      return this.#idle === undefined ? deadline : Math.min(deadline, this.#idle.deadline);
    }
    return this.#state === 'closed' ? Number.POSITIVE_INFINITY : this.#closeBy;
  }

  /** Tell whether the transport is full: while it is, only the newest of the pongs owed is kept (§5.5.3). */
  set congested(full: boolean) {
    this.#congested = full;
  }

  /** Bytes came in; they belong to the connection from then on. Dropped when it is over. */
  receive(bytes: Uint8Array, now: number = this.#now): void {
    this.#now = checkNow(now);
    if (this.#state !== 'open' && this.#state !== 'closing') return;
    this.#reader.push(bytes);
    // A chunk without a byte in it proves nothing.
    if (bytes.length > 0) this.#keepalive.heard();
  }

  /** As {@link receive}, of bytes that are lent: take all events, then call {@link keep}, and they may be written to again. */
  lend(bytes: Uint8Array, now: number = this.#now): void {
    this.#now = checkNow(now);
    if (this.#state !== 'open' && this.#state !== 'closing') return;
    this.#reader.lend(bytes);
    if (bytes.length > 0) this.#keepalive.heard();
  }

  /** Copy what is left of bytes that were lent. */
  keep(): void {
    this.#reader.keep();
  }

  /** The peer ended its stream, or the transport is gone. Take the events of what came before first. */
  receiveEnd(now: number = this.#now): void {
    this.#now = checkNow(now);
    const before = this.#state;
    if (!this.#move('end')) return;
    this.#outputEnded = true;
    if (before === 'open' || before === 'closing') this.#reportClose(CloseCode.Abnormal, '', false);
  }

  /** The next event; `undefined` when there is none until more bytes come. @param now Tell it where what came had to wait. */
  next(now?: number): ConnectionEvent | undefined {
    if (now !== undefined) this.#now = checkNow(now);
    if (this.#pending !== undefined) return this.#nextPending();
    if (this.#state !== 'open' && this.#state !== 'closing') return undefined;
    const event = this.#reader.next();
    if (event === undefined) return undefined;
    switch (event.kind) {
      case 'text':
      case 'binary':
      case 'piece':
        return event;
      case 'ping':
        this.#answerPing(event.payload);
        return event as PingEvent;
      case 'pong':
        return this.#keepalive.pong(event.payload, this.#now);
      case 'close':
        return this.#peerClosed(event.code, event.reason);
      default:
        this.#fail(event);
        return event;
    }
  }

  /**
   * Send a message.
   *
   * @param message Is copied. A lone surrogate in a string is sent as U+FFFD.
   * @returns false when nothing was sent, because the connection is not open or a streamed message is.
   * @throws A `UsageTypeError`: `bad-argument` for anything but a string or bytes, and for a string as binary; `bad-option` for an
   *   option that does not exist.
   */
  send(message: string | BytesLike, options?: SendOptions): boolean {
    const data = typeof message === 'string' ? message : viewBytes(message, 'message', 'a string, ');
    if (options !== undefined) checkSendOptions(data, options);
    if (this.#state !== 'open' || this.#streamed !== undefined) return false;
    const type = options?.type ?? (typeof data === 'string' ? 'text' : 'binary');
    const opcode = type === 'text' ? Opcode.Text : Opcode.Binary;
    if (this.#compression !== undefined && options?.compress !== false) {
      const compressed = this.#compression.compress(data, true);
      if (compressed !== undefined) {
        this.#windowUsed();
        this.#frames.bytes(FIN_BIT | RSV1 | opcode, compressed);
        return true;
      }
    }
    if (typeof data === 'string') this.#frames.text(FIN_BIT | opcode, data);
    else this.#frames.bytes(FIN_BIT | opcode, data);
    return true;
  }

  /** Send a message that was encoded once for many. @returns As {@link send}. @throws As {@link send}, for anything but such a message. */
  sendPrepared(message: PreparedMessage, options?: SendOptions): boolean {
    if (!(message instanceof PreparedMessage)) {
      throw new UsageTypeError('bad-argument', `Cannot send ${typeof message}: expected a PreparedMessage`);
    }
    if (options !== undefined) checkSendOptions(message, options);
    if (this.#state !== 'open' || this.#streamed !== undefined) return false;
    const compression = options?.compress === false ? undefined : this.#compression;
    if (this.#frames.masks || (compression !== undefined && compression.sharedKey === undefined)) {
      return this.send(message.payload, { ...options, type: message.type });
    }
    if (compression?.worthwhile(message.payload.length) === true) {
      const key = compression.sharedKey!;
      this.#output.appendShared(
        message.compressedFrame(key, (payload) => compression.compressShared(payload)),
      );
    } else {
      this.#output.appendShared(message.frame());
    }
    return true;
  }

  /**
   * Send part of a message: the first opens it, the last ends it, and in between no other message may be sent.
   *
   * Each piece goes out at once, in a frame of its own, compressed or not (RFC 7692 §6.1).
   *
   * @param piece Is copied. A piece of text that ends in half of a surrogate pair is sent with U+FFFD for it.
   * @param options Those of the first piece count, for all of the message.
   * @returns false when nothing was sent, because the connection is not open, or `first` does not fit what came before.
   * @throws A `UsageTypeError`: `bad-argument` for a piece that is neither a string nor bytes or does not fit the `type`, a `type` that is
   *   not the first piece's, and for `first` or `last` that are no booleans; `bad-option` for an option that does not exist.
   */
  sendPiece(
    type: 'text' | 'binary',
    piece: string | BytesLike,
    first: boolean,
    last: boolean,
    options?: StreamOptions,
  ): boolean {
    if (typeof first !== 'boolean' || typeof last !== 'boolean' || !isType(type)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot send piece: it is of type ${String(type)}, first ${String(first)} and last ${String(last)}, expected 'text' or 'binary' and two booleans`,
      );
    }
    if (options !== undefined) checkStreamOptions(options);
    const data = typeof piece === 'string' ? piece : viewBytes(piece, 'piece', 'a string, ');
    if (typeof data === 'string' && type === 'binary') {
      throw new UsageTypeError('bad-argument', 'Cannot send a string as binary: encode it first');
    }
    // All of a message: its length is known, and so whether it is worth compressing.
    if (first && last) return this.send(data, { type, compress: options?.compress });
    const begun = this.#streamed;
    if (this.#state !== 'open' || (begun === undefined) !== first) return false;
    if (begun !== undefined && type !== begun.type) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot send piece: it is ${type}, the message that it goes on with is ${begun.type}`,
      );
    }
    const compression = options?.compress === false ? undefined : this.#compression;
    const message = begun ?? new StreamedMessage(type, compression);
    const payload = message.payload(data, last);
    if (message.compressed) this.#windowUsed();
    if (payload === undefined) {
      this.#streamed = message;
      return true;
    }
    const bits = message.nextBits(last);
    if (typeof payload === 'string') this.#frames.text(bits, payload);
    else this.#frames.bytes(bits, payload);
    // Only now: the source of keys is the caller's code, and may throw.
    this.#streamed = last ? undefined : message;
    return true;
  }

  /**
   * Send a ping.
   *
   * @param payload At most 125 bytes. Default: a number of our own, so that its pong can be told from others.
   * @returns Its number, as {@link PongEvent.answers} will name it; -1 when nothing was sent because it is not open.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`) for a payload that is no bytes or too long.
   */
  ping(payload?: string | Uint8Array, now: number = this.#now): number {
    const bytes = payload === undefined ? undefined : controlPayload(payload, 'ping');
    checkNow(now);
    if (this.#state !== 'open') return -1;
    this.#now = now;
    return this.#sendPing(bytes);
  }

  /** Send a pong that nobody asked for: a heartbeat one way (§5.5.3). @returns Whether it was sent. @throws As {@link ping}. */
  pong(payload?: string | Uint8Array): boolean {
    const bytes = controlPayload(payload, 'pong');
    if (this.#state !== 'open') return false;
    this.#frames.bytes(FIN_BIT | Opcode.Pong, bytes);
    return true;
  }

  /**
   * Start the closing handshake. Messages that are on their way still come in. Does nothing when it is under way.
   *
   * @param code 1000-1003, 1007-1014 or 3000-4999. Default: none (the peer sees 1005).
   * @param reason At most 123 bytes of UTF-8. Default: ''.
   * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`), also when it is closed already.
   */
  close(code?: number, reason?: string, now: number = this.#now): void {
    const payload = encodeClose(code, reason);
    this.#now = checkNow(now);
    if (this.#state !== 'open') return;
    this.#sendClose(payload);
    this.#move('close');
  }

  /**
   * Fail the connection for a reason of our own: a close frame goes out, and nothing that comes in is read any more.
   *
   * @returns The error that was reported as an event; `undefined` when the connection was over already.
   * @throws A `UsageTypeError` (`bad-argument`) for a code that is not in `CONNECTION_ERRORS`.
   */
  fail(
    code: ConnectionErrorCode,
    message: string,
    cause?: unknown,
    now: number = this.#now,
  ): ProtocolError | undefined {
    this.#now = checkNow(now);
    const error = connectionError(code, message, this.#reader.position, cause);
    if (this.#state !== 'open' && this.#state !== 'closing') return undefined;
    this.#report(error);
    this.#fail(error);
    return error;
  }

  /**
   * All output so far, to be sent in this order; `undefined` when there is none. It will not change any more; do not
   * write to it either, since a prepared message is shared by all who send it.
   */
  takeOutput(): Uint8Array | undefined {
    const { state } = this;
    // "Upon receipt of a Ping frame, an endpoint MUST send a Pong frame in response, unless it already received a Close frame" (§5.5.2).
    if (this.#owedPong !== undefined && !this.#congested && (state === 'open' || state === 'closing')) {
      this.#frames.bytes(FIN_BIT | Opcode.Pong, this.#owedPong);
      this.#owedPong = undefined;
    }
    return this.#output.take();
  }

  /** Give back what {@link takeOutput} gave, when nobody reads it any more: its memory is used again. Optional. */
  recycleOutput(bytes: Uint8Array): void {
    this.#output.recycle(bytes);
  }

  /**
   * Time has passed: send the ping that is due, give up on what is overdue, drop a window that nobody uses.
   *
   * @param reading False while the caller itself holds back bytes that came in: silence then proves nothing.
   * @param sending True while the peer still takes output that was sent before: the time for its goodbye starts behind that.
   */
  tick(now: number, reading = true, sending = false): void {
    this.#now = checkNow(now);
    if (this.#state === 'open') {
      this.#idle?.check(now);
      const due = this.#keepalive.check(now, reading);
      if (due === 'ping') this.#sendPing(undefined);
      else if (due === 'dead') {
        this.fail(
          'pong-timeout',
          `Cannot keep connection: no pong came within ${this.#limits.pongTimeoutMs} ms`,
        );
      }
    } else if (now >= this.#closeBy && sending) {
      this.#closeBy = now + this.#limits.closeTimeoutMs;
    } else if (now >= this.#closeBy) {
      const unanswered = this.#state === 'closing';
      if (this.#move('expire')) {
        this.#dropped = true;
        if (unanswered) this.#reportClose(CloseCode.Abnormal, '', false);
      }
    }
  }

  #nextPending(): ConnectionEvent | undefined {
    const event = this.#pending!.shift();
    if (this.#pending!.length === 0) this.#pending = undefined;
    return event;
  }

  #answerPing(payload: Uint8Array): void {
    // "If an endpoint receives a Ping frame and has not yet sent Pong frame(s) in response to previous Ping frame(s),
    // the endpoint MAY elect to send a Pong frame for only the most recently processed Ping frame."
    if (
      this.#congested ||
      this.#owedPong !== undefined ||
      this.#output.length >= this.#limits.highWaterMarkBytes
    ) {
      this.#owedPong = copyBytes(payload);
    } else {
      this.#frames.bytes(FIN_BIT | Opcode.Pong, payload);
    }
  }

  #peerClosed(code: number, reason: string): CloseEvent {
    // "When sending a Close frame in response, the endpoint typically echos the status code it received."
    if (!this.#closeSent) this.#sendClose(code === CloseCode.NoStatus ? encodeClose() : encodeClose(code));
    this.#move('peer-close');
    return { kind: 'close', code, reason, wasClean: true };
  }

  #fail(error: ProtocolError): void {
    const reason = error.answer >= 1000 && error.code !== 'handler-failed' ? error.message : '';
    const fits = portableText.byteLength(reason) <= MAX_REASON_BYTES;
    const code = error.closeCode === CloseCode.Abnormal ? CloseCode.ProtocolError : error.closeCode;
    if (!this.#closeSent) this.#sendClose(encodeClose(code, fits ? reason : error.code));
    this.#move('fault');
    this.#reportClose(code, '', false);
  }

  #sendClose(payload: Uint8Array): void {
    // First of all: the source of keys is the caller's code, and may throw.
    this.#frames.bytes(FIN_BIT | Opcode.Close, payload);
    this.#closeSent = true;
    this.#closeBy = this.#now + this.#limits.closeTimeoutMs;
  }

  #windowUsed(): void {
    this.#idle ??= new IdleWindow(this.#compression!);
    this.#idle.used(this.#now);
  }

  #sendPing(payload: Uint8Array | undefined): number {
    const number = this.#keepalive.ping(payload, this.#now);
    this.#frames.bytes(FIN_BIT | Opcode.Ping, this.#keepalive.lastPayload);
    return number;
  }

  #move(trigger: ConnectionTrigger): boolean {
    const next = TRANSITIONS[this.#state][trigger];
    if (next === undefined) return false;
    this.#state = next;
    this.#streamed = undefined;
    if (next !== 'closing') this.#compression?.dispose();
    // "the server MUST close the TCP connection first"; a client waits for it, and after a fault neither waits.
    if (next === 'failing' || (next === 'ending' && this.#role === 'server')) this.#outputEnded = true;
    if (next === 'ending') this.#closeBy = this.#now + this.#limits.closeTimeoutMs;
    return true;
  }

  #report(event: ConnectionEvent): void {
    this.#pending ??= [];
    this.#pending.push(event);
  }

  #reportClose(code: number, reason: string, wasClean: boolean): void {
    this.#report({ kind: 'close', code, reason, wasClean });
  }
}
