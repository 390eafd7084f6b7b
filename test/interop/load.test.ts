/**
 * 200 connections at once, each with 1 000 messages: nothing is lost, reordered or mixed up; then all are closed, and
 * nothing is left of them in the server's process.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import type { LoadResult } from './clients/load.ts';
import type { Stats } from './servers/echo.ts';
import { Program } from './support/program.ts';
import { commandFor, RUNTIME_TITLES, RUNTIMES } from './support/runtimes.ts';
import { useServer } from './support/server.ts';

const CONNECTIONS = 200;
const MESSAGES = 1000;
/** What compiled code, caches and the shape of the heap may differ by from one run to the next. */
const SLACK_BYTES = 3 * 1024 * 1024;

async function load(port: number, connections: number, messages: number): Promise<LoadResult> {
  const args = [port, connections, messages].map(String);
  const program = new Program('the load', [...commandFor('node', 'clients/load.ts'), ...args]);
  try {
    return JSON.parse(await program.line('result', 60_000)) as LoadResult;
  } finally {
    await program.stop();
  }
}

describe.each([
  ['without compression', false, RUNTIMES, MESSAGES],
  ['with compression', true, ['node'], MESSAGES / 4],
] as const)('%s', (_setting, compression, runtimes, messages) => {
  for (const runtime of runtimes) {
    describeWith(['ws', runtime], `our server on ${RUNTIME_TITLES[runtime]}`, () => {
      const server = useServer(runtime, { options: { compression } });
      let before: Stats | undefined;
      let result: LoadResult | undefined;
      let after: Stats | undefined;

      beforeAll(async () => {
        const { port } = server();
        // Once in small, so that what is loaded and compiled on first use is not taken for a leak.
        await load(port, CONNECTIONS, 20);
        before = await server().stats();
        result = await load(port, CONNECTIONS, messages);
        after = await server().statsWhenIdle();
      }, 120_000);

      it('loses, reorders and mixes up nothing', () => {
        expect(result).toEqual({
          messages: CONNECTIONS * messages,
          pongs: (CONNECTIONS * messages) / 50,
          closes: { 1000: CONNECTIONS },
          faults: [],
        });
      });

      it('knows of no connection and no socket afterwards, and met no error', () => {
        const { connectionCount, sockets, errors } = after!;
        expect([connectionCount, sockets, errors]).toEqual([0, 0, []]);
      });

      it('gives the memory back', () => {
        expect(after!.heapUsed - before!.heapUsed).toBeLessThan(SLACK_BYTES);
        expect(after!.arrayBuffers - before!.arrayBuffers).toBeLessThan(SLACK_BYTES);
      });

      it('leaves no handle and no timer', async () => {
        const stopped = await server().stopAndReport();
        const { resources } = after!;
        if (resources !== undefined) expect([...resources].sort()).toEqual([...before!.resources!].sort());
        const names = new Set(stopped.resources);
        for (const name of ['TCPServerWrap', 'TCPSocketWrap', 'Timeout']) expect(names).not.toContain(name);
      });
    });
  }
});
