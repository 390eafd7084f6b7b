import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Deadlines, type Timed } from '../../../src/socket/deadlines.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Notes when it was called, and what it was told. */
class Item implements Timed {
  heapIndex = -1;
  heapKey = 0;
  deadline: number;
  readonly calls: number[] = [];
  readonly #onExpire: (item: Item, now: number) => void;

  constructor(
    deadline: number,
    onExpire: (item: Item, now: number) => void = (item) => (item.deadline = Number.POSITIVE_INFINITY),
  ) {
    this.deadline = deadline;
    this.#onExpire = onExpire;
  }

  expire(now: number): void {
    this.calls.push(Math.round(now));
    this.#onExpire(this, now);
  }
}

describe('Deadlines', () => {
  test('calls each item when it is due, in order, and keeps no timer when nothing waits', () => {
    const deadlines = new Deadlines();
    const start = deadlines.now();
    const order: number[] = [];
    const items = [50, 10, 30, 20, 40].map(
      (ms) =>
        new Item(start + ms, (item) => {
          order.push(ms);
          item.deadline = Number.POSITIVE_INFINITY;
        }),
    );
    for (const item of items) deadlines.update(item);
    expect(deadlines.size).toBe(5);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(29);
    expect(order).toEqual([10, 20]);
    vi.advanceTimersByTime(100);
    expect(order).toEqual([10, 20, 30, 40, 50]);
    expect(deadlines.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('never calls an item early, and a deadline that moves away costs no call', () => {
    const deadlines = new Deadlines();
    const start = deadlines.now();
    const item = new Item(start + 10);
    deadlines.update(item);
    for (let ms = 0; ms < 100; ms++) {
      item.deadline = deadlines.now() + 10;
      deadlines.update(item);
      vi.advanceTimersByTime(1);
    }
    expect(item.calls).toEqual([]);
    vi.advanceTimersByTime(10);
    expect(item.calls).toHaveLength(1);
  });

  test('a deadline that moves closer is kept', () => {
    const deadlines = new Deadlines();
    const start = deadlines.now();
    const item = new Item(start + 1000);
    deadlines.update(item);
    item.deadline = start + 5;
    deadlines.update(item);
    vi.advanceTimersByTime(5);
    expect(item.calls).toHaveLength(1);
  });

  test('an item without a deadline does not wait; one that loses its own is let go', () => {
    const deadlines = new Deadlines();
    const item = new Item(Number.POSITIVE_INFINITY);
    deadlines.update(item);
    expect(deadlines.size).toBe(0);
    item.deadline = deadlines.now() + 5;
    deadlines.update(item);
    item.deadline = Number.POSITIVE_INFINITY;
    deadlines.update(item);
    vi.advanceTimersByTime(10);
    expect(item.calls).toEqual([]);
    expect(deadlines.size).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('remove: it is not called any more; twice is as once; the last one takes the timer with it', () => {
    const deadlines = new Deadlines();
    const items = Array.from({ length: 20 }, (_, i) => new Item(deadlines.now() + ((i * 7) % 20) + 1));
    for (const item of items) deadlines.update(item);
    for (const item of items.filter((_, i) => i % 2 === 0)) {
      deadlines.remove(item);
      deadlines.remove(item);
    }
    vi.advanceTimersByTime(30);
    expect(items.map(({ calls }) => calls.length)).toEqual(items.map((_, i) => i % 2));
    const last = new Item(deadlines.now() + 50);
    deadlines.update(last);
    deadlines.remove(last);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('an item that is told and stays due is told again, a tick later, and blocks nobody', () => {
    const deadlines = new Deadlines();
    const start = deadlines.now();
    const stubborn = new Item(start + 5, (item) => {
      if (item.calls.length === 4) item.deadline = Number.POSITIVE_INFINITY;
    });
    const other = new Item(start + 5);
    deadlines.update(stubborn);
    deadlines.update(other);
    vi.advanceTimersByTime(50);
    expect(stubborn.calls).toHaveLength(4);
    expect(other.calls).toHaveLength(1);
  });

  test('an item may remove itself or others, and add more, while it is called', () => {
    const deadlines = new Deadlines();
    const start = deadlines.now();
    const late = new Item(start + 20);
    const victim = new Item(start + 10);
    const item = new Item(start + 10, (self) => {
      deadlines.remove(self);
      deadlines.remove(victim);
      deadlines.update(late);
    });
    deadlines.update(item);
    deadlines.update(victim);
    vi.advanceTimersByTime(30);
    expect([item.calls.length, victim.calls.length, late.calls.length]).toEqual([1, 0, 1]);
  });

  describe('a timer that is late', () => {
    /** The clock goes on while nothing runs. */
    class Stopped extends Deadlines {
      stoppedMs = 0;
      override now(): number {
        return super.now() + this.stoppedMs;
      }
    }

    test('leaves time to read what came meanwhile, which may move the deadline', () => {
      const deadlines = new Stopped();
      const moved = new Item(deadlines.now() + 50);
      const gone = new Item(deadlines.now() + 50);
      const due = new Item(deadlines.now() + 50);
      for (const item of [moved, gone, due]) deadlines.update(item);
      vi.advanceTimersByTime(49);
      deadlines.stoppedMs = 1000;
      vi.advanceTimersByTime(1);
      moved.deadline = deadlines.now() + 50;
      deadlines.update(moved);
      deadlines.remove(gone);
      vi.advanceTimersByTime(5);
      expect([moved, gone, due].map(({ calls }) => calls.length)).toEqual([0, 0, 0]);
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(5);
      expect([moved, gone, due].map(({ calls }) => calls.length)).toEqual([0, 0, 1]);
      vi.advanceTimersByTime(45);
      expect(moved.calls).toHaveLength(1);
      expect(vi.getTimerCount()).toBe(0);
    });

    test('leaves it again where the next one is late too, but not for ever', () => {
      const deadlines = new Stopped();
      const item = new Item(deadlines.now() + 50);
      deadlines.update(item);
      vi.advanceTimersByTime(40);
      const calls: number[] = [];
      for (let i = 0; i < 7; i++) {
        deadlines.stoppedMs += 1000;
        vi.advanceTimersByTime(10);
        calls.push(item.calls.length);
      }
      expect(calls).toEqual([0, 0, 0, 0, 0, 1, 1]);
    });

    test('and whose last item goes leaves nothing behind', () => {
      const deadlines = new Stopped();
      const item = new Item(deadlines.now() + 50);
      deadlines.update(item);
      deadlines.stoppedMs = 1000;
      vi.advanceTimersByTime(50);
      deadlines.remove(item);
      expect(vi.getTimerCount()).toBe(0);
      const next = new Item(deadlines.now() + 50);
      deadlines.update(next);
      deadlines.stoppedMs = 2000;
      vi.advanceTimersByTime(50);
      expect(next.calls).toEqual([]);
      vi.advanceTimersByTime(10);
      expect(next.calls).toHaveLength(1);
    });
  });

  test('a deadline beyond 2^31 ms does not fire at once', () => {
    const deadlines = new Deadlines();
    const item = new Item(deadlines.now() + 2 ** 40);
    deadlines.update(item);
    vi.advanceTimersByTime(1000);
    expect(item.calls).toEqual([]);
    deadlines.remove(item);
  });

  test('any order of updates and removals: each is called at its time, give or take the tick of a timer', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            item: fc.nat(7),
            deadline: fc.option(fc.nat(200), { nil: undefined }),
            wait: fc.nat(30),
          }),
          {
            maxLength: 60,
          },
        ),
        (steps) => {
          const deadlines = new Deadlines();
          const due = new Map<number, number>();
          const items = Array.from(
            { length: 8 },
            (_, i) =>
              new Item(Number.POSITIVE_INFINITY, (item, now) => {
                const expected = due.get(i);
                expect(expected, `item ${i} was not due`).toBeDefined();
                expect(now).toBeGreaterThanOrEqual(expected!);
                expect(now - expected!).toBeLessThanOrEqual(2);
                due.delete(i);
                item.deadline = Number.POSITIVE_INFINITY;
              }),
          );
          for (const { item: i, deadline, wait } of steps) {
            const item = items[i]!;
            if (deadline === undefined) {
              deadlines.remove(item);
              item.deadline = Number.POSITIVE_INFINITY;
              due.delete(i);
            } else {
              item.deadline = deadlines.now() + deadline;
              due.set(i, item.deadline);
              deadlines.update(item);
            }
            vi.advanceTimersByTime(wait);
          }
          vi.advanceTimersByTime(300);
          expect([...due]).toEqual([]);
          expect(deadlines.size).toBe(0);
          expect(vi.getTimerCount()).toBe(0);
        },
      ),
      { numRuns: 200 },
    );
  });
});
