/**
 * One timer for all that waits: a heap of deadlines.
 *
 * Owns: the only timer and the only clock of a server or a client. Does not own: what is due (`Timed`).
 *
 * @module
 */

/** Something with a deadline. The two heap fields belong to {@link Deadlines}. */
export interface Timed {
  /** When to call {@link expire} at the latest, on the clock of {@link Deadlines.now}; `Infinity`: never. */
  readonly deadline: number;
  /** The deadline may have passed; or it has moved, and the call means nothing. */
  expire(now: number): void;
  /** Where it is in the heap; -1: not there. */
  heapIndex: number;
  /** The time by which the heap has sorted it; never later than its deadline. */
  heapKey: number;
}

/** Timers wait at most this long: more does not fit into 31 bits. */
const LONGEST_MS = 0x7fff_ffff;
/** A timer that is later than this was kept waiting: by code that ran for long, or because the process was stopped. */
const LATE_MS = 2;
/** Within this time, what came in meanwhile is read. Runtimes need different numbers of turns of the event loop to get to it. */
const CATCH_UP_MS = 10;
/** So many times in a row, and no more: in a process that is always busy, deadlines come all the same. */
const MOST_LATE = 5;

/**
 * Calls whatever is due, by one timer. A deadline that moves away costs nothing until it would have been due.
 *
 * Where the timer itself is late, what would have moved a deadline may have come in time, and wait to be read: it is read first.
 */
export class Deadlines {
  readonly #heap: Timed[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;
  #timerAt = Number.POSITIVE_INFINITY;
  /** When the timer should fire. */
  #expectedAt = 0;
  /** How many timers in a row were late: the one that waits is for what came in meanwhile. */
  #lateTimers = 0;

  /** Milliseconds on a clock that only goes forward. */
  now(): number {
    return performance.now();
  }

  /** How many items wait. */
  get size(): number {
    return this.#heap.length;
  }

  /** The item's deadline may have changed: see to it that it is called in time. */
  update(item: Timed): void {
    const { deadline } = item;
    if (item.heapIndex >= 0) {
      // Later is found out when the old time comes; only earlier matters now.
      if (deadline >= item.heapKey) return;
      item.heapKey = deadline;
      this.#up(item.heapIndex, item);
    } else {
      if (deadline === Number.POSITIVE_INFINITY) return;
      item.heapKey = deadline;
      this.#heap.push(item);
      this.#up(this.#heap.length - 1, item);
    }
    this.#arm();
  }

  /** The item is gone. Idempotent. */
  remove(item: Timed): void {
    const index = item.heapIndex;
    if (index < 0) return;
    item.heapIndex = -1;
    const last = this.#heap.pop()!;
    if (last !== item) {
      this.#up(index, last);
      this.#down(last.heapIndex, last);
    }
    if (this.#heap.length === 0) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#timerAt = Number.POSITIVE_INFINITY;
      this.#lateTimers = 0;
    }
  }

  #arm(): void {
    const first = this.#heap[0];
    if (first === undefined || first.heapKey >= this.#timerAt) return;
    clearTimeout(this.#timer);
    this.#timerAt = first.heapKey;
    const now = this.now();
    this.#wait(Math.min(Math.max(Math.ceil(first.heapKey - now), 1), LONGEST_MS), now);
  }

  #wait(ms: number, now: number): void {
    this.#expectedAt = now + ms;
    this.#timer = setTimeout(this.#fire, ms);
  }

  readonly #fire = (): void => {
    const now = this.now();
    if (now - this.#expectedAt > LATE_MS && this.#lateTimers < MOST_LATE) {
      this.#lateTimers++;
      this.#timerAt = Number.NEGATIVE_INFINITY; // nothing is due earlier
      this.#wait(CATCH_UP_MS, now);
      return;
    }
    this.#lateTimers = 0;
    this.#timer = undefined;
    this.#timerAt = Number.POSITIVE_INFINITY;
    for (let first = this.#heap[0]; first !== undefined && first.heapKey <= now; first = this.#heap[0]) {
      if (first.deadline <= now) first.expire(now);
      if (first.heapIndex < 0) continue;
      // An item that is still due was told, and has said nothing new: it waits for one more tick, not for ever.
      const next = first.deadline > now ? first.deadline : now + 1;
      if (next === Number.POSITIVE_INFINITY) {
        this.remove(first);
        continue;
      }
      first.heapKey = next;
      this.#up(first.heapIndex, first);
      this.#down(first.heapIndex, first);
    }
    this.#arm();
  };

  #up(from: number, item: Timed): void {
    const heap = this.#heap;
    let index = from;
    while (index > 0) {
      const parent = heap[(index - 1) >> 1]!;
      if (parent.heapKey <= item.heapKey) break;
      heap[index] = parent;
      parent.heapIndex = index;
      index = (index - 1) >> 1;
    }
    heap[index] = item;
    item.heapIndex = index;
  }

  #down(from: number, item: Timed): void {
    const heap = this.#heap;
    let index = from;
    for (;;) {
      let child = 2 * index + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && heap[child + 1]!.heapKey < heap[child]!.heapKey) child++;
      const below = heap[child]!;
      if (below.heapKey >= item.heapKey) break;
      heap[index] = below;
      below.heapIndex = index;
      index = child;
    }
    heap[index] = item;
    item.heapIndex = index;
  }
}
