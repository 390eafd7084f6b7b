/**
 * The engine that is always there: RFC 1951 in TypeScript, the same on every runtime.
 *
 * Owns: the memory that its inflaters and deflaters share. Does not own: the work (`inflate.ts`, `deflate.ts`).
 *
 * @module
 */
import { UsageRangeError } from '../errors.ts';
import { DeflateScratch, keptBytes, PureDeflater } from './deflate.ts';
import {
  type CodecOptions,
  type DeflateEngine,
  type DeflaterOptions,
  MAX_WINDOW_BITS,
  MIN_WINDOW_BITS,
} from './engine.ts';
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
      checkCodecOptions(options);
      return new PureInflater((inflateScratch ??= new InflateScratch()), options);
    },
    createDeflater(options) {
      checkDeflaterOptions(options);
      return new PureDeflater((deflateScratch ??= new DeflateScratch()), options);
    },
    inflaterBytes: ({ contextTakeover, windowBits }) => (contextTakeover ? 2 ** windowBits : 0),
    deflaterBytes: ({ contextTakeover, level, windowBits }) =>
      contextTakeover ? keptBytes(level, windowBits) : 0,
  };
}

/** The portable engine. Its scratch memory, some 400 KiB when all of it is in use, is made on first use. */
export const pureEngine: DeflateEngine = /* @__PURE__ */ createPureEngine();

/** What every engine refuses. @throws A `UsageRangeError` (`bad-argument`) for `windowBits` out of range. */
export function checkCodecOptions({ windowBits }: CodecOptions): void {
  checkRange('windowBits', windowBits, MIN_WINDOW_BITS, MAX_WINDOW_BITS);
}

/** What every engine refuses. @throws A `UsageRangeError` (`bad-argument`) for `windowBits` or a `level` out of range. */
export function checkDeflaterOptions(options: DeflaterOptions): void {
  checkCodecOptions(options);
  checkRange('level', options.level, 0, 9);
}

function checkRange(name: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new UsageRangeError(
    'bad-argument',
    `Cannot use DEFLATE: ${name} is ${value}, expected a whole number from ${least} to ${most}`,
  );
}
