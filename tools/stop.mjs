#!/usr/bin/env node
/** `npm stop`: stops what `npm start` started in this data directory (DATA_DIR). Does not build: what was never built does not run. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';

process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
if (!existsSync('dist/apps/standalone/stop.js')) console.log('Nothing was built here, so nothing is running.');
else {
  const { stop } = await import('../dist/apps/standalone/stop.js');
  await stop().catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
}
