/**
 * HTTP/1.1 without I/O (RFC 9112, and the parts of RFC 9110 it leans on): requests and responses, both ways.
 *
 * @module
 */
export type { TextCodec } from '../bytes/text.ts';
export {
  HTTP_ERRORS,
  type HttpErrorCode,
  ProtocolError,
  UsageRangeError,
  UsageTypeError,
} from '../errors.ts';
export type { Limits } from '../limits.ts';
export type { BodyEvent, EndEvent } from './body.ts';
export { formatHttpDate } from './date.ts';
export { type HeaderEntries, HttpHeaders } from './headers.ts';
export { listHas, parseList } from './list.ts';
export type { Leniencies, ParserOptions } from './options.ts';
export { parseQuery } from './query.ts';
export { type RequestEvent, type RequestHead, RequestParser } from './request-parser.ts';
export {
  type ResponseEvent,
  type ResponseHead,
  ResponseParser,
  type ResponseParserOptions,
} from './response-parser.ts';
export { reasonPhrase } from './status.ts';
export type { TargetForm } from './target.ts';
export {
  encodeChunk,
  encodeLastChunk,
  encodeRequest,
  encodeResponse,
  type OutgoingRequest,
  type OutgoingResponse,
} from './write.ts';
export {
  formatRequestHead,
  formatResponseHead,
  type OutgoingRequestHead,
  type OutgoingResponseHead,
} from './write-head.ts';
