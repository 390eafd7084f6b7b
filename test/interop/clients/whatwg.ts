/**
 * Runs the WHATWG cases with the `WebSocket` of the runtime that it runs on, or with undici's.
 *
 * Arguments: the server's port; `native` or `undici`; the environment's other fields, as JSON.
 *
 * @module
 */
import process from 'node:process';
import { WHATWG_CASES, type WhatwgEnvironment } from '../cases/whatwg.ts';
import { report } from './report.ts';

const [port = '', which = 'native', rest = '{}'] = process.argv.slice(2);

const WebSocket =
  which === 'native'
    ? globalThis.WebSocket
    : ((await import('undici')).WebSocket as typeof globalThis.WebSocket);

const env = {
  WebSocket,
  ws: `ws://127.0.0.1:${port}`,
  http: `http://127.0.0.1:${port}`,
  ...JSON.parse(rest),
} as WhatwgEnvironment;

await report(WHATWG_CASES, env);
