/**
 * Code in documents is copied from files that compile. A line `<!-- cut: libs/x/y.ts lotStock -->` before a code block says that the block
 * is an exact copy of that top-level declaration (or, without a name, of the whole file).
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import ts from 'typescript';

function declarationIn(path, name) {
  const text = readFileSync(path, 'utf8');
  if (!name) return text.trimEnd();
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true);
  const found = source.statements.find(
    (statement) =>
      statement.name?.text === name ||
      (ts.isVariableStatement(statement) &&
        statement.declarationList.declarations.some((declaration) => declaration.name.getText(source) === name)),
  );
  return found && text.slice(found.getStart(source), found.end);
}

/** @param {string[]} files @param {boolean} write brings the blocks up to date. @returns {string[]} one sentence for each block that differs */
export function cuts(files, write) {
  const findings = [];
  for (const path of files.filter((file) => file.endsWith('.md'))) {
    const before = readFileSync(path, 'utf8');
    const after = before.replace(
      /(<!-- cut: (\S+?)(?: (\w+))? -->\n+```\w*\n)([\s\S]*?)(\n```)/g,
      (whole, head, file, name, shown, tail) => {
        const code = existsSync(file) ? declarationIn(file, name) : undefined;
        if (code === undefined) findings.push(`${path} shows ${name ?? 'all'} of ${file}, which is not there`);
        else if (code !== shown && !write)
          findings.push(`${path} shows ${name ?? file} otherwise than ${file} has it: node tools/claims.mjs --write`);
        return code === undefined ? whole : `${head}${code}${tail}`;
      },
    );
    if (write && after !== before) writeFileSync(path, after);
    for (const { index } of before.matchAll(/^```(?:ts|typescript)$/gm)) {
      const line = before.slice(0, index).trimEnd().split('\n').at(-1);
      if (!line.startsWith('<!-- cut:'))
        findings.push(`${path} shows TypeScript that is not cut from a file, after "${line.slice(0, 60)}"`);
    }
  }
  return findings;
}
