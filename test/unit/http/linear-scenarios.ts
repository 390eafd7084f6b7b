/**
 * What linear.test.ts counts the steps of. Runs in a worker, so it imports the sources by path.
 *
 * @module
 */
import { RequestParser } from '../../../src/http/request-parser.ts';
import { ResponseParser } from '../../../src/http/response-parser.ts';

const limits = { maxHeadBytes: 2 ** 30, maxHeaders: 2 ** 30, maxTargetBytes: 2 ** 30, maxBodyBytes: 2 ** 30 };
const HOST = 'Host: a\r\n';
const CHUNKED = `POST / HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n`;

function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function inChunks(text: string, size: number): Uint8Array[] {
  const bytes = utf8(text);
  const chunks: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) chunks.push(bytes.subarray(at, at + size));
  return chunks;
}

function drain(parser: RequestParser | ResponseParser): void {
  for (let event = parser.next(); event !== undefined; event = parser.next()) {
    if (event.kind === 'error') throw event;
  }
}

/** Push a chunk, take all events, and so on. */
function read(
  chunks: readonly Uint8Array[],
  parser: RequestParser | ResponseParser = new RequestParser({ limits }),
): () => void {
  return () => {
    for (const chunk of chunks) {
      parser.push(chunk);
      drain(parser);
    }
  };
}

/** By name: what prepares a run of about `size` bytes, and returns it. */
export const scenarios: Record<string, (size: number) => () => void> = {
  'a target, byte by byte': (size) => read(inChunks(`GET /${'a'.repeat(size)} HTTP/1.1\r\n${HOST}\r\n`, 1)),
  'a header value, byte by byte': (size) =>
    read(inChunks(`GET / HTTP/1.1\r\n${HOST}X: ${'a b '.repeat(size / 4)}\r\n\r\n`, 1)),
  'a header value in one chunk': (size) =>
    read([utf8(`GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(size)}\r\n\r\n`)]),
  'header lines, byte by byte': (size) =>
    read(inChunks(`GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(size / 6)}\r\n`, 1)),
  'header lines in chunks of 100 bytes': (size) =>
    read(inChunks(`GET / HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(size / 6)}\r\n`, 100)),
  'header lines of white space': (size) =>
    read([utf8(`GET / HTTP/1.1\r\n${HOST}${`X:${' '.repeat(94)}\r\n`.repeat(size / 98)}\r\n`)]),
  'lines of Connection, of commas and spaces': (size) =>
    read([utf8(`GET / HTTP/1.1\r\n${HOST}${`Connection:${', '.repeat(40)}a\r\n`.repeat(size / 94)}\r\n`)]),
  'folded lines, byte by byte': (size) =>
    read(
      inChunks(`GET / HTTP/1.1\r\n${HOST}X: y${'\r\n '.repeat(size / 3)}\r\n\r\n`, 1),
      new RequestParser({ limits, allowObsFold: true }),
    ),
  'requests in one chunk': (size) => read([utf8(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(size / 27))]),
  'requests, byte by byte': (size) => read(inChunks(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(size / 27), 1)),
  'requests, all chunks before the first event': (size) => {
    const chunks = inChunks(`GET / HTTP/1.1\r\n${HOST}\r\n`.repeat(size / 27), 1);
    const parser = new RequestParser({ limits });
    return () => {
      for (const chunk of chunks) parser.push(chunk);
      drain(parser);
    };
  },
  'a body of a known length, byte by byte': (size) =>
    read(inChunks(`POST / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n${'a'.repeat(size)}`, 1)),
  'a body of a known length, all bytes before the first event': (size) => {
    const chunks = inChunks(
      `POST / HTTP/1.1\r\n${HOST}Content-Length: ${size}\r\n\r\n${'a'.repeat(size)}`,
      1,
    );
    const parser = new RequestParser({ limits });
    return () => {
      for (const chunk of chunks) parser.push(chunk);
      drain(parser);
    };
  },
  'chunks of one byte in one chunk': (size) =>
    read([utf8(`${CHUNKED}${'1\r\nx\r\n'.repeat(size / 6)}0\r\n\r\n`)]),
  'chunks of one byte, byte by byte': (size) =>
    read(inChunks(`${CHUNKED}${'1\r\nx\r\n'.repeat(size / 6)}0\r\n\r\n`, 1)),
  'an extension as long as the body, byte by byte': (size) =>
    read(
      inChunks(
        `${CHUNKED}${(size / 2).toString(16)}\r\n${'x'.repeat(size / 2)}\r\n0;a="${'\\"'.repeat(size / 4)}"\r\n\r\n`,
        1,
      ),
    ),
  'trailer lines, byte by byte': (size) =>
    read(inChunks(`${CHUNKED}0\r\n${'X: y\r\n'.repeat(size / 6)}\r\n`, 1)),
  'a response until the connection ends, byte by byte': (size) =>
    read(
      inChunks(`HTTP/1.1 200 ${'a'.repeat(size / 2)}\r\n\r\n${'b'.repeat(size / 2)}`, 1),
      new ResponseParser({ limits }),
    ),
  'a parser that starts over on each chunk': (size) => {
    const chunks = inChunks(`GET / HTTP/1.1\r\n${HOST}X: ${'a'.repeat(size / 20)}\r\n\r\n`, 1);
    return () => {
      for (let end = 1; end <= chunks.length; end++) {
        const parser = new RequestParser({ limits });
        for (const chunk of chunks.slice(0, end)) parser.push(chunk);
        drain(parser);
      }
    };
  },
};
