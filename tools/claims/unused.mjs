/**
 * Finds unused code: exports that no other file imports, and packages that no file names. A use by specs only does not count, unless the
 * export is in the room for tests. TypeScript's parser reads the files, so comments and strings do not count as uses.
 */
import { readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';

const isSpec = (path) =>
  /spec\.ts$|^apps\/[^/]+\/test\/|^libs\/platform\/testing\/|^libs\/event-log\/contract\/|-(under-test|pasts)\.ts$/.test(path);

/** Packages that are used without being imported, and why. */
const USED_UNSEEN = {
  '@nestjs/cli': 'nest build',
  '@nestjs/platform-fastify': 'the HTTP adapter that Nest loads by name',
  '@nestjs/mercurius': 'the GraphQL driver',
  'class-transformer': 'loaded by Nest for its plugins',
  'dependency-cruiser': 'npm run lint',
  eslint: 'npm run lint',
  mercurius: 'the GraphQL server that @nestjs/mercurius drives',
  ioredis: 'the connection that bullmq makes when REDIS_URL is set',
  jest: 'npm test',
  prettier: 'npm run format',
  rxjs: 'a peer of @nestjs/core',
  typescript: 'nest build',
};

/** Exports that exist for specs to compare or replay. */
const FOR_SPECS = ['envExample', 'variableNames', 'replay', 'setClock'];

/** Names that a file exports, with the line of each. */
function exportsOf(source) {
  const found = new Map();
  const add = (name, node, isType = false) =>
    found.set(name, { line: source.getLineAndCharacterOfPosition(node.getStart(source)).line + 1, isType });
  for (const statement of source.statements) {
    const modifiers = ts.canHaveModifiers(statement) ? (ts.getModifiers(statement) ?? []) : [];
    if (ts.isExportDeclaration(statement) && statement.exportClause && ts.isNamedExports(statement.exportClause))
      for (const element of statement.exportClause.elements) add(element.name.text, element);
    if (!modifiers.some(({ kind }) => kind === ts.SyntaxKind.ExportKeyword)) continue;
    if (ts.isVariableStatement(statement))
      for (const { name } of statement.declarationList.declarations) {
        if (ts.isIdentifier(name)) add(name.text, name);
        else
          for (const element of name.elements)
            if (ts.isBindingElement(element) && ts.isIdentifier(element.name)) add(element.name.text, element);
      }
    else if (statement.name)
      add(statement.name.text, statement, ts.isTypeAliasDeclaration(statement) || ts.isInterfaceDeclaration(statement));
  }
  return found;
}

/** The project file that a module specifier names, without its extension; undefined for a package. */
function targetOf(path, specifier) {
  if (specifier.startsWith('#')) return `libs/${specifier.slice(1)}`;
  if (specifier.startsWith('.')) return normalize(join(dirname(path), specifier)).replace(/\.(js|tsx?)$/, '');
  return undefined;
}

/** Every `{ module, name }` that a file imports; `*` if it imports a whole module. */
function usesOf(source, path) {
  const uses = [];
  const packages = [];
  const take = (specifier, name) => {
    const target = targetOf(path, specifier);
    if (target === undefined) packages.push(specifier.startsWith('@') ? specifier.split('/', 2).join('/') : specifier.split('/', 1)[0]);
    else uses.push({ module: target.replace(/^dist\//, ''), name });
  };
  const visit = (node) => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const specifier = node.moduleSpecifier?.text;
      if (specifier) {
        const bindings = ts.isImportDeclaration(node) ? node.importClause?.namedBindings : node.exportClause;
        if (!bindings || ts.isNamespaceImport(bindings) || ts.isNamespaceExport(bindings)) take(specifier, '*');
        else for (const element of bindings.elements) take(specifier, (element.propertyName ?? element.name).text);
      }
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      take(node.argument.literal.text, '*');
    } else if (ts.isCallExpression(node)) {
      const [argument] = node.arguments;
      const loads =
        node.expression.kind === ts.SyntaxKind.ImportKeyword || /^require(\.resolve)?$|createRequire/.test(node.expression.getText(source));
      if (loads && argument && ts.isStringLiteralLike(argument)) take(argument.text, '*');
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return { uses, packages };
}

/** @param {string[]} files all hand-written source files, relative to the project. @returns {string[]} one sentence for each finding */
export function unused(files) {
  const parsed = files.map((path) => {
    const text = readFileSync(path, 'utf8');
    return { path, text, source: ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true) };
  });
  const used = new Map();
  const packages = new Set();
  for (const { path, text, source } of parsed) {
    const found = usesOf(source, path);
    for (const name of found.packages) packages.add(name);
    for (const match of text.matchAll(/['"`](@?[a-z][\w.-]*(?:\/[\w.-]+)?)(?:\/[\w./-]*)?['"`]/g))
      if (!/\.tsx?$/.test(path)) packages.add(match[1]);
    if (/require\.resolve\(|pack(age)?\b/.test(text))
      for (const match of text.matchAll(/'(@?[\w-]+(?:\/[\w-]+)?)'/g)) packages.add(match[1]);
    for (const { module, name } of found.uses) {
      const by = used.get(`${module} ${name}`) ?? new Set();
      used.set(`${module} ${name}`, by.add(path));
    }
  }
  const findings = [];
  for (const { path, source } of parsed) {
    if (
      !/\.tsx?$/.test(path) ||
      isSpec(path) ||
      // The kit of the console's pages.
      path.startsWith('apps/web/src/parts/') ||
      /\.(commands|events)\.ts$|^migrations\//.test(path) ||
      /^apps\/[^/]+\/main\.ts$/.test(path)
    )
      continue;
    const module = path.replace(/\.tsx?$/, '');
    const whole = [...(used.get(`${module} *`) ?? [])];
    if (whole.some((by) => !isSpec(by))) continue;
    for (const [name, { line, isType }] of exportsOf(source)) {
      const by = [...(used.get(`${module} ${name}`) ?? []), ...whole];
      if (by.some((user) => !isSpec(user))) continue;
      const inside = (source.text.match(new RegExp(`\\b${name}\\b`, 'g')) ?? []).length > 1;
      // The kernel's exports are for future domains; the example domain uses them.
      if (by.length > 0 && path.startsWith('libs/kernel/')) continue;
      if (by.length > 0 && FOR_SPECS.includes(name)) continue;
      // A type that an exported function mentions, and a function that a spec tests, count as used.
      if (inside && (isType || by.length > 0)) continue;
      const who = by.length === 0 ? 'which no other file imports' : `which only specs use: ${by[0]}`;
      findings.push(`${path}:${line} exports ${name}, ${who}${inside ? ': drop the word export' : ''}`);
    }
  }
  const { dependencies, devDependencies, optionalDependencies } = JSON.parse(readFileSync('package.json', 'utf8'));
  for (const name of Object.keys({ ...dependencies, ...devDependencies })) {
    const typesOf = name.startsWith('@types/') ? name.slice('@types/'.length) : undefined;
    if (packages.has(name) || name in USED_UNSEEN || name in (optionalDependencies ?? {})) continue;
    if (typesOf && (packages.has(typesOf) || ['jest', 'node'].includes(typesOf))) continue;
    findings.push(`package.json names ${name}, which no file imports`);
  }
  return findings;
}
