/**
 * Objects of handlers, checked: a name that means nothing would never be called, and nobody would notice.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';

/** The functions that both ends have. */
const NAMES: readonly string[] = ['open', 'message', 'stream', 'close', 'error'];

/**
 * Refuse what is no object, names that mean nothing, and values that are no functions.
 *
 * @param functions Names of functions beyond those of `SocketHandlers`.
 * @param others Names whose values are checked by somebody else.
 * @throws A `UsageTypeError` (`bad-argument`).
 */
export function checkHandlers(
  handlers: object,
  functions: readonly string[] = [],
  others: readonly string[] = [],
): void {
  const isObject = typeof handlers === 'object' && handlers !== null;
  if (!isObject || Symbol.iterator in handlers) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot use WebSocket handler: it is ${isObject ? 'a list' : describe(handlers)}, expected a function or an object of functions`,
    );
  }
  const names = [...functions, ...NAMES];
  for (const name of Object.keys(handlers)) {
    if (names.includes(name) || others.includes(name)) continue;
    throw new UsageTypeError(
      'bad-argument',
      `Cannot use WebSocket handlers: "${name}" means nothing, expected some of ${[...others, ...names].join(', ')}`,
    );
  }
  const given = handlers as Readonly<Record<string, unknown>>;
  for (const name of names) {
    const value = given[name];
    if (value === undefined || typeof value === 'function') continue;
    throw new UsageTypeError(
      'bad-argument',
      `Cannot use WebSocket handlers: ${name} is ${describe(value)}, expected a function`,
    );
  }
  if (given['message'] !== undefined && given['stream'] !== undefined) {
    throw new UsageTypeError(
      'bad-argument',
      'Cannot use WebSocket handlers: there are message and stream, expected one of the two',
    );
  }
}

/** What something is, for an error: `null`, `an object`, `a number`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
