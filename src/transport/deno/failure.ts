/**
 * What goes wrong with Deno's sockets, as our errors.
 *
 * @module
 */
import type { TransportErrorCode } from '../../errors.ts';
import { formatAddress } from '../address.ts';
import { type Attempt, codeOfErrno, errnoOf, failure } from '../failure.ts';
import type { ListenOptions } from '../transport.ts';

export function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : '';
}

/** Whether TLS is what failed. That certificate and key belong to different pairs is an error without name or code. */
export function isTlsFault(error: unknown): boolean {
  if (nameOf(error) === 'InvalidData') return true;
  return nameOf(error) === 'Error' && (error as Error).message.includes('KeyMismatch');
}

export function codeOf(attempt: Attempt, error: unknown): TransportErrorCode {
  if (nameOf(error) === 'NotCapable') return 'permission-denied';
  const errno = errnoOf(error);
  // A host name that does not resolve, or never could, has no code.
  if (errno === '' && error instanceof Error && /^(failed to lookup|invalid host)/.test(error.message)) {
    return codeOfErrno(attempt, 'ENOTFOUND');
  }
  return codeOfErrno(attempt, errno);
}

export function listenFailure(options: ListenOptions, error: unknown): Error {
  const code = isTlsFault(error) ? 'tls-failed' : codeOf('listen', error);
  return failure('listen', code, formatAddress(options), error);
}

export function openFailure(error: unknown, address: string): Error {
  const code = isTlsFault(error) ? 'tls-failed' : codeOf('open', error);
  return failure('open', code, address, error);
}
