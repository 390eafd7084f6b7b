/**
 * TLS: curl, ws and Python's websockets against our server on Node, Bun and Deno.
 */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import WebSocket from 'ws';
import { describeWith, requirePeer } from '../support/peers.ts';
import { noise, soon, textOf } from './cases/check.ts';
import { casesOf } from './support/cases.ts';
import { curl } from './support/curl.ts';
import { runCases } from './support/program.ts';
import { RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { FULL_COMPRESSION, useServer } from './support/server.ts';

const fixture = (name: string): string => fileURLToPath(new URL(`../fixtures/tls/${name}`, import.meta.url));
const pem = (name: string): string => readFileSync(fixture(name), 'utf8');
const python = fileURLToPath(new URL('python/websockets_client.py', import.meta.url));

for (const runtime of RUNTIMES) {
  describeWith([runtime], `TLS, our server on ${RUNTIME_TITLES[runtime]}`, () => {
    const server = useServer(runtime, () => ({
      options: { compression: FULL_COMPRESSION },
      listen: { hostname: '127.0.0.1', tls: { cert: pem('server.pem'), key: pem('server.key.pem') } },
    }));
    const host = (): string => `127.0.0.1:${server().port}`;

    describeWith(['curl'], 'curl', () => {
      it('trusts the certificate, and agrees on HTTP/1.1', async () => {
        const { status, stdout, stderr } = await curl([
          '-v',
          '--cacert',
          fixture('ca.pem'),
          `https://${host()}/`,
        ]);
        expect([status, stdout]).toEqual([0, 'hello\n']);
        expect(stderr).toMatch(/ALPN: server accepted http\/1\.1/);
        expect(stderr).toMatch(/SSL connection using TLSv1\.3/);
      });

      it('does not trust it without its authority', async () => {
        const { status } = await curl([`https://${host()}/`]);
        expect(status).toBe(60);
      });

      it('posts 1 MiB and gets it back', async () => {
        const body = noise(1_048_576);
        const { stdout } = await curl(
          ['--cacert', fixture('ca.pem'), '--data-binary', '@-', `https://${host()}/echo`],
          body,
        );
        expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
      });

      it('gets no answer over plain HTTP, and the server goes on', async () => {
        const { status } = await curl([`http://${host()}/`]);
        expect(status).toBeGreaterThan(0);
        const after = await curl(['--cacert', fixture('ca.pem'), `https://${host()}/`]);
        expect(after.stdout).toBe('hello\n');
      });
    });

    describeWith(['ws'], 'ws', () => {
      it('echoes over wss, and closes in order', async () => {
        const socket = new WebSocket(`wss://${host()}/`, { ca: pem('ca.pem') });
        await soon(once(socket, 'open'), 'open');
        for (const message of [textOf(70_000), noise(1_048_576)]) {
          socket.send(message);
          const [data] = (await soon(once(socket, 'message'), 'message')) as [Buffer];
          expect(data.equals(Buffer.from(message as string))).toBe(true);
        }
        socket.close(4000, 'done');
        expect((await soon(once(socket, 'close'), 'close'))[0]).toBe(4000);
      });
    });

    describeWith(['websockets'], "Python's websockets", () => {
      let results: ReadonlyMap<string, string> = new Map();
      beforeAll(async () => {
        const { title, command } = requirePeer('websockets');
        const environment = {
          ws: `wss://${host()}`,
          http: `https://${host()}`,
          compression: true,
          ca: fixture('ca.pem'),
        };
        results = await runCases(title, [...command, python, JSON.stringify(environment)]);
      }, 60_000);

      it.each(casesOf(python))('%s', (title) => expect(results.get(title)).toBe('ok'));
    });

    it('the server is left with no connection and no error of its own', async () => {
      const { errors } = await server().statsWhenIdle();
      expect(errors.filter((error) => error.startsWith('handler'))).toEqual([]);
    });
  });
}
