/**
 * The one table of limits and times: what a peer may make us hold, and how long we wait for it.
 *
 * Owns: the names, the defaults and the check of values. Does not own: enforcing them (each layer does).
 * Every name says its unit. `Infinity` switches a limit off; 0 is refused, because in other libraries it
 * means "none" and reads like "nothing". docs/limits.md is made from this file.
 *
 * @module
 */
import { UsageRangeError, UsageTypeError } from './errors.ts';

/** Limits and times of one end, the same for the server and the client. */
export interface Limits {
  /** Largest message, in bytes, summed over its fragments and after inflating. Past it: close 1009, on the declared length. */
  readonly maxMessageBytes: number;
  /** Most frames in one message, empty ones included. Past it: close 1008. */
  readonly maxFragments: number;
  /** Most bytes waiting to be sent. Past it: `send` rejects and the connection closes with 1013. */
  readonly maxSendBufferBytes: number;
  /** Bytes that the app is not done with from which on reading pauses. `await send()` waits from 64 KiB that the transport holds. */
  readonly highWaterMarkBytes: number;
  /** Longest head (request line and headers) or trailer section, in bytes. Past it: 431. */
  readonly maxHeadBytes: number;
  /** Most header lines in a head. Past it: 431. */
  readonly maxHeaders: number;
  /** Longest request target, in bytes. Past it: 414. */
  readonly maxTargetBytes: number;
  /** Longest request body, in bytes. Past it: 413. */
  readonly maxBodyBytes: number;
  /** Time for a whole request head, and for each step of a body, in ms. Past it: 408 and close; for the body of a response: drop. */
  readonly headTimeoutMs: number;
  /** Time between two requests of one connection, in ms, from when the peer has the answer to the first. Past it: close. */
  readonly keepAliveTimeoutMs: number;
  /** Time between two pings, in ms. */
  readonly pingIntervalMs: number;
  /** Time for the answer to a ping, in ms. Past it: close 1011, then drop. */
  readonly pongTimeoutMs: number;
  /** Time for the closing handshake, in ms. Past it: drop. */
  readonly closeTimeoutMs: number;
  /** Most connections of a server at once. Past it: 503. */
  readonly maxConnections: number;
}

/**
 * What holds where the caller says nothing.
 *
 * The message limit follows the smallest precedent (Python's websockets: 1 MiB; ws: 100 MiB): raising a
 * limit is one line, noticing that it was too high takes an incident. `maxFragments` lets 16 MiB through
 * in 64-byte pieces; the memory they take is bounded by their bytes all the same.
 */
export const DEFAULT_LIMITS: Limits = Object.freeze({
  maxMessageBytes: 1024 * 1024,
  maxFragments: 262_144,
  maxSendBufferBytes: 16 * 1024 * 1024,
  highWaterMarkBytes: 64 * 1024,
  maxHeadBytes: 16 * 1024,
  maxHeaders: 100,
  maxTargetBytes: 8 * 1024,
  maxBodyBytes: 1024 * 1024,
  headTimeoutMs: 10_000,
  keepAliveTimeoutMs: 5_000,
  pingIntervalMs: 30_000,
  pongTimeoutMs: 10_000,
  closeTimeoutMs: 5_000,
  maxConnections: Number.POSITIVE_INFINITY,
});

/** Results of {@link resolveLimits}: each connection of a server passes the same one, and it is checked once. */
const RESOLVED = new WeakSet<object>([DEFAULT_LIMITS]);

/**
 * Fill in the defaults and refuse what is no limit.
 *
 * @param overrides Any of {@link Limits}; `undefined` keeps the default.
 * @returns All limits, checked; the defaults themselves (one object, shared) where there is nothing to change.
 * @throws A `UsageTypeError` (`bad-option`) for a name that is not a limit or a value that is no number.
 * @throws A `UsageRangeError` (`bad-option`) for a number that is neither a whole number above 0 nor `Infinity`.
 */
export function resolveLimits(overrides?: Partial<Limits>): Limits {
  if (overrides === undefined) return DEFAULT_LIMITS;
  const isObject = typeof overrides === 'object' && overrides !== null;
  if (isObject && RESOLVED.has(overrides)) return overrides as Limits;
  if (!isObject || Symbol.iterator in overrides) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot use limits: they are ${isObject ? 'a list' : String(overrides)}, expected an object`,
    );
  }
  const limits: Record<keyof Limits, number> = { ...DEFAULT_LIMITS };
  // Inherited ones too: they look as if they were set.
  for (const name in overrides) {
    const value: unknown = overrides[name as keyof Limits];
    if (!Object.hasOwn(DEFAULT_LIMITS, name)) {
      throw new UsageTypeError(
        'bad-option',
        `Cannot set limit "${name}": there is no such limit, expected one of ${Object.keys(DEFAULT_LIMITS).join(', ')}`,
      );
    }
    if (value === undefined) continue;
    if (typeof value !== 'number') {
      throw new UsageTypeError(
        'bad-option',
        `Cannot set limit "${name}": it is a ${typeof value}, expected a number`,
      );
    }
    if (value !== Number.POSITIVE_INFINITY && !(Number.isSafeInteger(value) && value >= 1)) {
      throw new UsageRangeError(
        'bad-option',
        `Cannot set limit "${name}" to ${value}: expected a whole number of at least 1, or Infinity`,
      );
    }
    limits[name as keyof Limits] = value;
  }
  RESOLVED.add(Object.freeze(limits));
  return limits;
}
