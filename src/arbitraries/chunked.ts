/**
 * Chunked bodies of RFC 9112 §7.1, right and wrong.
 *
 * @module
 */
import * as fc from 'fast-check';
import { payloads } from './bytes.ts';
import { concat } from './frames.ts';
import type { Hostile } from './hostile.ts';

/** A chunked body. */
export interface ChunkedBody {
  /** What it says, put together. */
  readonly data: Uint8Array;
  /** Its trailer fields, in order. */
  readonly trailers: ReadonlyArray<readonly [name: string, value: string]>;
  /** The body on the wire, the last chunk and the empty line included. */
  readonly bytes: Uint8Array;
}

const latin1 = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));

/** Chunk extensions, quoted strings with everything they may hold included (§7.1.1). */
function extensions(): fc.Arbitrary<string> {
  return fc.constantFrom('', '', '', ';a', ';a=b', ';name="quoted; \\" \\\\ \t"', ' ; a = b', ';a=1;b=2');
}

/** Sizes as `1*HEXDIG`: either case, sometimes with zeros in front. */
function hexSize(length: number, upper: boolean, zeros: number): string {
  const hex = '0'.repeat(zeros) + length.toString(16);
  return upper ? hex.toUpperCase() : hex;
}

const trailerFields: fc.Arbitrary<ReadonlyArray<readonly [string, string]>> = fc.array(
  fc.tuple(fc.constantFrom('X-Checksum', 'x-trace', 'Expires'), fc.constantFrom('', 'abc', 'a b', '"q"')),
  { maxLength: 2 },
);

/** Chunked bodies: any number of chunks, extensions, zeros in front of sizes, trailers. */
export function chunkedBodies(maxChunkBytes = 5000): fc.Arbitrary<ChunkedBody> {
  const chunk = fc.record({
    data: payloads(maxChunkBytes).filter((data) => data.length > 0),
    extension: extensions(),
    upper: fc.boolean(),
    zeros: fc.constantFrom(0, 0, 0, 1, 3),
  });
  return fc
    .record({ chunks: fc.array(chunk, { maxLength: 5 }), extension: extensions(), trailers: trailerFields })
    .map(({ chunks, extension, trailers }) => {
      const parts: Uint8Array[] = [];
      for (const one of chunks) {
        const line = `${hexSize(one.data.length, one.upper, one.zeros)}${one.extension}\r\n`;
        parts.push(latin1(line), one.data, latin1('\r\n'));
      }
      const lines = trailers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
      parts.push(latin1(`0${extension}\r\n${lines}\r\n`));
      return { data: concat(chunks.map(({ data }) => data)), trailers, bytes: concat(parts) };
    });
}

/** Chunked bodies with one fault, each of them once the source of smuggled requests. */
export function hostileChunkedBodies(): fc.Arbitrary<Hostile> {
  const faults: ReadonlyArray<readonly [why: string, bytes: string]> = [
    ['a size that is not hexadecimal', 'g\r\nabc\r\n0\r\n\r\n'],
    ['no size', '\r\nabc\r\n0\r\n\r\n'],
    ['an extension without a size', ';a\r\nabc\r\n0\r\n\r\n'],
    ['a size with a sign', '+3\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a size with 0x in front', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['white space in front of the size', ' 3\r\nabc\r\n0\r\n\r\n'],
    ['a size of more than 53 bits', '100000000000000003\r\nabc\r\n0\r\n\r\n'],
    ['a size line that ends in LF alone', '3\nabc\r\n0\r\n\r\n'],
    ['a size line with a CR inside', '3\r;a\r\nabc\r\n0\r\n\r\n'],
    ['data that is longer than its size', '3\r\nabcd\r\n0\r\n\r\n'],
    ['data that is not followed by CR LF', '3\r\nabcXX0\r\n\r\n'],
    ['data that is followed by LF alone', '3\r\nabc\n0\r\n\r\n'],
    ['a last chunk that is not followed by CR LF', '3\r\nabc\r\n0\r\nXX\r\n\r\n'],
    ['an extension with a NUL', '3;a=\0\r\nabc\r\n0\r\n\r\n'],
    ['a quoted extension with a CR', '3;a="\r"\r\nabc\r\n0\r\n\r\n'],
    ['a trailer with a space before its colon', '3\r\nabc\r\n0\r\nA : b\r\n\r\n'],
    ['a trailer that is folded', '3\r\nabc\r\n0\r\nA: b\r\n c\r\n\r\n'],
    ['a trailer section that ends in LF alone', '3\r\nabc\r\n0\r\n\n'],
  ];
  return fc
    .tuple(fc.constantFrom(...faults), fc.constantFrom('', '2\r\nhi\r\n', '2;a=b\r\nhi\r\n'))
    .map(([[why, fault], before]) => ({ why, rule: 'RFC 9112 §7.1', bytes: latin1(before + fault) }));
}
