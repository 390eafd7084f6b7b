import { afterEach, describe, expect, it, vi } from 'vitest';
import { parseExtensions } from '../../../src/handshake/extensions.ts';
import { checkHost } from '../../../src/handshake/host-policy.ts';
import { isKey } from '../../../src/handshake/key.ts';
import { checkOrigin } from '../../../src/handshake/origin.ts';
import { parseProtocols } from '../../../src/handshake/protocols.ts';
import { isUpgrade } from '../../../src/handshake/request.ts';
import { headersOf } from './support.ts';

afterEach(() => vi.restoreAllMocks());

/** How often `read` looks at a character of `text`. Scanners here read by `charCodeAt` alone. */
function stepsOf(read: (text: string) => unknown, text: string): number {
  const spy = vi.spyOn(String.prototype, 'charCodeAt');
  read(text);
  const steps = spy.mock.calls.length;
  spy.mockRestore();
  return steps;
}

const HOSTILE: ReadonlyArray<readonly [what: string, make: (length: number) => string]> = [
  ['spaces inside', (length) => `b${' '.repeat(length)}x`],
  ['spaces behind', (length) => `b${' '.repeat(length)}`],
  ['tabs and spaces', (length) => `b${' \t'.repeat(length / 2)},x`],
  ['commas', (length) => ','.repeat(length)],
  ['commas and spaces', (length) => ', '.repeat(length / 2)],
  ['tokens', (length) => 'a,'.repeat(length / 2)],
  ['one token', (length) => 'a'.repeat(length)],
  ['semicolons', (length) => `a${';b'.repeat(length / 2)}`],
  ['escapes in a quote that does not end', (length) => `a; b="${'\\c'.repeat(length / 2)}`],
  ['escapes in a quote', (length) => `a; b="${'\\c'.repeat(length / 2)}"`],
  ['quotes', (length) => `a; b=${'"'.repeat(length)}`],
  ['quoted values', (length) => `a${'; b="\\c\\d"'.repeat(length / 10)}`],
  ['escaped backslashes', (length) => `a; b="${'\\'.repeat(length)}`],
  ['dots', (length) => `http://${'.'.repeat(length)}`],
  ['colons', (length) => `http://${':'.repeat(length)}`],
  ['colons in brackets', (length) => `http://[${':'.repeat(length)}]`],
  ['digits', (length) => `http://a:${'0'.repeat(length)}`],
  ['slashes', (length) => '/'.repeat(length)],
];

const READERS: ReadonlyArray<readonly [name: string, read: (text: string) => unknown]> = [
  ['parseExtensions', parseExtensions],
  ['parseProtocols', parseProtocols],
  ['isUpgrade', (text) => isUpgrade({ headers: headersOf({ upgrade: text }) })],
  ['isKey', isKey],
  ['checkOrigin', (text) => checkOrigin(text, text, ['same-host', 'https://*.example.com:*'])],
  ['checkHost', (text) => checkHost(text, ['*.example.com', 'localhost'])],
];

describe.each(READERS)('%s() looks at each character a fixed number of times', (_name, read) => {
  it.each(HOSTILE)('%s [CVE-2020-7662, CVE-2021-32640, CVE-2023-26103]', (_what, make) => {
    const length = 8_000;
    // What the rules of a policy cost is the same for every length.
    expect(stepsOf(read, make(length))).toBeLessThanOrEqual(6 * length + 200);
    const growth = stepsOf(read, make(4 * length)) - stepsOf(read, make(length));
    expect(growth).toBeLessThanOrEqual(6 * 3 * length);
  });
});
