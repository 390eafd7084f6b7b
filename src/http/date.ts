/**
 * The date format of HTTP (RFC 9110 §5.6.7).
 *
 * @module
 */
import { UsageRangeError } from '../errors.ts';

/** The last millisecond of the year 9999, the last one that has four digits. */
const LAST = 253_402_300_799_999;

/**
 * A time as an IMF-fixdate, for `Date` and its like.
 *
 * @param epochMs Milliseconds since 1970 in UTC, from 0 to the end of 9999; parts of a second are cut off.
 * @throws A `UsageRangeError` (`bad-argument`) for a time out of range.
 *
 * @example
 * ```ts
 * import { strictEqual } from 'node:assert/strict';
 * import { formatHttpDate } from 'sansocket/http';
 *
 * strictEqual(formatHttpDate(784_111_777_000), 'Sun, 06 Nov 1994 08:49:37 GMT');
 * ```
 */
export function formatHttpDate(epochMs: number): string {
  if (typeof epochMs !== 'number' || !(epochMs >= 0 && epochMs <= LAST)) {
    throw new UsageRangeError(
      'bad-argument',
      `Cannot format ${epochMs} as a date: expected milliseconds from 0 to ${LAST}`,
    );
  }
  // ECMA-262 §21.4.4.43 fixes this text, and for these years it is an IMF-fixdate.
  return new Date(epochMs).toUTCString();
}
