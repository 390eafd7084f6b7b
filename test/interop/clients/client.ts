/**
 * Runs the cases of our client. Arguments: the server's port; the environment's other fields, as JSON.
 *
 * @module
 */
import process from 'node:process';
import { CLIENT_CASES, type ClientEnvironment } from '../cases/client.ts';
import { report } from './report.ts';
import { connect, WebSocket } from './sansocket.ts';

const [port = '', rest = '{}'] = process.argv.slice(2);

const env = {
  connect,
  WebSocket,
  ws: `ws://127.0.0.1:${port}`,
  http: `http://127.0.0.1:${port}`,
  ...JSON.parse(rest),
} as ClientEnvironment;

const able = Object.entries(CLIENT_CASES).filter(([, { needs }]) => needs === undefined || env.traits[needs]);
await report(Object.fromEntries(able.map(([name, { run }]) => [name, run])), env);
