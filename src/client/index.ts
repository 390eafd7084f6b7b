/**
 * A client over any transport. `sansocket` itself gives it with the sockets of the runtime.
 *
 * @module
 */
export type { BytesLike } from '../bytes/view.ts';
export { HandshakeError, type HandshakeResponse } from '../connection/handshake-error.ts';
export type { CompressionOptions } from '../connection/permessage.ts';
export type { SendOptions, StreamOptions } from '../connection/send-options.ts';
export type { Directions } from '../deflate/options.ts';
export { ProtocolError, TransportError } from '../errors.ts';
export { PreparedMessage } from '../frame/prepared.ts';
export { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
export type { Limits } from '../limits.ts';
export type { SocketHandlers } from '../socket/handlers.ts';
export type { ErrorSource } from '../socket/host.ts';
export { IncomingMessage } from '../socket/incoming.ts';
export { Socket, type SocketCloseInfo, type SocketRequest } from '../socket/socket.ts';
export type { Pem, TlsClientOptions } from '../transport/transport.ts';
export { connect } from './connect.ts';
export type { WebSocketInit } from './conversions.ts';
export type {
  CloseEventInit,
  SocketCloseEvent,
  SocketErrorEvent,
  WebSocketEventHandler,
  WebSocketEventMap,
  WebSocketListener,
  WebSocketListenerOptions,
} from './events.ts';
export { type ClientOptions, DEFAULT_TIMEOUT_MS } from './options.ts';
export type { WebSocketData } from './outgoing.ts';
export {
  createWebSocketClass,
  WebSocketClient,
  type WebSocketConstructor,
} from './whatwg.ts';
