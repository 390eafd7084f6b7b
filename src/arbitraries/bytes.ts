/**
 * Lengths, bytes, and the ways that bytes can be cut and damaged.
 *
 * @module
 */
import * as fc from 'fast-check';

/** Where codecs change their mind: length forms, word loops, native calls, buffers. */
const THRESHOLDS: readonly number[] = [
  0, 1, 2, 3, 4, 7, 8, 9, 15, 16, 23, 24, 31, 32, 47, 48, 63, 64, 125, 126, 127, 128, 129, 255, 256, 257, 511,
  512, 1023, 1024, 2047, 2048, 4095, 4096, 4097, 16_383, 16_384, 32_768, 65_534, 65_535, 65_536, 65_537,
];

/** Lengths from 0 to `max`: short ones for the most part, and both sides of every threshold. */
export function lengths(max = 70_000): fc.Arbitrary<number> {
  return fc.oneof(
    { weight: 6, arbitrary: fc.nat(Math.min(max, 24)) },
    { weight: 3, arbitrary: fc.constantFrom(...THRESHOLDS.filter((length) => length <= max)) },
    { weight: 1, arbitrary: fc.nat(max) },
  );
}

/** Bytes, of {@link lengths}: any values when short, a pattern that is cheap to make when long. */
export function payloads(maxBytes = 70_000): fc.Arbitrary<Uint8Array> {
  return fc.oneof(
    { weight: 2, arbitrary: fc.uint8Array({ maxLength: Math.min(maxBytes, 40) }) },
    {
      weight: 1,
      arbitrary: fc
        .tuple(lengths(maxBytes), fc.nat(255), fc.nat(255))
        .map(([length, first, step]) => Uint8Array.from({ length }, (_, i) => first + i * step)),
    },
  );
}

/** Where to cut, as fractions of the whole; a fraction twice makes an empty chunk. */
export type Cut = readonly number[];

/**
 * Ways that a network can deliver bytes: whole, byte by byte, in a few chunks, with empty chunks between.
 *
 * @returns Functions that cut; every chunk is a copy, for decoders that write to what they are given.
 */
export function chunksOf(): fc.Arbitrary<(bytes: Uint8Array) => Uint8Array[]> {
  const cuts: fc.Arbitrary<Cut> = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 8 });
  const atFractions = cuts.map((fractions) => (bytes: Uint8Array) => {
    const at = fractions.map((fraction) => Math.floor(fraction * bytes.length)).sort((a, b) => a - b);
    return [...at, bytes.length].map((end, i) => bytes.slice(at[i - 1] ?? 0, end));
  });
  const everyFew = fc.integer({ min: 1, max: 17 }).map((size) => (bytes: Uint8Array) => {
    const chunks: Uint8Array[] = [];
    for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.slice(at, at + size));
    return chunks;
  });
  return fc.oneof({ weight: 3, arbitrary: atFractions }, { weight: 1, arbitrary: everyFew });
}

/** What comes of bytes when some of them are changed, inserted, left out, doubled, or cut off. */
export function mutated(bytes: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const edits = fc.array(
    fc.record({
      kind: fc.constantFrom('set', 'flip', 'insert', 'remove', 'double', 'truncate'),
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      value: fc.nat(255),
    }),
    { minLength: 1, maxLength: 4 },
  );
  return fc.tuple(bytes, edits).map(([original, list]) => {
    const damaged = [...original];
    for (const { kind, at, value } of list) {
      // Faults near the start are the likelier to be reached.
      const index = Math.floor(at * at * damaged.length);
      const few = 1 + (value & 7);
      if (kind === 'insert') damaged.splice(index, 0, value);
      else if (kind === 'remove') damaged.splice(index, few);
      else if (kind === 'double') damaged.splice(index, 0, ...damaged.slice(index, index + few));
      else if (kind === 'truncate') damaged.length = index;
      else if (index < damaged.length)
        damaged[index] = kind === 'set' ? value : damaged[index]! ^ (1 << (value & 7));
    }
    return Uint8Array.from(damaged);
  });
}
