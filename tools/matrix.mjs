// `npm run test:matrix`: the whole test suite on each version of Node that is supported, and the newest there is.
// `npm run test:matrix -- 22 test/unit/frame` runs some versions, and some files. With `--write`, what came of each version is written to
// docs/runtimes.md. The binaries come from npm.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fillMarks } from './marks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The newest of each line that is supported, and the oldest version that `engines` allows. */
const VERSIONS = ['20.19.0', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

const args = process.argv.slice(2).filter((each) => each !== '--write');
const majors = args.filter((each) => /^\d+$/.test(each));
const files = args.filter((each) => !/^\d+$/.test(each));
const wanted = VERSIONS.filter((version) => majors.length === 0 || majors.includes(version.split('.')[0]));

function binaryOf(version) {
  const folder = join(root, 'build-matrix', version);
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const binary = join(
    folder,
    'node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (!existsSync(binary)) {
    const install = [
      'install',
      '--prefix',
      folder,
      '--no-save',
      '--no-audit',
      '--no-fund',
      '--loglevel=error',
      `${name}@${version}`,
    ];
    spawnSync('npm', install, { stdio: 'inherit' });
  }
  return existsSync(binary) ? binary : undefined;
}

/** Run these tests with a binary. @returns What vitest reports. */
function vitest(binary, version, args) {
  const report = join(root, 'build-matrix', version, 'report.json');
  rmSync(report, { force: true });
  const options = ['--reporter=default', '--reporter=json', `--outputFile=${report}`];
  spawnSync(binary, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args, ...options], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PATH: `${dirname(binary)}:${process.env.PATH}` },
  });
  return JSON.parse(readFileSync(report, 'utf8'));
}

/**
 * Run the tests on a version, and files that fail once more, one after another: what comes of a busy machine is none of the version's.
 *
 * @returns What came of them; `undefined` where npm has no binary of it for this machine.
 */
function run(version) {
  const binary = binaryOf(version);
  if (binary === undefined) return undefined;
  console.log(`\nNode ${version}`);
  const { numPassedTests, numFailedTests, numPendingTests, testResults } = vitest(binary, version, files);
  const failing = testResults
    .filter(({ status }) => status === 'failed')
    .map(({ name }) => relative(root, name));
  if (failing.length === 0) return { passed: numPassedTests, failed: 0, skipped: numPendingTests };
  console.log(`\nNode ${version}, once more: ${failing.join(' ')}`);
  const again = vitest(binary, version, [...failing, '--no-file-parallelism']);
  // A file whose set-up failed has no failed tests, and has failed all the same.
  const failed = Math.max(again.numFailedTests, again.success ? 0 : 1);
  return { passed: numPassedTests + numFailedTests - failed, failed, skipped: numPendingTests };
}

const page = join(root, 'docs/runtimes.md');

/** Write a version's row; the others stay as they are. */
function write(version, cells) {
  const before = readFileSync(page, 'utf8');
  const rows = new Map(VERSIONS.map((each) => [each, `| ${each} | not run |  |  |`]));
  for (const [row, each] of before.matchAll(/^\| (\d+\.\d+\.\d+) \| .* \|$/gm))
    if (rows.has(each)) rows.set(each, row);
  rows.set(version, `| ${[version, ...cells].join(' | ')} |`);
  const table = ['| Node | passed | failed | skipped |', '| --- | ---: | ---: | ---: |', ...rows.values()];
  writeFileSync(page, fillMarks(before, new Map([['NodeVersions', table.join('\n')]])));
}

const isWriting = process.argv.includes('--write');
if (isWriting && files.length > 0) throw new Error('Cannot write: only some of the tests are run');
const results = wanted.map((version) => {
  const result = run(version);
  if (isWriting && result !== undefined) write(version, [result.passed, result.failed, result.skipped]);
  return [version, result];
});
console.log('');
for (const [version, result] of results) {
  const said =
    result === undefined
      ? 'npm has no binary of it for this machine'
      : `${result.failed === 0 ? 'passed' : 'FAILED'}: ${result.passed} passed, ${result.failed} failed, ${result.skipped} skipped`;
  console.log(`Node ${version.padEnd(8)} ${said}`);
}
process.exitCode = results.length > 0 && results.every(([, result]) => result?.failed === 0) ? 0 : 1;
