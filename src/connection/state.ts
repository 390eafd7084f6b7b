/**
 * The life of a WebSocket connection, as a table (RFC 6455 §5.5.1, §7.1).
 *
 * Owns: which state follows which. Does not own: what is sent or reported on the way (`websocket.ts`).
 *
 * | state     | what it means                                                      | what still comes in |
 * |-----------|--------------------------------------------------------------------|---------------------|
 * | `open`    | messages go both ways                                              | read                |
 * | `closing` | our close frame is out, the peer's has not come                    | read                |
 * | `failing` | we failed the connection (§7.1.7); waiting for the end of the stream | dropped           |
 * | `ending`  | both close frames are exchanged; waiting for the end of the stream | dropped             |
 * | `closed`  | it is over                                                         | dropped             |
 *
 * @module
 */

/** Where a connection is in its life. */
export type ConnectionState = 'open' | 'closing' | 'failing' | 'ending' | 'closed';

/** What moves it on. */
export type ConnectionTrigger =
  /** We sent a close frame of our own accord. */
  | 'close'
  /** The peer's close frame came (and if it was the first, ours went out in answer). */
  | 'peer-close'
  /** The peer broke a rule or a limit, and we said so. */
  | 'fault'
  /** The peer's stream ended, or the transport is gone. */
  | 'end'
  /** A deadline passed. */
  | 'expire';

/** The table: for each state, the triggers that mean something in it. Any other leaves the state as it is. */
export const TRANSITIONS: Readonly<
  Record<ConnectionState, Readonly<Partial<Record<ConnectionTrigger, ConnectionState>>>>
> = {
  open: { close: 'closing', 'peer-close': 'ending', fault: 'failing', end: 'closed' },
  closing: { 'peer-close': 'ending', fault: 'failing', end: 'closed', expire: 'closed' },
  failing: { end: 'closed', expire: 'closed' },
  ending: { end: 'closed', expire: 'closed' },
  closed: {},
};
