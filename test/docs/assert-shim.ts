/**
 * Stands for `node:assert/strict` when a fence is run: it counts assertions, and can let one of them fail, to see
 * whether anybody would notice.
 *
 * `DOCS_FAIL_AT` names the assertion that fails, from 1; the count goes to the file descriptor 3 at the end.
 *
 * @module
 */
import assert from 'node:assert/strict';
import { writeSync } from 'node:fs';

const failAt = Number(process.env['DOCS_FAIL_AT'] ?? 0);
let count = 0;
process.on('exit', () => writeSync(3, String(count)));

function counted<F extends (...values: never[]) => unknown>(check: F): F {
  return ((...values: never[]) => {
    count++;
    if (count === failAt) throw new assert.AssertionError({ message: 'made to fail' });
    return check(...values);
  }) as F;
}

export const ok: typeof assert.ok = counted(assert.ok);
export const equal: typeof assert.equal = counted(assert.equal);
export const strictEqual: typeof assert.strictEqual = counted(assert.strictEqual);
export const notEqual: typeof assert.notEqual = counted(assert.notEqual);
export const deepEqual: typeof assert.deepEqual = counted(assert.deepEqual);
export const deepStrictEqual: typeof assert.deepStrictEqual = counted(assert.deepStrictEqual);
export const match: typeof assert.match = counted(assert.match);
export const throws: typeof assert.throws = counted(assert.throws);
export const rejects: typeof assert.rejects = counted(assert.rejects);
