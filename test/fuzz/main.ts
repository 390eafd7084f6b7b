/**
 * What `tools/fuzz.mjs` bundles: the engine, all targets, and the making of seeds.
 *
 * @module
 */
export { CoverageMap, fuzz, minimize, runInput } from './engine.ts';
export { planOf, seedOf } from './target.ts';
export { TARGETS } from './targets/index.ts';
