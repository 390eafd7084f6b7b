import { describe, expect, it } from 'vitest';
import { DELIVERIES } from '../../support/deliveries.ts';
import { loadVectors, type Vector, type VectorBytes, vectorBytes } from '../../support/vectors.ts';
import {
  type Driven,
  type DriveOptions,
  driveRequests,
  driveResponses,
  latin1,
  type Shown,
} from './drive.ts';

interface Expected {
  readonly events: readonly Shown[];
  readonly error?: { readonly code: string; readonly status?: number; readonly offset?: number };
  readonly rest?: string;
}

/** The bytes once more, to read. */
type Shows = string | ReadonlyArray<string | { readonly repeat: string; readonly times: number }>;

const FILES = [
  ['http-request', driveRequests],
  ['http-response', driveResponses],
] as const;

for (const [file, drive] of FILES) {
  const { vectors, target } = loadVectors<DriveOptions, Expected>(file);

  describe(`${target} vectors`, () => {
    describe.each(DELIVERIES)('delivered %s', (_how, deliver) => {
      it.each(vectors.map((vector) => [title(vector), vector] as const))('%s', (_title, vector) => {
        check(vector, drive(deliver(vectorBytes(vector.bytes)), vector.options));
      });
    });

    it('have names that are unique, and show the bytes that they hold', () => {
      expect(new Set(vectors.map((vector) => vector.name)).size).toBe(vectors.length);
      for (const vector of vectors as ReadonlyArray<(typeof vectors)[number] & { shows: Shows }>) {
        expect(vector.shows, vector.name).toEqual(show(vector.bytes));
      }
    });

    it('after an error there is nothing, whatever comes [RFC 9112 2.2]', () => {
      const after = new TextEncoder().encode('GET / HTTP/1.1\r\nHost: a\r\n\r\nHTTP/1.1 204 x\r\n\r\n');
      for (const vector of vectors) {
        if (vector.expect.error === undefined || vector.options?.end === true) continue;
        const driven = drive([vectorBytes(vector.bytes), after], vector.options);
        check(vector, driven);
        expect(driven.rest, vector.name).toBe('');
      }
    });
  });
}

function title({ name, rule, refs = [] }: Vector<unknown, unknown>): string {
  return `${name} [${[rule, ...refs].join(', ')}]`;
}

function check(vector: Vector<DriveOptions, Expected>, driven: Driven): void {
  const { events, error, rest } = vector.expect;
  expect(driven.error?.code, vector.name).toBe(error?.code);
  expect(driven.events, vector.name).toHaveLength(events.length);
  expect(driven.events, vector.name).toMatchObject(events);
  if (error !== undefined) expect(driven.error, vector.name).toMatchObject(error);
  if (rest !== undefined) expect(driven.rest, vector.name).toBe(rest);
}

function show(bytes: VectorBytes): Shows {
  if (typeof bytes === 'string') return picture(bytes);
  return bytes.map((part) =>
    typeof part === 'string' ? picture(part) : { repeat: picture(part.repeat), times: part.times },
  );
}

/** CR and LF as pictures, other bytes that are not printable as `\xNN`. */
function picture(hexText: string): string {
  return latin1(vectorBytes(hexText)).replace(/[^\x20-\x7e]/g, (character) => {
    if (character === '\r') return '␍';
    if (character === '\n') return '␊';
    return `\\x${character.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
