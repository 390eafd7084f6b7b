/**
 * What ends a connection for a reason of this end's own.
 *
 * @module
 */
import { CONNECTION_ERRORS, type ConnectionErrorCode, ProtocolError, UsageTypeError } from '../errors.ts';

/** An error of {@link CONNECTION_ERRORS}. @throws A `UsageTypeError` (`bad-argument`) for a code that is not in there. */
export function connectionError(
  code: ConnectionErrorCode,
  message: string,
  offset: number,
  cause?: unknown,
): ProtocolError {
  if (!Object.hasOwn(CONNECTION_ERRORS, code)) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot fail connection: there is no code "${String(code)}", expected one of ${Object.keys(CONNECTION_ERRORS).join(', ')}`,
    );
  }
  return new ProtocolError(code, CONNECTION_ERRORS[code], message, offset, { cause });
}
