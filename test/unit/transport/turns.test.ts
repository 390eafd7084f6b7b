import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { TURN_MS } from '../../../src/transport/transport.ts';
import { Turns } from '../../../src/transport/turns.ts';

describe('Turns', () => {
  const much = 65_536;
  const one = {};
  const other = {};
  let now = 0;
  beforeEach(() => void vi.spyOn(performance, 'now').mockImplementation(() => now));
  afterEach(() => vi.restoreAllMocks());

  test('a reader that always has more is stopped when its turn is over, and then begins a new one', () => {
    const turns = new Turns();
    now = 5;
    expect(turns.isOver(one, much)).toBe(false);
    now += TURN_MS / 2;
    expect(turns.isOver(one, much)).toBe(false);
    now += TURN_MS / 2;
    expect(turns.isOver(one, much)).toBe(true);
    now += TURN_MS;
    expect(turns.isOver(one, much)).toBe(false);
    now += TURN_MS;
    expect(turns.isOver(one, much)).toBe(true);
  });

  test('a read that brings less says that there is no more: the turn was over by itself', () => {
    const turns = new Turns();
    expect(turns.isOver(one, much)).toBe(false);
    now += 2 * TURN_MS;
    expect(turns.isOver(one, 16_383)).toBe(false);
    expect(turns.isOver(one, 16_384)).toBe(false);
    now += TURN_MS;
    expect(turns.isOver(one, 16_384)).toBe(true);
  });

  test('readers that take turns by themselves are not stopped', () => {
    const turns = new Turns();
    for (let i = 0; i < 10; i++) {
      expect(turns.isOver(one, much)).toBe(false);
      now += TURN_MS;
      expect(turns.isOver(other, much)).toBe(false);
      now += TURN_MS;
    }
  });
});
