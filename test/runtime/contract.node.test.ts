import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryTransport } from 'sansocket/transport';
import { appliesTo, type ContractSetup, TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
import { nodeTransport } from 'sansocket/transport/node';
import { afterAll, describe, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
afterAll(() => rmSync(folder, { recursive: true }));

const pem = (name: string): string =>
  readFileSync(new URL(`../fixtures/tls/${name}`, import.meta.url), 'utf8');

const tls = {
  ca: pem('ca.pem'),
  server: { cert: pem('server.pem'), key: pem('server.key.pem') },
  reloaded: { cert: pem('reloaded.pem'), key: pem('reloaded.key.pem') },
  client: { cert: pem('client.pem'), key: pem('client.key.pem') },
};

/** A process that is killed while it listens. */
async function leaveStaleSocket(path: string): Promise<void> {
  const script = `require('node:net').createServer().listen(process.argv[1], () => process.kill(process.pid, 'SIGKILL'))`;
  spawnSync(process.execPath, ['-e', script, path]);
}

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

const SETUPS: Readonly<Record<string, ContractSetup>> = {
  node: {
    transport: nodeTransport,
    tls,
    unixFolder: folder,
    leaveStaleSocket,
    ipv6: true,
    reusePort: major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12),
  },
  memory: { transport: createMemoryTransport(), ownAddresses: true, unixFolder: 'memory:' },
};

describe.each(Object.entries(SETUPS))('the contract, kept by the transport %s', (_, setup) => {
  for (const promise of TRANSPORT_CONTRACT) {
    test.skipIf(!appliesTo(promise, setup))(promise.name, () => promise.run(setup));
  }
});
