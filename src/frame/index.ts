/**
 * The frame codec of RFC 6455 §5 to §8: headers, masking, frames, messages, close codes. Pure: bytes in, values out.
 *
 * @module
 */

export { type BulkXor, type NativeBytes, xor64 } from '../bytes/native.ts';
export { Output, Slab } from '../bytes/output.ts';
export { type RandomSource, secureRandom } from '../bytes/random.ts';
export { portableText, type TextCodec } from '../bytes/text.ts';
export type { BytesLike } from '../bytes/view.ts';
export {
  type ErrorRow,
  FRAME_ERRORS,
  type FrameErrorCode,
  ProtocolError,
  UsageRangeError,
  UsageTypeError,
} from '../errors.ts';
export { DEFAULT_LIMITS, type Limits } from '../limits.ts';
export {
  CloseCode,
  type CloseInfo,
  decodeClose,
  encodeClose,
  isCloseCode,
  MAX_REASON_BYTES,
} from './close.ts';
export {
  type DecoderOptions,
  FrameCursor,
  FrameDecoder,
  type FrameEvent,
  type FramePayload,
  Step,
} from './decoder.ts';
export { encodeFrame, encodeFrameInto, type Frame, frameLength } from './encode.ts';
export { FrameError } from './error.ts';
export {
  decodeFrameHeader,
  type FrameHeader,
  type HeaderFields,
  type HeaderRules,
  headerLength,
  MAX_CONTROL_BYTES,
  MAX_HEADER_BYTES,
  type Role,
} from './header.ts';
export { applyMask } from './mask.ts';
export { MessageReader, type MessageReaderOptions, type PayloadInflater } from './message.ts';
export type {
  BinaryEvent,
  CloseFrameEvent,
  MessageEvent,
  PieceEvent,
  PingPongEvent,
  TextEvent,
} from './message-event.ts';
export { isControl, isOpcode, Opcode } from './opcode.ts';
export { PreparedMessage } from './prepared.ts';
export { type FragmentOptions, FrameWriter, MessageWriter, type WriterOptions } from './writer.ts';
