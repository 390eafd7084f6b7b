import { describe, expect, it } from 'vitest';
import { type CompressionOptions, resolveCompression } from '../../../src/deflate/options.ts';
import { createPureEngine, pureEngine } from '../../../src/deflate/pure-engine.ts';

describe('resolveCompression()', () => {
  it('fills in the defaults: fast, from 128 bytes on, and nothing kept between messages', () => {
    expect(resolveCompression(true)).toEqual({
      threshold: 128,
      level: 1,
      windowBits: { outgoing: 15, incoming: 15 },
      contextTakeover: { outgoing: false, incoming: false },
      pieceWindowBits: 15,
      memoryBudgetBytes: Number.POSITIVE_INFINITY,
      idleMs: 30_000,
      malformedOffers: 'refuse',
      engine: pureEngine,
      accept: undefined,
    });
    expect(resolveCompression({ level: undefined, windowBits: {} })).toEqual(resolveCompression(true));
  });

  it('takes a value for both directions, or one for each', () => {
    expect(resolveCompression({ windowBits: 9, contextTakeover: { incoming: true } })).toMatchObject({
      windowBits: { outgoing: 9, incoming: 9 },
      contextTakeover: { outgoing: false, incoming: true },
    });
  });

  it('takes the engine of the options before the one that it is handed', () => {
    const [runtime, own] = [createPureEngine(), createPureEngine()];
    expect(resolveCompression(true, runtime).engine).toBe(runtime);
    expect(resolveCompression({ engine: own }, runtime).engine).toBe(own);
  });

  it('keeps the hook together with its options object', () => {
    const options = {
      accept(this: unknown, request: string): boolean {
        return this === options && request === 'yes';
      },
    };
    const { accept } = resolveCompression<string>(options);
    expect([accept?.('yes'), accept?.('no')]).toEqual([true, false]);
  });

  it.each([
    [{ treshold: 1 }, '"treshold"'],
    [{ windowBits: { outgoign: 9 } }, '"outgoign"'],
    [{ contextTakeover: { server: true } }, '"server"'],
    [JSON.parse('{"__proto__":1}'), '"__proto__"'],
    [{ level: '6' }, 'level'],
    [{ threshold: null, level: true }, 'level'],
    [{ accept: null }, 'accept is null'],
    [{ contextTakeover: 'yes' }, 'contextTakeover'],
    [{ contextTakeover: { incoming: 1 } }, 'contextTakeover.incoming'],
    [{ malformedOffers: 'ignore' }, 'malformedOffers'],
    [{ accept: true }, 'accept'],
    [{ idleMs: '30s' }, 'idleMs'],
    [{ engine: {} }, 'engine'],
    [{ engine: null }, 'engine'],
    ['yes', 'yes'],
    [false, 'false'],
    [null, 'null'],
  ])('refuses %j with a TypeError that names the culprit', (options, name) => {
    const call = () => resolveCompression(options as CompressionOptions);
    expect(call).toThrow(TypeError);
    expect(call).toThrow(
      expect.objectContaining({ code: 'bad-option', message: expect.stringContaining(name) }),
    );
  });

  it.each([
    { level: -1 },
    { level: 10 },
    { level: 1.5 },
    { level: Number.NaN },
    { windowBits: 7 },
    { windowBits: 16 },
    { windowBits: { incoming: 0 } },
    { threshold: -1 },
    { threshold: 0.5 },
    { memoryBudgetBytes: -1 },
    { idleMs: 0 },
    { idleMs: 0.5 },
    { idleMs: Number.NaN },
  ])('refuses %j with a RangeError', (options) => {
    const call = () => resolveCompression(options);
    expect(call).toThrow(RangeError);
    expect(call).toThrow(expect.objectContaining({ code: 'bad-option' }));
  });

  it('makes the outgoing window smaller to fit the budget, then gives up takeover, outgoing first', () => {
    const cost = (
      options: CompressionOptions,
    ): readonly [bits: number, outgoing: boolean, incoming: boolean, bytes: number] => {
      const { windowBits, contextTakeover, level } = resolveCompression(options);
      const bytes =
        pureEngine.inflaterBytes({
          windowBits: windowBits.incoming,
          contextTakeover: contextTakeover.incoming,
        }) +
        pureEngine.deflaterBytes({
          windowBits: windowBits.outgoing,
          contextTakeover: contextTakeover.outgoing,
          level,
        });
      return [windowBits.outgoing, contextTakeover.outgoing, contextTakeover.incoming, bytes];
    };
    const budgets = [0, 1000, 32_768, 33_000, 40_000, 64 * 1024, 128 * 1024, 1 << 20];
    const seen = budgets.map((memoryBudgetBytes) => cost({ contextTakeover: true, memoryBudgetBytes }));
    for (const [i, [, , , bytes]] of seen.entries()) expect(bytes).toBeLessThanOrEqual(budgets[i]!);
    expect(seen.map(([bits, outgoing, incoming]) => [bits, outgoing, incoming])).toEqual([
      [15, false, false],
      [15, false, false],
      [15, false, true],
      [15, false, true],
      [10, true, true],
      [12, true, true],
      [15, true, true],
      [15, true, true],
    ]);
  });

  it('gives a message in pieces the largest window that the budget has room for, with what is received, or none', () => {
    const bits = (options: CompressionOptions): number => resolveCompression(options).pieceWindowBits;
    const budgets = [0, 1000, 32_768, 33_000, 40_000, 64 * 1024, 128 * 1024];
    const each = (options: CompressionOptions): number[] =>
      budgets.map((memoryBudgetBytes) => bits({ ...options, memoryBudgetBytes }));
    // 2 × 2^w for the window, 4 × 2^min(w, 13) for its tables.
    expect(each({})).toEqual([0, 0, 12, 12, 12, 14, 15]);
    expect(each({ contextTakeover: { incoming: true } })).toEqual([0, 0, 0, 0, 10, 12, 15]);
    expect(each({ contextTakeover: true })).toEqual([0, 0, 0, 0, 10, 12, 15]);
    expect(bits({ windowBits: { outgoing: 10 } })).toBe(10);
  });
});
