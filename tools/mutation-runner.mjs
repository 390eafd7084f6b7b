// A test runner for Stryker that costs milliseconds for each mutant, where starting vitest costs most of a second.
//
// Each test file is bundled once, with the mutated sources in it, and evaluated anew for each mutant: no state of a module survives,
// and what runs while a module loads is mutated too. `describe`, `test` and the hooks are those below; `expect` is vitest's own.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { performance } from 'node:perf_hooks';
import { pathToFileURL } from 'node:url';
import { format } from 'node:util';
import { Script } from 'node:vm';
import { build } from 'esbuild';
import fc from 'fast-check';
import { expect, vi } from 'vitest';

/** Stryker's copy of the project; it goes there after this file was loaded. */
const root = () => process.cwd();
const requireHere = createRequire(import.meta.url);

// Properties run the same cases for every mutant, for a short time, and stop at the first that fails.
fc.configureGlobal({ seed: 1, endOnFailure: true, interruptAfterTimeLimit: 50 });

/** Tests that take longer than this, with the counting of coverage, are left out: others have to notice a mutant. */
const MOST_MS = 200;
/** Those that take minutes, with the counting of coverage. */
const FAR_TOO_LONG = /one fragment more than the default limit|what encodeFrame writes is what the RFC draws/;
/** Where the tests that take part are kept, for the next process, after one was ended for a mutant that never stopped. */
const listFile = () => `${root()}/mutation-tests.json`;

/** Tests of a row that notice its mutants. What measures memory or counts steps runs for seconds, and notices little else. */
function testFiles(row) {
  const within = (folder, pattern) =>
    readdirSync(`${root()}/${folder}`)
      .filter((name) => pattern.test(name) && !/^(bounded|linear)\./.test(name))
      .sort()
      .map((name) => `${folder}/${name}`);
  return [
    ...within(`test/unit/${row}`, /\.test\.ts$/),
    // The client's opening handshake is an engine of `connection/`; its tests go on to what an app sees of it.
    ...(row === 'connection' ? ['test/unit/client/opening.test.ts'] : []),
    ...within('test/property', new RegExp(`^${row}.*\\.property\\.test\\.ts$`)),
  ];
}

// Stryker's own helpers look up a test and a mutant in an object at each expression; these cost next to nothing.
const COUNTING = `function stryCov_9fa48(...ids) {
  for (let i = 0; i < ids.length; i++) globalThis.__stryker__.counts[ids[i]]++;
}`;
const ACTIVE = `function stryMutAct_9fa48(id) {
  const ns = globalThis.__stryker__;
  if (ns.activeMutant !== id) return false;
  if (ns.hitCount !== undefined && ++ns.hitCount > ns.hitLimit) throw new Error('Stryker: Hit count limit reached');
  return true;
}`;
const COVER_CALL = /\bstryCov_9fa48\(((?:"\d+"(?:, )?)+)\)(,\s*)?/g;

/** A mutated source with faster helpers; what counts coverage is left out where nobody reads it. */
function withFastHelpers(text, counts) {
  return text
    .replace(/^function stryCov_9fa48\(\) \{.*?^\}$/ms, counts ? COUNTING : '')
    .replace(/^function stryMutAct_9fa48\(id\) \{.*?^\}$/ms, ACTIVE)
    .replace(COVER_CALL, (_, ids, comma = '') =>
      counts ? `stryCov_9fa48(${ids.replaceAll('"', '')})${comma}` : comma === '' ? '0' : '',
    );
}

/** One test file as a function of `require`, with the package's names standing for its sources. */
async function bundle(file, counts) {
  const { outputFiles } = await build({
    absWorkingDir: root(),
    entryPoints: [file],
    bundle: true,
    write: false,
    format: 'cjs',
    platform: 'node',
    target: 'node20',
    sourcemap: false,
    logLevel: 'error',
    plugins: [
      {
        name: 'sources',
        setup(setup) {
          setup.onResolve({ filter: /^sansocket\/[a-z]+$/ }, ({ path }) => ({
            path: `${root()}/src/${path.slice('sansocket/'.length)}/index.ts`,
          }));
          setup.onResolve({ filter: /^sansocket\/transport\// }, ({ path }) => ({
            path: `${root()}/src/${path.slice('sansocket/'.length)}.ts`,
          }));
          setup.onResolve({ filter: /^[a-z]/ }, ({ path }) => ({ path, external: true }));
          setup.onLoad({ filter: /\.ts$/ }, ({ path }) => ({
            contents: withFastHelpers(readFileSync(path, 'utf8'), counts).replaceAll(
              'import.meta.url',
              JSON.stringify(pathToFileURL(path).href),
            ),
            loader: 'ts',
          }));
        },
      },
    ],
  });
  return new Script(`(require, module, exports) => {${outputFiles[0].text}\n}`, { filename: `${file}.js` });
}

/** Evaluates a bundle, and returns its tests: `{ name, run }`, in order. */
function collect(script) {
  const tests = [];
  const top = { name: '', parent: undefined, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
  let suite = top;
  const describe = (name, body) => {
    suite = { name, parent: suite, beforeAll: [], afterAll: [], beforeEach: [], afterEach: [] };
    body();
    suite = suite.parent;
  };
  const test = (name, ...rest) => {
    const body = rest.find((each) => typeof each === 'function');
    tests.push({ suites: lineage(suite), name: fullName(suite, name), body });
  };
  const each = (declare) => (cases) => (name, body) => {
    const spread = cases.every(Array.isArray);
    for (const one of cases) {
      const values = spread ? one : [one];
      const count = name.match(/%[sdifjo]/g)?.length ?? 0;
      declare(format(name, ...values.slice(0, count)), () => body(...values));
    }
  };
  test.each = each(test);
  describe.each = each(describe);
  const hook = (kind) => (body) => suite[kind].push(body);
  const api = { describe, test, it: test, expect, vi };
  for (const kind of ['beforeAll', 'afterAll', 'beforeEach', 'afterEach']) api[kind] = hook(kind);

  const module = { exports: {} };
  const require = (name) => (name === 'vitest' ? api : requireHere(name));
  script.runInThisContext()(require, module, module.exports);
  return tests;
}

function lineage(suite) {
  return suite === undefined ? [] : [...lineage(suite.parent), suite];
}

function fullName(suite, name) {
  return [...lineage(suite).map((each) => each.name), name].filter((each) => each !== '').join(' ');
}

/** Runs one test with the hooks around it; `entered` has the suites whose `beforeAll` was called. */
async function runTest({ suites, body }, entered) {
  for (const each of suites) {
    if (entered.has(each)) continue;
    entered.add(each);
    for (const hook of each.beforeAll) await hook();
  }
  for (const each of suites) for (const hook of each.beforeEach) await hook();
  try {
    await body();
  } finally {
    for (const each of suites) for (const hook of each.afterEach) await hook();
  }
}

class BundleRunner {
  /** What Stryker's mutated sources read and write. */
  #namespace = (globalThis.__stryker__ ??= {});
  #scripts = new Map();
  #tried;

  capabilities() {
    return { reloadEnvironment: true };
  }

  /** Called once for each process. The first one tries all tests, here, so that Stryker takes no time of it for what a mutant may need. */
  async init() {
    if (!existsSync(listFile())) this.#tried = await this.#tryAll();
    await this.#load(false);
  }

  dryRun() {
    return this.#tried;
  }

  /** Runs all tests without a mutant: which take part, and what each of them reaches. */
  async #tryAll() {
    const results = [];
    const coverage = { static: {}, perTest: {} };
    await this.#load(true);
    this.#namespace.activeMutant = undefined;
    this.#namespace.counts = new Float64Array(1e5);
    const outcome = await this.#run([...this.#scripts.keys()], undefined, (id, error, timeSpentMs) => {
      const covered = this.#takeCounts();
      if (id === undefined) {
        for (const mutant in covered)
          coverage.static[mutant] = (coverage.static[mutant] ?? 0) + covered[mutant];
        return true;
      }
      const name = id.slice(id.indexOf('#') + 1);
      const result = { id, name, timeSpentMs, fileName: `${root()}/${id.slice(0, id.indexOf('#'))}` };
      if (error !== undefined) results.push({ ...result, status: 1, failureMessage: describeError(error) });
      else if (timeSpentMs <= MOST_MS) {
        results.push({ ...result, status: 0 });
        coverage.perTest[id] = covered;
      }
      return true;
    });
    writeFileSync(listFile(), JSON.stringify(results.map(({ id }) => id)));
    if (outcome !== undefined) return { status: 'error', errorMessage: describeError(outcome) };
    return { status: 'complete', tests: results, mutantCoverage: coverage };
  }

  async mutantRun({ activeMutant, testFilter, hitLimit: farTooOften, sandboxFileName }) {
    // Stryker waits for a hundred times as many hits as there were without a mutant.
    const hitLimit = farTooOften === undefined ? undefined : farTooOften / 20;
    // The tests that are named like the file know it best.
    const own = basename(sandboxFileName, '.ts');
    const files = [...this.#scripts.keys()].sort(
      (a, b) => Number(basename(b, '.test.ts') === own) - Number(basename(a, '.test.ts') === own),
    );
    Object.assign(this.#namespace, {
      activeMutant: activeMutant.id,
      hitCount: hitLimit === undefined ? undefined : 0,
      hitLimit,
    });
    let nrOfTests = 0;
    let killed;
    const outcome = await this.#run(
      files,
      new Set(testFilter ?? JSON.parse(readFileSync(listFile(), 'utf8'))),
      (id, error) => {
        if (id === undefined) return true;
        nrOfTests++;
        if (error !== undefined) killed = { killedBy: [id], failureMessage: describeError(error) };
        return error === undefined;
      },
    );
    if (hitLimit !== undefined && this.#namespace.hitCount > hitLimit) {
      return { status: 'timeout', reason: `Hit limit reached (${hitLimit})` };
    }
    // A module that cannot be loaded fails all of its tests.
    if (outcome !== undefined) {
      return { status: 'killed', killedBy: [], failureMessage: describeError(outcome), nrOfTests };
    }
    return killed === undefined
      ? { status: 'survived', nrOfTests }
      : { status: 'killed', ...killed, nrOfTests };
  }

  async #load(counts) {
    for (const file of testFiles(process.env.MUTATION_ROW))
      this.#scripts.set(file, await bundle(file, counts));
  }

  /** How often each mutant was reached since the last time. */
  #takeCounts() {
    const { counts } = this.#namespace;
    const covered = {};
    for (let i = 0; i < counts.length; i++) if (counts[i] > 0) covered[i] = counts[i];
    counts.fill(0);
    return covered;
  }

  /**
   * Runs the tests of `wanted`, or all, until `report` returns false; it is called once for a file that was loaded too, without
   * an id. Returns what was thrown while a file was loaded.
   */
  async #run(files, wanted, report) {
    for (const file of files) {
      if (wanted !== undefined && ![...wanted].some((id) => id.startsWith(`${file}#`))) continue;
      let tests;
      try {
        tests = collect(this.#scripts.get(file));
      } catch (error) {
        return error;
      }
      report(undefined);
      const entered = new Set();
      const taken = new Set();
      let go = true;
      for (const test of tests) {
        let id = `${file}#${test.name}`;
        for (let i = 2; taken.has(id); i++) id = `${file}#${test.name} (${i})`;
        taken.add(id);
        if (wanted === undefined ? FAR_TOO_LONG.test(id) : !wanted.has(id)) continue;
        let failure;
        const start = performance.now();
        try {
          await runTest(test, entered);
        } catch (error) {
          failure = error ?? new Error('thrown without a reason');
        }
        go = report(id, failure, performance.now() - start);
        if (!go) break;
      }
      for (const suite of entered) for (const hook of suite.afterAll) await hook();
      if (!go) return undefined;
    }
    return undefined;
  }
}

function describeError(error) {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

export const strykerPlugins = [{ kind: 'TestRunner', name: 'bundle', injectableClass: BundleRunner }];
