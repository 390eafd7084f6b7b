import { describe, expect, test } from 'vitest';
import { Pings } from '../../../src/socket/pings.ts';

describe('Pings', () => {
  test('a pong answers its ping and the earlier ones, and no later one', async () => {
    const pings = new Pings();
    const waiting = [1, 2, 3].map((number) => pings.wait(number));
    pings.answer(2, 20);
    pings.answer(3, 30);
    expect(await Promise.all(waiting)).toEqual([20, 20, 30]);
  });

  test('a pong that answers nobody changes nothing', async () => {
    const pings = new Pings();
    const waiting = pings.wait(5);
    pings.answer(4, 40);
    pings.answer(5, 50);
    expect(await waiting).toBe(50);
  });

  test('when no pong comes any more, all that wait are told why', async () => {
    const pings = new Pings();
    const waiting = [pings.wait(1), pings.wait(2)];
    pings.stop(() => 'why');
    expect(await Promise.allSettled(waiting)).toEqual([
      { status: 'rejected', reason: 'why' },
      { status: 'rejected', reason: 'why' },
    ]);
  });
});
