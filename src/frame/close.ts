/**
 * Close frames: a code and a reason (RFC 6455 §5.5.1, §7.4).
 *
 * Owns: which codes may travel, and the payload in both directions. Does not own: when to close (`connection/`).
 *
 * @module
 */
import { portableText, type TextCodec } from '../bytes/text.ts';
import { Utf8Validator } from '../bytes/utf8.ts';
import { checkBytes } from '../bytes/view.ts';
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { show } from '../options.ts';
import { FrameError } from './error.ts';
import { MAX_CONTROL_BYTES } from './header.ts';

/** The close codes with a name (§7.4.1, and the IANA registry that it founded). */
export const CloseCode = {
  /** The purpose of the connection is fulfilled. */
  Normal: 1000,
  /** An endpoint goes away: a server stops, a page is left. */
  GoingAway: 1001,
  /** A rule of the protocol was broken. */
  ProtocolError: 1002,
  /** Data of a kind that the endpoint does not take. */
  UnsupportedData: 1003,
  /** Never sent: the close frame had no code. */
  NoStatus: 1005,
  /** Never sent: the connection ended without a close frame. */
  Abnormal: 1006,
  /** Data that is not what it says, such as text that is not UTF-8. */
  InvalidPayload: 1007,
  /** A policy was broken; for when nothing else fits. */
  PolicyViolation: 1008,
  /** A message too big to process. */
  MessageTooBig: 1009,
  /** Never sent by a server: an extension that the client needs was not agreed on. */
  MissingExtension: 1010,
  /** The endpoint met a condition that it did not expect. */
  InternalError: 1011,
  /** The service restarts; try again later. */
  ServiceRestart: 1012,
  /** The service is overloaded; try again later. */
  TryAgainLater: 1013,
  /** A gateway got an invalid answer. */
  BadGateway: 1014,
  /** Never sent: the TLS handshake failed. */
  TlsFailed: 1015,
} as const;

/** The longest reason, in bytes of UTF-8. */
export const MAX_REASON_BYTES: number = MAX_CONTROL_BYTES - 2;

/**
 * Whether `code` may stand in a close frame: 1000-1003, 1007-1014, 3000-4999 (§7.4.2).
 *
 * 1004 has no meaning yet; 1005, 1006 and 1015 "MUST NOT be set as a status code in a Close control frame".
 */
export function isCloseCode(code: number): boolean {
  return (
    Number.isInteger(code) &&
    ((code >= 1000 && code <= 1014 && (code < 1004 || code > 1006)) || (code >= 3000 && code <= 4999))
  );
}

/** The same for people. */
const CODES = 'expected 1000-1003, 1007-1014 or 3000-4999';

/** What a close frame says. */
export interface CloseInfo {
  /** The code; 1005 when the frame had none. */
  readonly code: number;
  /** The reason; '' when the frame had none. */
  readonly reason: string;
}

/**
 * Read the payload of a close frame.
 *
 * @param payload The payload, unmasked. Reads only.
 * @param position Where the payload is in the stream; for the offset of an error.
 * @returns Code and reason, or what is wrong: `bad-close-payload`, `bad-close-code` or `bad-utf8`.
 * @throws A `UsageTypeError` (`bad-argument`) for a payload that is no `Uint8Array`.
 */
export function decodeClose(
  payload: Uint8Array,
  position = 0,
  text: TextCodec = portableText,
): CloseInfo | FrameError {
  checkBytes(payload, 'read close frame');
  if (payload.length === 0) return { code: CloseCode.NoStatus, reason: '' };
  if (payload.length === 1) {
    return new FrameError(
      'bad-close-payload',
      'Cannot read close frame: its payload is 1 byte, expected 0 or at least 2',
      position,
    );
  }
  const code = (payload[0]! << 8) | payload[1]!;
  if (!isCloseCode(code)) {
    return new FrameError(
      'bad-close-code',
      `Cannot read close frame: its code is ${code}, ${CODES}`,
      position,
    );
  }
  const reason = text.utf8(payload, 2, payload.length);
  if (reason === undefined) {
    const bad = new Utf8Validator().push(payload, 2, payload.length);
    return new FrameError(
      'bad-utf8',
      'Cannot read close frame: its reason is not UTF-8',
      position + (bad < 0 ? payload.length : bad),
    );
  }
  return { code, reason };
}

/**
 * The payload of a close frame.
 *
 * @param code Without it, the payload is empty.
 * @param reason At most 123 bytes of UTF-8. Default: ''.
 * @throws A `UsageRangeError` (`bad-argument`) for a code that may not travel, or a reason that is too long.
 * @throws A `UsageTypeError` (`bad-argument`) for a code that is no number, a reason that is no string, or a reason without a code.
 */
export function encodeClose(code?: number, reason = ''): Uint8Array<ArrayBuffer> {
  if (typeof reason !== 'string') {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot close: the reason is ${show(reason)}, expected a string`,
    );
  }
  if (code === undefined) {
    if (reason !== '')
      throw new UsageTypeError('bad-argument', 'Cannot close: there is a reason but no code');
    return new Uint8Array(0);
  }
  if (typeof code !== 'number') {
    throw new UsageTypeError('bad-argument', `Cannot close: the code is ${show(code)}, expected a number`);
  }
  if (!isCloseCode(code)) {
    throw new UsageRangeError('bad-argument', `Cannot close: the code is ${code}, ${CODES} (RFC 6455 §7.4)`);
  }
  const bytes = portableText.byteLength(reason);
  if (bytes > MAX_REASON_BYTES) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot close: the reason is ${bytes} bytes, expected at most 123 (RFC 6455 §5.5)`,
    );
  }
  const payload = new Uint8Array(2 + bytes);
  payload[0] = code >>> 8;
  payload[1] = code;
  portableText.write(reason, payload, 2);
  return payload;
}
