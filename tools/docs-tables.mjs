// Writes the tables of docs/errors.md and docs/limits.md from the source, between marks of the form
// `<!-- table: NAME -->` and `<!-- /table -->`. With --check it writes nothing, and fails when a page is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { fillMarks, marksOf } from './marks.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));

function parse(path) {
  const text = readFileSync(`${root}${path}`, 'utf8');
  return ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
}

/** The doc comment of a node, as one line of Markdown. */
function commentOf(node) {
  const [comment] = node.jsDoc ?? [];
  const text = ts.getTextOfJSDocComment(comment?.comment);
  if (!text) throw new Error(`${node.getSourceFile().fileName}: ${node.name.getText()} has no comment`);
  return text
    .replace(/\{@link ([^}|]+)\}/g, '`$1`')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|');
}

/** A property's name, without quotes. */
const nameOf = (node) => (ts.isStringLiteral(node.name) ? node.name.text : node.name.getText());

/** The object literals that a file exports, by name; casts and Object.freeze() around them are looked through. */
function objectsOf(file) {
  const objects = new Map();
  for (const statement of file.statements) {
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations) {
      let value = initializer;
      while (value && (ts.isAsExpression(value) || ts.isCallExpression(value))) {
        value = ts.isAsExpression(value) ? value.expression : value.arguments[0];
      }
      if (value && ts.isObjectLiteralExpression(value)) objects.set(name.getText(), value.properties);
    }
  }
  return objects;
}

const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');

/** One table of codes. */
function errorTable(properties) {
  return table(
    ['code', 'what happened', 'answer', 'rule'],
    properties.map((property) => {
      const row = ts.isPropertyAssignment(property) && property.initializer;
      if (!row || !ts.isArrayLiteralExpression(row)) throw new Error(`${property.getText()} is no row`);
      const [answer, rule] = row.elements.map((element) => element.text);
      const number = Number(answer);
      const said = number === 0 ? '–' : number >= 1000 ? `close ${number}` : `status ${number}`;
      return [
        `\`${nameOf(property)}\``,
        commentOf(property),
        said,
        /^limits\./.test(rule) ? `\`${rule}\`` : rule,
      ];
    }),
  );
}

/** A number as people write it. */
function readable(expression) {
  if (expression.getText() === 'Number.POSITIVE_INFINITY') return '`Infinity`';
  const text = expression.getText().replaceAll('_', '');
  if (!/^[\d\s*]+$/.test(text)) throw new Error(`Cannot read the default ${text}`);
  const value = text.split('*').reduce((product, factor) => product * Number(factor), 1);
  return value.toLocaleString('en').replaceAll(',', ' ');
}

/** A number of bytes with its unit, where it has a round one. */
function withUnit(name, expression) {
  const value = readable(expression);
  const number = Number(value.replaceAll(' ', ''));
  if (!name.endsWith('Bytes') || Number.isNaN(number)) return value;
  if (number % 2 ** 20 === 0) return `${value} (${number / 2 ** 20} MiB)`;
  return number % 2 ** 10 === 0 ? `${value} (${number / 2 ** 10} KiB)` : value;
}

function limitTable() {
  const file = parse('src/limits.ts');
  const defaults = new Map(
    objectsOf(file)
      .get('DEFAULT_LIMITS')
      .map((property) => [nameOf(property), property.initializer]),
  );
  const limits = file.statements.find(
    (node) => ts.isInterfaceDeclaration(node) && node.name.text === 'Limits',
  );
  return table(
    ['limit', 'default', 'what it means'],
    limits.members.map((member) => {
      const name = nameOf(member);
      return [`\`${name}\``, withUnit(name, defaults.get(name)), commentOf(member)];
    }),
  );
}

/** Every table, by the name in its mark. */
function tables() {
  const made = new Map([['Limits', limitTable()]]);
  for (const [name, properties] of objectsOf(parse('src/errors.ts')))
    made.set(name, errorTable([...properties]));
  return made;
}

const made = tables();
const used = new Set();
const problems = [];
for (const path of ['docs/errors.md', 'docs/limits.md']) {
  const before = readFileSync(`${root}${path}`, 'utf8');
  for (const name of marksOf(before)) {
    if (!made.has(name)) throw new Error(`${path}: there is no table ${name}`);
    used.add(name);
  }
  const after = fillMarks(before, made);
  if (after === before) continue;
  if (process.argv.includes('--check')) problems.push(`${path} is stale: run npm run docs:tables`);
  else writeFileSync(`${root}${path}`, after);
}
for (const name of made.keys()) if (!used.has(name)) problems.push(`no page has the table ${name}`);
for (const problem of problems) console.error(problem);
process.exitCode = problems.length === 0 ? 0 : 1;
