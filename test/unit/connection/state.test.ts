import { type ConnectionState, type ConnectionTrigger, TRANSITIONS } from 'sansocket/connection';
import { describe, expect, test } from 'vitest';
import { Bench, closeFromPeer, fromPeer, ROLES, type Role } from './support.ts';

const STATES = Object.keys(TRANSITIONS) as ConnectionState[];
const TRIGGERS: readonly ConnectionTrigger[] = ['close', 'peer-close', 'fault', 'end', 'expire'];

/** Later than every deadline there is. */
const LATE = 1e9;

/** Pulls a trigger on a real connection. */
const PULL: Record<ConnectionTrigger, (bench: Bench) => void> = {
  close: (bench) => bench.connection.close(1000, 'done', bench.now),
  'peer-close': (bench) => void bench.receive(closeFromPeer(bench.role, 1000)),
  fault: (bench) => void bench.receive(fromPeer(bench.role, 3)),
  end: (bench) => void bench.receiveEnd(),
  expire: (bench) => void bench.tick(LATE),
};

/** The triggers that lead to a state. */
const WAY_TO: Record<ConnectionState, readonly ConnectionTrigger[]> = {
  open: [],
  closing: ['close'],
  failing: ['fault'],
  ending: ['peer-close'],
  closed: ['end'],
};

function benchIn(role: Role, state: ConnectionState): Bench {
  const bench = new Bench(role);
  for (const trigger of WAY_TO[state]) PULL[trigger](bench);
  expect(bench.connection.state).toBe(state);
  bench.sent();
  return bench;
}

describe.each(ROLES)('TRANSITIONS, walked through as a %s', (role) => {
  for (const state of STATES) {
    for (const trigger of TRIGGERS) {
      // An open connection has no deadline that closes it: what passes there is the time of a ping.
      const next = TRANSITIONS[state][trigger] ?? state;
      test(`${state}: "${trigger}" leads to ${next}`, () => {
        const bench = benchIn(role, state);
        PULL[trigger](bench);
        expect(bench.connection.state).toBe(next);
      });
    }
  }

  for (const state of STATES.filter((name) => name !== 'open')) {
    test(`${state}: nothing is sent any more, and every call says so [RFC 6455 5.5.1]`, () => {
      const { connection } = benchIn(role, state);
      expect(connection.send('late')).toBe(false);
      expect(connection.sendPiece('text', 'late', true, true)).toBe(false);
      expect(connection.ping()).toBe(-1);
      expect(connection.pong()).toBe(false);
      connection.close(1000);
      expect(connection.takeOutput()).toBeUndefined();
      expect(connection.bufferedBytes).toBe(0);
    });
  }

  for (const state of ['failing', 'ending', 'closed'] as const) {
    test(`${state}: bytes that come in are dropped [RFC 6455 7.1.1]`, () => {
      const bench = benchIn(role, state);
      expect(bench.receive(fromPeer(role, 1, 'late'), fromPeer(role, 3), closeFromPeer(role, 1000))).toEqual(
        [],
      );
      expect(bench.connection.fail('handler-failed', 'Cannot go on')).toBeUndefined();
      expect(bench.sent()).toEqual([]);
    });
  }

  test('closing: messages on their way still come in, and pings are answered [RFC 6455 5.5.1, 5.5.2]', () => {
    const bench = benchIn(role, 'closing');
    expect(bench.receive(fromPeer(role, 1, 'late'), fromPeer(role, 9, 'p'))).toEqual(['text late', 'ping p']);
    expect(bench.sent()).toEqual(['pong 70']);
  });

  test('the table has no way back, and none out of closed', () => {
    const order: readonly ConnectionState[] = ['open', 'closing', 'failing', 'ending', 'closed'];
    for (const state of STATES) {
      for (const next of Object.values(TRANSITIONS[state])) {
        expect(order.indexOf(next)).toBeGreaterThan(order.indexOf(state));
      }
    }
    expect(TRANSITIONS.closed).toEqual({});
  });
});
