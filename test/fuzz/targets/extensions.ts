import { formatExtensions, parseExtensions } from 'sansocket/handshake';
import { ProtocolError } from '../../../src/errors.ts';
import { type FuzzTarget, holds, latin1, same, traceError } from '../target.ts';

const ALLOWED = new Set(['bad-extensions']);

/** `undefined` and `null` told apart. */
function trace(lines: string | readonly string[], length: number): string {
  const parsed = parseExtensions(lines);
  if (parsed instanceof ProtocolError) return traceError(parsed, ALLOWED, length);
  return JSON.stringify(parsed, (_key, value) => (value === undefined ? false : value));
}

export const extensions: FuzzTarget = {
  name: 'extensions',
  about:
    'A value of Sec-WebSocket-Extensions to parseExtensions. Out: extensions, or bad-extensions. A list in two lines is the same as in one ' +
    '(RFC 9110 §5.3); written and parsed again, it is the same list.',
  words: [
    'permessage-deflate',
    'client_max_window_bits',
    'server_no_context_takeover',
    '; ',
    ';',
    ', ',
    ',',
    '=',
    '="',
    '"',
    '\\',
    ' ',
    '\t',
    '=15',
    '="8"',
    '__proto__',
    '\x80',
  ],
  maxBytes: 512,
  vectors: ['handshake-extensions', 'deflate-offer', 'deflate-answer'],
  run({ wire, pieces }) {
    const text = latin1(wire);
    const value = trace(text, text.length);
    const parsed = parseExtensions(text);
    if (!(parsed instanceof ProtocolError)) {
      holds(parsed.length > 0, 'no extension, and no error');
      same(trace(formatExtensions(parsed), 1 << 20), value, 'written and parsed again');
    }
    const lines = pieces().slice(0, 8).map(latin1);
    // No line at all is no header, which is not an empty one.
    if (lines.length === 0) return;
    const joined = lines.join(', ');
    same(trace(lines, joined.length), trace(joined, joined.length), 'in lines');
  },
  good() {
    same(
      trace('a; b="c", d', 11),
      '[{"name":"a","params":[["b","c"]]},{"name":"d","params":[]}]',
      'a good input',
    );
  },
};
