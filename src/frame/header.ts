/**
 * Frame headers: the 2 to 14 bytes in front of every payload (RFC 6455 §5.2).
 *
 * Owns: the bit layout, in both directions, and the rules that a header alone can break. Does not own: payloads,
 * joining fragments (`message.ts`), limits on size (`message.ts`), waiting for more bytes (`decoder.ts`).
 *
 * @module
 */

import { checkBytes } from '../bytes/view.ts';
import { type FrameErrorCode, UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions, readSwitch } from '../options.ts';
import { FrameError } from './error.ts';
import { packKey } from './mask.ts';
import { isControl, isOpcode, Opcode } from './opcode.ts';

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

/** @param call What the role is for, as in "Cannot `call`". @throws A `UsageTypeError` (`bad-option`) for what is no role. */
export function checkRole(call: string, role: unknown): void {
  if (role === 'server' || role === 'client') return;
  throw new UsageTypeError('bad-option', `Cannot ${call} as ${String(role)}: expected 'server' or 'client'`);
}

/** Check the rules, and resolve them; names are for the caller to check. @throws As {@link decodeFrameHeader} for `rules`. */
export function resolveRules(rules: HeaderRules): ResolvedRules {
  const { role, allowedRsv = 0 } = rules;
  if (role !== undefined) checkRole('read frames', role);
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

/** What a header can break, as {@link readHeader} says it: numbers, so that the common case makes nothing. */
const RESERVED_BIT = -1;
const RESERVED_OPCODE = -2;
const FRAGMENTED_CONTROL = -3;
const UNMASKED = -4;
const MASKED = -5;
const CONTROL_TOO_LONG = -6;
const NOT_MINIMAL = -7;
const OVERFLOW = -8;
const TOO_BIG = -9;
const UNEXPECTED_CONTINUATION = -10;
const INTERLEAVED = -11;
const RSV_ON_CONTINUATION = -12;

/** Which data frames can come next (§5.4). */
export const Order = {
  /** Nobody keeps count. */
  Any: 0,
  /** No message is open: the first frame of one. */
  First: 1,
  /** A message is open: its continuation. */
  Continuation: 2,
} as const;

/**
 * Read the header at `at` into `fields`. Every rule is checked on the first byte that can break it.
 *
 * @param order Which data frames can come; one of {@link Order}.
 * @returns The length of the header; or 0 when it goes on past `end` (the bytes so far break no rule); or below 0 what is
 *   wrong, for {@link headerFault}.
 */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  fields: HeaderFields,
  rules: ResolvedRules,
  order: number,
): number {
  const have = end - at;
  if (have < 1) return 0;
  const first = bytes[at]!;
  const opcode = first & OPCODE_BITS;
  const control = isControl(opcode);
  // "If a nonzero value is received and none of the negotiated extensions defines the meaning of such a nonzero
  // value, the receiving endpoint MUST _Fail the WebSocket Connection_." Control frames carry no extension's bits.
  if ((first & rules.refusedRsv) !== 0 || (control && (first & RSV_BITS) !== 0)) return RESERVED_BIT;
  if (!isOpcode(opcode)) return RESERVED_OPCODE;
  if (control) {
    if (first < FIN) return FRAGMENTED_CONTROL;
  } else if (order !== Order.Any) {
    const continues = opcode === Opcode.Continuation;
    if (continues !== (order === Order.Continuation))
      return continues ? UNEXPECTED_CONTINUATION : INTERLEAVED;
    // "The RSV1 bit of fragments after the first MUST be 0" (RFC 7692 §6): an extension's bits are on the first frame.
    if (continues && (first & RSV_BITS) !== 0) return RSV_ON_CONTINUATION;
  }
  if (have < 2) return 0;

  const second = bytes[at + 1]!;
  const masked = second >= MASK;
  let length = second & LENGTH_BITS;
  // "a server MUST close the connection upon receiving a frame that is not masked"; "A client MUST close a
  // connection if it detects a masked frame."
  if (masked ? rules.refuseMask : rules.needMask) return masked ? MASKED : UNMASKED;
  if (control && length > MAX_CONTROL_BYTES) return CONTROL_TOO_LONG;

  let size = 2;
  if (length === LENGTH_IN_2) {
    if (have < 4) return 0;
    size = 4;
    length = (bytes[at + 2]! << 8) | bytes[at + 3]!;
    // "the minimal number of bytes MUST be used to encode the length"
    if (length < 126 && rules.minimal) return NOT_MINIMAL;
  } else if (length === LENGTH_IN_8) {
    // "the most significant bit MUST be 0"
    if (have >= 3 && bytes[at + 2]! >= 0x80) return OVERFLOW;
    if (have < 10) return 0;
    size = 10;
    const high = readUint32(bytes, at + 2);
    if (high > 0x1f_ffff) return TOO_BIG;
    length = high * 0x1_0000_0000 + readUint32(bytes, at + 6);
    if (length < 65_536 && rules.minimal) return NOT_MINIMAL;
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

function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/**
 * The error for what {@link readHeader} found wrong in the header at `at`.
 *
 * @param position Where `at` is in the whole stream; for the offset of the error.
 */
export function headerFault(
  fault: number,
  bytes: Uint8Array,
  at: number,
  rules: ResolvedRules,
  position: number,
): FrameError {
  const first = bytes[at]!;
  const make = (code: FrameErrorCode, offset: number, what: string): FrameError =>
    new FrameError(code, `Cannot read frame: ${what}`, position + offset);
  switch (fault) {
    case RESERVED_BIT: {
      const allowed = isControl(first & OPCODE_BITS)
        ? 'none on a control frame'
        : `only bits of ${hex(RSV_BITS & ~rules.refusedRsv)}`;
      return make('reserved-bit', 0, `RSV bits are ${hex(first & RSV_BITS)}, expected ${allowed}`);
    }
    case RESERVED_OPCODE:
      return make('reserved-opcode', 0, `opcode is ${hex(first & OPCODE_BITS)}, expected 0x0-0x2 or 0x8-0xA`);
    case FRAGMENTED_CONTROL:
      return make('fragmented-control', 0, 'FIN is clear on a control frame, expected it set');
    case UNMASKED:
      return make('unmasked-frame', 1, 'MASK is clear, expected it set from a client');
    case MASKED:
      return make('masked-frame', 1, 'MASK is set, expected it clear from a server');
    case CONTROL_TOO_LONG:
      return make('control-too-long', 1, 'a control frame has more than 125 bytes');
    case NOT_MINIMAL:
      return make(
        'non-minimal-length',
        2,
        'the length is in more bytes than it needs, expected the shortest form',
      );
    case UNEXPECTED_CONTINUATION:
      return make('unexpected-continuation', 0, 'a continuation frame came with no message to continue');
    case INTERLEAVED:
      return make('interleaved-message', 0, 'a new message started inside an unfinished one');
    case RSV_ON_CONTINUATION:
      return make('reserved-bit', 0, 'RSV bits are set on a continuation frame, expected none');
    case OVERFLOW:
      return make('length-overflow', 2, 'the top bit of the 64-bit length is set, expected 0');
    default:
      return make('message-too-big', 2, 'it declares 2^53 bytes or more');
  }
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
  checkBytes(bytes, 'read frame');
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
  const length = readHeader(bytes, offset, bytes.length, fields, resolved, Order.Any);
  if (length === 0) return undefined;
  return length > 0 ? describeHeader(fields, length) : headerFault(length, bytes, offset, resolved, offset);
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

/** How long the header of a frame is, in bytes, for a payload of this length: a whole number from 0, which is not checked. */
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
