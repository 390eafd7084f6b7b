/**
 * Bytes to frames, as they arrive (RFC 6455 §5).
 *
 * Owns: waiting for headers, unmasking, and where one frame ends and the next begins. Does not own: what frames mean
 * together (`message.ts`), and any limit on their size: a payload passes through in the pieces that it came in, so
 * that a frame of any length takes constant memory.
 *
 * @module
 */

import type { BulkXor, NativeBytes } from '../bytes/native.ts';
import { checkBytes, copyBytes, NO_BYTES, plainBytes } from '../bytes/view.ts';
import { checkOptions } from '../options.ts';
import type { FrameError } from './error.ts';
import {
  describeHeader,
  type FrameHeader,
  HeaderFields,
  type HeaderRules,
  headerFault,
  MAX_HEADER_BYTES,
  Order,
  type ResolvedRules,
  RULE_NAMES,
  readHeader,
  resolveRules,
} from './header.ts';
import { rotateKey, UNKNOWN, VIEW_FROM, WORDS_FROM, wordView, xor } from './mask.ts';

/** How to decode. */
export interface DecoderOptions extends HeaderRules {
  /** What this runtime does faster than portable code. Default: nothing. */
  readonly native?: NativeBytes | undefined;
}

/** The options of {@link DecoderOptions}. */
export const DECODER_NAMES: readonly string[] = [...RULE_NAMES, 'native'];

/** Part of a payload, unmasked. Each frame has at least one, if it is empty. */
export interface FramePayload {
  /** Tells it from a header. */
  readonly kind: 'payload';
  /** A view of the chunk that it came in; it stays as it is. */
  readonly bytes: Uint8Array;
  /** Where `bytes` is in the frame's payload. */
  readonly offset: number;
  /** Whether the frame ends with it. */
  readonly last: boolean;
}

/** What {@link FrameDecoder.next} returns. */
export type FrameEvent = FrameHeader | FramePayload | FrameError;

/** What {@link FrameCursor.step} did. */
export const Step = {
  /** All bytes are used up: push more. */
  More: 0,
  /** `fields` holds a header. */
  Header: 1,
  /** `chunk` from `from` up to `to` is a piece of the payload. */
  Payload: 2,
  /** `error` says what is wrong; it is over. */
  Error: 3,
} as const;

/** Chunks that were used up are let go from this many on, when they are half of the queue. */
const FORGET_FROM = 64;

/**
 * The decoder without an object an event: its fields hold what the last {@link step} found. What {@link FrameDecoder}
 * and `MessageReader` are made of; for those who count nanoseconds.
 */
export class FrameCursor {
  /** The header of the frame at hand. */
  readonly fields: HeaderFields = new HeaderFields();
  /** How long that header was, in bytes. */
  headerLength = 0;
  /** The chunk that the piece lies in. */
  chunk: Uint8Array = NO_BYTES;
  /** Where the piece starts in `chunk`. */
  from = 0;
  /** Where the piece ends in `chunk`. */
  to = 0;
  /**
   * All bytes of the piece ORed together: below 0x80 when it is ASCII. Known only where it comes free, with unmasking;
   * else 0xff, which says nothing.
   */
  or: number = UNKNOWN;
  /** How much of the frame's payload comes after the piece. */
  remaining = 0;
  /** Which data frames can come next; one of `Order`. Whoever keeps count of messages sets it, after each header. */
  order: number = Order.Any;
  /** What is wrong. */
  error: FrameError | undefined;

  /** Whether `chunk` is only lent: what is to be kept of it has to be copied. */
  lent = false;

  readonly #rules: ResolvedRules;
  readonly #bulkXor: BulkXor | undefined;
  #words: Int32Array | undefined;
  /** Where `chunk` starts in the whole stream. */
  #base = 0;
  #at = 0;
  #inPayload = false;
  /** The start of a header that a chunk ended in. */
  #partial: Uint8Array | undefined;
  #partialLength = 0;
  /** Chunks that came before the current one was used up, and which of them is next. */
  #waiting: Uint8Array[] | undefined;
  #waitingAt = 0;

  /** Does not check for names that do not exist. @throws A `UsageTypeError` (`bad-option`) for values that cannot be. */
  constructor(options: DecoderOptions) {
    checkOptions('decode frames', options);
    this.#rules = resolveRules(options);
    this.#bulkXor = options.native?.xor;
  }

  /** How many bytes have been consumed, from the start of the stream. */
  get position(): number {
    return this.#base + this.#at;
  }

  /** Whether the stream is between two frames: its end here cuts nothing off. */
  get atBoundary(): boolean {
    return (
      !this.#inPayload &&
      this.#partialLength === 0 &&
      this.#at === this.chunk.length &&
      this.#waiting === undefined
    );
  }

  /** Add bytes. The cursor owns them from then on, and unmasks in place. @throws A `UsageTypeError` (`bad-argument`). */
  push(chunk: Uint8Array): void {
    checkBytes(chunk, 'decode');
    if (chunk.length === 0 || this.error !== undefined) return;
    const bytes = plainBytes(chunk);
    if (this.#waiting !== undefined) this.#waiting.push(bytes);
    else if (this.#at < this.chunk.length) this.#waiting = [bytes];
    else this.#enter(bytes);
  }

  /**
   * Add bytes that are lent: they are unmasked in place, and the lender wants them back after {@link keep}. Nothing is
   * copied of what is used up by then.
   */
  lend(chunk: Uint8Array): void {
    const used = this.#waiting === undefined && this.#at === this.chunk.length;
    this.push(used ? chunk : copyBytes(chunk));
    // What is not used up of bytes that were lent before stays lent.
    if (used) this.lent = true;
  }

  /** The lender wants its bytes back: copy those that are not used up. */
  keep(): void {
    if (!this.lent) return;
    const rest = this.#at < this.chunk.length ? copyBytes(this.chunk.subarray(this.#at)) : NO_BYTES;
    this.#base -= rest.length;
    this.#enter(rest);
  }

  /** Go on to the next header, or the next piece of a payload. */
  step(): number {
    for (;;) {
      if (this.#inPayload) {
        if (this.#at < this.chunk.length || this.remaining === 0) return this.#payload();
      } else if (this.#at < this.chunk.length) {
        const step = this.#partialLength > 0 ? this.#resume() : this.#header();
        if (step !== Step.More) return step;
      } else if (this.error !== undefined) {
        return Step.Error;
      }
      if (this.#waiting === undefined) {
        // An idle connection holds no chunk.
        this.#enter(NO_BYTES);
        return Step.More;
      }
      this.#enterWaiting(this.#waiting);
    }
  }

  #enterWaiting(waiting: Uint8Array[]): void {
    this.#enter(waiting[this.#waitingAt++]!);
    if (this.#waitingAt === waiting.length) {
      this.#waiting = undefined;
      this.#waitingAt = 0;
    } else if (this.#waitingAt >= FORGET_FROM && 2 * this.#waitingAt >= waiting.length) {
      // Who always pushes before all is taken must not keep alive what was taken.
      this.#waiting = waiting.slice(this.#waitingAt);
      this.#waitingAt = 0;
    }
  }

  #enter(chunk: Uint8Array): void {
    this.#base += this.chunk.length;
    this.chunk = chunk;
    this.lent = false;
    this.#at = 0;
    this.#words = undefined;
  }

  #header(): number {
    const { chunk } = this;
    const read = readHeader(chunk, this.#at, chunk.length, this.fields, this.#rules, this.order);
    if (read > 0) return this.#enterPayload(read);
    if (read < 0) return this.#fail(headerFault(read, chunk, this.#at, this.#rules, this.position));
    this.#partial ??= new Uint8Array(MAX_HEADER_BYTES);
    const rest = chunk.length - this.#at;
    for (let i = 0; i < rest; i++) this.#partial[i] = chunk[this.#at + i]!;
    this.#partialLength = rest;
    return Step.More;
  }

  /** Complete a header with the start of a chunk: at most 14 bytes are copied, so the cost is bounded. */
  #resume(): number {
    const { chunk } = this;
    const partial = this.#partial!;
    const had = this.#partialLength;
    const taken = Math.min(MAX_HEADER_BYTES - had, chunk.length);
    for (let i = 0; i < taken; i++) partial[had + i] = chunk[i]!;
    const read = readHeader(partial, 0, had + taken, this.fields, this.#rules, this.order);
    if (read < 0) return this.#fail(headerFault(read, partial, 0, this.#rules, this.position - had));
    if (read === 0) {
      this.#partialLength = had + taken;
      return Step.More;
    }
    this.#partialLength = 0;
    this.#at = -had;
    return this.#enterPayload(read);
  }

  #enterPayload(headerLength: number): number {
    this.headerLength = headerLength;
    this.#at += headerLength;
    this.remaining = this.fields.payloadLength;
    this.#inPayload = true;
    return Step.Header;
  }

  #payload(): number {
    const { chunk, fields } = this;
    const from = this.#at;
    const available = chunk.length - from;
    const length = Math.min(this.remaining, available);
    const to = from + length;
    if (fields.masked) {
      // A view of the words costs as much as some hundred bytes; one serves all frames of the chunk.
      if (this.#words === undefined && length >= WORDS_FROM && available >= VIEW_FROM) {
        this.#words = wordView(chunk);
      }
      const done = fields.payloadLength - this.remaining;
      this.or = xor(chunk, from, to, rotateKey(fields.key, done), this.#words, this.#bulkXor);
    } else {
      this.or = UNKNOWN;
    }
    this.from = from;
    this.to = to;
    this.#at = to;
    this.remaining -= length;
    if (this.remaining === 0) this.#inPayload = false;
    return Step.Payload;
  }

  #fail(error: FrameError): number {
    this.error = error;
    this.#enter(NO_BYTES);
    this.#waiting = undefined;
    return Step.Error;
  }
}

/**
 * Decodes a stream of frames. Push chunks as they come and take events until there is none; any way of cutting the
 * stream gives the same headers and the same bytes.
 *
 * After an error, `next` returns `undefined` for ever: the connection has failed (§7.1.7).
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { FrameDecoder } from 'sansocket/frame';
 *
 * const decoder = new FrameDecoder({ role: 'client' });
 * const seen: string[] = [];
 * for (const chunk of [Uint8Array.of(0x81, 0x05, 0x48, 0x65), Uint8Array.of(0x6c, 0x6c, 0x6f)]) {
 *   decoder.push(chunk);
 *   for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
 *     if (event.kind === 'error') throw event; // event.closeCode is what to close with
 *     if (event.kind === 'header') seen.push(`opcode ${event.opcode}, ${event.payloadLength} bytes`);
 *     else seen.push(new TextDecoder().decode(event.bytes));
 *   }
 * }
 * deepEqual(seen, ['opcode 1, 5 bytes', 'He', 'llo']);
 * ```
 */
export class FrameDecoder {
  readonly #cursor: FrameCursor;
  #failed = false;

  /** @throws A `UsageTypeError` (`bad-option`) for an option, a role or RSV bits that do not exist. */
  constructor(options: DecoderOptions = {}) {
    checkOptions('decode frames', options, DECODER_NAMES);
    this.#cursor = new FrameCursor(options);
  }

  /** How many bytes have been consumed. */
  get position(): number {
    return this.#cursor.position;
  }

  /** Whether the stream is between two frames. */
  get atBoundary(): boolean {
    return this.#cursor.atBoundary;
  }

  /**
   * Add bytes. They belong to the decoder from then on: it unmasks in place. Bytes after an error are dropped.
   *
   * @throws A `UsageTypeError` (`bad-argument`) for anything but a `Uint8Array`.
   */
  push(chunk: Uint8Array): void {
    this.#cursor.push(chunk);
  }

  /** The next event; `undefined` when more bytes are needed, and for ever after an error. */
  next(): FrameEvent | undefined {
    if (this.#failed) return undefined;
    const cursor = this.#cursor;
    switch (cursor.step()) {
      case Step.Header:
        return describeHeader(cursor.fields, cursor.headerLength);
      case Step.Payload:
        return {
          kind: 'payload',
          bytes: cursor.chunk.subarray(cursor.from, cursor.to),
          offset: cursor.fields.payloadLength - cursor.remaining - (cursor.to - cursor.from),
          last: cursor.remaining === 0,
        };
      case Step.Error:
        this.#failed = true;
        return cursor.error;
    }
    return undefined;
  }
}
