/**
 * Connecting by `Deno.connect` and its TLS forms.
 *
 * Owns: one attempt, its time and its signal. Does not own: the connection that comes of it (`stream.ts`).
 *
 * @module
 */
import type { TransportErrorCode } from '../../errors.ts';
import { bareHost, formatAddress } from '../address.ts';
import { failure } from '../failure.ts';
import { pem, pems } from '../pem.ts';
import type { ByteStream, ConnectOptions, StreamHandler, TlsClientOptions } from '../transport.ts';
import { codeOf, isTlsFault, nameOf } from './failure.ts';
import { deno, quietly } from './runtime.ts';
import { DenoStream } from './stream.ts';
import type { DenoConn } from './types.ts';

export function connectOnce(
  options: ConnectOptions,
  tls: TlsClientOptions | undefined,
  handler: StreamHandler,
  resolve: (stream: ByteStream) => void,
  reject: (error: Error) => void,
): void {
  const { signal, timeoutMs } = options;
  const address = formatAddress(options);
  const stop = new AbortController();
  let settled = false;
  const settle = (): void => {
    settled = true;
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  };
  const giveUp = (code: TransportErrorCode, cause?: unknown): void => {
    if (settled) return;
    settle();
    stop.abort();
    reject(failure('connect', code, address, cause));
  };
  const onAbort = (): void => giveUp('aborted', signal?.reason);
  const timer =
    timeoutMs !== undefined && timeoutMs < 0x80000000
      ? setTimeout(() => giveUp('connect-timeout'), timeoutMs)
      : undefined;
  if (signal?.aborted) {
    onAbort();
    return;
  }
  signal?.addEventListener('abort', onAbort);
  open(options, tls, stop.signal).then(
    ({ conn, alpnProtocol }) => {
      if (settled) {
        quietly(() => conn.close());
        return;
      }
      settle();
      const stream = new DenoStream(conn, tls !== undefined, alpnProtocol);
      resolve(stream);
      // After the caller's continuation.
      queueMicrotask(() => stream.start(handler));
    },
    (error: unknown) => {
      const inTls = nameOf(error) === 'UnexpectedEof' || isTlsFault(error);
      giveUp(inTls ? 'tls-failed' : codeOf('connect', error), error);
    },
  );
}

/** The connection, TLS included; closed again where `signal` is aborted or TLS fails. */
async function open(
  { path, hostname, port }: ConnectOptions,
  tls: TlsClientOptions | undefined,
  signal: AbortSignal,
): Promise<{ readonly conn: DenoConn; readonly alpnProtocol: string }> {
  if (path !== undefined)
    return { conn: await deno().connect({ transport: 'unix', path }), alpnProtocol: '' };
  const to = { hostname: bareHost(hostname ?? 'localhost'), port: port! };
  if (tls === undefined) {
    const conn = await deno().connect({ ...to, signal });
    quietly(() => conn.setNoDelay?.(true));
    return { conn, alpnProtocol: '' };
  }
  const secure = {
    hostname: bareHost(tls.serverName ?? to.hostname),
    alpnProtocols: [...(tls.alpnProtocols ?? ['http/1.1'])],
    ...(tls.ca === undefined ? {} : { caCerts: pems(tls.ca) }),
  };
  let conn: DenoConn;
  if (tls.cert !== undefined && tls.key !== undefined) {
    // The only way with a certificate; it knows no signal.
    conn = await deno().connectTls({
      ...secure,
      ...to,
      keyFormat: 'pem',
      cert: pem(tls.cert),
      key: pem(tls.key),
    });
  } else {
    const plain = await deno().connect({ ...to, signal });
    quietly(() => plain.setNoDelay?.(true));
    conn = await deno().startTls(plain, secure);
  }
  const drop = (): void => quietly(() => conn.close());
  signal.addEventListener('abort', drop);
  try {
    const { alpnProtocol } = await conn.handshake!();
    return { conn, alpnProtocol: alpnProtocol ?? '' };
  } catch (error) {
    drop();
    // Whatever went wrong by now, it was TLS that could not be set up.
    throw nameOf(error) === 'InvalidData'
      ? error
      : Object.assign(new Error(String(error)), { name: 'InvalidData' });
  } finally {
    signal.removeEventListener('abort', drop);
  }
}
