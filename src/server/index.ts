/**
 * A server over any transport. `sansocket` itself gives it with the sockets of the runtime.
 *
 * @module
 */
export type {
  Authorization,
  AuthorizeAnswer,
  HttpHandler,
  WebSocketHandlers,
  WebSocketLeniency,
} from './app.ts';
export { Refusal, refuse } from './refusal.ts';
export { HttpRequest } from './request.ts';
export { type BodySource, HttpResponse } from './response.ts';
export { Server, type ServerOptions, type StopOptions } from './server.ts';
