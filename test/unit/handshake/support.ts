import type { HeaderLines } from '../../../src/handshake/fields.ts';
import { readUpgrade, type UpgradeRefusal, type UpgradeRequest } from '../../../src/handshake/request.ts';

/** Lines of a header; `undefined` takes one of the defaults away. */
export type Lines = Readonly<Record<string, string | readonly string[] | undefined>>;

/** Headers as any other HTTP server might have them: names in lower case, looked up in a Map. */
export function headersOf(lines: Lines): HeaderLines {
  const map = new Map(Object.entries(lines).map(([name, value]) => [name.toLowerCase(), value]));
  return { getAll: (name) => [map.get(name.toLowerCase()) ?? []].flat() };
}

/** The handshake of RFC 6455 §1.3, without what it says of origin and subprotocols. */
export const GOOD: Lines = {
  host: 'server.example.com',
  upgrade: 'websocket',
  connection: 'Upgrade',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
  'sec-websocket-version': '13',
};

/** What `readUpgrade` says of the good handshake with some lines changed. */
export function readWith(lines: Lines = {}): UpgradeRequest | UpgradeRefusal {
  return readUpgrade({ method: 'GET', version: '1.1', headers: headersOf({ ...GOOD, ...lines }) });
}

/** The same where it must be an upgrade. */
export function upgradeWith(lines: Lines = {}): UpgradeRequest {
  const upgrade = readWith(lines);
  if (upgrade.kind !== 'upgrade') throw new Error(`Cannot upgrade: ${upgrade.reason}`);
  return upgrade;
}
