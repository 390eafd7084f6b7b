/**
 * Frame headers: the 2 to 14 bytes in front of every payload (RFC 6455 §5.2).
 *
 * Owns: the bit layout, in both directions, and the rules that a header alone can break. Does not own: payloads,
 * joining fragments (`message.ts`), limits on size (`message.ts`), waiting for more bytes (`decoder.ts`).
 *
 * @module
 */

import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions, readSwitch } from '../options.ts';
import { FrameError } from './error.ts';
import { packKey } from './mask.ts';
import { isControl, isOpcode, type Opcode } from './opcode.ts';

/** 2 fixed bytes, 8 of extended length, 4 of masking key. */
export const MAX_HEADER_BYTES = 14;
/** The longest payload of a control frame, in bytes (§5.5). */
export const MAX_CONTROL_BYTES = 125;

// Byte 0.
const FIN = 0x80;
/** RSV1, RSV2 and RSV3, in place. */
export const RSV_BITS = 0x70;
/** RSV1, in place: a compressed message, where permessage-deflate was agreed on (RFC 7692 §6). */
export const RSV1 = 0x40;
const OPCODE_BITS = 0x0f;
// Byte 1.
const MASK = 0x80;
const LENGTH_BITS = 0x7f;
const LENGTH_IN_2 = 126;
const LENGTH_IN_8 = 127;

/** Which end receives the frames: a server expects masked frames, a client unmasked ones (§5.1). */
export type Role = 'server' | 'client';

/** How to judge headers. */
export interface HeaderRules {
  /** Which end receives. Without it, masked and unmasked frames are both taken. */
  readonly role?: Role | undefined;
  /** The RSV bits (of 0x70) that a negotiated extension uses. Default: 0, none. */
  readonly allowedRsv?: number | undefined;
  /** Leniency: take a frame from a client that is not masked. */
  readonly allowUnmasked?: boolean | undefined;
  /** Leniency: take a frame from a server that is masked. */
  readonly allowMasked?: boolean | undefined;
  /** Leniency: take a length in a longer form than it needs. */
  readonly allowNonMinimalLength?: boolean | undefined;
}

/** A header. Counts are in bytes. */
export interface FrameHeader {
  /** Tells it from an error and from a payload. */
  readonly kind: 'header';
  /** The last, or the only, frame of its message. */
  readonly fin: boolean;
  /** RSV1 to RSV3 in place: any of 0x40, 0x20, 0x10. */
  readonly rsv: number;
  /** What the frame is; the continuation of a message has its own opcode. */
  readonly opcode: Opcode;
  /** The 4 bytes of the masking key, a copy; `undefined` when the frame is not masked. */
  readonly maskKey: Uint8Array | undefined;
  /** How long the header itself is: where the payload starts. */
  readonly headerLength: number;
  /** How long the payload is. Always a safe integer. */
  readonly payloadLength: number;
}

/** {@link HeaderRules}, resolved to what the parser tests. */
export interface ResolvedRules {
  /** Refuse frames that are not masked. */
  readonly needMask: boolean;
  /** Refuse frames that are masked. */
  readonly refuseMask: boolean;
  /** Refuse these RSV bits. */
  readonly refusedRsv: number;
  /** Refuse lengths in a longer form than they need. */
  readonly minimal: boolean;
}

const NO_RULES: ResolvedRules = { needMask: false, refuseMask: false, refusedRsv: RSV_BITS, minimal: true };

/** The options of {@link HeaderRules}. */
export const RULE_NAMES: readonly string[] = [
  'role',
  'allowedRsv',
  'allowUnmasked',
  'allowMasked',
  'allowNonMinimalLength',
];

/** Check the rules, and resolve them; names are for the caller to check. @throws As {@link decodeFrameHeader} for `rules`. */
export function resolveRules(rules: HeaderRules): ResolvedRules {
  const { role, allowedRsv = 0 } = rules;
  if (role !== undefined && role !== 'server' && role !== 'client') {
    throw new UsageTypeError(
      'bad-option',
      `Cannot read frames as ${String(role)}: expected 'server' or 'client'`,
    );
  }
  if (!Number.isInteger(allowedRsv) || (allowedRsv & ~RSV_BITS) !== 0) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot allow RSV bits ${String(allowedRsv)}: expected some of 0x70`,
    );
  }
  const lenient = (name: keyof HeaderRules): boolean => readSwitch('read frames', name, rules[name], false);
  const allowUnmasked = lenient('allowUnmasked');
  const allowMasked = lenient('allowMasked');
  return {
    needMask: role === 'server' && !allowUnmasked,
    refuseMask: role === 'client' && !allowMasked,
    refusedRsv: RSV_BITS & ~allowedRsv,
    minimal: !lenient('allowNonMinimalLength'),
  };
}

/** The fields of a header, to be filled in again and again: the hot path makes no object a frame. */
export class HeaderFields {
  /** The last, or the only, frame of its message. */
  fin = false;
  /** RSV1 to RSV3 in place. */
  rsv = 0;
  /** The four bits of the opcode. */
  opcode = 0;
  /** Whether there is a key. */
  masked = false;
  /** The key, packed with its first byte lowest; 0 without one. */
  key = 0;
  /** How long the payload is. */
  payloadLength = 0;
}

/**
 * Read the header at `at` into `fields`.
 *
 * @param position Where `at` is in the whole stream; for the offset of an error.
 * @returns The length of the header; or 0 when it goes on past `end` (the bytes so far break no rule); or what is wrong.
 */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  fields: HeaderFields,
  rules: ResolvedRules,
  position: number,
): number | FrameError {
  const have = end - at;
  if (have < 1) return 0;
  const first = bytes[at]!;
  const opcode = first & OPCODE_BITS;
  const control = isControl(opcode);
  // One test for the three faults of the first byte; a control frame must have FIN and no RSV bit.
  if ((first & rules.refusedRsv) !== 0 || !isOpcode(opcode) || (control && (first & ~OPCODE_BITS) !== FIN)) {
    return badFirstByte(first, rules, position);
  }
  if (have < 2) return 0;

  const second = bytes[at + 1]!;
  const masked = second >= MASK;
  let length = second & LENGTH_BITS;
  if (masked ? rules.refuseMask : rules.needMask) return badMask(masked, position);
  if (control && length > MAX_CONTROL_BYTES) {
    return new FrameError(
      'control-too-long',
      'Cannot read frame: a control frame has more than 125 bytes',
      position + 1,
    );
  }

  let size = 2;
  if (length === LENGTH_IN_2) {
    if (have < 4) return 0;
    size = 4;
    length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    // "the minimal number of bytes MUST be used to encode the length"
    if (length < 126 && rules.minimal) return notMinimal(length, 2, position);
  } else if (length === LENGTH_IN_8) {
    if (have >= 3 && bytes[at + 2]! >= 0x80) {
      return new FrameError(
        'length-overflow',
        'Cannot read frame: the top bit of the 64-bit length is set, expected 0',
        position + 2,
      );
    }
    if (have < 10) return 0;
    size = 10;
    const high =
      ((bytes[at + 2]! << 24) | (bytes[at + 3]! << 16) | (bytes[at + 4]! << 8) | bytes[at + 5]!) >>> 0;
    const low =
      ((bytes[at + 6]! << 24) | (bytes[at + 7]! << 16) | (bytes[at + 8]! << 8) | bytes[at + 9]!) >>> 0;
    if (high > 0x1f_ffff) {
      return new FrameError(
        'message-too-big',
        'Cannot read frame: it declares 2^53 bytes or more, more than any limit can allow',
        position + 2,
      );
    }
    length = high * 0x1_0000_0000 + low;
    if (length < 65_536 && rules.minimal) return notMinimal(length, 8, position);
  }
  if (masked) {
    if (have < size + 4) return 0;
    fields.key = packKey(bytes, at + size);
    size += 4;
  } else {
    fields.key = 0;
  }
  fields.fin = first >= FIN;
  fields.rsv = first & RSV_BITS;
  fields.opcode = opcode;
  fields.masked = masked;
  fields.payloadLength = length;
  return size;
}

function badFirstByte(first: number, rules: ResolvedRules, position: number): FrameError {
  const opcode = first & OPCODE_BITS;
  const rsv = first & RSV_BITS;
  // "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero
  // value, the receiving endpoint MUST _Fail the WebSocket Connection_." Control frames carry no extension's bits.
  if ((rsv & rules.refusedRsv) !== 0 || (rsv !== 0 && isControl(opcode))) {
    const expected = isControl(opcode)
      ? 'none on a control frame'
      : `only bits of ${hex(RSV_BITS & ~rules.refusedRsv)}`;
    return new FrameError(
      'reserved-bit',
      `Cannot read frame: RSV bits are ${hex(rsv)}, expected ${expected}`,
      position,
    );
  }
  if (!isOpcode(opcode)) {
    return new FrameError(
      'reserved-opcode',
      `Cannot read frame: opcode is ${hex(opcode)}, expected 0x0-0x2 or 0x8-0xA`,
      position,
    );
  }
  return new FrameError(
    'fragmented-control',
    'Cannot read frame: FIN is clear on a control frame, expected it set',
    position,
  );
}

function badMask(masked: boolean, position: number): FrameError {
  // "A client MUST close a connection if it detects a masked frame."
  if (masked) {
    return new FrameError(
      'masked-frame',
      'Cannot read frame: MASK is set, expected it clear from a server',
      position + 1,
    );
  }
  // "a server MUST close the connection upon receiving a frame that is not masked"
  return new FrameError(
    'unmasked-frame',
    'Cannot read frame: MASK is clear, expected it set from a client',
    position + 1,
  );
}

function notMinimal(length: number, bytes: number, position: number): FrameError {
  return new FrameError(
    'non-minimal-length',
    `Cannot read frame: a length of ${length} is in ${bytes} extra bytes, expected the shortest form`,
    position + 2,
  );
}

function hex(bits: number): string {
  return `0x${bits.toString(16).toUpperCase()}`;
}

/**
 * Decode the frame header at `offset`. Reads only; what it returns is a copy.
 *
 * Layout (§5.2): 2 bytes; then 0, 2 or 8 bytes of extended length, big-endian; then 0 or 4 bytes of masking key. The
 * payload that follows is not looked at.
 *
 * @param bytes Bytes of a stream of frames.
 * @param offset Where a frame starts in them. Default: 0.
 * @param rules How strict to be. Default: no RSV bits, minimal lengths, masked or not.
 * @returns The header; `undefined` when more bytes are needed (nothing was consumed: ask again with more); or a
 *   {@link FrameError} with one of the codes `reserved-bit`, `reserved-opcode`, `unmasked-frame`, `masked-frame`,
 *   `fragmented-control`, `control-too-long`, `non-minimal-length`, `length-overflow`, or `message-too-big` for 2^53 bytes and more.
 * @throws A `UsageRangeError` (`bad-argument`) for an `offset` outside `bytes`; a `UsageTypeError` for bytes that are no
 *   `Uint8Array` (`bad-argument`) and for a rule, a role or RSV bits that do not exist (`bad-option`).
 *
 * @example An unmasked "Hello" (§5.7)
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { decodeFrameHeader } from 'sansocket/frame';
 *
 * const frame = Uint8Array.of(0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f);
 * const header = decodeFrameHeader(frame, 0);
 * if (header?.kind !== 'header') throw new Error('incomplete or wrong');
 * equal(header.opcode, 1);
 * equal(header.headerLength + header.payloadLength, frame.length);
 * equal(decodeFrameHeader(frame.subarray(0, 1)), undefined); // needs more
 * ```
 */
export function decodeFrameHeader(
  bytes: Uint8Array,
  offset = 0,
  rules?: HeaderRules,
): FrameHeader | undefined | FrameError {
  if (!(bytes instanceof Uint8Array)) {
    throw new UsageTypeError('bad-argument', 'Cannot read frame: the bytes are not a Uint8Array');
  }
  if (!Number.isInteger(offset) || offset < 0 || offset > bytes.length) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot read frame: offset is ${offset}, expected 0 to ${bytes.length}`,
    );
  }
  let resolved = NO_RULES;
  if (rules !== undefined) {
    checkOptions('read frames', rules, RULE_NAMES);
    resolved = resolveRules(rules);
  }
  const fields = new HeaderFields();
  const length = readHeader(bytes, offset, bytes.length, fields, resolved, offset);
  if (length === 0) return undefined;
  return typeof length === 'number' ? describeHeader(fields, length) : length;
}

/** The fields as a value of their own. */
export function describeHeader(fields: HeaderFields, headerLength: number): FrameHeader {
  const { key } = fields;
  return {
    kind: 'header',
    fin: fields.fin,
    rsv: fields.rsv,
    opcode: fields.opcode as Opcode,
    maskKey: fields.masked
      ? Uint8Array.of(key & 0xff, (key >>> 8) & 0xff, (key >>> 16) & 0xff, key >>> 24)
      : undefined,
    headerLength,
    payloadLength: fields.payloadLength,
  };
}

/** How long the header of a frame is, in bytes, for this payload. */
export function headerLength(payloadLength: number, masked: boolean): number {
  return (payloadLength < 126 ? 2 : payloadLength < 65_536 ? 4 : 10) + (masked ? 4 : 0);
}

/**
 * Write a header at `at`, in its shortest form. The caller has checked the values and made room.
 *
 * @param bits FIN, RSV and opcode: the first byte.
 * @param key The packed key when `masked`.
 * @returns Where the payload goes.
 */
export function writeHeader(
  target: Uint8Array,
  at: number,
  bits: number,
  payloadLength: number,
  masked: boolean,
  key: number,
): number {
  const mask = masked ? MASK : 0;
  target[at] = bits;
  let to = at + 2;
  if (payloadLength < 126) {
    target[at + 1] = mask | payloadLength;
  } else if (payloadLength < 65_536) {
    target[at + 1] = mask | LENGTH_IN_2;
    target[at + 2] = payloadLength >>> 8;
    target[at + 3] = payloadLength;
    to = at + 4;
  } else {
    target[at + 1] = mask | LENGTH_IN_8;
    const high = Math.floor(payloadLength / 0x1_0000_0000);
    target[at + 2] = high >>> 24;
    target[at + 3] = high >>> 16;
    target[at + 4] = high >>> 8;
    target[at + 5] = high;
    target[at + 6] = payloadLength >>> 24;
    target[at + 7] = payloadLength >>> 16;
    target[at + 8] = payloadLength >>> 8;
    target[at + 9] = payloadLength;
    to = at + 10;
  }
  if (masked) {
    target[to] = key;
    target[to + 1] = key >>> 8;
    target[to + 2] = key >>> 16;
    target[to + 3] = key >>> 24;
    to += 4;
  }
  return to;
}

/** FIN, as the first byte of a header has it. */
export const FIN_BIT: number = FIN;
