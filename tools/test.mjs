#!/usr/bin/env node
/**
 * `npm test`: tests a fresh clone. Builds, checks the import rules, then runs the specs in stages: pure ones, then those on real parts,
 * then the journeys over HTTP. The last line is `N passed, N failed`. With arguments: only the specs whose path matches.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare } from './prepare.mjs';

const patterns = process.argv.slice(2);
const started = Date.now();
let passed = 0;
let failed = 0;
const times = [];

const run = (command, args, options = {}) =>
  new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ['ignore', 'inherit', 'inherit'], ...options });
    child.on('exit', (code, signal) => resolve(signal ? 1 : code));
    child.on('error', () => resolve(1));
  });

async function stage(name, work) {
  const from = Date.now();
  console.log(`\n== ${name}`);
  await work();
  times.push([name, (Date.now() - from) / 1000]);
}

const judge = (good) => (good ? passed++ : failed++);
const node = (script, ...args) => run(process.execPath, [script, ...args]);

/** Counts every test; a spec file that cannot be loaded and a skipped test count as failed, so that nothing passes by not running. */
async function jest(pattern, ...args) {
  const directory = mkdtempSync(join(tmpdir(), 'plantlog-jest-'));
  const report = join(directory, 'report.json');
  const options = ['--json', `--outputFile=${report}`, '--testPathPatterns', pattern, ...args];
  const code = await run(process.execPath, ['node_modules/jest/bin/jest.js', ...options], { stdio: ['ignore', 'ignore', 'inherit'] });
  try {
    const { numPassedTests, numFailedTests, numPendingTests, numTodoTests, testResults } = JSON.parse(readFileSync(report, 'utf8'));
    const unloaded = testResults.filter(
      ({ status, assertionResults }) => status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
    ).length;
    const faults = numFailedTests + numPendingTests + numTodoTests + unloaded;
    passed += numPassedTests;
    failed += faults;
    if (code !== 0 && faults === 0) failed++;
  } catch {
    failed++;
    console.log('jest wrote no report');
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

await stage('prepare', () => prepare());
if (patterns.length === 0) {
  const check = (name, ...args) => stage(name, async () => judge((await node(...args)) === 0));
  const rules = [
    'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
    '--config',
    '.dependency-cruiser.cjs',
    '--output-type',
    'err',
  ];
  // Each uses one core.
  await Promise.all([
    check('lint', 'node_modules/eslint/bin/eslint.js', 'apps', 'libs', 'migrations', 'tools', 'eslint.config.mjs').then(() =>
      check('generated documents are current', 'tools/catalogue.mjs', '--check'),
    ),
    check('import rules', ...rules, 'apps', 'libs')
      .then(() => check('claims', 'tools/claims.mjs'))
      .then(() => check('import rules and claims fire', 'tools/lint-probes.mjs'))
      .then(() => check('the API description is current', 'tools/api-description.mjs', '--check')),
  ]);
  await stage('pure specs', () => jest('\\.spec\\.js$', '--maxWorkers=2'));
  // These wait more than they compute.
  await stage('specs on real parts', () => jest('\\.int-spec\\.js$', '--maxWorkers=3'));
  await stage('journeys', () => jest('\\.e2e-spec\\.js$', '--maxWorkers=2'));
} else {
  await stage(`specs like ${patterns.join(', ')}`, () => jest(`(${patterns.join('|')})`, '--runInBand'));
}

console.log(`\n${times.map(([name, seconds]) => `${seconds.toFixed(1).padStart(7)} s  ${name}`).join('\n')}`);
console.log(`${((Date.now() - started) / 1000).toFixed(1).padStart(7)} s  in all\n`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
