/**
 * What `sansocket` exports on every runtime, besides the parts that are bound to its sockets.
 *
 * @module
 */

export type { BytesLike } from './bytes/view.ts';
export type { WebSocketInit } from './client/conversions.ts';
export type {
  CloseEventInit,
  SocketCloseEvent,
  SocketErrorEvent,
  WebSocketEventHandler,
  WebSocketEventMap,
  WebSocketListener,
  WebSocketListenerOptions,
} from './client/events.ts';
export type { ClientOptions } from './client/options.ts';
export type { WebSocketData } from './client/outgoing.ts';
export type { WebSocketConstructor } from './client/whatwg.ts';
export { HandshakeError, type HandshakeResponse } from './connection/handshake-error.ts';
export type { CompressionOptions } from './connection/permessage.ts';
export type { SendOptions, StreamOptions } from './connection/send-options.ts';
export type { Directions } from './deflate/options.ts';
export {
  type ConnectionErrorCode,
  type DeflateErrorCode,
  type FrameErrorCode,
  type HandshakeErrorCode,
  type HttpErrorCode,
  ProtocolError,
  type ProtocolErrorCode,
  TransportError,
  type TransportErrorCode,
  USAGE_ERRORS,
  type UsageErrorCode,
  UsageRangeError,
  UsageTypeError,
} from './errors.ts';
export { CloseCode } from './frame/close.ts';
export { PreparedMessage } from './frame/prepared.ts';
export type { HostOption } from './handshake/host-policy.ts';
export type { OriginOption, OriginOptions, OriginRule } from './handshake/origin.ts';
export { type HeaderEntries, HttpHeaders } from './http/headers.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export type {
  Authorization,
  AuthorizeAnswer,
  HttpHandler,
  WebSocketHandlers,
  WebSocketLeniency,
} from './server/app.ts';
export { Refusal, refuse } from './server/refusal.ts';
export { type BodyOptions, HttpRequest } from './server/request.ts';
export { type BodySource, HttpResponse } from './server/response.ts';
export type { BroadcastOptions, ServerOptions, StopOptions } from './server/server.ts';
export type { SocketHandlers } from './socket/handlers.ts';
export type { ErrorSource } from './socket/host.ts';
export { IncomingMessage } from './socket/incoming.ts';
export { Socket, type SocketCloseInfo, type SocketRequest } from './socket/socket.ts';
export type {
  Address,
  ListenOptions,
  Pem,
  TlsClientOptions,
  TlsServerOptions,
} from './transport/transport.ts';
