/**
 * What linear.test.ts counts the steps of. Runs in a worker, so it imports the sources by path.
 *
 * @module
 */
import { constants, deflateRawSync } from 'node:zlib';
import { createPureEngine } from '../../../src/deflate/pure-engine.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { Bits } from '../../support/deflate-bits.ts';
import { generator, sample } from '../../support/deflate-samples.ts';

const engine = createPureEngine();

function compressed(bytes: Uint8Array, options: object = {}): Uint8Array {
  return deflateRawSync(bytes, { ...options, finishFlush: constants.Z_SYNC_FLUSH }).subarray(0, -4);
}

function inChunks(bytes: Uint8Array, size: number): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

/** Inflate one message that comes in such pieces. */
function inflate(message: Uint8Array, pieceBytes = message.length, windowBits = 15): () => void {
  const pieces = inChunks(message, pieceBytes);
  const inflater = engine.createInflater({ windowBits, contextTakeover: true });
  return () => {
    for (const [i, piece] of pieces.entries()) {
      const output = inflater.inflate(piece, i === pieces.length - 1, Number.POSITIVE_INFINITY);
      if (output instanceof ProtocolError) throw output;
    }
  };
}

/** Deflate one message that is given in such pieces. */
function deflate(bytes: Uint8Array, level: number, pieceBytes = bytes.length): () => void {
  const pieces = inChunks(bytes, pieceBytes);
  const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: true, level });
  return () => {
    for (const [i, piece] of pieces.entries()) deflater.deflate(piece, i === pieces.length - 1);
  };
}

/** Blocks in the fixed codes, each of one literal, and all of them one message. */
function smallBlocks(count: number): Uint8Array {
  const bits = new Bits();
  for (let i = 0; i < count; i++) bits.fixedBlock().literals([0x61]).end();
  return bits.endOfMessage();
}

/** Dynamic blocks of nothing but the end of the block, 12 bytes each, with an empty stored one behind each. */
function dynamicBlocks(count: number): Uint8Array {
  const one = [0x04, 0xc0, 0x81, 0x08, 0, 0, 0, 0, 0x20, 0x7f, 0xeb, 0x03, 0, 0, 0xff, 0xff];
  return Uint8Array.from({ length: 16 * count - 4 }, (_, i) => one[i % 16]!);
}

/** All three-byte strings begin alike, and no match gets long: a matcher looks at all that it may. */
function alike(size: number): Uint8Array {
  const next = generator(5);
  return Uint8Array.from({ length: size }, (_, i) => (i % 4 === 3 ? next(256) : 0x61));
}

/** By name: what prepares a run of about `size` bytes, in or out, and returns it. */
export const scenarios: Record<string, (size: number) => () => void> = {
  'inflate text': (size) => inflate(compressed(sample('text', size))),
  'inflate text, byte by byte': (size) => inflate(compressed(sample('text', size)), 1),
  'inflate text in a window of 256 bytes, byte by byte': (size) =>
    inflate(compressed(sample('text', size), { windowBits: 9 }), 1, 9),
  'inflate what does not compress, byte by byte': (size) => inflate(compressed(sample('random', size)), 1),
  'inflate zeros': (size) => inflate(compressed(new Uint8Array(size))),
  'inflate zeros, byte by byte': (size) => inflate(compressed(new Uint8Array(size)), 1),
  'inflate stored blocks, byte by byte': (size) => inflate(compressed(sample('text', size), { level: 0 }), 1),
  'inflate empty stored blocks, byte by byte': (size) =>
    inflate(
      Uint8Array.from({ length: size - (size % 5) + 1 }, (_, i) => (i % 5 > 2 ? 0xff : 0)),
      1,
    ),
  'inflate blocks of one byte': (size) => inflate(smallBlocks(size / 8)),
  'inflate dynamic blocks of nothing': (size) => inflate(dynamicBlocks(size / 16)),
  'deflate text, level 1': (size) => deflate(sample('text', size), 1),
  'deflate text in pieces of 10 bytes, level 1': (size) => deflate(sample('text', size / 4), 1, 10),
  'deflate what does not compress, level 6': (size) => deflate(sample('random', size), 6),
  'deflate zeros, level 9': (size) => deflate(new Uint8Array(size), 9),
  'deflate what looks alike, level 6': (size) => deflate(alike(size), 6),
  'deflate what looks alike, level 9': (size) => deflate(alike(size), 9),
  'an inflater that starts over on each piece': (size) => {
    const message = compressed(sample('random', size / 20));
    return () => {
      for (let end = 1; end < message.length; end++) {
        const inflater = engine.createInflater({ windowBits: 15, contextTakeover: false });
        inflater.inflate(message.subarray(0, end), false, Number.POSITIVE_INFINITY);
      }
    };
  },
};
