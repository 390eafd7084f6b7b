import { inspect } from 'node:util';
import { HttpHeaders, RequestParser } from 'sansocket/http';
import { describe, expect, it } from 'vitest';
import { bytesOf } from './drive.ts';

/** Headers as a parser makes them. */
function parsed(lines: string): HttpHeaders {
  const parser = new RequestParser();
  parser.push(bytesOf(`GET / HTTP/1.0\r\n${lines}\r\n`));
  const head = parser.next();
  if (head?.kind !== 'head') throw head;
  return head.headers;
}

const MAKERS: ReadonlyArray<readonly [string, () => HttpHeaders]> = [
  ['parsed', () => parsed('Accept: a\r\nX-Name: b\r\naccept: c\r\n')],
  [
    'built',
    () =>
      new HttpHeaders([
        ['Accept', 'a'],
        ['X-Name', 'b'],
        ['accept', 'c'],
      ]),
  ],
];

describe.each(MAKERS)('HttpHeaders, %s', (_how, make) => {
  it('get() finds a name in any case, and joins its lines [RFC 9110 5.3]', () => {
    expect(make().get('ACCEPT')).toBe('a, c');
    expect(make().get('x-name')).toBe('b');
    expect(make().get('accep')).toBeUndefined();
    expect(make().get('')).toBeUndefined();
  });

  it('getAll() and has() see each line', () => {
    expect(make().getAll('Accept')).toEqual(['a', 'c']);
    expect(make().getAll('none')).toEqual([]);
    expect([make().has('X-NAME'), make().has('none')]).toEqual([true, false]);
  });

  it('iterates over the lines as sent, in order', () => {
    const lines = [
      ['Accept', 'a'],
      ['X-Name', 'b'],
      ['accept', 'c'],
    ];
    expect([...make()]).toEqual(lines);
    expect([...make().entries()]).toEqual(lines);
    expect([...make().keys()]).toEqual(['Accept', 'X-Name', 'accept']);
    expect([...make().values()]).toEqual(['a', 'b', 'c']);
    expect(make().size).toBe(3);
    const visited: string[][] = [];
    make().forEach((value, name) => {
      visited.push([name, value]);
    });
    expect(visited).toEqual(lines);
  });

  it('set() puts one line in the place of the first, append() adds one, delete() takes all', () => {
    expect([...make().set('ACCEPT', 'd')]).toEqual([
      ['ACCEPT', 'd'],
      ['X-Name', 'b'],
    ]);
    expect([...make().set('New', 'd')].at(-1)).toEqual(['New', 'd']);
    expect([...make().set('accept', ['d', 'e'])]).toEqual([
      ['accept', 'd'],
      ['accept', 'e'],
      ['X-Name', 'b'],
    ]);
    expect([...make().append('x-name', 'd')].at(-1)).toEqual(['x-name', 'd']);
    const headers = make();
    expect([headers.delete('accept'), headers.delete('accept')]).toEqual([true, false]);
    expect([...headers]).toEqual([['X-Name', 'b']]);
    expect([headers.size, headers.get('x-name'), headers.get('accept')]).toEqual([1, 'b', undefined]);
  });

  it('a change is of the whole name: one that only begins like it is another', () => {
    const headers = make();
    headers.append('Accept-Language', 'de').append('X-Names', 'c').append('Accep', 't');
    headers.set('accept', 'd').set('x-name', 'e');
    expect([...headers]).toEqual([
      ['accept', 'd'],
      ['x-name', 'e'],
      ['Accept-Language', 'de'],
      ['X-Names', 'c'],
      ['Accep', 't'],
    ]);
    headers.delete('accept');
    expect([...headers].map(([name]) => name)).toEqual(['x-name', 'Accept-Language', 'X-Names', 'Accep']);
  });

  it('what is appended stands behind all that there was', () => {
    const before = [...make()];
    expect([...make().append('New', 'd')]).toEqual([...before, ['New', 'd']]);
  });

  it('a refused change changes nothing', () => {
    const headers = make();
    expect(() => headers.set('accept', ['fine', 'b\nad'])).toThrow(TypeError);
    expect(() => headers.append('a b', 'c')).toThrow(TypeError);
    expect([...headers]).toEqual([...make()]);
  });
});

describe('HttpHeaders', () => {
  it('is made of pairs, of an object, of a Map, or of other headers', () => {
    const pairs: Array<[string, string]> = [
      ['A', '1'],
      ['B', '2'],
    ];
    expect([...new HttpHeaders(pairs)]).toEqual(pairs);
    expect([...new HttpHeaders({ A: '1', B: '2' })]).toEqual(pairs);
    expect([...new HttpHeaders(new Map(pairs))]).toEqual(pairs);
    expect([...new HttpHeaders(new HttpHeaders(pairs))]).toEqual(pairs);
    expect([...new HttpHeaders({ 'Set-Cookie': ['a', 'b'] })]).toEqual([
      ['Set-Cookie', 'a'],
      ['Set-Cookie', 'b'],
    ]);
    expect([...new HttpHeaders()]).toEqual([]);
  });

  it('two that are empty do not share their lines', () => {
    new HttpHeaders().append('A', '1');
    expect(new HttpHeaders().size).toBe(0);
    new HttpHeaders().set('A', '1');
    expect([...new HttpHeaders()]).toEqual([]);
  });

  it.each(['__proto__', 'constructor', 'hasOwnProperty', 'toString', 'valueOf'])(
    '%s is a name like any other [GHSA-5v72-xg48-5rpm]',
    (name) => {
      for (const headers of [new HttpHeaders([[name, 'x']]), parsed(`${name}: x\r\n`)]) {
        expect(headers.get(name)).toBe('x');
        expect(new HttpHeaders().get(name)).toBeUndefined();
      }
    },
  );

  it('takes the white space around a value away, as a receiver will [RFC 9112 5.1]', () => {
    expect(new HttpHeaders({ A: ' \tx y\t ' }).get('a')).toBe('x y');
  });

  it.each([
    ['CR LF', 'a\r\nInjected: b'],
    ['CR', 'a\rb'],
    ['LF', 'a\nb'],
    ['LF at the end', 'a\n'],
    ['NUL', 'a\0b'],
    ['DEL', 'a\x7f'],
    ['an escape', '\x1b[2J'],
    ['a character above U+00FF that ends in LF', 'a\u010ab'],
    ['a lone surrogate', '\ud800'],
  ])('refuses %s in a value [CVE-2026-1527]', (_what, value) => {
    const error = { code: 'bad-argument', name: 'TypeError' };
    expect(() => new HttpHeaders({ A: value })).toThrow(expect.objectContaining(error));
    expect(() => new HttpHeaders([['A', value]])).toThrow(expect.objectContaining(error));
    expect(() => new HttpHeaders().set('A', value)).toThrow(expect.objectContaining(error));
    expect(() => new HttpHeaders().append('A', value)).toThrow(expect.objectContaining(error));
  });

  it.each([
    ['empty', ''],
    ['with a space', 'a b'],
    ['with a colon', 'a:b'],
    ['with CR LF', 'a\r\nb'],
    ['with NUL', 'a\0'],
    ['above ASCII', '\u00e4'],
    ['above U+00FF', 'a\u0130'],
  ])('refuses a name that is %s [CVE-2026-1527]', (_what, name) => {
    expect(() => new HttpHeaders({ [name]: 'x' })).toThrow(expect.objectContaining({ code: 'bad-argument' }));
    expect(() => new HttpHeaders().set(name, 'x')).toThrow(expect.objectContaining({ code: 'bad-argument' }));
  });

  it('refuses what is no text, and says what it is', () => {
    const make = (entries: unknown) => () => new HttpHeaders(entries as never);
    expect(make({ A: 5 })).toThrow(/"A": its value is number/);
    expect(make({ A: null })).toThrow(/its value is null/);
    expect(make({ A: undefined })).toThrow(/its value is undefined/);
    expect(make([['A', 5]])).toThrow(/its value is number/);
    expect(() => new HttpHeaders().append('A', null as never)).toThrow(/its value is null/);
    expect(make('A: b')).toThrow(/got string/);
    expect(make(null)).toThrow(/expected pairs or an object/);
  });

  it('refuses what only looks like text once it is turned into some', () => {
    const refused = expect.objectContaining({ code: 'bad-argument' });
    for (const odd of [['A'], { toString: () => 'A' }]) {
      expect(() => new HttpHeaders().set(odd as never, 'x')).toThrow(refused);
      expect(() => new HttpHeaders().append('A', odd as never)).toThrow(refused);
    }
    expect(() => new HttpHeaders().append('A', 'a\0' as never)).toThrow(/has a control character/);
  });

  it('an error message shows no more of a name than its start', () => {
    const message = (name: string) => {
      try {
        new HttpHeaders({ [name]: 'x' });
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(message(`${'é'.repeat(64)}x`)).toContain(`"${'?'.repeat(64)}"`);
  });

  it('are shown by console.log as a map: names in lower case, lines of one name joined', () => {
    expect(
      inspect(
        new HttpHeaders([
          ['A', '1'],
          ['a', '2'],
          ['B', '3'],
        ]),
      ),
    ).toBe("HttpHeaders(2) { 'a' => '1, 2', 'b' => '3' }");
  });

  it('an error message holds no line break of the name it complains about', () => {
    expect(() => new HttpHeaders({ 'a\r\nb': 'x' })).toThrow(/"a\?\?b"/);
  });
});
