import { HttpConnection, WebSocketConnection } from 'sansocket/connection';
import { encodeFrame, Opcode } from 'sansocket/frame';
import { describe, expect, it } from 'vitest';
import { hex, utf8 } from '../../support/deliveries.ts';
import { alive, grows, KIB, NOISE } from '../../support/heap.ts';

function repeat(one: Uint8Array, times: number): Uint8Array {
  const all = new Uint8Array(one.length * times);
  for (let i = 0; i < times; i++) all.set(one, i * one.length);
  return all;
}

// Other parts of the test runner allocate in between. What they leave is gone another time; what is ours is there each time.
describe('memory of a connection, whatever floods it [design: bounded]', { retry: 2 }, () => {
  it.each([
    ['server', hex('01020304'), false],
    ['server', hex('01020304'), true],
    ['client', false, false],
    ['client', false, true],
  ] as const)(
    '100 000 pings in one chunk, as %s (mask %o), congested: %s, cost a bounded output and nothing else',
    (role, mask, congested) => {
      const flood = repeat(encodeFrame({ opcode: Opcode.Ping, payload: new Uint8Array(125), mask }), 100_000);
      let most = 0;
      const growth = grows(() => {
        const connection = new WebSocketConnection({ role });
        connection.congested = congested;
        connection.receive(flood.slice(), 0);
        const before = alive();
        most = 0;
        let pings = 0;
        for (let event = connection.next(); event !== undefined; event = connection.next()) {
          if (event.kind !== 'ping') throw new Error('only pings');
          if (++pings % 25_000 === 0) most = Math.max(most, alive() - before);
        }
        expect(pings).toBe(100_000);
        // What is owed waits in the output, up to 64 KiB, and in memory of at most four times that.
        expect(connection.bufferedBytes).toBeLessThanOrEqual(64 * KIB + 131);
        return connection;
      });
      expect(growth).toBeLessThan(256 * KIB + NOISE);
      expect(most, 'while events are taken').toBeLessThan(256 * KIB + NOISE);
    },
  );

  it('30 000 requests in one chunk, the first of which is never answered, cost their bytes and nothing else', () => {
    const flood = repeat(utf8('GET / HTTP/1.1\r\nHost: a\r\n\r\n'), 30_000);
    const growth = grows(() => {
      const connection = new HttpConnection();
      connection.receive(flood.slice(), 0);
      let events = 0;
      while (connection.next() !== undefined) events++;
      expect(events).toBeLessThan(5);
      return connection;
    });
    expect(growth).toBeLessThan(2 * flood.length + NOISE);
  });
});
