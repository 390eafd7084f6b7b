/**
 * Messages to frames (RFC 6455 §5.4, §5.6).
 *
 * Owns: laying out text and bytes as frames, masking in the client's role, the order of fragments. Does not own: when
 * to send (`connection/`), compressing (handed in as payloads with RSV1).
 *
 * @module
 */

import type { BulkXor, NativeBytes } from '../bytes/native.ts';
import { Output } from '../bytes/output.ts';
import { MaskKeys, type RandomSource } from '../bytes/random.ts';
import { portableText, type TextCodec } from '../bytes/text.ts';
import { type BytesLike, checkText, NO_BYTES, viewBytes } from '../bytes/view.ts';
import { UsageTypeError } from '../errors.ts';
import { checkCodec, checkOptions, readSwitch } from '../options.ts';
import { encodeClose } from './close.ts';
import { checkControl } from './encode.ts';
import { checkRole, FIN_BIT, headerLength, MAX_HEADER_BYTES, type Role, writeHeader } from './header.ts';
import { xor } from './mask.ts';
import { Opcode } from './opcode.ts';

/** Up to this many UTF-16 units, room for the worst case is cheaper than counting bytes first. */
const COUNT_FROM = 4096;

/** How to write. */
export interface WriterOptions {
  /** Who sends: a client masks every frame, a server none (§5.1). */
  readonly role: Role;
  /** Converts text. Default: the portable one. */
  readonly text?: TextCodec | undefined;
  /** Where masking keys come from, in the client's role. Default: `crypto.getRandomValues`. */
  readonly random?: RandomSource | undefined;
  /** What this runtime does faster than portable code. Default: nothing. */
  readonly native?: NativeBytes | undefined;
}

const NAMES: readonly string[] = ['role', 'text', 'random', 'native'];
const FRAGMENT_NAMES: readonly string[] = ['fin'];

/**
 * Writes single frames, one behind the other, to an {@link Output}: what `MessageWriter` is made of, for those who send
 * many frames at once. It checks no argument, and knows nothing of the order of frames.
 *
 * @example Two messages, one run of bytes
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { FrameWriter, Output } from 'sansocket/frame';
 *
 * const output = new Output();
 * const writer = new FrameWriter({ role: 'server' }, output);
 * writer.text(0x81, 'Hi');
 * writer.bytes(0x82, Uint8Array.of(7));
 * deepEqual([...output.take()!], [0x81, 0x02, 0x48, 0x69, 0x82, 0x01, 0x07]);
 * ```
 */
export class FrameWriter {
  /** Where the frames go. */
  readonly output: Output;
  readonly #text: TextCodec;
  readonly #keys: MaskKeys | undefined;
  readonly #bulkXor: BulkXor | undefined;

  /**
   * @param output Where the frames go.
   * @throws A `UsageTypeError`: `bad-option` for a role that does not exist, `bad-argument` for what is no {@link Output}.
   */
  constructor(options: WriterOptions, output: Output) {
    checkOptions('write frames', options);
    if (!(output instanceof Output))
      throw new UsageTypeError('bad-argument', 'Cannot write: there is no Output');
    checkRole('write', options.role);
    this.output = output;
    checkCodec('write', options.text);
    this.#text = options.text ?? portableText;
    this.#bulkXor = options.native?.xor;
    this.#keys = options.role === 'client' ? new MaskKeys(options.random) : undefined;
  }

  /** Whether frames are masked. */
  get masks(): boolean {
    return this.#keys !== undefined;
  }

  /** One frame with `payload`, which is copied. `bits` is its first byte. */
  bytes(bits: number, payload: Uint8Array): void {
    const { output } = this;
    const keys = this.#keys;
    const length = payload.length;
    // The source of keys is the caller's code: what it does comes before there is half a frame.
    const key = keys === undefined ? 0 : keys.next();
    output.reserve(MAX_HEADER_BYTES + length);
    const { bytes, end } = output;
    const start = writeHeader(bytes, end, bits, length, keys !== undefined, key);
    if (length < 32) for (let i = 0; i < length; i++) bytes[start + i] = payload[i]!;
    else bytes.set(payload, start);
    output.end = start + length;
    if (keys !== undefined) xor(bytes, start, output.end, key, undefined, this.#bulkXor);
  }

  /** One frame with `text` in UTF-8. A lone surrogate is sent as U+FFFD. */
  text(bits: number, text: string): void {
    const { output } = this;
    const keys = this.#keys;
    const masked = keys !== undefined;
    const key = masked ? keys.next() : 0;
    const units = text.length;
    // All ASCII is the best guess; the room is for the worst case, or counted where that would be wasteful.
    const guess = units < COUNT_FROM ? units : this.#text.byteLength(text);
    output.reserve(MAX_HEADER_BYTES + (units < COUNT_FROM ? 3 * units : guess));
    const { bytes, end } = output;
    let start = end + headerLength(guess, masked);
    const length = this.#text.write(text, bytes, start);
    if (length !== guess) {
      const right = end + headerLength(length, masked);
      if (right !== start) bytes.copyWithin(right, start, start + length);
      start = right;
    }
    writeHeader(bytes, end, bits, length, masked, key);
    output.end = start + length;
    if (masked) xor(bytes, start, output.end, key, undefined, this.#bulkXor);
  }
}

/** One fragment of a message. */
export interface FragmentOptions {
  /** Whether the message ends with it. Default: true. */
  readonly fin?: boolean | undefined;
}

/**
 * Writes messages, whole or fragment by fragment, with control frames between, and returns the bytes to send.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { MessageWriter } from 'sansocket/frame';
 *
 * const writer = new MessageWriter({ role: 'server' });
 * deepEqual([...writer.text('Hi')], [0x81, 0x02, 0x48, 0x69]);
 * deepEqual([...writer.text('H', { fin: false })], [0x01, 0x01, 0x48]);
 * deepEqual([...writer.ping()], [0x89, 0x00]);
 * deepEqual([...writer.continue('i')], [0x80, 0x01, 0x69]);
 * deepEqual([...writer.close(1000, 'bye')], [0x88, 0x05, 0x03, 0xe8, 0x62, 0x79, 0x65]);
 * ```
 */
export class MessageWriter {
  readonly #frames: FrameWriter;
  #open = false;
  #closed = false;

  /** @throws A `UsageTypeError` (`bad-option`) for an option or a role that does not exist. */
  constructor(options: WriterOptions) {
    checkOptions('write frames', options, NAMES);
    this.#frames = new FrameWriter(options, new Output());
  }

  /** A text message, or with `fin: false` the first fragment of one. @throws A `UsageTypeError` (`bad-argument`, `bad-option`, `bad-state`). */
  text(text: string, options?: FragmentOptions): Uint8Array {
    this.#begin();
    return this.#data(Opcode.Text, checkText(text, 'message'), options);
  }

  /** A binary message, or with `fin: false` the first fragment of one. @throws A `UsageTypeError` (`bad-argument`, `bad-option`, `bad-state`). */
  binary(bytes: BytesLike, options?: FragmentOptions): Uint8Array {
    this.#begin();
    return this.#data(Opcode.Binary, viewBytes(bytes, 'message'), options);
  }

  /**
   * The next fragment of the message that was begun with `fin: false`; the last one unless `fin` is false again.
   * A fragment of a text ends at a character: a string cannot hold half of one.
   *
   * @throws A `UsageTypeError` (`bad-argument`, `bad-option`, `bad-state`).
   */
  continue(data: string | BytesLike, options?: FragmentOptions): Uint8Array {
    this.#check();
    if (!this.#open) throw new UsageTypeError('bad-state', 'Cannot continue: no message is open');
    return this.#data(
      Opcode.Continuation,
      typeof data === 'string' ? data : viewBytes(data, 'fragment'),
      options,
    );
  }

  /** A ping. @param payload At most 125 bytes. @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`). */
  ping(payload?: string | BytesLike): Uint8Array {
    return this.#frame(FIN_BIT | Opcode.Ping, controlPayload(payload, 'ping'));
  }

  /** A pong. @param payload What the ping had. @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`). */
  pong(payload?: string | BytesLike): Uint8Array {
    return this.#frame(FIN_BIT | Opcode.Pong, controlPayload(payload, 'pong'));
  }

  /**
   * A close frame. No message may be written after it (§5.5.1); pings and pongs may, and pings that come before the peer's close frame are
   * to be answered (§5.5.2).
   *
   * @throws As `encodeClose`; `bad-state` for a second one.
   */
  close(code?: number, reason?: string): Uint8Array {
    this.#check();
    const frame = this.#frame(FIN_BIT | Opcode.Close, encodeClose(code, reason));
    this.#closed = true;
    return frame;
  }

  #begin(): void {
    this.#check();
    if (this.#open)
      throw new UsageTypeError('bad-state', 'Cannot begin a message: another one is open, end it first');
  }

  #check(): void {
    if (this.#closed) throw new UsageTypeError('bad-state', 'Cannot write: a close frame was written');
  }

  #data(opcode: number, data: string | Uint8Array, options: FragmentOptions | undefined): Uint8Array {
    let fin = true;
    if (options !== undefined) {
      checkOptions('write a fragment', options, FRAGMENT_NAMES);
      fin = readSwitch('write a fragment', 'fin', options.fin, true);
    }
    const frame = this.#frame((fin ? FIN_BIT : 0) | opcode, data);
    // Only now: the source of keys is the caller's code, and may throw.
    this.#open = !fin;
    return frame;
  }

  #frame(bits: number, data: string | Uint8Array): Uint8Array {
    if (typeof data === 'string') this.#frames.text(bits, data);
    else this.#frames.bytes(bits, data);
    return this.#frames.output.take()!;
  }
}

/** The payload of a ping or pong as bytes, checked. @throws As `MessageWriter.ping`. */
export function controlPayload(payload: string | BytesLike | undefined, what: string): Uint8Array {
  if (payload === undefined) return NO_BYTES;
  let bytes: Uint8Array;
  if (typeof payload === 'string') {
    bytes = new Uint8Array(portableText.byteLength(payload));
    portableText.write(payload, bytes, 0);
  } else {
    bytes = viewBytes(payload, what);
  }
  checkControl(what, bytes.length);
  return bytes;
}
