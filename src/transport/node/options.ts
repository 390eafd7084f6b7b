/**
 * Our options as those of `node:net` and `node:tls`.
 *
 * @module
 */
import * as net from 'node:net';
import * as tls from 'node:tls';
import { bareHost } from '../address.ts';
import { pem, pems } from '../pem.ts';
import type { ConnectOptions, TlsServerOptions } from '../transport.ts';

export function netOptions({
  path,
  hostname,
  port,
}: ConnectOptions): net.NetConnectOpts & { allowHalfOpen: true } {
  if (path !== undefined) return { path, allowHalfOpen: true };
  return { host: bareHost(hostname ?? 'localhost'), port: port!, allowHalfOpen: true };
}

export function tlsClientOptions(options: ConnectOptions): tls.ConnectionOptions {
  const given = typeof options.tls === 'object' ? options.tls : {};
  const all: tls.ConnectionOptions = {
    ...netOptions(options),
    ALPNProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
    rejectUnauthorized: given.rejectUnauthorized ?? true,
  };
  if (given.ca !== undefined) all.ca = pems(given.ca);
  if (given.cert !== undefined) all.cert = pem(given.cert);
  if (given.key !== undefined) all.key = pem(given.key);
  if (given.passphrase !== undefined) all.passphrase = given.passphrase;
  const name = bareHost(given.serverName ?? options.hostname ?? 'localhost');
  // SNI carries names alone (RFC 6066 §3); an IP address is checked against the certificate all the same.
  if (net.isIP(name) === 0) all.servername = name;
  else all.checkServerIdentity = (_, certificate) => tls.checkServerIdentity(name, certificate);
  return all;
}

export function tlsServerOptions(given: TlsServerOptions): tls.TlsOptions {
  const all: tls.TlsOptions = {
    cert: pem(given.cert),
    key: pem(given.key),
    ALPNProtocols: [...(given.alpnProtocols ?? ['http/1.1'])],
    requestCert: given.requestCert ?? false,
    rejectUnauthorized: given.rejectUnauthorized ?? given.requestCert ?? false,
  };
  if (given.passphrase !== undefined) all.passphrase = given.passphrase;
  if (given.ca !== undefined) all.ca = pems(given.ca);
  return all;
}
