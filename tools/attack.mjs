#!/usr/bin/env node
/**
 * `npm run attack [-- --only C40]`: attacks a fresh instance with production settings from outside only, as a hostile neighbour, client and
 * analyst. The checks are numbered as in the project's list of black-box checks (C01–C67); our own are A01 and so on. Each prints pass,
 * FAIL, or n/a with the reason. Takes less than three minutes.
 */
import { parseArgs } from 'node:util';
import { prepare } from './prepare.mjs';

const { values } = parseArgs({ options: { only: { type: 'string' } } });
await prepare({ quiet: true });
const { startTarget } = await import('./attack/target.mjs');
const suites = ['tokens', 'access', 'parsing', 'graphql', 'business', 'resources', 'shares', 'neighbours'];

const target = await startTarget();
let passed = 0;
let failed = 0;
let skipped = 0;
try {
  for (const suite of suites) {
    const { checks } = await import(`./attack/${suite}.mjs`);
    for (const [id, title, attack] of checks) {
      if (values.only && !id.startsWith(values.only)) continue;
      const began = performance.now();
      const fault =
        typeof attack === 'string' ? undefined : await attack(target).catch((error) => `the check itself failed: ${error.stack}`);
      const took = `${Math.round(performance.now() - began)} ms`;
      if (typeof attack === 'string') skipped++;
      else if (fault) failed++;
      else passed++;
      console.log(
        `${typeof attack === 'string' ? 'n/a ' : fault ? 'FAIL' : 'pass'} ${id} ${title}${typeof attack === 'string' ? `: ${attack}` : ` (${took})`}`,
      );
      if (fault) console.log(`     ${fault}`);
    }
  }
  const health = await target.get('/health/ready');
  if (health.status !== 200) {
    failed++;
    console.log(`FAIL the instance is not ready after all this: ${health.text}`);
  }
} finally {
  await target.stop();
}
console.log(`\n${skipped} not applicable`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 && passed > 0 ? 0 : 1;
