import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

/** The rows that are pure, and what they stand on. */
export const PURE: readonly string[] = ['bytes', 'frame', 'http', 'deflate', 'handshake', 'connection'];

/** Coverage of the pure rows by their own tests alone: what only a server's or a client's test runs does not count. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [
      ...PURE.map((row) => `test/unit/${row}/**/*.test.ts`),
      'test/unit/{options,limits,inspect}.test.ts',
      'test/unit/client/opening.test.ts',
      'test/property/**/*.test.ts',
    ],
    exclude: ['test/property/transport.property.test.ts', 'test/property/differential-*.test.ts'],
    coverage: {
      enabled: true,
      provider: 'v8',
      include: [...PURE.map((row) => `src/${row}/**/*.ts`), 'src/{errors,limits,options,inspect}.ts'],
      reporter: ['text-summary', 'json'],
      reportOnFailure: true,
      reportsDirectory: 'coverage',
    },
  },
});
