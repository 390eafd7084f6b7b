import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { type Extension, formatExtensions, parseExtensions } from '../../../src/handshake/extensions.ts';

/** `name` with parameters; one without `=` is `[name]`. */
function extension(name: string, ...params: Array<[string, string?]>): Extension {
  return { name, params: params.map(([param, value]) => [param, value] as const) };
}

/** Offset and message of the error that `lines` give. */
function faultOf(
  lines: string | readonly string[],
): readonly [code: string, offset: number, message: string] {
  const fault = parseExtensions(lines);
  if (!(fault instanceof ProtocolError)) throw new Error(`Expected an error for ${JSON.stringify(lines)}`);
  return [fault.code, fault.offset, fault.message];
}

describe('parseExtensions()', () => {
  it.each<readonly [string, readonly Extension[]]>([
    ['foo', [extension('foo')]],
    ['foo, bar; baz=2', [extension('foo'), extension('bar', ['baz', '2'])]],
    ['deflate-stream', [extension('deflate-stream')]],
    [
      'mux; max-channels=4; flow-control, deflate-stream',
      [extension('mux', ['max-channels', '4'], ['flow-control']), extension('deflate-stream')],
    ],
    ['private-extension', [extension('private-extension')]],
  ])('reads the example %j [RFC 6455 9.1]', (line, extensions) => {
    expect(parseExtensions(line)).toEqual(extensions);
  });

  it('reads what Chromium, Firefox and Safari send', () => {
    expect(parseExtensions('permessage-deflate; client_max_window_bits')).toEqual([
      extension('permessage-deflate', ['client_max_window_bits']),
    ]);
    expect(parseExtensions('permessage-deflate')).toEqual([extension('permessage-deflate')]);
    expect(parseExtensions('x-webkit-deflate-frame')).toEqual([extension('x-webkit-deflate-frame')]);
  });

  it('reads several lines as one list, in order [RFC 6455 9.1]', () => {
    expect(parseExtensions(['foo', 'bar; baz=2'])).toEqual(parseExtensions('foo, bar; baz=2'));
  });

  it('reads no lines as no extensions', () => {
    expect(parseExtensions([])).toEqual([]);
  });

  it('keeps repeated extensions and parameters, in order and with their case', () => {
    expect(parseExtensions('a; X=1; x=2; X=3, A, a')).toEqual([
      extension('a', ['X', '1'], ['x', '2'], ['X', '3']),
      extension('A'),
      extension('a'),
    ]);
  });

  it('lets white space stand around every word [RFC 6455 9.1, RFC 2616 2.1]', () => {
    expect(parseExtensions(' \ta \t; b\t = \t1 ; c = "2"\t; d \t, \te ')).toEqual([
      extension('a', ['b', '1'], ['c', '2'], ['d']),
      extension('e'),
    ]);
  });

  it('skips empty elements between commas [RFC 2616 2.1, RFC 9110 5.6.1.2]', () => {
    expect(parseExtensions(', ,a,, \t ,b;c,')).toEqual([extension('a'), extension('b', ['c'])]);
    expect(parseExtensions(['', 'a', ' ,'])).toEqual([extension('a')]);
  });

  it.each([
    ['a; b="1"', '1'],
    ['a; b="to\\ken"', 'token'],
    ['a; b="\\t\\o\\k\\e\\n"', 'token'],
    ['a; b="x\\yz"', 'xyz'],
    ['a; b="!#$%&\'*+-.^_`|~"', "!#$%&'*+-.^_`|~"],
  ])('takes the quotes and backslashes off %j [RFC 6455 9.1]', (line, value) => {
    expect(parseExtensions(line)).toEqual([extension('a', ['b', value])]);
  });

  it.each([
    ['an empty value', '', 0],
    ['white space alone', ' \t', 0],
    ['commas alone', ',, ,', 0],
  ])('refuses %s: there is at least one extension [RFC 6455 9.1]', (_what, line) => {
    expect(faultOf(line)).toEqual([
      'bad-extensions',
      0,
      'Cannot read Sec-WebSocket-Extensions: it is empty (RFC 6455 §9.1)',
    ]);
  });

  it.each([
    ['no name', ';a', 0],
    ['no name after a comma', 'a, ;b', 3],
    ['a name in quotes', '"a"', 0],
    ['a name with a value', 'a=1', 1],
    ['two words', 'a b', 2],
    ['two words after a tab', 'a\tb', 2],
    ['no parameter', 'a;', 2],
    ['no parameter before a comma', 'a; , b', 3],
    ['no parameter between semicolons', 'a;;b', 2],
    ['a parameter without a name', 'a; =1', 3],
    ['a parameter in quotes', 'a; "b"', 3],
    ['two words in a parameter', 'a; b c', 5],
    ['no value', 'a; b=', 5],
    ['no value before a comma', 'a; b=, c', 5],
    ['no value before a semicolon', 'a; b=; c', 5],
    ['two values', 'a; b=1 2', 7],
    ['two equals signs', 'a; b==1', 5],
    ['an equals sign after the value', 'a; b=1=2', 6],
    ['an empty quoted value', 'a; b=""', 6],
    ['a quoted value that is no token: a space', 'a; b="1 2"', 7],
    ['a quoted value that is no token: an escaped space', 'a; b="1\\ 2"', 8],
    ['a quoted value that is no token: an escaped quote', 'a; b="1\\"2"', 8],
    ['a quoted value that is no token: an escaped backslash', 'a; b="1\\\\2"', 8],
    ['a quoted value that is no token: a comma', 'a; b="1,2"', 7],
    ['a quote that does not end', 'a; b="1', 7],
    ['a quote that ends in a backslash', 'a; b="1\\', 8],
    ['a quote that is only opened', 'a; b="', 6],
    ['text after a quoted value', 'a; b="1"2', 8],
    ['another quoted value right after one', 'a; b="1""2"', 8],
    ['a slash', 'a/b', 1],
    ['a byte above 0x7F', 'caf\xe9', 3],
    ['a character above U+00FF whose low byte is a letter', 'a\u0141', 1],
    ['a NUL', 'a\0', 1],
    ['a line feed', 'a\nb', 1],
    ['a non-breaking space around a word', '\xa0a', 0],
  ])('refuses %s and says where [RFC 6455 9.1]', (_what, line, offset) => {
    const at =
      offset < line.length
        ? `unexpected character at position ${offset}`
        : 'it ends in the middle of an extension';
    expect(faultOf(line)).toEqual([
      'bad-extensions',
      offset,
      `Cannot read Sec-WebSocket-Extensions: ${at} (RFC 6455 §9.1)`,
    ]);
  });

  it('counts the offset over all lines as if they were joined', () => {
    expect(faultOf(['a', 'bc', 'd; =1'])[1]).toBe('a, bc, d; =1'.indexOf('='));
  });

  it('does not let a quote run over the end of a line', () => {
    expect(faultOf(['a; b="1', '2"'])[1]).toBe(7);
  });

  it.each(['constructor', 'toString', 'hasOwnProperty', '__proto__', 'valueOf'])(
    'reads the name %s like any other, for an extension, a parameter and a value [GHSA-5v72-xg48-5rpm]',
    (name) => {
      expect(parseExtensions(`${name}; ${name}=${name}; ${name}`)).toEqual([
        extension(name, [name, name], [name]),
      ]);
      expect(Object.getPrototypeOf(parseExtensions(name))).toBe(Array.prototype);
    },
  );

  it('gives a value or an error for each of the 256 bytes at each kind of place, and never throws [CVE-2026-55517]', () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      for (const line of [
        `${character}`,
        `a${character}`,
        `a;${character}`,
        `a;b=${character}`,
        `a;b="${character}"`,
      ]) {
        const result = parseExtensions(line);
        expect(result instanceof ProtocolError || Array.isArray(result)).toBe(true);
      }
    }
  });
});

describe('formatExtensions()', () => {
  it.each<readonly [readonly Extension[], string]>([
    [[], ''],
    [[extension('a')], 'a'],
    [[extension('a', ['b'], ['c', '1']), extension('d')], 'a; b; c=1, d'],
  ])('writes %j as %j [RFC 6455 9.1]', (extensions, line) => {
    expect(formatExtensions(extensions)).toBe(line);
  });

  it.each<readonly [string, Extension, string]>([
    ['an empty name', extension(''), 'extension ""'],
    ['a name with a line break', extension('a\r\nX: 1'), 'extension "a\\r\\nX: 1"'],
    ['a name with a comma', extension('a,b'), 'extension "a,b"'],
    ['an empty parameter', extension('a', ['']), 'parameter ""'],
    ['a parameter with a space', extension('a', ['b c']), 'parameter "b c"'],
    ['an empty value', extension('a', ['b', '']), 'value ""'],
    ['a value with a quote', extension('a', ['b', '"']), 'value "\\""'],
    ['a value that is a number', extension('a', ['b', 15 as unknown as string]), 'value 15'],
  ])('throws for %s [CVE-2026-1527]', (_what, wrong, named) => {
    expect(() => formatExtensions([wrong])).toThrow(
      expect.objectContaining({
        code: 'bad-argument',
        message: `Cannot write Sec-WebSocket-Extensions: ${named} is no token (RFC 6455 §9.1)`,
      }),
    );
  });
});

describe('formatExtensions and what is no string', () => {
  it.each([[['a']], [{ length: 1 }], [7], [null], [undefined]])(
    'refuses %j for a name with an error of its own',
    (name) => {
      expect(() => formatExtensions([{ name: name as never, params: [] }])).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'bad-argument' }),
      );
    },
  );
});

it.each([undefined, null, 5, [undefined], [['a']]])(
  'parseExtensions() refuses what is no text: %j',
  (lines) => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    expect(() => parseExtensions(lines as never)).toThrow(refused);
  },
);
