import { constants, inflateRawSync } from 'node:zlib';
import { createPureEngine } from 'sansocket/deflate';
import { DYNAMIC_TABLES_BYTES } from '../../../src/deflate/dynamic-tables.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set(['bad-deflate', 'inflated-too-big']);
/** "Hello", compressed: the message before. */
const HELLO = bytesOf('\xf2\x48\xcd\xc9\xc9\x07\x00');

// The low three bits of the flags are windowBits - 8.
const TAKEOVER = 8;
const SMALL_BUDGET = 16;
/** The input is the second message. */
const AFTER_HELLO = 32;

const engine = createPureEngine();

interface Inflated {
  readonly text: string;
  readonly output: string;
  readonly failed: boolean;
}

function inflate(chunks: readonly Uint8Array[], flags: number): Inflated {
  const options = { windowBits: 8 + (flags & 7), contextTakeover: (flags & TAKEOVER) !== 0 };
  const inflater = engine.createInflater(options);
  const before = (flags & AFTER_HELLO) !== 0 ? HELLO.length : 0;
  if (before > 0)
    same(latin1(inflater.inflate(HELLO, true, 100) as Uint8Array), 'Hello', 'the message before');
  const budget = (flags & SMALL_BUDGET) !== 0 ? 50 : 1 << 20;
  const all = chunks.length === 0 ? [new Uint8Array(0)] : chunks;
  const wireBytes = all.reduce((sum, { length }) => sum + length, before);
  let output = '';
  for (const [i, chunk] of all.entries()) {
    const out = inflater.inflate(chunk, i === all.length - 1, budget - output.length);
    if (out instanceof ProtocolError) {
      output += latin1(inflater.outputBeforeError);
      holds(output.length <= budget, 'more came out before the error than was allowed');
      const text = traceError(out, ALLOWED, wireBytes);
      holds(inflater.inflate(HELLO, true, 100) === out, 'another result after an error');
      inflater.reset();
      same(latin1(inflater.inflate(HELLO, true, 100) as Uint8Array), 'Hello', 'a message after reset');
      return { text: `${text} after ${output.length}`, output, failed: true };
    }
    output += latin1(out);
    holds(output.length <= budget, 'more came out than was allowed');
    // Inside a message the window is kept with and without takeover, and the tables of a dynamic block.
    holds(
      inflater.retainedBytes <= 2 ** options.windowBits + DYNAMIC_TABLES_BYTES,
      'the inflater keeps too much',
    );
  }
  holds(
    inflater.retainedBytes <= engine.inflaterBytes(options),
    'the inflater keeps too much between messages',
  );
  same(latin1(inflater.inflate(HELLO, true, 100) as Uint8Array), 'Hello', 'the message after');
  return { text: `${output.length} bytes`, output, failed: false };
}

/** What zlib makes of the same message. */
function zlib(wire: Uint8Array, flags: number): string {
  const dictionary =
    (flags & AFTER_HELLO) !== 0 && (flags & TAKEOVER) !== 0 ? { dictionary: Buffer.from('Hello') } : {};
  const whole = Buffer.concat([wire, Uint8Array.of(0, 0, 0xff, 0xff)]);
  return inflateRawSync(whole, {
    finishFlush: constants.Z_SYNC_FLUSH,
    maxOutputLength: 1 << 21,
    ...dictionary,
  }).toString('latin1');
}

export const inflateTarget: FuzzTarget = {
  name: 'inflate',
  about:
    'A compressed message to the portable inflater, with each window and with a small budget. Out: bytes within the budget, or bad-deflate, or ' +
    'inflated-too-big. In any split the same, the bytes before the error too. What it accepts, zlib inflates to the same bytes. ' +
    'It keeps no more than its engine says, and after reset() it inflates again.',
  words: [
    '\xf2\x48\xcd\xc9\xc9\x07\x00',
    '\x00\x05\x00\xfa\xffHello',
    '\x00\x00\x00\xff\xff',
    '\x03\x00',
    '\x02',
    '\x04',
    '\x05',
    '\x06',
    '\x07',
    '\x00\x00\xff\xff',
    '\x01\x00\x00\xff\xff',
  ],
  maxBytes: 1024,
  vectors: ['deflate-inflate'],
  flagsOf: ({ options }) =>
    (Number(options?.['windowBits'] ?? 15) - 8) |
    (options?.['contextTakeover'] === true ? TAKEOVER : 0) |
    (options?.['maxOutputBytes'] !== undefined ? SMALL_BUDGET : 0) |
    (options?.['before'] !== undefined ? AFTER_HELLO : 0),
  run({ flags, wire, whole, pieces }) {
    const expected = inflate(whole(), flags);
    const cut = inflate(pieces(), flags);
    same(cut.text, expected.text, 'cut, the verdict is another');
    same(cut.output, expected.output, 'cut, the bytes are others');
    // zlib stops where a final block ends, and does not look at what comes after it.
    if (!expected.failed)
      holds(expected.output.startsWith(zlib(wire, flags)), 'zlib inflates it to other bytes');
  },
  good() {
    same(inflate([HELLO], 7).output, 'Hello', 'a good input');
  },
};
