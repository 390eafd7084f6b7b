import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryTransport } from 'sansocket/transport';
import { appliesTo, type ContractSetup, TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
import { nodeTransport } from 'sansocket/transport/node';
import { afterAll, describe, test } from 'vitest';
import { certificates, makeStaleSocket } from './setup.ts';

const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
afterAll(() => rmSync(folder, { recursive: true }));

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);

const SETUPS: Readonly<Record<string, ContractSetup>> = {
  node: {
    transport: nodeTransport,
    tls: certificates,
    unixFolder: folder,
    leaveStaleSocket: async (path) => makeStaleSocket(path),
    ipv6: true,
    reusePort: major > 23 || (major === 23 && minor >= 1) || (major === 22 && minor >= 12),
  },
  memory: {
    transport: createMemoryTransport(),
    ownAddresses: true,
    unixFolder: 'memory:',
  },
  'memory, in uneven pieces': {
    transport: createMemoryTransport({
      toServer: { pieceBytes: [1, 7, 1000] },
      toClient: { pieceBytes: 4093 },
    }),
    ownAddresses: true,
  },
};

describe.each(Object.entries(SETUPS))('the contract, kept by the transport %s', (_, setup) => {
  for (const promise of TRANSPORT_CONTRACT) {
    if (appliesTo(promise, setup)) test(promise.name, () => promise.run(setup));
  }
});
