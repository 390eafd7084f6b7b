/**
 * The app's wishes about compression, checked, with the defaults filled in.
 *
 * Owns: the options, and what fits into a memory budget. Does not own: what the peer agrees to (`negotiate.ts`).
 *
 * @module
 */
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions } from '../options.ts';
import { type DeflateEngine, MAX_WINDOW_BITS, MIN_WINDOW_BITS } from './engine.ts';
import { pureEngine } from './pure-engine.ts';

/** A value for each direction, as this end sees it. */
export interface Directions<T> {
  /** What this end sends. */
  readonly outgoing: T;
  /** What this end receives. */
  readonly incoming: T;
}

/** The `compression` option of both ends. `Request` is what the server's hook is shown. */
export interface CompressionOptions<Request = unknown> {
  /** Messages shorter than this, in bytes, go plain. Default: 128, below which little is won. */
  readonly threshold?: number | undefined;
  /** Effort of what is sent: 0 (none) to 9 (most). Default: 1, the fast one; docs/deflate.md says what each costs. */
  readonly level?: number | undefined;
  /** Largest LZ77 window, as a power of two: 8 (256 bytes) to 15 (32 KiB), for both directions or each. Default: 15. */
  readonly windowBits?: number | Partial<Directions<number>> | undefined;
  /**
   * Whether messages may refer to earlier ones, for both directions or each. Default: false, and then nothing is kept
   * between messages. With it, small messages that resemble each other become much smaller, and each connection
   * keeps its windows.
   */
  readonly contextTakeover?: boolean | Partial<Directions<boolean>> | undefined;
  /**
   * Most bytes that one connection may keep between messages, and for a message that it sends in pieces. Where the windows would
   * take more, the outgoing one is made smaller, down to 256 bytes; then context takeover is given up, outgoing first, and a message
   * in pieces goes plain. Default: `Infinity`.
   */
  readonly memoryBudgetBytes?: number | undefined;
  /**
   * When nothing was compressed for so long, in ms, the window of what is sent is dropped, at the latest after twice the time. It is
   * made again when it is needed; the first message is then compressed without it. `Infinity` keeps it. Default: 30 000.
   */
  readonly idleMs?: number | undefined;
  /**
   * What the server does when all offers of permessage-deflate that it could use are malformed: `'refuse'` the handshake with
   * 400, or `'decline'` them and go on without compression. Default: `'refuse'`.
   */
  readonly malformedOffers?: 'refuse' | 'decline' | undefined;
  /** What does the work. Default: the best one that the runtime has; on its own, the portable {@link pureEngine}. */
  readonly engine?: DeflateEngine | undefined;
  /** Asked by the server for each request that offers compression; false declines it. Default: all are accepted. */
  accept?(request: Request): boolean;
}

/** {@link CompressionOptions} with nothing left open. */
export interface ResolvedCompression<Request = unknown> {
  /** In bytes. */
  readonly threshold: number;
  /** 0 to 9. */
  readonly level: number;
  /** 8 to 15. */
  readonly windowBits: Directions<number>;
  /** Whether a window is kept, if the peer agrees. */
  readonly contextTakeover: Directions<boolean>;
  /** Largest window of a message that is sent in pieces, which is kept while it lasts: 8 to 15; 0 where the budget has no room for one. */
  readonly pieceWindowBits: number;
  /** In bytes, or `Infinity`. */
  readonly memoryBudgetBytes: number;
  /** In ms, or `Infinity`. */
  readonly idleMs: number;
  /** What becomes of malformed offers. */
  readonly malformedOffers: 'refuse' | 'decline';
  /** What does the work. */
  readonly engine: DeflateEngine;
  /** Undefined: all requests are accepted. */
  readonly accept: ((request: Request) => boolean) | undefined;
}

const NAMES: readonly string[] = [
  'threshold',
  'level',
  'windowBits',
  'contextTakeover',
  'memoryBudgetBytes',
  'idleMs',
  'malformedOffers',
  'engine',
  'accept',
];
const DIRECTIONS: readonly string[] = ['outgoing', 'incoming'];

/**
 * Fill in the defaults, refuse what is no option, and fit the windows into the budget.
 *
 * @param options `true` for all defaults.
 * @param engine The default of the `engine` option.
 * @throws A `UsageTypeError` (`bad-option`) for a name that is not an option, or a value of the wrong type.
 * @throws A `UsageRangeError` (`bad-option`) for a number out of range.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { resolveCompression } from 'sansocket/deflate';
 *
 * const options = resolveCompression({ contextTakeover: true, memoryBudgetBytes: 64 * 1024 });
 * equal(options.windowBits.incoming, 15); // 32 KiB
 * equal(options.windowBits.outgoing, 12); // what the rest allows: a window of 4 KiB with its tables
 * ```
 */
export function resolveCompression<Request = unknown>(
  options: true | CompressionOptions<Request> = true,
  engine: DeflateEngine = pureEngine,
): ResolvedCompression<Request> {
  if (options !== true && (typeof options !== 'object' || options === null)) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot use compression: it is ${String(options)}, expected true or an object`,
    );
  }
  const given: CompressionOptions<Request> = options === true ? {} : options;
  checkOptions('use compression', given, NAMES);
  if (given.accept !== undefined && typeof given.accept !== 'function') {
    throw wrongType('accept', given.accept, 'a function');
  }
  const { malformedOffers = 'refuse' } = given;
  if (malformedOffers !== 'refuse' && malformedOffers !== 'decline') {
    throw wrongType('malformedOffers', malformedOffers, "'refuse' or 'decline'");
  }
  if (given.engine !== undefined && typeof given.engine?.createInflater !== 'function') {
    throw wrongType('engine', given.engine, 'a DeflateEngine');
  }
  return fitBudget({
    threshold: wholeNumber('threshold', given.threshold ?? 128, 0, Number.POSITIVE_INFINITY),
    level: wholeNumber('level', given.level ?? 1, 0, 9),
    windowBits: bothWays('windowBits', given.windowBits ?? MAX_WINDOW_BITS, MAX_WINDOW_BITS, (name, value) =>
      wholeNumber(name, value, MIN_WINDOW_BITS, MAX_WINDOW_BITS),
    ),
    contextTakeover: bothWays('contextTakeover', given.contextTakeover ?? false, false, (name, value) => {
      if (typeof value !== 'boolean') throw wrongType(name, value, 'a boolean');
      return value;
    }),
    memoryBudgetBytes: wholeNumber(
      'memoryBudgetBytes',
      given.memoryBudgetBytes ?? Number.POSITIVE_INFINITY,
      0,
      Number.POSITIVE_INFINITY,
    ),
    idleMs: wholeNumber('idleMs', given.idleMs ?? 30_000, 1, Number.POSITIVE_INFINITY),
    malformedOffers,
    engine: given.engine ?? engine,
    accept: given.accept === undefined ? undefined : given.accept.bind(given),
  });
}

function fitBudget<Request>(
  options: Omit<ResolvedCompression<Request>, 'pieceWindowBits'>,
): ResolvedCompression<Request> {
  const { engine, level, memoryBudgetBytes: budget, windowBits, contextTakeover } = options;
  const { incoming: inflaterBits, outgoing: wanted } = windowBits;
  const incoming = engine.inflaterBytes({
    windowBits: inflaterBits,
    contextTakeover: contextTakeover.incoming,
  });
  /** The largest outgoing window that leaves room for `others`; 0: none does. */
  const fitting = (others: number): number => {
    const fits = (bits: number): boolean =>
      others + engine.deflaterBytes({ windowBits: bits, contextTakeover: true, level }) <= budget;
    let bits = wanted;
    while (bits >= MIN_WINDOW_BITS && !fits(bits)) bits--;
    return bits < MIN_WINDOW_BITS ? 0 : bits;
  };
  const kept = fitting(incoming);
  if (kept > 0 && contextTakeover.outgoing) {
    return { ...options, windowBits: { ...windowBits, outgoing: kept }, pieceWindowBits: kept };
  }
  const takesOver = contextTakeover.incoming && incoming <= budget;
  return {
    ...options,
    contextTakeover: { outgoing: false, incoming: takesOver },
    pieceWindowBits: takesOver ? kept : fitting(0),
  };
}

/** One value for both directions, or one for each. */
function bothWays<T>(
  name: string,
  value: T | Partial<Directions<T>>,
  fallback: T,
  check: (name: string, value: T) => T,
): Directions<T> {
  if (typeof value !== 'object' || value === null) {
    const both = check(name, value as T);
    return { outgoing: both, incoming: both };
  }
  checkOptions(`use ${name}`, value, DIRECTIONS);
  const each = value as Partial<Directions<T>>;
  return {
    outgoing: check(`${name}.outgoing`, each.outgoing ?? fallback),
    incoming: check(`${name}.incoming`, each.incoming ?? fallback),
  };
}

function wholeNumber(name: string, value: unknown, least: number, most: number): number {
  if (typeof value !== 'number') throw wrongType(name, value, 'a number');
  if ((Number.isSafeInteger(value) || value === most) && value >= least && value <= most) return value;
  throw new UsageRangeError(
    'bad-option',
    `Cannot use compression: ${name} is ${value}, expected a whole number from ${least} to ${most}`,
  );
}

function wrongType(name: string, value: unknown, expected: string): UsageTypeError {
  return new UsageTypeError(
    'bad-option',
    `Cannot use compression: ${name} is ${value === null ? 'null' : typeof value}, expected ${expected}`,
  );
}
