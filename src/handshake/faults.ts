/**
 * How this folder reports what a peer did wrong.
 *
 * Owns: the two ways to make a {@link ProtocolError}. Does not own: the codes (`errors.ts`).
 *
 * @module
 */
import { HANDSHAKE_ERRORS, type HandshakeErrorCode, ProtocolError } from '../errors.ts';

/** The client is at fault: the row's status answers it. */
export function requestFault(code: HandshakeErrorCode, message: string, offset = 0): ProtocolError {
  return new ProtocolError(code, HANDSHAKE_ERRORS[code], message, offset);
}

/** The server is at fault: nothing answers a response, so the client drops the connection. */
export function responseFault(code: HandshakeErrorCode, message: string, offset = 0): ProtocolError {
  return new ProtocolError(code, [0, HANDSHAKE_ERRORS[code][1]], message, offset);
}
