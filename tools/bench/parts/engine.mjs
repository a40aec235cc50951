/** Starts the process engine as an app of its own (parts/engine-app.mjs), for benchmarks that load it from here. */
import { fork } from 'node:child_process';
import { WORKER_FLAGS } from '#platform/runtime/run-app';
import { sleep } from '../../faults/parts.mjs';

/** Those that run, to be killed if a measurement fails. */
export const engines = new Set();

/**
 * An engine that reports how long each effect took. With `owning: false` it does not wait until it may run the process; with `gc`
 * its memory is measured after a collection.
 */
export async function startEngine(worker, { at, database }, { owning = true, gc = false, ...rest } = {}) {
  const child = fork(worker, [], {
    execArgv: [...WORKER_FLAGS, ...(gc ? ['--expose-gc'] : [])],
    env: { ...process.env, BENCH: JSON.stringify({ at, database, ...rest }) },
  });
  engines.add(child);
  child.once('exit', () => engines.delete(child));
  let times = [];
  const asked = new Map();
  child.on('message', ({ latencies, answer, value }) => {
    if (latencies) times.push(...latencies);
    asked.get(answer)?.(value);
  });
  const ask = (what) =>
    new Promise((resolve) => {
      asked.set(what, resolve);
      child.send({ ask: what });
    });
  await ask(owning ? 'ready' : 'usage');
  return {
    ask,
    effects: () => times,
    async until(count) {
      for (let last = -1, since = Date.now(); times.length < count; await sleep(5)) {
        if (times.length !== last) [last, since] = [times.length, Date.now()];
        if (Date.now() - since > 60_000) throw new Error(`only ${times.length} of ${count} effects, and no more for a minute`);
      }
      const done = times;
      times = [];
      return done;
    },
    stop: () => new Promise((resolve) => (child.once('exit', resolve), child.send({ ask: 'stop' }))),
    kill: () => new Promise((resolve) => (child.once('exit', resolve), child.kill('SIGKILL'))),
  };
}
