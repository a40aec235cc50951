/** A worker of the views campaign: runs the engine and injects faults into itself. Options come as JSON in the first argument. */
import { createRequire } from 'node:module';
import { chance, exampleViews } from '#platform/testing/view-examples';
import { logReader } from '#platform/store/log-reader';
import { runViews } from '#platform/views/engine';

const { EventStoreDBClient } = createRequire(import.meta.url)('@eventstore/db-client');
const {
  store,
  databaseUrl,
  seed,
  without,
  disturb,
  crash = 0,
  sleepAt,
  poison,
  views: names,
  shards = 1,
  ttlMs = 1_500,
  batchRows = 300,
} = JSON.parse(process.argv[2]);
const next = chance(seed);
const log = logReader(EventStoreDBClient.connectionString(store));

/** Repeats events up to five times, shuffles them within a window of 50, and rereads earlier events. */
let before = [];
const disturbed = {
  ...log,
  async readAll(after, max) {
    const events = await log.readAll(after, max);
    if (events.length === 0) return events;
    const again = before.filter(({ position }) => position <= after).slice(-next(20));
    const delivered = [...again, ...events.flatMap((event) => Array(1 + next(5)).fill(event))];
    for (let i = 0; i < delivered.length; i++) {
      const j = Math.min(delivered.length - 1, i + next(50));
      [delivered[i], delivered[j]] = [delivered[j], delivered[i]];
    }
    before = events;
    return delivered;
  },
};

let slept = false;
/** Throws or dies at random with a given probability; or sleeps once, until it is woken. */
function failpoint(at, table) {
  if (sleepAt && at === sleepAt.at && table.startsWith(sleepAt.table) && !slept && next(sleepAt.oneIn) === 0) {
    slept = true;
    process.stdout.write('ASLEEP\n');
    return new Promise((resolve) => setTimeout(() => (process.kill(process.pid, 'SIGSTOP'), resolve()), 20));
  }
  // Otherwise it would fold to the end, and its rows would be right again.
  if (slept && sleepAt.thenDie && at === sleepAt.at && table.startsWith(sleepAt.table)) process.kill(process.pid, 'SIGKILL');
  if (crash === 0 || next(crash) !== 0) return undefined;
  if (next(2) === 0) throw new Error(`failpoint ${at}`);
  process.kill(process.pid, 'SIGKILL');
  return new Promise(() => undefined);
}

const views = exampleViews
  .filter(({ name }) => !names || names.includes(name))
  .map((view) => ({
    ...view,
    fold(rows, event) {
      if (poison && event.data.reason === poison) throw new Error('poisoned');
      view.fold(rows, event);
    },
  }));
const lease = { ttlMs, beatMs: ttlMs / 5 };
const options = {
  views,
  shards,
  lease,
  feed: { pageSize: 128, pollMs: 250 },
  projector: { batchRows, batchMs: 30 },
  testing: { without, failpoint },
};
for (;;) {
  try {
    const running = await runViews({ store: disturb ? disturbed : log, databaseUrl, ...options });
    process.stdout.write('READY\n');
    process.once('SIGTERM', () => void running.stop().then(() => process.exit(0)));
    break;
  } catch (error) {
    // The database may be cut off at this moment; a real app retries, too.
    process.stderr.write(`${error}\n`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
