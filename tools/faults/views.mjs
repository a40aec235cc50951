/**
 * The view engine under kill -9, SIGSTOP, cut COMMITs, dropped subscriptions, rebuilds and poison; then the same again with each guard left
 * out.
 */
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { chance } from '#platform/testing/view-examples';
import { crashes, cutCommits, droppedSubscriptions, poison, rebuilds, sleepers, takeover } from './views/experiments.mjs';
import { Plant } from './views/scene.mjs';
import { mutants } from './views/without.mjs';

export async function run({ short, seed, say, only, cycles }) {
  const random = chance(seed);
  const work = fs.mkdtempSync(path.join(os.tmpdir(), 'faults-views-'));
  fs.chmodSync(work, 0o755);
  const plant = await Plant.start(work, seed, random);
  const experiments = [];
  const add = async (name, experiment) => {
    if (only && !name.startsWith(only)) return;
    const begun = Date.now();
    const scene = await plant.scene();
    let result;
    try {
      result = { name, ...(await experiment(scene)) };
    } catch (error) {
      result = { name, ok: false, error: String(error?.stack ?? error) };
    } finally {
      await scene.close();
    }
    experiments.push({ ...result, seconds: Math.round((Date.now() - begun) / 1_000) });
    say(`${result.ok ? 'ok    ' : 'BROKEN'} ${JSON.stringify(experiments.at(-1))}`);
  };
  try {
    await add('crashes', (scene) => crashes(scene, cycles ?? (short ? 6 : 1_000), say));
    await add('sleepers', (scene) => sleepers(scene, short ? 1 : 50));
    await add('cut-commits', (scene) => cutCommits(scene, short ? 8 : 200));
    await add('dropped-subscriptions', (scene) => droppedSubscriptions(scene, short ? 4 : 100));
    await add('rebuilds', (scene) => rebuilds(scene, short ? 1 : 10));
    await add('poison', (scene) => poison(scene, short ? 2_000 : 100_000));
    await add('takeover', (scene) => takeover(scene, short ? 2 : 50));
    const matrix = [];
    for (const [guard, experiment] of Object.entries(mutants)) {
      await add(`without-${guard}`, async (scene) => {
        const { red, why } = await experiment(scene);
        matrix.push({ guard, red, why });
        return { ok: red, red, why };
      });
    }
    if (matrix.length > 0) {
      say('Mutation matrix: a guard left out must turn the campaign red.');
      for (const { guard, red, why } of matrix) say(`  ${red ? 'red  ' : 'GREEN'}  without ${guard.padEnd(20)} ${why}`);
    }
    return { experiments, matrix };
  } finally {
    await plant.stop();
    fs.rmSync(work, { recursive: true, force: true });
  }
}
