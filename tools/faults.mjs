#!/usr/bin/env node
/**
 * `npm run faults -- <campaign> [--short] [--json] [--seed N]`: breaks one part of the system on purpose and counts what was lost.
 * A campaign is a file in tools/faults/ that exports `run(options)` and returns `{ experiments: [{ name, ok, ...figures }] }`.
 */
import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const directory = new URL('./faults/', import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    seed: { type: 'string' },
    only: { type: 'string' },
    cycles: { type: 'string' },
    without: { type: 'string' },
    keep: { type: 'boolean' },
  },
});
const name = positionals[0] ?? '';
const file = new URL(`${name}.mjs`, directory);
if (!/^[a-z-]+$/.test(name) || !existsSync(fileURLToPath(file))) {
  const names = readdirSync(directory)
    .filter((entry) => entry.endsWith('.mjs'))
    .map((entry) => entry.slice(0, -4));
  console.error(`Usage: npm run faults -- ${names.join('|')} [--short] [--json] [--seed N]`);
  process.exit(64);
}
const seed = Number(values.seed ?? Math.floor(Math.random() * 1e9));
const say = (line) => (values.json ? process.stderr : process.stdout).write(`${line}\n`);
const { run } = await import(file.href);
say(`Campaign ${name}, seed ${seed}${values.short ? ', short' : ''}`);
const report = { campaign: name, seed, ...(await run({ ...values, cycles: values.cycles && Number(values.cycles), seed, say })) };
if (values.json) process.stdout.write(`${JSON.stringify(report, null, 2)}\n`);
const broken = report.experiments.filter(({ ok }) => !ok);
say(broken.length === 0 ? 'All promises held.' : `BROKEN: ${broken.map((experiment) => experiment.name).join(', ')}`);
say(`${report.experiments.length - broken.length} passed, ${broken.length} failed`);
process.exit(broken.length === 0 ? 0 : 1);
