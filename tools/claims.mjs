#!/usr/bin/env node
/**
 * Checks the project's claims about itself: every export and package is used, every file, script, decision and invariant named in prose
 * exists, and code shown in the documents is copied from files that compile. `--write` brings the cut code up to date. Exit code 1 with one
 * line for each finding.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cuts } from './claims/cuts.mjs';
import { dangling } from './claims/references.mjs';
import { unused } from './claims/unused.mjs';

process.chdir(join(dirname(fileURLToPath(import.meta.url)), '..'));
const listed = spawnSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8', maxBuffer: 1 << 26 });
const files = listed.stdout.split('\n').filter((path) => path && existsSync(path) && !/^(docs\/generated|dist|node_modules)\//.test(path));
const sources = files.filter((path) => /^(apps|libs|migrations|tools)\/.*\.(tsx?|mjs|cjs)$|^[^/]+\.(mjs|js|cjs)$/.test(path));
const findings = [...unused(sources), ...dangling(files), ...cuts(files, process.argv.includes('--write'))];
for (const finding of findings) console.log(finding);
process.exitCode = findings.length ? 1 : 0;
