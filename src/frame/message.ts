/**
 * Frames to messages (RFC 6455 §5.4, §5.6, §8.1).
 *
 * Owns: joining fragments, the limits on a message, UTF-8 as it arrives, and the meaning of control frames' payloads. Does
 * not own: headers and masks (`decoder.ts`), inflating (handed in), answering (`connection/`).
 *
 * @module
 */
import { Collector } from '../bytes/collector.ts';
import { portableText, type TextCodec } from '../bytes/text.ts';
import { Utf8Validator } from '../bytes/utf8.ts';
import { type FrameErrorCode, ProtocolError } from '../errors.ts';
import { type Limits, resolveLimits } from '../limits.ts';
import { decodeClose } from './close.ts';
import { FrameCursor, Step } from './decoder.ts';
import { FrameError } from './error.ts';
import { type HeaderRules, RSV1 } from './header.ts';
import { orBytes } from './mask.ts';
import { isControl, Opcode } from './opcode.ts';

/** What inflates compressed messages; `sansocket/deflate` has one. */
export interface PayloadInflater {
  /**
   * Inflate one piece of a message.
   *
   * @param last Whether the message ends with it.
   * @param maxBytes How much output is allowed.
   * @returns All output that the piece makes, in memory of its own; or what is wrong, and then nothing more.
   */
  inflate(bytes: Uint8Array, last: boolean, maxBytes: number): Uint8Array | ProtocolError;
}

/** How to read messages. */
export interface MessageReaderOptions extends Omit<HeaderRules, 'allowedRsv'> {
  /** `maxMessageBytes` and `maxFragments` count here. */
  readonly limits?: Partial<Limits> | undefined;
  /** Inflates messages with RSV1 set. Without it, RSV1 is refused. */
  readonly inflater?: PayloadInflater | undefined;
  /** Give messages as {@link PieceEvent}s, as they arrive, and keep nothing. Default: false, whole. */
  readonly pieces?: boolean | undefined;
  /** Give text as its bytes, validated but not decoded. Default: false, as a string. */
  readonly textAsBytes?: boolean | undefined;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
}

/** A whole text message. */
export interface TextEvent {
  /** Tells it from the others. */
  readonly kind: 'text';
  /** The text; its UTF-8 bytes with `textAsBytes`. */
  readonly data: string | Uint8Array;
}

/** A whole binary message. */
export interface BinaryEvent {
  /** Tells it from the others. */
  readonly kind: 'binary';
  /** The bytes; it may be a view of the chunk that they came in. */
  readonly data: Uint8Array;
}

/** Part of a message, with `pieces`. Every message has at least one, if it is empty. */
export interface PieceEvent {
  /** Tells it from the others. */
  readonly kind: 'piece';
  /** What the message is. */
  readonly type: 'text' | 'binary';
  /** Whole characters of a text (its bytes with `textAsBytes`), or bytes. */
  readonly data: string | Uint8Array;
  /** Whether the message starts with it. */
  readonly first: boolean;
  /** Whether the message ends with it. */
  readonly last: boolean;
}

/** A ping or a pong. */
export interface PingPongEvent {
  /** Which. */
  readonly kind: 'ping' | 'pong';
  /** Up to 125 bytes; it may be a view of the chunk that they came in. */
  readonly payload: Uint8Array;
}

/** A close frame; nothing comes after it. */
export interface CloseFrameEvent {
  /** Tells it from the others. */
  readonly kind: 'close';
  /** The code; 1005 when there was none. */
  readonly code: number;
  /** The reason; '' when there was none. */
  readonly reason: string;
}

/** What {@link MessageReader.next} returns. */
export type MessageEvent =
  | TextEvent
  | BinaryEvent
  | PieceEvent
  | PingPongEvent
  | CloseFrameEvent
  | ProtocolError;

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
  readonly #text: TextCodec;
  readonly #inflater: PayloadInflater | undefined;
  readonly #maxBytes: number;
  readonly #maxFragments: number;
  readonly #pieces: boolean;
  readonly #textAsBytes: boolean;
  /** Made when a message first comes in more than one piece. */
  #collector: Collector | undefined;
  #validator: Utf8Validator | undefined;
  /** A control frame that comes in more than one piece. */
  #control: Collector | undefined;
  /** The end of a piece that is not a whole character yet: up to 3 bytes. */
  #carry: Uint8Array | undefined;
  #inMessage = false;
  /** Whether a piece of the message has come. */
  #started = false;
  #isText = false;
  #compressed = false;
  #ascii = true;
  #frames = 0;
  /** Bytes of the message so far, inflated. */
  #length = 0;
  #done = false;

  /** @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`) for a role or a limit that does not exist. */
  constructor(options: MessageReaderOptions = {}) {
    const limits = resolveLimits(options.limits);
    this.#cursor = new FrameCursor(
      options.inflater === undefined ? options : { ...options, allowedRsv: RSV1 },
    );
    this.#text = options.text ?? portableText;
    this.#inflater = options.inflater;
    this.#maxBytes = limits.maxMessageBytes;
    this.#maxFragments = limits.maxFragments;
    this.#pieces = options.pieces === true;
    this.#textAsBytes = options.textAsBytes === true;
  }

  /** How many bytes have been consumed. */
  get position(): number {
    return this.#cursor.position;
  }

  /** Whether a message has started and not ended. */
  get inMessage(): boolean {
    return this.#inMessage;
  }

  /** Add bytes. They belong to the reader from then on. Bytes after an error or a close frame are dropped. */
  push(chunk: Uint8Array): void {
    if (!this.#done) this.#cursor.push(chunk);
  }

  /** The next event; `undefined` when more bytes are needed, and for ever after an error or a close frame. */
  next(): MessageEvent | undefined {
    if (this.#done) return undefined;
    const cursor = this.#cursor;
    for (;;) {
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
    if (fields.opcode === Opcode.Continuation) {
      if (!this.#inMessage) {
        return this.#error(
          'unexpected-continuation',
          'a continuation frame came with no message to continue',
        );
      }
      if (fields.rsv !== 0) {
        return this.#error(
          'reserved-bit',
          'RSV1 is set on a continuation frame, expected it on the first frame alone',
        );
      }
    } else {
      if (this.#inMessage) {
        return this.#error('interleaved-message', 'a new message started inside an unfinished one');
      }
      this.#inMessage = true;
      this.#started = false;
      this.#isText = fields.opcode === Opcode.Text;
      this.#compressed = fields.rsv !== 0;
      this.#ascii = true;
      this.#frames = 0;
      this.#length = 0;
    }
    this.#frames++;
    if (this.#frames > this.#maxFragments) {
      return this.#error('too-many-fragments', `a message has more than ${this.#maxFragments} fragments`);
    }
    if (!this.#compressed && this.#length + fields.payloadLength > this.#maxBytes) {
      return this.#error(
        'message-too-big',
        `a message has at least ${this.#length + fields.payloadLength} bytes, expected at most ${this.#maxBytes}`,
      );
    }
    return undefined;
  }

  /** Part of a data frame's payload came. */
  #piece(): MessageEvent | undefined {
    const cursor = this.#cursor;
    const { fields, chunk, from, to } = cursor;
    const last = cursor.remaining === 0 && fields.fin;
    // The common case: a message in one frame in one chunk. No state, no copy, one pass.
    if (
      last &&
      this.#frames === 1 &&
      to - from === fields.payloadLength &&
      !this.#compressed &&
      !this.#pieces
    ) {
      this.#inMessage = false;
      if (!this.#isText) return { kind: 'binary', data: chunk.subarray(from, to) };
      return this.#wholeText(chunk, from, to, cursor.or < 0x80);
    }
    return this.#laterPiece(last);
  }

  #laterPiece(last: boolean): MessageEvent | undefined {
    const cursor = this.#cursor;
    let { chunk, from, to, or } = cursor;
    if (this.#compressed) {
      const out = this.#inflater!.inflate(chunk.subarray(from, to), last, this.#maxBytes - this.#length);
      if (out instanceof ProtocolError) return this.#fail(out);
      chunk = out;
      from = 0;
      to = out.length;
      or = this.#isText ? orBytes(out, 0, to) : 0;
    }
    const first = !this.#started;
    this.#started = true;
    this.#length += to - from;
    if (this.#isText) {
      const error = this.#validate(chunk, from, to, or, last);
      if (error !== undefined) return this.#fail(error);
    }
    if (last) this.#inMessage = false;
    if (this.#pieces) return this.#pieceEvent(chunk, from, to, first, last);

    // Growth is bounded by what the frame declares when it is the last.
    const expected = cursor.fields.fin && !this.#compressed ? this.#length + cursor.remaining : 0;
    this.#collector ??= new Collector();
    this.#collector.append(chunk, from, to, expected);
    if (!last) return undefined;
    const data = this.#collector.take();
    if (!this.#isText) return { kind: 'binary', data };
    // Each piece was validated when it came.
    return this.#textAsBytes ? { kind: 'text', data } : this.#wholeText(data, 0, data.length, this.#ascii);
  }

  #pieceEvent(
    chunk: Uint8Array,
    from: number,
    to: number,
    first: boolean,
    last: boolean,
  ): PieceEvent | undefined {
    let data: string | Uint8Array = chunk.subarray(from, to);
    if (this.#isText && !this.#textAsBytes) data = this.#characters(data);
    if (data.length === 0 && !last && !first) return undefined;
    return { kind: 'piece', type: this.#isText ? 'text' : 'binary', data, first, last };
  }

  /** The whole characters of a piece that is known to be valid; the rest waits for the next piece. */
  #characters(piece: Uint8Array): string {
    let bytes = piece;
    if (this.#carry !== undefined) {
      bytes = new Uint8Array(this.#carry.length + piece.length);
      bytes.set(this.#carry);
      bytes.set(piece, this.#carry.length);
      this.#carry = undefined;
    }
    let end = bytes.length;
    if (this.#validator?.complete === false) {
      do end--;
      while ((bytes[end]! & 0xc0) === 0x80);
      this.#carry = bytes.slice(end);
    }
    return this.#text.utf8(bytes, 0, end) ?? '';
  }

  /** Check a piece of a text. ASCII at a character's boundary needs no look. */
  #validate(chunk: Uint8Array, from: number, to: number, or: number, last: boolean): FrameError | undefined {
    if (or >= 0x80 || (this.#validator !== undefined && !this.#validator.complete)) {
      this.#ascii = false;
      this.#validator ??= new Utf8Validator();
      const bad = this.#validator.push(chunk, from, to);
      if (bad >= 0) return this.#badText(to - bad);
    }
    if (last && this.#validator !== undefined) {
      const { complete } = this.#validator;
      this.#validator.reset();
      if (!complete) return this.#badText(0);
    }
    return undefined;
  }

  #wholeText(bytes: Uint8Array, from: number, to: number, ascii: boolean): MessageEvent {
    if (this.#textAsBytes) {
      return (
        (ascii ? undefined : this.#checkText(bytes, from, to)) ?? {
          kind: 'text',
          data: bytes.subarray(from, to),
        }
      );
    }
    if (ascii) return { kind: 'text', data: this.#text.latin1(bytes, from, to) };
    const data = this.#text.utf8(bytes, from, to);
    if (data !== undefined) return { kind: 'text', data };
    return this.#checkText(bytes, from, to) ?? this.#fail(this.#badText(0));
  }

  #checkText(bytes: Uint8Array, from: number, to: number): FrameError | undefined {
    const validator = new Utf8Validator();
    const bad = validator.push(bytes, from, to);
    if (bad < 0 && validator.complete) return undefined;
    return this.#fail(this.#badText(bad < 0 ? 0 : to - bad));
  }

  /** Part of a control frame's payload came. */
  #controlPiece(): MessageEvent | undefined {
    const cursor = this.#cursor;
    const { chunk, from, to } = cursor;
    let payload: Uint8Array;
    if (to - from === cursor.fields.payloadLength) {
      payload = chunk.subarray(from, to);
    } else {
      this.#control ??= new Collector();
      this.#control.append(chunk, from, to, cursor.fields.payloadLength);
      if (cursor.remaining > 0) return undefined;
      payload = this.#control.take();
    }
    if (cursor.fields.opcode === Opcode.Ping) return { kind: 'ping', payload };
    if (cursor.fields.opcode === Opcode.Pong) return { kind: 'pong', payload };
    const close = decodeClose(payload, cursor.position - payload.length, this.#text);
    if (close instanceof FrameError) return this.#fail(close);
    this.#finish();
    return { kind: 'close', code: close.code, reason: close.reason };
  }

  /** @param back How far before the end of the consumed bytes the bad byte is. */
  #badText(back: number): FrameError {
    return new FrameError(
      'bad-utf8',
      'Cannot read message: its text is not UTF-8',
      Math.max(0, this.#cursor.position - (this.#compressed ? 0 : back)),
    );
  }

  #error(code: FrameErrorCode, what: string): FrameError {
    const cursor = this.#cursor;
    return new FrameError(code, `Cannot read message: ${what}`, cursor.position - cursor.headerLength);
  }

  #fail<E extends ProtocolError>(error: E): E {
    this.#finish();
    return error;
  }

  #finish(): void {
    this.#done = true;
    this.#inMessage = false;
    this.#collector = undefined;
    this.#control = undefined;
    this.#carry = undefined;
  }
}
