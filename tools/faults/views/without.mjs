/** Each experiment leaves out one guard of the view engine: its result must be red. */
import { listParked, retryParked } from '#platform/views/parking';
import { sleep } from '../parts.mjs';
import { POISON } from './experiments.mjs';
import { allNames, until } from './scene.mjs';

/** The same faults, each without the guard against it. */
export const mutants = {
  async fencing(scene) {
    // Whether the sleeping worker's connection still works when it wakes is random: it is repeated until it writes once.
    for (let tries = 1; ; tries++) {
      const sleeper = scene.start({
        sleepAt: { at: 'admitted', table: 'machine_now', oneIn: 1, thenDie: true },
        without: { fencing: true },
        batchRows: 20,
        ttlMs: 800,
      });
      await sleeper.said('ASLEEP');
      const heir = scene.start({ ttlMs: 800, without: { fencing: true } });
      await heir.said('READY');
      await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
      sleeper.child.kill('SIGCONT');
      await sleep(1_000);
      const found = red(await scene.verdict({ without: { fencing: true } }));
      if (found.red || tries === 6) return found;
      await Promise.all([sleeper.kill(), heir.kill()]);
      await scene.append(300);
    }
  },
  async 'revision-guard'(scene) {
    const one = scene.start({ disturb: true, without: { guard: true } });
    await one.said('READY');
    await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
    return red(await scene.verdict());
  },
  async 'same-transaction'(scene) {
    for (let i = 0; i < 3; i++) {
      const one = scene.start({ crash: 6, without: { sameTransaction: true }, batchRows: 100 });
      await Promise.race([one.ended, sleep(6_000)]);
      await one.kill();
    }
    return red(await scene.verdict());
  },
  async 'stream-parking'(scene) {
    const machineId = `haifa.M${7_000 + scene.random(1_000)}`;
    const stop = (reason) => ({ type: 'MachineStopped', data: { machineId, reason } });
    for (const reason of ['before', POISON, 'after']) await scene.plant.write(`machine-${machineId}`, stop(reason));
    const sick = scene.start({ poison: POISON, without: { parking: true } });
    await sick.said('READY');
    await scene.reads.waitFor(allNames, scene.plant.head, 20_000);
    await sick.kill('SIGTERM');
    const well = scene.start();
    await well.said('READY');
    for (const { table, partition } of await listParked(scene.pool)) await retryParked(scene.pool, table, partition);
    await until(async () => (await listParked(scene.pool)).length === 0, 30_000, 'the queue is folded');
    return red(await scene.verdict());
  },
};

const red = ({ equal, wrong, counted }) => ({
  red: !equal,
  why: wrong[0] ?? (counted ? 'every row is equal' : 'events were not counted once'),
});
