import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countSteps } from '../../support/steps.ts';

const SIZE = 40_000;
const counts = await countSteps(fileURLToPath(new URL('./linear-scenarios.ts', import.meta.url)), [
  SIZE,
  4 * SIZE,
]);
const CONTROL = 'an inflater that starts over on each piece';

describe('the cost of compression follows the bytes that go in and come out [design: linear]', () => {
  const names = [...new Set(counts.map(({ name }) => name))].filter((name) => name !== CONTROL);

  it('notices an inflater that starts over on each piece', () => {
    const [one, four] = counts.filter(({ name }) => name === CONTROL).map(({ steps }) => steps);
    expect(four!).toBeGreaterThan(12 * one!);
    expect(names).toHaveLength(16);
  });

  it.each(names)('%s: four times the bytes take four times the steps, and no byte more than 60', (name) => {
    const [one, four] = counts.filter((count) => count.name === name).map(({ steps }) => steps);
    expect(one! / SIZE).toBeLessThan(60);
    expect(four!).toBeLessThan(6 * one! + 1000);
  });
});
