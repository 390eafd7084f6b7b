import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { connect, Server } from 'sansocket';
import { nodeTransport } from 'sansocket/transport/node';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { certificates } from '../runtime/setup.ts';
import { CASES } from './cases/index.ts';
import { type Env, runCase } from './env.ts';

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

const env: Env = {
  runtime: 'node',
  Server,
  connect,
  transport: nodeTransport,
  tls: { ca: certificates.ca, server: certificates.server as Env['tls']['server'] },
  liveBytes() {
    collect();
    const { heapUsed, arrayBuffers } = process.memoryUsage();
    return heapUsed + arrayBuffers;
  },
};

/** Sockets, servers and timers of this process. */
function handles(): string[] {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS|Timeout)/.test(name));
}

describe('sansocket on node', () => {
  let before: string[] = [];
  beforeAll(() => {
    before = handles();
  });

  for (const each of CASES) test(each.name, () => runCase(each, env));

  test('after all that, no socket, server or timer is left', async () => {
    for (let i = 0; i < 50 && handles().length > before.length; i++) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect(handles().length).toBeLessThanOrEqual(before.length);
  });

  afterAll(() => {
    collect();
  });
});
