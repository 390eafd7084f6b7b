/**
 * Messages in fragments, with control frames between them (RFC 6455 §5.4), and whole streams of messages.
 *
 * @module
 */
import * as fc from 'fast-check';
import { payloads } from './bytes.ts';
import { concat, type FrameParts, frameBytes, maskKeys, type SenderConstraints } from './frames.ts';
import { texts } from './text.ts';

/** What a receiver must make of a stream. */
export type ExpectedEvent =
  | {
      /** A text message. */
      readonly kind: 'text';
      /** Its text. */
      readonly data: string;
    }
  | {
      /** A binary message. */
      readonly kind: 'binary';
      /** Its bytes. */
      readonly data: Uint8Array;
    }
  | {
      /** A control frame. */
      readonly kind: 'ping' | 'pong';
      /** Its payload. */
      readonly payload: Uint8Array;
    }
  | {
      /** A close frame. */
      readonly kind: 'close';
      /** Its code; 1005 for none. */
      readonly code: number;
      /** Its reason. */
      readonly reason: string;
    };

/** Who sends, and how much. */
export interface MessageConstraints extends SenderConstraints {
  /** Most frames a message. Default: 6. */
  readonly maxFragments?: number | undefined;
  /** Whether pings and pongs come between the fragments. Default: true. */
  readonly controls?: boolean | undefined;
}

/** A message, and the frames that carry it. */
export interface MessageParts {
  /** The message, and the control frames that came before its last fragment, in the order in which they are complete. */
  readonly events: readonly ExpectedEvent[];
  /** Its frames, in order. */
  readonly frames: readonly FrameParts[];
  /** Its frames on the wire. */
  readonly bytes: Uint8Array;
}

/** Several messages, and perhaps a close frame at the end. */
export interface StreamParts {
  /** What a receiver must make of it, in order. */
  readonly events: readonly ExpectedEvent[];
  /** The frames on the wire. */
  readonly bytes: Uint8Array;
}

/**
 * Messages in any number of fragments, cut anywhere (in characters too), empty fragments included, with pings and pongs
 * between them.
 */
export function messages(constraints: MessageConstraints = {}): fc.Arbitrary<MessageParts> {
  const { maxPayloadBytes = 70_000, maxFragments = 6, controls = true } = constraints;
  const content = fc.oneof(
    texts(Math.floor(maxPayloadBytes / 3)).map((data) => ({ kind: 'text', data }) as const),
    payloads(maxPayloadBytes).map((data) => ({ kind: 'binary', data }) as const),
  );
  const between = fc.record({
    after: fc.nat(Math.max(0, maxFragments - 1)),
    kind: fc.constantFrom('ping' as const, 'pong' as const),
    payload: payloads(125),
  });
  return senders(constraints.sender).chain((sender) =>
    fc
      .tuple(
        content,
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: maxFragments - 1 }),
        fc.array(between, { maxLength: controls ? 3 : 0 }),
        fc.array(maskKeys(sender), { minLength: 2, maxLength: 4 }),
      )
      .map(([message, cuts, list, keys]) => layOut(message, cuts, list, keys)),
  );
}

/**
 * Streams of messages: what one end of a healthy connection sends, and what the other must make of it.
 *
 * @example Any cut of a healthy stream is read as it was meant
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import * as fc from 'fast-check';
 * import { chunksOf, messageStreams } from 'sansocket/arbitraries';
 * import { type MessageEvent, MessageReader } from 'sansocket/frame';
 *
 * fc.assert(
 *   fc.property(messageStreams({ sender: 'client', maxPayloadBytes: 2000 }), chunksOf(), (stream, cut) => {
 *     const reader = new MessageReader({ role: 'server' });
 *     const seen: MessageEvent[] = [];
 *     for (const chunk of cut(stream.bytes)) {
 *       reader.push(chunk);
 *       for (let event = reader.next(); event !== undefined; event = reader.next()) seen.push(event);
 *     }
 *     deepEqual(seen, stream.events);
 *   }),
 *   { numRuns: 30 },
 * );
 * ```
 */
export function messageStreams(constraints: MessageConstraints = {}): fc.Arbitrary<StreamParts> {
  const { maxPayloadBytes = 5000 } = constraints;
  return senders(constraints.sender).chain((sender) =>
    fc
      .tuple(
        fc.array(messages({ ...constraints, sender, maxPayloadBytes }), { maxLength: 5 }),
        fc.option(fc.tuple(closeInfos(), maskKeys(sender)), { nil: undefined }),
      )
      .map(([list, close]) => {
        const events = list.flatMap((message) => message.events);
        const parts = list.map((message) => message.bytes);
        if (close !== undefined) {
          const [{ code, reason }, maskKey] = close;
          events.push({ kind: 'close', code, reason });
          parts.push(
            frameBytes({ fin: true, rsv: 0, opcode: 8, maskKey, payload: closePayload(code, reason) }),
          );
        }
        return { events, bytes: concat(parts) };
      }),
  );
}

/** Either end; one and the same for all frames of a value. */
function senders(sender: 'client' | 'server' | undefined): fc.Arbitrary<'client' | 'server'> {
  return sender === undefined ? fc.constantFrom('client', 'server') : fc.constant(sender);
}

function closeInfos(): fc.Arbitrary<{ code: number; reason: string }> {
  const codes = fc.oneof(
    fc.constantFrom(
      1000,
      1001,
      1002,
      1003,
      1007,
      1008,
      1009,
      1010,
      1011,
      1012,
      1013,
      1014,
      3000,
      3999,
      4000,
      4999,
    ),
    fc.integer({ min: 3000, max: 4999 }),
  );
  // A character is at most 4 bytes, and 3 to a UTF-16 unit.
  const withCode = fc.record({ code: codes, reason: texts(41).map((text) => firstBytes(text, 123)) });
  return fc.oneof(withCode, fc.constant({ code: 1005, reason: '' }));
}

function closePayload(code: number, reason: string): Uint8Array {
  if (code === 1005) return new Uint8Array(0);
  return Uint8Array.from([code >> 8, code & 0xff, ...new TextEncoder().encode(reason)]);
}

/** As much of `text` as fits in `bytes` bytes of UTF-8. */
function firstBytes(text: string, bytes: number): string {
  let start = '';
  let length = 0;
  for (const character of text) {
    length += new TextEncoder().encode(character).length;
    if (length > bytes) break;
    start += character;
  }
  return start;
}

function layOut(
  message: { kind: 'text'; data: string } | { kind: 'binary'; data: Uint8Array },
  cuts: readonly number[],
  between: ReadonlyArray<{ after: number; kind: 'ping' | 'pong'; payload: Uint8Array }>,
  keys: ReadonlyArray<Uint8Array | undefined>,
): MessageParts {
  const payload = message.kind === 'text' ? new TextEncoder().encode(message.data) : message.data;
  const at = cuts.map((fraction) => Math.floor(fraction * payload.length)).sort((a, b) => a - b);
  const ends = [...at, payload.length];
  const list: FrameParts[] = [];
  const events: ExpectedEvent[] = [];
  const add = (opcode: number, fin: boolean, bytes: Uint8Array): void => {
    list.push({ fin, rsv: 0, opcode, maskKey: keys[list.length % keys.length], payload: bytes });
  };
  ends.forEach((end, i) => {
    const last = i === ends.length - 1;
    const opcode = i > 0 ? 0 : message.kind === 'text' ? 1 : 2;
    add(opcode, last, payload.subarray(ends[i - 1] ?? 0, end));
    for (const control of last ? [] : between.filter(({ after }) => after === i)) {
      add(control.kind === 'ping' ? 9 : 10, true, control.payload);
      events.push({ kind: control.kind, payload: control.payload });
    }
  });
  events.push(message);
  return { events, frames: list, bytes: concat(list.map((frame) => frameBytes(frame))) };
}
