/**
 * Comma-separated lists: the `#element` rule (RFC 9110 §5.6.1) that `Connection`, `Upgrade` and `TE` share.
 *
 * Owns: where elements start and end, and comparing them without regard to case. Does not own: what an
 * element means, or lists whose elements may hold quoted strings (a comma always separates here).
 *
 * @module
 */

import { HTAB, SP } from '../bytes/ascii.ts';
import { checkText } from '../bytes/view.ts';

const COMMA = 0x2c;

/**
 * The elements of a list, without the white space around them. Empty elements are dropped, as every recipient
 * must (RFC 9110 §5.6.1.2). Linear in the length of `value`, whatever it holds.
 *
 * @param value A field value; for a field that came in several lines, these joined with `, `.
 * @returns The elements as sent; none where the list is empty. They need not be tokens: check with `isToken`.
 * @throws A `UsageTypeError` (`bad-argument`) for what is no text.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from 'node:assert/strict';
 * import { parseList } from 'sansocket/http';
 *
 * deepStrictEqual(parseList(' keep-alive,, Upgrade '), ['keep-alive', 'Upgrade']);
 * ```
 */
export function parseList(value: string): string[] {
  checkText(value, 'list');
  const elements: string[] = [];
  for (let at = elementStart(value, 0); at < value.length; ) {
    const comma = elementEnd(value, at);
    elements.push(value.slice(at, trimmedEnd(value, at, comma)));
    at = elementStart(value, comma);
  }
  return elements;
}

/**
 * Whether a list names `token`, in any case (RFC 9110 §7.6.1: connection options are case-insensitive).
 *
 * @param value A field value, or `undefined` for a field that is not there: then false.
 * @param token What to look for, in any case.
 * @throws A `UsageTypeError` (`bad-argument`) for what is no text.
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { listHas } from 'sansocket/http';
 *
 * strictEqual(listHas('keep-alive, Upgrade', 'upgrade'), true);
 * strictEqual(listHas('keep-alive, Upgrades', 'upgrade'), false);
 * ```
 */
export function listHas(value: string | undefined, token: string): boolean {
  if (value === undefined) return false;
  checkText(value, 'list');
  checkText(token, 'token');
  for (let at = elementStart(value, 0); at < value.length; ) {
    const comma = elementEnd(value, at);
    const end = trimmedEnd(value, at, comma);
    if (end - at === token.length && sameText(value, at, token)) return true;
    at = elementStart(value, comma);
  }
  return false;
}

/** Whether `text` goes on with `other` at `at`, letters compared without case. `text` must be long enough. */
export function sameText(text: string, at: number, other: string): boolean {
  for (let i = 0; i < other.length; i++) {
    const a = text.charCodeAt(at + i);
    const b = other.charCodeAt(i);
    if (a !== b && lower(a) !== lower(b)) return false;
  }
  return true;
}

function lower(unit: number): number {
  return unit >= 0x41 && unit <= 0x5a ? unit | 0x20 : unit;
}

/** The first character from `at` on that is no comma and no white space. */
export function elementStart(value: string, at: number): number {
  while (at < value.length) {
    const unit = value.charCodeAt(at);
    if (unit !== COMMA && unit !== SP && unit !== HTAB) break;
    at++;
  }
  return at;
}

/** The comma that ends the element at `at`, or the end of `value`. */
export function elementEnd(value: string, at: number): number {
  const comma = value.indexOf(',', at);
  return comma < 0 ? value.length : comma;
}

/** `end`, less the white space before it. */
export function trimmedEnd(value: string, start: number, end: number): number {
  while (end > start) {
    const unit = value.charCodeAt(end - 1);
    if (unit !== SP && unit !== HTAB) break;
    end--;
  }
  return end;
}
