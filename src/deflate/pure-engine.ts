/**
 * The engine that is always there: RFC 1951 in TypeScript, the same on every runtime.
 *
 * Owns: the memory that its inflaters and deflaters share. Does not own: the work (`inflate.ts`, `deflate.ts`).
 *
 * @module
 */
import { UsageRangeError } from '../errors.ts';
import { DeflateScratch, keptBytes, PureDeflater } from './deflate.ts';
import { type DeflateEngine, MAX_WINDOW_BITS, MIN_WINDOW_BITS } from './engine.ts';
import { InflateScratch, PureInflater } from './inflate.ts';

/**
 * Make an engine with scratch memory of its own. {@link pureEngine} is one that everybody can share.
 *
 * @example
 * ```ts
 * import { deepStrictEqual } from 'node:assert/strict';
 * import { createPureEngine } from 'sansocket/deflate';
 *
 * const engine = createPureEngine();
 * const deflater = engine.createDeflater({ windowBits: 15, contextTakeover: false, level: 1 });
 * const inflater = engine.createInflater({ windowBits: 15, contextTakeover: false });
 * const hello = new TextEncoder().encode('Hello');
 * // RFC 7692 §7.2.3.1
 * deepStrictEqual([...deflater.deflate(hello, true)], [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00]);
 * deepStrictEqual(inflater.inflate(Uint8Array.of(0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00), true, 5), hello);
 * ```
 */
export function createPureEngine(): DeflateEngine {
  let inflateScratch: InflateScratch | undefined;
  let deflateScratch: DeflateScratch | undefined;
  return {
    name: 'pure',
    createInflater(options) {
      checkRange('windowBits', options.windowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
      return new PureInflater((inflateScratch ??= new InflateScratch()), options);
    },
    createDeflater(options) {
      checkRange('windowBits', options.windowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
      checkRange('level', options.level, 0, 9);
      return new PureDeflater((deflateScratch ??= new DeflateScratch()), options);
    },
    inflaterBytes: ({ contextTakeover, windowBits }) => (contextTakeover ? 2 ** windowBits : 0),
    deflaterBytes: ({ contextTakeover, level, windowBits }) =>
      contextTakeover ? keptBytes(level, windowBits) : 0,
  };
}

/** The portable engine. Its scratch memory, some 400 KiB when all of it is in use, is made on first use. */
export const pureEngine: DeflateEngine = /* @__PURE__ */ createPureEngine();

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UsageRangeError(
    'bad-argument',
    `Cannot use DEFLATE: ${name} is ${value}, expected a whole number from ${least} to ${most}`,
  );
}
