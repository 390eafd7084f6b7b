/**
 * Our client on Node, Bun and Deno against our server on Node, Bun and Deno: `connect` nine times over, by TCP with compression, by
 * TLS and by Unix domain sockets. (Our WHATWG class is crossed with them in `whatwg.test.ts`.)
 */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import type { ClientEnvironment } from './cases/client.ts';
import { type ConnectEnvironment, CROSSED, OUR_TRAITS } from './cases/connect.ts';
import { runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES, type Runtime } from './support/runtimes.ts';
import { EchoServer, FULL_COMPRESSION } from './support/server.ts';

const pem = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)), 'utf8');

/** What a client is told of the servers on one runtime. */
type Fields = Omit<ClientEnvironment & ConnectEnvironment, 'connect' | 'WebSocket'>;

describeWith(RUNTIMES, 'connect', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-connect-'));
  const servers: EchoServer[] = [];
  const fields: Partial<Record<Runtime, Fields>> = {};

  /** The three servers of a runtime. */
  async function startOn(runtime: Runtime): Promise<void> {
    const path = join(folder, `${runtime}.sock`);
    const tls = { cert: pem('server.pem'), key: pem('server.key.pem') };
    const streaming = { streams: true, options: { limits: { maxMessageBytes: 4 * 1_048_576 } } };
    const [plain, secure, local] = await Promise.all([
      EchoServer.start(runtime, { options: { compression: FULL_COMPRESSION } }),
      EchoServer.start(runtime, { ...streaming, listen: { hostname: 'localhost', tls } }),
      EchoServer.start(runtime, { ...streaming, listen: { path } }),
    ]);
    servers.push(plain, secure, local);
    const wss = `wss://localhost:${secure.port}`;
    fields[runtime] = {
      ws: plain.ws,
      http: plain.http,
      traits: OUR_TRAITS,
      compression: true,
      wss,
      ca: pem('ca.pem'),
      path,
    };
  }

  beforeAll(async () => {
    await Promise.all(RUNTIMES.map(startOn));
  }, 60_000);
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  });

  for (const client of RUNTIMES) {
    describe(`of ${RUNTIME_TITLES[client]}`, () => {
      let results: ReadonlyMap<string, string> = new Map();
      beforeAll(async () => {
        results = await runCases(`our client on ${RUNTIME_TITLES[client]}`, [
          ...commandFor(client, 'clients/connect.ts'),
          JSON.stringify(fields),
        ]);
      }, 60_000);

      for (const server of RUNTIMES) {
        describe(`to our server on ${RUNTIME_TITLES[server]}`, () => {
          it.each(CROSSED)('%s', (name) => expect(results.get(`${server}: ${name}`)).toBe('ok'));
        });
      }
    });
  }

  it('no server is left with a connection, or with an error of its own', async () => {
    for (const server of servers) {
      const { connectionCount, errors } = await server.statsWhenIdle();
      expect([connectionCount, errors.filter((error) => error.startsWith('handler'))]).toEqual([0, []]);
    }
  });
});
