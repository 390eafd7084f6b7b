import { expect, it } from 'vitest';
import { Window } from '../../../src/deflate/window.ts';
import { generator } from '../../support/deflate-samples.ts';

it('Window gives back any of the last bytes, however they were appended', () => {
  const next = generator(21);
  for (const windowBits of [8, 9, 12]) {
    for (let round = 0; round < 20; round++) {
      const window = new Window(windowBits);
      const all: number[] = [];
      for (let step = 0; step < 30; step++) {
        const length = next(2 ** next(windowBits + 2));
        const bytes = Uint8Array.from({ length: length + 5 }, () => next(256));
        window.append(bytes, length);
        all.push(...bytes.subarray(0, length));
        expect(window.fill).toBe(Math.min(window.size, all.length));
        expect(window.retainedBytes).toBeLessThanOrEqual(window.size);
        if (window.fill === 0) continue;
        const back = 1 + next(window.fill);
        const count = 1 + next(back);
        const target = new Uint8Array(count + 2);
        window.read(back, count, target, 1);
        const from = all.length - back;
        expect([...target]).toEqual([0, ...all.slice(from, from + count), 0]);
      }
    }
  }
});

it('Window forgets its bytes and its memory by clear()', () => {
  const window = new Window(8);
  window.append(new Uint8Array(300), 300);
  expect([window.fill, window.retainedBytes]).toEqual([256, 256]);
  window.clear();
  expect([window.fill, window.retainedBytes]).toEqual([0, 0]);
});
