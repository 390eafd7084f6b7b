/**
 * What every transport is, and the ones that need no runtime. The runtimes' own are `sansocket/transport/node`,
 * `/bun` and `/deno`; the suite for yours is `sansocket/transport/contract`.
 *
 * @module
 */

export * from './memory.ts';
export type {
  MemoryFaults,
  MemoryLink,
  MemoryPair,
  MemoryPairOptions,
} from './memory-pair.ts';
export { memoryPair } from './memory-pair.ts';
export * from './transport.ts';
export * from './webstreams.ts';
