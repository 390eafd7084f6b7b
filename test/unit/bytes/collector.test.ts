import { describe, expect, it } from 'vitest';
import { Collector } from '../../../src/bytes/collector.ts';

/** `length` bytes that count up from `from`. */
function run(length: number, from = 0): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) & 0xff);
}

/** Append `bytes` in pieces of these sizes, the last one again and again, each from memory of its own. */
function collect(collector: Collector, bytes: Uint8Array, sizes: readonly number[], expected = 0): void {
  let at = 0;
  for (let i = 0; at < bytes.length; i++) {
    const piece = bytes.slice(at, at + sizes[Math.min(i, sizes.length - 1)]!);
    collector.append(piece, 0, piece.length, expected);
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
            memory.fill(0xff);
            at += size;
          }
          expect(collector.take()).toEqual(bytes);
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
