/**
 * What `sansocket` is on the runtime that this runs on. Only one of the three entries is loaded; the other two would not
 * run here.
 *
 * @module
 */
const entry: typeof import('../../../src/node.ts') =
  'Bun' in globalThis
    ? ((await import('../../../src/bun.ts')) as never)
    : 'Deno' in globalThis
      ? ((await import('../../../src/deno.ts')) as never)
      : await import('../../../src/node.ts');

export const { Server, connect, WebSocket } = entry;
