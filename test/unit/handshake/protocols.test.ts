import { describe, expect, it } from 'vitest';
import { ProtocolError } from '../../../src/errors.ts';
import { parseProtocols, selectProtocol } from '../../../src/handshake/protocols.ts';

describe('parseProtocols()', () => {
  it.each<readonly [string | readonly string[], readonly string[]]>([
    ['chat', ['chat']],
    ['chat, superchat', ['chat', 'superchat']],
    ['chat,superchat', ['chat', 'superchat']],
    [' \tchat\t ,\t superchat ', ['chat', 'superchat']],
    [
      ['chat', 'superchat, v2.chat'],
      ['chat', 'superchat', 'v2.chat'],
    ],
    ['Chat, chat', ['Chat', 'chat']],
    ["!#$%&'*+-.^_`|~09azAZ", ["!#$%&'*+-.^_`|~09azAZ"]],
    [[], []],
  ])('reads %j, best first and with regard to case [RFC 6455 4.1, 11.3.4]', (lines, protocols) => {
    expect(parseProtocols(lines)).toEqual(protocols);
  });

  it.each([
    ['nothing', '', 'has an empty element', 0],
    ['white space', ' ', 'has an empty element', 0],
    ['an empty element in front', ', a', 'has an empty element', 0],
    ['an empty element inside', 'a,, b', 'has an empty element', 2],
    ['an empty element at the end', 'a, ', 'has an empty element', 2],
    ['an empty line after another', ['a', ''], 'has an empty element', 3],
    ['two words', 'a b', 'has an element that is no token', 0],
    ['a separator', 'a, b;c', 'has an element that is no token', 2],
    ['a quote', '"a"', 'has an element that is no token', 0],
    ['a URL', 'https://example.com', 'has an element that is no token', 0],
    ['a NUL', 'a\0', 'has an element that is no token', 0],
    ['a byte above 0x7F', 'caf\xe9', 'has an element that is no token', 0],
    ['a duplicate', 'a, b, a', 'names one twice', 5],
    ['a duplicate on another line', ['a', 'b, a'], 'names one twice', 5],
  ])('refuses %s [RFC 6455 4.1]', (_what, lines, why, offset) => {
    const fault = parseProtocols(lines);
    expect(fault).toBeInstanceOf(ProtocolError);
    expect(fault).toMatchObject({
      code: 'bad-protocol',
      answer: 400,
      offset,
      message: `Cannot read Sec-WebSocket-Protocol: it ${why} (RFC 6455 §4.1)`,
    });
  });

  it('reads a long run of spaces in one pass, and refuses what is not a token [CVE-2021-32640]', () => {
    expect(parseProtocols(`b${' '.repeat(32_000)}x`)).toMatchObject({ code: 'bad-protocol' });
    expect(parseProtocols(`b${' '.repeat(32_000)},x`)).toEqual(['b', 'x']);
  });

  it.each(['constructor', '__proto__', 'hasOwnProperty'])(
    'takes the name %s once and refuses it twice, like any other',
    (name) => {
      expect(parseProtocols(name)).toEqual([name]);
      expect(parseProtocols(`${name}, ${name}`)).toMatchObject({ code: 'bad-protocol' });
    },
  );

  it('gives a list for a token and an error for each other byte [CVE-2026-55517]', () => {
    for (let byte = 0; byte < 256; byte++) {
      const character = String.fromCharCode(byte);
      const isList = /^[!#$%&'*+\-.^_`|~0-9A-Za-z \t]$/.test(character);
      expect(parseProtocols(`a${character}`) instanceof ProtocolError, `byte ${byte}`).toBe(!isList);
    }
  });
});

describe('selectProtocol()', () => {
  it("goes by the client's order [RFC 6455 4.2.1]", () => {
    expect(selectProtocol(['b', 'a'], ['a', 'b'])).toBe('b');
  });

  it('finds none where nothing is offered, nothing is supported, or nothing is both [RFC 6455 4.2.2]', () => {
    expect(selectProtocol([], ['a'])).toBeUndefined();
    expect(selectProtocol(['a'], [])).toBeUndefined();
    expect(selectProtocol(['a', 'A'], ['b', 'aa'])).toBeUndefined();
  });

  it('takes any iterable of what is supported', () => {
    expect(selectProtocol(['x', 'y'], new Set(['y']))).toBe('y');
  });

  it('takes one that is supported as a string: it is no list of letters', () => {
    expect(selectProtocol(['c', 'chat'], 'chat')).toBe('chat');
  });
});

it.each([undefined, null, 5, [undefined], [['a']]])(
  'parseProtocols() refuses what is no text: %j',
  (lines) => {
    const refused = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    expect(() => parseProtocols(lines as never)).toThrow(refused);
  },
);
