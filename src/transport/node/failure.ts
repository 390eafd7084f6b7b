/**
 * What goes wrong with Node's sockets, as our errors.
 *
 * @module
 */
import * as buffer from 'node:buffer';
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import * as process from 'node:process';
import { formatAddress } from '../address.ts';
import { type Attempt, codeOfErrno, errnoOf, failure } from '../failure.ts';
import type { ConnectOptions, ListenOptions } from '../transport.ts';

/** Longest path of a Unix socket, in bytes, with the NUL behind it. */
const PATH_BYTES = process.platform === 'linux' ? 108 : 104;

/** What newer versions of Node say of such a path; older ones cut it, and mean another socket than was asked for. */
export function pathTooLong({ path }: ListenOptions | ConnectOptions): Error | undefined {
  if (path === undefined || process.platform === 'win32') return undefined;
  if (buffer.Buffer.byteLength(path) < PATH_BYTES) return undefined;
  const message = `its path is longer than ${PATH_BYTES - 1} bytes`;
  return Object.assign(new Error(message), { code: 'ENAMETOOLONG' });
}

function failureOf(attempt: Attempt, error: Error, address: string): Error {
  // Of a name that is too long it says EINVAL.
  const isName = (error as { readonly syscall?: unknown }).syscall === 'getaddrinfo';
  return failure(attempt, codeOfErrno(attempt, isName ? 'ENOTFOUND' : errnoOf(error)), address, error);
}

export function listenFailure(options: ListenOptions, error: unknown): Error {
  const address = formatAddress(options);
  const { syscall } = error as { readonly syscall?: unknown };
  // libuv says EACCES for a Unix socket in a directory that does not exist.
  if (options.path !== undefined && errnoOf(error) === 'EACCES' && !existsSync(dirname(options.path))) {
    return failure('listen', 'address-not-available', address, error);
  }
  // What no system call said comes from reading the certificate and the key.
  if (options.tls !== undefined && syscall === undefined)
    return failure('listen', 'tls-failed', address, error);
  return failureOf('listen', error as Error, address);
}

export function connectFailure(error: Error | undefined, address: string, inTls: boolean): Error {
  if (inTls) return failure('connect', 'tls-failed', address, error);
  if (error === undefined) return failure('connect', 'transport-failed', address);
  // Several addresses were tried: the one that refused says most.
  const tried = (error as { readonly errors?: readonly Error[] }).errors;
  const telling = tried?.find((one) => errnoOf(one) === 'ECONNREFUSED') ?? tried?.at(-1) ?? error;
  return failureOf('connect', telling, address);
}

export function openFailure(address: string, error: Error): Error {
  const errno = errnoOf(error);
  if (errno.startsWith('ERR_SSL_') || errno === 'EPROTO')
    return failure('open', 'tls-failed', address, error);
  return failureOf('open', error, address);
}
