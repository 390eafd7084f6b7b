/**
 * Opening handshakes of RFC 6455 §4, right and wrong, both directions.
 *
 * @module
 */
import * as fc from 'fast-check';
import { computeAccept } from '../handshake/accept.ts';
import type { Hostile } from './hostile.ts';
import { headerLines, optionalSpaces, tokens } from './requests.ts';

/** A client's opening handshake. */
export interface UpgradeParts {
  /** The request target. */
  readonly target: string;
  /** The value of `Host`. */
  readonly host: string;
  /** The value of `Sec-WebSocket-Key`. */
  readonly key: string;
  /** What `Sec-WebSocket-Accept` must be. */
  readonly accept: string;
  /** The value of `Origin`, where it is sent. */
  readonly origin: string | undefined;
  /** The subprotocols on offer, best first. */
  readonly protocols: readonly string[];
  /** The head on the wire. */
  readonly bytes: Uint8Array;
}

/** A server's opening handshake. */
export interface UpgradeResponseParts {
  /** The subprotocol that it chose. */
  readonly protocol: string | undefined;
  /** The head on the wire. */
  readonly bytes: Uint8Array;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
const BASE64 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';

/** Keys: the base64 of 16 bytes, which ends in one of four characters and `==`. */
function keys(): fc.Arbitrary<string> {
  const digits = fc.array(fc.constantFrom(...BASE64), { minLength: 21, maxLength: 21 });
  return fc
    .tuple(digits, fc.constantFrom('A', 'Q', 'g', 'w'))
    .map(([start, end]) => `${start.join('')}${end}==`);
}

/** The same name or value in other cases; the header fields of a handshake do not care. */
function anyCase(text: string, bits: number): string {
  return [...text].map((c, i) => ((bits >> (i % 8)) & 1 ? c.toUpperCase() : c.toLowerCase())).join('');
}

/** Put in another order, by a number. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const rest = [...list];
  const order: T[] = [];
  for (let n = seed; rest.length > 0; n = Math.floor(n / 7) + 3)
    order.push(...rest.splice(n % rest.length, 1));
  return order;
}

/** Opening handshakes that a server must take: headers in any order and case, lists of `Connection`, other headers. */
export function upgradeRequests(): fc.Arbitrary<UpgradeParts> {
  return fc
    .record({
      target: fc.constantFrom('/', '/chat', '/chat?room=1', '/%F0%9F%98%80'),
      host: fc.constantFrom('example.com', 'localhost:8080', '[::1]:80'),
      key: keys(),
      origin: fc.option(fc.constantFrom('http://example.com', 'https://example.com:8443', 'null'), {
        nil: undefined,
      }),
      protocols: fc.uniqueArray(tokens(), { maxLength: 3 }),
      connection: fc.constantFrom('Upgrade', 'keep-alive, Upgrade', 'Upgrade,keep-alive', 'a, upgrade ,b'),
      upgrade: fc.constantFrom('websocket', 'WebSocket', 'WEBSOCKET'),
      extra: fc.array(
        fc.constantFrom(['Accept', '*/*'] as const, ['X-Empty', ''] as const, ['DNT', '1'] as const),
      ),
      caseBits: fc.nat(255),
      order: fc.nat(1_000_000),
      spaces: optionalSpaces,
    })
    .map(({ target, host, key, origin, protocols, connection, upgrade, extra, caseBits, order, spaces }) => {
      const headers: Array<readonly [string, string]> = [
        ['Host', host],
        ['Upgrade', upgrade],
        ['Connection', connection],
        ['Sec-WebSocket-Key', key],
        ['Sec-WebSocket-Version', '13'],
        ...extra,
      ];
      if (origin !== undefined) headers.push(['Origin', origin]);
      if (protocols.length > 0) headers.push(['Sec-WebSocket-Protocol', protocols.join(', ')]);
      const cased = shuffled(headers, order).map(
        ([name, value]) => [anyCase(name, caseBits), value] as const,
      );
      const bytes = latin1(`GET ${target} HTTP/1.1\r\n${headerLines(cased, spaces)}\r\n`);
      return { target, host, key, accept: computeAccept(key), origin, protocols, bytes };
    });
}

/** Answers that a client which sent `key` and offered `protocols` must take. */
export function upgradeResponses(
  key: string,
  protocols: readonly string[] = [],
): fc.Arbitrary<UpgradeResponseParts> {
  return fc
    .record({
      protocol: fc
        .option(fc.constantFrom(...protocols, ''), { nil: undefined })
        .map((name) => name || undefined),
      reason: fc.constantFrom('Switching Protocols', '', 'Web Socket Protocol Handshake'),
      caseBits: fc.nat(255),
      order: fc.nat(1_000_000),
      spaces: optionalSpaces,
    })
    .map(({ protocol, reason, caseBits, order, spaces }) => {
      const headers: Array<readonly [string, string]> = [
        ['Upgrade', anyCase('websocket', caseBits)],
        ['Connection', anyCase('Upgrade', caseBits)],
        ['Sec-WebSocket-Accept', computeAccept(key)],
        ['Server', 'test'],
      ];
      if (protocol !== undefined) headers.push(['Sec-WebSocket-Protocol', protocol]);
      const cased = shuffled(headers, order).map(
        ([name, value]) => [anyCase(name, caseBits), value] as const,
      );
      return { protocol, bytes: latin1(`HTTP/1.1 101 ${reason}\r\n${headerLines(cased, spaces)}\r\n`) };
    });
}

const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';

/** A head with one header changed: another value, several lines, or (`undefined`) none. */
function withHeader(
  start: string,
  headers: ReadonlyArray<readonly [string, string]>,
  name: string,
  values: readonly string[] | undefined,
): Uint8Array {
  const kept = headers.filter(([other]) => other !== name).map(([other, value]) => `${other}: ${value}\r\n`);
  const changed = (values ?? []).map((value) => `${name}: ${value}\r\n`);
  return latin1(`${start}\r\n${kept.join('')}${changed.join('')}\r\n`);
}

/** Upgrade requests with one fault that a server must refuse (§4.2.1). */
export function hostileUpgradeRequests(): fc.Arbitrary<Hostile> {
  const headers = [
    ['Host', 'example.com'],
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Key', KEY],
    ['Sec-WebSocket-Version', '13'],
  ] as const;
  const start = 'GET /chat HTTP/1.1';
  const make = (
    why: string,
    name: string,
    values?: readonly string[],
    rule = 'RFC 6455 §4.2.1',
  ): Hostile => ({
    why,
    rule,
    bytes: withHeader(start, headers, name, values),
  });
  const line = (why: string, first: string): Hostile => ({
    why,
    rule: 'RFC 6455 §4.1',
    bytes: withHeader(first, headers, '', undefined),
  });
  return fc.constantFrom(
    line('another method', 'POST /chat HTTP/1.1'),
    line('HTTP/1.0', 'GET /chat HTTP/1.0'),
    make('no key', 'Sec-WebSocket-Key'),
    make('two keys', 'Sec-WebSocket-Key', [KEY, KEY]),
    make('an empty key', 'Sec-WebSocket-Key', ['']),
    make('a key of 15 bytes', 'Sec-WebSocket-Key', ['dGhlIHNhbXBsZSBub25j']),
    make('a key of 17 bytes', 'Sec-WebSocket-Key', ['dGhlIHNhbXBsZSBub25jZWQ=']),
    make('a key that is not base64', 'Sec-WebSocket-Key', ['dGhlIHNhbXBsZSBub25jZ!==']),
    make('no version', 'Sec-WebSocket-Version', undefined, 'RFC 6455 §4.4'),
    make('another version', 'Sec-WebSocket-Version', ['8'], 'RFC 6455 §4.4'),
    make('a version with a zero in front', 'Sec-WebSocket-Version', ['013'], 'RFC 6455 §4.4'),
    make('several versions', 'Sec-WebSocket-Version', ['13', '8'], 'RFC 6455 §4.4'),
    make('a Connection that does not say Upgrade', 'Connection', ['keep-alive']),
    make('a Connection that says Upgrade in a word', 'Connection', ['no-upgrade']),
    make('a subprotocol that is no token', 'Sec-WebSocket-Protocol', ['a b'], 'RFC 6455 §4.1'),
    make('a subprotocol twice', 'Sec-WebSocket-Protocol', ['a, a'], 'RFC 6455 §4.1'),
    make('a subprotocol with a byte above 0x7F', 'Sec-WebSocket-Protocol', ['\xff'], 'RFC 6455 §4.1'),
    make('extensions that follow no grammar', 'Sec-WebSocket-Extensions', ['a; b="'], 'RFC 6455 §9.1'),
    make('a quoted value that is no token', 'Sec-WebSocket-Extensions', ['a; b="c d"'], 'RFC 6455 §9.1'),
    make('a body', 'Content-Length', ['3'], 'RFC 6455 §4.1'),
  );
}

/** Answers with one fault to a client that sent the key of RFC 6455 §1.3 and offered nothing (§4.1). */
export function hostileUpgradeResponses(): fc.Arbitrary<Hostile> {
  const headers = [
    ['Upgrade', 'websocket'],
    ['Connection', 'Upgrade'],
    ['Sec-WebSocket-Accept', ACCEPT],
  ] as const;
  const start = 'HTTP/1.1 101 Switching Protocols';
  const make = (why: string, name: string, values?: readonly string[]): Hostile => ({
    why,
    rule: 'RFC 6455 §4.1',
    bytes: withHeader(start, headers, name, values),
  });
  return fc.constantFrom(
    {
      why: 'another status',
      rule: 'RFC 6455 §4.1',
      bytes: withHeader('HTTP/1.1 200 OK', headers, '', undefined),
    },
    make('no Upgrade', 'Upgrade'),
    make('another Upgrade', 'Upgrade', ['h2c']),
    make('no Connection', 'Connection'),
    make('a Connection that does not say Upgrade', 'Connection', ['close']),
    make('no accept', 'Sec-WebSocket-Accept'),
    make('an empty accept', 'Sec-WebSocket-Accept', ['']),
    make('the accept of another key', 'Sec-WebSocket-Accept', ['Kfh9QIsMVZcl6xEPYxPHzW8SZ8w=']),
    make('the accept in another case', 'Sec-WebSocket-Accept', [ACCEPT.toLowerCase()]),
    make('two accepts', 'Sec-WebSocket-Accept', [ACCEPT, ACCEPT]),
    make('a subprotocol that was not offered', 'Sec-WebSocket-Protocol', ['chat']),
    make('an extension that was not offered', 'Sec-WebSocket-Extensions', ['permessage-deflate']),
  );
}
