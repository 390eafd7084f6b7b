import * as fc from 'fast-check';
import {
  chunkedBodies,
  chunksOf,
  frames,
  type Hostile,
  hostileChunkedBodies,
  hostileFrames,
  hostileMessages,
  hostileRequests,
  hostileUpgradeRequests,
  hostileUpgradeResponses,
  lengths,
  messages,
  payloads,
  requests,
  upgradeRequests,
  upgradeResponses,
} from 'sansocket/arbitraries';
import { readUpgrade, readUpgradeResponse, writeUpgradeRequest } from 'sansocket/handshake';
import {
  type RequestEvent,
  type RequestHead,
  RequestParser,
  type ResponseHead,
  ResponseParser,
} from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { concat, toHex, utf8 } from '../support/deliveries.ts';

function parse(chunks: readonly Uint8Array[]): RequestEvent[] {
  const parser = new RequestParser();
  const events: RequestEvent[] = [];
  for (const chunk of chunks) {
    parser.push(chunk);
    for (let event = parser.next(); event !== undefined; event = parser.next()) events.push(event);
  }
  return events;
}
const bodyOf = (events: readonly RequestEvent[]): string =>
  toHex(concat(events.flatMap((event) => (event.kind === 'body' ? [event.bytes] : []))));
const verdict = (events: readonly RequestEvent[]): string => {
  const last = events.at(-1);
  return last?.kind === 'error' ? last.code : (last?.kind ?? 'nothing');
};

describe('the generators of requests', () => {
  it('requests: our parser takes each, with the meaning that it was generated with [RFC 9112]', () => {
    fc.assert(
      fc.property(requests(600), requests(40), chunksOf(), (request, next, cut) => {
        const events = parse(cut(concat([request.bytes, next.bytes])));
        expect(verdict(events)).toBe('end');
        const second = events.findIndex((event, i) => i > 0 && event.kind === 'head');
        const own = events.slice(0, second);
        const head = own[0] as RequestHead;
        expect([head.method, head.target]).toEqual([request.method, request.target]);
        for (const [name, value] of request.headers) expect(head.headers.getAll(name)).toContain(value);
        expect([...head.headers].length).toBe(request.headers.length);
        expect(bodyOf(own)).toBe(toHex(request.body));
        const end = own.at(-1);
        const trailers = end?.kind === 'end' && end.trailers !== undefined ? [...end.trailers] : [];
        expect(trailers.map(([, value]) => value)).toEqual(request.trailers.map(([, value]) => value));
        expect((events[second] as RequestHead).target).toBe(next.target);
      }),
      { numRuns: 200 },
    );
  });

  it('chunkedBodies: our parser joins each to its data [RFC 9112 7.1]', () => {
    const head = utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    fc.assert(
      fc.property(chunkedBodies(300), chunksOf(), (body, cut) => {
        const events = parse(cut(concat([head, body.bytes])));
        expect(verdict(events)).toBe('end');
        expect(bodyOf(events)).toBe(toHex(body.data));
      }),
      { numRuns: 150 },
    );
  });

  it('hostileRequests and hostileChunkedBodies: our parser refuses each with 4xx or 5xx, in any cut', () => {
    const head = utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n');
    const hostile = fc.oneof(
      hostileRequests(),
      hostileChunkedBodies().map(({ bytes, ...rest }) => ({ ...rest, bytes: concat([head, bytes]) })),
    );
    fc.assert(
      fc.property(hostile, chunksOf(), ({ bytes, why }, cut) => {
        const last = parse(cut(bytes)).at(-1);
        expect(last?.kind === 'error' && last.status, why).toBeGreaterThanOrEqual(400);
      }),
      { numRuns: 400 },
    );
  });
});

describe('the generators of handshakes', () => {
  it('upgradeRequests: our server takes each, and makes the accept that the RFC asks for [RFC 6455 4.2]', () => {
    fc.assert(
      fc.property(upgradeRequests(), (request) => {
        const [head] = parse([request.bytes.slice()]);
        if (head?.kind !== 'head') throw new Error('no head');
        expect(readUpgrade(head)).toMatchObject({
          kind: 'upgrade',
          accept: request.accept,
          protocols: request.protocols,
          host: request.host,
          origin: request.origin,
        });
      }),
      { numRuns: 300 },
    );
  });

  it('hostileUpgradeRequests: our server refuses each [RFC 6455 4.2.1]', () => {
    fc.assert(
      fc.property(hostileUpgradeRequests(), ({ bytes, why }) => {
        const [first] = parse([bytes.slice()]);
        if (first?.kind !== 'head') throw new Error(`no head: ${why}`);
        expect(readUpgrade(first).kind, why).toBe('refusal');
      }),
      { numRuns: 200 },
    );
  });

  const key = 'dGhlIHNhbXBsZSBub25jZQ==';
  const answer = (bytes: Uint8Array): ResponseHead => {
    const parser = new ResponseParser();
    parser.expect('GET');
    parser.push(bytes);
    const head = parser.next();
    if (head?.kind !== 'head') throw new Error('no head');
    return head;
  };

  it('upgradeResponses: our client takes each [RFC 6455 4.1]', () => {
    const protocols = ['chat', 'superchat'];
    const sent = writeUpgradeRequest('ws://a/', { key, protocols });
    fc.assert(
      fc.property(upgradeResponses(key, protocols), ({ bytes, protocol }) => {
        expect(readUpgradeResponse(answer(bytes.slice()), sent)).toMatchObject({
          kind: 'accepted',
          protocol: protocol ?? '',
        });
      }),
      { numRuns: 200 },
    );
  });

  it('hostileUpgradeResponses: our client refuses each [RFC 6455 4.1]', () => {
    const sent = writeUpgradeRequest('ws://a/', { key });
    fc.assert(
      fc.property(hostileUpgradeResponses(), ({ bytes, why }) => {
        expect(readUpgradeResponse(answer(bytes.slice()), sent).kind, why).toBe('error');
      }),
      { numRuns: 100 },
    );
  });
});

describe('what the generators reach', () => {
  const sample = <T>(arbitrary: fc.Arbitrary<T>, numRuns = 3000): T[] =>
    fc.sample(arbitrary, { numRuns, seed: 5 });
  /** Both sides of where a length changes its form (RFC 6455 §5.2), and what there is to be empty. */
  const SIDES = [0, 1, 125, 126, 127, 65_535, 65_536];

  it('lengths, payloads, frames: both sides of every form of a length', () => {
    const seen = [
      sample(lengths()),
      sample(payloads(), 6000).map(({ length }) => length),
      sample(frames(), 6000).map(({ payload }) => payload.length),
    ];
    for (const each of seen) expect(SIDES.filter((length) => !each.includes(length))).toEqual([]);
    expect(Math.max(...sample(lengths(300)))).toBeLessThanOrEqual(300);
  });

  it('frames: every opcode, masked and not; control frames of 125 bytes', () => {
    const seen = sample(frames());
    expect([...new Set(seen.map(({ opcode }) => opcode))].sort((a, b) => a - b)).toEqual([0, 1, 2, 8, 9, 10]);
    expect(new Set(seen.map(({ maskKey }) => maskKey === undefined)).size).toBe(2);
    expect(seen.some(({ opcode, payload }) => opcode > 7 && payload.length === 125)).toBe(true);
  });

  it('messages: one frame to six, cut inside of characters, empty fragments, control frames between', () => {
    const seen = sample(messages({ maxPayloadBytes: 500 })).map((message) => message.frames);
    const data = seen.map((list) => list.filter(({ opcode }) => opcode < 8));
    expect(new Set(data.map(({ length }) => length))).toEqual(new Set([1, 2, 3, 4, 5, 6]));
    const isInside = ({ payload }: { payload: Uint8Array }): boolean => (payload[0] ?? 0) >> 6 === 2;
    expect(data.some(([first, next]) => first!.opcode === 1 && next !== undefined && isInside(next))).toBe(
      true,
    );
    expect(data.some((list) => list.length > 2 && list[1]!.payload.length === 0)).toBe(true);
    expect(seen.some((list) => list[1] !== undefined && list[1].opcode > 7)).toBe(true);
  });

  it('requests: no body, a length, chunks; trailers', () => {
    const seen = sample(requests(200), 1000);
    expect(new Set(seen.map(({ framing }) => framing))).toEqual(
      new Set(['none', 'content-length', 'chunked']),
    );
    expect(seen.some(({ trailers }) => trailers.length > 0)).toBe(true);
  });

  it.each<[name: string, faults: number, arbitrary: fc.Arbitrary<Hostile>]>([
    ['hostileFrames', 15, hostileFrames()],
    ['hostileMessages', 14, hostileMessages()],
    ['hostileRequests', 35, hostileRequests()],
    ['hostileChunkedBodies', 15, hostileChunkedBodies()],
    ['hostileUpgradeRequests', 20, hostileUpgradeRequests()],
    ['hostileUpgradeResponses', 12, hostileUpgradeResponses()],
  ])('%s: at least %i different faults, each with its rule', (_name, faults, arbitrary) => {
    const seen = new Map(sample(arbitrary).map(({ why, rule }) => [why, rule]));
    expect(seen.size).toBeGreaterThanOrEqual(faults);
    for (const [why, rule] of seen) expect(rule, why).toMatch(/^RFC \d{4} §/);
  });
});
