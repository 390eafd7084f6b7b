/**
 * The clients of Python's websockets and of Autobahn|Python against our server on Node, Bun and Deno.
 */
import { fileURLToPath } from 'node:url';
import { beforeAll, expect, it } from 'vitest';
import { describeWith, requirePeer } from '../support/peers.ts';
import { casesOf } from './support/cases.ts';
import { runCases } from './support/program.ts';
import { SETTINGS } from './support/runtimes.ts';
import { FULL_COMPRESSION, useServer } from './support/server.ts';

const PROGRAMS = [
  ['websockets', 'python/websockets_client.py'],
  ['autobahn', 'python/autobahn_client.py'],
] as const;

for (const { runtime, compression, setting } of SETTINGS) {
  describeWith([runtime], `our server on ${setting}`, () => {
    const server = useServer(runtime, { options: { compression: compression && FULL_COMPRESSION } });

    for (const [name, program] of PROGRAMS) {
      const path = fileURLToPath(new URL(program, import.meta.url));
      describeWith([name], `under ${name}`, () => {
        let results: ReadonlyMap<string, string> = new Map();
        beforeAll(async () => {
          const { ws, http } = server();
          const { title, command } = requirePeer(name);
          results = await runCases(title, [...command, path, JSON.stringify({ ws, http, compression })]);
        }, 60_000);

        it.each(casesOf(path))('%s', (title) => expect(results.get(title)).toBe('ok'));
      });
    }

    it('the server is left with no connection and no error of its own', async () => {
      const { connectionCount, errors } = await server().statsWhenIdle();
      expect([connectionCount, errors.filter((error) => error.startsWith('handler'))]).toEqual([0, []]);
    });
  });
}
