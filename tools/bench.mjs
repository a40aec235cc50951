#!/usr/bin/env node
/**
 * `npm run bench -- <name> [--short] [--json]`: measures one part of the system on this machine.
 * A benchmark is a file in tools/bench/ that exports `run(options)` and returns its figures as plain data.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import os from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const directory = new URL('./bench/', import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    full: { type: 'boolean', default: false },
    only: { type: 'string' },
    'data-dir': { type: 'string' },
    events: { type: 'string' },
    repeat: { type: 'string' },
    seed: { type: 'string' },
  },
});
const name = positionals[0] ?? '';
const file = new URL(`${name}.mjs`, directory);
if (!/^[a-z-]+$/.test(name) || !existsSync(fileURLToPath(file))) {
  const names = readdirSync(directory)
    .filter((entry) => entry.endsWith('.mjs'))
    .map((entry) => entry.slice(0, -4));
  console.error(`Usage: npm run bench -- ${names.join('|')} [--short] [--json]`);
  process.exit(64);
}
const say = (line) => (values.json ? process.stderr : process.stdout).write(`${line}\n`);
const commit = () => {
  try {
    return execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return undefined;
  }
};
const machine = {
  cpus: os.cpus().length,
  model: os.cpus()[0]?.model,
  memoryGb: Math.round(os.totalmem() / 2 ** 30),
  node: process.version,
  load: os.loadavg()[0],
};
const { run } = await import(file.href);
const report = { bench: name, commit: commit(), machine, ...(await run({ ...values, say })) };
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
process.exit(0);
