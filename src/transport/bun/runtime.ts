/**
 * Bun, looked for when it is used, so that all this can be imported anywhere.
 *
 * @module
 */
import { wrongRuntime } from '../failure.ts';
import type { Bun } from './types.ts';

/** @throws A `UsageTypeError` (`bad-state`) where this is another runtime. */
export function bun(): Bun {
  const found = (globalThis as { readonly Bun?: Bun }).Bun;
  if (found === undefined) throw wrongRuntime('Bun');
  return found;
}
