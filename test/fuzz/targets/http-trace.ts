/**
 * Drives an HTTP parser and writes down what it gives, in a form that cutting does not change.
 *
 * @module
 */
import type { RequestEvent, RequestParser, ResponseEvent, ResponseParser } from 'sansocket/http';
import { HTTP_ERRORS } from '../../../src/errors.ts';
import { holds, latin1, traceError } from '../target.ts';

const ALLOWED = new Set(Object.keys(HTTP_ERRORS).filter((code) => code !== 'bad-json'));

/** What came out, and the heads in it. */
export interface HttpTrace<Head> {
  readonly text: string;
  readonly heads: readonly Head[];
  readonly failed: boolean;
}

/** Push all chunks, taking all events behind each. */
export function traceHttp<Event extends RequestEvent | ResponseEvent>(
  parser: RequestParser | ResponseParser,
  chunks: readonly Uint8Array[],
  options: {
    readonly end: boolean;
    readonly stopAtEnd: boolean;
    readonly maxHeadBytes: number;
    readonly maxBodyBytes: number;
  },
): HttpTrace<Extract<Event, { kind: 'head' }>> {
  const seen: string[] = [];
  const heads: Array<Extract<Event, { kind: 'head' }>> = [];
  const wireBytes = chunks.reduce((sum, { length }) => sum + length, 0);
  let failed = false;
  let stopped = false;
  let detached = false;
  let body = -1;
  let bodyBytes = 0;
  const take = (): void => {
    while (!stopped) {
      const event = parser.next() as Event | undefined;
      if (event === undefined) break;
      holds(!failed, `${event.kind} after an error`);
      switch (event.kind) {
        case 'head': {
          holds(body < 0, 'a head inside a body');
          heads.push(event as Extract<Event, { kind: 'head' }>);
          const { headers, kind: _kind, ...fields } = event;
          seen.push(`${JSON.stringify(fields)} ${JSON.stringify([...headers])}`);
          if (!('interim' in event) || !event.interim) body = seen.push('') - 1;
          detached = 'switches' in event && event.switches;
          bodyBytes = 0;
          break;
        }
        case 'body':
          holds(body >= 0, 'a body without a head');
          holds(event.bytes.length > 0, 'an empty piece of a body');
          bodyBytes += event.bytes.length;
          holds(bodyBytes <= options.maxBodyBytes, 'a body above the limit');
          seen[body] += latin1(event.bytes);
          break;
        case 'end':
          holds(body >= 0, 'an end without a head');
          body = -1;
          seen.push(`end ${event.trailers === undefined ? '' : JSON.stringify([...event.trailers])}`);
          stopped = options.stopAtEnd;
          break;
        default:
          failed = true;
          seen.push(traceError(event, ALLOWED, wireBytes));
          holds(parser.bufferedBytes === 0, 'bytes are kept after an error');
      }
    }
  };
  for (const chunk of chunks) {
    parser.push(chunk);
    take();
    if (!stopped && !detached) {
      // What it waits with is part of one head, or of one line of a chunked body.
      holds(parser.bufferedBytes <= options.maxHeadBytes + 4, `${parser.bufferedBytes} bytes are kept`);
    }
  }
  if (options.end) parser.receiveEnd();
  take();
  const rest = parser.takeRest();
  seen.push(`rest ${JSON.stringify(latin1(rest))}`);
  holds(parser.next() === undefined, 'an event after takeRest');
  return { text: seen.join('\n'), heads, failed };
}
