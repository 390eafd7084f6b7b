/**
 * Reads the published vectors of `test/vectors/*.json`; the format is described in docs/vectors.md.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { concat, hex } from './deliveries.ts';

/** Bytes of a vector: hex, or parts of which some repeat. */
export type VectorBytes =
  | string
  | ReadonlyArray<string | { readonly repeat: string; readonly times: number }>;

/** One case. `options` and `expect` depend on the file's `target`. */
export interface Vector<Options, Expect> {
  /** Says what is special about the bytes; unique in its file. */
  readonly name: string;
  /** The clause or the advisory that asks for it. */
  readonly rule: string;
  /** Ids of rows of the published attack list, where it carries one. */
  readonly refs?: readonly string[];
  /** Who receives the bytes. */
  readonly role?: 'server' | 'client';
  readonly options?: Options;
  readonly bytes: VectorBytes;
  readonly expect: Expect;
}

/** A file of vectors. */
export interface VectorFile<Options, Expect> {
  readonly format: 1;
  /** What the bytes are fed to: `frame`, `http-request`, … */
  readonly target: string;
  readonly about: string;
  readonly vectors: ReadonlyArray<Vector<Options, Expect>>;
}

/** The vectors of `test/vectors/<name>.json`. */
export function loadVectors<Options, Expect>(name: string): VectorFile<Options, Expect> {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'));
}

/** A vector's bytes, spelled out. */
export function vectorBytes(bytes: VectorBytes): Uint8Array {
  if (typeof bytes === 'string') return hex(bytes);
  return concat(
    bytes.map((part) => {
      if (typeof part === 'string') return hex(part);
      const unit = hex(part.repeat);
      const whole = new Uint8Array(unit.length * part.times);
      for (let i = 0; i < part.times; i++) whole.set(unit, i * unit.length);
      return whole;
    }),
  );
}
