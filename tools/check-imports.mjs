// Fails when a file under src/ imports upwards or sideways, or names a runtime where it may not. The table is the
// architecture; docs/architecture.md explains it. With a folder as argument, checks that one (the tests do).
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';

/** A row may import rows above it in this list, never below, and never another unit of its own row. */
const ROWS = [
  ['errors.ts'],
  ['inspect.ts'],
  ['limits.ts', 'options.ts'],
  ['bytes'],
  ['frame', 'http', 'deflate'],
  ['handshake'],
  ['connection'],
  ['transport'],
  ['socket'],
  ['server', 'client'],
  ['arbitraries'],
  ['shared.ts'],
  ['node.ts', 'bun.ts', 'deno.ts'],
];
/**
 * Files of transport/ that turn one runtime's sockets into ours, each with the folder of its name. They alone may name their runtime, and
 * a file of such a folder is its adapter's alone.
 */
const ADAPTERS = {
  'transport/node.ts': { modules: /^node:/, globals: [] },
  'transport/bun.ts': { modules: /^node:(buffer|process)$/, globals: ['Bun'] },
  'transport/deno.ts': { modules: /^node:(buffer|process)$/, globals: ['Deno'] },
};
/** Packages that a unit may import: optional peers. */
const PEERS = { arbitraries: ['fast-check'] };
/** The entry files, which bind the layers above to one adapter each. */
const ENTRIES = {
  'node.ts': 'transport/node.ts',
  'bun.ts': 'transport/bun.ts',
  'deno.ts': 'transport/deno.ts',
};
/** What an adapter must know nothing of. */
const PROTOCOL =
  /\b([Oo]pcode|[Ss]ec-[Ww]eb[Ss]ocket|[Cc]ontent-[Ll]ength|[Tt]ransfer-[Ee]ncoding|HTTP\/1|[Uu]pgrade:)/;

/** The adapter that `path` is, or is a part of. */
function adapterOf(path) {
  return Object.keys(ADAPTERS).find((file) => path === file || path.startsWith(file.replace('.ts', '/')));
}

const IMPORT =
  /(?:^|\n)\s*(?:import|export)\b[^;'"]*?\bfrom\s*['"]([^'"]+)['"]|(?:^|\n)\s*import\s*['"]([^'"]+)['"]|\bimport\(\s*['"]([^'"]+)['"]\s*\)/g;

const root = process.argv[2] ?? 'src';
const rank = new Map(ROWS.flatMap((units, row) => units.map((unit) => [unit, row])));
const problems = [];

/** The source without comments, so that prose and examples are not taken for code. */
function withoutComments(source) {
  return source
    .replace(/\/\*[\s\S]*?\*\//g, (comment) => comment.replace(/[^\n]/g, ' '))
    .replace(/(^|\s)\/\/[^\n]*/g, '$1');
}

const files = readdirSync(root, { recursive: true })
  .map((path) => path.split(sep).join(posix.sep))
  .filter((path) => path.endsWith('.ts'))
  .sort();

for (const path of files) {
  const unit = path.split('/')[0];
  const complain = (what) => problems.push(`${path}: ${what}`);
  if (!rank.has(unit)) {
    complain(`"${unit}" is in no row of tools/check-imports.mjs`);
    continue;
  }
  const code = withoutComments(readFileSync(join(root, path), 'utf8'));
  const adapter = ADAPTERS[adapterOf(path)];

  for (const [, from, bare, dynamic] of code.matchAll(IMPORT)) {
    const specifier = from ?? bare ?? dynamic;
    if (!specifier.startsWith('.')) {
      const allowed = adapter?.modules.test(specifier) || PEERS[unit]?.includes(specifier);
      if (!allowed) complain(`imports "${specifier}", but only an adapter may name a runtime's module`);
      continue;
    }
    if (!specifier.endsWith('.ts')) complain(`imports "${specifier}" without its ending`);
    const target = posix.normalize(posix.join(posix.dirname(path), specifier));
    const targetUnit = target.split('/')[0];
    if (targetUnit === unit) {
      const of = adapterOf(target);
      if (of !== undefined && of !== adapterOf(path)) complain(`imports the adapter "${target}"`);
      else if (of === target) complain(`imports "${target}", which it is a part of`);
      continue;
    }
    if (!rank.has(targetUnit)) {
      complain(`imports "${target}", which is in no row`);
    } else if (rank.get(targetUnit) >= rank.get(unit)) {
      complain(`imports "${target}": "${targetUnit}" is not below "${unit}"`);
    } else if (adapterOf(target) !== undefined && ENTRIES[path] !== target) {
      complain(`imports the adapter "${target}", but only its entry file may`);
    } else if (target.endsWith('/index.ts') && !(path in ENTRIES)) {
      complain(`imports the list "${target}": import the file that has it`);
    } else if (
      (unit === 'server' || unit === 'client' || unit === 'socket') &&
      targetUnit === 'transport' &&
      target !== 'transport/transport.ts'
    ) {
      complain(`imports "${target}": of the transports it may know the interface alone`);
    }
  }

  for (const name of ['Bun', 'Deno', 'process', 'Buffer']) {
    const allowed =
      adapter?.globals.includes(name) ||
      (adapter?.modules.test('node:') && (name === 'Buffer' || name === 'process'));
    const used = new RegExp(
      `(?<![\\w.'"])${name}\\s*[.(]|globalThis\\s*\\.\\s*${name}\\b|globalThis\\[['"]${name}`,
    ).test(code);
    if (used && !allowed && unit !== 'transport') complain(`names ${name}, but only an adapter may`);
  }
  if (adapter !== undefined && PROTOCOL.test(code))
    complain('an adapter knows no protocol: it names an opcode, a header or a version');
}

for (const problem of problems) console.error(problem);
if (files.length === 0) console.error(`There is nothing to check in ${root}`);
process.exitCode = problems.length === 0 && files.length > 0 ? 0 : 1;
