/**
 * DEFLATE (RFC 1951) and permessage-deflate (RFC 7692).
 *
 * @module
 */
export {
  type CodecOptions,
  type DeflateEngine,
  type Deflater,
  type DeflaterOptions,
  type Inflater,
  MAX_WINDOW_BITS,
  MIN_WINDOW_BITS,
} from './engine.ts';
export { createPureEngine, pureEngine } from './pure-engine.ts';
