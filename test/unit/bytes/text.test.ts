import { describe, expect, it } from 'vitest';
import { portableText } from '../../../src/bytes/text.ts';
import { hex, utf8 } from '../../support/deliveries.ts';

/** Lengths on both sides of every threshold of the codec. */
const LENGTHS = [0, 1, 2, 7, 8, 9, 15, 16, 17, 23, 24, 25, 31, 32, 33, 63, 64, 65, 4095, 4096, 4097, 9000];
const ascii = (length: number): string => 'The quick brown fox. '.repeat(500).slice(0, length);

describe('portableText.latin1', () => {
  it.each(LENGTHS)('makes %i bytes one character each', (length) => {
    const bytes = Uint8Array.from({ length: length + 2 }, (_, i) => i * 31);
    const expected = [...bytes.subarray(1, length + 1)].map((byte) => String.fromCharCode(byte)).join('');
    expect(portableText.latin1(bytes, 1, length + 1)).toBe(expected);
    const plain = utf8(`#${ascii(length)}#`);
    expect(portableText.latin1(plain, 1, length + 1)).toBe(ascii(length));
  });
});

describe('portableText.utf8', () => {
  it.each(LENGTHS)('decodes %i characters of ASCII and of more', (length) => {
    const text = ascii(length);
    expect(portableText.utf8(utf8(`é${text}é`), 2, 2 + length)).toBe(text);
    const mixed = `${text}é€😀`;
    const bytes = utf8(mixed);
    expect(portableText.utf8(bytes, 0, bytes.length)).toBe(mixed);
  });

  it('keeps a byte order mark: it is part of the text [RFC 3629 6]', () => {
    expect(portableText.utf8(hex('ef bb bf 41'), 0, 4)).toBe('\ufeffA');
  });

  it.each([
    ['a bad byte', 'ff'],
    ['a surrogate', 'ed a0 80'],
    ['half a character', 'e2 82'],
    ['a continuation byte alone', '80'],
    ['an overlong form', 'c0 af'],
  ])('returns undefined for %s, short and long', (_, bytes) => {
    for (const length of LENGTHS) {
      const all = Uint8Array.from([...utf8(ascii(length)), ...hex(bytes)]);
      expect(portableText.utf8(all, 0, all.length)).toBeUndefined();
    }
  });

  it('works again after it refused', () => {
    expect(portableText.utf8(hex('e2 82'), 0, 2)).toBeUndefined();
    expect(portableText.utf8(hex('e2 82 ac'), 0, 3)).toBe('€');
  });
});

describe('portableText.write and byteLength', () => {
  const samples: ReadonlyArray<readonly [name: string, text: string]> = [
    ...LENGTHS.map((length) => [`${length} characters of ASCII`, ascii(length)] as const),
    ...LENGTHS.map((length) => [`${length} characters of ASCII and one more`, `${ascii(length)}é`] as const),
    ['one of each length', 'é€😀'],
    ['the ends of the ranges', '\u007f\u0080\u07ff\u0800\uffff\u{10000}\u{10ffff}'],
    ['the first character that is not ASCII', '\u0080'],
    ['a lone high surrogate', '\ud800'],
    ['a lone low surrogate', 'a\udc00b'],
    ['a high surrogate before a pair', '\ud800\ud800\udc00'],
    ['a high surrogate before a character that is none', '\udbffa'],
    ['a high surrogate before the neighbours of low ones', '\ud800\udbff\ud800\ue000'],
    ['a low surrogate behind what is no high one', 'é\udc00\ud7ff\udc00\udc00\udfff\ue000\udfff'],
    ['the pairs at the ends of the range', '\ud800\udc00\udbff\udfff'],
    ['a long text that ends in half a pair', `${'x'.repeat(40)}\ud83d`],
  ];

  it.each(samples)('write the UTF-8 of %s where it is told, and nothing around it', (_, text) => {
    const expected = utf8(text);
    const target = new Uint8Array(expected.length + 5).fill(0xaa);
    expect(portableText.write(text, target, 3)).toBe(expected.length);
    expect(target).toEqual(Uint8Array.from([0xaa, 0xaa, 0xaa, ...expected, 0xaa, 0xaa]));
    expect(portableText.byteLength(text)).toBe(expected.length);
  });
});

/** How often `work` calls the method of this name. */
function calls<Name extends string>(
  owner: Record<Name, (...args: never[]) => unknown>,
  name: Name,
  work: () => void,
): number {
  const original = owner[name];
  let count = 0;
  owner[name] = function (this: unknown, ...args: never[]) {
    count++;
    return original.apply(this, args);
  };
  try {
    work();
  } finally {
    owner[name] = original;
  }
  return count;
}

describe('portableText asks native code', () => {
  const decoded = (text: string): number => {
    const bytes = utf8(`${ascii(30)}${text}`);
    return calls(TextDecoder.prototype as never, 'decode', () => {
      expect(portableText.utf8(bytes, 30, bytes.length)).toBe(text);
    });
  };
  const encoded = (text: string): number => {
    const expected = utf8(text);
    const target = new Uint8Array(expected.length);
    return calls(TextEncoder.prototype as never, 'encodeInto', () => {
      expect(portableText.write(text, target, 0)).toBe(expected.length);
    });
  };

  it('for no ASCII below 24 characters, which costs less one by one', () => {
    for (const length of [0, 1, 22, 23]) {
      expect([decoded(ascii(length)), encoded(ascii(length))], `${length} characters`).toEqual([0, 0]);
    }
  });

  it('for longer text, and for text of more than ASCII, once', () => {
    for (const text of [ascii(24), ascii(25), 'é', `${ascii(10)}é`]) {
      expect([decoded(text), encoded(text)], text).toEqual([1, 1]);
    }
  });
});
