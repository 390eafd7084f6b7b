/**
 * Runs the cases of our client against our servers on several runtimes. Argument: for each of those, by its name, the
 * environment's fields as JSON. A case is reported as `runtime: case`.
 *
 * @module
 */
import process from 'node:process';
import { CLIENT_CASES, type ClientEnvironment } from '../cases/client.ts';
import { CONNECT_CASES, type ConnectEnvironment } from '../cases/connect.ts';
import { report } from './report.ts';
import { connect, WebSocket } from './sansocket.ts';

type Environment = ClientEnvironment & ConnectEnvironment;

const [servers = '{}'] = process.argv.slice(2);
const cases: Record<string, () => Promise<void>> = {};
for (const [runtime, fields] of Object.entries(JSON.parse(servers) as Record<string, Partial<Environment>>)) {
  const env = { ...fields, connect, WebSocket } as Environment;
  for (const [name, { needs, run }] of Object.entries(CLIENT_CASES)) {
    if (needs === undefined || env.traits[needs]) cases[`${runtime}: ${name}`] = () => run(env);
  }
  for (const [name, run] of Object.entries(CONNECT_CASES)) cases[`${runtime}: ${name}`] = () => run(env);
}
await report(cases, undefined);
