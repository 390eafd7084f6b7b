import { expect, it } from 'vitest';
import { Window } from '../../../src/deflate/window.ts';
import { expectBytes } from '../../support/deflate-contract.ts';
import { generator } from '../../support/deflate-samples.ts';

it('Window gives back any of the last bytes, however they were appended', () => {
  const next = generator(21);
  for (const windowBits of [8, 9, 12]) {
    for (let round = 0; round < 6; round++) {
      const window = new Window(windowBits);
      const all: number[] = [];
      for (let step = 0; step < 30; step++) {
        const length = next(2 ** next(windowBits + 2));
        const bytes = Uint8Array.from({ length: length + 5 }, () => next(256));
        window.append(bytes, length);
        all.push(...bytes.subarray(0, length));
        if (window.fill !== Math.min(window.size, all.length) || window.retainedBytes > window.size)
          expect([window.fill, window.retainedBytes]).toEqual([all.length, 'no more than its size']);
        if (window.fill === 0) continue;
        const back = 1 + next(window.fill);
        const count = 1 + next(back);
        const target = new Uint8Array(count + 2);
        window.read(back, count, target, 1);
        const from = all.length - back;
        expectBytes(target, Uint8Array.of(0, ...all.slice(from, from + count), 0));
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

it('Window holds little more memory than what came, in powers of two, up to its size', () => {
  const window = new Window(12);
  const sizes: number[] = [];
  for (const length of [0, 1, 255, 1, 255, 1, 1534, 1, 1, 2046, 1, 4095, 4096]) {
    window.append(new Uint8Array(length), length);
    sizes.push(window.retainedBytes);
  }
  expect(sizes).toEqual([0, 256, 256, 512, 512, 1024, 2048, 2048, 4096, 4096, 4096, 4096, 4096]);
});

it('Window grows to no more than what it needs', () => {
  const window = new Window(12);
  window.append(new Uint8Array(200), 200);
  window.append(new Uint8Array(312), 312);
  expect([window.fill, window.retainedBytes]).toEqual([512, 512]);
});

it('Window takes as much as its size at once, and the last of what is more', () => {
  for (const length of [255, 256, 257, 600]) {
    for (const before of [0, 10, 300]) {
      const window = new Window(8);
      const bytes = Uint8Array.from({ length: before + length + 9 }, (_, i) => i * 3);
      window.append(bytes, before);
      window.append(bytes.subarray(before), length);
      const fill = Math.min(256, before + length);
      expect([window.fill, window.retainedBytes]).toEqual([fill, 256]);
      const target = new Uint8Array(fill);
      window.read(fill, fill, target, 0);
      expectBytes(target, bytes.subarray(before + length - fill, before + length));
    }
  }
});
