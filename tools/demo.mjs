#!/usr/bin/env node
/**
 * `npm run demo -- <story>`: tells a story on a system of its own, in a temporary directory that is removed afterwards. Ends with an error where the
 * books of the story do not balance. Without a name: the list.
 */
import { prepare } from './prepare.mjs';

const STORIES = { 'multi-facility': 'three plants make one order, and what can go wrong does' };

const [name] = process.argv.slice(2);
if (!Object.hasOwn(STORIES, name ?? '')) {
  const list = Object.entries(STORIES).map(([story, about]) => `  ${story}   ${about}`);
  console.log(`npm run demo -- <story>\n\n${list.join('\n')}`);
  process.exit(name === undefined || name === '--help' ? 0 : 64);
}
await prepare({ quiet: true });
const { startSystem } = await import('./demo/system.mjs');
const { tell } = await import(`./demo/${name}.mjs`);

let system;
let faults = 0;
try {
  system = await startSystem();
  faults = await tell(system);
} catch (error) {
  console.error(`\nThe story broke off: ${error.message}`);
  faults = 1;
} finally {
  await system?.stop();
}
process.exit(faults > 0 ? 1 : 0);
