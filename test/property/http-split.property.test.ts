import fc from 'fast-check';
import { RequestParser, ResponseParser } from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { loadVectors, vectorBytes } from '../support/vectors.ts';
import { bytesOf, type DriveOptions, driveRequests, driveResponses } from '../unit/http/drive.ts';

const FILES = [
  ['http-request', driveRequests],
  ['http-response', driveResponses],
] as const;

/** `bytes` cut at `cuts`, in copies that the parser may write to. */
function cutAt(bytes: Uint8Array, cuts: readonly number[]): Uint8Array[] {
  const at = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].sort((a, b) => a - b);
  return [...at, bytes.length].map((end, index) => bytes.slice(index === 0 ? 0 : at[index - 1]!, end));
}

describe.each(FILES)('%s', (file, drive) => {
  const wires = loadVectors<DriveOptions, unknown>(file).vectors.map(
    (vector) => [vectorBytes(vector.bytes), vector.options] as const,
  );

  it('any split of a published vector gives the same events, error and rest', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...wires),
        fc.array(fc.nat(), { maxLength: 8 }),
        ([bytes, options], cuts) => {
          expect(drive(cutAt(bytes, cuts), options)).toEqual(drive([bytes.slice()], options));
        },
      ),
      { numRuns: 1500 },
    );
  });

  it('two vectors in a row, with a byte changed, give the same in any split, and never throw', () => {
    const pair = fc.tuple(fc.constantFrom(...wires), fc.constantFrom(...wires));
    const change = fc.tuple(
      fc.nat(),
      fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 34, 44, 58, 59, 61, 127, 255), fc.nat(255)),
    );
    fc.assert(
      fc.property(pair, change, fc.array(fc.nat(), { maxLength: 6 }), ([a, b], [at, byte], cuts) => {
        const bytes = Uint8Array.of(...a[0].subarray(0, 1000), ...b[0].subarray(0, 1000));
        if (bytes.length > 0) bytes[at % bytes.length] = byte;
        expect(drive(cutAt(bytes, cuts), b[1])).toEqual(drive([bytes.slice()], b[1]));
      }),
      { numRuns: 3000 },
    );
  });
});

describe.each([
  ['RequestParser', () => new RequestParser()],
  ['ResponseParser', () => new ResponseParser()],
] as const)('%s', (_name, make) => {
  it('any bytes give values, at most one error, nothing after it, and it is the last', () => {
    const pieces = fc.constantFrom(
      ...[
        'GET ',
        '/',
        ' HTTP/1.1\r\n',
        'HTTP/1.1 200 OK\r\n',
        'Host: a\r\n',
        '\r\n',
        'Content-Length: 3\r\n',
        '0\r\n',
        'a',
      ],
      ...[
        'Transfer-Encoding: chunked\r\n',
        '5;a="b"\r\n',
        '\r',
        '\n',
        ' ',
        ':',
        'abc',
        '\x00',
        '\xff',
        'HTTP/1.1 101 x\r\n',
      ],
    );
    const chunk = fc.oneof(
      fc.uint8Array({ maxLength: 20 }),
      fc.array(pieces, { maxLength: 12 }).map((texts) => bytesOf(texts.join(''))),
    );
    fc.assert(
      fc.property(fc.array(chunk, { maxLength: 12 }), (chunks) => {
        const parser = make();
        let hasFailed = false;
        const pull = (): void => {
          for (let event = parser.next(); event !== undefined; event = parser.next()) {
            expect(hasFailed).toBe(false);
            if (event.kind === 'error') {
              hasFailed = true;
              expect(parser.bufferedBytes).toBe(0);
            } else if (event.kind === 'body') expect(event.bytes.length).toBeGreaterThan(0);
          }
        };
        for (const bytes of chunks) {
          parser.push(bytes);
          pull();
        }
        parser.receiveEnd();
        pull();
        expect(parser.takeRest()).toBeInstanceOf(Uint8Array);
        expect(parser.next()).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });
});
