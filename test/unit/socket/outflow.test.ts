import { describe, expect, test } from 'vitest';
import { Outflow } from '../../../src/socket/outflow.ts';
import type { ByteStream } from '../../../src/transport/transport.ts';

/** A stream of which only one thing is looked at. */
const waiting = (bufferedBytes: number): ByteStream => ({ bufferedBytes }) as ByteStream;

describe('Outflow', () => {
  test('says since when nothing of what waits has gone out', () => {
    const outflow = new Outflow();
    outflow.wrote(100);
    expect(outflow.quietMs(waiting(60), 1000)).toBe(0);
    expect(outflow.quietMs(waiting(60), 1050)).toBe(50);
    expect(outflow.quietMs(waiting(59), 1051)).toBe(0);
    expect(outflow.quietMs(waiting(59), 1060)).toBe(9);
  });

  test('says so however often it is asked: several deadlines may look within a millisecond', () => {
    const outflow = new Outflow();
    outflow.wrote(100);
    expect([1, 2, 3].map(() => outflow.quietMs(waiting(60), 1000))).toEqual([0, 0, 0]);
  });

  test('there is no progress where nothing waits, or nothing ever went out', () => {
    const outflow = new Outflow();
    expect(outflow.quietMs(waiting(0), 0)).toBe(Number.POSITIVE_INFINITY);
    outflow.wrote(100);
    expect(outflow.quietMs(waiting(100), 0)).toBe(Number.POSITIVE_INFINITY);
    const atOnce = new Outflow();
    atOnce.wrote(100);
    expect(atOnce.quietMs(waiting(0), 0)).toBe(Number.POSITIVE_INFINITY);
  });

  test('the last of it, gone since the last look, is progress once', () => {
    for (const see of [
      (outflow: Outflow) => outflow.full(waiting(40)),
      (outflow: Outflow) => void outflow.quietMs(waiting(40), 0),
    ]) {
      const outflow = new Outflow();
      outflow.wrote(100);
      see(outflow);
      expect(outflow.quietMs(waiting(0), 100)).toBe(0);
      expect(outflow.quietMs(waiting(0), 100)).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('what went into the system’s own buffer at once is none', () => {
    const outflow = new Outflow();
    outflow.wrote(100);
    outflow.full(waiting(40));
    expect(outflow.quietMs(waiting(40), 0)).toBe(Number.POSITIVE_INFINITY);
    expect(outflow.quietMs(waiting(39), 0)).toBe(0);
  });

  test('nor are bytes that were sent before, and are not its own', () => {
    expect(new Outflow().quietMs(waiting(100), 0)).toBe(Number.POSITIVE_INFINITY);
  });
});
