/**
 * The portable DEFLATE engine against fflate, side by side in one run: what it takes to compress a message and to
 * inflate it again, as an echo server does.
 *
 * fflate gets its one-shot calls in every row, as its sync flush (0.8.3) does not give data that can be inflated message by
 * message; so it keeps no window in the rows with context takeover either. `node:zlib`'s one-shot calls stand in the last rows.
 *
 * @module
 */
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { deflateSync, inflateSync } from 'fflate';
import { pureEngine } from '../src/deflate/pure-engine.ts';
import { sample } from '../test/support/deflate-samples.ts';
import { formatResult, measure, type Scenario } from './codec.ts';

const LEVEL = 1;

/** Messages enough that no branch predictor learns them by heart, and that no window holds all of them. */
function messagesOf(size: number): Uint8Array[] {
  return Array.from({ length: Math.max(16, 131_072 / size) }, (_, seed) => sample('json', size, seed));
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

/** The table's rows; the targets are those of the project's plan, and 0 where there is none. */
export function deflateScenarios(): Scenario[] {
  const sizes = [
    [256, '256 B', 3],
    [1024, '1 KiB', 3],
    [16_384, '16 KiB', 1.5],
  ] as const;
  const fflate = (message: Uint8Array): Uint8Array => inflateSync(deflateSync(message));
  const zlib = (message: Uint8Array): Uint8Array => inflateRawSync(deflateRawSync(message, { level: LEVEL }));
  return [
    ...sizes.map(([size, label, target]) =>
      echo(`echo ${label}, fflate`, target, size, false, 'fflate', fflate),
    ),
    ...sizes.map(([size, label, target]) =>
      echo(`echo ${label}, takeover, fflate`, target, size, true, 'fflate', fflate),
    ),
    ...sizes.map(([size, label]) => echo(`echo ${label}, node:zlib`, 0, size, false, 'node:zlib', zlib)),
  ];
}

if (
  process.argv[1] !== undefined &&
  import.meta.url.endsWith('/bench/deflate.ts') &&
  process.argv[1].endsWith('deflate.ts')
) {
  const only = process.argv[2];
  console.log(
    `${'deflate, level 1'.padEnd(38)}${'sansocket'.padStart(12)}${'other'.padStart(12)}${'ratio'.padStart(10)}${'target'.padStart(8)}`,
  );
  for (const scenario of deflateScenarios()) {
    if (only !== undefined && !scenario.name.includes(only)) continue;
    console.log(formatResult(await measure(scenario, 7, 40)));
  }
}
