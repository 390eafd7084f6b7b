import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createMemoryTransport } from 'sansocket/transport';
import { appliesTo, type ContractSetup, TRANSPORT_CONTRACT } from 'sansocket/transport/contract';
import { nodeTransport } from 'sansocket/transport/node';
import { afterAll, describe, expect, test } from 'vitest';
import { DIFFERS, differenceOf } from './differences.ts';
import { certificates, makeStaleSocket } from './setup.ts';

const folder = mkdtempSync(join(tmpdir(), 'sansocket-'));
afterAll(() => rmSync(folder, { recursive: true }));

const SETUPS: Readonly<Record<string, ContractSetup>> = {
  node: {
    transport: nodeTransport,
    tls: certificates,
    unixFolder: folder,
    leaveStaleSocket: async (path) => makeStaleSocket(path),
    ipv6: true,
    reusePort: true,
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

describe.each(Object.entries(SETUPS))('the contract, kept by the transport %s', (name, setup) => {
  for (const promise of TRANSPORT_CONTRACT) {
    if (!appliesTo(promise, setup)) continue;
    const difference = name === 'node' ? differenceOf('node', promise.name) : undefined;
    if (difference === undefined) test(promise.name, () => promise.run(setup));
    else
      test(`${promise.name} (${DIFFERS}${difference.instead})`, async () => {
        await expect(promise.run(setup)).rejects.toThrow(difference.shows);
      });
  }
});
