import { describe, expect, it } from 'vitest';
import { DEFAULT_LIMITS, resolveLimits } from '../../src/limits.ts';

describe('resolveLimits', () => {
  it('gives the one object of defaults where nothing is changed', () => {
    expect(resolveLimits()).toBe(DEFAULT_LIMITS);
    expect(resolveLimits(DEFAULT_LIMITS)).toBe(DEFAULT_LIMITS);
    expect(Object.isFrozen(DEFAULT_LIMITS)).toBe(true);
  });

  it('takes undefined for the default, and Infinity for no limit', () => {
    const limits = resolveLimits({ maxHeaders: undefined as never, maxBodyBytes: Number.POSITIVE_INFINITY });
    expect(limits).toEqual({ ...DEFAULT_LIMITS, maxBodyBytes: Number.POSITIVE_INFINITY });
    expect(Object.isFrozen(limits)).toBe(true);
  });

  it('checks what it gave itself no second time, and what looks like it all the same', () => {
    const limits = resolveLimits({ maxHeaders: 7 });
    expect(resolveLimits(limits)).toBe(limits);
    expect(resolveLimits({ ...limits })).toEqual(limits);
    expect(() => resolveLimits({ ...limits, maxHeaders: 0 })).toThrow(RangeError);
  });

  it.each([['10'], [null], [true], [10n]])('refuses %s, which is no number', (value) => {
    expect(() => resolveLimits({ maxHeaders: value as never })).toThrow(
      expect.objectContaining({
        name: 'TypeError',
        code: 'bad-option',
        message: expect.stringContaining('"maxHeaders"'),
      }),
    );
  });

  it.each([[0], [-1], [1.5], [Number.NaN], [2 ** 53], [Number.NEGATIVE_INFINITY]])(
    'refuses %s, which is no limit',
    (value) => {
      expect(() => resolveLimits({ maxHeaders: value })).toThrow(
        expect.objectContaining({
          name: 'RangeError',
          code: 'bad-option',
          message: expect.stringContaining(String(value)),
        }),
      );
    },
  );

  it('refuses names that are no limits, those of Object.prototype too', () => {
    for (const name of ['maxheaders', 'constructor', 'toString']) {
      expect(() => resolveLimits({ [name]: 1 })).toThrow(expect.objectContaining({ code: 'bad-option' }));
    }
  });

  it('sees names that are inherited, which reading would see too', () => {
    expect(resolveLimits(Object.create({ maxHeaders: 7 }))).toMatchObject({ maxHeaders: 7 });
    expect(() => resolveLimits(Object.create({ maxheaders: 7 }))).toThrow('"maxheaders"');
  });

  it.each([[null], [7], ['limits'], [['maxHeaders']], [new Map([['maxHeaders', 7]])]])(
    'refuses %s, which is no object',
    (value) => {
      expect(() => resolveLimits(value as never)).toThrow(
        expect.objectContaining({ name: 'TypeError', code: 'bad-option' }),
      );
    },
  );
});
