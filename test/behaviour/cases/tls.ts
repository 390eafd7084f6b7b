/**
 * The same over TLS.
 *
 * @module
 */
import { headerOf } from '../../support/http-wire.ts';
import { requestHead } from '../../support/raw-client.ts';
import { equal, fails, pause, until } from '../assert.ts';
import { type BehaviourCase, echo, withServer } from '../env.ts';

/** TLS. */
export const TLS: readonly BehaviourCase[] = [
  {
    name: 'tls: wss and https on one port; the socket and the request know that they are encrypted',
    run: (env) =>
      withServer(
        env,
        (server) => {
          server.useWebSockets({
            open: (socket) => void socket.send(`encrypted: ${socket.encrypted}`),
            message: (socket, message) => socket.send(message),
          });
          server.useHttp((request, response) => response.json(request.encrypted));
        },
        async (running) => {
          const { port } = running;
          const tls = { ca: env.tls.ca };
          const socket = await env.connect(`wss://localhost:${port}/`, { tls });
          const big = new Uint8Array(500_000).fill(7);
          await socket.send(big);
          const got: unknown[] = [];
          for await (const message of socket) if (got.push(message) === 2) break;
          equal(got[0], 'encrypted: true', 'socket');
          equal(got[1], big, 'echo');
          equal((await socket.close(1000)).wasClean, true, 'goodbye');
          const client = await running.raw({ hostname: 'localhost', tls });
          const response = await client.write(requestHead('GET /')).response();
          equal([response.body, headerOf(response, 'content-type')], ['true', 'application/json'], 'https');
        },
        {},
        { tls: env.tls.server, hostname: 'localhost' },
      ),
  },
  {
    name: 'tls: a client that does not trust the certificate, or speaks plain, gets nowhere, and the server goes on',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const { port, server } = running;
          await fails(env.connect(`wss://localhost:${port}/`, { timeoutMs: 5000 }), 'tls-failed', 'no trust');
          const plain = await running.raw({ hostname: 'localhost' });
          plain.write(requestHead('GET /'));
          await plain.whenEnded();
          const socket = await env.connect(`wss://localhost:${port}/`, { tls: { ca: env.tls.ca } });
          await socket.send('fine');
          for await (const message of socket) {
            equal(message, 'fine', 'echo');
            break;
          }
          equal(server.sockets.size, 1, 'sockets');
        },
        {},
        { tls: env.tls.server, hostname: 'localhost' },
      ),
  },
  {
    name: 'tls: a bad certificate, or one with another’s key, is one clear error at start',
    run: async (env) => {
      const server = new env.Server();
      await fails(
        server.start({ port: 0, tls: { cert: 'cert.pem', key: 'key.pem' } }),
        'bad-option',
        'names',
      );
      const no = '-----BEGIN CERTIFICATE-----\nno\n-----END CERTIFICATE-----\n';
      await fails(server.start({ port: 0, tls: { cert: no, key: no } }), 'tls-failed', 'start');
      const mixed = { cert: env.tls.ca, key: env.tls.server.key };
      await fails(server.start({ port: 0, tls: mixed }), 'tls-failed', 'a key of another certificate');
      await server.stop();
    },
  },
  {
    name: 'tls: stop drops handshakes that are under way, and lets open sockets say goodbye',
    run: (env) =>
      withServer(
        env,
        echo,
        async (running) => {
          const { port, server } = running;
          const socket = await env.connect(`wss://localhost:${port}/`, { tls: { ca: env.tls.ca } });
          const silent = await running.raw({ hostname: 'localhost' });
          const begun = await running.raw({ hostname: 'localhost' });
          // The head of a TLS record, of a handshake, that is to have 256 bytes (RFC 8446 5.1).
          begun.write(Uint8Array.of(22, 3, 1, 1, 0));
          await pause(100);
          const stopped = server.stop();
          equal((await socket.closed).code, 1001, 'goodbye');
          await stopped;
          // Deno's sockets cannot be dropped inside a handshake.
          if (env.runtime === 'deno') return;
          await until(
            () => [silent, begun].every(({ ended, closed }) => ended || closed),
            'they are dropped',
          );
        },
        {},
        { tls: env.tls.server, hostname: 'localhost' },
      ),
  },
];
