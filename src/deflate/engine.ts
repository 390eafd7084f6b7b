/**
 * What permessage-deflate needs from an implementation of DEFLATE, and nothing more.
 *
 * Owns: the contract. Does not own: an implementation. The portable one is `pure-engine.ts`; an adapter may
 * hand in its runtime's zlib behind the same interface, and both run the same contract tests.
 *
 * @module
 */
import type { ProtocolError } from '../errors.ts';

/** Smallest window that RFC 7692 §7.1.2 allows, as a power of two. */
export const MIN_WINDOW_BITS = 8;
/** Largest window that RFC 7692 §7.1.2 allows, as a power of two: 32 KiB. */
export const MAX_WINDOW_BITS = 15;

/** What the handshake settled for one direction. */
export interface CodecOptions {
  /** The LZ77 window is `2 ** windowBits` bytes; 8 to 15. */
  readonly windowBits: number;
  /** Whether a message may refer to the ones before it. Without it nothing is kept between messages. */
  readonly contextTakeover: boolean;
}

/** What a compressor needs to know besides. */
export interface DeflaterOptions extends CodecOptions {
  /** 0 (stored only), 1 (fastest) to 9 (smallest). */
  readonly level: number;
}

/**
 * Inflates the messages of one direction of one connection, one after the other.
 *
 * Synchronous and bounded: a call inflates all of what it is given, or stops at the limit it is given.
 */
export interface Inflater {
  /**
   * Inflate one piece of a message.
   *
   * `bytes` is read and not kept. Any split of a message into pieces gives the same output, and the same
   * error at the same offset.
   *
   * @param bytes The next bytes of the compressed message; may be empty.
   * @param last Whether they are its last ones. The 00 00 FF FF that the sender left out is put back here
   *   (RFC 7692 §7.2.2), and the message must then be complete.
   * @param maxOutputBytes Most bytes that this call may give: 0 or more, or `Infinity`.
   * @param lent Whether the output may lie in memory that the next call of anything of this engine writes to: the caller will be
   *   done with it. Default: false. An engine need not look at it.
   * @returns All output of this piece, in memory of its own unless `lent`; often empty. Or `bad-deflate` (1007) for data that
   *   is corrupt, refers to bytes outside the window, or ends too early; or `inflated-too-big` (1009), as soon as
   *   one byte more than `maxOutputBytes` would come out. After an error every call returns that same error.
   * @throws A `UsageRangeError` (`bad-argument`) for a `maxOutputBytes` that is negative or NaN.
   */
  inflate(
    bytes: Uint8Array,
    last: boolean,
    maxOutputBytes: number,
    lent?: boolean,
  ): Uint8Array | ProtocolError;
  /** What the call that failed had inflated before the fault; empty when none has failed. Lets a reader report what came first. */
  readonly outputBeforeError: Uint8Array;
  /** Bytes of memory that this object holds on to at the moment; the shared scratch of the engine is not counted. */
  readonly retainedBytes: number;
  /** Forget the window, an unfinished message and an error: what comes next starts afresh. */
  reset(): void;
  /** Give back everything. The object is not used afterwards. */
  dispose(): void;
}

/** Deflates the messages of one direction of one connection, one after the other. */
export interface Deflater {
  /**
   * Deflate one piece of a message, and flush it: what is returned can be inflated without waiting for more.
   *
   * `bytes` is read and not kept.
   *
   * @param bytes The next bytes of the message; may be empty.
   * @param last Whether they are its last ones; the 00 00 FF FF at the end is then left out (RFC 7692 §7.2.1).
   * @param lent As for {@link Inflater.inflate}.
   * @returns Output, in memory of its own unless `lent`. At most `bytes.length + 5 * ceil(bytes.length / 16000) + 16` bytes.
   */
  deflate(bytes: Uint8Array, last: boolean, lent?: boolean): Uint8Array;
  /** Bytes of memory that this object holds on to at the moment; the shared scratch of the engine is not counted. */
  readonly retainedBytes: number;
  /**
   * Forget the window: what is deflated next refers to nothing before it. Always allowed, between the pieces of a message too, as
   * each of them is flushed: the receiver does not notice.
   */
  reset(): void;
  /** Give back everything. The object is not used afterwards. */
  dispose(): void;
}

/** An implementation of DEFLATE. */
export interface DeflateEngine {
  /** For logs and for telling prepared messages apart; distinct per engine. */
  readonly name: string;
  /**
   * Make the inflating half of a connection. Allocates little or nothing before the first message.
   *
   * @throws A `UsageRangeError` (`bad-argument`) for options out of range.
   */
  createInflater(options: CodecOptions): Inflater;
  /**
   * Make the deflating half of a connection. Allocates little or nothing before the first message.
   *
   * @throws A `UsageRangeError` (`bad-argument`) for options out of range.
   */
  createDeflater(options: DeflaterOptions): Deflater;
  /** Most bytes that an inflater with these options keeps between two messages. */
  inflaterBytes(options: CodecOptions): number;
  /** Most bytes that a deflater with these options keeps between two messages. */
  deflaterBytes(options: DeflaterOptions): number;
}
