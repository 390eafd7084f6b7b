/**
 * What a decoder of this folder returns in place of an event when the peer broke a rule.
 *
 * @module
 */
import { FRAME_ERRORS, type FrameErrorCode, ProtocolError } from '../errors.ts';

/** A fault of the peer's in the frame layer: `closeCode` is the code to fail the connection with. */
export class FrameError extends ProtocolError {
  /** Made by the decoders; the row of the table follows from `code`. */
  constructor(code: FrameErrorCode, message: string, offset: number) {
    super(code, FRAME_ERRORS[code], message, offset);
  }
}
