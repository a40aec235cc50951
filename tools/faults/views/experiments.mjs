/** The faults: each experiment disturbs the workers of its scene, then checks the result. */
import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { exampleViews, plantEvents } from '#platform/testing/view-examples';
import { inspectParked, listParked, retryParked } from '#platform/views/parking';
import { rebuild } from '#platform/views/tables';
import { jsonEvent, quantile, sleep } from '../parts.mjs';
import { allNames, until } from './scene.mjs';

/** Two workers that die at failpoints or are killed from outside, on a feed that repeats and reorders events. */
export async function crashes(scene, cycles, say) {
  let died = 0;
  let rounds = 0;
  const wrong = [];
  const perRound = 20;
  while (died < cycles) {
    const target = Math.min(cycles, died + perRound);
    while (died < target) {
      while (scene.workers.size < 2 && died + scene.workers.size < target + 1) scene.start({ disturb: true, crash: 25, shards: 2 });
      await scene.append(15);
      if (scene.random(4) === 0) [...scene.workers][0]?.child.kill('SIGKILL');
      const ended = [...scene.workers].map(({ ended }) => ended);
      await Promise.race([...ended, sleep(1_500)]);
      await sleep(5);
      const gone = ended.length - scene.workers.size;
      died += Math.max(0, gone);
    }
    rounds++;
    const verdict = await scene.verdict({ shards: 2 });
    if (!verdict.equal) wrong.push({ round: rounds, ...verdict });
    if (rounds % 5 === 0) say(`       ${died} crashes, ${rounds} rounds, ${wrong.length} wrong`);
  }
  return { ok: wrong.length === 0, crashes: died, rounds, wrong };
}

/** A worker stops in the middle of a batch for longer than its lease, another takes over, then it wakes. */
export async function sleepers(scene, times) {
  const wrong = [];
  for (let i = 0; i < times; i++) {
    const at = ['admitted', 'written', 'before-commit'][i % 3];
    const sleeper = scene.start({ sleepAt: { at, table: 'machine_now', oneIn: 1 }, batchRows: 20, ttlMs: 800 });
    await sleeper.said('READY');
    await scene.append(30);
    await sleeper.said('ASLEEP');
    const heir = scene.start({ ttlMs: 800 });
    await heir.said('READY');
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) wrong.push(`${at}: no worker took over`);
    sleeper.child.kill('SIGCONT');
    await scene.append(20);
    await sleep(400);
    const verdict = await scene.verdict();
    if (!verdict.equal) wrong.push({ at, ...verdict });
  }
  return { ok: wrong.length === 0, slept: times, wrong };
}

/** A proxy that breaks connections on request. */
export async function proxy(port, onBytes) {
  const sockets = new Set();
  let answersLost = 0;
  const server = net.createServer((incoming) => {
    const outgoing = net.connect(port, '127.0.0.1');
    const close = () => (incoming.destroy(), outgoing.destroy());
    for (const socket of [incoming, outgoing]) {
      sockets.add(socket);
      socket.on('error', close).on('close', () => (sockets.delete(socket), close()));
    }
    incoming.on('data', (bytes) => {
      const what = onBytes?.(bytes);
      if (what === 'unsent') return close();
      if (what === 'unanswered') {
        answersLost++;
        outgoing.removeAllListeners('data');
        outgoing.on('data', close);
      }
      outgoing.write(bytes);
    });
    outgoing.on('data', (bytes) => incoming.write(bytes));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: server.address().port,
    unanswered: () => answersLost,
    cut: () => sockets.forEach((socket) => (socket.resetAndDestroy ? socket.resetAndDestroy() : socket.destroy())),
    mute: () => sockets.forEach((socket) => socket.pause()),
    close: () => (sockets.forEach((socket) => socket.destroy()), server.close()),
  };
}

export async function cutCommits(scene, wanted) {
  let cuts = 0;
  let armed = false;
  const url = new URL(scene.url);
  const between = await proxy(Number(url.port), (bytes) => {
    if (!armed || cuts >= wanted || !bytes.includes('COMMIT\0') || scene.random(4) > 0) return undefined;
    cuts++;
    return cuts % 2 === 0 ? 'unsent' : 'unanswered';
  });
  url.port = String(between.port);
  const one = scene.start({ databaseUrl: url.href, batchRows: 30 });
  await one.said('READY');
  armed = true;
  for (const end = Date.now() + 120_000; cuts < wanted && Date.now() < end;) await scene.append(10);
  const caughtUp = await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  between.close();
  const verdict = await scene.verdict();
  return { ok: caughtUp && verdict.equal && cuts >= wanted, cuts, unanswered: between.unanswered(), ...verdict };
}

/** The store's connections are reset, or hang, while events are written; measures how long until views continue. */
export async function droppedSubscriptions(scene, times) {
  const between = await proxy(scene.plant.node.port);
  const one = scene.start({ store: `esdb://127.0.0.1:${between.port}?tls=false&keepAliveInterval=10000&keepAliveTimeout=2000` });
  await one.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  const recoveries = [];
  for (let i = 0; i < times; i++) {
    await scene.append(5);
    between.cut();
    await scene.append(5);
    const begun = Date.now();
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) break;
    recoveries.push(Date.now() - begun);
  }
  // The final check bypasses the proxy, so its connection lasts.
  const verdict = await scene.verdict();
  between.close();
  const slowest = Math.max(0, ...recoveries);
  return {
    ok: verdict.equal && recoveries.length === times && slowest <= 5_000,
    drops: recoveries.length,
    slowestMs: slowest,
    p50Ms: quantile(recoveries, 0.5),
    ...verdict,
  };
}

/** Two views are rebuilt at once, under writes, reads and a crash of the worker; no read may fail. */
export async function rebuilds(scene, times) {
  const one = scene.start();
  await one.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  let stopped = false;
  let readsDone = 0;
  const failed = [];
  const reading = (async () => {
    while (!stopped) {
      await scene.pool.query('SELECT count(*), sum(good) FROM order_board').then(
        () => readsDone++,
        (error) => failed.push(String(error)),
      );
      await sleep(1);
    }
  })();
  const writing = (async () => {
    while (!stopped) {
      await scene.append(5);
      await sleep(20);
    }
  })();
  const named = (name) => exampleViews.find((view) => view.name === name);
  let switches = 0;
  for (let i = 0; i < times; i++) {
    const tables = await Promise.all(['order-board', 'order-board', 'lot-stock'].map((name) => rebuild(scene.pool, named(name), 1)));
    if (tables[0].table !== tables[1].table) failed.push('two rebuilds of one view ran at once');
    [...scene.workers].forEach(({ child }) => child.kill('SIGKILL'));
    scene.start();
    await until(
      async () => {
        const live = (await scene.reads.lag()).filter(({ status }) => status === 'live').map(({ table }) => table);
        return tables.every(({ table }) => live.includes(table));
      },
      60_000,
      'the switch',
    );
    switches += 2;
  }
  stopped = true;
  await Promise.all([reading, writing]);
  const verdict = await scene.verdict();
  return {
    ok: verdict.equal && failed.length === 0,
    switches,
    reads: readsDone,
    failedReads: failed.length,
    failed: failed.slice(0, 3),
    ...verdict,
  };
}

export const POISON = 'reactor on fire';

/** One bad event among many: its stream is parked in order, all others continue; after the fold is fixed and retried, the rows are equal. */
export async function poison(scene, count) {
  const machineId = 'haifa.M9999';
  const stream = `machine-${machineId}`;
  const stop = (reason) => ({ type: 'MachineStopped', data: { machineId, reason } });
  for (let left = count; left > 0; left -= 500) {
    if (left <= count / 2 && !scene.poisoned) {
      scene.poisoned = true;
      await scene.plant.write(stream, stop('before'));
      await scene.plant.write(stream, stop(POISON));
      for (let i = 0; i < 5; i++) await scene.plant.write(stream, stop(`after ${i}`));
    }
    const events = plantEvents(++scene.plant.seed, Math.min(500, left), 1_000);
    const positions = await Promise.all(
      events.map(({ stream: s, event }) =>
        scene.plant.client.appendToStream(s, jsonEvent({ id: randomUUID(), ...event, metadata: { schema: 1 } })),
      ),
    );
    for (const { position } of positions) if (position.commit > scene.plant.head) scene.plant.head = position.commit;
  }
  const sick = scene.start({ poison: POISON, batchRows: 5_000 });
  await sick.said('READY');
  const flowed = await scene.reads.waitFor(allNames, scene.plant.head, 600_000);
  const parked = await listParked(scene.pool);
  const queue = parked[0] ? await inspectParked(scene.pool, parked[0].table, parked[0].partition) : [];
  await sick.kill('SIGTERM');
  const well = scene.start();
  await well.said('READY');
  for (const { table, partition } of parked) await retryParked(scene.pool, table, partition);
  await until(async () => (await listParked(scene.pool)).length === 0, 30_000, 'the queue is folded');
  const [machine] = (await scene.pool.query('SELECT stops, reason FROM machine_now WHERE "machineId" = $1', [machineId])).rows;
  const verdict = await scene.verdict();
  const inOrder = queue.length === 6 && queue.every(({ revision }, i) => revision === BigInt(i + 1));
  return {
    ok: flowed && parked.length === 1 && inOrder && machine?.stops === 7 && machine.reason === 'after 4' && verdict.equal,
    events: count,
    parked: parked.length,
    queued: queue.length,
    ...verdict,
  };
}

/** How long until another worker commits after the owner of all leases was killed. */
export async function takeover(scene, times) {
  const times_ = [];
  let owner = scene.start({ ttlMs: 1_500, shards: 1 });
  await owner.said('READY');
  await scene.reads.waitFor(allNames, scene.plant.head, 30_000);
  for (let i = 0; i < times; i++) {
    const heir = scene.start({ ttlMs: 1_500, shards: 1 });
    await heir.said('READY');
    await sleep(1_200);
    await owner.kill();
    const killed = Date.now();
    await scene.append(1);
    if (!(await scene.reads.waitFor(allNames, scene.plant.head, 20_000))) break;
    times_.push(Date.now() - killed);
    owner = heir;
  }
  const verdict = await scene.verdict();
  const slowest = Math.max(0, ...times_);
  return {
    ok: verdict.equal && times_.length === times && slowest <= 3_000,
    kills: times_.length,
    p50Ms: quantile(times_, 0.5),
    slowestMs: slowest,
    ...verdict,
  };
}
