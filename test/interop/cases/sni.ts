/**
 * The name that our client asks for in TLS, and holds the certificate to [RFC 6066 3, RFC 9525 6].
 *
 * The server of these cases has a certificate for `localhost`, `sansocket.test` and `127.0.0.1`, and another one for
 * `reloaded.test`, which it shows to whoever asks for that name. Over HTTP it says which names it was asked for.
 *
 * @module
 */
import type { connect } from '../../../src/node.ts';
import { equal, soon } from './check.ts';

/** What a case runs with. */
export interface SniEnvironment {
  readonly connect: typeof connect;
  readonly port: number;
  /** Who signed both certificates. */
  readonly ca: string;
}

/** The name that the server was asked for, or the code of the error. */
async function ask(env: SniEnvironment, hostname: string, serverName?: string): Promise<string> {
  const tls = { ca: env.ca, ...(serverName === undefined ? {} : { serverName }) };
  try {
    const socket = await env.connect(`wss://${hostname}:${env.port}/`, { tls, timeoutMs: 8000 });
    const { value } = await soon(socket[Symbol.asyncIterator]().next(), 'message');
    await soon(socket.close(1000), 'close');
    return `asked for ${String(value)}`;
  } catch (error) {
    return String((error as { readonly code?: unknown }).code ?? error);
  }
}

/** The cases, by what they show. */
export const SNI_CASES: Readonly<Record<string, (env: SniEnvironment) => Promise<void>>> = {
  async 'the host of the URL is the name that the server is asked for'(env) {
    equal(await ask(env, 'localhost'), 'asked for localhost');
  },

  async 'serverName is asked for in its place, and the certificate is held to it'(env) {
    equal(await ask(env, 'localhost', 'sansocket.test'), 'asked for sansocket.test');
    equal(await ask(env, '127.0.0.1', 'sansocket.test'), 'asked for sansocket.test');
  },

  async 'a server with several certificates shows the one that serverName asks for'(env) {
    equal(await ask(env, 'localhost', 'reloaded.test'), 'asked for reloaded.test');
  },

  async 'an IP address is no name: none is asked for, and the certificate is held to the address'(env) {
    equal(await ask(env, '127.0.0.1'), 'asked for nothing');
  },

  async 'a name that the certificate is not for is tls-failed'(env) {
    equal(await ask(env, 'localhost', 'wrong.test'), 'tls-failed');
    equal(await ask(env, '127.0.0.1', 'localhost.wrong.test'), 'tls-failed');
  },
};
