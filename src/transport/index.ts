/**
 * What every transport is, the ones that need no runtime, and what helps to write one more. The runtimes' own are
 * `sansocket/transport/node`, `/bun` and `/deno`; the suite for yours is `sansocket/transport/contract`.
 *
 * @module
 */
export type { TextCodec } from '../bytes/text.ts';
export { TRANSPORT_ERRORS, TransportError, type TransportErrorCode } from '../errors.ts';
export { checkConnectOptions, checkListenOptions, formatAddress, plainIp, type Target } from './address.ts';
export { type Attempt, codeOfErrno, failure } from './failure.ts';
export * from './memory.ts';
export {
  type MemoryFaults,
  type MemoryLink,
  type MemoryPair,
  type MemoryPairOptions,
  memoryPair,
} from './memory-pair.ts';
export * from './transport.ts';
export * from './webstreams.ts';
