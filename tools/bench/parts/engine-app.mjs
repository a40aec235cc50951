/** The process engine with one definition, as an app of its own; parts/engine.mjs starts it and asks it. */
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

const require = createRequire(import.meta.url);
require('reflect-metadata');
const dist = (file) => require(fileURLToPath(new URL(`../../../dist/libs/${file}.js`, import.meta.url)));
const { EventStore } = dist('platform/store/event-store');
const { openPool } = dist('platform/runtime/database');
const { Decisions } = dist('platform/commands/decisions');
const { Command } = dist('platform/commands/command');
const { Allow } = dist('platform/security/access');
const { inContext } = dist('platform/security/context');
const { ProcessRunner } = dist('platform/processes/processes');
export const { Rejected } = dist('kernel/rejected');
export const { StoreUnavailable } = dist('platform/store/event-store');

/**
 * @param deciders by the type of the commands that they decide
 * @param around called with each command and a function that carries it out
 * @returns a function that tells the benchmark how long an effect took
 */
export function serveEngine({ definition, deciders, targetOf, around = (_, carryOut) => carryOut() }) {
  const { at, database } = JSON.parse(process.env.BENCH);
  const store = new EventStore(at);
  const pool = openPool(database, 'bench');
  const decisions = new Decisions(store);
  const classes = Object.fromEntries(
    Object.keys(deciders).map((type) => {
      const named = { [type]: class extends Command {} }[type];
      Allow('operator')(named);
      return [type, named];
    }),
  );
  // Definitions of a product are in modules of few files; this one gets the fingerprint of all code, which takes 50 ms once.
  dist('platform/runtime/build').codeOf(definition, require.resolve('../../../dist/libs/platform/processes/memory.js'));
  let latencies = [];
  setInterval(() => {
    if (latencies.length > 0) process.send({ latencies });
    latencies = [];
  }, 5);
  const runner = new ProcessRunner({
    store,
    pool,
    processes: [definition],
    targetOf,
    log: (fault, error) => console.error(fault, error),
    send: ({ type, data }, { commandId, facilities, ...cause }) => {
      const principal = { actor: cause.actor, roles: ['process'], scopes: [...facilities] };
      return around({ type, data }, () =>
        inContext({ ...cause, principal }, () =>
          decisions.run(deciders[type], type, Object.assign(new classes[type](), data, { commandId })),
        ),
      );
    },
  });
  runner.start();
  const running = async () => {
    while (runner.health()[0].state !== 'running') await new Promise((resolve) => setTimeout(resolve, 10));
  };
  process.on('message', async ({ ask }) => {
    if (ask === 'ready') process.send({ answer: ask, value: await running() });
    if (ask === 'usage') {
      globalThis.gc?.();
      const { user, system } = process.cpuUsage();
      const { rss, heapUsed } = process.memoryUsage();
      const value = { rss: Math.round(rss / 2 ** 20), heapKb: Math.round(heapUsed / 1_024), cpuMs: (user + system) / 1_000 };
      process.send({ answer: ask, value });
    }
    if (ask === 'stop') {
      await runner.stop();
      await pool.end();
      await store.close();
      process.exit(0);
    }
  });
  return (ms) => latencies.push(ms);
}
