import { describe, expect, test, vi } from 'vitest';
import { AsyncQueue } from '../../../src/socket/queue.ts';

const end = { done: true, value: undefined };
const value = (of: unknown) => ({ done: false, value: of });

describe('AsyncQueue', () => {
  test('gives values in order, to askers that came before them and after them', async () => {
    const queue = new AsyncQueue<number>(() => {});
    const early = [queue.next(), queue.next()];
    for (const each of [1, 2, 3]) queue.push(each, 1);
    expect(await Promise.all([...early, queue.next()])).toEqual([value(1), value(2), value(3)]);
  });

  test('size counts what waits; each value that is taken is told', async () => {
    const taken = vi.fn();
    const queue = new AsyncQueue<string>(taken);
    queue.push('a', 10);
    queue.push('b', 5);
    expect(queue.size).toBe(15);
    await queue.next();
    expect([queue.size, taken.mock.calls.length]).toEqual([5, 1]);
    await queue.next();
    expect([queue.size, taken.mock.calls.length]).toEqual([0, 2]);
  });

  test('a value for an asker that waits never counts', () => {
    const queue = new AsyncQueue<string>(() => {});
    void queue.next();
    queue.push('a', 10);
    expect(queue.size).toBe(0);
  });

  test('end: what waits is still given, then the end, for ever; later values are dropped', async () => {
    const queue = new AsyncQueue<number>(() => {});
    queue.push(1, 1);
    queue.end();
    queue.push(2, 1);
    queue.end();
    expect(queue.ended).toBe(true);
    expect([await queue.next(), await queue.next(), await queue.next()]).toEqual([value(1), end, end]);
  });

  test('end: all who ask hear it', async () => {
    const queue = new AsyncQueue<number>(() => {});
    const askers = [queue.next(), queue.next()];
    queue.end();
    expect(await Promise.all(askers)).toEqual([end, end]);
  });

  test('fail: what waits is given, then the error, once, then the end', async () => {
    const queue = new AsyncQueue<number>(() => {});
    const error = new Error('broken');
    queue.push(1, 1);
    queue.fail(error);
    queue.fail(new Error('second'));
    expect(await queue.next()).toEqual(value(1));
    await expect(queue.next()).rejects.toBe(error);
    expect(await queue.next()).toEqual(end);
  });

  test('fail: the first who asks hears the error, the others the end', async () => {
    const queue = new AsyncQueue<number>(() => {});
    const askers = [queue.next(), queue.next()];
    queue.fail(new Error('broken'));
    await expect(askers[0]).rejects.toThrow('broken');
    expect(await askers[1]).toEqual(end);
  });

  test('abandon: what waits is dropped, and the error comes at once', async () => {
    const queue = new AsyncQueue<number>(() => {});
    queue.push(1, 7);
    queue.abandon(new Error('gone'));
    expect(queue.size).toBe(0);
    await expect(queue.next()).rejects.toThrow('gone');
    expect(await queue.next()).toEqual(end);
  });

  test('abandon after the end changes nothing', async () => {
    const queue = new AsyncQueue<number>(() => {});
    queue.push(1, 7);
    queue.end();
    queue.abandon(new Error('gone'));
    expect(await queue.next()).toEqual(value(1));
  });

  test('discard: what waits is dropped also after the end, who asks hears why, and the producer goes on', async () => {
    for (const ended of [false, true]) {
      const taken = vi.fn();
      const queue = new AsyncQueue<number>(taken);
      queue.push(1, 7);
      if (ended) queue.end();
      queue.discard(new Error('too late'));
      queue.push(2, 7);
      expect([queue.size, queue.ended, queue.asked, taken.mock.calls.length]).toEqual([0, true, false, 1]);
      await expect(queue.next()).rejects.toThrow('too late');
      expect(await queue.next()).toEqual(end);
    }
  });

  test('discard: who waits hears why; who has had all, or was to hear of another error, does not', async () => {
    const waited = new AsyncQueue<number>(() => {});
    const asker = waited.next();
    waited.discard(new Error('too late'));
    await expect(asker).rejects.toThrow('too late');

    const given = new AsyncQueue<number>(() => {});
    given.push(1, 7);
    given.end();
    expect(await given.next()).toEqual(value(1));
    given.discard(new Error('too late'));
    expect([given.asked, await given.next()]).toEqual([true, end]);

    const broken = new AsyncQueue<number>(() => {});
    broken.push(1, 7);
    broken.fail(new Error('broken'));
    broken.discard(new Error('too late'));
    await expect(broken.next()).rejects.toThrow('broken');
  });

  test('return: what waits is dropped, and the producer hears of it', async () => {
    const taken = vi.fn();
    const queue = new AsyncQueue<number>(taken);
    queue.push(1, 7);
    expect(await queue.return()).toEqual(end);
    expect([queue.size, queue.ended, taken.mock.calls.length]).toEqual([0, true, 1]);
    expect(await queue.next()).toEqual(end);
  });

  test('return after fail: nobody hears the error any more', async () => {
    const queue = new AsyncQueue<number>(() => {});
    queue.fail(new Error('broken'));
    await queue.return();
    expect(await queue.next()).toEqual(end);
  });

  test('a loop takes everything, and leaving it ends the queue', async () => {
    const queue = new AsyncQueue<number>(() => {});
    for (const each of [1, 2, 3]) queue.push(each, 1);
    const seen: number[] = [];
    for await (const each of queue) {
      seen.push(each);
      if (each === 2) break;
    }
    expect(seen).toEqual([1, 2]);
    expect(queue.ended).toBe(true);
  });
});
