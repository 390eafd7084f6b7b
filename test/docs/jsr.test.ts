import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ROOT, read } from './extract.ts';

const jsr = JSON.parse(read('jsr.json')) as {
  version: string;
  license: string;
  exports: Record<string, string>;
};
const manifest = JSON.parse(read('package.json')) as {
  version: string;
  license: string;
  exports: Record<string, { default: string; deno: { default: string } }>;
};

describe('jsr.json', () => {
  it('is of the version and licence of package.json', () => {
    expect([jsr.version, jsr.license]).toEqual([manifest.version, manifest.license]);
  });

  it('exports the sources of what package.json exports, and Deno’s entry for the root', () => {
    const expected = Object.entries(manifest.exports)
      .filter(([path]) => !path.includes('*') && path !== './package.json')
      .map(([path, { default: file, deno }]) => {
        const built = path === '.' ? deno.default : file;
        return [path, built.replace('/dist/', '/src/').replace(/\.js$/, '.ts')];
      });
    expect(jsr.exports).toEqual(Object.fromEntries(expected));
    expect(Object.values(jsr.exports).filter((file) => !existsSync(join(ROOT, file)))).toEqual([]);
  });
});
