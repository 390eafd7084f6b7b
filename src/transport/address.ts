/**
 * Where a socket listens or connects to: the checks and the wording that all adapters share.
 *
 * Owns: refusing options that contradict each other, the form of an IP address, how an address reads in a
 * message. Does not own: resolving names, or any socket.
 *
 * @module
 */
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import type { ConnectOptions, ListenOptions } from './transport.ts';

/** What an address is made of. */
export type Target = Pick<ListenOptions, 'hostname' | 'port' | 'path'>;

/**
 * Refuse an address that cannot be listened on.
 *
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`).
 */
export function checkListenOptions(options: ListenOptions): void {
  checkTarget(options, 'listen', 0);
  const { backlog } = options;
  if (backlog !== undefined && !(Number.isInteger(backlog) && backlog >= 1 && backlog <= 0x7fffffff)) {
    throw new UsageRangeError(
      'bad-option',
      `Cannot listen: "backlog" is ${backlog}, expected a whole number of at least 1`,
    );
  }
}

/**
 * Refuse an address that cannot be connected to.
 *
 * @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`).
 */
export function checkConnectOptions(options: ConnectOptions): void {
  checkTarget(options, 'connect', 1);
  if (options.path === undefined && options.port === undefined) {
    throw new UsageTypeError(
      'bad-option',
      'Cannot connect: expected a "port", or the "path" of a Unix socket',
    );
  }
  const { timeoutMs } = options;
  if (timeoutMs !== undefined && !(typeof timeoutMs === 'number' && timeoutMs > 0)) {
    throw new UsageRangeError(
      'bad-option',
      `Cannot connect: "timeoutMs" is ${timeoutMs}, expected more than 0 milliseconds`,
    );
  }
}

function checkTarget({ hostname, port, path }: Target, verb: string, lowest: number): void {
  if (path !== undefined) {
    if (typeof path !== 'string' || path === '') {
      throw new UsageTypeError(
        'bad-option',
        `Cannot ${verb}: "path" is ${path === '' ? 'empty' : `a ${typeof path}`}, expected the path of a Unix socket`,
      );
    }
    // At the start, it is Linux's sign for a name that is no file's.
    if (path.includes('\0', 1)) {
      throw new UsageTypeError('bad-option', `Cannot ${verb}: "path" has a NUL inside, expected a path`);
    }
    if (port !== undefined || hostname !== undefined) {
      throw new UsageTypeError('bad-option', `Cannot ${verb}: "path" excludes "port" and "hostname"`);
    }
    return;
  }
  if (hostname !== undefined && (typeof hostname !== 'string' || hostname === '')) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot ${verb}: "hostname" is ${hostname === '' ? 'empty' : `a ${typeof hostname}`}, expected a name or an IP address`,
    );
  }
  // Some runtimes cut it there, and mean another host than was checked.
  if (hostname?.includes('\0')) {
    throw new UsageTypeError(
      'bad-option',
      `Cannot ${verb}: "hostname" has a NUL inside, expected a name or an IP address`,
    );
  }
  if (port === undefined) return;
  if (typeof port !== 'number') {
    throw new UsageTypeError('bad-option', `Cannot ${verb}: "port" is a ${typeof port}, expected a number`);
  }
  if (!(Number.isInteger(port) && port >= lowest && port <= 65_535)) {
    throw new UsageRangeError('bad-option', `Cannot ${verb}: "port" is ${port}, expected ${lowest} to 65535`);
  }
}

/** How an address reads in a message: `127.0.0.1:8080`, `[::1]:8080`, `/run/app.sock`. */
export function formatAddress({ hostname, port, path }: Target): string {
  if (path !== undefined) return path;
  const host = bareHost(hostname ?? '*');
  return `${host.includes(':') ? `[${host}]` : host}:${port ?? 0}`;
}

const MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** An IPv4 address that a dual-stack socket reports as IPv6 (`::ffff:127.0.0.1`), in its own form; others as they are. */
export function plainIp(address: string): string {
  return address.startsWith('::') ? (MAPPED.exec(address)?.[1] ?? address) : address;
}

/** Whether a host is an IP address, with or without brackets, and not a name. */
export function isIpAddress(hostname: string): boolean {
  return hostname.includes(':') || /^\d+(\.\d+){3}$/.test(hostname);
}

/** A host name without the brackets that URLs put around an IPv6 address. */
export function bareHost(hostname: string): string {
  return hostname.startsWith('[') && hostname.endsWith(']') ? hostname.slice(1, -1) : hostname;
}
