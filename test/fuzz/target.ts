/**
 * What a fuzz target is, and what all of them share: control bytes in front of the wire, cutting, comparing.
 *
 * Owns: the layout of an input and the words for what must hold. Does not own: which code is fuzzed (`targets/`), where
 * inputs come from (`mutate.ts`, `engine.ts`).
 *
 * @module
 */
import { ProtocolError } from '../../src/errors.ts';
import { type Vector, vectorBytes } from '../support/vectors.ts';

/** How many bytes in front of the wire say how to run: one with switches, two with where to cut. */
export const CONTROL_BYTES = 3;

/** An input, taken apart. */
export interface Plan {
  /** Switches: each target gives the bits a meaning. */
  readonly flags: number;
  /** What the code under test receives. It must not be written to; {@link Plan.whole} and {@link Plan.pieces} are copies. */
  readonly wire: Uint8Array;
  /** The wire in one chunk. */
  whole(): Uint8Array[];
  /** The wire in the chunks that the control bytes ask for. */
  pieces(): Uint8Array[];
}

/** Code to be fuzzed, and what must hold whatever it is given. */
export interface FuzzTarget {
  /** What `npm run fuzz` calls it; also the name of its seeds. */
  readonly name: string;
  /** What comes in, and all that may come out. Anything else is a finding. */
  readonly about: string;
  /** Words of the protocol, which mutations put in. One byte a character. */
  readonly words: readonly string[];
  /** Longest wire that is worth trying. */
  readonly maxBytes: number;
  /** The files of test/vectors that seeds are made from. */
  readonly vectors: readonly string[];
  /** The switches for a vector. Default: none. */
  flagsOf?(vector: Vector<Record<string, unknown>, unknown>, file: string): number;
  /** Throws a {@link Finding}, or whatever the code under test threw. */
  run(plan: Plan): void;
  /** Does the same as always with a good input; throws when it does not. Runs after each input, as this one may have broken something shared. */
  good(): void;
}

/** Something happened that no input may lead to. */
export class Finding extends Error {
  constructor(what: string) {
    super(what);
    this.name = 'Finding';
  }
}

/** Throws a {@link Finding} unless it holds. */
export function holds(condition: boolean, what: string | (() => string)): asserts condition {
  if (!condition) throw new Finding(typeof what === 'string' ? what : what());
}

/** Throws a {@link Finding} unless both are the same. */
export function same(actual: string, expected: string, what: string): void {
  holds(actual === expected, () => `${what}:\n  ${actual}\nis not\n  ${expected}`);
}

/** An error, as traces write it. Throws a {@link Finding} where its code is none of those allowed, or its offset is outside. */
export function traceError(error: ProtocolError, allowed: ReadonlySet<string>, wireBytes: number): string {
  holds(error instanceof ProtocolError, 'an error is no ProtocolError');
  holds(allowed.has(error.code), `the error ${error.code} is none of those allowed here`);
  holds(
    error.offset >= 0 && error.offset <= wireBytes,
    `the offset ${error.offset} of ${error.code} is outside`,
  );
  return `error ${error.code} ${error.answer} at ${error.offset}`;
}

/** Bytes as text, one byte a character. */
export function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1');
}

/** Text of one byte a character, as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'));
}

/** Take an input apart; what is missing of the control bytes is 0. */
export function planOf(input: Uint8Array): Plan {
  const [flags = 0, cutA = 0, cutB = 0] = input;
  const wire = input.slice(CONTROL_BYTES);
  return {
    flags,
    wire,
    whole: () => [wire.slice()],
    pieces: () => cut(wire, cutA, cutB),
  };
}

/** 255: byte by byte; 254: pieces of one length; else at up to two places. Empty pieces happen. */
function cut(wire: Uint8Array, a: number, b: number): Uint8Array[] {
  if (a >= 254) {
    const step = a === 255 ? 1 : b + 1;
    const pieces: Uint8Array[] = [];
    for (let at = 0; at < wire.length; at += step) pieces.push(wire.slice(at, at + step));
    return pieces;
  }
  const [from, to] = [a % (wire.length + 1), b % (wire.length + 1)].sort((x, y) => x - y) as [number, number];
  return [wire.slice(0, from), wire.slice(from, to), wire.slice(to)];
}

/** The input that a vector makes; `undefined` where it is too long to be worth it. */
export function seedOf(
  target: FuzzTarget,
  file: string,
  vector: Vector<Record<string, unknown>, unknown>,
  index: number,
): Uint8Array | undefined {
  const wire = vectorBytes(vector.bytes);
  if (wire.length > target.maxBytes) return undefined;
  const cuts = index % 5 === 0 ? [255, 0] : [(index * 37) % 256, (index * 101) % 256];
  return Uint8Array.from([target.flagsOf?.(vector, file) ?? 0, ...cuts, ...wire]);
}
