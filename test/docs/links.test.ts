import { existsSync } from 'node:fs';
import { dirname, join, posix } from 'node:path';
import { describe, expect, it } from 'vitest';
import { pages, ROOT, read } from './extract.ts';

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(page: string): Set<string> {
  const anchors = new Set<string>();
  for (const [, heading] of withoutFences(read(page)).matchAll(/^#{1,6} (.*)$/gm)) {
    const anchor = heading!
      .toLowerCase()
      .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .replace(/[^\p{L}\p{N}\- _]/gu, '')
      .replaceAll(' ', '-');
    anchors.add(anchors.has(anchor) ? `${anchor}-1` : anchor);
  }
  return anchors;
}

function withoutFences(text: string): string {
  return text.replace(/^\s*```[\s\S]*?^\s*```/gm, '');
}

describe('the links of', () => {
  it.each(pages())('%s lead somewhere', (page) => {
    const broken: string[] = [];
    for (const [, target] of withoutFences(read(page)).matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(target!)) continue;
      const [path, anchor] = target!.split('#') as [string, string | undefined];
      const file = path === '' ? page : posix.normalize(posix.join(dirname(page), path));
      if (!existsSync(join(ROOT, file))) broken.push(`${target}: there is no ${file}`);
      else if (anchor !== undefined && !anchorsOf(file).has(anchor))
        broken.push(`${target}: ${file} has no such heading`);
    }
    expect(broken).toEqual([]);
  });
});
