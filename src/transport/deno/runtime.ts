/**
 * Deno, looked for when it is used, so that all this can be imported anywhere.
 *
 * @module
 */
import { wrongRuntime } from '../failure.ts';
import type { Deno } from './types.ts';

/** @throws A `UsageTypeError` (`bad-state`) where this is another runtime. */
export function deno(): Deno {
  const found = (globalThis as { readonly Deno?: Deno }).Deno;
  if (found === undefined) throw wrongRuntime('Deno');
  return found;
}

/** For calls that throw when a connection has gone already. */
export function quietly(call: () => void): void {
  try {
    call();
  } catch {
    // As it should be.
  }
}
