/**
 * Faults of the HTTP layer, made from their row of the table.
 *
 * @module
 */
import { HTTP_ERRORS, type HttpErrorCode, ProtocolError } from '../errors.ts';

/** A {@link ProtocolError} of this layer. `message` is a sentence without its full stop and holds no byte of the peer's. */
export function httpError(code: HttpErrorCode, message: string, offset: number): ProtocolError {
  return new ProtocolError(code, HTTP_ERRORS[code], message, offset);
}
