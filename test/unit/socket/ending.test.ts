import { describe, expect, test } from 'vitest';
import { Ending } from '../../../src/socket/ending.ts';

const INFO = { code: 1001, reason: 'away', wasClean: true };

describe('Ending', () => {
  test('gives the same promise whenever it is asked, and settles it', async () => {
    const ending = new Ending();
    const { closed } = ending;
    expect([ending.over, ending.closed]).toEqual([false, closed]);
    ending.settle(INFO);
    expect([ending.over, await closed]).toEqual([true, INFO]);
    expect(ending.closed).toBe(closed);
  });

  test('tells who asks afterwards too', async () => {
    const ending = new Ending();
    ending.settle(INFO);
    expect(await ending.closed).toEqual(INFO);
  });

  test('tells a call that comes too late how it stands, and by what fault', () => {
    const ending = new Ending();
    const early = ending.notOpen('send');
    expect([early.code, early.message]).toEqual([
      'not-open',
      'Cannot send: the connection is closing (RFC 6455 §7.1.4)',
    ]);
    expect('cause' in early).toBe(false);
    ending.fault = new Error('cable cut');
    ending.settle({ ...INFO, code: 1006 });
    const late = ending.notOpen('ping');
    expect([late.message, late.cause]).toEqual([
      'Cannot ping: the connection was closed with 1006 (RFC 6455 §7.1.4)',
      ending.fault,
    ]);
  });
});
