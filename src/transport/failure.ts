/**
 * From a runtime's error to a `TransportError`: the codes and the sentences that all adapters share.
 *
 * Owns: which `errno` name means which code, and what the message says. Does not own: what else
 * a runtime's errors say (each adapter knows).
 *
 * @module
 */
import { TransportError, type TransportErrorCode, UsageTypeError } from '../errors.ts';

/** What was being tried when it failed. */
export type Attempt = 'listen' | 'connect' | 'open';

const LISTEN: ReadonlyMap<string, TransportErrorCode> = new Map([
  ['EADDRINUSE', 'address-in-use'],
  ['EEXIST', 'address-in-use'],
  ['EADDRNOTAVAIL', 'address-not-available'],
  ['EAFNOSUPPORT', 'address-not-available'],
  ['ENOTFOUND', 'address-not-available'],
  ['EAI_AGAIN', 'address-not-available'],
  ['ENOENT', 'address-not-available'],
  ['ENOTDIR', 'address-not-available'],
  ['ENAMETOOLONG', 'address-not-available'],
  ['EINVAL', 'address-not-available'],
  ['EROFS', 'permission-denied'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
]);

const CONNECT: ReadonlyMap<string, TransportErrorCode> = new Map([
  ['ECONNREFUSED', 'connection-refused'],
  // A Unix socket: no such file, a file that is no socket, or a path that no file can have.
  ['ENOENT', 'connection-refused'],
  ['ENOTSOCK', 'connection-refused'],
  ['EINVAL', 'connection-refused'],
  ['ENAMETOOLONG', 'connection-refused'],
  ['ECONNRESET', 'connection-reset'],
  ['ECONNABORTED', 'connection-reset'],
  ['EPIPE', 'connection-reset'],
  // It was accepted, and gone before the runtime had asked for its address.
  ['ENOTCONN', 'connection-reset'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
  ['EHOSTDOWN', 'unreachable'],
  ['ENETDOWN', 'unreachable'],
  ['EADDRNOTAVAIL', 'unreachable'],
  ['EAFNOSUPPORT', 'unreachable'],
  ['ETIMEDOUT', 'connect-timeout'],
  ['ENOTFOUND', 'dns-failed'],
  ['EAI_AGAIN', 'dns-failed'],
  ['EAI_FAIL', 'dns-failed'],
  ['EAI_NODATA', 'dns-failed'],
  ['EAI_NONAME', 'dns-failed'],
  ['EACCES', 'permission-denied'],
  ['EPERM', 'permission-denied'],
]);

const OPEN: ReadonlyMap<string, TransportErrorCode> = new Map([
  ['ECONNRESET', 'connection-reset'],
  ['ECONNABORTED', 'connection-reset'],
  // We wrote after the peer had gone.
  ['EPIPE', 'connection-reset'],
  ['ENOTCONN', 'connection-reset'],
  ['EHOSTUNREACH', 'unreachable'],
  ['ENETUNREACH', 'unreachable'],
]);

const TABLES = { listen: LISTEN, connect: CONNECT, open: OPEN };

/** The `errno` name in an error of a runtime's, or a code of its own; '' for none. */
export function errnoOf(error: unknown): string {
  const code = (error as { readonly code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : '';
}

/** The code for an `errno` name; `transport-failed` for one that no table knows. */
export function codeOfErrno(attempt: Attempt, errno: string): TransportErrorCode {
  return TABLES[attempt].get(errno) ?? 'transport-failed';
}

/** What each code means, to go on with after "Cannot listen on …" and the like. */
const REASONS: { readonly [Code in TransportErrorCode]: string } = {
  'address-in-use': 'another socket listens there already',
  'address-not-available': 'this machine has no such address, or the path cannot be created',
  'permission-denied': 'the operating system does not let this process do it',
  'connection-refused': 'nothing listens there',
  unreachable: 'the network has no way there',
  'connect-timeout': 'no answer came in time',
  'dns-failed': 'the host name does not resolve',
  'tls-failed': 'TLS failed',
  'connection-reset': 'the peer reset the connection',
  'address-refused': 'the address is not allowed',
  aborted: 'the signal was aborted',
  'transport-failed': 'the runtime reported an error',
};

const WHAT = { listen: 'Cannot listen on', connect: 'Cannot connect to', open: 'Lost the connection to' };

/**
 * A `TransportError` with a sentence that names the address, the reason and what the runtime said.
 *
 * @param address As `formatAddress` writes it; '' for a Unix socket's peer, which has none.
 * @param cause What the runtime threw, kept as the error's `cause`; its message is part of the sentence.
 */
export function failure(
  attempt: Attempt,
  code: TransportErrorCode,
  address: string,
  cause?: unknown,
): TransportError {
  // Of OpenSSL it ends with a line end.
  const said = cause instanceof Error ? cause.message.trim() : '';
  const message = `${WHAT[attempt]} ${address === '' ? 'the peer' : address}: ${REASONS[code]}${said === '' ? '' : ` (${said})`}`;
  return new TransportError(code, message, cause === undefined ? undefined : { cause });
}

/** The error that `close` reports when a handler threw: the stream was dropped for it. */
export function handlerFailure(cause: unknown): TransportError {
  return new TransportError('transport-failed', 'Dropped the connection: its stream handler threw', {
    cause,
  });
}

/** What `setTls` rejects with on a listener that was opened without TLS. */
export function noTls(): UsageTypeError {
  return new UsageTypeError('bad-state', 'Cannot set a certificate: the listener was opened without TLS');
}

/** What a second `start` of a stream throws. */
export function alreadyStarted(): UsageTypeError {
  return new UsageTypeError('bad-state', 'Cannot start the stream: it has a handler already');
}

/** What an adapter throws when it is used where its runtime is not. */
export function wrongRuntime(name: string): UsageTypeError {
  return new UsageTypeError('bad-state', `Cannot use ${name}'s sockets: this is not ${name}`);
}
