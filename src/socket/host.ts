/**
 * What all sockets of one server, or of one client, share.
 *
 * Owns: the timer, the memory for output, and sending what was written outside of a call from the transport. Does not
 * own: any connection.
 *
 * @module
 */

import type { NativeBytes } from '../bytes/native.ts';
import { Slab } from '../bytes/output.ts';
import type { TextCodec } from '../bytes/text.ts';
import { ProtocolError, TransportError, UsageTypeError } from '../errors.ts';
import type { Limits } from '../limits.ts';
import { show } from '../options.ts';
import { Deadlines } from './deadlines.ts';

/**
 * Where an error comes from: `handler`, a function of the app's threw or rejected; `request`, a peer sent bad HTTP;
 * `handshake`, a peer sent a bad upgrade request; `socket`, a peer broke the WebSocket protocol or a limit;
 * `transport`, the network failed.
 */
export type ErrorSource = 'handler' | 'request' | 'handshake' | 'socket' | 'transport';

/** Something with output to send. */
export interface Flushable {
  /** Send it. */
  flush(): void;
}

/** Shared by all connections of one server or client. */
export class Host {
  /** All limits. */
  readonly limits: Limits;
  /** The runtime's text conversions. */
  readonly text: TextCodec | undefined;
  /** What else the runtime does faster. */
  readonly native: NativeBytes | undefined;
  /** The one timer. */
  readonly deadlines: Deadlines;
  /** The memory that output is cut from. */
  readonly slab: Slab;
  readonly #onError: (error: unknown, where: ErrorSource) => void;
  #dirty: Flushable[] = [];

  /**
   * @param runtime The transport, for what its runtime does faster.
   * @param onError Told of everything that goes wrong; what it throws is dropped.
   * @param shared Another host whose timer and memory this one uses: for connections that differ in their limits alone.
   */
  constructor(
    limits: Limits,
    runtime: { readonly text?: TextCodec | undefined; readonly native?: NativeBytes | undefined },
    onError: (error: unknown, where: ErrorSource) => void,
    shared?: Host,
  ) {
    this.limits = limits;
    this.text = runtime.text;
    this.native = runtime.native;
    this.deadlines = shared?.deadlines ?? new Deadlines();
    this.slab = shared?.slab ?? new Slab();
    this.#onError = onError;
  }

  /** Tell the app. A listener that throws or rejects is no reason to stop anything. */
  report(error: unknown, where: ErrorSource): void {
    try {
      const result: unknown = this.#onError(error, where);
      if (isThenable(result)) result.then(undefined, nothing);
    } catch {
      // There is nobody left to tell.
    }
  }

  /** Send the output of `item` when the code that runs now is done: many writes, one packet. */
  later(item: Flushable): void {
    this.#dirty.push(item);
    if (this.#dirty.length === 1) queueMicrotask(this.#flush);
  }

  readonly #flush = (): void => {
    const dirty = this.#dirty;
    this.#dirty = [];
    for (const item of dirty) item.flush();
  };
}

/**
 * Run `task` from the event loop, after what waits there. One task at a time, so that all that waits for it has run before the
 * next one comes.
 */
export const queueTask: (task: () => void) => unknown =
  // A timer would wait for a millisecond at least.
  (globalThis as { readonly setImmediate?: (task: () => void) => unknown }).setImmediate ??
  ((task) => setTimeout(task, 0));

/** What a server and a client do with errors when nobody else wants them. */
export function printHandlerErrors(error: unknown, where: ErrorSource): void {
  if (where === 'handler') console.error(error);
}

/**
 * The same error; one of ours with the stack of who waits for it: it was made in a callback of the runtime, and the stack of
 * that leads nowhere. To be called in an async function, after an `await`.
 */
export function traced(error: unknown): unknown {
  const { captureStackTrace } = Error as {
    readonly captureStackTrace?: (error: object, above: unknown) => void;
  };
  if (error instanceof TransportError || error instanceof ProtocolError) captureStackTrace?.(error, traced);
  return error;
}

/** Refuse what is no transport: options or a URL, where somebody took the one import for the other. @throws A `UsageTypeError` (`bad-argument`). */
export function checkTransport(call: string, transport: unknown): void {
  const { listen, connect } = (transport ?? {}) as { readonly listen?: unknown; readonly connect?: unknown };
  if (typeof listen === 'function' && typeof connect === 'function') return;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot ${call}: the transport is ${show(transport)}, expected an object with listen and connect; import from 'sansocket' to have the runtime's`,
  );
}

/** Whether a handler returned something to wait for. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    typeof (value as PromiseLike<unknown>).then === 'function'
  );
}

/** A promise for what a handler returned. Other people's `then` may call back twice, at once, or return nothing; a promise does not. */
export function asPromise<Value>(value: PromiseLike<Value>): Promise<Value> {
  return value instanceof Promise ? value : Promise.resolve(value);
}

/** The same promise; that nobody looks at it is no unhandled rejection. */
export function handled<P extends Promise<unknown>>(promise: P): P {
  promise.then(undefined, nothing);
  return promise;
}

/** Does nothing. */
export function nothing(): void {}
