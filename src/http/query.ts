/**
 * Query strings, as forms write them (WHATWG URL, application/x-www-form-urlencoded parsing).
 *
 * Owns: the decoding, which takes anything. Does not own: finding the query in a target (`target.ts`).
 *
 * @module
 */

import { CLASS, HEXDIG } from '../bytes/ascii.ts';
import { checkText } from '../bytes/view.ts';

const PERCENT = 0x25;
const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { ignoreBOM: true });
const encoder = /* @__PURE__ */ new TextEncoder();

/**
 * The parameters of a query: names to values, both in the order they came. The same as `URLSearchParams` gives for
 * it, in a form that names such as `__proto__` do no harm to.
 *
 * Takes any text: a `%` without two digits stands for itself, and bytes that are not UTF-8 become U+FFFD.
 *
 * @param query Without the `?`.
 * @throws A `UsageTypeError` (`bad-argument`) for what is no text.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from 'node:assert/strict';
 * import { parseQuery } from 'sansocket/http';
 *
 * const query = parseQuery('tag=a&tag=b+c&q=%C3%A4');
 * deepStrictEqual(query.get('tag'), ['a', 'b c']);
 * deepStrictEqual(query.get('q'), ['ä']);
 * ```
 */
export function parseQuery(query: string): Map<string, string[]> {
  const parameters = new Map<string, string[]>();
  for (const pair of checkText(query, 'query').split('&')) {
    if (pair === '') continue;
    const equals = pair.indexOf('=');
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = equals < 0 ? '' : decode(pair.slice(equals + 1));
    const values = parameters.get(name);
    if (values === undefined) parameters.set(name, [value]);
    else values.push(value);
  }
  return parameters;
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (!spaced.includes('%')) return spaced;
  const bytes = encoder.encode(spaced);
  let end = 0;
  for (let at = 0; at < bytes.length; end++) {
    const byte = bytes[at]!;
    if (byte === PERCENT && isHex(bytes[at + 1]) && isHex(bytes[at + 2])) {
      bytes[end] = (hexValue(bytes[at + 1]!) << 4) | hexValue(bytes[at + 2]!);
      at += 3;
    } else {
      bytes[end] = byte;
      at += 1;
    }
  }
  return decoder.decode(bytes.subarray(0, end));
}

function isHex(byte: number | undefined): boolean {
  return byte !== undefined && (CLASS[byte]! & HEXDIG) !== 0;
}

function hexValue(digit: number): number {
  return digit <= 0x39 ? digit - 0x30 : (digit | 0x20) - 0x57;
}
