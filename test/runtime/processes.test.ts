import { expect, it } from 'vitest';
import { RUNTIMES } from '../interop/support/runtimes.ts';
import { describeWith } from '../support/peers.ts';
import { DIFFERS, differenceOf } from './differences.ts';
import { PROCESS_CASES } from './processes.ts';

for (const runtime of RUNTIMES) {
  describeWith([runtime], `what takes several processes to see, on ${runtime}`, () => {
    for (const { name, linux, run } of PROCESS_CASES) {
      const test = it.skipIf(linux === true && process.platform !== 'linux');
      const difference = differenceOf(runtime, name);
      if (difference === undefined) test(name, () => run(runtime));
      else
        test(`${name} (${DIFFERS}${difference.instead})`, async () => {
          await expect(run(runtime)).rejects.toThrow(difference.shows);
        });
    }
  });
}
