/**
 * The verdicts of RequestParser and ResponseParser on the same bytes as Node's own HTTP parser and undici's. docs/differences.md
 * explains each difference that is let through here; there must be no other, and none that does not occur.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { METHODS } from 'node:http';
import * as fc from 'fast-check';
import {
  chunkedBodies,
  hostileChunkedBodies,
  hostileRequests,
  mutated,
  requests,
} from 'sansocket/arbitraries';
import { type RequestHead, RequestParser, type ResponseHead, ResponseParser } from 'sansocket/http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { concat, utf8 } from '../support/deliveries.ts';
import {
  NodeServerReader,
  nodeReadsResponse,
  type Reading,
  type ReadMessage,
  type ReadResponse,
  undiciReadsResponse,
} from '../support/node-http.ts';
import { loadVectors, vectorBytes } from '../support/vectors.ts';
import { latin1 } from '../unit/http/drive.ts';

interface OurReading extends Reading {
  /** Of the first fault. */
  readonly offset: number;
}

/** A stream of requests that ends, up to the first that closes the connection or switches protocols. */
function ourRequests(bytes: Uint8Array): OurReading {
  const parser = new RequestParser();
  const messages: ReadMessage[] = [];
  let fault: string | undefined;
  let offset = 0;
  let rest: string | undefined;
  let head: RequestHead | undefined;
  let body = '';
  parser.push(bytes.slice());
  parser.receiveEnd();
  for (let event = parser.next(); event !== undefined; event = parser.next()) {
    if (event.kind === 'error') {
      fault = event.code;
      offset = event.offset;
    } else if (event.kind === 'body') body += latin1(event.bytes);
    else if (event.kind === 'head') {
      head = event;
      body = '';
    } else if (head !== undefined) {
      const { method, target, headers, keepAlive, upgrade } = head;
      const trailers = [...(event.trailers ?? [])];
      messages.push({ line: [method, target], headers: [...headers], body, trailers, keepAlive });
      if (upgrade || method === 'CONNECT') {
        rest = latin1(parser.takeRest());
        break;
      }
      if (!keepAlive) break;
    }
  }
  return { messages, fault, offset, rest };
}

/** One response, with the 1xx in front of it. */
function ourResponse(
  bytes: Uint8Array,
  method: string,
): ReadResponse & { readonly head: ResponseHead | undefined } {
  const parser = new ResponseParser();
  parser.expect(method);
  const interim: number[] = [];
  let message: ReadMessage | undefined;
  let fault: string | undefined;
  let rest: string | undefined;
  let head: ResponseHead | undefined;
  let body = '';
  parser.push(bytes.slice());
  parser.receiveEnd();
  for (let event = parser.next(); event !== undefined && message === undefined; event = parser.next()) {
    if (event.kind === 'error') fault = event.code;
    else if (event.kind === 'body') body += latin1(event.bytes);
    else if (event.kind === 'head') {
      if (event.interim) interim.push(event.status);
      else head = event;
    } else if (head !== undefined) {
      const line = [String(head.status), head.reason] as const;
      message = {
        line,
        headers: [...head.headers],
        body,
        trailers: [...(event.trailers ?? [])],
        keepAlive: true,
      };
      if (head.switches) rest = latin1(parser.takeRest());
    }
  }
  return {
    interim,
    message,
    fault: message === undefined ? (fault ?? 'no response') : undefined,
    rest,
    head,
  };
}

/** A line of a head, by its name; '' where there is none. */
function fieldOf(message: ReadMessage | undefined, name: string): string {
  return (message?.headers ?? [])
    .filter(([each]) => each.toLowerCase() === name)
    .map(([, value]) => value)
    .join(',');
}

/** White space in front of or behind the `;` or the `=` of a chunk extension. */
const SPACE_IN_EXTENSION =
  /(?:^|\n)[0-9a-f]+(?:;[^\r\n]*)?[ \t]+[;=]|(?:^|\n)[0-9a-f]+[ \t]*;(?:[^\r\n]*[;=])?[ \t]+[^\r\n]/i;
/** A tab behind a value that frames the message. */
const TAB_BEHIND = /(?:^|\n)(?:content-length|transfer-encoding):[^\r\n]*\t[ \t]*\r/i;

/** The same in each run, so that it fails for who breaks it; more of them, and others, are for those who look for more. */
const RUNS = Number(process.env['DIFFERENTIAL_RUNS'] ?? 1400);
const SEED = Number(process.env['DIFFERENTIAL_SEED'] ?? 0x5eed);

/** What we refuse and a parser built on llhttp takes: the names that the table of the docs has, by our codes. */
const STRICTER: Readonly<Record<string, string>> = {
  'bad-host': 'host',
  'bad-target': 'target',
  'bad-request-line': 'request-line',
  'bare-cr': 'request-line',
  'bad-http-version': 'version',
  'unsupported-http-version': 'version',
  'bad-transfer-encoding': 'transfer-encoding',
  'unsupported-transfer-coding': 'transfer-encoding',
  'bad-chunk': 'chunk-extension',
  'bad-status-line': 'status-line',
};

/** How the two differ on a stream of requests; `undefined` where they do not. Throws for a difference that nobody explained. */
function requestDifference(bytes: Uint8Array, us: OurReading, node: Reading): string | undefined {
  const explain = (why: string): never => {
    throw new Error(`unexplained, ${why}: ${JSON.stringify({ bytes: latin1(bytes), us, node })}`);
  };
  // Which message is the first that is not the same?
  let at = 0;
  while (at < us.messages.length && JSON.stringify(us.messages[at]) === JSON.stringify(node.messages[at]))
    at++;
  // They hand over where we go on reading: a body, or the next request.
  const last = node.messages.length - 1;
  const isSwitch = us.rest !== undefined && us.messages.length - 1 === last;
  if (node.rest !== undefined && !isSwitch && at >= last && isOf10(bytes, last)) return 'upgrade-in-1.0';
  const ours = us.messages[at];
  const theirs = node.messages[at];
  if (ours !== undefined && theirs !== undefined) {
    const { keepAlive, ...mine } = ours;
    const { keepAlive: other, ...its } = theirs;
    const text = fieldOf(ours, 'connection').toLowerCase();
    if (JSON.stringify(mine) === JSON.stringify(its)) {
      if (!keepAlive && other && /(?:^|,)[ \t]*close[ \t]*(?:,|$)/.test(text)) return 'connection-list';
      if (keepAlive && !other && /keep-alive/.test(text)) return 'connection-list';
    }
    // The body of a request that asks for another protocol.
    if (
      us.rest !== undefined &&
      node.rest !== undefined &&
      (mine.body !== '' || fieldOf(ours, 'transfer-encoding') !== '')
    )
      return 'upgrade-with-body';
    return explain('another message');
  }
  if (ours !== undefined) {
    // They refuse, or wait for, what we take.
    const text = latin1(bytes);
    switch (node.fault) {
      case 'HPE_INVALID_METHOD':
        return METHODS.includes(ours.line[0]) ? explain('a method') : 'method';
      case 'HPE_INVALID_VERSION':
        return /HTTP\/1\.[2-9]/.test(text) ? 'minor-version' : explain('a version');
      case 'HPE_INVALID_CHUNK_SIZE':
        return SPACE_IN_EXTENSION.test(text) ? 'space-in-extension' : explain('a chunk');
      case 'HPE_INVALID_CONTENT_LENGTH':
      case 'HPE_INVALID_TRANSFER_ENCODING':
        if (ours.trailers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name)))
          return 'framing-in-trailer';
        return TAB_BEHIND.test(text) ? 'tab-behind-value' : explain('a length');
      default:
        return explain('they refuse');
    }
  }
  if (us.fault !== undefined) {
    if (theirs === undefined && node.fault !== undefined) return undefined;
    const row = STRICTER[us.fault];
    if (us.fault === 'bare-cr' && !isBetween(bytes, at, us.offset)) return explain('a bare CR');
    if (row === undefined || (row === 'chunk-extension' && !isInExtension(bytes, us.offset)))
      return explain('we refuse');
    return row;
  }
  if (us.rest !== node.rest)
    return us.rest !== undefined && node.rest !== undefined ? 'upgrade-with-body' : explain('another rest');
  if (theirs !== undefined) return explain('one message more');
  // After a message that closes, whatever follows is of no meaning.
  const closed = us.messages.at(-1)?.keepAlive === false;
  return node.fault === undefined || closed ? undefined : explain('they refuse');
}

/** Whether message `at` says that it is of HTTP/1.0. */
function isOf10(bytes: Uint8Array, at: number): boolean {
  const parser = new RequestParser();
  parser.push(bytes.slice());
  let heads = 0;
  for (let event = parser.next(); event !== undefined; event = parser.next()) {
    if (event.kind === 'head' && heads++ === at) return event.version === '1.0';
  }
  return false;
}

/** Whether an offset lies in the empty lines in front of message `at`, and not inside of one. */
function isBetween(bytes: Uint8Array, at: number, offset: number): boolean {
  const parser = new RequestParser();
  parser.push(bytes.slice());
  for (let ends = 0; ends < at; ) if (parser.next()?.kind === 'end') ends++;
  const start = bytes.length - parser.takeRest().length;
  return /^[\r\n]*$/.test(latin1(bytes.subarray(start, offset)));
}

/** Whether an offset lies in a chunk's extension. */
function isInExtension(bytes: Uint8Array, offset: number): boolean {
  const text = latin1(bytes);
  const line = text.slice(text.lastIndexOf('\n', offset - 1) + 1, offset + 1);
  return /^[0-9a-f]+[ \t]*;/i.test(line);
}

/** The same for one response. */
function responseDifference(
  who: 'node' | 'undici',
  bytes: Uint8Array,
  method: string,
  us: ReturnType<typeof ourResponse>,
  them: ReadResponse,
): string | undefined {
  const explain = (why: string): never => {
    throw new Error(`unexplained, ${why}: ${JSON.stringify({ method, bytes: latin1(bytes), us, them })}`);
  };
  const text = latin1(bytes);
  const { message: mine } = us;
  const { message: its } = them;
  if (mine !== undefined && its !== undefined) {
    if (JSON.stringify({ ...mine, keepAlive: 0 }) === JSON.stringify({ ...its, keepAlive: 0 })) {
      return them.rest === undefined || them.rest === us.rest ? undefined : explain('another rest');
    }
    // undici reads the phrase as UTF-8.
    const same =
      JSON.stringify({ ...mine, line: mine.line[0], keepAlive: 0 }) ===
      JSON.stringify({ ...its, line: its.line[0], keepAlive: 0 });
    return same && /[\x80-\xff]/.test(mine.line[1]) ? 'reason-as-utf8' : explain('another response');
  }
  if (mine === undefined) {
    if (its === undefined) return undefined;
    const row = us.fault === 'bare-cr' && /^[\r\n]*\r[^\n]/.test(text) ? 'status-line' : STRICTER[us.fault!];
    const known = ['version', 'transfer-encoding', 'status-line', 'chunk-extension'];
    return row !== undefined && known.includes(row) ? row : explain('we refuse');
  }
  const fault = them.fault ?? '';
  if (/HPE_INVALID_CHUNK_SIZE|chunk size/.test(fault) && SPACE_IN_EXTENSION.test(text))
    return 'space-in-extension';
  if (/HPE_INVALID_VERSION|HTTP version/.test(fault) && /HTTP\/1\.[2-9]/.test(text)) return 'minor-version';
  if (who === 'undici' && us.head?.status === 101) return 'unasked-101';
  if (who === 'undici' && us.interim.includes(100)) return 'unasked-100';
  if (/CONTENT_LENGTH|TRANSFER_ENCODING|Content-Length|Transfer-Encoding/.test(fault)) {
    const status = us.head?.status ?? 0;
    if (method === 'HEAD' || [101, 204, 304].includes(status) || us.interim.length > 0) {
      return 'length-without-body';
    }
    if (mine.trailers.some(([name]) => /^(?:content-length|transfer-encoding)$/i.test(name))) {
      return 'framing-in-trailer';
    }
    if (TAB_BEHIND.test(text)) return 'tab-behind-value';
  }
  return explain('they refuse');
}

/** The tables are about llhttp 9. Node 20.19.0, the oldest that is supported, has 8, which takes bare LF, among other things. */
const onLlhttp9 = it.skipIf(Number.parseInt(process.versions['llhttp'] ?? '', 10) < 9);

const page = readFileSync(new URL('../../docs/differences.md', import.meta.url), 'utf8');

/** The names in the first column of the table under a heading. */
function listed(heading: string): string[] {
  const section = page.split(`## ${heading}`)[1]?.split('\n## ')[0] ?? '';
  return [...section.matchAll(/^\| `([^`]+)` \|/gm)].map((match) => match[1]!).sort();
}

const vectorsOf = (...files: string[]): Uint8Array[] =>
  files
    .flatMap((file) => loadVectors(file).vectors)
    .map(({ bytes }) => vectorBytes(bytes))
    .filter(({ length }) => length < 3000);

describe("RequestParser and Node's HTTP parser", () => {
  let node: NodeServerReader;
  beforeAll(() => {
    node = new NodeServerReader();
  });
  afterAll(() => node.close());

  onLlhttp9(
    'differ in nothing but what docs/differences.md lists, over vectors and over random, hostile and damaged requests',
    async () => {
      const seen = new Set<string>();
      const compare = async (bytes: Uint8Array): Promise<void> => {
        const difference = requestDifference(bytes, ourRequests(bytes), await node.read(bytes));
        if (difference !== undefined) seen.add(difference);
      };
      const vectors = vectorsOf('http-request', 'handshake-request');
      for (const bytes of vectors) await compare(bytes);
      const published = fc.constantFrom(...vectors);
      const healthy = requests(200).map(({ bytes }) => bytes);
      const hostile = hostileRequests().map(({ bytes }) => bytes);
      const chunked = fc
        .oneof(chunkedBodies(50), hostileChunkedBodies())
        .map(({ bytes }) =>
          concat([utf8('POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n'), bytes]),
        );
      const one = fc.oneof(published, healthy, hostile, chunked);
      const two = fc.tuple(one, one).map(concat);
      await fc.assert(fc.asyncProperty(fc.oneof(one, two, mutated(one), mutated(two)), compare), {
        numRuns: RUNS,
        seed: SEED,
      });
      expect([...seen].sort()).toEqual(listed('HTTP requests'));
    },
  );
});

describe('ResponseParser and the clients of Node and undici', () => {
  onLlhttp9(
    'differ in nothing but what docs/differences.md lists, over vectors and over random, hostile and damaged responses',
    async () => {
      const seen = new Set<string>();
      const compare = async (bytes: Uint8Array, method: 'GET' | 'HEAD'): Promise<void> => {
        const us = ourResponse(bytes, method);
        const node = responseDifference('node', bytes, method, us, await nodeReadsResponse(bytes, method));
        if (node !== undefined) seen.add(node);
        const undici = responseDifference(
          'undici',
          bytes,
          method,
          us,
          await undiciReadsResponse(bytes, method),
        );
        if (undici !== undefined) seen.add(undici);
      };
      const vectors = vectorsOf('http-response', 'handshake-response');
      for (const bytes of vectors)
        for (const method of ['GET', 'HEAD'] as const) await compare(bytes, method);
      const published = fc.constantFrom(...vectors);
      const chunked = fc
        .oneof(chunkedBodies(50), hostileChunkedBodies())
        .map(({ bytes }) => concat([utf8('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'), bytes]));
      const one = fc.oneof(published, chunked);
      await fc.assert(
        fc.asyncProperty(fc.oneof(one, mutated(one)), fc.constantFrom('GET', 'GET', 'HEAD'), compare),
        { numRuns: RUNS / 2, seed: SEED },
      );
      expect([...seen].sort()).toEqual(listed('HTTP responses'));
    },
  );
});
