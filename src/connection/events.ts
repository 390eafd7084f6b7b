/**
 * What a WebSocket connection reports, as values.
 *
 * @module
 */
import type { ProtocolError } from '../errors.ts';
import type { BinaryEvent, PieceEvent, TextEvent } from '../frame/message-event.ts';

/** The peer's ping; it has been answered. */
export interface PingEvent {
  /** Tells it from the others. */
  readonly kind: 'ping';
  /** Up to 125 bytes. */
  readonly payload: Uint8Array;
}

/** The peer's pong. */
export interface PongEvent {
  /** Tells it from the others. */
  readonly kind: 'pong';
  /** Up to 125 bytes. */
  readonly payload: Uint8Array;
  /** The last of our pings that it answers, and with it all before; -1 for a pong that nobody asked for. */
  readonly answers: number;
  /** Time since that ping, in ms; `undefined` for a pong that nobody asked for. */
  readonly latencyMs: number | undefined;
}

/** The connection is over for the app; comes exactly once, and last. */
export interface CloseEvent {
  /** Tells it from the others. */
  readonly kind: 'close';
  /** The peer's code (1005: it gave none); 1006 when the stream ended without; the code that we failed it with. */
  readonly code: number;
  /** The reason that came with the code. */
  readonly reason: string;
  /** Whether both close frames were exchanged. */
  readonly wasClean: boolean;
}

/** What `WebSocketConnection.next` returns. */
export type ConnectionEvent =
  | TextEvent
  | BinaryEvent
  | PieceEvent
  | PingEvent
  | PongEvent
  | CloseEvent
  | ProtocolError;
