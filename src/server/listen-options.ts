/**
 * What a server is told of where and how to listen, checked before a transport sees it.
 *
 * Owns: names, and kinds of values. Does not own: what an address can be (`transport/address.ts`), whether a certificate is any good.
 *
 * @module
 */
import { UsageRangeError, UsageTypeError } from '../errors.ts';
import { checkOptions, checkPem, readSwitch, show } from '../options.ts';
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
  const call = 'use TLS';
  checkOptions(call, tls, TLS_OPTIONS);
  const { cert, key, ca, passphrase, alpnProtocols } = tls;
  for (const name of ['requestCert', 'rejectUnauthorized'] as const) readSwitch(call, name, tls[name], false);
  const expect = (holds: boolean, name: string, expected: string): void => {
    if (holds) return;
    const is = show(tls[name as keyof TlsServerOptions]);
    throw new UsageTypeError('bad-option', `Cannot ${call}: ${name} is ${is}, expected ${expected}`);
  };
  checkPem('cert', cert);
  checkPem('key', key);
  if (ca !== undefined) checkPem('ca', ca, true);
  expect(passphrase === undefined || typeof passphrase === 'string', 'passphrase', 'text');
  const names: unknown = alpnProtocols ?? [];
  // A name has a length of one byte in front (RFC 7301 §3.1).
  const fit =
    Array.isArray(names) && names.every((name) => typeof name === 'string' && /^.{1,255}$/.test(name));
  expect(fit, 'alpnProtocols', 'a list of names of 1 to 255 bytes');
}
