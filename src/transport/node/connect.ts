/**
 * Connecting by `node:net` and `node:tls`.
 *
 * Owns: one attempt, its time and its signal. Does not own: the connection that comes of it (`stream.ts`).
 *
 * @module
 */
import * as net from 'node:net';
import * as tls from 'node:tls';
import { formatAddress } from '../address.ts';
import { failure } from '../failure.ts';
import type { ByteStream, ConnectOptions, StreamHandler } from '../transport.ts';
import { connectFailure, pathTooLong } from './failure.ts';
import { netOptions, tlsClientOptions } from './options.ts';
import { NodeStream } from './stream.ts';

export function connectOnce(
  options: ConnectOptions,
  handler: StreamHandler,
  resolve: (stream: ByteStream) => void,
  reject: (error: Error) => void,
): void {
  const { signal, timeoutMs } = options;
  const address = formatAddress(options);
  if (signal?.aborted) {
    reject(failure('connect', 'aborted', address, signal.reason));
    return;
  }
  const tooLong = pathTooLong(options);
  if (tooLong !== undefined) {
    reject(connectFailure(tooLong, address, false));
    return;
  }
  const secure = options.tls !== undefined && options.tls !== false;
  let socket: net.Socket;
  try {
    socket = secure ? tls.connect(tlsClientOptions(options)) : net.connect(netOptions(options));
  } catch (error) {
    // The certificate or the key is no good; all else was checked before.
    reject(failure('connect', secure ? 'tls-failed' : 'transport-failed', address, error));
    return;
  }
  let connected = false;
  const settle = (): void => {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
    socket.off('error', onFailure);
    socket.off('connect', onConnect);
    socket.off('close', onGone);
    socket.off('secureConnect', onReady);
  };
  const giveUp = (error: Error): void => {
    settle();
    socket.on('error', () => {});
    socket.destroy();
    reject(error);
  };
  const onFailure = (error: Error): void => giveUp(connectFailure(error, address, secure && connected));
  const onGone = (): void => giveUp(connectFailure(undefined, address, secure && connected));
  const onAbort = (): void => giveUp(failure('connect', 'aborted', address, signal?.reason));
  const onReady = (): void => {
    settle();
    const stream = new NodeStream(socket, address);
    resolve(stream);
    // After the caller's continuation.
    queueMicrotask(() => stream.start(handler));
  };
  const onConnect = (): void => {
    connected = true;
    socket.setNoDelay(true);
    if (!secure) onReady();
  };
  const timer =
    timeoutMs === undefined || timeoutMs === Number.POSITIVE_INFINITY
      ? undefined
      : setTimeout(
          () => giveUp(failure('connect', 'connect-timeout', address)),
          Math.min(timeoutMs, 0x7fffffff),
        );
  signal?.addEventListener('abort', onAbort);
  socket.on('error', onFailure);
  socket.on('connect', onConnect);
  socket.on('close', onGone);
  if (secure) socket.on('secureConnect', onReady);
}
