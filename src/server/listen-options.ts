/**
 * What a server is told of where and how to listen, checked before a transport sees it.
 *
 * Owns: names, and kinds of values. Does not own: what an address can be (`transport/address.ts`), whether a certificate is any good.
 *
 * @module
 */
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions, checkPem, checkTls, readSwitch, show } from '../options.ts';
import type { ListenOptions, TlsServerOptions } from '../transport/transport.ts';

const LISTEN_OPTIONS: readonly string[] = [
  'port',
  'hostname',
  'path',
  'backlog',
  'reusePort',
  'ipv6Only',
  'tls',
];
const TLS_OPTIONS: readonly string[] = [
  'cert',
  'key',
  'passphrase',
  'ca',
  'requestCert',
  'rejectUnauthorized',
  'alpnProtocols',
];

/** Refuse what cannot be listened on. @throws A `UsageTypeError` or `UsageRangeError` (`bad-option`). */
export function checkStartOptions(options: ListenOptions): void {
  if (typeof options === 'string') {
    throw new UsageTypeError(
      'bad-option',
      `Cannot start: where is ${show(options)}, expected a port as a number, or an object such as { port, hostname } or { path }`,
    );
  }
  checkOptions('start', options, LISTEN_OPTIONS);
  const { port, path, hostname, tls } = options;
  for (const name of ['reusePort', 'ipv6Only'] as const) readSwitch('start', name, options[name], false);
  if (tls !== undefined) checkTlsOptions(tls);
  if (port !== undefined && !(Number.isInteger(port) && port >= 0 && port <= 65_535)) {
    throw new UsageRangeError(
      'bad-option',
      `Cannot start: the port is ${show(port)}, expected a number from 0 to 65535`,
    );
  }
  if (path !== undefined && (port !== undefined || hostname !== undefined)) {
    throw new UsageTypeError(
      'bad-option',
      'Cannot start: there is a path and a port or hostname, expected one of the two',
    );
  }
}

/** Refuse what is no TLS of a server. @throws A `UsageTypeError` (`bad-option`). */
export function checkTlsOptions(tls: TlsServerOptions): void {
  checkTls(tls, TLS_OPTIONS);
  checkPem('cert', tls.cert);
  checkPem('key', tls.key);
  if (tls.ca !== undefined) checkPem('ca', tls.ca, true);
}
