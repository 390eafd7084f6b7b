/**
 * Octets before any protocol: UTF-8, text, base64, SHA-1, randomness, and the memory of what comes in and goes out.
 *
 * @module
 */
export {
  CLASS,
  CR,
  DIGIT,
  FIELD,
  HEXDIG,
  HTAB,
  isAll,
  isFieldValue,
  isToken,
  LF,
  SP,
  TARGET,
  TCHAR,
  trimOws,
} from './ascii.ts';
export { decodeBase64, encodeBase64 } from './base64.ts';
export { Collector } from './collector.ts';
export { type BulkXor, type NativeBytes, xor64 } from './native.ts';
export { Output, SLAB_BYTES, Slab } from './output.ts';
export { MaskKeys, type RandomSource, secureRandom } from './random.ts';
export { sha1 } from './sha1.ts';
export { portableText, type TextCodec } from './text.ts';
export { Utf8Validator } from './utf8.ts';
export { type BytesLike, copyBytes, plainBytes, viewBytes } from './view.ts';
