/**
 * Messages in fragments with one fault in how they are put together (RFC 6455 §5.4, §5.5, §8.1).
 *
 * @module
 */
import * as fc from 'fast-check';
import { payloads } from './bytes.ts';
import { concat, type FrameParts, frameBytes, type HostileFrames, maskKeys } from './frames.ts';
import { type MessageConstraints, messages } from './messages.ts';
import { brokenUtf8 } from './text.ts';

/** What is made wrong of a message: its frames, and which of them is the wrong one. */
interface Spoiled {
  readonly frames: readonly FrameParts[];
  readonly wrong: number;
}

/**
 * Messages of at least two fragments that are right up to one frame, which is not the first: fragments that are missing or too many,
 * another message or a broken control frame between them, faults of a frame that is not the message's first, text that
 * is broken in a later fragment. A receiver with no extension must fail the connection for each.
 *
 * @example Each is refused with the code that the RFC asks for
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import * as fc from 'fast-check';
 * import { hostileMessages } from 'sansocket/arbitraries';
 * import { MessageReader } from 'sansocket/frame';
 *
 * fc.assert(
 *   fc.property(hostileMessages({ sender: 'client' }), ({ bytes, closeCode }) => {
 *     const reader = new MessageReader({ role: 'server' });
 *     reader.push(bytes);
 *     let event = reader.next();
 *     while (event !== undefined && event.kind !== 'error') event = reader.next();
 *     equal(event?.closeCode, closeCode);
 *   }),
 *   { numRuns: 50 },
 * );
 * ```
 */
export function hostileMessages(constraints: MessageConstraints = {}): fc.Arbitrary<HostileFrames> {
  const { sender = 'client', maxPayloadBytes = 300, maxFragments = 6 } = constraints;
  const key = maskKeys(sender);
  const inFragments = messages({
    ...constraints,
    sender,
    maxPayloadBytes,
    maxFragments: Math.max(2, maxFragments),
  })
    .map(({ frames }) => frames)
    .filter((frames) => frames.some(isContinuation));
  const after = fc.uint8Array({ maxLength: 20 });
  return fc
    .tuple(fc.oneof(structural(inFragments, key, sender), broken(key, maxPayloadBytes)), after)
    .map(([{ frames, wrong, ...fault }, rest]) => {
      const parts = frames.map((frame) => frameBytes(frame));
      const at = parts.slice(0, wrong).reduce((sum, { length }) => sum + length, 0);
      return { bytes: concat([...parts, rest]), at, ...fault };
    });
}

type Fault = Spoiled & Pick<HostileFrames, 'why' | 'rule' | 'closeCode'>;

function isContinuation({ opcode }: FrameParts): boolean {
  return opcode === 0;
}

/** Faults that are in the headers, made of the frames of a message that is right. */
function structural(
  inFragments: fc.Arbitrary<readonly FrameParts[]>,
  key: fc.Arbitrary<Uint8Array | undefined>,
  sender: 'client' | 'server',
): fc.Arbitrary<Fault> {
  /** `spoil` is given the frames and the place of one of the continuations. */
  const fault = (
    why: string,
    rule: string,
    spoil: (frames: readonly FrameParts[], at: number, one: FrameParts) => Spoiled,
  ): fc.Arbitrary<Fault> =>
    fc.tuple(inFragments, fc.nat(), key, payloads(125)).map(([frames, pick, maskKey, payload]) => {
      const places = frames.flatMap((frame, i) => (isContinuation(frame) ? [i] : []));
      const one = { fin: true, rsv: 0, opcode: 9, maskKey, payload };
      return { why, rule, closeCode: 1002, ...spoil(frames, places[pick % places.length]!, one) };
    });
  /** A frame more, in front of a continuation. */
  const between =
    (change: (one: FrameParts, at: number) => Partial<FrameParts>) =>
    (frames: readonly FrameParts[], at: number, one: FrameParts): Spoiled => ({
      frames: [...frames.slice(0, at), { ...one, ...change(one, at) }, ...frames.slice(at)],
      wrong: at,
    });
  /** A continuation that is another one. */
  const instead =
    (change: (frame: FrameParts, at: number) => Partial<FrameParts>) =>
    (frames: readonly FrameParts[], at: number): Spoiled => ({
      frames: frames.map((frame, i) => (i === at ? { ...frame, ...change(frame, at) } : frame)),
      wrong: at,
    });
  const foreign = sender === 'client' ? undefined : Uint8Array.of(1, 2, 3, 4);
  return fc.oneof(
    fault(
      'a message inside a message',
      'RFC 6455 §5.4',
      between(({ payload }) => ({ opcode: 1 + (payload.length % 2) })),
    ),
    fault(
      'the opcode once more in a later fragment',
      'RFC 6455 §5.4',
      instead((_, at) => ({ opcode: 1 + (at % 2) })),
    ),
    fault('no first fragment', 'RFC 6455 §5.4', ([, ...rest]) => ({
      frames: rest,
      wrong: rest.findIndex(isContinuation),
    })),
    fault('a fragment behind the last', 'RFC 6455 §5.4', (frames, _, one) => ({
      frames: [...frames, { ...one, opcode: 0, fin: one.payload.length % 2 === 0 }],
      wrong: frames.length,
    })),
    fault(
      'a control frame in fragments, between those of a message',
      'RFC 6455 §5.5',
      between((_, at) => ({ fin: false, opcode: 8 + (at % 3) })),
    ),
    fault(
      'a control frame of more than 125 bytes between fragments',
      'RFC 6455 §5.5',
      between(() => ({ payload: new Uint8Array(126) })),
    ),
    fault(
      'a reserved opcode between fragments',
      'RFC 6455 §5.2',
      between((_, at) => ({ opcode: at % 2 === 0 ? 3 : 11 })),
    ),
    fault(
      'a close code that must not travel, between fragments',
      'RFC 6455 §7.4',
      between(() => ({ opcode: 8, payload: Uint8Array.of(0x03, 0xed) })),
    ),
    fault(
      'an RSV bit in a later fragment',
      'RFC 6455 §5.2',
      instead((_, at) => ({ rsv: 0x10 << (at % 3) })),
    ),
    fault(
      'a later fragment masked as by the other end',
      'RFC 6455 §5.1',
      instead(() => ({ maskKey: foreign })),
    ),
    fault(
      'a length in a longer form than it needs in a later fragment',
      'RFC 6455 §5.2',
      instead(({ payload }) => ({
        payload: payload.subarray(0, 65_535),
        lengthBytes: payload.length < 126 ? 2 : 8,
      })),
    ),
  );
}

/** Text that is good in its first fragment, and not in a later one. */
function broken(key: fc.Arbitrary<Uint8Array | undefined>, maxPayloadBytes: number): fc.Arbitrary<Fault> {
  const start = { fin: false, rsv: 0, opcode: 1 };
  const good = new TextEncoder().encode('a€');
  const fault = (
    why: string,
    pieces: fc.Arbitrary<readonly [first: Uint8Array, second: Uint8Array]>,
  ): fc.Arbitrary<Fault> =>
    fc.tuple(pieces, key, key, key).map(([[first, second], a, b, c]) => ({
      why,
      rule: 'RFC 6455 §8.1',
      closeCode: 1007,
      frames: [
        { ...start, maskKey: a, payload: first },
        { ...start, fin: true, opcode: 9, maskKey: b, payload: good },
        { ...start, fin: true, opcode: 0, maskKey: c, payload: second },
      ],
      wrong: 2,
    }));
  return fc.oneof(
    fault(
      'a later fragment that is not UTF-8',
      brokenUtf8(maxPayloadBytes).map((bytes) => [good, bytes] as const),
    ),
    fault(
      'a text that ends inside a character of its first fragment',
      fc.constant([good.slice(0, 3), good.slice(0, 0)] as const),
    ),
    fault(
      'a character that goes on wrongly in the next fragment',
      fc.constant([good.slice(0, 2), good.slice(0, 1)] as const),
    ),
  );
}
