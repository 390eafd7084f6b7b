import { describe, expect, it } from 'vitest';
import { Intake } from '../../../src/http/intake.ts';

/** `length` bytes that say where in the stream they are. */
function piece(from: number, length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (from + i) % 251);
}

describe('Intake', () => {
  it.each([
    ['small chunks', [1, 2, 3]],
    ['large chunks', [600, 512, 5000]],
    ['small and large chunks by turns', [1, 600, 2, 2, 512, 511, 511, 4000, 1, 1]],
    ['small chunks that fill a joint to the last byte', [1, 511, 511, 511, 511, 511, 511, 511, 511, 8, 1]],
  ])('gives back %s in order, while it lags behind by several of them', (_what, sizes) => {
    const intake = new Intake();
    let pushed = 0;
    let read = 0;
    for (let round = 0; round < 80; round++) {
      for (const size of sizes) {
        intake.push(piece(pushed, size));
        pushed += size;
        expect(intake.length).toBe(pushed - read);
      }
      // Leave some: the queue is never empty.
      while (pushed - read > 700 && intake.fill()) {
        const taken = intake.take(300);
        expect(taken).toEqual(piece(read, taken.length));
        read += taken.length;
        expect(intake.offset).toBe(read);
      }
    }
    const before = piece(0, 2);
    expect(intake.takeAll(before)).toEqual(Uint8Array.of(...before, ...piece(read, pushed - read)));
    expect([intake.length, intake.fill(), intake.offset]).toEqual([0, false, pushed]);
  });

  it('takes a chunk as it is where nothing else waits, and gives it back as it is', () => {
    const intake = new Intake();
    const chunk = piece(0, 10);
    intake.push(chunk);
    expect(intake.bytes).toBe(chunk);
    expect(intake.take(10)).toBe(chunk);
    expect(intake.bytes).toHaveLength(0);
  });

  it('puts a chunk behind those that wait, also when the one before them is used up', () => {
    const intake = new Intake();
    intake.push(piece(0, 3));
    intake.push(piece(3, 600));
    intake.take(3);
    intake.push(piece(603, 600));
    expect([intake.fill(), intake.take(600)]).toEqual([true, piece(3, 600)]);
    intake.push(piece(1203, 3));
    expect(intake.takeAll(piece(0, 0))).toEqual(piece(603, 603));
  });

  it('has no place for empty chunks', () => {
    const intake = new Intake();
    for (const size of [3, 0, 600]) intake.push(piece(0, size));
    intake.take(3);
    expect([intake.fill(), intake.bytes.length]).toEqual([true, 600]);
  });

  it('gives back chunks of 512 bytes and more as they are, whatever small ones wait beside them', () => {
    const intake = new Intake();
    const large = [piece(0, 512), piece(0, 513)] as const;
    for (const chunk of [piece(0, 1), piece(0, 1), large[0], piece(0, 1), large[1], piece(0, 1)]) {
      intake.push(chunk);
    }
    const seen: Uint8Array[] = [];
    while (intake.fill()) seen.push(intake.take(4096));
    expect(seen.map((chunk) => chunk.length)).toEqual([1, 1, 512, 1, 513, 1]);
    expect([seen[2] === large[0], seen[4] === large[1]]).toEqual([true, true]);
  });

  it.each([
    [2, 4],
    [3, 4],
    [4, 4],
    [5, 10],
    [10, 10],
    [11, 22],
    [4000, 4096],
  ])(
    'joins %i small chunks of one byte that wait in a buffer of %i: twice the bytes when it was made',
    (count, memory) => {
      const intake = new Intake();
      for (let i = 0; i <= count; i++) intake.push(piece(i, 1));
      intake.take(1);
      expect([intake.fill(), intake.bytes]).toEqual([true, piece(1, count)]);
      expect(intake.bytes.buffer.byteLength).toBe(memory);
    },
  );

  it('joins up to 4096 bytes, and not one more', () => {
    for (const [last, expected] of [
      [8, [1, 4096]],
      [9, [1, 4088, 9]],
    ] as const) {
      const intake = new Intake();
      for (const size of [1, ...Array<number>(8).fill(511), last]) intake.push(piece(0, size));
      const seen: number[] = [];
      while (intake.fill()) seen.push(intake.take(4096).length);
      expect(seen).toEqual(expected);
    }
  });

  it('joins small chunks that wait in memory of at most twice their size', () => {
    const intake = new Intake();
    for (let i = 0; i < 10_001; i++) intake.push(Uint8Array.of(i));
    let memory = 0;
    let views = 0;
    for (const seen = new Set<ArrayBufferLike>(); intake.fill(); intake.take(4096)) {
      views++;
      if (!seen.has(intake.bytes.buffer)) memory += intake.bytes.buffer.byteLength;
      seen.add(intake.bytes.buffer);
    }
    expect(views).toBeLessThanOrEqual(5);
    expect(memory).toBeLessThanOrEqual(2 * 10_001 + 4096);
  });

  it('clear() lets go of everything, and takes bytes again', () => {
    const intake = new Intake();
    for (const size of [5, 5, 600]) intake.push(piece(0, size));
    intake.clear();
    expect([intake.length, intake.fill()]).toEqual([0, false]);
    intake.push(piece(0, 3));
    expect([intake.fill(), intake.length]).toEqual([true, 3]);
  });
});
