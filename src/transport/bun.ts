/**
 * Bun's sockets (`Bun.listen`, `Bun.connect`) as a `Transport`: TCP, TLS and Unix domain sockets.
 *
 * Owns: what it is made of, and how Bun makes text of bytes. Does not own: any byte that goes through, or what it means; how Bun
 * listens and connects (`bun/`).
 *
 * @module
 */
import * as buffer from 'node:buffer';
import * as process from 'node:process';
import { checkConnectOptions, checkListenOptions } from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import { Connecting } from './bun/connect.ts';
import { listenFailure } from './bun/failure.ts';
import { byAddress, Listening, removeStaleSocket } from './bun/listen.ts';
import { bun } from './bun/runtime.ts';
import { listenAgain } from './listen-again.ts';
import type { Transport } from './transport.ts';
import { zlibEngine } from './zlib-engine.ts';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * TCP, TLS and Unix domain sockets of Bun.
 *
 * `backlog` is Bun's own: it has no such option. `setTls` opens the listener again, on the same port: a client
 * that connects within that moment may be refused.
 */
export const bunTransport: Transport = {
  name: 'bun',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
    decodeLong(bytes) {
      try {
        return decoder.decode(bytes);
      } catch {
        return undefined;
      }
    },
  }),
  deflate: zlibEngine({ deflateFrom: 2048, levelForOne: 2 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    bun();
    checkListenOptions(options);
    const resolved = await byAddress(options);
    return listenAgain(options, () => new Listening(resolved, accept), removeStaleSocket, listenFailure);
  },

  connect(options, handler) {
    return new Promise((resolve, reject) => {
      bun();
      checkConnectOptions(options);
      new Connecting(options, handler, resolve, reject).start();
    });
  },
};
