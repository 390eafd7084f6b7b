import { describe, expect, test } from 'vitest';
import { Outflow } from '../../../src/socket/outflow.ts';

describe('Outflow', () => {
  test('says since when nothing of what waits has gone out, at first since when it waits', () => {
    const outflow = new Outflow(60, 1000);
    expect(outflow.quietMs(60, 1050)).toBe(50);
    expect(outflow.quietMs(59, 1051)).toBe(0);
    expect(outflow.quietMs(59, 1060)).toBe(9);
  });

  test('what is written since waits too, and is no progress', () => {
    const outflow = new Outflow(60, 1000);
    outflow.wrote(40);
    expect(outflow.quietMs(100, 1010)).toBe(10);
    expect(outflow.quietMs(99, 1020)).toBe(0);
    outflow.wrote(1);
    expect(outflow.quietMs(99, 1030)).toBe(0);
  });

  test('says so however often it is asked: several deadlines may look within a millisecond', () => {
    const outflow = new Outflow(60, 0);
    expect([1, 2, 3].map(() => outflow.quietMs(50, 1000))).toEqual([0, 0, 0]);
  });

  test('the last of it, gone since the last look, is progress once', () => {
    const outflow = new Outflow(60, 0);
    expect(outflow.quietMs(0, 100)).toBe(0);
    expect(outflow.quietMs(0, 100)).toBe(Number.POSITIVE_INFINITY);
    outflow.wrote(10);
    expect(outflow.quietMs(10, 300)).toBe(200);
    expect(outflow.quietMs(0, 400)).toBe(0);
  });
});
