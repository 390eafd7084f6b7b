/**
 * Measures what stays alive: on the heap, and in buffers beside it.
 *
 * @module
 */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'vitest';

export const KIB = 1024;
export const MIB: number = 1024 * KIB;
/** Noise of the test runner itself, between two collections. */
export const NOISE: number = 300 * KIB;

let gc: (() => void) | undefined;

/** Bytes alive, on the heap and in buffers. */
export function alive(): number {
  if (gc === undefined) {
    setFlagsFromString('--expose-gc');
    gc = runInNewContext('gc') as () => void;
  }
  gc();
  gc();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** How much more is alive after `make`, with what it returns. */
export function grows(make: () => unknown): number {
  make(); // whatever is made once, and compiled
  const before = alive();
  const kept = make();
  const after = alive();
  expect(kept).toBeDefined();
  return after - before;
}
