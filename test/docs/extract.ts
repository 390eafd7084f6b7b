/**
 * Finds the code fences of the documentation: in Markdown pages, and in the doc comments of the source.
 *
 * @module
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository. */
export const ROOT: string = fileURLToPath(new URL('../..', import.meta.url));

/** A piece of code that a page or a comment shows. */
export interface Fence {
  /** The file it is in, from the root. */
  readonly file: string;
  /** The line of its opening mark, from 1. */
  readonly line: number;
  /** The first word behind the mark: the language. */
  readonly language: string;
  /** The words after it. */
  readonly flags: readonly string[];
  readonly code: string;
}

/** The text of a file, by its path from the root. */
export function read(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/** All files below a folder whose names end so, sorted. */
export function list(folder: string, ending: string): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true })
    .map((path) => posix.join(folder, String(path).split(sep).join(posix.sep)))
    .filter((path) => path.endsWith(ending))
    .sort();
}

/** The pages that people read, README first. */
export function pages(): string[] {
  return ['README.md', 'CONTRIBUTING.md', 'SECURITY.md', 'CHANGELOG.md', ...list('docs', '.md')];
}

/** The fences of Markdown. */
export function fencesOfMarkdown(file: string, text: string): Fence[] {
  return fencesOfLines(
    file,
    text.split('\n').map((line, i) => [i + 1, line]),
  );
}

/** The fences in the doc comments of a source file. */
export function fencesOfSource(file: string, text: string): Fence[] {
  const fences: Fence[] = [];
  let comment: Array<[number, string]> | undefined;
  text.split('\n').forEach((line, i) => {
    if (/^\s*\/\*\*/.test(line)) comment = [];
    const content = /^\s*\* ?(.*)$/.exec(line);
    if (comment !== undefined && content !== null && !/^\s*\*\//.test(line))
      comment.push([i + 1, content[1]!]);
    if (comment !== undefined && line.includes('*/')) {
      fences.push(...fencesOfLines(file, comment));
      comment = undefined;
    }
  });
  return fences;
}

function fencesOfLines(file: string, lines: ReadonlyArray<readonly [number, string]>): Fence[] {
  const fences: Fence[] = [];
  let open: { line: number; indent: string; info: string; code: string[] } | undefined;
  for (const [number, line] of lines) {
    const mark = /^(\s*)```(.*)$/.exec(line);
    if (mark === null) {
      if (open !== undefined)
        open.code.push(line.startsWith(open.indent) ? line.slice(open.indent.length) : line);
      continue;
    }
    if (open === undefined) {
      open = { line: number, indent: mark[1]!, info: mark[2]!.trim(), code: [] };
      continue;
    }
    const [language = '', ...flags] = open.info.split(/\s+/);
    fences.push({ file, line: open.line, language, flags, code: `${open.code.join('\n')}\n` });
    open = undefined;
  }
  if (open !== undefined) throw new Error(`${file}:${open.line}: a fence is not closed`);
  return fences;
}

/** Every fence of every page and every doc comment. */
export function allFences(): Fence[] {
  return [
    ...pages().flatMap((file) => fencesOfMarkdown(file, read(file))),
    ...list('src', '.ts').flatMap((file) => fencesOfSource(file, read(file))),
  ];
}
