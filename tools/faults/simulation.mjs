/**
 * Customer orders in simulated worlds (libs/processes/simulation): the product's deciders, processes and process engine on a virtual clock, network and
 * store, with people who change their minds and plants that are cut off. `--short`: 1,000 worlds, otherwise 100,000; `--cycles N`: that many. They
 * begin at `--seed`; a world that ends badly prints its seed and, if it is the only one asked for, its whole story: `--seed 17 --cycles 1`.
 * Guards that are taken away must turn it red within 1,000 worlds.
 */
import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { mutants } from './simulation/mutants.mjs';

const child = fileURLToPath(new URL('./simulation/worlds.mjs', import.meta.url));
/** Worlds that one app goes through: it begins anew after them, so that its memory says nothing about the run. */
const AT_ONCE = 1_000;

export async function run({ short, seed, cycles = short ? 1_000 : 100_000, say }) {
  const experiments = [];
  const add = (result) => {
    experiments.push(result);
    say(`${result.ok ? 'ok    ' : 'BROKEN'} ${JSON.stringify(result)}`);
  };
  const parts = [];
  for (let from = seed; from < seed + cycles; from += AT_ONCE) parts.push([from, Math.min(AT_ONCE, seed + cycles - from)]);
  await Promise.all(
    Array.from({ length: availableParallelism() }, async () => {
      for (let part = parts.shift(); part; part = parts.shift()) {
        const [from, count] = part;
        const { red, story, ...figures } = await worlds(from, count);
        add({ name: `worlds ${from} to ${from + count - 1} end well`, ok: red.length === 0, ...figures, ...(red.length ? { red } : {}) });
        if (story) say(story);
      }
    }),
  );
  if (cycles < 1_000) return { experiments };
  for (const { without } of mutants) {
    const { red } = await worlds(1, 1_000, without);
    add({ name: `without ${without}`, ok: red.length > 0, red: red[0] ?? 'GREEN' });
  }
  return { experiments };
}

/** Goes through worlds in an app of their own; with a guard taken away, up to the first that ends badly. */
function worlds(from, count, without = '') {
  return new Promise((resolve, reject) => {
    const app = spawn(process.execPath, [child, String(from), String(count), without], { stdio: ['ignore', 'pipe', 'inherit'] });
    let said = '';
    app.stdout.on('data', (part) => (said += part));
    app.once('exit', (code) => (code === 0 ? resolve(JSON.parse(said)) : reject(new Error(`worlds from ${from} on ended with ${code}`))));
  });
}
