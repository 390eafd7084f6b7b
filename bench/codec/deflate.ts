/**
 * The portable DEFLATE engine against fflate, pako and the one-shot calls of `node:zlib`: what it takes to compress a message and to
 * inflate it again, as an echo server does.
 *
 * All have their one-shot calls in every row, as fflate's sync flush (0.8.3) does not give data that can be inflated message by message;
 * so they keep no window in the rows with context takeover either. Ours is at level 1, its default; theirs is 6, and level 1 where it
 * says so.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { deflateSync, inflateSync } from 'fflate';
import { pureEngine } from '../../src/deflate/pure-engine.ts';
import { sample } from '../../test/support/deflate-samples.ts';
import type { Scenario } from './measure.ts';

const LEVEL = 1;

/** Messages enough that no branch predictor learns them by heart, and that no window holds all of them. */
export function messagesOf(size: number): Uint8Array[] {
  return Array.from({ length: Math.max(16, Math.floor(131_072 / size)) }, (_, seed) =>
    sample('json', size, seed),
  );
}

function echo(
  name: string,
  target: number,
  size: number,
  contextTakeover: boolean,
  other: string,
  roundTrip: (message: Uint8Array) => Uint8Array,
): Scenario {
  const messages = messagesOf(size);
  const options = { windowBits: 15, contextTakeover, level: LEVEL };
  const deflater = pureEngine.createDeflater(options);
  const inflater = pureEngine.createInflater(options);
  const all = (work: (message: Uint8Array) => Uint8Array): number => {
    let bytes = 0;
    for (const message of messages) bytes += work(message).length;
    if (bytes !== size * messages.length) throw new Error('Cannot bench: what came out is not what went in');
    return bytes;
  };
  return {
    name,
    target,
    operations: messages.length,
    contenders: [
      {
        name: 'sansocket',
        run: () =>
          all((message) => {
            const output = inflater.inflate(deflater.deflate(message, true), true, 1 << 20);
            if (output instanceof Error) throw output;
            return output;
          }),
      },
      { name: other, run: () => all(roundTrip) },
    ],
  };
}

interface Pako {
  deflateRaw(bytes: Uint8Array, options?: { level: number }): Uint8Array;
  inflateRaw(bytes: Uint8Array): Uint8Array;
}

/** All rows of the table, in order. */
export function deflateScenarios(): Scenario[] {
  const pako = createRequire(import.meta.url)('pako') as Pako;
  const sizes = [
    [256, '256 B', 3],
    [1024, '1 KiB', 3],
    [16_384, '16 KiB', 1.5],
  ] as const;
  const rows = (
    other: string,
    roundTrip: (message: Uint8Array) => Uint8Array,
    wanted: boolean,
    takeover = false,
  ): Scenario[] =>
    sizes.map(([size, label, target]) =>
      echo(
        `deflate and inflate ${label}${takeover ? ', with takeover' : ''}`,
        wanted ? target : 0,
        size,
        takeover,
        other,
        roundTrip,
      ),
    );
  const level = { level: LEVEL } as const;
  return [
    ...rows('fflate', (message) => inflateSync(deflateSync(message)), true),
    ...rows('fflate', (message) => inflateSync(deflateSync(message)), true, true),
    ...rows('fflate at level 1', (message) => inflateSync(deflateSync(message, level)), false),
    ...rows('pako', (message) => pako.inflateRaw(pako.deflateRaw(message)), false),
    ...rows('pako at level 1', (message) => pako.inflateRaw(pako.deflateRaw(message, level)), false),
    ...rows('`node:zlib` at level 1', (message) => inflateRawSync(deflateRawSync(message, level)), false),
  ];
}
