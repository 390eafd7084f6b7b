/**
 * Runs the behaviour suite on Bun or Deno, and prints a line of JSON for each case. The process then has to end by itself: a
 * socket, a server or a timer that was left behind would keep it alive.
 *
 * Argument: a part of the names of cases, for work at one of them.
 *
 * @module
 */
import process from 'node:process';
import { bunTransport } from '../../src/transport/bun.ts';
import { denoTransport } from '../../src/transport/deno.ts';
import { certificates } from '../runtime/setup.ts';
import { CASES } from './cases/index.ts';
import { type Env, runCase } from './env.ts';

const [filter = ''] = process.argv.slice(2);
const isBun = 'Bun' in globalThis;
const { Server, connect } = isBun ? await import('../../src/bun.ts') : await import('../../src/deno.ts');
const { Bun: bun, gc } = globalThis as {
  readonly Bun?: { gc(sync: boolean): void };
  readonly gc?: () => void;
};
const collect = bun === undefined ? gc : () => bun.gc(true);

const env: Env = {
  runtime: isBun ? 'bun' : 'deno',
  Server: Server as Env['Server'],
  connect,
  transport: isBun ? bunTransport : denoTransport,
  tls: { ca: certificates.ca, server: certificates.server as Env['tls']['server'] },
  liveBytes:
    collect &&
    (() => {
      collect();
      const { heapUsed, external } = process.memoryUsage();
      // Bun's heap has the memory of array buffers in it already.
      return isBun ? heapUsed : heapUsed + external;
    }),
};

for (const each of CASES) {
  if (!each.name.includes(filter)) continue;
  let result = 'held';
  const start = Date.now();
  try {
    await runCase(each, env);
  } catch (error) {
    result = String((error as Error | undefined)?.stack ?? error);
  }
  console.log(JSON.stringify({ name: each.name, result, ms: Date.now() - start }));
}
