/**
 * Request heads, parsed by ours and by Node's binding to llhttp, with one field read by name.
 *
 * Ours makes a parser for each connection. Node keeps a pool of its own, so that one of it is only initialized again. Node's hands out an
 * array of names and values, in which the field has to be looked for.
 *
 * @module
 */
import { createRequire } from 'node:module';
import { RequestParser } from '../../src/http/index.ts';
import { nodeTransport } from '../../src/transport/node.ts';
import type { Scenario } from './measure.ts';

interface NodeParser {
  initialize(type: number, resource: object): void;
  execute(bytes: Buffer): number | Error;
  [callback: number]: unknown;
}
interface NodeParserClass {
  new (): NodeParser;
  readonly REQUEST: number;
  readonly kOnHeadersComplete: number;
}

const require = createRequire(import.meta.url);
const { HTTPParser } = require('node:_http_common') as { HTTPParser: NodeParserClass };
const { text } = nodeTransport;
const TIMES = 1000;
const encoder = new TextEncoder();

const UPGRADE = [
  'GET /chat?room=7 HTTP/1.1',
  'Host: example.com:8080',
  'Connection: Upgrade',
  'Pragma: no-cache',
  'Cache-Control: no-cache',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0',
  'Upgrade: websocket',
  'Origin: https://example.com',
  'Sec-WebSocket-Version: 13',
  'Accept-Encoding: gzip, deflate',
  'Accept-Language: en',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits',
  '\r\n',
].join('\r\n');

const GET = [
  'GET /api/items?page=2&sort=name HTTP/1.1',
  'Host: example.com',
  'Connection: keep-alive',
  'Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'Accept-Encoding: gzip, deflate, br',
  'Accept-Language: en-US,en;q=0.5',
  'Cache-Control: max-age=0',
  'Cookie: session=0123456789abcdef0123456789abcdef; theme=dark',
  'DNT: 1',
  'Referer: https://example.com/api/items?page=1',
  'Sec-Fetch-Mode: navigate',
  'Upgrade-Insecure-Requests: 1',
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  '\r\n',
].join('\r\n');

/** Parse a head again and again. @param fresh Each on a connection of its own; else all on one. */
function heads(name: string, target: number, head: string, field: string, fresh: boolean): Scenario {
  const bytes = encoder.encode(head);
  const buffer = Buffer.from(head);
  const lower = field.toLowerCase();
  let parser = new RequestParser({ text });

  const theirs = new HTTPParser();
  let found = 0;
  theirs[HTTPParser.kOnHeadersComplete] = (_major: number, _minor: number, fields: string[]) => {
    for (let i = 0; i < fields.length; i += 2) {
      if (fields[i]!.toLowerCase() === lower) found += fields[i + 1]!.length;
    }
    return 0;
  };
  theirs.initialize(HTTPParser.REQUEST, {});

  return {
    name,
    target,
    operations: TIMES,
    contenders: [
      {
        name: 'sansocket',
        run() {
          let sum = 0;
          for (let i = 0; i < TIMES; i++) {
            if (fresh) parser = new RequestParser({ text });
            parser.push(bytes);
            for (let event = parser.next(); event !== undefined; event = parser.next()) {
              if (event.kind === 'error') throw event;
              if (event.kind === 'head') sum += event.headers.get(field)!.length;
            }
          }
          return sum;
        },
      },
      {
        name: 'llhttp in Node',
        run() {
          found = 0;
          for (let i = 0; i < TIMES; i++) {
            if (fresh) theirs.initialize(HTTPParser.REQUEST, {});
            const used = theirs.execute(buffer);
            if (typeof used !== 'number') throw used;
          }
          return found;
        },
      },
    ],
  };
}

/** All rows of the table, in order. */
export function headScenarios(): Scenario[] {
  return [
    heads("head of a browser's upgrade, 13 fields", 2, UPGRADE, 'Sec-WebSocket-Key', true),
    heads('head of a GET, 12 fields, on a connection of its own', 2, GET, 'Accept-Language', true),
    heads('head of a GET, 12 fields, one behind the other', 2, GET, 'Accept-Language', false),
  ];
}
