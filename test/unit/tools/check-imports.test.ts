import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';

/** Runs the check over a source tree of these files. */
function check(files: Record<string, string>): { status: number | null; errors: string } {
  const root = mkdtempSync(join(tmpdir(), 'imports-'));
  try {
    for (const [path, source] of Object.entries(files)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), source);
    }
    const { status, stderr } = spawnSync(process.execPath, ['tools/check-imports.mjs', root], {
      encoding: 'utf8',
    });
    return { status, errors: stderr };
  } finally {
    rmSync(root, { recursive: true });
  }
}

describe('tools/check-imports.mjs', () => {
  it('passes our own source', () => {
    const { status, stderr } = spawnSync(process.execPath, ['tools/check-imports.mjs'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });

  it('passes imports that point down, and prose that looks like code', () => {
    const files = {
      'errors.ts': 'export {};',
      'frame/a.ts':
        "/**\n * import { x } from 'sansocket/frame';\n */\nimport '../errors.ts';\nimport { b } from './b.ts';",
      'transport/node.ts':
        "import { connect } from './node/connect.ts';\nimport type { T } from './transport.ts';",
      'transport/node/connect.ts':
        "import { connect } from 'node:net';\nimport type { T } from '../transport.ts';",
      'node.ts': "export * from './server/index.ts';\nimport { nodeTransport } from './transport/node.ts';",
    };
    expect(check(files)).toEqual({ status: 0, errors: '' });
  });

  it.each([
    ['an import upwards', 'frame/a.ts', "import { x } from '../connection/x.ts';"],
    ['an import upwards of a type', 'bytes/a.ts', "import type { X } from '../frame/x.ts';"],
    ['a dynamic import upwards', 'http/a.ts', "await import('../server/server.ts');"],
    ['a re-export from above', 'handshake/a.ts', "export { x } from '../connection/x.ts';"],
    ['an import sideways', 'frame/a.ts', "import { x } from '../http/x.ts';"],
    ['an import between server and client', 'server/a.ts', "import { x } from '../client/x.ts';"],
    ['a side effect from above', 'http/a.ts', "import '../socket/x.ts';"],
    ["a runtime's module in a pure file", 'frame/a.ts', "import { Buffer } from 'node:buffer';"],
    ['a package', 'server/a.ts', "import ws from 'ws';"],
    ["a runtime's global in a pure file", 'bytes/a.ts', 'export const b = Buffer.from([]);'],
    ["a runtime's global by way of globalThis", 'server/a.ts', 'export const d = globalThis.Deno;'],
    ['an adapter from the server', 'server/a.ts', "import { nodeTransport } from '../transport/node.ts';"],
    ['an adapter from the wrong entry', 'bun.ts', "import { nodeTransport } from './transport/node.ts';"],
    ['an adapter from another adapter', 'transport/bun.ts', "import { nodeTransport } from './node.ts';"],
    ['a part of another adapter', 'transport/bun/a.ts', "import { x } from '../node/stream.ts';"],
    ['a part of an adapter from beside them', 'transport/pem.ts', "import { x } from './node/stream.ts';"],
    ['an adapter from its own part', 'transport/bun/a.ts', "import { bunTransport } from '../bun.ts';"],
    ["an adapter's part from its entry", 'bun.ts', "import { bun } from './transport/bun/runtime.ts';"],
    [
      "a runtime's module in another adapter's part",
      'transport/bun/a.ts',
      "import { connect } from 'node:net';",
    ],
    ['a protocol in a part of an adapter', 'transport/deno/a.ts', "export const h = 'Sec-WebSocket-Key';"],
    [
      'another part of transport than the interface',
      'client/a.ts',
      "import { x } from '../transport/memory.ts';",
    ],
    ['a protocol in an adapter', 'transport/deno.ts', "export const h = 'Sec-WebSocket-Key';"],
    ["a folder's list from another folder", 'connection/a.ts', "import { x } from '../frame/index.ts';"],
    ['a file in no row', 'utils/a.ts', 'export {};'],
    ['a path without its ending', 'frame/a.ts', "import { x } from './b';"],
  ])('refuses %s', (_what, path, source) => {
    const { status, errors } = check({ [path]: source });
    expect(status).toBe(1);
    expect(errors).toMatch(new RegExp(`^${path.replaceAll('.', '\\.')}: `));
  });

  it('refuses an empty tree: a check of nothing is no check', () => {
    expect(check({}).status).toBe(1);
  });
});
