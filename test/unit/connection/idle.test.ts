import {
  type AgreedCompression,
  acceptCompression,
  type CompressionOptions,
  type MessageCompression,
  offerCompression,
  WebSocketConnection,
} from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { IdleWindow } from '../../../src/connection/idle.ts';
import type { PerMessageDeflate } from '../../../src/deflate/permessage.ts';
import { sample } from '../../support/deflate-samples.ts';

const MESSAGE = sample('json', 2000);

/** Two ends that keep their context, and what compresses for each. */
function ends(options: CompressionOptions<never> = {}) {
  const all = { contextTakeover: true, ...options };
  const offer = offerCompression(all)!;
  const agreed = acceptCompression(all)!(offer.extensions, undefined as never) as AgreedCompression;
  const own = agreed.compression as PerMessageDeflate;
  const theirs = offer.read([agreed.extension]) as PerMessageDeflate;
  const limits = { pingIntervalMs: Number.POSITIVE_INFINITY };
  return {
    own,
    server: new WebSocketConnection({ role: 'server', compression: own, limits }),
    client: new WebSocketConnection({ role: 'client', compression: theirs, limits }),
  };
}

/** Let what one end has sent arrive at the other. */
function deliver(from: WebSocketConnection, to: WebSocketConnection, now: number): unknown {
  const output = from.takeOutput()!.slice();
  to.receive(output, now);
  const event = to.next();
  return event !== undefined && 'data' in event ? event.data : event;
}

describe('IdleWindow', () => {
  function watched(releasableBytes: number) {
    const compression = {
      idleMs: 100,
      releasableBytes,
      released: 0,
      releaseIdle() {
        this.released++;
        this.releasableBytes = 0;
      },
    };
    return { compression, idle: new IdleWindow(compression as unknown as MessageCompression) };
  }

  test('waits for as long as the window is used, and drops it one to two times idleMs after the last use', () => {
    const { compression, idle } = watched(10);
    expect(idle.deadline).toBe(Number.POSITIVE_INFINITY);
    idle.used(1000);
    expect(idle.deadline).toBe(1100);
    idle.used(1050);
    expect(idle.deadline).toBe(1100);
    idle.check(1099);
    idle.check(1100);
    expect([idle.deadline, compression.released]).toEqual([1200, 0]);
    idle.used(1199);
    idle.check(1200);
    expect([idle.deadline, compression.released]).toEqual([1300, 0]);
    idle.check(1299);
    expect(compression.released).toBe(0);
    idle.check(1300);
    expect([idle.deadline, compression.released]).toEqual([Number.POSITIVE_INFINITY, 1]);
    idle.used(5000);
    expect(idle.deadline).toBe(Number.POSITIVE_INFINITY);
    compression.releasableBytes = 10;
    idle.used(6000);
    expect(idle.deadline).toBe(6100);
  });

  test('does not wait where nothing is kept', () => {
    const { compression, idle } = watched(0);
    idle.used(1000);
    expect(idle.deadline).toBe(Number.POSITIVE_INFINITY);
    idle.check(10_000);
    expect(compression.released).toBe(0);
  });
});

describe('WebSocketConnection with a window that is not used', () => {
  test('says when it wants to be told the time, and drops the outgoing window alone', () => {
    const { client, own, server } = ends({ idleMs: 1000 });
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    client.send(MESSAGE);
    expect(deliver(client, server, 50)).toEqual(MESSAGE);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY); // the window of what comes in is no reason
    const incoming = own.retainedBytes;
    server.send(MESSAGE);
    expect(deliver(server, client, 50)).toEqual(MESSAGE);
    expect(server.deadline).toBe(1050);
    expect(own.releasableBytes).toBeGreaterThan(MESSAGE.length);
    server.tick(1050);
    expect(server.deadline).toBe(2050);
    expect(own.releasableBytes).toBeGreaterThan(MESSAGE.length);
    server.tick(2050);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    expect([own.releasableBytes, own.retainedBytes]).toEqual([0, incoming]);
    // Neither end's next message suffers.
    client.send(MESSAGE);
    expect(client.bufferedBytes).toBeLessThan(100);
    expect(deliver(client, server, 3000)).toEqual(MESSAGE);
    server.send(MESSAGE);
    expect(server.bufferedBytes).toBeGreaterThan(300);
    expect(deliver(server, client, 3000)).toEqual(MESSAGE);
    expect(server.deadline).toBe(4000);
  });

  test('keeps its pings: the earlier of the two is the deadline', () => {
    const { own } = ends({ idleMs: 1000 });
    for (const [pingIntervalMs, deadline] of [
      [500, 500],
      [5000, 1000],
    ] as const) {
      const server = new WebSocketConnection({
        role: 'server',
        compression: own,
        limits: { pingIntervalMs },
      });
      server.send(MESSAGE);
      expect(server.deadline).toBe(deadline);
    }
  });

  test.each([true, false])(
    'drops it in the middle of a streamed message whose source keeps silent, contextTakeover %s',
    (contextTakeover) => {
      const { client, own, server } = ends({ contextTakeover, idleMs: 1000 });
      server.sendPiece('binary', MESSAGE, true, false);
      client.receive(server.takeOutput()!.slice());
      server.tick(1000);
      expect(own.releasableBytes).toBeGreaterThan(0);
      server.tick(2000);
      expect(own.releasableBytes).toBe(0);
      server.sendPiece('binary', MESSAGE, false, true);
      expect(deliver(server, client, 2000)).toEqual(Uint8Array.from([...MESSAGE, ...MESSAGE]));
    },
  );

  test('idleMs: Infinity keeps it, and without context takeover there is nothing to drop', () => {
    for (const options of [{ idleMs: Number.POSITIVE_INFINITY }, { contextTakeover: false }]) {
      const { server } = ends(options);
      server.send(MESSAGE);
      expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    }
  });

  test('waits no longer once the connection is over', () => {
    const { own, server } = ends({ idleMs: 1000 });
    server.send(MESSAGE);
    server.receiveEnd(10);
    expect(server.deadline).toBe(Number.POSITIVE_INFINITY);
    expect(own.retainedBytes).toBe(0);
  });
});
