// Mutation testing of the pure rows; docs/mutation.md has the results. `npm run mutation -- FILE...` is the way to run it.

/** @type {import('@stryker-mutator/api/core').PartialStrykerOptions} */
export default {
  testRunner: 'bundle',
  plugins: ['./tools/mutation-runner.mjs'],
  testRunnerNodeArgs: ['--max-old-space-size=2048'],
  mutate: ['src/{bytes,frame,http,deflate,handshake,connection}/**/*.ts', '!src/**/index.ts'],
  mutator: {
    // The words of a message are for people; its code and its offset are what tests hold.
    excludedMutations: ['StringLiteral'],
  },
  coverageAnalysis: 'perTest',
  ignoreStatic: false,
  concurrency: 1,
  timeoutMS: 5_000,
  incremental: true,
  incrementalFile: 'reports/mutation/incremental.json',
  reporters: ['clear-text', 'json', 'progress-append-only'],
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
