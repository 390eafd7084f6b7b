/**
 * A client over any transport. `sansocket` itself gives it with the sockets of the runtime.
 *
 * @module
 */
export { HandshakeError, type HandshakeResponse } from '../connection/handshake-error.ts';
export { connect } from './connect.ts';
export type { WebSocketInit } from './conversions.ts';
export type {
  CloseEventInit,
  SocketCloseEvent,
  SocketErrorEvent,
  WebSocketEventHandler,
  WebSocketEventMap,
} from './events.ts';
export { type ClientOptions, DEFAULT_TIMEOUT_MS } from './options.ts';
export type { WebSocketData } from './outgoing.ts';
export {
  createWebSocketClass,
  WebSocketClient,
  type WebSocketConstructor,
} from './whatwg.ts';
