/**
 * Header fields around a handshake: reading a peer's, and taking an app's own along.
 *
 * Owns: the small interface that any HTTP server's headers fit behind, and the check that an app's headers neither
 * inject lines nor stand in for the handshake's own. Does not own: parsing heads (`http/`).
 *
 * @module
 */
import { isFieldValue, isToken, trimOws } from '../bytes/ascii.ts';
import { UsageTypeError } from '../errors.ts';
import { listHas } from '../http/list.ts';

/** The header of a request or a response, as far as a handshake reads it. `HttpHeaders` of sansocket/http is one. */
export interface HeaderLines {
  /** The values of all lines with this name, in order; names compare without regard to case. Empty where there is none. */
  getAll(name: string): readonly string[];
}

/** Headers that an app adds: pairs, or an object whose values may be lists. */
export type HeaderList =
  | Iterable<readonly [name: string, value: string]>
  | { readonly [name: string]: string | readonly string[] };

/** The values of a header without the white space around them. */
export function linesOf(headers: HeaderLines, name: string): readonly string[] {
  const lines = headers.getAll(name);
  return lines.length === 0 ? lines : lines.map(trimOws);
}

/** Whether one of the lines of a header, as a list, names `token`, in any case (RFC 9110 §5.6.1). */
export function namesToken(headers: HeaderLines, name: string, token: string): boolean {
  return headers.getAll(name).some((line) => listHas(line, token));
}

/**
 * An app's headers as pairs, checked.
 *
 * @param call What they are for, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-argument`) for a name that is no token or is reserved, and for a value with CR,
 *   LF, NUL, another control character, or a character above U+00FF. The value is not repeated: it may be a secret.
 */
export function collectHeaders(
  call: string,
  headers: HeaderList,
): Array<readonly [name: string, value: string]> {
  if (typeof headers !== 'object' || headers === null) {
    throw new UsageTypeError(
      'bad-argument',
      `Cannot ${call}: headers are ${String(headers)}, expected pairs or an object`,
    );
  }
  const pairs: Array<readonly [string, string]> = [];
  for (const [name, value] of pairsOf(headers)) {
    if (typeof name !== 'string' || !isToken(name)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot ${call}: header name ${JSON.stringify(name)} is no token`,
      );
    }
    if (isReserved(name.toLowerCase())) {
      throw new UsageTypeError('bad-argument', `Cannot ${call}: header ${name} is written by the handshake`);
    }
    if (typeof value !== 'string' || !isFieldValue(value)) {
      throw new UsageTypeError(
        'bad-argument',
        `Cannot ${call}: the value of header ${name} is no text without control characters in U+0000 to U+00FF`,
      );
    }
    pairs.push([name, trimOws(value)]);
  }
  return pairs;
}

function* pairsOf(headers: HeaderList): Generator<readonly [string, string]> {
  if (Symbol.iterator in headers) {
    yield* headers as Iterable<readonly [string, string]>;
    return;
  }
  for (const [name, value] of Object.entries(headers)) {
    if (typeof value === 'string') yield [name, value];
    else for (const one of Array.isArray(value) ? value : [value]) yield [name, one];
  }
}

/** The handshake's own headers, and those that frame a body: neither side of an opening handshake has one. */
function isReserved(lowerCaseName: string): boolean {
  return (
    lowerCaseName === 'connection' ||
    lowerCaseName === 'upgrade' ||
    lowerCaseName === 'content-length' ||
    lowerCaseName === 'transfer-encoding' ||
    lowerCaseName.startsWith('sec-websocket-')
  );
}
