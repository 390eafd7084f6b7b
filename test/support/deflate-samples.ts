/**
 * Data to compress, the same on every run: what messages look like, and what they must not break on.
 *
 * @module
 */
import { deflateRawSync } from 'node:zlib';
import { concat, utf8 } from './deliveries.ts';

/** A small generator with a fixed seed: whole numbers below `n`. */
export function generator(seed: number): (n: number) => number {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

const WORDS = (
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you ' +
  'connection message server client frame payload extension window compression negotiation parameter handshake protocol ' +
  'stream buffer limit error close ping pong header value offset length distance literal symbol block table entry code'
).split(' ');

/** `length` bytes of one kind: 'text', 'json' or 'random'. */
export function sample(kind: 'text' | 'json' | 'random', length: number, seed = 7): Uint8Array {
  const next = generator(seed + length);
  if (kind === 'random') return Uint8Array.from({ length }, () => next(256));
  const word = (): string => WORDS[Math.floor(next(WORDS.length) * (next(1000) / 1000))]!;
  const phrase = (count: number): string => Array.from({ length: count }, word).join(' ');
  const parts: string[] = [];
  for (let size = 0; size < length; ) {
    const part =
      kind === 'text'
        ? `${phrase(4 + next(12))}. `
        : `${JSON.stringify({ id: next(1e9), name: phrase(2), active: next(2) === 1, score: next(1e5) / 100, note: phrase(3 + next(9)), tags: [word(), word()] })},`;
    parts.push(part);
    size += part.length;
  }
  return utf8(parts.join('').slice(0, length));
}

/** A spread of data that every level must survive. */
export const SAMPLES: ReadonlyArray<readonly [what: string, bytes: Uint8Array]> = [
  ['nothing', new Uint8Array(0)],
  ['one byte', Uint8Array.of(0x61)],
  ['two bytes', Uint8Array.of(0xff, 0x00)],
  ['three equal bytes', Uint8Array.of(7, 7, 7)],
  ['258 and 259 equal bytes', concat([new Uint8Array(258).fill(1), new Uint8Array(259).fill(2)])],
  ['short text', utf8('Hello, hello, hello, world')],
  ['text', sample('text', 3000)],
  ['JSON', sample('json', 3000)],
  ['noise', sample('random', 2000)],
  ['compressed data', Uint8Array.from(deflateRawSync(sample('json', 9000)))],
  ['every byte once', Uint8Array.from({ length: 256 }, (_, i) => i)],
  ['two symbols', Uint8Array.from({ length: 2000 }, (_, i) => ((i * i) >> 3) & 1)],
  // Frequencies 1, 1, 2, 3, 5, ...: the deepest Huffman tree that there is.
  ['Fibonacci frequencies', fibonacci()],
  ['a ramp', Uint8Array.from({ length: 3000 }, (_, i) => i >> 4)],
];

function fibonacci(): Uint8Array {
  const runs: Uint8Array[] = [];
  for (let symbol = 0, a = 1, b = 1; symbol < 18; symbol++, [a, b] = [b, a + b])
    runs.push(new Uint8Array(a).fill(symbol));
  const bytes = concat(runs);
  // Shuffled, so that they stay literals.
  const next = generator(3);
  for (let i = bytes.length - 1; i > 0; i--) {
    const j = next(i + 1);
    [bytes[i], bytes[j]] = [bytes[j]!, bytes[i]!];
  }
  return bytes;
}
