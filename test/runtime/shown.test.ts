import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { commandFor, RUNTIMES } from '../interop/support/runtimes.ts';
import { describeWith } from '../support/peers.ts';

for (const runtime of RUNTIMES) {
  describeWith([runtime], `console.log on ${runtime}`, () => {
    it('shows names and values of what an app is given, and neither functions nor internals', () => {
      const [command, ...args] = commandFor(runtime, '../runtime/shown.ts');
      const { stdout, stderr } = spawnSync(command!, args, {
        encoding: 'utf8',
        env: { ...process.env, NO_COLOR: '1' },
      });
      const shown = stdout.replaceAll('"', "'");
      expect([stderr, shown]).toEqual(['', expect.stringMatching(/done\n$/)]);
      expect(shown).not.toMatch(/Function|Getter|Server2|_Http/);
      expect(shown).toMatch(/^HttpRequest {\n {2}method: 'GET',\n {2}target: '\/path\?a=b',/m);
      expect(shown).toMatch(/headers: HttpHeaders\(\d+\) {/);
      expect(shown).toContain("'x-name' => 'ada'");
      expect(shown).toMatch(/^HttpResponse {\s+status: 200,\s+sent: false,/m);
      expect(shown).toMatch(/HttpHeaders\(1\) {\s*'x-one' => '1, 2'\s*}/);
      expect(shown).toMatch(
        /^Socket {\s+state: 'open',[^}]*request: { target: '\/chat' },\s+data: { name: 'ada' }/m,
      );
      expect(shown).toMatch(/^SentRequest {\s+target: '\/chat',/m);
      expect(shown).toMatch(/^Server {\s+address: {[^}]*},\s+connectionCount: \d,\s+sockets: { size: 1 }/m);
    });
  });
}
