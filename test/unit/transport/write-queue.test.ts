import { describe, expect, test } from 'vitest';
import { mismatch, pattern } from '../../../src/transport/contract/support.ts';
import { WriteQueue } from '../../../src/transport/write-queue.ts';

/** Everything that waits, taken in bites. */
function drain(queue: WriteQueue, bite: number): number[] {
  const all: number[] = [];
  for (let run = queue.peek(); run !== undefined; run = queue.peek()) {
    const taken = run.subarray(0, bite);
    all.push(...taken);
    queue.take(taken.length);
  }
  return all;
}

describe('WriteQueue', () => {
  test('an empty queue has nothing to peek at, and taking from it is harmless', () => {
    const queue = new WriteQueue();
    queue.push(new Uint8Array(0));
    expect(queue.peek()).toBeUndefined();
    queue.take(1);
    expect(queue.bytes).toBe(0);
  });

  test('gathers small writes in one run, and keeps large ones as they are', () => {
    const queue = new WriteQueue();
    const large = pattern(6, 5000);
    queue.push(pattern(0, 2));
    queue.push(pattern(2, 4));
    queue.push(large);
    queue.push(pattern(5006, 1));
    expect(queue.bytes).toBe(5007);
    expect(queue.peek()).toEqual(pattern(0, 6));
    queue.take(6);
    expect(queue.peek()).toBe(large);
    queue.take(5000);
    expect(queue.peek()).toEqual(pattern(5006, 1));
  });

  test('does not keep the memory around a small write alive, nor see what is written there later', () => {
    const queue = new WriteQueue();
    const slab = pattern(0, 65_536);
    queue.push(slab.subarray(0, 10));
    slab.fill(0);
    expect(queue.peek()).toEqual(pattern(0, 10));
    expect(queue.peek()!.buffer.byteLength).toBeLessThanOrEqual(1024);
  });

  test('a run that is being written stays as it is while more is pushed behind it', () => {
    const queue = new WriteQueue();
    queue.push(pattern(0, 10));
    const run = queue.peek()!;
    queue.push(pattern(10, 10));
    expect(run).toEqual(pattern(0, 10));
    queue.take(10);
    expect(queue.peek()).toEqual(pattern(10, 10));
  });

  test('many tiny writes take memory in proportion to their bytes', () => {
    const queue = new WriteQueue();
    for (let at = 0; at < 100_000; at++) queue.push(pattern(at, 1));
    let memory = 0;
    for (let run = queue.peek(); run !== undefined; run = queue.peek()) {
      memory += run.buffer.byteLength;
      queue.take(run.length);
    }
    expect(memory).toBeLessThan(200_000);
  });

  test('clear forgets everything, and the queue works on', () => {
    const queue = new WriteQueue();
    queue.push(pattern(0, 10));
    queue.push(pattern(0, 10_000));
    queue.take(3);
    queue.clear();
    expect([queue.bytes, queue.peek()]).toEqual([0, undefined]);
    queue.push(pattern(5, 3));
    expect(drain(queue, 10)).toEqual([...pattern(5, 3)]);
  });

  test('gives back more than a thousand chunks in order', () => {
    const queue = new WriteQueue();
    for (let chunk = 0; chunk < 1000; chunk++) queue.push(pattern(chunk * 4096, 4096));
    let taken = 0;
    for (let run = queue.peek(); run !== undefined; run = queue.peek()) {
      const bite = run.subarray(0, 3000);
      expect(mismatch(bite, taken)).toBe(-1);
      queue.take(bite.length);
      taken += bite.length;
    }
    expect(taken).toBe(4_096_000);
  });
});
