/**
 * Assertions that run anywhere.
 *
 * @module
 */

/** What a case fails with. */
export class BehaviourFailure extends Error {
  override readonly name = 'BehaviourFailure';
}

/** Fail with `sentence` unless `condition` holds. */
export function check(condition: boolean, sentence: string): asserts condition {
  if (!condition) throw new BehaviourFailure(sentence);
}

/** Fail unless both look the same: plain values, arrays, objects, bytes. */
export function equal(actual: unknown, expected: unknown, what: string): void {
  if (actual instanceof Uint8Array && expected instanceof Uint8Array && sameBytes(actual, expected)) return;
  const [a, b] = [show(actual), show(expected)];
  if (a !== b) throw new BehaviourFailure(`${what}: got ${shortened(a)}, expected ${shortened(b)}`);
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Fail unless `promise` rejects, or the function throws, with an error of this `code`. */
export async function fails(
  run: Promise<unknown> | (() => unknown),
  code: string,
  what: string,
): Promise<void> {
  let error: unknown;
  try {
    await (typeof run === 'function' ? run() : run);
  } catch (thrown) {
    error = thrown;
  }
  check(error !== undefined, `${what}: nothing was thrown, expected ${code}`);
  equal((error as { readonly code?: unknown }).code, code, `${what}: code of "${String(error)}"`);
}

/** Wait until something holds that nobody tells us of. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  for (const start = Date.now(); !condition(); await pause(1)) {
    check(Date.now() - start < 8000, `Waited in vain: ${what}`);
  }
}

/** Let `ms` pass. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A promise, and what settles it. */
export function gate<Value = void>(): { readonly promise: Promise<Value>; open(value: Value): void } {
  let open: (value: Value) => void = () => {};
  const promise = new Promise<Value>((resolve) => {
    open = resolve;
  });
  return { promise, open };
}

function show(value: unknown): string {
  return (
    JSON.stringify(value, (_key, each: unknown) => {
      if (each instanceof Uint8Array) {
        return `bytes ${Array.from(each, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
      }
      if (typeof each === 'bigint' || each === undefined || Number.isNaN(each)) return String(each);
      return each;
    }) ?? 'undefined'
  );
}

function shortened(text: string): string {
  return text.length > 300 ? `${text.slice(0, 280)}… (${text.length} characters)` : text;
}
