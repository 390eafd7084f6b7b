import {
  type DecoderOptions,
  encodeFrame,
  FrameDecoder,
  type FrameHeader,
  type Opcode,
} from 'sansocket/frame';
import { bytesOf, type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set([
  'reserved-bit',
  'reserved-opcode',
  'unmasked-frame',
  'masked-frame',
  'fragmented-control',
  'control-too-long',
  'non-minimal-length',
  'length-overflow',
  'message-too-big',
]);

const CLIENT = 1;
const EITHER = 2;
const LENIENT = 4;
const RSV = 8;

function optionsOf(flags: number): DecoderOptions {
  return {
    role: (flags & EITHER) !== 0 ? undefined : (flags & CLIENT) !== 0 ? 'client' : 'server',
    ...((flags & LENIENT) !== 0 ? { allowNonMinimalLength: true } : {}),
    ...((flags & RSV) !== 0 ? { allowedRsv: 0x40 } : {}),
  };
}

/** Headers and payloads, pieces put together; checks what must hold of each event. */
function trace(chunks: readonly Uint8Array[], flags: number, wire: Uint8Array): string {
  const decoder = new FrameDecoder(optionsOf(flags));
  const seen: string[] = [];
  let header: FrameHeader | undefined;
  let payload = '';
  let end = 0;
  let failed = false;
  for (const chunk of chunks) {
    decoder.push(chunk);
    for (let event = decoder.next(); event !== undefined; event = decoder.next()) {
      holds(!failed, `${event.kind} after an error`);
      if (event.kind === 'error') {
        failed = true;
        seen.push(traceError(event, ALLOWED, wire.length));
      } else if (event.kind === 'header') {
        holds(header === undefined, 'a header inside a frame');
        header = event;
        payload = '';
        const { fin, rsv, opcode, maskKey, headerLength, payloadLength } = event;
        holds(Number.isSafeInteger(payloadLength) && payloadLength >= 0, 'a length that is none');
        holds(headerLength >= 2 && headerLength <= 14, 'a header length that is none');
        seen.push(
          `${fin} ${rsv} ${opcode} ${latin1(maskKey ?? new Uint8Array(0))} ${headerLength} ${payloadLength}`,
        );
      } else {
        holds(header !== undefined, 'a payload without a header');
        holds(event.offset === payload.length, 'a payload has a hole');
        holds(event.bytes.length > 0 || header.payloadLength === 0, 'an empty piece of a payload');
        payload += latin1(event.bytes);
        holds(payload.length <= header.payloadLength, 'more payload than was declared');
        holds(event.last === (payload.length === header.payloadLength), 'last is wrong');
        if (!event.last) continue;
        seen.push(payload);
        end += header.headerLength + payload.length;
        if ((flags & LENIENT) === 0) reencode(header, payload, wire, end);
        header = undefined;
      }
    }
    holds(decoder.position <= wire.length, 'more was consumed than came');
  }
  if (header !== undefined) seen.push(`${payload} …`);
  // It has failed for good, and takes what comes all the same.
  decoder.push(Uint8Array.of(0x81, 0));
  if (failed) holds(decoder.next() === undefined, 'an event after an error');
  return seen.join('\n');
}

/** Strictly, there is one encoding of each frame. */
function reencode(header: FrameHeader, payload: string, wire: Uint8Array, end: number): void {
  if (header.rsv !== 0) return;
  const again = encodeFrame({
    opcode: header.opcode as Opcode,
    fin: header.fin,
    payload: bytesOf(payload),
    ...(header.maskKey === undefined ? {} : { mask: header.maskKey }),
  });
  const start = end - again.length;
  same(latin1(again), latin1(wire.subarray(start, end)), 'a frame, encoded once more');
}

export const frameDecoder: FuzzTarget = {
  name: 'frame-decoder',
  about:
    'Bytes to a FrameDecoder, in each role and leniency. Out: headers and payloads without holes, or one of the errors of a header, ' +
    'and nothing after it. In any split the same; encoded again, each frame is the bytes it came from.',
  words: [
    '\x81\x80\0\0\0\0',
    '\x82\xfe\0\x7e',
    '\x89\x00',
    '\x88\x02\x03\xe8',
    '\x81\x7f\0\0\0\0\0\0\0\x05',
    '\x01\x03Hel',
    '\x80\x02lo',
  ],
  maxBytes: 1024,
  vectors: ['frame', 'frame-header'],
  flagsOf: ({ role, options }) =>
    (role === 'client' || options?.['role'] === 'client'
      ? CLIENT
      : role === undefined && options?.['role'] === undefined
        ? EITHER
        : 0) |
    (options?.['allowNonMinimalLength'] === true ? LENIENT : 0) |
    (options?.['allowedRsv'] !== undefined ? RSV : 0),
  run({ flags, wire, whole, pieces }) {
    const expected = trace(whole(), flags, wire);
    same(trace(pieces(), flags, wire), expected, 'cut, the frames are others');
  },
  good() {
    const wire = bytesOf('\x81\x05Hello\x02\x01\x00');
    same(trace([wire.slice()], CLIENT, wire), 'true 0 1  2 5\nHello\nfalse 0 2  2 1\n\0', 'a good input');
  },
};
