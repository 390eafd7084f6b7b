/**
 * The client of `ws` against our server on Node, Bun and Deno, with compression and without.
 */
import { beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import { WS_CASES } from './cases/ws.ts';
import { runCases } from './support/program.ts';
import { commandFor, SETTINGS } from './support/runtimes.ts';
import { FULL_COMPRESSION, useServer } from './support/server.ts';

for (const { runtime, compression, setting } of SETTINGS) {
  describeWith(['ws', runtime], `ws against our server on ${setting}`, () => {
    const server = useServer(runtime, { options: { compression: compression && FULL_COMPRESSION } });
    let results: ReadonlyMap<string, string> = new Map();
    beforeAll(async () => {
      results = await runCases('ws', [
        ...commandFor('node', 'clients/ws.ts'),
        String(server().port),
        JSON.stringify({ compression }),
      ]);
    }, 60_000);

    it.each(Object.keys(WS_CASES))('%s', (name) => expect(results.get(name)).toBe('ok'));

    it('the server is left with no connection and no error of its own', async () => {
      const { connectionCount, errors } = await server().statsWhenIdle();
      expect([connectionCount, errors.filter((error) => error.startsWith('handler'))]).toEqual([0, []]);
    });
  });
}
