#!/usr/bin/env node
/**
 * Runs docs/tour.http against the running system and compares each answer with what the file expects. `npm run tour [-- <data directory>]`.
 * `# @expect <status> ["text"]`, `# @capture <name> = <field>`, and `# @wait` (retry for 20 s, for asynchronous effects).
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const dataDir = process.argv[2] ?? process.env.DATA_DIR ?? join(root, '.data');
const { api, graphql, tokens } = JSON.parse(readFileSync(join(dataDir, 'endpoints.json'), 'utf8'));
const known = { api, graphql, ...Object.fromEntries(Object.entries(tokens).map(([role, token]) => [`token.${role}`, token])) };
const filled = (text) =>
  text.replace(/\{\{(.+?)\}\}/g, (_, name) => {
    if (!(name in known)) throw new Error(`unknown variable {{${name}}}`);
    return known[name];
  });

function parse(text) {
  return text
    .split(/^###/m)
    .slice(1)
    .map((block) => {
      const [title, ...lines] = block.split('\n');
      const notes = lines.filter((line) => line.startsWith('# @')).map((line) => line.slice(3));
      const [request, ...rest] = lines
        .filter((line, index) => !line.startsWith('#') && (line || index > 2))
        .join('\n')
        .trim()
        .split('\n');
      const gap = rest.findIndex((line) => line.trim() === '');
      const headers = Object.fromEntries(
        (gap < 0 ? rest : rest.slice(0, gap)).map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trim()]),
      );
      const [method, url] = request.split(' ');
      const [, status, wanted] = /^expect (\d+)(?: "(.*)")?$/.exec(notes.find((note) => note.startsWith('expect'))) ?? [];
      const [, name, field] = /^capture (\w+) = (\w+)$/.exec(notes.find((note) => note.startsWith('capture')) ?? '') ?? [];
      return {
        title: title.trim(),
        method,
        url,
        headers,
        body: gap < 0 ? undefined : rest.slice(gap + 1).join('\n'),
        status: Number(status),
        wanted,
        name,
        field,
        wait: notes.includes('wait'),
      };
    });
}

let passed = 0;
let failed = 0;
for (const step of parse(readFileSync(join(root, 'docs/tour.http'), 'utf8'))) {
  const headers = Object.fromEntries(Object.entries(step.headers).map(([name, value]) => [name, filled(value)]));
  let answer;
  let good = false;
  for (const end = Date.now() + (step.wait ? 20_000 : 0); ; await sleep(250)) {
    const response = await fetch(filled(step.url), { method: step.method, headers, body: step.body && filled(step.body) });
    answer = { status: response.status, text: await response.text() };
    good =
      answer.status === step.status && (!step.wanted || answer.text.includes(step.wanted)) && !answer.text.includes('"errors":[{"message"');
    if (good || Date.now() >= end) break;
  }
  if (step.title) console.log(step.title);
  console.log(
    `  ${good ? 'ok ' : 'NOT'} ${step.method} ${step.url.replace(/\{\{\w+\}\}/, '')} -> ${answer.status}${good ? '' : ` instead of ${step.status} ${step.wanted ?? ''}\n${answer.text.slice(0, 1_500)}`}`,
  );
  if (step.name) known[step.name] = String(JSON.parse(answer.text)[step.field]);
  if (good) passed += 1;
  else failed += 1;
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
