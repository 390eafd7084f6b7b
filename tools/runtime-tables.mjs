// `npm run docs:runtimes`: runs the suites that the tables of docs/runtimes.md are about on Node, Bun and Deno, and writes the tables
// from what came of them. test/runtime/features.ts says which cases stand behind a feature; one that did not run, or failed, ends this. Bun
// runs this file, because it reads TypeScript; the tests run on the Node that is at hand.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { COUNTERPARTS, counterpartTable } from '../test/runtime/counterparts.ts';
import { DIFFERENCES, DIFFERS } from '../test/runtime/differences.ts';
import { differenceTable, featureTable } from '../test/runtime/features.ts';
import { requirePeer } from '../test/support/peers.ts';
import { fillMarks } from './marks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The files of each suite, and what the title of a suite in them says of the runtime. */
const SUITES = {
  contract: {
    files: ['test/runtime/contract.node.test.ts', 'test/runtime/contract.runtimes.test.ts'],
    runtime: /^the contract, kept by the transport (node|bun|deno)(?: on its runtime)?$/,
  },
  processes: {
    files: ['test/runtime/processes.test.ts'],
    runtime: /^what takes several processes to see, on (node|bun|deno)$/,
  },
  behaviour: {
    files: ['node', 'bun', 'deno'].map((runtime) => `test/behaviour/${runtime}.test.ts`),
    runtime: /^sansocket on (node|bun|deno)$/,
  },
  connect: { files: ['test/interop/connect.test.ts'], runtime: /^of (Node|Bun|Deno)$/ },
};

/** Run the suites. @returns What vitest reports. */
function run() {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-tables-'));
  const report = join(folder, 'report.json');
  const files = [
    ...Object.values(SUITES).flatMap((suite) => suite.files),
    ...new Set(COUNTERPARTS.map(({ file }) => `test/${file}.test.ts`)),
  ];
  const options = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  spawnSync('node', ['node_modules/vitest/vitest.mjs', 'run', ...files, ...options], {
    cwd: root,
    stdio: 'inherit',
  });
  try {
    return JSON.parse(readFileSync(report, 'utf8'));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const { testResults } = run();

/** By suite, runtime and case: 'kept', or the difference that was seen in its place. */
const results = new Map();
for (const { name: path, assertionResults } of testResults) {
  const found = Object.entries(SUITES).find(([, { files }]) => files.some((file) => path.endsWith(file)));
  if (found === undefined) continue;
  const [suite, { runtime: pattern }] = found;
  for (const { ancestorTitles, title, status } of assertionResults) {
    if (status !== 'passed') continue;
    const on = ancestorTitles
      .map((each) => pattern.exec(each)?.[1].toLowerCase())
      .find((each) => each !== undefined);
    if (on === undefined) continue;
    const [, name, instead] = new RegExp(`^(.*) \\(${DIFFERS}(.*)\\)$`).exec(title) ?? [undefined, title];
    // In `connect`, the server's runtime is part of a case's name.
    const [, server] = /^to our server on (.*)$/.exec(ancestorTitles.at(-1)) ?? [];
    // What an older version cannot do is said of the runtime, also where a newer one is at hand.
    const difference = DIFFERENCES[on].find((each) => each.cases.includes(name));
    if (instead !== undefined && instead !== difference?.instead)
      throw new Error(`an unknown difference: ${title}`);
    const key = server === undefined ? name : `${server.toLowerCase()}: ${name}`;
    results.set(`${suite} ${on} ${key}`, difference ?? 'kept');
  }
}

/** Whether there were tests of this, and all of them passed. */
function passed({ file, suites }, runtime) {
  const tests = testResults
    .filter(({ name }) => name.endsWith(`test/${file}.test.ts`))
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ ancestorTitles }) => suites.exec(ancestorTitles.join(' > '))?.[1].toLowerCase() === runtime);
  return tests.length > 0 && tests.every(({ status }) => status === 'passed');
}

const versionOf = (name) =>
  JSON.parse(readFileSync(`${root}node_modules/${name}/package.json`, 'utf8')).version;
const node = spawnSync('node', ['-p', 'process.versions.node'], { encoding: 'utf8' }).stdout.trim();
const versions = { node, bun: versionOf('bun'), deno: versionOf('deno') };
const page = `${root}docs/runtimes.md`;
const tables = new Map([
  ['Features', featureTable((suite, runtime, name) => results.get(`${suite} ${runtime} ${name}`), versions)],
  ['Differences', differenceTable()],
  ['Counterparts', counterpartTable(passed, (peer) => (peer === 'node' ? node : requirePeer(peer).version))],
]);
writeFileSync(page, fillMarks(readFileSync(page, 'utf8'), tables));
