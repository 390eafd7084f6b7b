/**
 * The engines of sansocket, without I/O: bytes in, events out, bytes out. `HttpConnection` reads requests until one of them
 * becomes a WebSocket; `WebSocketConnection` takes over from there, in either role.
 *
 * @module
 */
export { Output, Slab } from '../bytes/output.ts';
export type { RandomSource } from '../bytes/random.ts';
export type { TextCodec } from '../bytes/text.ts';
export type { BytesLike } from '../bytes/view.ts';
export type { Directions } from '../deflate/options.ts';
export { CONNECTION_ERRORS, type ConnectionErrorCode, type ErrorRow, ProtocolError } from '../errors.ts';
export type { Role } from '../frame/header.ts';
export type { PayloadInflater } from '../frame/message.ts';
export type { BinaryEvent, PieceEvent, TextEvent } from '../frame/message-event.ts';
export { PreparedMessage } from '../frame/prepared.ts';
export type { UpgradeSent } from '../handshake/client-request.ts';
export type { Extension } from '../handshake/extensions.ts';
export type { WebSocketUrl } from '../handshake/url.ts';
export type { BodyEvent, EndEvent } from '../http/body.ts';
export type { HeaderEntries, HttpHeaders } from '../http/headers.ts';
export type { RequestHead } from '../http/request-parser.ts';
export type { TargetForm } from '../http/target.ts';
export { DEFAULT_LIMITS, type Limits } from '../limits.ts';
export {
  type ClientOpened,
  ClientOpening,
  type ClientOpeningOptions,
  MAX_REFUSAL_BYTES,
} from './client-opening.ts';
export type { MessageCompression } from './compression.ts';
export type { CloseEvent, ConnectionEvent, PingEvent, PongEvent } from './events.ts';
export { HandshakeError, type HandshakeResponse } from './handshake-error.ts';
export {
  HttpConnection,
  type HttpConnectionEvent,
  type HttpConnectionOptions,
  type RequestEvent,
} from './http.ts';
export {
  type AgreedCompression,
  acceptCompression,
  type CompressionAcceptor,
  type CompressionOffer,
  type CompressionOptions,
  offerCompression,
} from './permessage.ts';
export { ResponseWriter } from './response.ts';
export type { SendOptions, StreamOptions } from './send-options.ts';
export { type ConnectionState, type ConnectionTrigger, TRANSITIONS } from './state.ts';
export { WebSocketConnection, type WebSocketConnectionOptions } from './websocket.ts';
