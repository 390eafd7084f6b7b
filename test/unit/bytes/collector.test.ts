import { describe, expect, it } from 'vitest';
import { Collector } from '../../../src/bytes/collector.ts';

/** `length` bytes that count up from `from`. */
function run(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
}

/** Append `bytes` in pieces of these sizes, the last one again and again, each from memory of its own. */
function collect(
  collector: Collector,
  bytes: Uint8Array,
  sizes: readonly number[],
  expected = 0,
  lent = false,
): void {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const piece = bytes.slice(at, at + sizes[Math.min(i, sizes.length - 1)]!);
    collector.append(piece, 0, piece.length, expected, lent);
    at += piece.length;
  }
}

describe('Collector', () => {
  it('take returns an empty run when nothing was appended', () => {
    const collector = new Collector();
    expect(collector.length).toBe(0);
    expect(collector.take()).toEqual(new Uint8Array(0));
  });

  it.each([
    ['one by one', [1]],
    ['below and above the size of the byte loop', [31, 32, 33]],
    ['below and above the size from which a piece is kept', [4095, 4096, 4097]],
    ['large after small', [1, 5000, 1, 5000, 7]],
    ['small after large', [9000, 1]],
    ['whole', [20_000]],
  ])('take returns all bytes in order: %s', (_, sizes) => {
    const bytes = run(20_000);
    const collector = new Collector();
    collect(collector, bytes, sizes);
    expect(collector.length).toBe(20_000);
    expect(collector.take()).toEqual(bytes);
    expect(collector.length).toBe(0);
    collect(collector, bytes.subarray(0, 40), [7]);
    expect(collector.take()).toEqual(bytes.slice(0, 40));
  });

  it('append takes only the window from start to end', () => {
    const collector = new Collector();
    collector.append(run(10), 2, 5, 0);
    collector.append(run(5000), 10, 4990, 0);
    expect(collector.take()).toEqual(Uint8Array.from([...run(3, 2), ...run(4980, 10)]));
  });

  it('append copies small pieces: what is written to their memory later does not show', () => {
    const collector = new Collector();
    const piece = run(40);
    collector.append(piece, 0, 40, 0);
    piece.fill(0);
    expect(collector.take()).toEqual(run(40));
  });

  it('append copies a large piece that is less than half of its memory, so that nothing big is pinned', () => {
    const memory = new Uint8Array(16_384);
    const collector = new Collector();
    collector.append(memory, 0, 8191, 0);
    memory.fill(1);
    expect(collector.take()).toEqual(new Uint8Array(8191));
  });

  it('append keeps a large piece that is most of its memory, and take gives it as it is when it is all', () => {
    const memory = new Uint8Array(8192);
    const collector = new Collector();
    collector.append(memory, 0, 8192, 0);
    expect(collector.take().buffer).toBe(memory.buffer);
  });

  it('reserves nothing for a length that was only declared [CVE-2020-13935]', () => {
    const collector = new Collector();
    collector.append(run(1), 0, 1, 2 ** 52);
    expect(collector.take().buffer.byteLength).toBeLessThanOrEqual(512);
  });

  it('does not grow past the declared length', () => {
    const collector = new Collector();
    collect(collector, run(600), [1], 600);
    const whole = collector.take();
    expect(whole).toEqual(run(600));
    expect(whole.buffer.byteLength).toBe(600);
  });

  it('grows past a declared length that was too small', () => {
    const collector = new Collector();
    collect(collector, run(600), [1], 10);
    expect(collector.take()).toEqual(run(600));
  });

  it('take does not leave a few bytes in a buffer of many times their size', () => {
    const collector = new Collector();
    collector.append(run(3), 0, 3, 0);
    expect(collector.take().buffer.byteLength).toBe(3);
  });

  it('clear forgets what was collected', () => {
    const collector = new Collector();
    collect(collector, run(10_000), [5000, 1]);
    collector.clear();
    expect(collector.length).toBe(0);
    expect(collector.take()).toEqual(new Uint8Array(0));
  });

  it('asks the native allocator for the whole, and writes all of what it is given', () => {
    const asked: number[] = [];
    const collector = new Collector({
      allocate(length) {
        asked.push(length);
        return new Uint8Array(length).fill(0xee);
      },
    });
    collect(collector, run(10_000), [5000, 1]);
    expect(collector.take()).toEqual(run(10_000));
    expect(asked).toEqual([10_000]);
  });

  it('copies all of what is lent, small or large, and knows the declared length or not', () => {
    for (const sizes of [[1], [100, 5000], [5000, 1], [20_000], [4095, 4096], [10_000]]) {
      for (const expected of [0, 20_000, 25_000]) {
        for (const native of [
          undefined,
          { allocate: (length: number) => new Uint8Array(length).fill(0xee) },
        ]) {
          const bytes = run(20_000);
          const collector = new Collector(native);
          const memory = new Uint8Array(20_000);
          for (let at = 0, i = 0; at < bytes.length; i++) {
            const size = Math.min(sizes[Math.min(i, sizes.length - 1)]!, bytes.length - at);
            memory.set(bytes.subarray(at, at + size));
            collector.append(memory, 0, size, expected, true);
            memory.fill(0xff, 0, size);
            at += size;
          }
          expect(Buffer.compare(collector.take(), bytes), `${sizes} of ${expected}`).toBe(0);
        }
      }
    }
  });

  it('makes one buffer of the declared length when half of it comes at once', () => {
    const asked: number[] = [];
    const collector = new Collector({
      allocate(length) {
        asked.push(length);
        return new Uint8Array(length);
      },
    });
    collector.append(run(60_000), 0, 60_000, 65_536, true);
    collector.append(run(5536), 0, 5536, 65_536, true);
    expect(collector.take()).toHaveLength(65_536);
    expect(asked).toEqual([65_536]);
  });

  it('shows nothing of memory that was not zeroed and not written', () => {
    const collector = new Collector({ allocate: (length) => new Uint8Array(length).fill(0xee) });
    collector.append(run(6000), 0, 6000, 10_000, true);
    const taken = collector.take();
    expect(taken).toEqual(run(6000));
    expect(new Uint8Array(taken.buffer).includes(0xee, 6000)).toBe(false);
  });
});

describe('Collector, the memory it asks for', () => {
  const asked: number[] = [];
  let given: Uint8Array | undefined;
  const native = {
    allocate(length: number): Uint8Array {
      asked.push(length);
      given = new Uint8Array(length).fill(0xee);
      return given;
    },
  };

  /** What is taken after pieces of these lengths, and what the runtime was asked for by then. */
  function taken(
    lengths: readonly number[],
    { expected = 0, lent = false }: { readonly expected?: number; readonly lent?: boolean } = {},
  ): { readonly whole: Uint8Array; readonly memory: number; readonly asked: readonly number[] } {
    asked.length = 0;
    const collector = new Collector(native);
    const bytes = run(lengths.reduce((sum, length) => sum + length));
    collect(collector, bytes, lengths, expected, lent);
    const whole = collector.take();
    expect(Buffer.compare(whole, bytes)).toBe(0);
    return { whole, memory: whole.buffer.byteLength, asked: asked.slice() };
  }

  it.each([
    ['not known', 5000, 0, 5000],
    ['all that came', 5000, 5000, 5000],
    ['less than what came', 5000, 4999, 5000],
    ['twice what came', 5000, 10_000, 10_000],
    ['more than twice what came', 5000, 10_001, 5000],
  ])('for a large piece that is lent, where the declared length is %s', (_what, length, expected, memory) => {
    expect(taken([length], { expected, lent: true }).asked).toEqual([memory]);
  });

  it('is the declared length once half of it is there, and then nothing more', () => {
    expect(taken([6000, 4000], { expected: 10_000, lent: true })).toMatchObject({
      asked: [10_000],
      memory: 10_000,
    });
    expect(taken([6000, 4000], { expected: 10_000, lent: true }).whole.buffer).toBe(given?.buffer);
    // Also for what comes in memory of its own: there is room already.
    asked.length = 0;
    const collector = new Collector(native);
    collector.append(run(11_000), 0, 11_000, 20_000, true);
    collector.append(run(9000, 11_000), 0, 9000, 20_000);
    expect(Buffer.compare(collector.take(), run(20_000))).toBe(0);
    expect(asked).toEqual([20_000]);
  });

  it('is the declared length, with what came before in it, once half has come in pieces', () => {
    const pieces = [5000, 5000, 5000, 5000, 5000, 20_000, 4990, 10];
    const { asked, whole } = taken(pieces, { expected: 50_000, lent: true });
    expect(asked).toEqual([5000, 5000, 5000, 5000, 50_000]);
    expect(whole.buffer).toBe(given?.buffer);
    // Small pieces, which a buffer of ours held, count too.
    expect(taken([10, 3000, 3000], { expected: 6010 }).asked).toEqual([6010]);
  });

  it('is the declared length behind a large piece that was kept, and what came of it is cut out', () => {
    asked.length = 0;
    const collector = new Collector(native);
    collector.append(run(50_000), 0, 50_000, 60_000);
    collector.append(run(5000, 50_000), 0, 5000, 60_000, true);
    const whole = collector.take();
    expect(Buffer.compare(whole, run(55_000))).toBe(0);
    expect(whole.buffer.byteLength).toBe(55_000);
    expect(asked).toEqual([60_000]);
  });

  it('is that of the piece alone, for a large one that is lent, behind small ones or in the middle of its memory', () => {
    expect(taken([10, 5000], { expected: 20_000, lent: true }).asked).toEqual([5000, 5010]);
    asked.length = 0;
    const collector = new Collector(native);
    collector.append(run(5020), 10, 5010, 0, true);
    expect(Buffer.compare(collector.take(), run(5000, 10))).toBe(0);
    expect(asked).toEqual([5000]);
  });

  it('doubles from 512 bytes on, and holds no more than twice what is there', () => {
    expect(taken([256]).memory).toBe(512);
    expect(taken([255]).memory).toBe(255);
    expect(taken([512, 1]).memory).toBe(1024);
    expect(taken([512, 600]).memory).toBe(1112);
    expect(taken([100, 200], { expected: 300 }).memory).toBe(300);
  });

  it('is none for pieces of 4096 bytes and more that fill half of their memory', () => {
    const kept = (length: number, of: number): boolean => {
      const memory = run(of);
      const collector = new Collector(native);
      collector.append(memory, 0, length, 0);
      return collector.take().buffer === memory.buffer;
    };
    expect([kept(4096, 4096), kept(4096, 8192), kept(4095, 4095), kept(4096, 8193)]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  it('is a block that is used again, for a piece that is lent and fills half of one', () => {
    const BLOCK = 65_536;
    const lengths = [BLOCK / 2 - 1, BLOCK / 2, BLOCK, BLOCK + 1];
    taken(lengths, { lent: true });
    expect(taken(lengths, { lent: true }).asked).toEqual([BLOCK / 2 - 1, BLOCK + 1, 3 * BLOCK]);
    // As many as are open at once; 32 of them are kept.
    const open = Array.from({ length: 40 }, () => new Collector(native));
    const lend = (): void => {
      asked.length = 0;
      for (const collector of open) collector.append(run(BLOCK), 0, BLOCK, 0, true);
    };
    lend();
    for (const collector of open) collector.clear();
    lend();
    expect(asked).toEqual(Array(40 - 32).fill(BLOCK));
  });

  it('is never a block that is used again, in what is taken', () => {
    const first = new Collector(native);
    first.append(run(40_000), 0, 40_000, 0, true);
    const one = first.take();
    const second = new Collector(native);
    second.append(run(40_000, 7), 0, 40_000, 0, true);
    expect(Buffer.compare(one, run(40_000))).toBe(0);
    expect(Buffer.compare(second.take(), run(40_000, 7))).toBe(0);
    expect(one.buffer.byteLength).toBe(40_000);
  });
});
