/**
 * Ways the same bytes can arrive. A decoder must not be able to tell them apart.
 *
 * Every delivery hands out copies: a decoder owns the chunks that it is given and may write to them.
 *
 * @module
 */

/** Name of a delivery, and how it cuts. */
export const DELIVERIES: ReadonlyArray<
  readonly [name: string, deliver: (bytes: Uint8Array) => Uint8Array[]]
> = [
  ['whole', (bytes) => [bytes.slice()]],
  ['byte by byte', (bytes) => Array.from(bytes, (byte) => Uint8Array.of(byte))],
  ['split in the middle', (bytes) => [bytes.slice(0, bytes.length >> 1), bytes.slice(bytes.length >> 1)]],
  [
    'with empty chunks between',
    (bytes) => Array.from(bytes, (byte) => [Uint8Array.of(byte), new Uint8Array(0)]).flat(),
  ],
];

/** `hex('81 05 48')` reads like the examples of the RFC. */
export function hex(text: string): Uint8Array {
  const digits = text.replace(/\s+/g, '');
  if (digits.length % 2 !== 0 || /[^0-9a-f]/i.test(digits)) throw new Error(`Cannot read hex: ${text}`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) =>
    Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

/** The bytes as lower-case hex, no spaces. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** ASCII (or UTF-8) text as bytes. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** All of them, in one. */
export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
