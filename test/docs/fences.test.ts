// Every piece of TypeScript that the documentation shows is type-checked and run, against the source.
import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { build } from 'esbuild';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allFences, type Fence, fencesOfMarkdown, fencesOfSource, ROOT, read } from './extract.ts';

/** Fences that are only type-checked, with the reason why they cannot run here. A new one is refused. */
const NOT_RUN: ReadonlyMap<string, string> = new Map([]);
/** Files of examples/ that pages show whole; test/examples runs them. */
const EXAMPLES = ['echo', 'http', 'pipe-client', 'shutdown'].map((name) => `examples/${name}.ts`);
/** Languages a fence may name. Code that could be run is always `ts`. */
const LANGUAGES = ['ts', 'sh', 'json', 'text', 'nginx', 'html'];
/** How long one program may take. */
const DEADLINE_MS = 20_000;

const fences = allFences();
const code = fences.filter((fence) => fence.language === 'ts');
const examples = new Set(EXAMPLES.map(read));
const isRun = (fence: Fence): boolean => !fence.flags.includes('no-run') && !examples.has(fence.code);
const titleOf = (fence: Fence): string => `${fence.file}:${fence.line}`;
const nameOf = (fence: Fence): string => `${fence.file.replaceAll('/', '.')}.L${fence.line}.ts`;
/** The code on the lines that it has in its page, so that messages point there. */
const sourceOf = (fence: Fence): string => '\n'.repeat(fence.line) + fence.code;

/** What is wrong with the types of the fences, by title. */
function typeErrors(): Map<string, string[]> {
  const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.test.json'), ts.sys.readFile);
  const { options } = ts.parseJsonConfigFileContent({ ...config, include: [], files: [] }, ts.sys, ROOT);
  Object.assign(options, {
    noEmit: true,
    moduleDetection: ts.ModuleDetectionKind.Force,
    noUnusedLocals: false,
    noUnusedParameters: false,
    incremental: false,
  });
  const files = new Map(code.map((fence) => [join(ROOT, 'test/docs', nameOf(fence)), fence]));
  const host = ts.createCompilerHost(options);
  const { fileExists, readFile, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists.call(host, path);
  host.readFile = (path) => (files.has(path) ? sourceOf(files.get(path)!) : readFile.call(host, path));
  host.getSourceFile = (path, language, ...rest) => {
    const fence = files.get(path);
    if (fence === undefined) return getSourceFile.call(host, path, language, ...rest);
    return ts.createSourceFile(path, sourceOf(fence), language, true);
  };
  const program = ts.createProgram([...files.keys()], options, host);
  const errors = new Map<string, string[]>();
  for (const [path, fence] of files) {
    const file = program.getSourceFile(path);
    const found = [...program.getSyntacticDiagnostics(file), ...program.getSemanticDiagnostics(file)];
    errors.set(
      titleOf(fence),
      found.map(({ start, messageText }) => {
        const line = start === undefined ? 0 : file!.getLineAndCharacterOfPosition(start).line + 1;
        return `${fence.file}:${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
      }),
    );
  }
  return errors;
}

/** Bundles the fences that run, each a program of its own, against the source. */
async function bundle(outdir: string): Promise<void> {
  const run = code.filter(isRun);
  const byName = new Map(run.map((fence) => [nameOf(fence), fence]));
  await build({
    entryPoints: run.map((fence) => ({ in: `fence:${nameOf(fence)}`, out: nameOf(fence) })),
    outdir,
    outExtension: { '.js': '.mjs' },
    bundle: true,
    splitting: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    sourcemap: 'inline',
    logLevel: 'error',
    // Packages in CommonJS ask for Node's modules by require().
    banner: {
      js: "import { createRequire as requireOf } from 'node:module'; const require = requireOf(import.meta.url);",
    },
    plugins: [
      {
        name: 'docs',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^fence:/ }, ({ path }) => ({ path: path.slice(6), namespace: 'fence' }));
          onLoad({ filter: /.*/, namespace: 'fence' }, ({ path }) => ({
            contents: sourceOf(byName.get(path)!),
            loader: 'ts',
            resolveDir: ROOT,
          }));
          onResolve({ filter: /^sansocket(\/|$)/ }, ({ path }) => ({ path: sourceFile(path) }));
          onResolve({ filter: /^node:assert(\/strict)?$/ }, ({ namespace }) =>
            namespace === 'fence' ? { path: join(ROOT, 'test/docs/assert-shim.ts') } : undefined,
          );
        },
      },
    ],
  });
}

/** What `sansocket/…` stands for: the source, as in vitest.config.ts. */
function sourceFile(specifier: string): string {
  const path = specifier.slice('sansocket'.length);
  if (path === '') return join(ROOT, 'src/node.ts');
  const isFile = /^\/transport\/(node|bun|deno|contract)$/.test(path);
  return join(ROOT, 'src', isFile ? `${path}.ts` : `${path}/index.ts`);
}

/** Files that programs of the documentation find in their working directory, and where they come from. */
const FILES = { 'cert.pem': 'server.pem', 'key.pem': 'server.key.pem', 'ca.pem': 'ca.pem' };

const children = new Set<ChildProcess>();

/** Runs a program to its end. */
function run(
  file: string,
  failAt: number,
): Promise<{ readonly status: number | string; readonly output: string; readonly assertions: number }> {
  const child = spawn(process.execPath, ['--enable-source-maps', file], {
    cwd: dirname(file),
    env: { ...process.env, DOCS_FAIL_AT: String(failAt) },
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  });
  children.add(child);
  let output = '';
  let count = '';
  child.stdout!.on('data', (chunk) => (output += chunk));
  child.stderr!.on('data', (chunk) => (output += chunk));
  child.stdio[3]!.on('data', (chunk) => (count += chunk));
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      output += `\n(it did not end within ${DEADLINE_MS} ms)`;
      child.kill('SIGKILL');
    }, DEADLINE_MS);
    child.on('close', (status, signal) => {
      clearTimeout(timer);
      children.delete(child);
      resolve({ status: status ?? String(signal), output, assertions: Number(count) });
    });
  });
}

describe('fences of the documentation', () => {
  it('name a language that is known, and call TypeScript ts', () => {
    const others = fences.filter(
      ({ language, flags }) => !LANGUAGES.includes(language) || flags.some((flag) => flag !== 'no-run'),
    );
    expect(others.map((fence) => `${titleOf(fence)}: ${fence.language} ${fence.flags.join(' ')}`)).toEqual(
      [],
    );
  });

  it('import the package by its name, never by a path', () => {
    const relative = code.filter((fence) => /from\s+['"]\.|import\s*\(?\s*['"]\./.test(fence.code));
    expect(relative.map(titleOf)).toEqual([]);
  });

  it('run, but for the ones that are listed here with a reason', () => {
    const skipped = code.filter((fence) => fence.flags.includes('no-run')).map((fence) => fence.file);
    expect(skipped).toEqual([...NOT_RUN.keys()]);
  });

  it('are found where they are: in pages, in comments, indented, and never in a string', () => {
    const page = 'a\n```ts\none();\n```\n- b\n  ```ts no-run\n  two();\n  ```\n```sh\nls\n```\n';
    expect(fencesOfMarkdown('p.md', page)).toEqual([
      { file: 'p.md', line: 2, language: 'ts', flags: [], code: 'one();\n' },
      { file: 'p.md', line: 6, language: 'ts', flags: ['no-run'], code: 'two();\n' },
      { file: 'p.md', line: 9, language: 'sh', flags: [], code: 'ls\n' },
    ]);
    const source = 'const s = `\n```ts\nno();\n```\n`;\n/**\n * ```ts\n * yes();\n *\n * ```\n */\n';
    expect(fencesOfSource('s.ts', source)).toEqual([
      { file: 's.ts', line: 7, language: 'ts', flags: [], code: 'yes();\n\n' },
    ]);
    expect(() => fencesOfMarkdown('p.md', '```ts\n')).toThrow('p.md:1: a fence is not closed');
  });
});

describe('the types of a fence', () => {
  let errors: Map<string, string[]>;
  beforeAll(() => {
    errors = typeErrors();
  }, 60_000);

  it.each(code.map((fence) => [titleOf(fence)] as const))('are right: %s', (title) => {
    expect(errors.get(title)).toEqual([]);
  });
});

describe('the program of a fence', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sansocket-docs-'));
  beforeAll(async () => {
    await bundle(folder);
    for (const [name, fixture] of Object.entries(FILES)) {
      cpSync(join(ROOT, 'test/fixtures/tls', fixture), join(folder, name));
    }
  }, 60_000);
  afterAll(() => {
    for (const child of children) child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });

  it.concurrent.each(code.filter(isRun).map((fence) => [titleOf(fence), fence] as const))(
    'runs to its end: %s',
    async (_, fence) => {
      const file = join(folder, `${nameOf(fence)}.mjs`);
      const { status, output, assertions } = await run(file, 0);
      expect(status, output).toBe(0);
      if (!fence.code.includes('node:assert')) return;
      // It asserts something; and if that were not so, it would be seen.
      expect(assertions, 'no assertion was reached').toBeGreaterThan(0);
      const broken = await run(file, assertions);
      expect(broken.status, 'the last assertion can fail, and nobody notices').not.toBe(0);
    },
    3 * DEADLINE_MS,
  );
});
