/**
 * DEFLATE (RFC 1951) and permessage-deflate (RFC 7692).
 *
 * @module
 */
export { DEFLATE_ERRORS, type DeflateErrorCode, ProtocolError } from '../errors.ts';
export {
  type CodecOptions,
  type DeflateEngine,
  type Deflater,
  type DeflaterOptions,
  type Inflater,
  MAX_WINDOW_BITS,
  MIN_WINDOW_BITS,
} from './engine.ts';
export {
  type AcceptedOffer,
  acceptOffer,
  checkAnswer,
  createOffer,
  type DeflateExtension,
  type DeflateParams,
  PERMESSAGE_DEFLATE,
} from './negotiate.ts';
export {
  type CompressionOptions,
  type Directions,
  type ResolvedCompression,
  resolveCompression,
} from './options.ts';
export { PerMessageDeflate } from './permessage.ts';
export { createPureEngine, pureEngine } from './pure-engine.ts';
