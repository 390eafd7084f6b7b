/**
 * Frames of RFC 6455 §5.2, right and wrong.
 *
 * @module
 */
import * as fc from 'fast-check';
import { payloads } from './bytes.ts';
import { brokenUtf8 } from './text.ts';

/** A frame, taken apart. */
export interface FrameParts {
  /** The last, or the only, frame of its message. */
  readonly fin: boolean;
  /** RSV1 to RSV3 in place: 0x40, 0x20, 0x10. */
  readonly rsv: number;
  /** 0 to 15. */
  readonly opcode: number;
  /** The 4 bytes of the masking key; `undefined`: not masked. */
  readonly maskKey: Uint8Array | undefined;
  /** The payload, not masked. */
  readonly payload: Uint8Array;
  /** In how many bytes of extended length it is said how long the payload is. Default: as few as do. */
  readonly lengthBytes?: 0 | 2 | 8 | undefined;
}

/** Who sends, and how much. */
export interface SenderConstraints {
  /** A client masks its frames, a server does not (§5.1). Default: either, the same for all frames of one value. */
  readonly sender?: 'client' | 'server' | undefined;
  /** Longest payload. Default: 70 000, past both thresholds of the length forms. */
  readonly maxPayloadBytes?: number | undefined;
}

/**
 * The frame on the wire, as §5.2 draws it; nothing is checked, so that wrong frames can be laid out too.
 *
 * @param declared A length to declare in place of the payload's own.
 */
export function frameBytes(frame: FrameParts, declared: bigint = BigInt(frame.payload.length)): Uint8Array {
  const { fin, rsv, opcode, maskKey, payload } = frame;
  const lengthBytes = frame.lengthBytes ?? (declared < 126n ? 0 : declared < 65_536n ? 2 : 8);
  const bytes = [(fin ? 0x80 : 0) | rsv | opcode];
  const second = lengthBytes === 0 ? Number(declared) : lengthBytes === 2 ? 126 : 127;
  bytes.push((maskKey === undefined ? 0 : 0x80) | second);
  for (let shift = 8n * BigInt(lengthBytes) - 8n; shift >= 0n; shift -= 8n) {
    bytes.push(Number((declared >> shift) & 0xffn));
  }
  if (maskKey !== undefined) bytes.push(...maskKey);
  const whole = new Uint8Array(bytes.length + payload.length);
  whole.set(bytes);
  for (let i = 0; i < payload.length; i++) whole[bytes.length + i] = payload[i]! ^ (maskKey?.[i % 4] ?? 0);
  return whole;
}

/** Masking keys, the one of zeros more often than by chance; or none. */
export function maskKeys(sender: 'client' | 'server' | undefined): fc.Arbitrary<Uint8Array | undefined> {
  const keys = fc.oneof(
    { weight: 9, arbitrary: fc.uint8Array({ minLength: 4, maxLength: 4 }) },
    { weight: 1, arbitrary: fc.constant(new Uint8Array(4)) },
  );
  if (sender === 'client') return keys;
  return sender === 'server' ? fc.constant(undefined) : fc.option(keys, { nil: undefined });
}

/**
 * Single frames that are right by themselves: any assigned opcode, control frames whole and short.
 *
 * @example Every frame that a client may send is read back as it was
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import * as fc from 'fast-check';
 * import { frameBytes, frames } from 'sansocket/arbitraries';
 * import { decodeFrameHeader } from 'sansocket/frame';
 *
 * fc.assert(
 *   fc.property(frames({ sender: 'client' }), (frame) => {
 *     const header = decodeFrameHeader(frameBytes(frame), 0, { role: 'server' });
 *     deepEqual(header?.kind === 'header' && header.payloadLength, frame.payload.length);
 *   }),
 * );
 * ```
 */
export function frames(constraints: SenderConstraints = {}): fc.Arbitrary<FrameParts> {
  const { sender, maxPayloadBytes = 70_000 } = constraints;
  const maskKey = maskKeys(sender);
  const data = fc.record({
    fin: fc.boolean(),
    rsv: fc.constant(0),
    opcode: fc.constantFrom(0, 1, 2),
    maskKey,
    payload: payloads(maxPayloadBytes),
  });
  const control = fc.record({
    fin: fc.constant(true),
    rsv: fc.constant(0),
    opcode: fc.constantFrom(8, 9, 10),
    maskKey,
    payload: payloads(Math.min(125, maxPayloadBytes)),
  });
  return fc.oneof(data, control);
}

/** Frames with one fault. */
export interface HostileFrames {
  /** The bytes: frames that are right, the one that is wrong, and something after it. */
  readonly bytes: Uint8Array;
  /** Where the wrong frame starts. */
  readonly at: number;
  /** What is wrong, in words. */
  readonly why: string;
  /** The section that says so. */
  readonly rule: string;
  /** The code that the connection must fail with. */
  readonly closeCode: number;
}

type Fault = Pick<HostileFrames, 'why' | 'rule' | 'closeCode'> & {
  /** Made of a right frame, which it is made wrong from. */
  readonly bytes: Uint8Array;
};

/**
 * Streams with exactly one fault of §5 to §8 that a receiver with no extension must fail the connection for: any of
 * them, after a few frames that are right. Without limits on size; a declared length of 2^53 and more is 1009.
 */
export function hostileFrames(constraints: SenderConstraints = {}): fc.Arbitrary<HostileFrames> {
  const { sender = 'client', maxPayloadBytes = 300 } = constraints;
  const key = maskKeys(sender);
  const before = fc.array(
    fc.record({
      fin: fc.constant(true),
      rsv: fc.constant(0),
      opcode: fc.constantFrom(2, 9, 10),
      maskKey: key,
      payload: payloads(Math.min(125, maxPayloadBytes)),
    }),
    { maxLength: 3 },
  );
  return fc
    .tuple(before, faults(sender, key, maxPayloadBytes), fc.uint8Array({ maxLength: 20 }))
    .map(([good, fault, after]) => {
      const start = good.map((frame) => frameBytes(frame));
      const at = start.reduce((sum, bytes) => sum + bytes.length, 0);
      const { bytes, ...rest } = fault;
      return { bytes: concat([...start, bytes, after]), at, ...rest };
    });
}

function faults(
  sender: 'client' | 'server',
  key: fc.Arbitrary<Uint8Array | undefined>,
  maxPayloadBytes: number,
): fc.Arbitrary<Fault> {
  const some = payloads(Math.min(125, maxPayloadBytes));
  const base = fc.record({
    fin: fc.boolean(),
    rsv: fc.constant(0),
    opcode: fc.constantFrom(1, 2),
    maskKey: key,
    payload: some,
  });
  const fault = (
    why: string,
    rule: string,
    arbitrary: fc.Arbitrary<Uint8Array>,
    closeCode = 1002,
  ): fc.Arbitrary<Fault> => arbitrary.map((bytes) => ({ why, rule, closeCode, bytes }));
  const frame = (
    overrides: { [K in keyof FrameParts]?: fc.Arbitrary<FrameParts[K]> },
  ): fc.Arbitrary<FrameParts> =>
    fc
      .tuple(base, fc.record(overrides))
      .map(([good, wrong]) => ({ ...good, ...(wrong as Partial<FrameParts>) }));
  const bytes = (arbitrary: fc.Arbitrary<FrameParts>): fc.Arbitrary<Uint8Array> =>
    arbitrary.map((one) => frameBytes(one));
  const control = { fin: fc.constant(true), opcode: fc.constantFrom(8, 9, 10) };
  const declaring = (declared: fc.Arbitrary<bigint>, lengthBytes: 0 | 2 | 8): fc.Arbitrary<Uint8Array> =>
    fc
      .tuple(frame({}), declared)
      .map(([one, length]) => frameBytes({ ...one, payload: new Uint8Array(0), lengthBytes }, length));
  const pair = (
    first: fc.Arbitrary<FrameParts>,
    second: fc.Arbitrary<FrameParts>,
  ): fc.Arbitrary<Uint8Array> =>
    fc.tuple(first, second).map(([one, two]) => concat([frameBytes(one), frameBytes(two)]));
  const close = (payload: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> =>
    bytes(frame({ fin: fc.constant(true), opcode: fc.constant(8), payload }));
  const badCode = fc
    .oneof(
      fc.constantFrom(0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535),
      fc.integer({ min: 1016, max: 2999 }),
    )
    .map((code) => Uint8Array.of(code >> 8, code & 0xff));
  const wrongRole =
    sender === 'client'
      ? fault('a client does not mask', 'RFC 6455 §5.1', bytes(frame({ maskKey: fc.constant(undefined) })))
      : fault(
          'a server masks',
          'RFC 6455 §5.1',
          bytes(frame({ maskKey: fc.uint8Array({ minLength: 4, maxLength: 4 }) })),
        );
  return fc.oneof(
    wrongRole,
    fault(
      'an RSV bit',
      'RFC 6455 §5.2',
      bytes(frame({ rsv: fc.constantFrom(0x10, 0x20, 0x40, 0x50, 0x70) })),
    ),
    fault(
      'a reserved opcode',
      'RFC 6455 §5.2',
      bytes(frame({ opcode: fc.constantFrom(3, 4, 5, 6, 7, 11, 12, 13, 14, 15) })),
    ),
    fault(
      'a control frame without FIN',
      'RFC 6455 §5.5',
      bytes(frame({ ...control, fin: fc.constant(false) })),
    ),
    fault(
      'a control frame of more than 125 bytes',
      'RFC 6455 §5.5',
      bytes(frame({ ...control, payload: fc.integer({ min: 126, max: 400 }).map((n) => new Uint8Array(n)) })),
    ),
    fault('a length in 2 bytes that needs none', 'RFC 6455 §5.2', declaring(fc.bigInt(0n, 125n), 2)),
    fault('a length in 8 bytes that needs fewer', 'RFC 6455 §5.2', declaring(fc.bigInt(0n, 65_535n), 8)),
    fault('the top bit of a length', 'RFC 6455 §5.2', declaring(fc.bigInt(2n ** 63n, 2n ** 64n - 1n), 8)),
    fault(
      'a length of 2^53 or more',
      'RFC 6455 §7.4.1',
      declaring(fc.bigInt(2n ** 53n, 2n ** 63n - 1n), 8),
      1009,
    ),
    fault('a continuation of nothing', 'RFC 6455 §5.4', bytes(frame({ opcode: fc.constant(0) }))),
    fault(
      'a message inside a message',
      'RFC 6455 §5.4',
      pair(frame({ opcode: fc.constant(2), fin: fc.constant(false) }), frame({})),
    ),
    fault(
      'a close frame of one byte',
      'RFC 6455 §5.5.1',
      close(fc.uint8Array({ minLength: 1, maxLength: 1 })),
    ),
    fault('a close code that must not travel', 'RFC 6455 §7.4', close(badCode)),
    fault(
      'a close reason that is not UTF-8',
      'RFC 6455 §5.5.1',
      close(
        brokenUtf8(8)
          .filter((reason) => reason.length <= 123)
          .map((reason) => Uint8Array.from([0x03, 0xe8, ...reason])),
      ),
      1007,
    ),
    fault(
      'a text that is not UTF-8',
      'RFC 6455 §8.1',
      bytes(frame({ fin: fc.constant(true), opcode: fc.constant(1), payload: brokenUtf8(maxPayloadBytes) })),
      1007,
    ),
  );
}

/** All of them, in one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
