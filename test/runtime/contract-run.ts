/**
 * Runs the contract on Bun or Deno, and prints a line of JSON for each case.
 *
 * Arguments: a folder for sockets, with a stale one in it; and, for work at one of them, a part of the names of cases.
 *
 * @module
 */
import process from 'node:process';
import { bunTransport } from '../../src/transport/bun.ts';
import { appliesTo, type ContractSetup, TRANSPORT_CONTRACT } from '../../src/transport/contract.ts';
import { denoTransport } from '../../src/transport/deno.ts';
import { certificates, leaveStaleSocket } from './setup.ts';

const [folder = '', filter = ''] = process.argv.slice(2);

const setup: ContractSetup = {
  transport: 'Bun' in globalThis ? bunTransport : denoTransport,
  tls: certificates,
  unixFolder: folder,
  leaveStaleSocket: leaveStaleSocket(folder),
  ipv6: true,
  reusePort: true,
};

for (const promise of TRANSPORT_CONTRACT) {
  if (!promise.name.includes(filter)) continue;
  if (!appliesTo(promise, setup)) {
    console.log(JSON.stringify({ name: promise.name, result: 'skipped' }));
    continue;
  }
  let result = 'kept';
  const start = Date.now();
  try {
    await promise.run(setup);
  } catch (error) {
    result = String((error as Error | undefined)?.stack ?? error);
  }
  console.log(JSON.stringify({ name: promise.name, result, ms: Date.now() - start }));
}
process.exit(0);
