import { HttpConnection } from 'sansocket/connection';
import { CONNECTION_ERRORS, HTTP_ERRORS } from '../../../src/errors.ts';
import { readResponses } from '../../support/http-wire.ts';
import { bytesOf, type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set([...Object.keys(HTTP_ERRORS), ...Object.keys(CONNECTION_ERRORS)]);

/** The app answers before the body comes; else after it. */
const EARLY = 1;
/** In pieces. */
const PIECES = 2;
/** The app takes upgrades. */
const UPGRADES = 4;
const TIGHT = 8;
/** The app asks for the body of a request with `Expect: 100-continue` though it answers early. */
const WANTS = 16;
/** The stream ends behind the last byte. */
const END = 32;

const LIMITS = { maxHeadBytes: 120, maxHeaders: 4, maxBodyBytes: 30 };

function trace(chunks: readonly Uint8Array[], flags: number): string {
  const tight = (flags & TIGHT) !== 0;
  const connection = new HttpConnection(tight ? { limits: LIMITS } : {});
  const wireBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  const seen: string[] = [];
  const methods: string[] = [];
  let body = '';
  let failed = false;
  let rest: Uint8Array | undefined;
  const answer = (): void => {
    const { response } = connection;
    if ((flags & PIECES) === 0) response.send(200, [['X-N', String(methods.length)]], 'answer');
    else {
      response.start(200, []);
      response.write(bytesOf('an'));
      response.write(bytesOf('swer'));
      response.end();
    }
  };
  const take = (): void => {
    for (let event = connection.next(); event !== undefined; event = connection.next()) {
      holds(!failed, `${event.kind} after an error`);
      holds(rest === undefined, `${event.kind} after the upgrade`);
      if (event.kind === 'request') {
        const { method, target, headers, upgrade, hasBody } = event.request;
        methods.push(method);
        body = '';
        seen.push(`${method} ${target} ${JSON.stringify([...headers])}`);
        if (upgrade && !hasBody && (flags & UPGRADES) !== 0) {
          rest = connection
            .upgrade('HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n')
            .slice();
          continue;
        }
        // Who waits for the body has to ask for it: until then it is the app that is slow, not the peer.
        if ((flags & (WANTS | EARLY)) !== EARLY) connection.awaitBody();
        if ((flags & EARLY) !== 0) answer();
      } else if (event.kind === 'body') {
        holds((flags & EARLY) === 0, 'a body after the answer');
        body += latin1(event.bytes);
        if (tight) holds(body.length <= LIMITS.maxBodyBytes, 'a body above the limit');
      } else if (event.kind === 'end') {
        seen.push(body);
        if ((flags & EARLY) === 0) answer();
      } else {
        failed = true;
        seen.push(traceError(event, ALLOWED, wireBytes));
      }
    }
  };
  for (const chunk of chunks) {
    // Once it switched, the bytes are no longer its own.
    if (rest !== undefined) {
      rest = Buffer.concat([rest, chunk]);
      continue;
    }
    connection.receive(chunk);
    take();
    holds(
      connection.unreadBytes <= (tight ? LIMITS.maxHeadBytes : 16_384) + 4,
      `${connection.unreadBytes} bytes are kept`,
    );
  }
  if ((flags & END) !== 0) connection.receiveEnd();
  take();
  const output = connection.takeOutput() ?? new Uint8Array(0);
  seen.push(rest === undefined ? `ended ${connection.outputEnded}` : `switched ${latin1(rest)}`);

  // Whole responses, one a request; one more where the last thing was a fault.
  const responses = readResponses(latin1(output), methods, connection.outputEnded).filter(
    ({ status }) => status >= 200 || status === 101,
  );
  const more = responses.length - methods.length;
  // With a body still to come, a request that is not answered early has no answer yet.
  holds(more <= 1 && more >= -1, `${responses.length} responses to ${methods.length} requests`);
  if (more === 1) holds(failed && connection.outputEnded, 'one response too many');
  for (const { status, headers, body: text } of responses) {
    seen.push(`${status} ${JSON.stringify(headers.filter(([name]) => name !== 'Date'))} ${text}`);
  }
  if (rest !== undefined) return seen.join('\n');

  // Whatever came, time ends it.
  for (let now = 100_000; now <= 500_000; now += 100_000) {
    const error = connection.tick(now);
    if (error !== undefined) traceError(error, ALLOWED, wireBytes);
    take();
    if (connection.deadline === Number.POSITIVE_INFINITY) break;
  }
  holds(connection.outputEnded, 'silence does not end it');
  holds(connection.deadline === Number.POSITIVE_INFINITY, 'a deadline after the end');
  return seen.join('\n');
}

export const httpConnection: FuzzTarget = {
  name: 'http-connection',
  about:
    'Bytes to an HttpConnection, with an app that answers early or late, whole or in pieces, and takes upgrades or not. Out: requests and their ' +
    'bodies in order, at most one error, and nothing after it; whole responses, one for each request, and one for the error. In any ' +
    'split the same, and after an upgrade not one byte lost. Silence ends it.',
  words: [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\n',
    'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc',
    'HEAD / HTTP/1.1\r\nHost: a\r\n\r\n',
    'GET / HTTP/1.0\r\n\r\n',
    'CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n',
    'Host: a\r\n',
    'Content-Length: 5\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Connection: close\r\n',
    'Connection: keep-alive\r\n',
    'Connection: Upgrade\r\nUpgrade: x\r\n',
    'Expect: 100-continue\r\n',
    '\r\n\r\n',
    '\r\n',
    '5\r\nhello\r\n',
    '0\r\n\r\n',
  ],
  maxBytes: 2048,
  vectors: ['http-request', 'handshake-request'],
  flagsOf: ({ options }) => (options?.['end'] === true ? END : 0) | UPGRADES,
  run({ flags, whole, pieces }) {
    same(trace(pieces(), flags), trace(whole(), flags), 'cut, the events are others');
  },
  good() {
    const wire = bytesOf(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhiGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
    );
    same(
      trace([wire], 0).replace(/\[\[.*?\]\]/g, '…'),
      'POST / …\nhi\nGET /b …\n\nended true\n200 … answer\n200 … answer',
      'a good input',
    );
  },
};
