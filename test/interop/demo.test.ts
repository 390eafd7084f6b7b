/**
 * The demo's page in Chromium, used as a person would: by what is written on it, with the mouse or the keyboard alone.
 */
import { fileURLToPath } from 'node:url';
import type { Browser, BrowserContext, Locator, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { describeWith } from '../support/peers.ts';
import { useBrowser } from './support/browser.ts';
import { Program, until } from './support/program.ts';

/** How long anything on the page may take. */
const PATIENCE_MS = 5000;

const demo = fileURLToPath(new URL('../../build/examples/demo/server.js', import.meta.url));

/** The page, with names for what is on it. */
class Demo {
  readonly page: Page;
  /** What went wrong in the page's scripts, or was printed by them. */
  readonly complaints: string[] = [];

  private constructor(page: Page) {
    this.page = page;
    page.setDefaultTimeout(PATIENCE_MS);
    page.on('pageerror', (error) => this.complaints.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(context: BrowserContext, url: string): Promise<Demo> {
    const demo = new Demo(await context.newPage());
    await demo.page.goto(url);
    await demo.state('Not connected');
    return demo;
  }

  /** A button, by its name. */
  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** A field, by its label. */
  field(label: string | RegExp): Locator {
    return this.page.getByLabel(label);
  }

  /** Wait until the state is this one. @returns What stands behind it. */
  async state(expected: string): Promise<string> {
    const status = this.page.locator('#status');
    await status.getByText(expected, { exact: true }).waitFor();
    return (await status.textContent()) ?? '';
  }

  /** The entries of the log, as text. */
  async log(): Promise<string[]> {
    const texts = await this.page.getByRole('log').locator('> li').allTextContents();
    return texts.map((text) => text.replace(/\s+/g, ' ').trim());
  }

  /** Wait until the log has an entry like this. */
  async logged(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    await until(PATIENCE_MS, `entry like ${pattern} in the log`, async () => {
      found = (await this.log()).find((text) => pattern.test(text));
      return found !== undefined;
    });
    return found!;
  }

  async connect(): Promise<void> {
    await this.button('Connect').click();
    await this.state('Open');
  }
}

describeWith(['chromium', 'node'], "the demo's page in Chromium", () => {
  const browser: () => Browser = useBrowser();
  let server: Program | undefined;
  let url = '';
  let context: BrowserContext | undefined;
  let opened: Demo | undefined;
  const at = (): Demo => opened!;

  beforeAll(async () => {
    // PORT=0: any that is free.
    server = new Program('the demo', [
      process.execPath,
      '--eval',
      `process.env.PORT = '0'; import('${demo}')`,
    ]);
    url = /http:\/\/\S+/.exec(await server.line('URL'))?.[0] ?? '';
  });
  afterAll(() => server?.stop());

  beforeEach(async () => {
    context ??= await browser().newContext();
    opened = await Demo.open(context, url);
  });
  afterEach(async () => {
    const { page, complaints } = at();
    await page.close();
    expect(complaints).toEqual([]);
  });

  it('says at each moment what the state is, and offers only what makes sense', async () => {
    const page = at();
    const enabled = (): Promise<boolean[]> =>
      Promise.all(['Send', 'Ping', 'Close'].map((name) => page.button(name).isEnabled()));
    expect(await enabled()).toEqual([false, false, false]);
    expect(await page.field('URL').inputValue()).toBe(url.replace('http', 'ws').replace(/\/?$/, '/'));
    await page.connect();
    expect(await enabled()).toEqual([true, true, true]);
    expect(await page.button('Disconnect').isVisible()).toBe(true);
    await page.button('Disconnect').click();
    expect(await page.state('Closed')).toMatch(/1005|1000/);
    expect(await enabled()).toEqual([false, false, false]);
    // And once more, in the same page.
    await page.connect();
  });

  it('sends text and shows it twice, with its size in bytes', async () => {
    const page = at();
    await page.connect();
    await page.field(/^Text/).last().fill('grüße, 世界 😀');
    await page.button('Send').click();
    expect(await page.logged(/Sent/)).toMatch(/^\d\d:\d\d:\d\d.* Sent text, 20 bytes ?grüße, 世界 😀$/);
    expect(await page.logged(/Received/)).toMatch(/Received text, 20 bytes ?grüße, 世界 😀$/);
    expect(await page.page.locator('#totals').textContent()).toMatch(/1 sent .*1 received/);
  });

  it('sends bytes in hex and shows them as they came back', async () => {
    const page = at();
    await page.connect();
    await page.page.getByText('Hex', { exact: true }).click();
    await page.field(/Bytes in hex/).fill('00 ff 48 65 6c 6c 6f');
    await page.button('Send').click();
    expect(await page.logged(/Received/)).toMatch(/binary, 7 bytes ?0000 00 ff 48 65 6c 6c 6f .*Hello/);
  });

  it('says what is wrong with a message, and does not send it', async () => {
    const page = at();
    await page.connect();
    await page.page.getByText('Hex', { exact: true }).click();
    await page.field(/Bytes in hex/).fill('00 f');
    await page.button('Send').click();
    await page.page.getByRole('alert').getByText('Every byte has two digits').waitFor();
    expect((await page.log()).filter((text) => /Sent/.test(text))).toEqual([]);
  });

  it('sends a file, and random bytes up to the limit of the server', async () => {
    const page = at();
    await page.connect();
    await page.page.getByText('File', { exact: true }).click();
    await page
      .field(/^File/)
      .last()
      .setInputFiles({
        name: 'some.bin',
        mimeType: 'application/octet-stream',
        buffer: Buffer.from('from a file'),
      });
    await page.button('Send').click();
    expect(await page.logged(/Received/)).toMatch(/binary, 11 bytes/);
    await page.page.getByText('Random', { exact: true }).click();
    await page.field('Number of random bytes').fill('1048576');
    await page.button('Send').click();
    expect(await page.logged(/Received binary, 1[^1]*(MiB|048.?576)/)).toBeTruthy();
    await page.field('Number of random bytes').fill('1048577');
    await page.button('Send').click();
    expect(await page.state('Closed')).toMatch(/1009/);
  });

  it('pings: the server measures, and the page shows the round trip', async () => {
    const page = at();
    await page.connect();
    await page.button('Ping').click();
    expect(await page.logged(/Ping/)).toMatch(/[\d.]+ ms from the server's ping/);
    expect(await page.page.locator('#latency').textContent()).toMatch(/[\d.]+ ms/);
  });

  it('pings over a connection without the subprotocol, by an echo', async () => {
    const page = at();
    await page.field(/Subprotocols/).fill('');
    await page.connect();
    await page.button('Ping').click();
    expect(await page.logged(/Ping/)).toMatch(/[\d.]+ ms there and back/);
  });

  it('closes with a code and a reason, and shows them', async () => {
    const page = at();
    await page.connect();
    await page.page.getByLabel('Code', { exact: true }).fill('4001');
    await page.field(/^Reason/).fill('grüße');
    await page.button('Close').click();
    expect(await page.state('Closed')).toMatch(/4001 application code/);
    expect(await page.logged(/Closing/)).toMatch(/4001 “grüße”/);
  });

  it('says which codes a page may use', async () => {
    const page = at();
    await page.connect();
    await page.page.locator('#code').fill('1001');
    await page.button('Close').click();
    await page.page.getByRole('alert').getByText('1000, or 3000 to 4999').waitFor();
    await page.state('Open');
  });

  it('offers subprotocols, and shows the one that was chosen', async () => {
    const page = at();
    await page.field(/Subprotocols/).fill('unknown, echo');
    await page.connect();
    expect(await page.logged(/Open/)).toMatch(/subprotocol echo/);
  });

  it('says so when a connection cannot be opened', async () => {
    const page = at();
    await page.field(/Subprotocols/).fill('unknown');
    await page.button('Connect').click();
    expect(await page.state('Failed')).toMatch(/1006/);
    await page.page.getByRole('alert').getByText('could not be opened').waitFor();
    // The browser prints it too.
    page.complaints.length = 0;
  });

  it('says what is wrong with a URL', async () => {
    const page = at();
    await page.field('URL').fill('ftp://localhost/');
    await page.button('Connect').click();
    await page.page.getByRole('alert').getByText('ftp').waitFor();
    expect(await page.field('URL').getAttribute('aria-invalid')).toBe('true');
    await page.state('Not connected');
  });

  it('takes a flood of messages', async () => {
    const page = at();
    await page.connect();
    for (let i = 0; i < 40; i++) {
      await page.page.locator('#text').fill(`message ${i}`);
      await page.page.keyboard.press('Enter');
    }
    await page.logged(/Received .*message 39$/);
    expect(await page.page.locator('#totals').textContent()).toMatch(/40 sent .*40 received/);
  });

  it('works with the keyboard alone', async () => {
    const page = at();
    const { keyboard } = page.page;
    await keyboard.press('Alt+KeyK');
    await page.state('Open');
    // The field for messages has the focus now.
    await keyboard.type('typed');
    await keyboard.press('Enter');
    await page.logged(/Received text, 5 bytes ?typed/);
    await keyboard.press('ArrowUp');
    await keyboard.press('Enter');
    await until(
      PATIENCE_MS,
      'second echo',
      async () => (await page.log()).filter((text) => /Received/.test(text)).length === 2,
    );
    await keyboard.press('Alt+KeyP');
    await page.logged(/Ping/);
    await keyboard.press('Alt+KeyL');
    expect(await page.log()).toEqual([]);
    await keyboard.press('Alt+KeyK');
    await page.state('Closed');
  });

  it('reaches everything with Tab, and the connection by Enter', async () => {
    const page = at();
    const { keyboard } = page.page;
    const focused = (): Promise<string> => page.page.evaluate(() => document.activeElement?.id ?? '');
    const reached = new Set<string>();
    for (let i = 0; i < 30; i++) {
      await keyboard.press('Tab');
      const id = await focused();
      if (id === 'connect' && !reached.has(id)) {
        await keyboard.press('Enter');
        await page.state('Open');
        // The field for messages got the focus; what stands before it is next.
        await keyboard.press('Shift+Tab');
        await keyboard.press('Shift+Tab');
      }
      reached.add(id);
    }
    for (const id of [
      'url',
      'protocols',
      'connect',
      'ping',
      'text',
      'send',
      'log',
      'code',
      'reason',
      'close',
    ]) {
      expect(reached).toContain(id);
    }
  });

  it('says goodbye when it is left, and the server lets go', async () => {
    const page = at();
    await page.connect();
    await page.page.goto('about:blank');
    await page.page.goto(url);
    await page.state('Not connected');
    await page.connect();
  });
});
