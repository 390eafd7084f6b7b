import { describe, expect, it } from 'vitest';
import {
  acceptOffer,
  checkAnswer,
  createOffer,
  type DeflateExtension,
  type DeflateParams,
} from '../../../src/deflate/negotiate.ts';
import { type CompressionOptions, resolveCompression } from '../../../src/deflate/options.ts';
import { ProtocolError } from '../../../src/errors.ts';
import { parseExtensions } from '../../../src/handshake/extensions.ts';
import { RequestParser } from '../../../src/http/request-parser.ts';
import { ResponseParser } from '../../../src/http/response-parser.ts';
import { concat, DELIVERIES, utf8 } from '../../support/deliveries.ts';
import { loadVectors, type VectorBytes, vectorBytes } from '../../support/vectors.ts';

type JsonExtension = { name: string; params: [name: string, value?: string][] };
interface Options {
  readonly compression: true | CompressionOptions;
  readonly extensions: readonly JsonExtension[];
  readonly offer?: readonly JsonExtension[];
}

/** JSON has no undefined: a parameter without a value has one element. */
function extensions(list: readonly JsonExtension[]): DeflateExtension[] {
  return list.map(({ name, params }) => ({
    name,
    params: params.map(([key, value]) => [key, value] as const),
  }));
}

/**
 * The extensions of a head whose header has the vector's bytes as its value, parsed by those who parse it in earnest, in each
 * delivery. Undefined where the grammar of the header takes no such value, which the parsed form of a vector may have.
 */
function delivered(start: string, make: () => RequestParser | ResponseParser, bytes: VectorBytes) {
  const wire = concat([utf8(`${start}\r\nSec-WebSocket-Extensions: `), vectorBytes(bytes), utf8('\r\n\r\n')]);
  return DELIVERIES.map(([, deliver]) => {
    const parser = make();
    let head: ReturnType<typeof parser.next>;
    for (const chunk of deliver(wire)) {
      parser.push(chunk);
      head ??= parser.next();
    }
    if (head?.kind !== 'head') throw new Error('Expected a head');
    const parsed = parseExtensions(head.headers.get('sec-websocket-extensions') ?? '');
    return 'kind' in parsed ? undefined : parsed.map(({ name, params }) => ({ name, params }));
  });
}

function write(params: DeflateExtension['params']): string {
  return params.map(([name, value]) => (value === undefined ? name : `${name}=${value}`)).join('; ');
}

describe('what a caller gets wrong', () => {
  const resolved = resolveCompression();
  const offer = createOffer(resolved);
  type Call = (...args: never[]) => unknown;

  it.each<[string, Call, readonly unknown[]]>([
    ['acceptOffer() of a header', acceptOffer, ['permessage-deflate', resolved]],
    ['acceptOffer() of an error', acceptOffer, [parseExtensions('a b'), resolved]],
    ['acceptOffer() with options as written', acceptOffer, [offer, { windowBits: 9 }]],
    ['acceptOffer() without options', acceptOffer, [offer]],
    ['createOffer() without options', createOffer, []],
    ['createOffer() with true', createOffer, [true]],
    ['checkAnswer() of a header', checkAnswer, ['permessage-deflate', offer]],
    ['checkAnswer() without the offer', checkAnswer, [offer, undefined]],
  ])('%s throws at the call, with a code', (_, call, args) => {
    expect(() => call(...(args as never[]))).toThrow(
      expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
    );
  });
});

describe('acceptOffer()', () => {
  type Expect = { readonly response?: string; readonly declined?: true; readonly error?: string };
  const { vectors } = loadVectors<Options, Expect>('deflate-offer');

  it.each(vectors.map((vector) => [vector.name, vector.rule, vector] as const))(
    '%s [%s]',
    (_name, _rule, vector) => {
      const { compression, extensions: offers } = vector.options!;
      const result = acceptOffer(extensions(offers), resolveCompression(compression));
      if (vector.expect.declined) {
        expect(result).toBeUndefined();
      } else if (vector.expect.error !== undefined) {
        expect(result).toBeInstanceOf(ProtocolError);
        expect(result).toMatchObject({ code: vector.expect.error, status: 400 });
        // What the peer sent is not repeated: the text may end up in a log or an answer.
        expect((result as ProtocolError).message).not.toContain('1000');
      } else {
        if (result?.kind !== 'accepted') throw new Error(`Cannot accept: ${String(result)}`);
        expect(write(result.response.params)).toBe(vector.expect.response);
        // What a client makes of the answer is what the server holds.
        const offer = extensions(offers).find(
          ({ name, params }) => name === 'permessage-deflate' && !write(params).includes('foo'),
        );
        const answered = checkAnswer([result.response], [offer!]);
        if (vector.name !== 'client_max_window_bits not offered and needed, but offered next') {
          expect(answered).toEqual(result.params);
        }
      }
    },
  );

  it.each(vectors.map((vector) => [vector.name, vector] as const))(
    'has in the vector “%s” what its bytes say, however they come',
    (_name, { bytes, options, expect: { error } }) => {
      const start = 'GET / HTTP/1.1\r\nHost: a';
      for (const parsed of delivered(start, () => new RequestParser(), bytes)) {
        if (parsed === undefined) expect(error).toBe('bad-deflate-parameters');
        else expect(parsed).toEqual(extensions(options!.extensions));
      }
    },
  );

  it('accepts every well-formed offer, and grants no more than it asks for [RFC 7692 7.1]', () => {
    const bits = [undefined, 8, 11, 15];
    for (const serverNo of [false, true]) {
      for (const clientNo of [false, true]) {
        for (const serverBits of bits) {
          for (const clientBits of [...bits, true as const]) {
            for (const own of [
              true,
              { contextTakeover: true },
              { contextTakeover: true, windowBits: { outgoing: 10 } },
            ] as const) {
              const params: [string, string | undefined][] = [];
              if (serverNo) params.push(['server_no_context_takeover', undefined]);
              if (clientNo) params.push(['client_no_context_takeover', undefined]);
              if (serverBits !== undefined) params.push(['server_max_window_bits', String(serverBits)]);
              if (clientBits !== undefined) {
                params.push(['client_max_window_bits', clientBits === true ? undefined : String(clientBits)]);
              }
              const offer = [{ name: 'permessage-deflate', params }];
              const result = acceptOffer(offer, resolveCompression(own));
              if (result?.kind !== 'accepted') throw new Error(`Cannot accept ${write(params)}`);
              if (serverNo) expect(result.params.serverNoContextTakeover).toBe(true);
              expect(result.params.serverMaxWindowBits).toBeLessThanOrEqual(serverBits ?? 15);
              if (typeof clientBits === 'number') {
                expect(result.params.clientMaxWindowBits).toBeLessThanOrEqual(clientBits);
              }
              expect(checkAnswer([result.response], offer)).toEqual(result.params);
            }
          }
        }
      }
    }
  });
});

describe('checkAnswer()', () => {
  type Expect = { readonly params?: DeflateParams; readonly declined?: true; readonly error?: string };
  const { vectors } = loadVectors<Options, Expect>('deflate-answer');

  it.each(vectors.map((vector) => [vector.name, vector.rule, vector] as const))(
    '%s [%s]',
    (_name, _rule, vector) => {
      const { compression, extensions: answered, offer } = vector.options!;
      const offered = offer === undefined ? createOffer(resolveCompression(compression)) : extensions(offer);
      const result = checkAnswer(extensions(answered), offered);
      if (vector.expect.declined) {
        expect(result).toBeUndefined();
      } else if (vector.expect.error !== undefined) {
        expect(result).toBeInstanceOf(ProtocolError);
        expect(result).toMatchObject({ code: vector.expect.error, answer: 0 });
      } else {
        expect(result).toEqual(vector.expect.params);
      }
    },
  );

  it.each(vectors.map((vector) => [vector.name, vector] as const))(
    'has in the vector “%s” what its bytes say, however they come',
    (_name, { bytes, options, expect: { error } }) => {
      if (bytes === '') return;
      for (const parsed of delivered('HTTP/1.1 101 x', () => new ResponseParser(), bytes)) {
        if (parsed === undefined) expect(error).toBe('bad-deflate-parameters');
        else expect(parsed).toEqual(extensions(options!.extensions));
      }
    },
  );
});

describe('createOffer()', () => {
  it.each([
    [true, 'server_no_context_takeover; client_no_context_takeover; client_max_window_bits'],
    [{ contextTakeover: true }, 'client_max_window_bits'],
    [{ contextTakeover: { incoming: true } }, 'client_no_context_takeover; client_max_window_bits'],
    [{ contextTakeover: true, windowBits: 9 }, 'server_max_window_bits=9; client_max_window_bits=9'],
    [{ contextTakeover: true, windowBits: { outgoing: 8 } }, 'client_max_window_bits=8'],
  ] as const)('offers what the options say: %j [RFC 7692 7.1]', (options, expected) => {
    const offer = createOffer(resolveCompression(options));
    expect(offer).toHaveLength(1);
    expect(offer[0]!.name).toBe('permessage-deflate');
    expect(write(offer[0]!.params)).toBe(expected);
  });
});

describe('checkAnswer() and an offer that the app made by hand', () => {
  it('does not agree to what the offer itself must not have [RFC 7692 7.1.2]', () => {
    const offer = [{ name: 'permessage-deflate', params: [['server_max_window_bits', '1000']] as const }];
    const answer = [{ name: 'permessage-deflate', params: [] }];
    expect(checkAnswer(answer, offer)).toMatchObject({
      code: 'bad-deflate-parameters',
      message: expect.stringContaining('of the offer'),
    });
  });

  it('finds the offer among others, and knows when it was not there [RFC 6455 4.1]', () => {
    const other = { name: 'x-other', params: [] };
    const answer = [{ name: 'permessage-deflate', params: [] }];
    expect(checkAnswer(answer, [other, { name: 'permessage-deflate', params: [] }])).toMatchObject({
      serverMaxWindowBits: 15,
    });
    expect(checkAnswer(answer, [other])).toMatchObject({ code: 'unasked-extension' });
  });
});
