/**
 * Objects of handlers: what an app may give, and refusing the rest. A name that means nothing would never be called, and nobody
 * would notice.
 *
 * @module
 */
import { UsageTypeError } from '../errors.ts';
import type { IncomingMessage } from './incoming.ts';
import type { Socket, SocketCloseInfo } from './socket.ts';

/** Functions that are called as things happen to a socket. A promise that a function returns is waited for where that means something. */
export interface SocketHandlers<Data = unknown> {
  /** The connection is open. */
  open?(socket: Socket<Data>): unknown;
  /**
   * A message came. Handlers start in the order of messages, and do not wait for one another. Without it, and without `stream`, messages
   * wait for a loop over the socket, and hold the peer back.
   *
   * @param type What it was sent as, where `message` does not tell: with `textAsBytes`, both are bytes.
   */
  message?(socket: Socket<Data>, message: string | Uint8Array, type: 'text' | 'binary'): unknown;
  /** Instead of `message`: a message starts, to be read in pieces. The next one starts when this one was read or the handler is done. */
  stream?(socket: Socket<Data>, message: IncomingMessage): unknown;
  /** The connection is over; called exactly once, after everything else. */
  close?(socket: Socket<Data>, info: SocketCloseInfo): unknown;
  /** The peer broke a rule, or a handler failed; `close` follows. */
  error?(socket: Socket<Data>, error: unknown): unknown;
}

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
      `Cannot use WebSocket handler: it is ${isObject ? 'a list' : describe(handlers)}, expected ${others.length > 0 ? 'a function or ' : ''}an object of functions`,
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
    if (value === undefined) continue;
    refuseGenerator(`WebSocket handler "${name}"`, value);
    if (typeof value === 'function') continue;
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

/** Refuse a generator function: called, it does nothing but make a generator, and nobody would notice. @throws A `UsageTypeError` (`bad-argument`). */
export function refuseGenerator(what: string, handler: unknown): void {
  if (!/Generator/.test(Object.prototype.toString.call(handler))) return;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot use ${what}: it is a generator function, whose body would never run; expected a function without the *`,
  );
}

/** What something is, for an error: `null`, `an object`, `a number`. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
