import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countSteps } from '../../support/steps.ts';

const SIZE = 42_840; // divisible by the lengths of the frames below
const counts = await countSteps(fileURLToPath(new URL('./linear-scenarios.ts', import.meta.url)), [
  SIZE,
  4 * SIZE,
]);

describe('the cost of reading follows the bytes [design: linear]', () => {
  const names = [...new Set(counts.map(({ name }) => name))].filter((name) => name !== 'a quadratic loop');

  it('notices a loop that is quadratic', () => {
    const [one, four] = counts.filter(({ name }) => name === 'a quadratic loop').map(({ steps }) => steps);
    expect(four!).toBeGreaterThan(12 * one!);
    expect(names).toHaveLength(17);
  });

  it.each(names)('%s: four times the bytes take four times the steps, and no byte more than 60', (name) => {
    const [one, four] = counts.filter((count) => count.name === name).map(({ steps }) => steps);
    expect(one! / SIZE).toBeLessThan(60);
    // Growing buffers by doubling makes steps: up to twice as many bytes are copied just after one as just before.
    expect(four!).toBeLessThan(6 * one! + 1000);
  });
});
