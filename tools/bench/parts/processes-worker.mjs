/** The process engine with one synthetic process, for tools/bench/processes.mjs. */
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

const { at, database } = JSON.parse(process.env.BENCH);
const store = new EventStore(at);
const pool = openPool(database, 'bench');
const decisions = new Decisions(store);

class RecordBeat extends Command {}
Allow('operator')(RecordBeat);
const beat = {
  category: 'beat',
  initial: 0,
  id: ({ beatId }) => beatId,
  evolve: (count) => count + 1,
  decide: { RecordBeat: ({ beatId, sentAt }) => [{ type: 'BeatRecorded', data: { beatId, sentAt } }] },
};
const whenPulseSeenBeat = {
  name: 'when-pulse-seen-beat',
  initial: { seen: 0, id: '' },
  events: ['PulseSeen'],
  correlate: ({ data }) => data.id,
  evolve: ({ seen, id }, { data }) => (data.idle ? { seen, id } : { seen: seen + 1, id: data.id ?? id }),
  react: ({ id }, { type, data }, floorTime) => {
    // A pulse can request its beat for a later time.
    if (type === 'TimerFired') return [{ send: { type: 'RecordBeat', data: { beatId: id, sentAt: Date.parse(data.dueAt) } } }];
    if (type !== 'PulseSeen' || data.quiet || data.idle) return [];
    if (data.beatAt) return [{ remind: 'beat', at: data.beatAt }];
    return [
      { send: { type: 'RecordBeat', data: { beatId: data.id, sentAt: data.sentAt } } },
      ...(data.remind ? [{ remind: 'later', at: new Date(Date.parse(floorTime) + 3_600_000).toISOString() }] : []),
    ];
  },
};

// Definitions of a product are in modules of few files; this one gets the fingerprint of all code, which takes 50 ms once.
dist('platform/runtime/build').codeOf(whenPulseSeenBeat, require.resolve('../../../dist/libs/platform/processes/memory.js'));

let latencies = [];
setInterval(() => {
  if (latencies.length > 0) process.send({ latencies });
  latencies = [];
}, 5);
const runner = new ProcessRunner({
  store,
  pool,
  processes: [whenPulseSeenBeat],
  targetOf: ({ data }) => data.beatId,
  log: (fault, error) => console.error(fault, error),
  send: async ({ type, data }, { commandId, facilities, ...cause }) => {
    const principal = { actor: cause.actor, roles: ['process'], scopes: [...facilities] };
    const receipt = await inContext({ ...cause, principal }, () =>
      decisions.run(beat, type, Object.assign(new RecordBeat(), data, { commandId })),
    );
    latencies.push(Date.now() - data.sentAt);
    return receipt;
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
    process.send({ answer: ask, value: { rss: Math.round(process.memoryUsage().rss / 2 ** 20), cpuMs: (user + system) / 1_000 } });
  }
  if (ask === 'stop') {
    await runner.stop();
    await pool.end();
    await store.close();
    process.exit(0);
  }
});
