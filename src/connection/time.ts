/**
 * The time, as callers tell it.
 *
 * @module
 */
import { type UsageErrorCode, UsageTypeError } from '../errors.ts';

/**
 * The time itself.
 *
 * @throws A `UsageTypeError` for what is no finite number: it would become a deadline that never comes, or is always past.
 */
export function checkNow(now: number, code: UsageErrorCode = 'bad-argument'): number {
  if (Number.isFinite(now)) return now;
  throw new UsageTypeError(code, `Cannot tell the time: now is ${String(now)}, expected milliseconds`);
}
