/**
 * Runs the groups that are named, and prints a line of JSON for each scenario: `bench/codec.mjs` bundles this and starts it.
 *
 * @module
 */
import { deflateScenarios } from './deflate.ts';
import { engineScenarios } from './engines.ts';
import { frameScenarios } from './frames.ts';
import { headScenarios } from './heads.ts';
import { measure, type Scenario } from './measure.ts';

const GROUPS: Record<string, () => Scenario[]> = {
  frames: frameScenarios,
  heads: headScenarios,
  deflate: deflateScenarios,
  engines: engineScenarios,
};

const [group = '', rounds = '7', roundMs = '40'] = process.argv.slice(2);
for (const scenario of GROUPS[group]!()) {
  console.log(JSON.stringify(await measure(scenario, Number(rounds), Number(roundMs))));
}
process.exit(0);
