/**
 * Small assertions and messages for cases that run anywhere, also in a browser's page.
 *
 * @module
 */

/** Fails unless both are the same: values by `Object.is`, bytes and everything else by content. */
export function equal(actual: unknown, expected: unknown, what = 'value'): void {
  if (Object.is(actual, expected)) return;
  if (actual instanceof Uint8Array && expected instanceof Uint8Array) {
    if (actual.length !== expected.length) {
      throw new Error(`${what}: got ${actual.length} bytes, expected ${expected.length}`);
    }
    const at = actual.findIndex((byte, i) => byte !== expected[i]);
    if (at >= 0) throw new Error(`${what}: byte ${at} is ${actual[at]}, expected ${expected[at]}`);
    return;
  }
  if (typeof actual === 'object' && typeof expected === 'object') {
    if (JSON.stringify(actual) === JSON.stringify(expected)) return;
  }
  throw new Error(`${what}: got ${show(actual)}, expected ${show(expected)}`);
}

/** Fails unless it is so. */
export function ok(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(what);
}

function show(value: unknown): string {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  const text = typeof value === 'string' ? JSON.stringify(value) : (JSON.stringify(value) ?? String(value));
  return text.length > 120 ? `${text.slice(0, 120)}… (${text.length} characters)` : text;
}

/** Wait for something that may never happen. @param what Completes "there was no …". */
export async function soon<T>(promise: Promise<T>, what: string, ms = 8000): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`within ${ms} ms, there was no ${what}`)), ms);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The lengths at which a frame's header changes its form, their neighbours, and 1 MiB: our limit, to the byte. */
export const LENGTHS: readonly number[] = [0, 1, 125, 126, 127, 65_535, 65_536, 65_537, 1_048_576];

/** Bytes that look like nothing in particular, the same ones each time. */
export function noise(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed | 1;
  for (let i = 0; i < length; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    bytes[i] = state >>> 24;
  }
  return bytes;
}

/** Texts with characters of one to four bytes. */
export const TEXTS: readonly string[] = [
  '',
  'plain ASCII',
  'grüße, ελληνικά',
  '世界 ๏ ✓',
  '😀 𝄞 🏳️‍🌈',
  '\u0000 and \u007f, \ufeff first, \uffff last, \u{10ffff}',
];

/** A text of exactly so many bytes of UTF-8, with characters of every width where they fit. */
export function textOf(bytes: number): string {
  const unit = 'aß世😀';
  return unit.repeat(Math.floor(bytes / 10)) + 'x'.repeat(bytes % 10);
}

/** Messages as an application has them: each one different, of both kinds, of many sizes. */
export function mixed(count: number): Array<string | Uint8Array<ArrayBuffer>> {
  return Array.from({ length: count }, (_, i) =>
    i % 3 === 0 ? noise((i * 7) % 300, i + 1) : `${i}: ${textOf((i * 13) % 200)}`,
  );
}
