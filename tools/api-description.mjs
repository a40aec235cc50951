// Writes docs/generated/openapi.json and docs/generated/schema.graphql from the built code; with --check, reports whether they are up to date.
import { createRequire } from 'node:module';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
process.chdir(root);
const { describeApi } = createRequire(import.meta.url)('../dist/apps/api/describe-api.js');
let stale = 0;
for (const [name, text] of Object.entries(await describeApi())) {
  const path = join(root, 'docs/generated', name);
  let before = '';
  try {
    before = readFileSync(path, 'utf8');
  } catch {
    // The file does not exist yet.
  }
  if (before === text) continue;
  stale += 1;
  if (process.argv.includes('--check')) console.error(`docs/generated/${name} is out of date: run npm run docs`);
  else writeFileSync(path, text);
}
process.exit(process.argv.includes('--check') && stale > 0 ? 1 : 0);
