#!/usr/bin/env node
/** `npm run api`, `worker`, `event-store`, `ops`: one app alone, as in a cluster; its settings come from the environment. */
import { existsSync } from 'node:fs';
import { prepare } from './prepare.mjs';

const [name] = process.argv.splice(2, 1);
await prepare({ quiet: true });
if (!/^[a-z-]+$/.test(name ?? '') || !existsSync(`dist/apps/${name}/main.js`)) {
  console.error(`Unknown app '${name ?? ''}'. Usage: node tools/run.mjs api|worker|event-store|ops|standalone [arguments]`);
  process.exit(64);
}
await import(`../dist/apps/${name}/main.js`);
