#!/usr/bin/env node
/**
 * Builds the console (apps/web) into dist/web: types of our own OpenAPI document, a type check, the bundle, compressed copies, and the budget of
 * its first load. A step of `npm run build`; exit code 1 with the reason.
 */
import { spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { compressAll, overBudget } from './web/budget.mjs';
import { generateClient } from './web/generate-client.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const source = join(root, 'apps/web');
const target = join(root, 'dist/web');

/** The compiler's complaints, or nothing. */
const typeFaults = () =>
  new Promise((resolve) => {
    const tsc = spawn(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '--noEmit', '-p', join(source, 'src')], {
      cwd: root,
    });
    let said = '';
    for (const stream of [tsc.stdout, tsc.stderr]) stream.on('data', (part) => (said += part));
    tsc.once('exit', (code) => resolve(code === 0 ? undefined : said));
  });

const bundle = () =>
  build({
    configFile: false,
    root: source,
    base: '/console/',
    logLevel: 'warn',
    define: { 'process.env.NODE_ENV': '"production"' },
    build: {
      outDir: target,
      emptyOutDir: true,
      // Of 2023: the newest features that tablets of plants have.
      target: ['chrome109', 'firefox115', 'safari16.4'],
      manifest: 'manifest.json',
      // The policy allows no inline module: without that helper a browser loads the same files.
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      chunkSizeWarningLimit: 2_000,
      rolldownOptions: {
        // "use client" of the libraries: there is no server that renders.
        onLog: (level, log, pass) => log.code !== 'MODULE_LEVEL_DIRECTIVE' && pass(level, log),
      },
    },
  });

try {
  rmSync(target, { recursive: true, force: true });
  await generateClient(join(root, 'docs/generated/openapi.json'), join(source, 'src/client/generated'));
  const [faults] = await Promise.all([typeFaults(), bundle()]);
  if (faults) throw new Error(`the types are wrong:\n${faults}`);
  compressAll(target);
  const { faults: over, summary } = overBudget(target, JSON.parse(readFileSync(join(target, 'manifest.json'), 'utf8')));
  if (over.length) throw new Error(over.join('\n'));
  console.log(summary);
} catch (error) {
  rmSync(target, { recursive: true, force: true });
  console.error(`The console (apps/web) could not be built: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
