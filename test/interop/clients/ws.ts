/**
 * Runs the cases of `ws`. Arguments: the server's port; the environment's other fields, as JSON.
 *
 * @module
 */
import process from 'node:process';
import { WS_CASES, type WsEnvironment } from '../cases/ws.ts';
import { report } from './report.ts';

const [port = '', rest = '{}'] = process.argv.slice(2);

await report(WS_CASES, {
  ws: `ws://127.0.0.1:${port}`,
  http: `http://127.0.0.1:${port}`,
  ...JSON.parse(rest),
} as WsEnvironment);
