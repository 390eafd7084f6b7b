import { describe, expect, test } from 'vitest';
import { Congestion } from '../../../src/socket/congestion.ts';
import type { ByteStream } from '../../../src/transport/transport.ts';

/** A stream in which so many bytes wait. */
function stream(bufferedBytes: number): { bufferedBytes: number } & ByteStream {
  return { bufferedBytes } as ByteStream;
}

describe('Congestion', () => {
  test('there is none while nothing waits', () => {
    expect(Congestion.of(stream(0), 0)).toBe(undefined);
    expect(Congestion.of(stream(1), 0)).toBeInstanceOf(Congestion);
  });

  test('counts what is added to a stream that is full, until it drains', () => {
    const congestion = new Congestion(stream(10), 0);
    congestion.wrote(5);
    expect([congestion.full, congestion.added]).toEqual([false, 0]);
    congestion.fill(1);
    congestion.wrote(6);
    congestion.wrote(7);
    expect([congestion.full, congestion.added]).toEqual([true, 13]);
    congestion.drain();
    expect([congestion.full, congestion.added]).toEqual([false, 0]);
  });

  test('who waits for room has it when the stream drains', async () => {
    const congestion = new Congestion(stream(10), 0);
    congestion.fill(0);
    const waiting = [congestion.room(), congestion.room()];
    congestion.drain();
    expect(await Promise.all(waiting)).toEqual([undefined, undefined]);
  });

  test('who waits for room that will never be is told why, each by an error of its own', async () => {
    const congestion = new Congestion(stream(10), 0);
    congestion.fill(0);
    const waiting = [congestion.room(), congestion.room()];
    let count = 0;
    congestion.release(() => new Error(`no room ${++count}`));
    const told = await Promise.allSettled(waiting);
    expect(told.map((each) => each.status === 'rejected' && each.reason.message)).toEqual([
      'no room 1',
      'no room 2',
    ]);
  });

  test('says for how long nothing has gone out, anew from when the stream is full', () => {
    const waiting = stream(100);
    const congestion = new Congestion(waiting, 1000);
    expect(congestion.quietMs(1040)).toBe(40);
    congestion.wrote(50);
    waiting.bufferedBytes = 150;
    congestion.fill(1060);
    expect(congestion.quietMs(1070)).toBe(10);
    waiting.bufferedBytes = 149;
    expect(congestion.quietMs(1080)).toBe(0);
    waiting.bufferedBytes = 0;
    expect([congestion.quietMs(1090), congestion.quietMs(1100)]).toEqual([0, Number.POSITIVE_INFINITY]);
  });
});
