/**
 * Both readers of the opening handshake against a transcription of RFC 6455 §4.1 and §4.2.1: conditions one behind the
 * other, over regular expressions, in the order that the documentation promises.
 */
import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { readUpgradeResponse } from '../../src/handshake/client-response.ts';
import { parseProtocols } from '../../src/handshake/protocols.ts';
import { readUpgrade } from '../../src/handshake/request.ts';

type Lines = Readonly<Record<string, readonly string[]>>;

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+";
const OWS = '[ \\t]*';
/** `1#token`, without the empty elements that §4.1 and §11.3.4 leave no room for. */
const TOKENS = new RegExp(`^${OWS}${TOKEN}(?:${OWS},${OWS}${TOKEN})*${OWS}$`);
/** `1#extension` of §9.1, of parameters that need no quotes; empty elements are for a recipient to ignore (RFC 9110 §5.6.1.2). */
const EXTENSION = `${TOKEN}(?:${OWS};${OWS}${TOKEN}(?:${OWS}=${OWS}(?:${TOKEN}|"${TOKEN}"))?)*`;
const EXTENSIONS = new RegExp(`^(?:${OWS},)*${OWS}${EXTENSION}(?:${OWS},(?:${OWS}${EXTENSION})?)*${OWS}$`);

/** Whether a list names a token, in any case. */
function names(lines: readonly string[], token: string): boolean {
  return lines
    .join(',')
    .split(',')
    .some((element) => element.replace(/^[ \t]+|[ \t]+$/g, '').toLowerCase() === token);
}

function isProtocols(text: string): boolean {
  const list = text.split(',').map((element) => element.trim());
  return TOKENS.test(text) && new Set(list).size === list.length;
}

/** §4.2.1 item by item: the code of the first that fails, or `upgrade`. */
function requestBySpec(method: string, version: string, headers: Lines, hasBody: boolean): string {
  const all = (name: string): readonly string[] => headers[name] ?? [];
  if (method !== 'GET') return 'bad-upgrade-method';
  if (version !== '1.1') return 'bad-upgrade-version';
  if (all('host').length !== 1 || !/^[a-z]+(?::[0-9]+)?$/.test(all('host')[0]!)) return 'bad-host';
  if (!names(all('upgrade'), 'websocket')) return 'bad-upgrade-header';
  if (!names(all('connection'), 'upgrade')) return 'bad-connection-header';
  if (hasBody) return 'upgrade-with-body';
  if (all('sec-websocket-version').length !== 1) return 'bad-version';
  const [number = ''] = all('sec-websocket-version');
  if (!/^(?:[1-9]?[0-9]|1[0-9][0-9]|2[0-4][0-9]|25[0-5])$/.test(number)) return 'bad-version';
  if (number !== '13') return 'unsupported-version';
  const keys = all('sec-websocket-key');
  if (keys.length !== 1 || !/^[A-Za-z0-9+/]{22}==$/.test(keys[0]!)) return 'bad-key';
  const protocols = all('sec-websocket-protocol');
  if (protocols.length > 0 && !isProtocols(protocols.join(', '))) return 'bad-protocol';
  const extensions = all('sec-websocket-extensions');
  if (extensions.length > 0 && !EXTENSIONS.test(extensions.join(', '))) return 'bad-extensions';
  return all('origin').length > 1 ? 'origin-refused' : 'upgrade';
}

/** Lines of a header: right for the most part, else any of those that are not, none, or two. */
const lines = (right: readonly string[], wrong: readonly string[]): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: 20, arbitrary: fc.constantFrom(...right).map((value) => [value]) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong).map((value) => [value]) },
    { weight: 1, arbitrary: fc.constant<string[]>([]) },
    { weight: 1, arbitrary: fc.array(fc.constantFrom(...right, ...wrong), { minLength: 2, maxLength: 2 }) },
  );
/** Text of what the lists are made of. */
const nearly = fc.string({ unit: fc.constantFrom(...'ab,;="\t !\x80'), maxLength: 8 });
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const lists = (right: readonly string[]): fc.Arbitrary<string[]> =>
  fc.oneof(
    { weight: 6, arbitrary: fc.constant<string[]>([]) },
    { weight: 3, arbitrary: fc.constantFrom(...right).map((value) => [value]) },
    { weight: 2, arbitrary: fc.array(nearly, { minLength: 1, maxLength: 2 }) },
  );
const requests = fc.tuple(
  fc.oneof(
    { weight: 20, arbitrary: fc.constant('GET') },
    { weight: 1, arbitrary: fc.constantFrom('get', 'POST') },
  ),
  fc.oneof({ weight: 20, arbitrary: fc.constant('1.1') }, { weight: 1, arbitrary: fc.constant('1.0') }),
  fc.record({
    host: lines(['h', 'h:80'], ['', 'h h', 'h:a', 'u@h']),
    upgrade: lines(
      ['websocket', 'WebSocket', 'a, websocket,', '\twebsocket '],
      ['', 'websockets', 'websocket/13', 'web socket'],
    ),
    connection: lines(
      ['Upgrade', 'keep-alive, UPGRADE', ',upgrade\t,'],
      ['', 'close', 'upgrade a', 'upgrades'],
    ),
    'sec-websocket-version': lines(['13'], ['', '8', '255', '256', '013', '13,13', '+13', '0']),
    'sec-websocket-key': lines(
      [KEY, 'AQIDBAUGBwgJCgsMDQ4PEC=='],
      ['', 'AA==', KEY.slice(0, 22), `${KEY}=`, KEY.replace('d', '-')],
    ),
    'sec-websocket-protocol': lists(['chat', 'chat, superchat', 'a,a']),
    'sec-websocket-extensions': lists(['permessage-deflate; client_max_window_bits', 'a; b="c", d', ',a,,']),
    origin: lists(['https://h', 'null']),
  }),
  fc.oneof({ weight: 20, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
);

it('readUpgrade() takes the requests that RFC 6455 4.2.1 takes, and says of the others the first that is wrong', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(requests, ([method, version, headers, hasBody]) => {
      const expected = requestBySpec(method, version, headers, hasBody);
      const result = readUpgrade({
        method,
        version,
        headers: { getAll: (name) => (headers as Lines)[name] ?? [] },
        hasBody,
      });
      const verdict = result.kind === 'refusal' ? result.error.code : result.kind;
      expect(verdict, JSON.stringify([method, version, headers, hasBody])).toBe(expected);
      if (result.kind === 'upgrade') {
        const text = `${headers['sec-websocket-key'][0]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        expect(result.accept).toBe(createHash('sha1').update(text).digest('base64'));
      }
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }),
    { numRuns: 8000 },
  );
  // The generator is of use only while it gets everywhere.
  expect(seen.size).toBe(13);
  expect(seen.get('upgrade')).toBeGreaterThan(400);
});

it('parseProtocols() takes exactly the lists of the grammar, and no name twice [RFC 6455 4.1, 11.3.4]', () => {
  let taken = 0;
  fc.assert(
    fc.property(fc.array(nearly, { minLength: 1, maxLength: 2 }), (some) => {
      const text = some.join(', ');
      const result = parseProtocols(some);
      if (isProtocols(text)) {
        expect(result).toEqual(text.split(',').map((element) => element.trim()));
        taken++;
      } else expect(result, JSON.stringify(some)).toMatchObject({ kind: 'error', code: 'bad-protocol' });
    }),
    { numRuns: 8000 },
  );
  expect(taken).toBeGreaterThan(100);
});

const SENT = {
  accept: 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=',
  protocols: ['chat', 'superchat'],
  extensions: [{ name: 'permessage-deflate', params: [] }],
};

/** §4.1, "the client MUST validate the server's response", step by step. */
function responseBySpec(status: number, headers: Lines): string {
  // White space around a value is not part of it (RFC 9112 §5.1).
  const all = (name: string): string[] =>
    (headers[name] ?? []).map((value) => value.replace(/^[ \t]+|[ \t]+$/g, ''));
  if (status !== 101) return 'unexpected-status';
  if (all('upgrade').length !== 1 || !/^websocket$/i.test(all('upgrade')[0]!)) return 'bad-upgrade-header';
  if (!names(all('connection'), 'upgrade')) return 'bad-connection-header';
  if (all('sec-websocket-accept').length !== 1 || all('sec-websocket-accept')[0] !== SENT.accept)
    return 'bad-accept';
  const protocols = all('sec-websocket-protocol');
  if (protocols.length > 1 || (protocols.length === 1 && !new RegExp(`^${TOKEN}$`).test(protocols[0]!)))
    return 'bad-protocol';
  if (protocols.length === 1 && !SENT.protocols.includes(protocols[0]!)) return 'unasked-protocol';
  const extensions = all('sec-websocket-extensions');
  if (extensions.length === 0) return 'accepted';
  if (!EXTENSIONS.test(extensions.join(', '))) return 'bad-extensions';
  const used = extensions
    .join(',')
    .split(',')
    .map((one) => one.split(';')[0]!.trim())
    .filter((name) => name !== '');
  for (const [i, name] of used.entries()) {
    if (name !== 'permessage-deflate') return 'unasked-extension';
    if (i > 0) return 'bad-extensions';
  }
  return 'accepted';
}

const responses = fc.tuple(
  fc.oneof(
    { weight: 20, arbitrary: fc.constant(101) },
    { weight: 1, arbitrary: fc.constantFrom(200, 301, 400, 100) },
  ),
  fc.record({
    upgrade: lines(['websocket', 'WebSocket'], ['', 'a, websocket', 'websockets']),
    connection: lines(['Upgrade', 'keep-alive, UPGRADE'], ['', 'close']),
    'sec-websocket-accept': lines([SENT.accept], ['', SENT.accept.toLowerCase(), SENT.accept.slice(0, 27)]),
    'sec-websocket-protocol': lists(['chat', 'superchat', 'Chat', 'chat, superchat']),
    'sec-websocket-extensions': lists([
      'permessage-deflate',
      'permessage-deflate; a=1',
      'permessage-deflate, permessage-deflate',
      'permessage-deflate, x',
    ]),
  }),
);

it('readUpgradeResponse() takes the answers that RFC 6455 4.1 takes, and says of the others the first that is wrong', () => {
  const seen = new Map<string, number>();
  fc.assert(
    fc.property(responses, ([status, headers]) => {
      const expected = responseBySpec(status, headers);
      const result = readUpgradeResponse(
        {
          status,
          headers: { getAll: (name: string) => (headers as Lines)[name.toLowerCase()] ?? [] } as never,
        },
        SENT,
      );
      const verdict = result.kind === 'error' ? result.code : result.kind;
      expect(verdict, JSON.stringify([status, headers])).toBe(expected);
      seen.set(verdict, (seen.get(verdict) ?? 0) + 1);
    }),
    { numRuns: 6000 },
  );
  expect(seen.size).toBe(9);
  expect(seen.get('accepted')).toBeGreaterThan(400);
});
