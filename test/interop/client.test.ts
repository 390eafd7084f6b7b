/**
 * Our client on Node, Bun and Deno against servers that others wrote: ws, `Bun.serve`, `Deno.upgradeWebSocket`, Python's
 * websockets, Autobahn|Python.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { describeWith, type PeerName, requirePeer } from '../support/peers.ts';
import { CLIENT_CASES, type ServerTraits } from './cases/client.ts';
import { Program, runCases } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';

interface Native {
  readonly title: string;
  readonly needs: PeerName;
  readonly command: () => readonly string[];
  readonly traits: ServerTraits;
}

const ALL = { deflate: true, fragments: true, pings: true, reportsCloses: true, protocols: true };

const python = (peer: PeerName, file: string) => (): readonly string[] => [
  ...requirePeer(peer).command,
  fileURLToPath(new URL(`python/${file}`, import.meta.url)),
];

const SERVERS: readonly Native[] = [
  { title: 'ws', needs: 'ws', command: () => commandFor('node', 'servers/ws.ts'), traits: ALL },
  {
    title: 'Bun.serve',
    needs: 'bun',
    command: () => commandFor('bun', 'servers/bun.ts'),
    traits: { ...ALL, fragments: false },
  },
  {
    title: 'Deno.upgradeWebSocket',
    needs: 'deno',
    command: () => commandFor('deno', 'servers/deno.ts'),
    traits: { ...ALL, deflate: false, fragments: false, pings: false },
  },
  {
    title: "Python's websockets",
    needs: 'websockets',
    command: python('websockets', 'websockets_server.py'),
    traits: ALL,
  },
  {
    title: 'Autobahn|Python',
    needs: 'autobahn',
    command: python('autobahn', 'autobahn_server.py'),
    traits: { ...ALL, reportsCloses: false },
  },
];

/** The server for the tests of the `describe` that this is called in. @returns Gives its port, when the tests run. */
function useNative({ title, command }: Native, compression: boolean): () => number {
  let server: Program | undefined;
  let port = 0;
  beforeAll(async () => {
    server = new Program(title, [...command(), ...(compression ? ['compression'] : [])]);
    ({ port } = JSON.parse(await server.line('port')) as { port: number });
  });
  afterAll(() => server?.stop());
  return () => port;
}

describe.each([
  ['without compression', false],
  ['with compression', true],
])('our client %s', (_setting, compression) => {
  for (const native of SERVERS) {
    const { title, needs, traits } = native;
    describeWith([needs], `against ${title}`, () => {
      const port = useNative(native, compression);
      const cases = Object.keys(CLIENT_CASES).filter((name) => {
        const need = CLIENT_CASES[name]?.needs;
        return need === undefined || traits[need];
      });

      // Node shows both settings; the other two differ in what carries the bytes, and compress with other means.
      for (const runtime of compression ? RUNTIMES : (['node'] as const)) {
        describeWith([runtime], `on ${RUNTIME_TITLES[runtime]}`, () => {
          let results: ReadonlyMap<string, string> = new Map();
          beforeAll(async () => {
            results = await runCases(`our client against ${title}`, [
              ...commandFor(runtime, 'clients/client.ts'),
              String(port()),
              JSON.stringify({ traits, compression }),
            ]);
          }, 60_000);

          it.each(cases)('%s', (name) => expect(results.get(name)).toBe('ok'));
        });
      }
    });
  }
});
