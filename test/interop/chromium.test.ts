/**
 * Chromium's `WebSocket` against our server on Node, Bun and Deno: the cases of the other WHATWG classes, in a page.
 */
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import { WHATWG_CASES, type WhatwgEnvironment } from './cases/whatwg.ts';
import { useBrowser } from './support/browser.ts';
import { SETTINGS } from './support/runtimes.ts';
import { FULL_COMPRESSION, useServer } from './support/server.ts';

/** The cases as a script that leaves them in `cases.WHATWG_CASES`. */
function bundleCases(): string {
  const { outputFiles } = buildSync({
    entryPoints: [fileURLToPath(new URL('cases/whatwg.ts', import.meta.url))],
    bundle: true,
    write: false,
    format: 'iife',
    globalName: 'cases',
    logLevel: 'silent',
  });
  return outputFiles[0]!.text;
}

declare const cases: { readonly WHATWG_CASES: typeof WHATWG_CASES };

describeWith(['chromium'], 'Chromium', () => {
  const browser = useBrowser();
  const script = bundleCases();

  for (const { runtime, compression, setting } of SETTINGS) {
    describeWith([runtime], `against our server on ${setting}`, () => {
      const server = useServer(runtime, { options: { compression: compression && FULL_COMPRESSION } });
      let page: Page | undefined;
      beforeAll(async () => {
        // A page of the same server, so that its scripts may also ask it over HTTP.
        page = await browser().newPage();
        await page.goto(`${server().http}/page`);
        await page.addScriptTag({ content: script });
      });
      afterAll(() => page?.close());

      it.each(Object.keys(WHATWG_CASES))('%s', async (name) => {
        const { ws, http } = server();
        const environment = {
          ws,
          http,
          compression,
          traits: { insistsOnProtocol: true, offersDeflate: true, failureCode: 1006, connections: 6 },
        };
        const run = async ([title, env]: readonly [string, Omit<WhatwgEnvironment, 'WebSocket'>]) => {
          try {
            await cases.WHATWG_CASES[title]!({ ...env, WebSocket });
            return 'ok';
          } catch (error) {
            return String((error as Error).stack);
          }
        };
        expect(await page!.evaluate(run, [name, environment] as const)).toBe('ok');
      });

      it('the server is left with no open WebSocket and no error of its own', async () => {
        const { sockets, errors } = await server().statsWhenIdle('sockets');
        expect([sockets, errors.filter((error) => error.startsWith('handler'))]).toEqual([0, []]);
      });
    });
  }
});
