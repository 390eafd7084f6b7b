/**
 * Deno's sockets (`Deno.listen`, `Deno.connect` and their TLS forms) as a `Transport`: TCP, TLS, Unix domain sockets.
 *
 * Owns: what it is made of, and how Deno makes text of bytes. Does not own: any byte that goes through, or what it means; how Deno
 * listens and connects (`deno/`).
 *
 * @module
 */
import * as buffer from 'node:buffer';
import * as process from 'node:process';
import { xor64 } from '../bytes/native.ts';
import { checkConnectOptions, checkListenOptions } from './address.ts';
import { type BufferParts, bufferText } from './buffer-text.ts';
import { connectOnce } from './deno/connect.ts';
import { listenFailure } from './deno/failure.ts';
import { Listening, removeStaleSocket } from './deno/listen.ts';
import { cannot, checkClientTls, checkServerTls } from './deno/options.ts';
import { deno } from './deno/runtime.ts';
import { listenAgain } from './listen-again.ts';
import type { Transport } from './transport.ts';
import { zlibEngine } from './zlib-engine.ts';

/**
 * TCP, TLS and Unix domain sockets of Deno.
 *
 * What Deno has no way to do is refused with `bad-option`: asking clients for certificates, `passphrase`,
 * `ipv6Only`, TLS over Unix sockets, `rejectUnauthorized: false`, and a client's certificate together with
 * `serverName`. A client's `ca` is trusted next to the runtime's own authorities. `reusePort` needs
 * `--unstable-net`, and is ignored without. `setTls` opens the listener again, on the same port: a client that
 * connects within that moment may be refused. A TLS handshake that stalls is given up after its time, or when the server
 * stops, but its TCP connection stays until the client leaves: before the handshake is done, Deno's `close` closes nothing.
 */
export const denoTransport: Transport = {
  name: 'deno',
  text: bufferText({
    prototype: buffer.Buffer.prototype as unknown as BufferParts['prototype'],
    byteLength: (text) => buffer.Buffer.byteLength(text),
    isAscii: buffer.isAscii,
    isUtf8: buffer.isUtf8,
  }),
  native: { xor: xor64 },
  deflate: zlibEngine({ deflateFrom: 2048, levelForOne: 2 }, () => process.getBuiltinModule('node:zlib')),

  async listen(options, accept) {
    deno();
    checkListenOptions(options);
    if (options.tls !== undefined) checkServerTls(options.tls);
    if (options.tls !== undefined && options.path !== undefined)
      throw cannot('listen', 'TLS over a Unix socket');
    if (options.ipv6Only === true) throw cannot('listen', '"ipv6Only"');
    return listenAgain(options, () => new Listening(options, accept), removeStaleSocket, listenFailure);
  },

  connect(options, handler) {
    return new Promise((resolve, reject) => {
      deno();
      checkConnectOptions(options);
      const tls = options.tls === true ? {} : options.tls || undefined;
      if (tls !== undefined) checkClientTls(tls, options);
      connectOnce(options, tls, handler, resolve, reject);
    });
  },
};
