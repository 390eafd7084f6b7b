/**
 * How to send one message, as callers may say it.
 *
 * Owns: the options, and refusing what is none. Does not own: sending (`websocket.ts`).
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';
import { PreparedMessage } from '../frame/prepared.ts';
import { checkOptions, readSwitch } from '../options.ts';

/** How to send one message. */
export interface SendOptions {
  /** What the message is. Default: text for a string, binary for bytes; bytes as `text` must be UTF-8, unchecked. */
  readonly type?: 'text' | 'binary' | undefined;
  /** False keeps the message from being compressed. Default: as agreed, above the threshold. */
  readonly compress?: boolean | undefined;
}

/** How to send a message in pieces. */
export type StreamOptions = Pick<SendOptions, 'compress'>;

const SEND_OPTIONS: readonly string[] = ['type', 'compress'];
const STREAM_OPTIONS: readonly string[] = ['compress'];

/**
 * Refuse options that do not exist or do not fit the message.
 *
 * @throws A `UsageTypeError`: `bad-option` for a name or a value that is none, `bad-argument` for a message that cannot be sent as
 *   that type.
 */
export function checkSendOptions(data: unknown, options: SendOptions): void {
  checkOptions('send', options, SEND_OPTIONS);
  readSwitch('send', 'compress', options.compress, true);
  const { type } = options;
  if (type === undefined) return;
  if (!isType(type)) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot send: type is ${String(type)}, expected 'text' or 'binary'`,
    );
  }
  if (typeof data === 'string' && type === 'binary') {
    throw new UsageTypeError('bad-argument', 'Cannot send a string as binary: encode it first');
  }
  if (data instanceof PreparedMessage && type !== data.type) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot send as ${type}: the message was prepared as ${data.type}`,
    );
  }
}

/** Refuse options that do not exist. @throws A `UsageTypeError` (`bad-option`). */
export function checkStreamOptions(options: StreamOptions): void {
  checkOptions('send stream', options, STREAM_OPTIONS);
  readSwitch('send stream', 'compress', options.compress, true);
}

/** Whether it is one of the two types that a message can have. */
export function isType(type: unknown): type is 'text' | 'binary' {
  return type === 'text' || type === 'binary';
}
