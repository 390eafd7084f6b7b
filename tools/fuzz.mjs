// Coverage-guided fuzzing. `npm run fuzz -- TARGET SECONDS` bundles test/fuzz with the source instrumented, and
// mutates seeds for as long. A finding is made small, written to reports/fuzz/, and the exit code is 1.
//
//   npm run fuzz                                the targets
//   npm run fuzz -- TARGET SECONDS [--seed N] [--keep]   --keep adds inputs that reach new code to the committed seeds
//   npm run fuzz -- all SECONDS                 each target for as long; CI does, for a short time
//   npm run fuzz -- TARGET --input BASE64       one input again, with its stack
//   npm run fuzz -- --seeds                     make the seeds anew from test/vectors
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';

const root = fileURLToPath(new URL('..', import.meta.url));
const folder = `${root}reports/fuzz/`;
const seedsFolder = `${root}test/fuzz/seeds/`;
/** An input that takes longer than this never ends, as far as anyone waits. */
const HANG_MS = 10_000;
const MAX_INPUT_BYTES = 1 << 16;

const base64 = (bytes) => Buffer.from(bytes).toString('base64');
const fromBase64 = (text) => new Uint8Array(Buffer.from(text, 'base64'));

function readLines(path) {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean) : [];
}

/** Bundle test/fuzz/main.ts; with `instrument`, every file of src/ counts its branches. */
async function bundle(instrument) {
  const esbuild = await import('esbuild');
  const plugins = [];
  if (instrument) {
    const { createInstrumenter } = (await import('istanbul-lib-instrument')).default;
    plugins.push({
      name: 'count-branches',
      setup(build) {
        build.onLoad({ filter: /[\\/]src[\\/].*\.ts$/ }, async ({ path }) => {
          const { code } = await esbuild.transform(readFileSync(path, 'utf8'), {
            loader: 'ts',
            target: 'es2022',
          });
          const instrumenter = createInstrumenter({
            esModules: true,
            compact: true,
            coverageVariable: '__coverage__',
          });
          return { contents: instrumenter.instrumentSync(code, path), loader: 'js' };
        });
      },
    });
  }
  mkdirSync(folder, { recursive: true });
  const outfile = `${folder}${instrument ? 'instrumented' : 'plain'}.mjs`;
  await esbuild.build({
    entryPoints: [`${root}test/fuzz/main.ts`],
    tsconfig: `${root}tsconfig.test.json`,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'es2022',
    sourcemap: instrument ? false : 'inline',
    plugins,
    outfile,
    logLevel: 'warning',
  });
  return outfile;
}

if (isMainThread) process.exitCode = await main(process.argv.slice(2));
else await work(workerData);

async function main(args) {
  const option = (name) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args.splice(at, 2)[1];
  };
  const flag = (name) => {
    const at = args.indexOf(name);
    if (at >= 0) args.splice(at, 1);
    return at >= 0;
  };
  const input = option('--input');
  const seed = Number(option('--seed') ?? Date.now() % 1_000_000);
  const keep = flag('--keep');
  const makeSeeds = flag('--seeds');
  const [name, seconds = '60'] = args;

  const plain = await import(pathToFileURL(await bundle(false)).href);
  if (makeSeeds) return writeSeeds(plain);
  if (name !== undefined && !(Number(seconds) > 0)) {
    console.error(`SECONDS is ${seconds}, expected a number above 0`);
    return 1;
  }
  if (name === 'all') {
    const file = await bundle(true);
    let failed = 0;
    for (const each of plain.TARGETS) {
      failed += await run({ file, name: each.name, seconds: Number(seconds), seed }, keep);
    }
    return Math.min(failed, 1);
  }
  const target = plain.TARGETS.find((each) => each.name === name);
  if (target === undefined) {
    console.log(
      `usage: npm run fuzz -- TARGET SECONDS, or all SECONDS\n\n${plain.TARGETS.map((each) => `${each.name}\n    ${each.about}`).join('\n')}`,
    );
    return name === undefined ? 0 : 1;
  }
  if (input !== undefined) {
    const error = plain.runInput(target, fromBase64(input));
    console.log(error === undefined ? 'ok' : (error.stack ?? error));
    return error === undefined ? 0 : 1;
  }
  return run({ file: await bundle(true), name, seconds: Number(seconds), seed }, keep);
}

/** Start the worker, and watch that each input ends. */
function run(data, keep) {
  // How many inputs were started; how long the current one is; its bytes.
  const shared = new SharedArrayBuffer(8 + MAX_INPUT_BYTES);
  const [counts, bytes] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)];
  console.log(`${data.name}: ${data.seconds} s, --seed ${data.seed}`);
  const worker = new Worker(new URL(import.meta.url), { workerData: { ...data, shared } });
  return new Promise((resolve) => {
    let last = -1;
    const watch = setInterval(() => {
      if (counts[0] === last && last > 0) {
        clearInterval(watch);
        void worker.terminate();
        resolve(report(data.name, bytes.slice(0, counts[1]), `it did not end within ${HANG_MS} ms`));
      }
      last = counts[0];
    }, HANG_MS);
    worker.once('error', (error) => {
      clearInterval(watch);
      resolve(report(data.name, bytes.slice(0, counts[1]), error.stack ?? String(error)));
    });
    worker.once('message', ({ runs, found, reached, coverage, finding }) => {
      clearInterval(watch);
      const { seeds, all, of } = coverage;
      console.log(
        `${runs} runs (${Math.round(runs / data.seconds)}/s), ${found} new inputs, counters hit: ${seeds} by seeds, ${all} in all, of ${of}`,
      );
      if (keep && reached.length > 0) {
        const path = `${seedsFolder}${data.name}.found.txt`;
        const lines = new Set([...readLines(path), ...reached.map(base64)]);
        writeFileSync(path, `${[...lines].join('\n')}\n`);
      }
      resolve(finding === undefined ? 0 : report(data.name, finding.input, finding.error));
    });
  });
}

function report(name, input, error) {
  const text = base64(input);
  const path = `${folder}finding-${name}.txt`;
  writeFileSync(path, `${text}\n`);
  console.error(
    `FOUND, by ${input.length} bytes:\n${error}\n\nagain: npm run fuzz -- ${name} --input ${text}`,
  );
  return 1;
}

async function work({ file, name, seconds, seed, shared }) {
  const { CoverageMap, fuzz, TARGETS } = await import(pathToFileURL(file).href);
  const target = TARGETS.find((each) => each.name === name);
  const seeds = [`${name}.txt`, `${name}.found.txt`]
    .flatMap((each) => readLines(`${seedsFolder}${each}`))
    .map(fromBase64);
  const [counts, bytes] = [new Int32Array(shared, 0, 2), new Uint8Array(shared, 8)];
  const end = Date.now() + seconds * 1000;
  const { finding, ...rest } = fuzz(
    target,
    seeds,
    new CoverageMap(globalThis.__coverage__),
    seed,
    () => Date.now() >= end,
    (input) => {
      bytes.set(input);
      counts[1] = input.length;
      counts[0]++;
    },
  );
  parentPort.postMessage({
    ...rest,
    finding: finding && { input: finding.input, error: finding.error?.stack ?? String(finding.error) },
  });
}

function writeSeeds({ TARGETS, seedOf }) {
  for (const target of TARGETS) {
    const lines = new Set();
    for (const file of target.vectors) {
      const { vectors } = JSON.parse(readFileSync(`${root}test/vectors/${file}.json`, 'utf8'));
      vectors.forEach((vector, index) => {
        const seed = seedOf(target, file, vector, index);
        if (seed !== undefined) lines.add(base64(seed));
      });
    }
    writeFileSync(`${seedsFolder}${target.name}.txt`, `${[...lines].join('\n')}\n`);
    console.log(`${target.name}: ${lines.size} seeds`);
  }
  return 0;
}
