/**
 * A server over any transport. `sansocket` itself gives it with the sockets of the runtime.
 *
 * @module
 */
export type { BytesLike } from '../bytes/view.ts';
export type { CompressionOptions } from '../connection/permessage.ts';
export type { SendOptions, StreamOptions } from '../connection/send-options.ts';
export type { Directions } from '../deflate/options.ts';
export { ProtocolError } from '../errors.ts';
export { PreparedMessage } from '../frame/prepared.ts';
export type { HostOption } from '../handshake/host-policy.ts';
export type { OriginOption, OriginOptions, OriginRule } from '../handshake/origin.ts';
export { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
export type { Limits } from '../limits.ts';
export type { SocketHandlers } from '../socket/handlers.ts';
export type { ErrorSource } from '../socket/host.ts';
export { IncomingMessage } from '../socket/incoming.ts';
export { Socket, type SocketCloseInfo, type SocketRequest } from '../socket/socket.ts';
export type { Address, ListenOptions, Pem, TlsServerOptions } from '../transport/transport.ts';
export type {
  Authorization,
  AuthorizeAnswer,
  HttpHandler,
  WebSocketHandlers,
  WebSocketLeniency,
} from './app.ts';
export { Refusal, refuse } from './refusal.ts';
export { type BodyOptions, HttpRequest } from './request.ts';
export { type BodySource, HttpResponse } from './response.ts';
export { type BroadcastOptions, Server, type ServerOptions, type StopOptions } from './server.ts';
