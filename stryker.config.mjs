// Mutation testing of the pure rows; docs/mutation.md has the results. `npm run mutation -- FILE...` is the way to run it.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'vitest',
  plugins: ['@stryker-mutator/vitest-runner'],
  vitest: { configFile: 'vitest.mutation.config.ts', related: false },
  mutate: ['src/{bytes,frame,http,deflate,handshake,connection}/**/*.ts', '!src/**/index.ts'],
  mutator: {
    // The words of a message are for people; its code and its offset are what tests hold.
    excludedMutations: ['StringLiteral'],
  },
  coverageAnalysis: 'perTest',
  ignoreStatic: true,
  concurrency: 1,
  timeoutMS: 10_000,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'json'],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: 'reports/mutation/report.json' },
  thresholds: { high: 95, low: 90, break: 90 },
  tempDirName: '.stryker-tmp',
  ignorePatterns: [
    'bench',
    'build',
    'coverage',
    'dist',
    'docs',
    'examples',
    'reports',
    'test/interop',
    'test/fuzz',
  ],
};
