#!/usr/bin/env node
/**
 * `npm run campaign:package`: checks the tarball of `libs/event-log` as an outside user would. `npm install` installs it into an empty
 * folder outside the repository, with the official client, from npm's configured registry; a program there starts a node, appends, reads
 * and stops; and its types are checked. If the registry cannot be reached, the declared dependencies are linked instead, and the output
 * says so.
 */
import { spawnSync } from 'node:child_process';
import { builtinModules } from 'node:module';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packEventLog } from './pack-event-log.mjs';
import { prepare } from './prepare.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const PACKAGE = '@plantlog/event-log';
let passed = 0;
let failed = 0;
const check = (what, fault) => {
  if (fault) failed++;
  else passed++;
  console.log(`${fault ? 'FAIL' : 'ok  '} ${what}${fault ? `: ${fault}` : ''}`);
};
const run = (command, args, cwd) => {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', timeout: 120_000 });
  return status === 0 ? undefined : `exit code ${status}\n${stdout}${stderr}`;
};
/** npm's errors when the registry cannot be reached and the cache does not have the package. */
const UNREACHABLE = /\b(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ENETUNREACH|ETIMEDOUT|ERR_SOCKET_TIMEOUT|ENOTCACHED)\b|exit code null/;
const versionOf = (name) => JSON.parse(readFileSync(join(root, 'node_modules', name, 'package.json'), 'utf8')).version;
const THEIRS = ['@eventstore/db-client', '@types/node'];

/** Why the tarball and the packages beside it could not be installed; undefined if they were. */
function install(tarball, home) {
  const registry = spawnSync('npm', ['config', 'get', 'registry'], { cwd: root, encoding: 'utf8' }).stdout.trim();
  const options = ['--no-audit', '--no-fund', '--prefer-offline', '--fetch-retries=1', '--fetch-timeout=20000', `--registry=${registry}`];
  return run('npm', ['install', ...options, tarball, ...THEIRS.map((name) => `${name}@${versionOf(name)}`)], home);
}

/** The same without a registry: unpacked, with every declared dependency linked by name, so that undeclared ones are not found. */
function link(tarball, home) {
  const modules = join(home, 'node_modules');
  const installed = join(modules, PACKAGE);
  rmSync(modules, { recursive: true, force: true });
  mkdirSync(installed, { recursive: true });
  const fault = run('tar', ['-xzf', tarball, '-C', installed, '--strip-components=1'], home);
  if (fault) return fault;
  const { dependencies } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));
  for (const name of [...Object.keys(dependencies), ...THEIRS]) {
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(root, 'node_modules', name), join(modules, name));
  }
  return undefined;
}

const program = `
import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { startNode, type RunningNode } from '@plantlog/event-log';
import { verify } from '@plantlog/event-log/backup';
import { existsSync } from 'node:fs';

const main = async (): Promise<void> => {
  const node: RunningNode = await startNode();
  const client = EventStoreDBClient.connectionString(node.connectionString);
  await client.appendToStream('order-1', [1, 2, 3].map((amount) => jsonEvent({ type: 'OrderPlaced', data: { amount } })));
  const seen: unknown[] = [];
  for await (const { event } of client.readStream('order-1')) seen.push(event?.data);
  if (JSON.stringify(seen) !== '[{"amount":1},{"amount":2},{"amount":3}]') throw new Error('read ' + JSON.stringify(seen));
  await client.dispose();
  await node.close();
  if (existsSync(node.log.dataDir)) throw new Error('the temporary directory was not deleted');
  if (typeof verify !== 'function') throw new Error('no verify');
};
main().then(() => process.exit(0), (error: unknown) => { console.error(error); process.exit(1); });
`;

await prepare({ quiet: true });
const place = mkdtempSync(join(tmpdir(), 'event-log-stranger-'));
try {
  const tarball = packEventLog(join(place, 'tarball'));
  const home = join(place, 'home');
  const installed = join(home, 'node_modules', PACKAGE);
  mkdirSync(home);
  writeFileSync(join(home, 'package.json'), '{ "private": true }\n');
  const fault = install(tarball, home);
  if (fault && UNREACHABLE.test(fault)) {
    console.log('note: the registry cannot be reached; the declared dependencies are linked from this checkout');
    check('the tarball unpacks', link(tarball, home));
  } else check('npm installs the tarball into an empty folder', fault);
  const manifest = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'));

  const files = readdirSync(installed, { recursive: true });
  const declared = new Set([...Object.keys(manifest.dependencies), ...builtinModules, ...builtinModules.map((name) => `node:${name}`)]);
  const undeclared = files
    .filter((path) => path.endsWith('.js'))
    .flatMap((path) =>
      [...readFileSync(join(installed, path), 'utf8').matchAll(/\b(?:require|import)\(["']([^"']+)["']\)/g)]
        .map(([, name]) => name)
        .filter((name) => !name.startsWith('.') && !declared.has(name))
        .map((name) => `${path} needs ${name}`),
    );
  check('every import is declared', undeclared.join(', '));
  check('no spec ships', files.filter((path) => /spec|contract|under-test/.test(path)).join(', '));

  writeFileSync(join(home, 'program.ts'), program);
  const tsc = join(root, 'node_modules/typescript/bin/tsc');
  const options = ['--strict', '--module', 'node20', '--target', 'es2022', '--skipLibCheck', '--types', 'node', 'program.ts'];
  check('types are found, and the program compiles', run(process.execPath, [tsc, ...options], home));
  check('the official client appends to the node and reads', run(process.execPath, ['program.js'], home));
} finally {
  rmSync(place, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
