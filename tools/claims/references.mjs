/**
 * Finds dangling references in prose (documents and code comments): files and folders, links and their sections, npm scripts,
 * decisions by number, invariants by number.
 */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';

/** The anchor that a heading gets, as GitHub makes it. */
const anchorOf = (heading) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .trim()
    .replaceAll(' ', '-');
const headingsOf = (text) => [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading]) => anchorOf(heading));

/** @param {string[]} files relative to the project. @returns {string[]} one sentence for each reference that leads nowhere */
export function dangling(files) {
  const findings = [];
  const all = new Set(files);
  const exists = (path) =>
    all.has(path) ||
    existsSync(path) ||
    files.some((file) => file.startsWith(`${path.replace(/\/$/, '')}/`) || (/\/\d{4}$/.test(path) && file.startsWith(`${path}-`)));
  const scripts = JSON.parse(readFileSync('package.json', 'utf8')).scripts ?? {};
  const decisions = new Set(files.flatMap((path) => /^docs\/decisions\/(\d{4})-/.exec(path)?.slice(1) ?? []));
  const invariants = existsSync('docs/invariants.md')
    ? new Set([...readFileSync('docs/invariants.md', 'utf8').matchAll(/\bI(\d{1,2})\b/g)].map(([, number]) => Number(number)))
    : undefined;
  for (const path of files) {
    const isDocument = path.endsWith('.md');
    if (!isDocument && !/\.(ts|mjs|cjs|yml|yaml|http)$/.test(path)) continue;
    const text = readFileSync(path, 'utf8');
    text.split('\n').forEach((line, index) => {
      const say = (what) => findings.push(`${path}:${index + 1} ${what}`);
      const prose = isDocument ? line : (/(?:^\s*\/?\*+|\/\/|^\s*#)(.*)$/.exec(line)?.[1] ?? '');
      if (!prose) return;
      if (isDocument)
        for (const [, target] of line.matchAll(/\]\(([^)\s]+)\)/g)) {
          if (/^[a-z]+:/.test(target)) continue;
          const [file, anchor] = target.split('#');
          const at = file ? normalize(join(dirname(path), file)) : path;
          if (!exists(at)) say(`links to ${target}, which does not exist`);
          else if (anchor && at.endsWith('.md') && !headingsOf(readFileSync(at, 'utf8')).includes(anchor))
            say(`links to #${anchor}, a section that ${at} does not have`);
        }
      for (const [, named] of prose.matchAll(/(?<![\w/.#-])((?:apps|libs|docs|tools|docker|migrations)\/[\w./-]*[\w/])/g))
        if (!/[<*…]/.test(prose) && !exists(named) && !/libs\/x\b|\.env$/.test(named)) say(`names ${named}, which does not exist`);
      for (const [, script] of prose.matchAll(/npm run (?:-s |--silent )?([a-z][\w:-]*)/g))
        if (!(script in scripts)) say(`names npm run ${script}, which package.json does not have`);
      for (const [, number] of prose.matchAll(/\bADR (\d{4})\b/g))
        if (!decisions.has(number)) say(`names ADR ${number}, which docs/decisions does not have`);
      if (invariants && path.startsWith('libs/'))
        for (const [, number] of prose.matchAll(/(?<![\w-])I(\d{1,2})\b/g))
          if (!invariants.has(Number(number))) say(`names invariant I${number}, which docs/invariants.md does not have`);
      for (const [, file] of prose.matchAll(/\b([\w-]+\.md) §/g))
        if (!files.some((other) => other.endsWith(`/${file}`) || other === file))
          say(`names ${file} §…, a document that is not in the repository`);
      for (const [, file] of prose.matchAll(/(?<![\w/.-])([a-z][\w-]*(?:\.[\w-]+)?\.(?:ts|mjs))\b/g))
        if (!files.some((other) => other === file || other.endsWith(`/${file}`)) && !/^(x|name|main|thing)\./.test(file))
          say(`names the file ${file}, which does not exist`);
    });
  }
  return findings;
}
