import { describe, expect, test } from 'vitest';
import { Keepalive } from '../../../src/connection/keepalive.ts';
import { utf8 } from '../../support/deliveries.ts';

describe('Keepalive', () => {
  test('has sent nothing at first, and then knows its newest ping', () => {
    const keepalive = new Keepalive(30_000, 10_000, 0);
    expect(keepalive.lastPayload).toEqual(new Uint8Array(0));
    keepalive.ping(undefined, 0);
    keepalive.ping(utf8('mine'), 1);
    expect(keepalive.lastPayload).toEqual(utf8('mine'));
  });

  test('takes a pong for an answer when its payload is that of a ping, to the last byte [RFC 6455 5.5.3]', () => {
    const keepalive = new Keepalive(30_000, 10_000, 0);
    keepalive.ping(utf8('one'), 100);
    for (const other of ['', 'on', 'onE', 'ones']) {
      expect(keepalive.pong(utf8(other), 150)).toMatchObject({ answers: -1, latencyMs: undefined });
    }
    expect(keepalive.deadline).toBe(10_100);
    expect(keepalive.pong(utf8('one'), 150)).toMatchObject({ answers: 0, latencyMs: 50 });
    expect(keepalive.deadline).toBe(30_100);
  });
});
