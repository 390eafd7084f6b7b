/**
 * What our client is tried with, and with which messages, when it compresses.
 *
 * @module
 */
import type { CompressionOptions } from '../../../src/node.ts';

/** Around every size from which on another part of an engine does the work. */
export const SIZES: readonly number[] = [
  0, 100, 500, 520, 1000, 2040, 2060, 5000, 16_384, 65_000, 66_000, 500_000,
];
/** By what a test is called. */
export const SETTINGS: Readonly<Record<string, true | CompressionOptions>> = {
  'as it is by default': true,
  'level 9': { level: 9 },
  'all messages, however short': { threshold: 0 },
  'small windows': { windowBits: 9 },
  'context takeover': { contextTakeover: true },
  'context takeover of what is received alone': { contextTakeover: { incoming: true } },
};
