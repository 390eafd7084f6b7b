/**
 * Frames to bytes (RFC 6455 §5).
 *
 * Owns: checking what the caller wants to send, and laying it out. Does not own: fragmenting and text (`writer.ts`).
 *
 * @module
 */
import { drawRandom, type RandomSource, secureRandom } from '../bytes/random.ts';
import { portableText } from '../bytes/text.ts';
import { checkBytes, NO_BYTES } from '../bytes/view.ts';
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { FIN_BIT, headerLength, MAX_CONTROL_BYTES, RSV_BITS, writeHeader } from './header.ts';
import { packKey, xor } from './mask.ts';
import { isControl, isOpcode, type Opcode } from './opcode.ts';

const NAMES: readonly string[] = ['opcode', 'payload', 'fin', 'rsv', 'mask'];

/** A frame to send. */
export interface Frame {
  /** What it is; see {@link Opcode}. */
  readonly opcode: Opcode;
  /** The payload, not masked; a string is sent as UTF-8. Read only; the frame holds a copy. Default: empty. */
  readonly payload?: Uint8Array | string | undefined;
  /** Whether it is the last frame of its message. Default: true. */
  readonly fin?: boolean | undefined;
  /** RSV1 to RSV3 in place (0x40, 0x20, 0x10), for an extension. Default: 0. */
  readonly rsv?: number | undefined;
  /** The 4 bytes of a masking key, or true for a random one; a client must mask, a server must not (§5.1). Default: false. */
  readonly mask?: Uint8Array | boolean | undefined;
}

/**
 * Encode one frame.
 *
 * @param random Where the key comes from when `mask` is true. Default: `crypto.getRandomValues`.
 * @returns Header and payload, in memory of their own.
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-argument`) for a frame that no peer may accept: a reserved
 *   opcode, a control frame that is fragmented or longer than 125 bytes, a payload that is neither a string nor a `Uint8Array`.
 *
 * @example The "Hello" of RFC 6455 §5.7, masked
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { encodeFrame, Opcode } from 'sansocket/frame';
 *
 * const payload = new TextEncoder().encode('Hello');
 * const mask = Uint8Array.of(0x37, 0xfa, 0x21, 0x3d);
 * const frame = encodeFrame({ opcode: Opcode.Text, payload, mask });
 * deepEqual([...frame], [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]);
 * ```
 */
export function encodeFrame(frame: Frame, random?: RandomSource): Uint8Array {
  const target = new Uint8Array(frameLength(frame));
  encodeFrameInto(frame, target, 0, random);
  return target;
}

/**
 * Encode one frame into memory of yours.
 *
 * @param target Written from `at` on. The payload may lie in it, anywhere.
 * @param at Where the frame starts. Default: 0.
 * @returns How many bytes were written: {@link frameLength}.
 * @throws As {@link encodeFrame}; also a `UsageTypeError` for a target that is no `Uint8Array` and a `UsageRangeError` when the frame
 *   does not fit (`bad-argument`), before anything is written.
 */
export function encodeFrameInto(frame: Frame, target: Uint8Array, at = 0, random?: RandomSource): number {
  const total = frameLength(frame);
  checkBytes(target, 'encode frame');
  if (!Number.isInteger(at) || at < 0 || at + total > target.length) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot encode frame: it takes ${total} bytes at ${at}, the target has ${target.length}`,
    );
  }
  const { opcode, payload = NO_BYTES, mask = false, rsv = 0 } = frame;
  const masked = mask !== false;
  const drawn = mask === true ? drawRandom('mask', random ?? secureRandom, new Uint8Array(4)) : mask;
  const key = drawn === false ? 0 : packKey(drawn, 0);
  const bits = (frame.fin === false ? 0 : FIN_BIT) | rsv | opcode;
  const length = payloadLength(payload);
  const start = at + headerLength(length, masked);
  // Before the header: the payload may lie where the header goes.
  if (typeof payload === 'string') portableText.write(payload, target, start);
  else target.set(payload, start);
  writeHeader(target, at, bits, length, masked, key);
  if (masked) xor(target, start, start + length, key);
  return total;
}

/** How many bytes the frame takes on the wire. @throws As {@link encodeFrame}: it checks the frame. */
export function frameLength(frame: Frame): number {
  if (typeof frame !== 'object' || frame === null) throw wrong('the frame', frame, 'an object');
  for (const name in frame)
    if (!NAMES.includes(name)) throw wrong(`the field "${name}"`, 'there', NAMES.join(', '));
  const { opcode, payload = NO_BYTES, fin = true, rsv = 0, mask = false } = frame;
  if (!isOpcode(opcode)) throw wrong('opcode', opcode, '0x0-0x2 or 0x8-0xA');
  if (typeof payload !== 'string' && !(payload instanceof Uint8Array)) {
    throw wrong('payload', payload, 'a Uint8Array or a string');
  }
  if (typeof fin !== 'boolean') throw wrong('fin', fin, 'a boolean');
  if (!Number.isInteger(rsv) || (rsv & ~RSV_BITS) !== 0) throw wrong('rsv', rsv, 'some of 0x70');
  if (typeof mask !== 'boolean' && !(mask instanceof Uint8Array && mask.length === 4)) {
    throw wrong('mask', mask, 'a Uint8Array of 4 bytes, true or false');
  }
  const length = payloadLength(payload);
  if (isControl(opcode)) {
    if (!fin) throw wrong('fin', fin, 'true on a control frame (RFC 6455 §5.5)');
    if (rsv !== 0) throw wrong('rsv', rsv, '0 on a control frame (RFC 6455 §5.5)');
    checkControl('frame', length);
  }
  return headerLength(length, mask !== false) + length;
}

/** @param what What is sent, as in "Cannot send `what`". @throws A `UsageRangeError` (`bad-argument`) for a length that none can have. */
export function checkControl(what: string, length: number): void {
  if (length <= MAX_CONTROL_BYTES) return;
  throw new UsageRangeError(
    'bad-argument',
    `Cannot send ${what}: its payload is ${length} bytes, expected at most 125 (RFC 6455 §5.5)`,
  );
}

function payloadLength(payload: Uint8Array | string): number {
  return typeof payload === 'string' ? portableText.byteLength(payload) : payload.length;
}

function wrong(what: string, is: unknown, expected: string): UsageTypeError {
  const shown = typeof is === 'object' && is !== null ? Object.prototype.toString.call(is) : String(is);
  return new UsageTypeError('bad-argument', `Cannot encode frame: ${what} is ${shown}, expected ${expected}`);
}
