#!/usr/bin/env node
/**
 * Mutation tests: removes one guard at a time in a copy of the build, and runs the specs that should notice. A mutant that survives is a
 * gap in the tests. (For the view engine under faults: `npm run faults -- views`.) Prints the matrix; exits 1 when a mutant survives, or
 * when the specs are red without any mutation. `node tools/mutants.mjs event-log` removes only guards of files whose path contains that;
 * `--after-specs` leaves out the run without any mutation, where the specs have just been run; `--quick` leaves out those whose specs take longest.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mutants as guards } from './mutants/guards.mjs';
import { mutants as processes } from './mutants/processes.mjs';
import { mutants as shares } from './mutants/shares.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

const options = process.argv.slice(2);
const afterSpecs = options.includes('--after-specs');
/** Specs that kill apps, wait for leases and limits, or start a whole system for each test. */
const SLOW =
  /views\/(faults|switch|two-workers|moved-log)|store\/election|commands\/past|processes\/(kills|memory|\(low-water)|api\/test|analysts/;
const part = options.find((option) => !option.startsWith('--')) ?? '';
const mutants = [...guards, ...processes, ...shares].filter(
  ({ file, specs }) => file.includes(part) && !(options.includes('--quick') && SLOW.test(specs)),
);

/** Two at a time, each in its own copy. */
const WORKERS = 2;
const copies = Array.from({ length: Math.min(WORKERS, mutants.length) }, () => mkdtempSync(join(tmpdir(), 'plantlog-mutants-')));

/** Runs specs in a copy; resolves with the exit code and their output. */
const run = (copy, specs) =>
  new Promise((resolve) => {
    const jest = join(copy, 'node_modules/jest/bin/jest.js');
    const environment = join(copy, 'tools/mutants/until-one-fails.cjs');
    const child = spawn(process.execPath, [jest, '-i', '--silent', '--forceExit', '--env', environment, ...specs.split(' ')], {
      cwd: copy,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (part) => (said = (said + part).slice(-3_000)));
    const timer = setTimeout(() => child.kill('SIGKILL'), 600_000);
    child.once('exit', (status) => (clearTimeout(timer), resolve({ status, said })));
  });

/** The specs of all mutants, in as few runs as possible. */
function unchanged() {
  const specs = [...new Set(mutants.map((mutant) => mutant.specs))].map((spec) => spec.split(' -t='));
  const files = (some) => [...new Set(some.map(([file]) => file))].join(' ');
  const [whole, parts] = [specs.filter(([, part]) => !part), specs.filter(([, part]) => part)];
  return [
    ...(whole.length ? [files(whole)] : []),
    ...(parts.length ? [`${files(parts)} -t=${parts.map(([, part]) => part).join('|')}`] : []),
  ];
}

/** Works through the list with one worker for each copy. */
const share = (items, work) => {
  const left = [...items];
  return Promise.all(
    copies.map(async (copy) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(copy, item);
    }),
  );
};

async function walk(copy, { without, file, from: guard, to, specs, also = [] }) {
  const path = join(copy, 'dist', file);
  const original = readFileSync(path, 'utf8');
  let text = original;
  for (const change of [{ from: guard, to }, ...also]) {
    if (text.split(change.from).length !== 2) throw new Error(`${file} must contain exactly once: ${change.from}`);
    text = text.replace(change.from, () => change.to);
  }
  writeFileSync(path, text);
  const from = Date.now();
  const { status } = await run(copy, specs);
  const seconds = Math.round((Date.now() - from) / 1_000);
  writeFileSync(path, original);
  const noticed = status !== 0;
  if (!noticed) holes += 1;
  console.log(`${noticed ? 'red  ' : 'GREEN'}  without ${without}: ${specs} ${noticed ? 'notices' : 'DOES NOT NOTICE'} (${seconds} s)`);
}

let holes = 0;
try {
  for (const copy of copies) {
    for (const entry of ['dist', 'package.json', 'jest.config.js', 'tools', 'migrations'])
      cpSync(join(root, entry), join(copy, entry), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
    // Recorded histories are read there.
    symlinkSync(join(root, 'libs'), join(copy, 'libs'));
  }
  // A spec that is red for another reason would count as noticed. One run for whole files, one for parts of files.
  await share(afterSpecs ? [] : unchanged(), async (copy, specs) => {
    const { status, said } = await run(copy, specs);
    console.log(`${status === 0 ? 'green' : 'RED  '}  without a mutation: ${specs}`);
    if (status === 0) return;
    console.log(said);
    holes += 1;
  });
  await share(mutants, walk);
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}
console.log(`${mutants.length - holes} passed, ${holes} failed`);
process.exitCode = holes ? 1 : 0;
