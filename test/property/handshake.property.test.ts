import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBase64, encodeBase64 } from '../../src/bytes/base64.ts';
import { sha1 } from '../../src/bytes/sha1.ts';
import { ProtocolError } from '../../src/errors.ts';
import { computeAccept } from '../../src/handshake/accept.ts';
import { acceptUpgrade, formatAccept } from '../../src/handshake/answer.ts';
import { writeUpgradeRequest } from '../../src/handshake/client-request.ts';
import { readUpgradeResponse } from '../../src/handshake/client-response.ts';
import { type Extension, formatExtensions, parseExtensions } from '../../src/handshake/extensions.ts';
import { formatHost, parseHost } from '../../src/handshake/host.ts';
import { checkHost } from '../../src/handshake/host-policy.ts';
import { createKey, isKey } from '../../src/handshake/key.ts';
import { checkOrigin } from '../../src/handshake/origin.ts';
import { parseProtocols } from '../../src/handshake/protocols.ts';
import { readUpgrade } from '../../src/handshake/request.ts';
import { parseWebSocketUrl } from '../../src/handshake/url.ts';
import { RequestParser } from '../../src/http/request-parser.ts';
import { ResponseParser } from '../../src/http/response-parser.ts';

const TCHAR = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/** Tokens, among them the names that plain objects have already. */
const token = fc.oneof(
  { weight: 4, arbitrary: fc.string({ unit: fc.constantFrom(...TCHAR), minLength: 1, maxLength: 8 }) },
  { weight: 1, arbitrary: fc.constantFrom('__proto__', 'constructor', 'toString', 'permessage-deflate') },
);
const extension: fc.Arbitrary<Extension> = fc.record({
  name: token,
  params: fc.array(fc.tuple(token, fc.option(token, { nil: undefined })), { maxLength: 4 }),
});
const extensions = fc.array(extension, { maxLength: 4 });
const ows = fc.string({ unit: fc.constantFrom(' ', '\t'), maxLength: 3 });
/** Text made of what the grammars are made of, so that it often is nearly right. */
const nearly = fc.string({
  unit: fc.constantFrom(...'aZ09,;="\\ \t-_./:[]*@%#?\0\r\n\x7f\x80\xff'),
  maxLength: 40,
});
const latin1 = fc.string({ unit: fc.nat(255).map((unit) => String.fromCharCode(unit)), maxLength: 40 });
const anyValue = fc.oneof(nearly, latin1, fc.string({ unit: 'binary', maxLength: 20 }));

describe('SHA-1 and base64', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc.uint8Array({ minLength: 3900, maxLength: 4200 }),
  );

  it('sha1() agrees with node:crypto', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        expect(Buffer.from(sha1(data)).toString('hex')).toBe(createHash('sha1').update(data).digest('hex'));
      }),
    );
  });

  it('encodeBase64() agrees with Buffer, and decodeBase64() takes it back', () => {
    fc.assert(
      fc.property(bytes, (data) => {
        const text = encodeBase64(data);
        expect(text).toBe(Buffer.from(data).toString('base64'));
        expect(decodeBase64(text)).toEqual(Uint8Array.from(data));
      }),
    );
  });

  it('decodeBase64() takes only what encodeBase64() writes', () => {
    const nearlyBase64 = fc.string({ unit: fc.constantFrom(...'AQgwBZ09+/=- '), maxLength: 12 });
    fc.assert(
      fc.property(fc.oneof(nearlyBase64, fc.string()), (text) => {
        const decoded = decodeBase64(text);
        if (decoded !== undefined) expect(encodeBase64(decoded)).toBe(text);
      }),
      { numRuns: 2000 },
    );
  });

  it('computeAccept() agrees with node:crypto for every key, and isKey() knows what createKey() makes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (nonce) => {
        const key = createKey((target) => {
          target.set(nonce);
          return target;
        });
        const text = `${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
        expect(isKey(key)).toBe(true);
        expect(computeAccept(key)).toBe(createHash('sha1').update(text).digest('base64'));
      }),
    );
  });
});

describe('Sec-WebSocket-Extensions', () => {
  it('parseExtensions() reads what formatExtensions() writes [RFC 6455 9.1]', () => {
    fc.assert(
      fc.property(extensions, (list) => {
        const text = formatExtensions(list);
        expect(parseExtensions(text === '' ? [] : text)).toEqual(list);
      }),
    );
  });

  it('parseExtensions() reads the same however the header is spelled: white space, quotes, escapes, lines', () => {
    /** One extension in one of its spellings. */
    const spelled = extension.chain((each) =>
      fc
        .tuple(fc.constant(each), fc.infiniteStream(ows), fc.infiniteStream(fc.nat(2)))
        .map(([e, spaces, styles]) => {
          const space = (): string => spaces.next().value!;
          let text = `${space()}${e.name}${space()}`;
          for (const [name, value] of e.params) {
            text += `;${space()}${name}${space()}`;
            if (value === undefined) continue;
            const style = styles.next().value!;
            const written = style === 0 ? value : `"${style === 1 ? value : value.replaceAll(/./g, '\\$&')}"`;
            text += `=${space()}${written}${space()}`;
          }
          return [e, text] as const;
        }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.array(spelled, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
        (lines) => {
          const texts = lines.map((line) => line.map(([, text]) => text).join(','));
          const expected = lines.flat().map(([each]) => each);
          expect(parseExtensions(texts)).toEqual(expected);
          expect(parseExtensions(texts.join(', '))).toEqual(expected);
        },
      ),
    );
  });

  it('parseExtensions() takes exactly what a transcription of the grammar takes [RFC 6455 9.1, RFC 2616 2.1]', () => {
    const word = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
    const lws = '[ \\t]*';
    const quoted = `"(?:\\\\?${word})+"`;
    const param = `${lws}${word}+${lws}(?:=${lws}(?:${word}+|${quoted})${lws})?`;
    const element = `${lws}${word}+${lws}(?:;${param})*`;
    const list = new RegExp(`^(?:${lws},)*${element}(?:,(?:${element}|${lws}))*$`);
    const near = fc.string({ unit: fc.constantFrom(...'aab,;="\\ \t!/\0\xe9'), maxLength: 12 });
    fc.assert(
      fc.property(near, (text) => {
        expect(Array.isArray(parseExtensions(text))).toBe(list.test(text));
      }),
      { numRuns: 20_000 },
    );
  });
});

describe('every reader is total', () => {
  it('parseExtensions(), parseProtocols(): a list or an error inside of the text', () => {
    fc.assert(
      fc.property(fc.array(anyValue, { maxLength: 3 }), (lines) => {
        for (const result of [parseExtensions(lines), parseProtocols(lines)]) {
          if (!('kind' in result)) continue;
          expect(result).toBeInstanceOf(ProtocolError);
          expect(result.offset).toBeGreaterThanOrEqual(0);
          expect(result.offset).toBeLessThanOrEqual(lines.join(', ').length);
        }
      }),
      { numRuns: 3000 },
    );
  });

  it('checkOrigin(), checkHost(): a verdict, and nothing that is not listed is welcome', () => {
    const rules = ['same-host', 'https://*.example.com', 'http://localhost:*'];
    fc.assert(
      fc.property(anyValue, anyValue, (origin, host) => {
        expect(['origin-refused', undefined]).toContain(checkOrigin(origin, host, rules)?.code);
        expect(['host-refused', undefined]).toContain(checkHost(host, ['*.example.com'])?.code);
      }),
      { numRuns: 3000 },
    );
  });

  it('readUpgrade(): an upgrade or a refusal with a 4xx, whatever the headers hold', () => {
    const names = [
      'host',
      'upgrade',
      'connection',
      'sec-websocket-key',
      'sec-websocket-version',
      'sec-websocket-protocol',
      'sec-websocket-extensions',
      'origin',
      'content-length',
      'transfer-encoding',
    ];
    const good = [
      'h',
      'websocket',
      'upgrade',
      'dGhlIHNhbXBsZSBub25jZQ==',
      '13',
      'a',
      'b',
      'https://h',
      '0',
      '',
    ];
    const value = (index: number): fc.Arbitrary<string[]> =>
      fc.oneof(
        { weight: 3, arbitrary: fc.constant([good[index]!].filter(() => index < 8)) },
        { weight: 1, arbitrary: fc.array(anyValue, { maxLength: 2 }) },
      );
    fc.assert(
      fc.property(fc.tuple(...names.map((_, index) => value(index))), (values) => {
        const headers = { getAll: (name: string) => values[names.indexOf(name)] ?? [] };
        const result = readUpgrade({ method: 'GET', version: '1.1', headers });
        if (result.kind === 'upgrade') expect(isKey(result.key)).toBe(true);
        else expect([400, 403, 426]).toContain(result.status);
      }),
      { numRuns: 3000 },
    );
  });

  it('parseWebSocketUrl(): parts, or a TypeError with a code', () => {
    const urls = fc
      .tuple(fc.constantFrom('ws://', 'wss://', 'HTTP://', 'ws:', ''), anyValue)
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(urls, (url) => {
        try {
          const parts = parseWebSocketUrl(url);
          expect(parts.target).toMatch(/^\/[\x21-\x7e]*$/);
          expect(parts.port).toBeGreaterThan(0);
          expect(parseHost(parts.hostHeader)).toMatchObject({ hostname: parts.hostname });
        } catch (error) {
          expect(error).toMatchObject({ name: 'TypeError', code: 'bad-argument' });
        }
      }),
      { numRuns: 3000 },
    );
  });
});

describe('hosts and URLs', () => {
  it('parseHost() reads what formatHost() writes, and each IPv6 address has one spelling, that of URL', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.ipV6(), fc.ipV4(), fc.domain()),
        fc.option(fc.nat(65_535), { nil: undefined }),
        (text, port) => {
          const name = text.includes(':') ? `[${text}]` : text;
          const host = parseHost(port === undefined ? name : `${name}:${port}`)!;
          expect(host.port).toBe(port);
          expect(parseHost(formatHost(host))).toEqual(host);
          const hostname = new URL(`http://${name}/`).hostname;
          expect(host.kind === 'ipv6' ? `[${host.hostname}]` : host.hostname).toBe(hostname);
        },
      ),
      { numRuns: 1000 },
    );
  });

  it('parseWebSocketUrl() agrees with URL on what URL has serialized, but for an empty query', () => {
    const url = fc.webUrl({ validSchemes: ['ws', 'wss'], withQueryParameters: true });
    fc.assert(
      fc.property(url, (text) => {
        const parsed = new URL(text);
        const parts = parseWebSocketUrl(parsed);
        expect(parts.secure).toBe(parsed.protocol === 'wss:');
        expect(parts.hostHeader).toBe(parsed.host);
        expect(parts.hostname).toBe(parsed.hostname);
        expect(String(parts.port)).toBe(parsed.port || (parts.secure ? '443' : '80'));
        expect(parts.target).toBe(`${parsed.pathname}${parsed.search}`);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('both ends', () => {
  const fieldValue = fc.string({
    unit: fc
      .oneof(fc.integer({ min: 0x20, max: 0x7e }), fc.integer({ min: 0x80, max: 0xff }))
      .map((unit) => String.fromCharCode(unit)),
    maxLength: 20,
  });
  const offer = fc.record({
    protocols: fc.uniqueArray(token, { maxLength: 4 }),
    extensions: fc.uniqueArray(extension, { maxLength: 4, selector: ({ name }) => name }),
    cookie: fc.option(fieldValue, { nil: undefined }),
    origin: fc.option(fc.constantFrom('null', 'https://example.com', 'http://[::1]:3000'), {
      nil: undefined,
    }),
    path: fc.webPath(),
    choose: fc.nat(),
    cut: fc.nat(),
  });

  it('a server reads what a client writes, the client reads what the server answers, and both know the same', () => {
    fc.assert(
      fc.property(offer, ({ protocols, extensions: offered, cookie, origin, path, choose, cut }) => {
        const sent = writeUpgradeRequest(`ws://example.com:81${path || '/'}`, {
          protocols,
          extensions: offered,
          ...(origin === undefined ? {} : { origin }),
          ...(cookie === undefined ? {} : { headers: { Cookie: cookie } }),
        });
        const parser = new RequestParser();
        const at = cut % sent.bytes.length;
        for (const chunk of [sent.bytes.slice(0, at), sent.bytes.slice(at)]) parser.push(chunk);
        const head = parser.next();
        if (head?.kind !== 'head') throw head;
        expect(head.target).toBe(sent.url.target);
        expect(head.headers.get('cookie')).toBe(cookie?.replaceAll(/^ +| +$/g, ''));

        const upgrade = readUpgrade(head);
        expect(upgrade).toEqual({
          kind: 'upgrade',
          key: sent.key,
          accept: sent.accept,
          protocols,
          extensions: offered,
          origin,
          host: 'example.com:81',
        });
        if (upgrade.kind !== 'upgrade') return;

        const protocol = protocols[choose % (protocols.length + 1)];
        const used = offered.slice(0, choose % (offered.length + 1));
        const answer = formatAccept(acceptUpgrade(upgrade, { protocol, extensions: used }));
        const responses = new ResponseParser();
        responses.expect('GET');
        responses.push(Uint8Array.from(answer, (character) => character.charCodeAt(0)));
        const response = responses.next();
        if (response?.kind !== 'head') throw response;
        expect(readUpgradeResponse(response, sent)).toMatchObject({
          kind: 'accepted',
          protocol: protocol ?? '',
          extensions: used,
        });
      }),
      { numRuns: 300 },
    );
  });
});
