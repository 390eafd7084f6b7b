/**
 * The name that our client asks for in TLS, on Node, Bun and Deno, as a server of Node's sees it. Our own servers have one
 * certificate, and nobody to tell.
 */
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { createSecureContext, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { describeWith } from '../support/peers.ts';
import { SNI_CASES } from './cases/sni.ts';
import { runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';

const pem = (name: string): string =>
  readFileSync(fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url)), 'utf8');

for (const runtime of RUNTIMES) {
  describeWith([runtime, 'ws'], `our client on ${RUNTIME_TITLES[runtime]}`, () => {
    const usual = createSecureContext({ cert: pem('server.pem'), key: pem('server.key.pem') });
    const other = createSecureContext({ cert: pem('reloaded.pem'), key: pem('reloaded.key.pem') });
    /** Every name that was asked for, also by those who then turned away. */
    const names: string[] = [];
    const server = createServer({
      cert: pem('server.pem'),
      key: pem('server.key.pem'),
      SNICallback(name, answer) {
        names.push(name);
        answer(null, name === 'reloaded.test' ? other : usual);
      },
    });
    const sockets = new WebSocketServer({ server });
    sockets.on('connection', (socket, { socket: wire }) => {
      socket.send((wire as TLSSocket & { servername?: string | false }).servername || 'nothing');
    });
    let results: ReadonlyMap<string, string> = new Map();

    beforeAll(async () => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      results = await runCases(`our client on ${RUNTIME_TITLES[runtime]}`, [
        ...commandFor(runtime, 'clients/sni.ts'),
        String(port),
        pem('ca.pem'),
      ]);
    }, 60_000);
    afterAll(() => {
      sockets.close();
      server.close();
    });

    for (const name of Object.keys(SNI_CASES)) {
      it(name, () => expect(results.get(name)).toBe('ok'));
    }

    it('the server saw the names that were refused, too', () => {
      expect(names).toEqual([
        'localhost',
        'sansocket.test',
        'sansocket.test',
        'reloaded.test',
        'wrong.test',
        'localhost.wrong.test',
      ]);
    });
  });
}
