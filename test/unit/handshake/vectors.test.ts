import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { writeUpgradeRequest } from '../../../src/handshake/client-request.ts';
import { readUpgradeResponse } from '../../../src/handshake/client-response.ts';
import { type Extension, parseExtensions } from '../../../src/handshake/extensions.ts';
import { checkHost, type HostOption } from '../../../src/handshake/host-policy.ts';
import { checkOrigin, type OriginOption } from '../../../src/handshake/origin.ts';
import { parseProtocols } from '../../../src/handshake/protocols.ts';
import { readUpgrade } from '../../../src/handshake/request.ts';
import { type RequestHead, RequestParser } from '../../../src/http/request-parser.ts';
import { type ResponseHead, ResponseParser } from '../../../src/http/response-parser.ts';
import { concat, DELIVERIES, toHex, utf8 } from '../../support/deliveries.ts';
import { loadVectors, type Vector, vectorBytes } from '../../support/vectors.ts';

/** Extensions as JSON has them: null for a parameter without a value. */
interface JsonExtension {
  readonly name: string;
  readonly params: ReadonlyArray<readonly [string, string | null]>;
}

function toJson(extensions: readonly Extension[]): JsonExtension[] {
  return extensions.map(({ name, params }) => ({
    name,
    params: params.map(([param, value]) => [param, value ?? null] as const),
  }));
}

function fromJson(extensions: readonly JsonExtension[]): Extension[] {
  return extensions.map(({ name, params }) => ({
    name,
    params: params.map(([param, value]) => [param, value ?? undefined] as const),
  }));
}

/** A value of a header as text, one byte a character. */
function text(vector: Pick<Vector<unknown, unknown>, 'bytes'>): string {
  return Buffer.from(vectorBytes(vector.bytes)).toString('latin1');
}

/** Name of a test: the vector's own, with its rule and ids. */
function title({ name, rule, refs = [] }: Vector<unknown, unknown>): string {
  return `${name} [${[rule, ...refs].join(', ')}]`;
}

/** The head of the one request in `chunks`, and the bytes behind it; or the error of its syntax. */
function parseRequest(chunks: Uint8Array[]): { head: RequestHead; rest: () => string } | ProtocolError {
  const parser = new RequestParser();
  let head: RequestHead | undefined;
  for (const chunk of chunks) {
    parser.push(chunk);
    const event = head === undefined ? parser.next() : undefined;
    if (event?.kind === 'error') return event;
    if (event?.kind === 'head') head = event;
  }
  if (head === undefined) throw new Error('Expected a whole head');
  return {
    head,
    rest: () => {
      expect(parser.next()?.kind).toBe('end');
      return toHex(parser.takeRest());
    },
  };
}

interface RequestExpect {
  readonly upgrade?: { readonly extensions: readonly JsonExtension[]; readonly [name: string]: unknown };
  readonly rest?: string;
  readonly refusal?: {
    readonly status: number;
    readonly code: string;
    readonly headers?: ReadonlyArray<readonly [string, string]>;
  };
}

describe.each(DELIVERIES)('readUpgrade(), vectors of handshake-request delivered %s', (_how, deliver) => {
  const { vectors } = loadVectors<undefined, RequestExpect>('handshake-request');
  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
    const parsed = parseRequest(deliver(vectorBytes(vector.bytes)));
    if (parsed instanceof ProtocolError) {
      expect({ status: parsed.status, code: parsed.code }).toEqual(vector.expect.refusal);
      return;
    }
    const result = readUpgrade(parsed.head);
    if (result.kind === 'refusal') {
      const { headers, ...refusal } = vector.expect.refusal ?? {};
      expect({ status: result.status, code: result.error.code }).toEqual(refusal);
      if (headers !== undefined) expect(result.headers).toEqual(headers);
    } else {
      const { kind: _kind, extensions, origin = null, ...others } = result;
      expect({ ...others, origin, extensions: toJson(extensions) }).toEqual(vector.expect.upgrade);
      expect(parsed.rest()).toBe(vector.expect.rest ?? '');
    }
  });
});

interface ResponseOptions {
  readonly key: string;
  readonly protocols: readonly string[];
  readonly extensions: readonly JsonExtension[];
}

interface ResponseExpect {
  readonly accepted?: { readonly protocol: string; readonly extensions: readonly JsonExtension[] };
  readonly rest?: string;
  readonly error?: { readonly code: string };
}

/** The same for a response. */
function parseResponse(chunks: Uint8Array[]): { head: ResponseHead; rest: () => string } | ProtocolError {
  const parser = new ResponseParser();
  parser.expect('GET');
  let head: ResponseHead | undefined;
  for (const chunk of chunks) {
    parser.push(chunk);
    const event = head === undefined ? parser.next() : undefined;
    if (event?.kind === 'error') return event;
    if (event?.kind === 'head') head = event;
  }
  if (head === undefined) throw new Error('Expected a whole head');
  return {
    head,
    rest: () => {
      expect(parser.next()?.kind).toBe('end');
      return toHex(parser.takeRest());
    },
  };
}

describe.each(DELIVERIES)(
  'readUpgradeResponse(), vectors of handshake-response delivered %s',
  (_how, deliver) => {
    const { vectors } = loadVectors<ResponseOptions, ResponseExpect>('handshake-response');
    it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
      const { key, protocols, extensions } = vector.options!;
      const sent = writeUpgradeRequest('ws://server.example.com/chat', {
        key,
        protocols,
        extensions: fromJson(extensions),
      });
      const parsed = parseResponse(deliver(vectorBytes(vector.bytes)));
      const result = parsed instanceof ProtocolError ? parsed : readUpgradeResponse(parsed.head, sent);
      if (result.kind === 'error') {
        expect({ code: result.code }).toEqual(vector.expect.error);
        return;
      }
      expect({ protocol: result.protocol, extensions: toJson(result.extensions) }).toEqual(
        vector.expect.accepted,
      );
      expect(parsed instanceof ProtocolError ? '' : parsed.rest()).toBe(vector.expect.rest ?? '');
    });
  },
);

interface ErrorExpect {
  readonly error?: { readonly code: string; readonly offset: number };
}

/** A whole upgrade request around the value of one header. */
function requestWith(name: string, value: Uint8Array): Uint8Array {
  const lines = [
    'GET / HTTP/1.1',
    ...(name === 'Host' ? [] : ['Host: h']),
    'Upgrade: websocket',
    'Connection: Upgrade',
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
    'Sec-WebSocket-Version: 13',
    `${name}: `,
  ];
  return concat([utf8(lines.join('\r\n')), value, utf8('\r\n\r\n')]);
}

/** Whether `check` takes the value of a header that came in a request, delivered in each way. No head, no welcome. */
function eachVerdict(name: string, vector: Vector<unknown, { allowed: boolean }>, check: Check): void {
  const value = vectorBytes(vector.bytes);
  // White space around a value is gone before a policy sees it.
  if (text(vector) !== text(vector).trim()) return;
  for (const [how, deliver] of DELIVERIES) {
    const parsed = parseRequest(deliver(requestWith(name, value)));
    const isAllowed =
      !(parsed instanceof ProtocolError) && check(parsed.head.headers.get(name) ?? '') === undefined;
    expect(isAllowed, how).toBe(vector.expect.allowed);
  }
}
type Check = (value: string) => ProtocolError | undefined;

/** What `readUpgrade` makes of a header's value, delivered in each way; heads over the limit are left out. */
function eachDelivery(name: string, value: Uint8Array, check: (code: string | undefined) => void): void {
  if (value.length > 8_000) return;
  for (const [, deliver] of DELIVERIES) {
    const parsed = parseRequest(deliver(requestWith(name, value)));
    const result = parsed instanceof ProtocolError ? parsed : readUpgrade(parsed.head);
    if (result.kind === 'upgrade') check(undefined);
    else check(result.kind === 'error' ? result.code : result.error.code);
  }
}

describe('parseExtensions(), vectors of handshake-extensions', () => {
  const { vectors } = loadVectors<undefined, ErrorExpect & { extensions?: readonly JsonExtension[] }>(
    'handshake-extensions',
  );
  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
    const { error, extensions } = vector.expect;
    const result = parseExtensions(text(vector));
    if ('kind' in result) expect({ code: result.code, offset: result.offset }).toEqual(error);
    else expect(toJson(result)).toEqual(extensions);
    eachDelivery('Sec-WebSocket-Extensions', vectorBytes(vector.bytes), (code) => {
      if (error === undefined) expect(code).toBeUndefined();
      else expect(['bad-extensions', 'bad-header-value', 'bad-header-name', 'bare-cr']).toContain(code);
    });
  });
});

describe('parseProtocols(), vectors of handshake-protocols', () => {
  const { vectors } = loadVectors<undefined, ErrorExpect & { protocols?: readonly string[] }>(
    'handshake-protocols',
  );
  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
    const { error, protocols } = vector.expect;
    const result = parseProtocols(text(vector));
    if ('kind' in result) expect({ code: result.code, offset: result.offset }).toEqual(error);
    else expect(result).toEqual(protocols);
    eachDelivery('Sec-WebSocket-Protocol', vectorBytes(vector.bytes), (code) => {
      if (error === undefined) expect(code).toBeUndefined();
      else expect(['bad-protocol', 'bad-header-value', 'bad-header-name', 'bare-cr']).toContain(code);
    });
  });
});

describe('checkOrigin(), vectors of handshake-origin', () => {
  type Options = { readonly host: string; readonly policy: OriginOption; readonly secure?: boolean };
  const { vectors } = loadVectors<Options, { allowed: boolean }>('handshake-origin');
  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
    const { host, policy, secure } = vector.options!;
    const check: Check = (origin) => checkOrigin(origin, host, policy, { secure });
    const error = check(text(vector));
    expect(error === undefined).toBe(vector.expect.allowed);
    if (error !== undefined) expect([error.code, error.status]).toEqual(['origin-refused', 403]);
    eachVerdict('Origin', vector, check);
  });
});

describe('checkHost(), vectors of handshake-host', () => {
  const { vectors } = loadVectors<{ readonly policy: HostOption }, { allowed: boolean }>('handshake-host');
  it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
    const check: Check = (host) => checkHost(host, vector.options!.policy);
    const error = check(text(vector));
    expect(error === undefined).toBe(vector.expect.allowed);
    if (error !== undefined) expect([error.code, error.status]).toEqual(['host-refused', 403]);
    eachVerdict('Host', vector, check);
  });
});
