/**
 * Runs the WHATWG cases with the `WebSocket` of the runtime that it runs on, with undici's, or with ours.
 *
 * Arguments: the server's port; `native`, `undici` or `sansocket`; the environment's other fields, as JSON.
 *
 * @module
 */
import process from 'node:process';
import { WHATWG_CASES, type WhatwgEnvironment } from '../cases/whatwg.ts';
import { report } from './report.ts';

const [port = '', which = 'native', rest = '{}'] = process.argv.slice(2);

async function load(): Promise<unknown> {
  if (which === 'undici') return (await import('undici')).WebSocket;
  if (which === 'sansocket') return (await import('./sansocket.ts')).WebSocket;
  return globalThis.WebSocket;
}

const env = {
  WebSocket: await load(),
  ws: `ws://127.0.0.1:${port}`,
  http: `http://127.0.0.1:${port}`,
  ...JSON.parse(rest),
} as WhatwgEnvironment;

await report(WHATWG_CASES, env);
