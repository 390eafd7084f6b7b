/**
 * Who writes down a type that our own types name (a parameter, a field, what comes back) can import it, from where the rest came
 * from; and our types need none but the language's and those of Node.
 */
import { dirname, join } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { list, ROOT, read } from './extract.ts';

const manifest = JSON.parse(read('package.json')) as { exports: Record<string, { default: string }> };
const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile) as { config: object };
const { options } = ts.parseJsonConfigFileContent({ ...config, include: [] }, ts.sys, ROOT);

/**
 * Types that are at home elsewhere, in a subpath that its own page names: a transport, and what a runtime does faster; an error's
 * table and its codes. `WebSocketClient` is what the type `WebSocket` is.
 */
const ELSEWHERE =
  /^(Transport|DeflateEngine|NativeBytes|WebSocketClient|ErrorRow|[A-Z_]+_ERRORS|[A-Z]\w*ErrorCode)$/;

/** The source of each subpath. */
const entries = new Map(
  Object.entries(manifest.exports)
    .filter(([path]) => !path.includes('*') && !path.endsWith('.json'))
    .map(([path, { default: file }]) => [
      `sansocket${path.slice(1)}`,
      join(ROOT, file.replace('/dist/', '/src/').replace(/\.js$/, '.ts')),
    ]),
);

describe('types that a user writes down', () => {
  const program = ts.createProgram([...entries.values()], options);
  const checker = program.getTypeChecker();
  const resolve = (symbol: ts.Symbol): ts.Symbol =>
    (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol);

  /** The types of ours that a declaration names where its users see it: not in bodies, values and private members. */
  function named(declaration: ts.Node): ts.Symbol[] {
    const found: ts.Symbol[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isBlock(node) || ts.isClassStaticBlockDeclaration(node) || ts.isHeritageClause(node)) return;
      if (ts.isClassElement(node) && node.name !== undefined && ts.isPrivateIdentifier(node.name)) return;
      if (ts.getJSDocTags(node).some(({ tagName }) => tagName.text === 'internal')) return;
      if (ts.isPropertyDeclaration(node) || ts.isVariableDeclaration(node) || ts.isParameter(node)) {
        if (node.type !== undefined) visit(node.type);
        return;
      }
      if (ts.isTypeReferenceNode(node)) {
        const symbol = checker.getSymbolAtLocation(node.typeName);
        const known = symbol && resolve(symbol);
        const isOurs = known?.declarations?.some(
          (each) =>
            !ts.isTypeParameterDeclaration(each) &&
            each.getSourceFile().fileName.startsWith(join(ROOT, 'src')),
        );
        if (known !== undefined && isOurs === true) found.push(known);
      }
      ts.forEachChild(node, visit);
    };
    visit(declaration);
    return found;
  }

  it.each([...entries])('can all be imported from %s', (_, file) => {
    const source = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
    const exported = new Set(checker.getExportsOfModule(source).map(resolve));
    const missing = new Set<string>();
    for (const { name, declarations } of exported) {
      for (const type of (declarations ?? []).flatMap(named)) {
        if (!exported.has(type) && !ELSEWHERE.test(type.name)) missing.add(`${type.name}, of ${name}`);
      }
    }
    expect([...missing]).toEqual([]);
  });

  it('are whole without the DOM’s, with those of Node alone', () => {
    const files = list('src', '.ts').map((path) => join(ROOT, path));
    const plain = ts.createProgram(files, { ...options, lib: ['lib.es2022.d.ts'] });
    const wrong = ts
      .getPreEmitDiagnostics(plain)
      .map(
        ({ file, messageText }) =>
          `${file === undefined ? '' : file.fileName.slice(dirname(ROOT).length)}: ${ts.flattenDiagnosticMessageText(messageText, ' ')}`,
      );
    expect(wrong).toEqual([]);
  });
});
