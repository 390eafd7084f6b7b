/**
 * What `MessageReader` gives: messages, or pieces of them, and control frames.
 *
 * @module
 */
import type { ProtocolError } from '../errors.ts';

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

/** Part of a message, with `pieces`. Only the last one may be empty. */
export interface PieceEvent {
  /** Tells it from the others. */
  readonly kind: 'piece';
  /** What the message is. */
  readonly type: 'text' | 'binary';
  /** Whole characters of a text (its bytes, cut anywhere, with `textAsBytes`), or bytes. */
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

/** What `MessageReader.next` returns. */
export type MessageEvent =
  | TextEvent
  | BinaryEvent
  | PieceEvent
  | PingPongEvent
  | CloseFrameEvent
  | ProtocolError;
