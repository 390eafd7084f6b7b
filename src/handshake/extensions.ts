/**
 * `Sec-WebSocket-Extensions`: the header's grammar (RFC 6455 §9.1).
 *
 * Owns: text to a list of extensions and back, in both roles. Does not own: what any extension means; names and
 * parameters are pairs in an array, in the order and the spelling they were sent in, and never keys of an object.
 *
 * @module
 */

import { CLASS, HTAB, isToken, SP, TCHAR } from '../bytes/ascii.ts';
import { checkText } from '../bytes/view.ts';
import { type ProtocolError, UsageTypeError } from '../errors.ts';
import { requestFault } from './faults.ts';

/** One extension that is offered or accepted, with its parameters. */
export interface Extension {
  /** A token, such as `permessage-deflate`. Case counts. */
  readonly name: string;
  /** In order, repeated ones too. A value is a token, without the quotes it may have had; `undefined`: no `=`. */
  readonly params: ReadonlyArray<readonly [name: string, value: string | undefined]>;
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const BACKSLASH = 0x5c;

/** What a scan left behind: the token, and where the next character is; a fault is a token of ''. */
interface Scan {
  token: string;
  at: number;
}

/**
 * Read the extensions that a header names: `name; param; param=value, name…`.
 *
 * The grammar is RFC 2616's, as §9.1 says: white space may stand between any two words ("implied *LWS"), and empty
 * elements between commas count for nothing (RFC 9110 §5.6.1.2), but a header without any extension is malformed. A
 * quoted value must be a token once the quotes are gone. One pass: each character is looked at once.
 *
 * @param lines The value of the header, or the values of all its lines in order; none: no extensions.
 * @returns The list, or a {@link ProtocolError} value (`bad-extensions`); its `offset` counts from the first line's
 *   first character, lines joined by `, `.
 * @throws A `UsageTypeError` (`bad-argument`) for what is no text, such as the `undefined` of a header that is not there.
 *
 * @example
 * ```ts
 * import { deepEqual } from 'node:assert/strict';
 * import { parseExtensions } from 'sansocket/handshake';
 *
 * deepEqual(parseExtensions('permessage-deflate; client_max_window_bits; server_max_window_bits="10"'), [
 *   {
 *     name: 'permessage-deflate',
 *     params: [['client_max_window_bits', undefined], ['server_max_window_bits', '10']],
 *   },
 * ]);
 * ```
 */
export function parseExtensions(lines: string | readonly string[]): readonly Extension[] | ProtocolError {
  const extensions: Extension[] = [];
  const values = Array.isArray(lines) ? lines : [lines];
  let offset = 0;
  for (const line of values) {
    const value = checkText(line, 'Sec-WebSocket-Extensions');
    const failedAt = parseLine(value, extensions);
    if (failedAt >= 0) {
      return requestFault(
        'bad-extensions',
        `Cannot read Sec-WebSocket-Extensions: ${explain(value, failedAt)}`,
        offset + failedAt,
      );
    }
    offset += value.length + 2;
  }
  if (values.length > 0 && extensions.length === 0) {
    return requestFault('bad-extensions', 'Cannot read Sec-WebSocket-Extensions: it is empty');
  }
  return extensions;
}

/** Read one line into `extensions`. Returns where it is malformed, or -1. */
function parseLine(text: string, extensions: Extension[]): number {
  const scan: Scan = { token: '', at: 0 };
  for (;;) {
    skipOws(text, scan);
    if (scan.at === text.length) return -1;
    if (text.charCodeAt(scan.at) === COMMA) {
      scan.at++;
      continue;
    }
    if (!scanToken(text, scan)) return scan.at;
    const params: Array<readonly [string, string | undefined]> = [];
    extensions.push({ name: scan.token, params });
    skipOws(text, scan);
    while (text.charCodeAt(scan.at) === SEMICOLON) {
      scan.at++;
      if (!scanParam(text, scan, params)) return scan.at;
    }
    if (scan.at < text.length && text.charCodeAt(scan.at) !== COMMA) return scan.at;
  }
}

/** `token [ "=" ( token | quoted-string ) ]`, with the white space around it. */
function scanParam(
  text: string,
  scan: Scan,
  params: Array<readonly [name: string, value: string | undefined]>,
): boolean {
  skipOws(text, scan);
  if (!scanToken(text, scan)) return false;
  const name = scan.token;
  let value: string | undefined;
  skipOws(text, scan);
  if (text.charCodeAt(scan.at) === EQUALS) {
    scan.at++;
    skipOws(text, scan);
    const quoted = text.charCodeAt(scan.at) === QUOTE;
    if (!(quoted ? scanQuoted(text, scan) : scanToken(text, scan))) return false;
    value = scan.token;
    skipOws(text, scan);
  }
  params.push([name, value]);
  return true;
}

function skipOws(text: string, scan: Scan): void {
  for (let unit = text.charCodeAt(scan.at); unit === SP || unit === HTAB; ) unit = text.charCodeAt(++scan.at);
}

function scanToken(text: string, scan: Scan): boolean {
  const start = scan.at;
  while (isTokenUnit(text.charCodeAt(scan.at))) scan.at++;
  scan.token = text.slice(start, scan.at);
  return scan.at > start;
}

/**
 * A quoted string. "When using the quoted-string syntax variant, the value after quoted-string unescaping MUST
 * conform to the 'token' ABNF": so whatever stands in it, escaped or not, must be a token character.
 */
function scanQuoted(text: string, scan: Scan): boolean {
  scan.at++;
  let token = '';
  // What was read since the last backslash is cut out in one piece.
  let start = scan.at;
  for (;;) {
    const unit = text.charCodeAt(scan.at);
    if (unit === QUOTE) break;
    if (unit === BACKSLASH) {
      token += text.slice(start, scan.at);
      scan.at++;
      start = scan.at;
    }
    if (!isTokenUnit(text.charCodeAt(scan.at))) return false;
    scan.at++;
  }
  scan.token = token + text.slice(start, scan.at);
  if (scan.token === '') return false;
  scan.at++;
  return true;
}

/** False for NaN, which is what `charCodeAt` says past the end. */
function isTokenUnit(unit: number): boolean {
  return unit < 256 && (CLASS[unit]! & TCHAR) !== 0;
}

function explain(value: string, at: number): string {
  if (at >= value.length) return 'it ends in the middle of an extension';
  return `unexpected character at position ${at}`;
}

/**
 * Write extensions as the value of a header.
 *
 * A parameter's value stands without quotes: it is a token.
 *
 * @returns `''` for an empty list; such a header must not be sent.
 * @throws A `UsageTypeError` (`bad-argument`) where a name or a value is no token.
 *
 * @example
 * ```ts
 * import { equal } from 'node:assert/strict';
 * import { formatExtensions } from 'sansocket/handshake';
 *
 * equal(formatExtensions([{ name: 'a', params: [['b', undefined], ['c', '1']] }, { name: 'd', params: [] }]), 'a; b; c=1, d');
 * ```
 */
export function formatExtensions(extensions: readonly Extension[]): string {
  let text = '';
  for (const extension of listOf('a list', extensions)) {
    const name = extension?.name;
    text += `${text === '' ? '' : ', '}${token('extension', name)}`;
    for (const [param, value] of listOf('pairs in params', extension.params)) {
      text += `; ${token('parameter', param)}`;
      if (value !== undefined) text += `=${token('value', value)}`;
    }
  }
  return text;
}

function listOf<Element>(what: string, list: readonly Element[]): readonly Element[] {
  if (Array.isArray(list)) return list;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot write Sec-WebSocket-Extensions: there is no list, expected ${what}`,
  );
}

function token(what: string, text: string): string {
  if (typeof text === 'string' && isToken(text)) return text;
  throw new UsageTypeError(
    'bad-argument',
    `Cannot write Sec-WebSocket-Extensions: ${what} ${JSON.stringify(text)} is no token (RFC 6455 §9.1)`,
  );
}
