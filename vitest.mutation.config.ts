import { defineConfig } from 'vitest/config';
import base from './vitest.config.ts';

const row = process.env['MUTATION_ROW'] ?? '*';

/** What has to notice a mutant: the unit tests of its own row, and the properties that are about it. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: [`test/unit/${row}/**/*.test.ts`, `test/property/${row}*.property.test.ts`],
    exclude: [
      'test/unit/{client,server,socket,tools,transport}/**',
      'test/property/transport.property.test.ts',
    ],
  },
});
