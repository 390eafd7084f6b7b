/**
 * Node's sockets (`node:net`, `node:tls`) as a `Transport`: TCP, TLS and Unix domain sockets.
 *
 * Owns: what it is made of, and how Node makes text of bytes. Does not own: any byte that goes through, or what it means; how Node
 * listens and connects (`node/`).
 *
 * @module
 */
import * as buffer from 'node:buffer';
import * as process from 'node:process';
import { xor64 } from '../bytes/native.ts';
import { checkConnectOptions, checkListenOptions } from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import { listenAgain } from './listen-again.ts';
import { connectOnce } from './node/connect.ts';
import { listenFailure, pathTooLong } from './node/failure.ts';
import { listenOnce, removeStaleSocket } from './node/listen.ts';
import type { Transport } from './transport.ts';
import { zlibEngine } from './zlib-engine.ts';

/**
 * TCP, TLS and Unix domain sockets of Node 20 and later.
 *
 * `reusePort` works from Node 22.12 on and on systems that have it; before, it is ignored.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { nodeTransport } from 'sansocket/transport/node';
 *
 * const listener = await nodeTransport.listen({ port: 0, hostname: '127.0.0.1' }, (stream) => ({
 *   data: (bytes) => void stream.write(bytes),
 *   end: () => stream.end(),
 *   drain() {},
 *   close() {},
 * }));
 * const echoed = await new Promise<string>((resolve, reject) => {
 *   const handler = {
 *     data: (bytes: Uint8Array) => resolve(new TextDecoder().decode(bytes)),
 *     end() {},
 *     drain() {},
 *     close() {},
 *   };
 *   nodeTransport.connect({ port: listener.address.port, hostname: '127.0.0.1' }, handler).then((stream) => {
 *     stream.write(new TextEncoder().encode('hello'));
 *     stream.end();
 *   }, reject);
 * });
 * equal(echoed, 'hello');
 * await listener.close();
 * ```
 */
export const nodeTransport: Transport = {
  name: 'node',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
    decodeLong,
  }),

  native: { xor: xor64, allocate: buffer.Buffer.allocUnsafeSlow },
  deflate: zlibEngine({ deflateFrom: 512, levelForOne: 1 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    checkListenOptions(options);
    const tooLong = pathTooLong(options);
    if (tooLong !== undefined) throw listenFailure(options, tooLong);
    return listenAgain(options, () => listenOnce(options, accept), removeStaleSocket, listenFailure);
  },

  connect(options, handler) {
    return new Promise((resolve, reject) => {
      checkConnectOptions(options);
      connectOnce(options, handler, resolve, reject);
    });
  },
};

/** By way of UTF-16, several times as fast as V8's own decoder; a Node that was built without ICU has no such way. */
function decodeLong(bytes: Uint8Array): string | undefined {
  if (!buffer.isUtf8(bytes)) return undefined;
  if ((buffer.transcode as unknown) !== undefined) {
    return buffer.transcode(bytes, 'utf8', 'utf16le').toString('utf16le');
  }
  return buffer.Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
}
