/** `worlds.mjs <first seed> <count> [guard taken away]`: goes through simulated worlds, and prints what came of them as JSON. */
import { Module, createRequire } from 'node:module';
import { mutants } from './mutants.mjs';

const [from, count, without] = [Number(process.argv[2]), Number(process.argv[3]), process.argv[4]];
const mutant = mutants.find((each) => each.without === without);
if (mutant) plant(mutant);
const { simulate } = createRequire(import.meta.url)('../../../dist/libs/processes/simulation/customer-orders-under-test.js');

const ends = {};
const red = [];
let events = 0;
let story;
for (let seed = from; seed < from + count && !(mutant && red.length > 0); seed += 1) {
  const ran = await simulate(seed);
  events += ran.events;
  for (const end of ran.ends) ends[end] = (ends[end] ?? 0) + 1;
  if (ran.faults.length > 0) red.push(`seed ${seed}: ${ran.faults.join('; ')}`.slice(0, 300));
  if (ran.faults.length > 0 && count === 1) story = ran.story();
}
const { user, system } = process.cpuUsage();
process.stdout.write(JSON.stringify({ ends, events, cpuSeconds: Math.round((user + system) / 1e5) / 10, red: red.slice(0, 10), story }));

/** Takes the guard away while its file is loaded. */
function plant({ file, from: guard, to }) {
  const compile = Module.prototype._compile;
  let planted = false;
  Module.prototype._compile = function (code, path, ...more) {
    if (!path.endsWith(`/dist/${file}`)) return compile.call(this, code, path, ...more);
    if (code.split(guard).length !== 2) throw new Error(`${file} must contain exactly once: ${guard}`);
    planted = true;
    return compile.call(
      this,
      code.replace(guard, () => to),
      path,
      ...more,
    );
  };
  process.once('exit', () => planted || console.error(`${file} was not loaded`));
}
