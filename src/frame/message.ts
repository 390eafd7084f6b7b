/**
 * Frames to messages (RFC 6455 §5.4, §5.6, §8.1).
 *
 * Owns: joining fragments, the limits on a message, and the meaning of control frames' payloads. Does not own: headers
 * and masks (`decoder.ts`), control frames in pieces (`split-control.ts`), UTF-8 (`incoming-text.ts`), inflating (handed
 * in), answering (`connection/`).
 *
 * @module
 */
import { Collector } from '../bytes/collector.ts';
import { allocate, type NativeBytes } from '../bytes/native.ts';
import { portableText, type TextCodec } from '../bytes/text.ts';
import { Utf8Validator } from '../bytes/utf8.ts';
import { NO_BYTES } from '../bytes/view.ts';
import { type FrameErrorCode, ProtocolError, UsageTypeError } from '../errors.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { checkCodec, checkOptions, readSwitch } from '../options.ts';
import { decodeClose } from './close.ts';
import { DECODER_NAMES, type DecoderOptions, FrameCursor, Step } from './decoder.ts';
import { FrameError } from './error.ts';
import { Order, RSV1 } from './header.ts';
import { decodeText, IncomingText } from './incoming-text.ts';
import { UNKNOWN } from './mask.ts';
import type { MessageEvent, PieceEvent } from './message-event.ts';
import { isControl, Opcode } from './opcode.ts';
import { SplitControl } from './split-control.ts';

export type {
  BinaryEvent,
  CloseFrameEvent,
  MessageEvent,
  PieceEvent,
  PingPongEvent,
  TextEvent,
} from './message-event.ts';

/** What inflates compressed messages; `sansocket/deflate` has one. */
export interface PayloadInflater {
  /**
   * Inflate one piece of a message.
   *
   * @param last Whether the message ends with it.
   * @param maxBytes How much output is allowed.
   * @param lent Whether the output may lie in memory that is written to again once the caller has returned.
   * @returns All output that the piece makes, in memory of its own unless `lent`; or what is wrong, and then nothing more.
   */
  inflate(bytes: Uint8Array, last: boolean, maxBytes: number, lent?: boolean): Uint8Array | ProtocolError;
  /** What the call that went wrong had made before. With it, the verdict does not depend on how the bytes were cut. */
  readonly outputBeforeError?: Uint8Array | undefined;
}

/** How to read messages. */
export interface MessageReaderOptions extends Omit<DecoderOptions, 'allowedRsv'> {
  /** `maxMessageBytes` and `maxFragments` count here. */
  readonly limits?: Partial<Limits> | undefined;
  /** Inflates messages with RSV1 set. Without it, RSV1 is refused. */
  readonly inflater?: PayloadInflater | undefined;
  /** Give messages as `PieceEvent`s, as they arrive, and keep nothing. Default: false, whole. */
  readonly pieces?: boolean | undefined;
  /** Give text as its bytes, validated but not decoded. Default: false, as a string. */
  readonly textAsBytes?: boolean | undefined;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
}

const NAMES: readonly string[] = [
  ...DECODER_NAMES.filter((name) => name !== 'allowedRsv'),
  'limits',
  'inflater',
  'pieces',
  'textAsBytes',
  'text',
];
/**
 * Where messages are given in pieces, so many bytes of compressed data are inflated at a time: no piece is longer than 1 MiB,
 * as DEFLATE makes 258 bytes of 2 bits at most.
 */
const INFLATED_AT_ONCE = 1000;
const MAX_RATIO = 1032;

/**
 * Reads messages from a stream of frames. Push chunks as they come and take events until there is none; any way of
 * cutting the stream gives the same messages.
 *
 * Faults are found as soon as they can be: a length over the limit on the header, broken UTF-8 on the bad byte, both
 * inside an unfinished frame too. After an error or a close frame, `next` returns `undefined` for ever. Memory stays
 * below three times the bytes of the message at hand, however many frames and chunks they came in.
 *
 * @example Two fragments with a ping between them
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { MessageReader } from 'sansocket/frame';
 *
 * const reader = new MessageReader({ role: 'client' });
 * reader.push(Uint8Array.of(0x01, 0x03, 0x48, 0x65, 0x6c, 0x89, 0x00, 0x80, 0x02, 0x6c, 0x6f));
 * const ping = reader.next();
 * const text = reader.next();
 * deepEqual(ping?.kind, 'ping');
 * deepEqual(text, { kind: 'text', data: 'Hello' });
 * deepEqual(reader.next(), undefined);
 * ```
 */
export class MessageReader {
  readonly #cursor: FrameCursor;
  readonly #codec: TextCodec;
  readonly #inflater: PayloadInflater | undefined;
  readonly #native: NativeBytes | undefined;
  readonly #maxBytes: number;
  readonly #maxFragments: number;
  readonly #pieces: boolean;
  readonly #textAsBytes: boolean;
  /** Made when a message first comes in more than one piece. */
  #collector: Collector | undefined;
  /** Made when a text first comes in more than one piece. */
  #text: IncomingText | undefined;
  /** A control frame that comes in more than one piece. */
  #control: SplitControl | undefined;
  #inMessage = false;
  /** Whether a piece of the message was given. */
  #started = false;
  #isText = false;
  #compressed = false;
  #frames = 0;
  /** Bytes of the message so far, inflated. */
  #length = 0;
  #done = false;
  /** What is left of a chunk that is inflated part by part, and whether the message ends with it. */
  #rest: Uint8Array | undefined;
  #restIsLast = false;
  /** The error to report after the good part of a piece. */
  #failure: ProtocolError | undefined;

  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for an option, a role or a limit that does not exist. */
  constructor(options: MessageReaderOptions = {}) {
    const call = 'read messages';
    checkOptions(call, options, NAMES);
    const { inflater } = options;
    const limits = resolveLimits(options.limits);
    if (inflater !== undefined && typeof inflater?.inflate !== 'function') {
      throw new UsageTypeError('bad-option', `Cannot ${call}: the inflater has no inflate()`);
    }
    this.#cursor = new FrameCursor(inflater === undefined ? options : { ...options, allowedRsv: RSV1 });
    this.#cursor.order = Order.First;
    checkCodec(call, options.text);
    this.#codec = options.text ?? portableText;
    this.#native = options.native;
    this.#inflater = inflater;
    this.#maxBytes = limits.maxMessageBytes;
    this.#maxFragments = limits.maxFragments;
    this.#pieces = readSwitch(call, 'pieces', options.pieces, false);
    this.#textAsBytes = readSwitch(call, 'textAsBytes', options.textAsBytes, false);
  }

  /** How many bytes have been consumed. */
  get position(): number {
    return this.#cursor.position;
  }

  /** Whether a message has started and not ended. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  /**
   * Add bytes. They belong to the reader from then on. Bytes after an error or a close frame are dropped.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for anything but a `Uint8Array`.
   */
  push(chunk: Uint8Array): void {
    if (!this.#done) this.#cursor.push(chunk);
  }

  /**
   * Add bytes that are lent: take all events, then call {@link keep}, and they may be written to again. For a transport
   * that reads everything into one buffer; a text that is whole in it is never copied.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for anything but a `Uint8Array`.
   */
  lend(chunk: Uint8Array): void {
    if (!this.#done) this.#cursor.lend(chunk);
  }

  /** Copy what is left of bytes that were lent. */
  keep(): void {
    this.#cursor.keep();
    this.#rest = this.#rest?.slice();
  }

  /** The next event; `undefined` when more bytes are needed, and for ever after an error or a close frame. */
  next(): MessageEvent | undefined {
    if (this.#done) return this.#takeFailure();
    const cursor = this.#cursor;
    for (;;) {
      if (this.#rest !== undefined) {
        const event = this.#inflate(this.#rest, this.#restIsLast);
        if (event !== undefined) return event;
        continue;
      }
      const step = cursor.step();
      if (step === Step.Payload) {
        const event = isControl(cursor.fields.opcode) ? this.#controlPiece() : this.#piece();
        if (event !== undefined) return event;
      } else if (step === Step.Header) {
        if (isControl(cursor.fields.opcode)) continue;
        const error = this.#begin();
        if (error !== undefined) return this.#fail(error);
      } else {
        return step === Step.Error ? this.#fail(cursor.error!) : undefined;
      }
    }
  }

  /** A data frame's header came. */
  #begin(): FrameError | undefined {
    const { fields } = this.#cursor;
    // After a fragment that is not the last only its continuation can come; the cursor checks it.
    this.#cursor.order = fields.fin ? Order.First : Order.Continuation;
    if (fields.opcode === Opcode.Continuation) {
      this.#frames++;
    } else {
      this.#inMessage = true;
      this.#started = false;
      this.#isText = fields.opcode === Opcode.Text;
      this.#compressed = fields.rsv !== 0;
      this.#frames = 1;
      this.#length = 0;
    }
    // What a compressed message comes to, only inflating tells.
    if (!this.#compressed && this.#length + fields.payloadLength > this.#maxBytes) {
      return this.#error(
        'message-too-big',
        `a message has at least ${this.#length + fields.payloadLength} bytes, expected at most ${this.#maxBytes}`,
      );
    }
    if (this.#frames > this.#maxFragments) {
      return this.#error('too-many-fragments', `a message has more than ${this.#maxFragments} fragments`);
    }
    return undefined;
  }

  /** Part of a data frame's payload came. */
  #piece(): MessageEvent | undefined {
    const cursor = this.#cursor;
    const { fields, from, to } = cursor;
    const last = cursor.remaining === 0 && fields.fin;
    // The common case: a message in one frame in one chunk. No state, no copy, one pass.
    const whole = last && this.#frames === 1 && to - from === fields.payloadLength;
    if (whole && !this.#compressed && !this.#pieces) {
      this.#inMessage = false;
      if (this.#isText) {
        const chunk = cursor.lent && this.#textAsBytes ? undefined : cursor.chunk;
        if (chunk !== undefined) return this.#wholeText(chunk, from, to, cursor.or < 0x80, false);
        return this.#wholeText(this.#own(from, to), 0, to - from, cursor.or < 0x80, false);
      }
      return { kind: 'binary', data: this.#own(from, to) };
    }
    return this.#compressed
      ? this.#inflate(cursor.chunk.subarray(from, to), last)
      : this.#take(cursor.chunk, from, to, cursor.or, last, undefined, cursor.lent);
  }

  /** Part of the chunk, to be kept: a view, or a copy where the chunk is only lent. */
  #own(from: number, to: number): Uint8Array {
    const { chunk, lent } = this.#cursor;
    const view = chunk.subarray(from, to);
    if (!lent) return view;
    const copy = allocate(this.#native, to - from);
    copy.set(view);
    return copy;
  }

  /** @param ends Whether the message ends with the bytes. */
  #inflate(bytes: Uint8Array, ends: boolean): MessageEvent | undefined {
    const inflater = this.#inflater!;
    const room = this.#maxBytes - this.#length;
    // Where no more than that is allowed in all, the limit does the same.
    const cut = this.#pieces && bytes.length > INFLATED_AT_ONCE && room > MAX_RATIO * INFLATED_AT_ONCE;
    this.#rest = cut ? bytes.subarray(INFLATED_AT_ONCE) : undefined;
    this.#restIsLast = ends;
    const last = ends && !cut;
    // A string is decoded at once; bytes are given away.
    const lent = this.#isText && !this.#textAsBytes;
    const out = inflater.inflate(cut ? bytes.subarray(0, INFLATED_AT_ONCE) : bytes, last, room, lent);
    // What came before the fault counts: cut in another way, it would have come alone.
    if (!(out instanceof ProtocolError)) {
      if (!last || this.#length > 0 || this.#pieces) {
        return this.#take(out, 0, out.length, UNKNOWN, last, undefined, lent);
      }
      // All of it came out at once: there is nothing to collect.
      this.#inMessage = false;
      if (this.#isText) return this.#wholeText(out, 0, out.length, false, false);
      return { kind: 'binary', data: out };
    }
    const before = inflater.outputBeforeError ?? NO_BYTES;
    return this.#take(before, 0, before.length, UNKNOWN, false, out);
  }

  /**
   * Take a piece of the message.
   *
   * @param fault What is wrong after it.
   * @param lent Whether its memory will be written to again.
   */
  #take(
    bytes: Uint8Array,
    from: number,
    to: number,
    or: number,
    last: boolean,
    fault: ProtocolError | undefined,
    lent = false,
  ): MessageEvent | undefined {
    let error = fault;
    let end = to;
    if (this.#isText) {
      this.#text ??= new IncomingText(this.#codec);
      if (this.#length === 0) this.#text.reset();
      const bad = this.#text.check(bytes, from, to, or, last);
      if (bad >= 0) {
        error = this.#badText(to - bad);
        end = bad;
      }
    }
    this.#length += end - from;
    if (this.#pieces) {
      // Text is decoded at once; bytes are given away.
      const asBytes = !this.#isText || this.#textAsBytes;
      return this.#pieceEvent(
        lent && asBytes ? this.#own(from, end) : bytes.subarray(from, end),
        last,
        error,
      );
    }
    if (error !== undefined) return this.#fail(error);

    // What the last frame declares bounds how much there can be.
    const expected = this.#cursor.fields.fin && !this.#compressed ? this.#length + this.#cursor.remaining : 0;
    this.#collector ??= new Collector(this.#native);
    this.#collector.append(bytes, from, end, expected, lent);
    if (!last) return undefined;
    this.#inMessage = false;
    const data = this.#collector.take();
    return this.#isText
      ? this.#wholeText(data, 0, data.length, this.#text!.ascii, true)
      : { kind: 'binary', data };
  }

  /** The piece, if there is anything to give, and what is wrong after it. */
  #pieceEvent(
    bytes: Uint8Array,
    last: boolean,
    error: ProtocolError | undefined,
  ): PieceEvent | ProtocolError | undefined {
    const isText = this.#isText;
    const data = isText && !this.#textAsBytes ? this.#text!.characters(bytes) : bytes;
    if (data === undefined) return this.#tooLong();
    const ends = last && error === undefined;
    if (data.length === 0 && !ends) return error === undefined ? undefined : this.#fail(error);
    const first = !this.#started;
    this.#started = true;
    if (ends) this.#inMessage = false;
    if (error !== undefined) this.#failure = this.#fail(error);
    return { kind: 'piece', type: isText ? 'text' : 'binary', data, first, last: ends };
  }

  /** @param checked Whether the bytes are known to be UTF-8. */
  #wholeText(bytes: Uint8Array, from: number, to: number, ascii: boolean, checked: boolean): MessageEvent {
    const codec = this.#codec;
    let data: string | Uint8Array | undefined;
    if (this.#textAsBytes) {
      const valid = ascii || checked || (codec.isUtf8?.(bytes, from, to) ?? firstBad(bytes, from, to) < 0);
      if (valid) data = bytes.subarray(from, to);
    } else {
      data = decodeText(codec, bytes, from, to, ascii);
    }
    if (data !== undefined) return { kind: 'text', data };
    const bad = firstBad(bytes, from, to);
    return bad < 0 ? this.#tooLong() : this.#fail(this.#badText(to - bad));
  }

  /** Part of a control frame's payload came. */
  #controlPiece(): MessageEvent | undefined {
    const cursor = this.#cursor;
    const { chunk, fields, from, to } = cursor;
    const { opcode, payloadLength } = fields;
    let payload: Uint8Array;
    if (to - from === payloadLength) {
      payload = this.#own(from, to);
    } else {
      this.#control ??= new SplitControl(opcode, payloadLength);
      const known = this.#control.add(chunk.subarray(from, to));
      if (known === undefined) return undefined;
      this.#control = undefined;
      payload = known;
    }
    if (opcode === Opcode.Ping) return { kind: 'ping', payload };
    if (opcode === Opcode.Pong) return { kind: 'pong', payload };
    const close = decodeClose(payload, cursor.position - payload.length, this.#codec);
    if (close instanceof FrameError) return this.#fail(close);
    this.#finish();
    return { kind: 'close', code: close.code, reason: close.reason };
  }

  /** @param back How far before the end of the consumed bytes the bad byte is. */
  #badText(back: number): FrameError {
    // Where in compressed data a character comes from, nobody can say: the frame has to do.
    const offset = this.#compressed ? this.#payloadAt() : this.#cursor.position - back;
    return new FrameError('bad-utf8', 'Cannot read message: its text is not UTF-8', offset);
  }

  #error(code: FrameErrorCode, what: string): FrameError {
    const offset = this.#payloadAt() - this.#cursor.headerLength;
    return new FrameError(code, `Cannot read message: ${what}`, offset);
  }

  #tooLong(): FrameError {
    return this.#fail(this.#error('message-too-big', 'its text is longer than a string can be'));
  }

  /** Where the payload of the frame at hand starts. */
  #payloadAt(): number {
    const { fields, position, remaining } = this.#cursor;
    return position - fields.payloadLength + remaining;
  }

  #fail<E extends ProtocolError>(error: E): E {
    this.#finish();
    return error;
  }

  #finish(): void {
    this.#done = true;
    this.#inMessage = false;
    this.#rest = undefined;
    this.#collector = undefined;
    this.#text = undefined;
    this.#control = undefined;
  }

  #takeFailure(): ProtocolError | undefined {
    const failure = this.#failure;
    this.#failure = undefined;
    return failure;
  }
}

/** Where the first byte is that cannot stand there: `to`, when the text ends too early; -1 when it is UTF-8. */
function firstBad(bytes: Uint8Array, from: number, to: number): number {
  const validator = new Utf8Validator();
  const bad = validator.push(bytes, from, to);
  return bad < 0 && !validator.complete ? to : bad;
}
