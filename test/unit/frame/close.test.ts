import {
  CloseCode,
  decodeClose,
  encodeClose,
  FrameError,
  isCloseCode,
  MAX_REASON_BYTES,
} from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { hex, toHex } from '../../support/deliveries.ts';

describe('isCloseCode', () => {
  it('takes 1000-1003, 1007-1014 and 3000-4999, of all that fit in two bytes [RFC 6455 7.4]', () => {
    const taken = Array.from({ length: 65_536 }, (_, code) => code).filter(isCloseCode);
    const expected: number[] = [];
    for (const [from, to] of [
      [1000, 1003],
      [1007, 1014],
      [3000, 4999],
    ] as const) {
      for (let code = from; code <= to; code++) expected.push(code);
    }
    expect(taken).toEqual(expected);
  });

  it('refuses what is no whole number', () => {
    for (const code of [1000.5, Number.NaN, Number.POSITIVE_INFINITY, -1000])
      expect(isCloseCode(code)).toBe(false);
  });

  it('refuses exactly those names of CloseCode that must not travel [RFC 6455 7.4.1]', () => {
    const silent = Object.entries(CloseCode).filter(([, code]) => !isCloseCode(code));
    expect(Object.fromEntries(silent)).toEqual({ NoStatus: 1005, Abnormal: 1006, TlsFailed: 1015 });
  });
});

describe('decodeClose', () => {
  it('reads no payload as 1005, a code alone, and a code with a reason [RFC 6455 5.5.1, 7.1.5]', () => {
    expect(decodeClose(hex(''))).toEqual({ code: 1005, reason: '' });
    expect(decodeClose(hex('03e8'))).toEqual({ code: 1000, reason: '' });
    expect(decodeClose(hex('0f9f c3a9 f09f9880'))).toEqual({ code: 3999, reason: 'é😀' });
  });

  it.each([
    ['one byte', '03', 'bad-close-payload', 1002, 40],
    ['a code that must not travel', '03ed', 'bad-close-code', 1002, 40],
    ['code 0', '0000', 'bad-close-code', 1002, 40],
    ['code 65535', 'ffff', 'bad-close-code', 1002, 40],
    ['a reason that is not UTF-8, on its bad byte', '03e8 61 ff 62', 'bad-utf8', 1007, 43],
    ['a reason that ends inside a character, on its end', '03e8 61 e2 82', 'bad-utf8', 1007, 45],
    ['a bad code before a bad reason', '03ed ff', 'bad-close-code', 1002, 40],
  ])('returns an error for %s', (_, payload, code, closeCode, offset) => {
    const error = decodeClose(hex(payload), 40);
    expect(error).toBeInstanceOf(FrameError);
    expect(error).toMatchObject({ kind: 'error', code, closeCode, offset });
  });

  it('counts offsets from 0 by default', () => {
    expect(decodeClose(hex('03'))).toMatchObject({ offset: 0 });
  });
});

describe('encodeClose', () => {
  it('writes nothing, a code, or a code and a reason [RFC 6455 5.5.1]', () => {
    expect(toHex(encodeClose())).toBe('');
    expect(toHex(encodeClose(1000))).toBe('03e8');
    expect(toHex(encodeClose(4999, 'é'))).toBe('1387c3a9');
  });

  it('takes a reason of 123 bytes, and none of 124 [RFC 6455 5.5]', () => {
    expect(encodeClose(1000, 'a'.repeat(123))).toHaveLength(125);
    expect(MAX_REASON_BYTES).toBe(123);
    const range = expect.objectContaining({ name: 'RangeError', code: 'bad-argument' });
    expect(() => encodeClose(1000, 'a'.repeat(124))).toThrow(range);
    expect(() => encodeClose(1000, 'é'.repeat(62))).toThrow(range);
  });

  it('is read back by decodeClose as it was meant', () => {
    for (const code of [1000, 1014, 3000, 4999]) {
      for (const reason of ['', 'going away', '€', 'x'.repeat(123)]) {
        expect(decodeClose(encodeClose(code, reason))).toEqual({ code, reason });
      }
    }
  });

  it('throws for codes that must not travel [RFC 6455 7.4.1, 7.4.2]', () => {
    for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_536, 1000.5, Number.NaN]) {
      expect(() => encodeClose(code)).toThrow(
        expect.objectContaining({ name: 'RangeError', code: 'bad-argument' }),
      );
    }
  });

  it('throws for a code or a reason of another type, and for a reason without a code', () => {
    const type = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
    expect(() => encodeClose('1000' as unknown as number)).toThrow(type);
    expect(() => encodeClose(null as unknown as number)).toThrow(type);
    expect(() => encodeClose(1000, new Float32Array(4) as unknown as string)).toThrow(type);
    expect(() => encodeClose(1000, null as unknown as string)).toThrow(type);
    expect(() => encodeClose(undefined, 'why')).toThrow(type);
  });
});

describe('decodeClose, by a caller’s mistake', () => {
  it.each([undefined, null, 1000, 'bye', [3, 232]])(
    'refuses %j, which is not what a peer sent',
    (payload) => {
      const type = expect.objectContaining({ name: 'TypeError', code: 'bad-argument' });
      expect(() => decodeClose(payload as never)).toThrow(type);
    },
  );
});
