/**
 * What the tests claim: the titles of all tests, and the names of all vectors.
 *
 * @module
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { list, ROOT } from './extract.ts';

/** The titles of tests and suites in one file, suites' before those of the tests in them. */
export function titlesOf(file: string, text: string): string[] {
  const titles: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && isTest(node.expression)) {
      const [title] = node.arguments;
      if (title !== undefined && ts.isStringLiteralLike(title)) titles.push(title.text);
      else if (title !== undefined && ts.isTemplateExpression(title)) titles.push(textOf(title));
    }
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true));
  return titles;
}

/** `it`, `it.each(…)`, `describe.skipIf(…)`, …, `test`, and the `test(…)` of suites without a framework. */
function isTest(node: ts.Expression): boolean {
  if (ts.isCallExpression(node) || ts.isPropertyAccessExpression(node)) return isTest(node.expression);
  return ts.isIdentifier(node) && /^(it|test|describe|topic|check)$/.test(node.text);
}

/** A template with `…` in the place of its values. */
function textOf({ head, templateSpans }: ts.TemplateExpression): string {
  return head.text + templateSpans.map(({ literal }) => `…${literal.text}`).join('');
}

/** The names of cases that are objects with a `name`. */
function namesOf(text: string): string[] {
  return [...text.matchAll(/\bname: (['"`])(.+?)\1/g)].map(([, , name]) => name!);
}

/** All titles and names of vectors, by file. */
export function allTitles(): Map<string, string[]> {
  const titles = new Map<string, string[]>();
  for (const file of list('src/transport/contract', '.ts')) {
    titles.set(file, namesOf(readFileSync(join(ROOT, file), 'utf8')));
  }
  for (const file of list('test', '.ts')) {
    if (!file.startsWith('test/docs/'))
      titles.set(file, titlesOf(file, readFileSync(join(ROOT, file), 'utf8')));
  }
  for (const file of list('test/vectors', '.json')) {
    const { vectors } = JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as {
      vectors: Array<{ name: string; rule: string; refs?: string[] }>;
    };
    titles.set(
      file,
      vectors.map(({ name, rule, refs = [] }) =>
        [name, `[${rule}]`, ...refs.map((ref) => `[${ref}]`)].join(' '),
      ),
    );
  }
  return titles;
}

/**
 * The titles of a file, as the pages name it: `unit/frame/header` below `test/`, with `.test.ts`, `.property.test.ts` or
 * `.json` left out; or `contract`, for the cases of `src/transport/contract`.
 */
export function titlesByPage(): Map<string, string[]> {
  const pages = new Map<string, string[]>();
  for (const [file, titles] of allTitles()) {
    const page = file.startsWith('src/transport/contract')
      ? 'contract'
      : file.slice('test/'.length).replace(/(\.property)?(\.test)?\.(ts|json)$/, '');
    pages.set(page, [...(pages.get(page) ?? []), ...titles]);
  }
  return pages;
}

/** A test that a page names: its file, and words of its title. */
export interface Evidence {
  readonly page: string;
  readonly words: string;
}

/** The tests that a line names, in the form of `file` and “words of the title”. */
export function evidenceIn(line: string): Evidence[] {
  return [...line.matchAll(/`([\w/.-]+)` “([^”]+)”/g)].map(([, page, words]) => ({
    page: page!,
    words: words!,
  }));
}

/** What is wrong with a test that a page names; `undefined` when there is such a test. */
export function missing({ page, words }: Evidence, titles: Map<string, string[]>): string | undefined {
  const all = titles.get(page);
  if (all === undefined) return `there is no test file ${page}`;
  return all.some((title) => title.includes(words))
    ? undefined
    : `no title in ${page} has the words “${words}”`;
}
