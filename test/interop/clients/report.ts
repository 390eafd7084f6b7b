/**
 * Runs cases and prints a line of JSON for each, then `done`: the same form on every runtime, and in Python.
 *
 * @module
 */
import process from 'node:process';

/** Run all cases one after another, and end the process. */
export async function report<Environment>(
  cases: Readonly<Record<string, (env: Environment) => Promise<void>>>,
  env: Environment,
): Promise<void> {
  for (const [name, run] of Object.entries(cases)) {
    let result = 'ok';
    const start = Date.now();
    try {
      await run(env);
    } catch (error) {
      result = String((error as Error | undefined)?.stack ?? error);
    }
    console.log(JSON.stringify({ name, result, ms: Date.now() - start }));
  }
  console.log('done');
  process.exit(0);
}
