/**
 * The WHATWG `WebSocket` classes of undici, Node, Bun and Deno, and our own on each runtime, against our server on Node, Bun and Deno, with
 * compression and without.
 */
import { beforeAll, expect, it } from 'vitest';
import { describeWith, type PeerName } from '../support/peers.ts';
import { WHATWG_CASES, type WhatwgTraits } from './cases/whatwg.ts';
import { runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES, type Runtime, SETTINGS } from './support/runtimes.ts';
import { FULL_COMPRESSION, useServer } from './support/server.ts';

/** A class, and where it lives. */
interface Client {
  readonly title: string;
  readonly runtime: Runtime;
  readonly needs: PeerName;
  readonly which: 'native' | 'undici' | 'sansocket';
  readonly flags: readonly string[];
  readonly traits: WhatwgTraits;
}

const NODE = Number(process.versions.node.split('.')[0]);

const CLIENTS: readonly Client[] = [
  {
    title: "undici's WebSocket",
    runtime: 'node',
    needs: 'undici',
    which: 'undici',
    flags: [],
    traits: { insistsOnProtocol: true, offersDeflate: true, failureCode: 1006, connections: 50 },
  },
  {
    title: "Node's WebSocket",
    runtime: 'node',
    needs: 'node',
    which: 'native',
    flags: NODE < 22 ? ['--experimental-websocket'] : [],
    // undici 6, which these have built in, does not fire `close` after a failure.
    traits: {
      insistsOnProtocol: true,
      offersDeflate: true,
      failureCode: NODE < 24 ? undefined : 1006,
      connections: 50,
    },
  },
  {
    title: "Bun's WebSocket",
    runtime: 'bun',
    needs: 'bun',
    which: 'native',
    flags: [],
    traits: { insistsOnProtocol: true, offersDeflate: true, failureCode: 1006, connections: 50 },
  },
  {
    title: "Deno's WebSocket",
    runtime: 'deno',
    needs: 'deno',
    which: 'native',
    flags: [],
    traits: { insistsOnProtocol: false, offersDeflate: false, failureCode: 0, connections: 50 },
  },
  ...RUNTIMES.map(
    (runtime): Client => ({
      title: `our own WebSocket on ${RUNTIME_TITLES[runtime]}`,
      runtime,
      needs: runtime,
      which: 'sansocket',
      flags: [],
      traits: { insistsOnProtocol: true, offersDeflate: false, failureCode: 1006, connections: 50 },
    }),
  ),
];

for (const { runtime, compression, setting } of SETTINGS) {
  describeWith([runtime], `our server on ${setting}`, () => {
    const server = useServer(runtime, { options: { compression: compression && FULL_COMPRESSION } });

    for (const { title, needs, which, flags, traits, ...client } of CLIENTS) {
      describeWith([needs], `under ${title}`, () => {
        let results: ReadonlyMap<string, string> = new Map();
        beforeAll(async () => {
          results = await runCases(title, [
            ...commandFor(client.runtime, 'clients/whatwg.ts', flags),
            String(server().port),
            which,
            JSON.stringify({ traits, compression }),
          ]);
        }, 60_000);

        it.each(Object.keys(WHATWG_CASES))('%s', (name) => expect(results.get(name)).toBe('ok'));
      });
    }

    it('has met no error of its own', async () => {
      const { errors } = await server().stats();
      expect(errors.filter((error) => error.startsWith('handler'))).toEqual([]);
    });
  });
}
