import { createPureEngine } from 'sansocket/deflate';
import { MessageReader, type MessageReaderOptions } from 'sansocket/frame';
import { FRAME_ERRORS } from '../../../src/errors.ts';
import { naiveDecode } from '../../support/naive-frames.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set([...Object.keys(FRAME_ERRORS), 'bad-deflate', 'inflated-too-big']);

const CLIENT = 1;
const PIECES = 2;
const AS_BYTES = 4;
const TIGHT = 8;
const LENIENT = 16;
const INFLATES = 32;
const TAKEOVER = 64;
/** The cut run gets its chunks lent, in memory that is written over. */
const LENT = 128;

const TIGHT_LIMITS = { maxMessageBytes: 40, maxFragments: 3 };
const ROOMY_LIMITS = { maxMessageBytes: 1 << 16, maxFragments: 1000 };
const engine = createPureEngine();

function optionsOf(flags: number): MessageReaderOptions {
  const role = (flags & CLIENT) !== 0 ? 'client' : 'server';
  return {
    role,
    limits: (flags & TIGHT) !== 0 ? TIGHT_LIMITS : ROOMY_LIMITS,
    pieces: (flags & PIECES) !== 0,
    textAsBytes: (flags & AS_BYTES) !== 0,
    ...((flags & LENIENT) !== 0
      ? { allowUnmasked: true, allowMasked: true, allowNonMinimalLength: true }
      : {}),
    inflater:
      (flags & INFLATES) === 0
        ? undefined
        : engine.createInflater({ windowBits: 8 + (flags & 7), contextTakeover: (flags & TAKEOVER) !== 0 }),
  };
}

function shown(data: string | Uint8Array): string {
  return typeof data === 'string' ? JSON.stringify(data) : Buffer.from(data).toString('hex');
}

/** Messages, pieces of one put together. */
function trace(chunks: readonly Uint8Array[], flags: number, wireBytes: number, lent = false): string {
  const reader = new MessageReader(optionsOf(flags));
  const limit = ((flags & TIGHT) !== 0 ? TIGHT_LIMITS : ROOMY_LIMITS).maxMessageBytes;
  const seen: string[] = [];
  let open: { at: number; type: string; data: string; bytes: number } | undefined;
  let done = false;
  const take = (): void => {
    for (let event = reader.next(); event !== undefined; event = reader.next()) {
      holds(!done, `${event.kind} after the end`);
      switch (event.kind) {
        case 'text':
        case 'binary':
          holds(open === undefined, 'a message inside a message');
          holds(event.data.length <= limit, 'a message above the limit');
          seen.push(`${event.kind} ${shown(event.data)}`);
          break;
        case 'piece': {
          holds(event.first === (open === undefined), 'first is wrong');
          holds(event.data.length > 0 || event.last, 'an empty piece');
          open ??= { at: seen.push('') - 1, type: event.type, data: '', bytes: 0 };
          open.data += typeof event.data === 'string' ? event.data : latin1(event.data);
          open.bytes += event.data.length;
          holds(open.bytes <= limit, 'pieces above the limit');
          seen[open.at] = `${event.type} ${JSON.stringify(open.data)}${event.last ? '' : '…'}`;
          if (event.last) open = undefined;
          break;
        }
        case 'ping':
        case 'pong':
          holds(event.payload.length <= 125, 'a control frame above 125 bytes');
          seen.push(`${event.kind} ${shown(event.payload)}`);
          break;
        case 'close':
          done = true;
          seen.push(`close ${event.code} ${JSON.stringify(event.reason)}`);
          break;
        default:
          done = true;
          seen.push(traceError(event, ALLOWED, wireBytes));
      }
    }
  };
  for (const chunk of chunks) {
    if (lent) {
      reader.lend(chunk);
      take();
      reader.keep();
      chunk.fill(0xa5);
    } else {
      reader.push(chunk);
      take();
    }
    holds(reader.position <= wireBytes, 'more was consumed than came');
  }
  reader.push(Uint8Array.of(0x81, 0x80, 0, 0, 0, 0));
  if (done) {
    holds(reader.next() === undefined, 'an event after the end');
    holds(!reader.inMessage, 'a message is open after the end');
  }
  return seen.join('\n');
}

/** What the transcription of the RFC says. */
function naive(wire: Uint8Array, flags: number): string {
  const role = (flags & CLIENT) !== 0 ? 'client' : 'server';
  const limits = (flags & TIGHT) !== 0 ? TIGHT_LIMITS : ROOMY_LIMITS;
  return naiveDecode([...wire], { role, ...limits })
    .map((event) => {
      if (event.kind === 'text') return `text ${JSON.stringify(event.data)}`;
      if (event.kind === 'close') return `close ${event.code} ${JSON.stringify(event.reason)}`;
      if (event.kind === 'error') return `error ${event.code} ${event.closeCode}`;
      return `${event.kind} ${Buffer.from(event.data).toString('hex')}`;
    })
    .join('\n');
}

export const messageReader: FuzzTarget = {
  name: 'message-reader',
  about:
    'Bytes to a MessageReader, in each role, with tight and roomy limits, in pieces or whole, inflating or not. Out: messages within the ' +
    'limits, pings, pongs, one close or one error, and nothing after it. In any split the same, also with chunks that are lent and then ' +
    'overwritten; without compression, what a transcription of the RFC gives.',
  words: [
    '\x81\x85\0\0\0\0Hello',
    '\x81\x05Hello',
    '\x01\x80\0\0\0\0',
    '\x80\x80\0\0\0\0',
    '\x00\x00',
    '\x80\x00',
    '\x88\x80\0\0\0\0',
    '\x88\x02\x03\xe8',
    '\x89\x80\0\0\0\0',
    '\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00',
    '\xc1\x87\0\0\0\0\xf2\x48\xcd\xc9\xc9\x07\x00',
    '\xe2\x82\xac',
    '\xf0\x9f\x98\x80',
    '\xed\xa0\x80',
    '\xc0\xaf',
    '\xf4\x90\x80\x80',
  ],
  maxBytes: 1024,
  vectors: ['frame'],
  flagsOf: ({ role, options }) =>
    (role === 'client' ? CLIENT : 0) |
    (options?.['limits'] !== undefined ? TIGHT : 0) |
    (options?.['allowUnmasked'] === true || options?.['allowMasked'] === true ? LENIENT : 0),
  run({ flags, wire, whole, pieces }) {
    const expected = trace(whole(), flags, wire.length);
    same(trace(pieces(), flags, wire.length, (flags & LENT) !== 0), expected, 'cut, the messages are others');
    if ((flags & (PIECES | AS_BYTES | LENIENT | INFLATES)) !== 0) return;
    same(expected.replace(/ at \d+$/, ''), naive(wire, flags), 'read by the RFC');
  },
  good() {
    const wire = bytesOf('\x01\x03Hel\x89\x00\x80\x02lo\x82\x01\xff\x88\x02\x03\xe8');
    same(
      trace([wire.slice()], CLIENT, wire.length),
      'ping \ntext "Hello"\nbinary ff\nclose 1000 ""',
      'a good input',
    );
    const packed = bytesOf('\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00');
    same(
      trace([packed.slice()], CLIENT | INFLATES, packed.length),
      'text "Hello"',
      'a good compressed input',
    );
  },
};
