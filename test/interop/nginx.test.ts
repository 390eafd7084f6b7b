/**
 * Behind nginx as a reverse proxy: HTTP and WebSocket, with TCP and a Unix domain socket between.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith, requirePeer } from '../support/peers.ts';
import { noise } from './cases/check.ts';
import { WHATWG_CASES } from './cases/whatwg.ts';
import { WS_CASES } from './cases/ws.ts';
import { casesOf } from './support/cases.ts';
import { curl } from './support/curl.ts';
import { useNginx } from './support/nginx.ts';
import { runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { useServer } from './support/server.ts';

const python = fileURLToPath(new URL('python/websockets_client.py', import.meta.url));

for (const [link, runtimes] of [
  ['TCP', RUNTIMES],
  ['a Unix domain socket', ['node']],
] as const) {
  for (const runtime of runtimes) {
    describeWith(['nginx', runtime], `nginx, ${link}, our server on ${RUNTIME_TITLES[runtime]}`, () => {
      let folder = '';
      beforeAll(() => {
        folder = mkdtempSync(join(tmpdir(), 'sansocket-upstream-'));
      });
      afterAll(() => rmSync(folder, { recursive: true, force: true }));
      const path = (): string => join(folder, 'upstream.sock');
      const options = { compression: true };
      const server = useServer(runtime, () =>
        link === 'TCP' ? { options } : { options, listen: { path: path() } },
      );
      const port = useNginx(() => (link === 'TCP' ? `127.0.0.1:${server().port}` : `unix:${path()}`));
      const url = (target: string): string => `http://127.0.0.1:${port()}${target}`;

      describeWith(['curl'], 'HTTP through curl', () => {
        it('gets a page, and only its head', async () => {
          expect((await curl([url('/')])).stdout).toBe('hello\n');
          const { stdout } = await curl(['--head', url('/')]);
          expect(stdout).toMatch(/^HTTP\/1\.1 200 OK\r\n.*Content-Length: 6\r\n/s);
        });

        it.each([0, 1, 100_000, 1_048_576])('posts %i bytes', async (length) => {
          const body = noise(length);
          const { stdout } = await curl(['--data-binary', '@-', url('/echo')], body);
          expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
        });

        it('posts in chunks', async () => {
          const body = noise(200_000);
          const chunked = ['-H', 'Transfer-Encoding: chunked', '-X', 'POST', '-T', '-'];
          const { stdout } = await curl([...chunked, url('/echo')], body);
          expect(Buffer.from(stdout, 'latin1').equals(body)).toBe(true);
        });

        it('gets a body in chunks', async () => {
          const { stdout } = await curl([url('/stream?pieces=500')]);
          expect(stdout).toBe(Array.from({ length: 500 }, (_, i) => `line ${i}\n`).join(''));
        });

        it('gets statuses as the app gave them', async () => {
          for (const [target, code] of [
            ['/empty', '204'],
            ['/forbidden', '403'],
            ['/nowhere', '404'],
            ['/throws', '500'],
          ]) {
            const { stdout } = await curl(['-o', '/dev/null', '-w', '%{http_code}', url(target!)]);
            expect(stdout).toBe(code);
          }
        });

        it('sends 100 requests over connections that nginx keeps open', async () => {
          const urls = Array.from({ length: 100 }, () => ['-o', '/dev/null', url('/')]).flat();
          const { stdout } = await curl(['-w', '%{http_code} ', ...urls]);
          expect(stdout).toBe('200 '.repeat(100));
        });

        it('tells the app for whom it asks', async () => {
          const { headers } = JSON.parse((await curl([url('/request')])).stdout) as { headers: string[][] };
          expect(headers).toContainEqual(['X-Forwarded-For', '127.0.0.1']);
        });
      });

      describeWith(['ws'], 'the client of ws', () => {
        let results: ReadonlyMap<string, string> = new Map();
        beforeAll(async () => {
          const command = commandFor('node', 'clients/ws.ts');
          results = await runCases('ws', [...command, String(port()), '{"compression":true}']);
        }, 60_000);
        it.each(Object.keys(WS_CASES))('%s', (name) => expect(results.get(name)).toBe('ok'));
      });

      it('leaves no WebSocket open at the server', async () => {
        const { sockets, errors } = await server().statsWhenIdle('sockets');
        const ofHandlers = errors.filter((error) => error.startsWith('handler'));
        expect([sockets, ofHandlers]).toEqual([0, ['handler: the handler threw']]);
      });

      // One client shows that the runtime is of no matter; the rest is about nginx.
      if (runtime !== 'node') return;

      describeWith(['undici'], "undici's WebSocket", () => {
        let results: ReadonlyMap<string, string> = new Map();
        beforeAll(async () => {
          const traits = { insistsOnProtocol: true, offersDeflate: true, failureCode: 1006, connections: 50 };
          results = await runCases('undici', [
            ...commandFor('node', 'clients/whatwg.ts'),
            String(port()),
            'undici',
            JSON.stringify({ traits, compression: true }),
          ]);
        }, 60_000);
        it.each(Object.keys(WHATWG_CASES))('%s', (name) => expect(results.get(name)).toBe('ok'));
      });

      describeWith(['websockets'], "Python's websockets", () => {
        let results: ReadonlyMap<string, string> = new Map();
        beforeAll(async () => {
          const ws = `ws://127.0.0.1:${port()}`;
          const environment = { ws, http: url(''), compression: true };
          results = await runCases('websockets', [
            ...requirePeer('websockets').command,
            python,
            JSON.stringify(environment),
          ]);
        }, 60_000);
        it.each(casesOf(python))('%s', (name) => expect(results.get(name)).toBe('ok'));
      });
    });
  }
}
