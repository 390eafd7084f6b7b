/**
 * Drives a parser and writes down what it gives, in a form that does not depend on how the bytes were cut.
 *
 * @module
 */

import type { RequestEvent } from 'sansocket/http';
import {
  RequestParser,
  type ResponseEvent,
  ResponseParser,
  type ResponseParserOptions,
} from 'sansocket/http';

/** An event as the vectors write it: `undefined` is null, headers are pairs, the bytes of a body one text. */
export type Shown = Record<string, unknown> & { kind: string };

/** What a vector's `options` may say. */
export interface DriveOptions {
  /** Options of the parser. */
  readonly parser?: ResponseParserOptions;
  /** Call `receiveEnd` after the last byte. */
  readonly end?: boolean;
  /** Take no more events after an `end`. */
  readonly stopAtEnd?: boolean;
  /** Methods to `expect`. */
  readonly expect?: readonly string[];
}

/** All events of `chunks`, and the bytes left over. */
export interface Driven {
  readonly events: Shown[];
  readonly error: { code: string; status: number; offset: number } | undefined;
  readonly rest: string;
}

export function driveRequests(chunks: readonly Uint8Array[], options: DriveOptions = {}): Driven {
  return drive(new RequestParser(options.parser as never), chunks, options);
}

export function driveResponses(chunks: readonly Uint8Array[], options: DriveOptions = {}): Driven {
  const parser = new ResponseParser(options.parser);
  for (const method of options.expect ?? []) parser.expect(method);
  return drive(parser, chunks, options);
}

/** Bytes as text, one byte a character. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** Text of one byte a character, as bytes. */
export function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function drive(
  parser: RequestParser | ResponseParser,
  chunks: readonly Uint8Array[],
  options: DriveOptions,
): Driven {
  const events: Shown[] = [];
  let error: Driven['error'];
  let isStopped = false;
  const pull = (): void => {
    for (let event = next(); event !== undefined; event = next()) {
      if (event.kind === 'error') error = { code: event.code, status: event.status, offset: event.offset };
      else add(events, event);
      if (event.kind === 'end' && options.stopAtEnd === true) isStopped = true;
    }
  };
  const next = (): RequestEvent | ResponseEvent | undefined => (isStopped ? undefined : parser.next());
  for (const chunk of chunks) {
    parser.push(chunk);
    pull();
  }
  if (options.end === true) parser.receiveEnd();
  pull();
  const rest = parser.takeRest();
  return { events, error, rest: latin1(rest) };
}

function add(events: Shown[], event: Exclude<RequestEvent | ResponseEvent, { kind: 'error' }>): void {
  if (event.kind === 'body') {
    const last = events.at(-1);
    if (last?.kind === 'body') last['text'] += latin1(event.bytes);
    else events.push({ kind: 'body', text: latin1(event.bytes) });
    return;
  }
  if (event.kind === 'end') {
    events.push({ kind: 'end', trailers: event.trailers === undefined ? null : [...event.trailers] });
    return;
  }
  const shown: Shown = { kind: 'head' };
  for (const [name, value] of Object.entries(event)) shown[name] = value === undefined ? null : value;
  shown['headers'] = [...event.headers];
  events.push(shown);
}
