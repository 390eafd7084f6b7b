/**
 * Header fields around a handshake: reading a peer's, and taking an app's own along.
 *
 * Owns: the small interface that any HTTP server's headers fit behind, and the check that an app's headers neither
 * inject lines nor stand in for the handshake's own. Does not own: parsing heads (`http/`).
 *
 * @module
 */
import { trimOws } from '../bytes/ascii.ts';
import { UsageTypeError } from '../errors.ts';
import { type HeaderEntries, HttpHeaders } from '../http/headers.ts';
import { listHas } from '../http/list.ts';

/** The header of a request or a response, as far as a handshake reads it. `HttpHeaders` of sansocket/http is one. */
export interface HeaderLines {
  /** The values of all lines with this name, in order; names compare without regard to case. Empty where there is none. */
  getAll(name: string): readonly string[];
}

/**
 * Refuse what has no headers to read: a request of another HTTP library as it comes, say.
 *
 * @param call What is read, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-argument`).
 */
export function checkSource(call: string, source: { readonly headers: HeaderLines }): void {
  if (typeof source?.headers?.getAll === 'function') return;
  throw new UsageTypeError('bad-argument', `Cannot ${call}: it has no headers.getAll(name)`);
}

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
 * An app's headers, checked.
 *
 * @param call What they are for, as in "Cannot `call`".
 * @throws A `UsageTypeError` (`bad-argument`) for a name that is no token or is reserved, and for a value with CR,
 *   LF, NUL, another control character, or a character above U+00FF.
 */
export function collectHeaders(call: string, entries: HeaderEntries | undefined): HttpHeaders {
  const headers = new HttpHeaders(entries);
  for (const name of headers.keys()) {
    if (isReserved(name.toLowerCase())) {
      throw new UsageTypeError('bad-argument', `Cannot ${call}: header ${name} is not the app's to set`);
    }
  }
  return headers;
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
