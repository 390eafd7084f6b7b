import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { countSteps } from '../../support/steps.ts';

const SIZE = 41_160;
const counts = await countSteps(fileURLToPath(new URL('./linear-scenarios.ts', import.meta.url)), [
  SIZE,
  4 * SIZE,
]);
const CONTROL = 'a parser that starts over on each chunk';

describe('the cost of parsing HTTP follows the bytes [design: linear, CVE-2023-43669]', () => {
  const names = [...new Set(counts.map(({ name }) => name))].filter((name) => name !== CONTROL);

  it('notices a parser that starts over on each chunk', () => {
    const [one, four] = counts.filter(({ name }) => name === CONTROL).map(({ steps }) => steps);
    expect(four!).toBeGreaterThan(12 * one!);
    expect(names).toHaveLength(18);
  });

  it.each(names)('%s: four times the bytes take four times the steps, and no byte more than 60', (name) => {
    const [one, four] = counts.filter((count) => count.name === name).map(({ steps }) => steps);
    expect(one! / SIZE).toBeLessThan(60);
    // Growing buffers by doubling makes steps: up to twice as many bytes are copied just after one as just before.
    expect(four!).toBeLessThan(6 * one! + 1000);
  });
});
