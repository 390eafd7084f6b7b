/**
 * What the connection needs from permessage-deflate (RFC 7692), as an interface: `deflate/` does the work.
 *
 * @module
 */
import type { PayloadInflater } from '../frame/message.ts';

/** Compresses and inflates the messages of one connection, as the two ends agreed. */
export interface MessageCompression extends PayloadInflater {
  /**
   * The compressed payload, without the tail of RFC 7692 §7.2.1; `undefined` when the message should go plain.
   *
   * @param lent Whether it may lie in memory that is written to again by the next call.
   */
  compress(data: string | Uint8Array, lent?: boolean): Uint8Array | undefined;
  /**
   * The next piece of a message that is sent in pieces, compressed: the payload of one fragment, RSV1 being set on the first. It has
   * the tail of RFC 7692 §7.2.1 in it, without which its receiver could not inflate it at once; only the last piece goes without.
   *
   * @param last Whether the message ends with it.
   * @returns Empty, for an empty piece that is not the last: no frame is needed. `undefined`, for the first piece alone: the whole
   *   message should go plain.
   */
  compressPiece(data: string | Uint8Array, last: boolean): Uint8Array | undefined;
  /** Whether a message of this many bytes should be compressed. */
  worthwhile(bytes: number): boolean;
  /** Names the parameters of messages that can be shared between connections; `undefined` with context takeover. */
  readonly sharedKey: string | undefined;
  /** As {@link compress}, independent of every message before: the same for all with the same key. */
  compressShared(payload: Uint8Array): Uint8Array | undefined;
  /** Bytes that {@link releaseIdle} would give back. */
  readonly releasableBytes: number;
  /** When nothing was compressed for so long, in ms, {@link releaseIdle} is called; `Infinity`: never. */
  readonly idleMs: number;
  /** Forget what was sent: what is compressed next refers to nothing before it, so that the receiver does not notice. */
  releaseIdle(): void;
  /** Give the windows back: nothing is compressed or inflated any more. */
  dispose(): void;
}
