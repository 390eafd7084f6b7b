/**
 * Our options of TLS as Deno's, and what Deno has no way to do.
 *
 * @module
 */
import { UsageTypeError } from '../../errors.ts';
import { pem } from '../pem.ts';
import type { ConnectOptions, TlsClientOptions, TlsServerOptions } from '../transport.ts';
import type { DenoListenTls } from './types.ts';

export function checkServerTls(tls: TlsServerOptions): void {
  if (tls.requestCert === true) throw cannot('listen', '"requestCert"');
  if (tls.passphrase !== undefined) throw cannot('listen', '"passphrase"');
}

export function checkClientTls(tls: TlsClientOptions, options: ConnectOptions): void {
  if (options.path !== undefined) throw cannot('connect', 'TLS over a Unix socket');
  if (tls.rejectUnauthorized === false) throw cannot('connect', '"rejectUnauthorized": false');
  if (tls.passphrase !== undefined) throw cannot('connect', '"passphrase"');
  if (tls.cert !== undefined && tls.serverName !== undefined && tls.serverName !== options.hostname) {
    throw cannot('connect', '"cert" together with "serverName"');
  }
}

export function cannot(verb: string, what: string): UsageTypeError {
  return new UsageTypeError('bad-option', `Cannot ${verb}: Deno's sockets have no ${what}`);
}

export function serverTls(given: TlsServerOptions): DenoListenTls {
  return {
    cert: pem(given.cert),
    key: pem(given.key),
    alpnProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
  };
}
