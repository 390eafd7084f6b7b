// `npm run test:matrix`: the whole test suite on each version of Node that is supported, and the newest there is.
// `npm run test:matrix -- 22 test/unit/frame` runs some versions, and some files. The binaries come from npm.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** The newest of each line that is supported, and the oldest version that `engines` allows. */
const VERSIONS = ['20.19.0', '20.20.2', '22.23.3', '24.21.0', '26.10.0'];

const majors = process.argv.slice(2).filter((each) => /^\d+$/.test(each));
const files = process.argv.slice(2).filter((each) => !/^\d+$/.test(each));
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

const results = [];
for (const version of wanted) {
  const binary = binaryOf(version);
  if (binary === undefined) {
    results.push([version, 'npm has no binary of it for this machine']);
    continue;
  }
  console.log(`\nNode ${version}`);
  const env = { ...process.env, PATH: `${dirname(binary)}:${process.env.PATH}` };
  const { status } = spawnSync(binary, [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...files], {
    cwd: root,
    stdio: 'inherit',
    env,
  });
  results.push([version, status === 0 ? 'passed' : 'FAILED']);
}
console.log('');
for (const [version, result] of results) console.log(`Node ${version.padEnd(8)} ${result}`);
process.exitCode = results.length > 0 && results.every(([, result]) => result === 'passed') ? 0 : 1;
