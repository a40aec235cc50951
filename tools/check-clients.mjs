#!/usr/bin/env node
/**
 * `npm run campaign:clients`: checks the API contracts as an outside user would. Installs openapi-typescript and GraphQL Code Generator
 * from the registry into an empty folder outside the repository; the clients that they generate from docs/generated/ must compile, and each
 * runs its tour against a fresh system. The packages are separate because the generators need another version of TypeScript than the
 * product.
 */
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startOwnSystem } from './own-system.mjs';
import { prepare } from './prepare.mjs';

const PACKAGES = {
  '@graphql-codegen/core': '6.2.1',
  '@graphql-codegen/typed-document-node': '7.1.1',
  '@graphql-codegen/typescript-operations': '6.1.9',
  '@graphql-typed-document-node/core': '3.2.0',
  '@types/node': '20.19.25',
  graphql: '16.15.0',
  'openapi-fetch': '0.17.0',
  'openapi-typescript': '7.13.0',
  typescript: '5.9.3',
};

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
let passed = 0;
let failed = 0;
const check = (what, fault) => {
  if (fault) failed++;
  else passed++;
  console.log(`${fault ? 'FAIL' : 'ok  '} ${what}${fault ? `: ${fault}` : ''}`);
  return !fault;
};

await prepare({ quiet: true });
const place = mkdtempSync(join(tmpdir(), 'clients-stranger-'));
const run = (command, args, env = {}) => {
  const options = { cwd: place, encoding: 'utf8', timeout: 180_000, env: { ...process.env, ...env } };
  const { status, stdout, stderr, error } = spawnSync(command, args, options);
  return status === 0 ? undefined : `exit code ${status} ${error ?? ''}\n${stdout}${stderr}`;
};
const bin = (name) => join(place, 'node_modules/.bin', name);

let system;
try {
  writeFileSync(join(place, 'package.json'), JSON.stringify({ private: true, type: 'commonjs', dependencies: PACKAGES }));
  for (const file of ['rest-tour.ts', 'graphql-tour.ts', 'tour.graphql', 'generate-graphql.mjs'])
    copyFileSync(join(root, 'tools/clients', file), join(place, file));
  for (const file of ['openapi.json', 'schema.graphql']) copyFileSync(join(root, 'docs/generated', file), join(place, file));

  const install = ['install', '--no-audit', '--no-fund', '--prefer-offline', '--loglevel=error'];
  const options = ['--strict', '--module', 'node16', '--target', 'es2022', '--skipLibCheck', '--types', 'node'];
  if (check('the generators install', run('npm', install))) {
    check('openapi-typescript accepts openapi.json', run(bin('openapi-typescript'), ['openapi.json', '-o', 'api.ts']));
    check('GraphQL Code Generator accepts schema.graphql', run(process.execPath, ['generate-graphql.mjs']));
    check('both clients compile', run(bin('tsc'), [...options, 'rest-tour.ts', 'graphql-tour.ts']));
    const dataDir = join(place, 'data');
    // Reads wait for their token as long as a busy machine takes.
    system = await startOwnSystem(dataDir, { WAIT_FOR_MS: '30000' });
    const ENDPOINTS = join(dataDir, 'endpoints.json');
    for (const client of ['rest', 'graphql'])
      check(`the ${client} client completes its tour`, run(process.execPath, [`${client}-tour.js`], { ENDPOINTS }));
  }
} catch (error) {
  check('the campaign completes', String(error));
} finally {
  await system?.stop();
  rmSync(place, { recursive: true, force: true });
}
console.log(`\n${passed} passed, ${failed} failed`);
process.exitCode = failed ? 1 : 0;
