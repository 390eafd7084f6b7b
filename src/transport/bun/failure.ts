/**
 * What goes wrong with Bun's sockets, as our errors.
 *
 * @module
 */
import { formatAddress } from '../address.ts';
import { type Attempt, codeOfErrno, errnoOf, failure } from '../failure.ts';
import type { ListenOptions } from '../transport.ts';

export function failureOf(attempt: Attempt, error: unknown, address: string): Error {
  return failure(attempt, codeOfErrno(attempt, errnoOf(error)), address, error);
}

export function listenFailure(options: ListenOptions, error: unknown): Error {
  const address = formatAddress(options);
  const errno = errnoOf(error);
  if (options.tls !== undefined && (errno === '' || errno.startsWith('ERR_'))) {
    return failure('listen', 'tls-failed', address, error);
  }
  // A host name that does not resolve has no code.
  if (errno === '') return failure('listen', 'address-not-available', address, error);
  return failureOf('listen', error, address);
}

export function openFailure(address: string, error: unknown): Error {
  const errno = errnoOf(error);
  if (errno === 'EPROTO' || errno.startsWith('ERR_')) return failure('open', 'tls-failed', address, error);
  return failureOf('open', error, address);
}
