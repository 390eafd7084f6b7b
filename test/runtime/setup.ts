/**
 * What the contract's runners have in common, on every runtime.
 *
 * @module
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import type { ContractTls } from '../../src/transport/contract.ts';

const pem = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

/** The certificates of test/fixtures/tls. */
export const certificates: ContractTls = {
  ca: pem('ca.pem'),
  server: { cert: pem('server.pem'), key: pem('server.key.pem') },
  reloaded: { cert: pem('reloaded.pem'), key: pem('reloaded.key.pem') },
  client: { cert: pem('client.pem'), key: pem('client.key.pem') },
  locked: { cert: pem('server.pem'), key: pem('locked.key.pem'), passphrase: 'open sesame' },
};

/** Node alone: make the file of a socket whose process was killed while it listened. */
export function makeStaleSocket(path: string): void {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
}

/** Put the stale socket that was made in `folder` where a case wants it. */
export function leaveStaleSocket(folder: string): (path: string) => Promise<void> {
  return async (path) => renameSync(`${folder}/stale.sock`, path);
}
