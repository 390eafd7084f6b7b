/**
 * The suite that every transport must pass, yours too: plain functions, no test framework, any runtime.
 *
 * Owns: the list of what `Transport` promises, each promise as a case that tries it. Does not own: how the cases
 * are run and reported; docs/transport.md shows it for the runner that you have.
 *
 * @module
 */
import { ADDRESS_CASES } from './contract/addresses.ts';
import { ENDING_CASES } from './contract/endings.ts';
import { TLS_CASES } from './contract/secure.ts';
import { STREAM_CASES } from './contract/streams.ts';
import type { ContractCase, ContractSetup } from './contract/support.ts';
import { UNIX_CASES } from './contract/unix.ts';

export {
  type ContractCase,
  ContractFailure,
  type ContractNeed,
  type ContractSetup,
  type ContractTls,
} from './contract/support.ts';

export type { ConnectOptions, Pem, TlsClientOptions, TlsServerOptions } from './transport.ts';

/**
 * All cases. Names are stable: refer to a case that your runtime cannot keep by its name, with the reason.
 *
 * @example
 * ```ts
 * import { createMemoryTransport } from 'sansocket/transport';
 * import { appliesTo, TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
 *
 * const setup = { transport: createMemoryTransport(), ownAddresses: true };
 * for (const promise of TRANSPORT_CONTRACT) {
 *   if (appliesTo(promise, setup)) await promise.run(setup);
 * }
 * ```
 */
export const TRANSPORT_CONTRACT: readonly ContractCase[] = [
  ...STREAM_CASES,
  ...ENDING_CASES,
  ...ADDRESS_CASES,
  ...TLS_CASES,
  ...UNIX_CASES,
];

/** Whether `setup` has all that the case needs. */
export function appliesTo({ needs = [] }: ContractCase, setup: ContractSetup): boolean {
  return needs.every((need) => {
    if (need === 'network') return setup.ownAddresses !== true;
    if (need === 'passphrase') return setup.tls?.locked !== undefined;
    if (need === 'silent') return setup.silent !== undefined || setup.ownAddresses !== true;
    return Boolean(setup[need]);
  });
}
