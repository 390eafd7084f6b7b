/**
 * Our options of TLS as Bun's.
 *
 * @module
 */
import { bareHost, isIpAddress } from '../address.ts';
import { pem, pems } from '../pem.ts';
import type { TlsClientOptions, TlsServerOptions } from '../transport.ts';
import type { BunTls } from './types.ts';

export function serverTls(given: TlsServerOptions): BunTls {
  const requestCert = given.requestCert ?? false;
  return {
    cert: pem(given.cert),
    key: pem(given.key),
    requestCert,
    rejectUnauthorized: given.rejectUnauthorized ?? requestCert,
    ALPNProtocols: alpnList(given.alpnProtocols),
    ...(given.passphrase === undefined ? {} : { passphrase: given.passphrase }),
    ...(given.ca === undefined ? {} : { ca: pems(given.ca) }),
  };
}

export function clientTls(given: TlsClientOptions, hostname: string): BunTls {
  return {
    // An address is no name to ask for (RFC 6066 §3); with '', Bun asks for none and holds the certificate to the address.
    serverName:
      given.serverName === undefined && isIpAddress(hostname) ? '' : bareHost(given.serverName ?? hostname),
    rejectUnauthorized: given.rejectUnauthorized ?? true,
    ALPNProtocols: alpnList(given.alpnProtocols),
    ...(given.ca === undefined ? {} : { ca: pems(given.ca) }),
    ...(given.cert === undefined ? {} : { cert: pem(given.cert) }),
    ...(given.key === undefined ? {} : { key: pem(given.key) }),
    ...(given.passphrase === undefined ? {} : { passphrase: given.passphrase }),
  };
}

/** A `ProtocolNameList` (RFC 7301 §3.1), without its own length. */
function alpnList(names: readonly string[] = ['http/1.1']): Uint8Array {
  const bytes: number[] = [];
  for (const name of names) bytes.push(name.length, ...new TextEncoder().encode(name));
  return Uint8Array.from(bytes);
}
