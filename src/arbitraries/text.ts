/**
 * Text, and bytes that are none.
 *
 * @module
 */
import * as fc from 'fast-check';
import { lengths } from './bytes.ts';

/** Well-formed text: ASCII, and characters of every length in UTF-8, NUL, byte order marks and noncharacters included. */
export function texts(maxUnits = 30_000): fc.Arbitrary<string> {
  const unit = fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 0x20, max: 0x7e }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        0,
        0x7f,
        0x80,
        0x7ff,
        0x800,
        0xd7ff,
        0xe000,
        0xfeff,
        0xffff,
        0x1_0000,
        0x10_ffff,
      ),
    },
    { weight: 1, arbitrary: fc.integer({ min: 0x80, max: 0xd7ff }) },
  );
  const long = fc
    .tuple(lengths(maxUnits), fc.constantFrom('a', 'é', '€', '😀'), fc.constantFrom('', 'z', 'ß', '世'))
    .map(([length, character, end]) => character.repeat(length / character.length) + end);
  return fc.oneof(
    {
      weight: 3,
      arbitrary: fc.array(unit, { maxLength: 40 }).map((points) => String.fromCodePoint(...points)),
    },
    { weight: 1, arbitrary: long },
  );
}

/** Sequences that RFC 3629 §4 leaves out, one of each kind. */
const BROKEN: ReadonlyArray<readonly number[]> = [
  [0x80],
  [0xbf],
  [0xc0, 0xaf],
  [0xc1, 0xbf],
  [0xe0, 0x9f, 0xbf],
  [0xed, 0xa0, 0x80],
  [0xed, 0xbf, 0xbf],
  [0xf0, 0x8f, 0xbf, 0xbf],
  [0xf4, 0x90, 0x80, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xfe],
  [0xff],
  [0xe2, 0x82],
  [0xf0, 0x9f, 0x98],
  [0xc3, 0x41],
];

/** Bytes that are not UTF-8: a good start, one fault, and (but where the fault is that something is missing) a good end. */
export function brokenUtf8(maxUnits = 300): fc.Arbitrary<Uint8Array> {
  const encoder = new TextEncoder();
  return fc
    .tuple(texts(maxUnits), fc.constantFrom(...BROKEN), texts(maxUnits))
    .map(([before, fault, after]) =>
      Uint8Array.from([...encoder.encode(before), ...fault, ...encoder.encode(after)]),
    );
}
