/**
 * The parsers against a transcription of the grammar: regular expressions over the whole text, slow and easy to
 * compare with the RFC.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bytesOf, driveRequests, driveResponses } from '../unit/http/drive.ts';

const TCHAR = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]";
const FIELD = '[\\t\\x20-\\x7e\\x80-\\xff]';
const OWS = '[ \\t]*';

// RFC 3986 appendix A.
const H16 = '[0-9A-Fa-f]{1,4}';
const OCTET = '(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])';
const IPV4 = `(?:${OCTET}\\.){3}${OCTET}`;
const LS32 = `(?:${H16}:${H16}|${IPV4})`;
const IPV6 = [
  `(?:${H16}:){6}${LS32}`,
  `::(?:${H16}:){5}${LS32}`,
  `(?:${H16})?::(?:${H16}:){4}${LS32}`,
  `(?:(?:${H16}:){0,1}${H16})?::(?:${H16}:){3}${LS32}`,
  `(?:(?:${H16}:){0,2}${H16})?::(?:${H16}:){2}${LS32}`,
  `(?:(?:${H16}:){0,3}${H16})?::${H16}:${LS32}`,
  `(?:(?:${H16}:){0,4}${H16})?::${LS32}`,
  `(?:(?:${H16}:){0,5}${H16})?::${H16}`,
  `(?:(?:${H16}:){0,6}${H16})?::`,
].join('|');
const REG_NAME = "(?:[A-Za-z0-9\\-._~!$&'()*+,;=]|%[0-9A-Fa-f]{2})+";
const FUTURE = "[vV][0-9A-Fa-f]+\\.[A-Za-z0-9\\-._~!$&'()*+,;=:]+";
const HOST = `(?:\\[(?:${IPV6}|${FUTURE})\\]|${REG_NAME})`;
const HOST_PORT = new RegExp(`^${HOST}(?::[0-9]*)?$`);
const CONNECT = new RegExp(`^${HOST}:([0-9]+)$`);
const ABSOLUTE = new RegExp(`^[A-Za-z][A-Za-z0-9+\\-.]*://(${HOST}(?::[0-9]*)?)(/[^?]*)?(?:\\?.*)?$`);
const TARGET = '[!$-;=?-~]';
const REQUEST_LINE = new RegExp(`^(${TCHAR}+) (${TARGET}+) HTTP/1\\.([0-9])$`);
const FIELD_LINE = new RegExp(`^(${TCHAR}+):${OWS}(${FIELD}*?)${OWS}$`);

interface Head {
  readonly method: string;
  readonly target: string;
  readonly form: string;
  readonly host: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly contentLength: number | null;
  readonly chunked: boolean;
}

/** The start line and the header that `text` starts with; undefined when they are not whole, or a line of the header is none. */
function linesBySpec(text: string) {
  const rest = text.replace(/^(?:\r\n){1,4}/, '');
  const end = rest.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [first = '', ...lines] = rest.slice(0, end).split('\r\n');
  const headers: Array<[string, string]> = [];
  for (const line of lines) {
    const [, name, value] = FIELD_LINE.exec(line) ?? [];
    if (name === undefined || value === undefined) return undefined;
    headers.push([name, value]);
  }
  const all = (wanted: string): string[] =>
    headers.filter(([name]) => name.toLowerCase() === wanted).map(([, value]) => value);
  return { first, headers, all };
}

/** The request that `text` starts with; undefined when there is no whole and right one. */
function headBySpec(text: string): Head | undefined {
  const section = linesBySpec(text);
  if (section === undefined) return undefined;
  const { first, headers, all } = section;
  const [, method, target, minor] = REQUEST_LINE.exec(first) ?? [];
  if (method === undefined || target === undefined) return undefined;

  const hosts = all('host');
  if (hosts.length > 1 || (hosts.length === 0 && minor !== '0')) return undefined;
  const host = hosts[0] ?? '';
  if (host !== '' && !HOST_PORT.test(host)) return undefined;

  const codings = all('transfer-encoding');
  const lengths = all('content-length');
  if (codings.length > 0) {
    if (minor === '0' || lengths.length > 0) return undefined;
    if (codings.length > 1 || !/^chunked$/i.test(codings[0]!)) return undefined;
  }
  if (lengths.length > 1) return undefined;
  const [length] = lengths;
  if (length !== undefined && !(/^[0-9]+$/.test(length) && BigInt(length) <= 1024n * 1024n)) return undefined;

  let form = 'origin';
  let authority = '';
  const connect = CONNECT.exec(target);
  const absolute = ABSOLUTE.exec(target);
  if (method === 'CONNECT') {
    const port = Number(connect?.[1] ?? 0);
    if (port < 1 || port > 65_535) return undefined;
    [form, authority] = ['authority', target];
  } else if (target.startsWith('/')) form = 'origin';
  else if (target === '*' && method === 'OPTIONS') form = 'asterisk';
  else if (absolute !== null) [form, authority] = ['absolute', absolute[1]!];
  else return undefined;
  return {
    method,
    target,
    form,
    host: authority === '' ? host : authority,
    headers,
    contentLength: length === undefined ? null : Number(length),
    chunked: codings.length > 0,
  };
}

/** Mostly right parts, so that many heads are right, and parts that break one rule each. */
const weighted = (right: readonly string[], wrong: readonly string[]): fc.Arbitrary<string> =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...right) },
    { weight: 1, arbitrary: fc.constantFrom(...wrong) },
    {
      weight: 1,
      arbitrary: fc.string({ unit: fc.nat(255).map((code) => String.fromCharCode(code)), maxLength: 4 }),
    },
  );
const methods = weighted(['GET', 'POST', 'OPTIONS', 'CONNECT', 'x!'], ['', 'G T', 'G(T', '\r\nGET', '\nGET']);
const host = fc.oneof(
  fc.constantFrom(
    'a',
    'a.b:80',
    '[::1]',
    '[1:2::3.4.5.6]:1',
    'a%2f',
    ':80',
    'a b',
    'u@a',
    '[::1',
    'a:b',
    '',
    'a:0',
    'a:65536',
  ),
  fc
    .array(fc.constantFrom('1', 'f', ':', '::', '.', '12345', '255', '256', '0', 'v1.'), { maxLength: 12 })
    .map((parts) => `[${parts.join('')}]`),
  fc.string({ unit: fc.constantFrom(...'a1.:[]%-2Fg@/'), maxLength: 8 }),
);
const targets = fc.oneof(
  {
    weight: 4,
    arbitrary: weighted(['/', '/a?b', '//x', '*', '/{|}^`\\'], ['/"', '/#', '/<', '/ ', 'a', '?', '']),
  },
  { weight: 1, arbitrary: host },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom('http', 'W-s.1+', '1x', ''), host, fc.constantFrom('', '/', '?', '/a?b', '?/'))
      .map(([scheme, authority, rest]) => `${scheme}://${authority}${rest}`),
  },
);
const versions = weighted(
  ['HTTP/1.1', 'HTTP/1.0'],
  ['HTTP/1.2', 'HTTP/2.0', 'http/1.1', 'HTTP/1.10', 'HTTP/1.1 ', 'HTTP/1', ''],
);
const names = weighted(
  ['X', 'host', 'Content-Length', 'transfer-encoding', 'content-length', 'x-Y!'],
  ['', 'X ', ' X', 'X\t', 'H\xe4', 'A B'],
);
const values = weighted(
  ['a', '5', '0', 'chunked', 'Chunked ', '\ta b\t', '', '\x80\xff'],
  [
    '5, 5',
    '+5',
    '0x5',
    '5 5',
    '9007199254740993',
    '1048577',
    'gzip, chunked',
    'chunked,',
    'a\x00',
    'a\x7f',
    'a\rb',
    'a\nb',
    'a\r\n b',
    'a\r\n\tb',
  ],
);
const ends = weighted(['\r\n', '\r\n', '\r\n', '\r\n'], ['\n', '\r', '\r\r\n', '\n\r', '']);
const lines = fc
  .array(fc.tuple(names, fc.constantFrom(':', ':', ': ', ':\t '), values, ends), { maxLength: 4 })
  .map((all) => all.map((parts) => parts.join('')).join(''));
const heads = fc
  .tuple(
    weighted(['', '', '', '\r\n'], ['\r\n\r\n\r\n\r\n', '\r\n\r\n\r\n\r\n\r\n', '\n', '\r']),
    methods,
    weighted([' '], ['  ', '\t']),
    targets,
    weighted([' '], ['  ', '\t']),
    versions,
    ends,
    fc.oneof(
      { weight: 8, arbitrary: fc.constant('Host: a\r\n') },
      { weight: 3, arbitrary: host.map((value) => `Host: ${value}\r\n`) },
      { weight: 1, arbitrary: fc.constant('') },
    ),
    lines,
    ends,
  )
  .map((parts) => parts.join(''));

it('RequestParser takes the heads that the grammar takes, reads the same in them, and takes no other [RFC 9112 2-6]', () => {
  let taken = 0;
  fc.assert(
    fc.property(heads, (text) => {
      const expected = headBySpec(text);
      const [head] = driveRequests([bytesOf(text)]).events;
      if (expected === undefined) expect(head, JSON.stringify(text)).toBeUndefined();
      else expect(head, JSON.stringify(text)).toMatchObject(expected);
      if (head !== undefined) taken++;
    }),
    { numRuns: 10_000 },
  );
  // The generator is of use only while many of its heads are right.
  expect(taken).toBeGreaterThan(500);
});

const QUOTED = '"(?:[\\t\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e\\x80-\\xff]|\\\\[\\t\\x20-\\x7e\\x80-\\xff])*"';
const EXTENSION = `${OWS};${OWS}${TCHAR}+(?:${OWS}=${OWS}(?:${TCHAR}+|${QUOTED}))?`;
const CHUNK_LINE = new RegExp(`([0-9A-Fa-f]+)(?:${EXTENSION})*\\r\\n`, 'y');

/** The chunked body that `text` starts with, decoded, with its trailer lines; undefined when there is no whole and right one. */
function chunkedBySpec(text: string): { data: string; trailers: string[][] } | undefined {
  let data = '';
  CHUNK_LINE.lastIndex = 0;
  for (;;) {
    const line = CHUNK_LINE.exec(text);
    if (line === null) return undefined;
    const size = Number.parseInt(line[1]!, 16);
    const at = CHUNK_LINE.lastIndex;
    if (size === 0) {
      const end = text.startsWith('\r\n', at) ? at : text.indexOf('\r\n\r\n', at);
      if (end < 0) return undefined;
      const trailers: string[][] = [];
      for (const field of end === at ? [] : text.slice(at, end).split('\r\n')) {
        const [, name, value] = FIELD_LINE.exec(field) ?? [];
        if (name === undefined || value === undefined) return undefined;
        trailers.push([name, value]);
      }
      return { data, trailers };
    }
    if (text.slice(at + size, at + size + 2) !== '\r\n') return undefined;
    data += text.slice(at, at + size);
    CHUNK_LINE.lastIndex = at + size + 2;
  }
}

const extension = weighted(
  ['', '', ';a', ';a=b', '; a = "b\\"c"', ' ;a=""', ';a;b=c'],
  [';', ' ', ';a=', ';a b', ';"a"', ';a="b', '=a', ';a ', ';a="\r\n"', ';=b'],
);
const chunk = fc
  .tuple(
    fc.string({ unit: fc.constantFrom('x', '\r', '\n', '0', '\x00'), minLength: 1, maxLength: 20 }),
    fc.nat(3),
    extension,
    ends,
    ends,
    fc.constantFrom(0, 0, 0, 0, 0, 0, 1, -1),
  )
  .map(
    ([data, zeros, ext, a, b, off]) =>
      `${'0'.repeat(zeros)}${Math.max(1, data.length + off).toString(16)}${ext}${a}${data}${b}`,
  );
const bodies = fc
  .tuple(
    fc.array(chunk, { maxLength: 4 }),
    fc.constantFrom('0', '000', ''),
    extension,
    ends,
    fc.oneof({ weight: 2, arbitrary: fc.constant('') }, { weight: 1, arbitrary: lines }),
    ends,
  )
  .map(([chunks, ...rest]) => chunks.join('') + rest.join(''));

it('RequestParser takes the chunked bodies that the grammar takes, decodes them the same, and takes no other [RFC 9112 7.1]', () => {
  let taken = 0;
  const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
  fc.assert(
    fc.property(bodies, (text) => {
      const expected = chunkedBySpec(text);
      const { events } = driveRequests([bytesOf(head + text)], { stopAtEnd: true });
      const end = events.find((event) => event.kind === 'end');
      if (expected === undefined) {
        expect(end, JSON.stringify(text)).toBeUndefined();
        return;
      }
      taken++;
      const trailers = expected.trailers.length > 0 ? expected.trailers : null;
      const body = expected.data === '' ? [] : [{ kind: 'body', text: expected.data }];
      expect(events.slice(1), JSON.stringify(text)).toEqual([...body, { kind: 'end', trailers }]);
    }),
    { numRuns: 5000 },
  );
  expect(taken).toBeGreaterThan(500);
});

const STATUS_LINE = new RegExp(`^HTTP/1\\.([0-9]) ([1-9][0-9]{2}) (${FIELD}*)$`);

interface StatusHead {
  readonly status: number;
  readonly reason: string;
  readonly headers: ReadonlyArray<readonly [string, string]>;
  readonly contentLength: number | null;
  readonly chunked: boolean;
  readonly untilClose: boolean;
}

/** The response to `method` that `text` starts with, with its framing by RFC 9112 §6.3; undefined when there is no whole and right one. */
function statusHeadBySpec(text: string, method: string): StatusHead | undefined {
  const section = linesBySpec(text);
  if (section === undefined) return undefined;
  const { first, headers, all } = section;
  const [, minor, digits, reason] = STATUS_LINE.exec(first) ?? [];
  if (digits === undefined || reason === undefined) return undefined;
  const status = Number(digits);
  const codings = all('transfer-encoding');
  const lengths = all('content-length');
  const none = { status, reason, headers, contentLength: null, chunked: false, untilClose: false };
  // 1: what an interim response, or a switch to a tunnel, says of a body means nothing.
  if (status < 200 || (method === 'CONNECT' && status < 300)) return none;
  const [length] = lengths;
  const isNumber = length === undefined || (/^[0-9]+$/.test(length) && BigInt(length) < 2n ** 53n);
  // 2, 3: no body, and a length that says how long it would have been.
  if (method === 'HEAD' || status === 204 || status === 304) {
    return lengths.length < 2 && isNumber
      ? { ...none, contentLength: length === undefined ? null : Number(length) }
      : undefined;
  }
  // 4: the coding.
  if (codings.length > 0) {
    if (minor === '0' || lengths.length > 0 || codings.length > 1) return undefined;
    return /^chunked$/i.test(codings[0]!) ? { ...none, chunked: true } : undefined;
  }
  // 5, 6, 8: the length, or the end of the connection.
  if (length === undefined) return { ...none, untilClose: true };
  if (lengths.length > 1 || !isNumber || Number(length) > 1024 * 1024) return undefined;
  return { ...none, contentLength: Number(length) };
}

const statusHeads = fc
  .tuple(
    weighted(['', '', '', '\r\n'], ['\r\n\r\n\r\n\r\n', '\r\n\r\n\r\n\r\n\r\n', '\n', '\r']),
    versions,
    weighted([' '], ['  ', '\t', '']),
    weighted(
      ['200', '404', '204', '304', '101', '103', '999', '100'],
      ['99', '099', '000', '1000', '2x0', '+20', ''],
    ),
    weighted([' '], ['', '\t', '  ']),
    weighted(['OK', '', 'Not Found', ' \t\x80\xff '], ['a\x00', 'a\x7f', 'a\rb', '\x0b']),
    ends,
    lines,
    ends,
  )
  .map((parts) => parts.join(''));

it('ResponseParser takes the heads that the grammar takes, frames their bodies the same, and takes no other [RFC 9112 4, 6.3]', () => {
  let taken = 0;
  fc.assert(
    fc.property(statusHeads, fc.constantFrom('GET', 'HEAD', 'CONNECT'), (text, method) => {
      const expected = statusHeadBySpec(text, method);
      const [head] = driveResponses([bytesOf(text)], { expect: [method] }).events;
      if (expected === undefined) expect(head, JSON.stringify([method, text])).toBeUndefined();
      else expect(head, JSON.stringify([method, text])).toMatchObject(expected);
      if (head !== undefined) taken++;
    }),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(500);
});
