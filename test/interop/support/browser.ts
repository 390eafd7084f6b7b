/**
 * Chromium, without a window, for the tests of a file.
 *
 * @module
 */
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll } from 'vitest';
import { requirePeer } from '../../support/peers.ts';

const ARGUMENTS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-dev-shm-usage',
];

/** A browser for the tests of the `describe` that this is called in. @returns Gives it, when the tests run. */
export function useBrowser(): () => Browser {
  let browser: Browser | undefined;
  beforeAll(async () => {
    const [executablePath = ''] = requirePeer('chromium').command;
    browser = await chromium.launch({ executablePath, args: ARGUMENTS, timeout: 30_000 });
  }, 45_000);
  afterAll(async () => {
    await browser?.close();
  });
  return () => {
    if (browser === undefined) throw new Error('the browser did not start');
    return browser;
  };
}
