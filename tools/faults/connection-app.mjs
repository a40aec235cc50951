/**
 * An app of the campaign `connection`, as a process of its own. As an api it appends commands to streams that it shares with the other, each
 * command until its outcome is known; as a worker it follows the log. It reports to its parent and ends only when it is told to.
 */
import { randomUUID } from 'node:crypto';
import { Conflict, EventStore, StoreUnavailable } from '#platform/store/event-store';
import { BEFORE_ALL, logReader } from '#platform/store/log-reader';
import { sleep } from './parts.mjs';

const [role, url, healthy, name] = process.argv.slice(2);
const LIMIT_MS = 2_000;
const WRITERS = 12;
const store = new EventStore(url, LIMIT_MS);
let stopping = false;
const tell = (message) => process.send(message);
store.connection.watch({ lost: ({ reason }) => tell({ lost: reason }), found: (_, lostMs) => tell({ found: lostMs }) });
process.on('message', () => (stopping = true));

const metadata = (commandId) => ({ commandId, actor: name, schema: 1 });

/** As commands are carried out: look, decide, append; after an unknown outcome look again. */
async function command(stream, seen) {
  const commandId = randomUUID();
  const event = { type: 'Counted', data: { by: name, text: 'x'.repeat(150) }, metadata: metadata(commandId) };
  for (let tries = 0; ; tries++) {
    const begun = Date.now();
    try {
      if (!seen.sure) {
        const past = await store.read(stream, seen.revision + 1n);
        const mine = past.find(({ metadata: { commandId: id } }) => id === commandId);
        seen.revision = past.at(-1)?.revision ?? seen.revision;
        seen.sure = true;
        if (mine) return tell({ ack: commandId, stream, revision: String(mine.revision), at: Date.now() });
      }
      const { revision } = await store.append(stream, seen.revision, [event]);
      seen.revision = revision;
      return tell({ ack: commandId, stream, revision: String(revision), at: Date.now() });
    } catch (error) {
      seen.sure = false;
      const ms = Date.now() - begun;
      if (ms > LIMIT_MS + 1_500) tell({ violation: `a call took ${ms} ms` });
      if (error instanceof Conflict) continue;
      if (!(error instanceof StoreUnavailable)) tell({ violation: `${error}` });
      tell({ unknown: 1 });
      if (stopping && tries > 20) return tell({ violation: `no outcome for ${commandId}` });
    }
  }
}

async function api() {
  const other = new EventStore(healthy, LIMIT_MS);
  const shared = [...Array(WRITERS).keys()].map(async (n) => {
    const seen = { revision: -1n, sure: false };
    while (!stopping) {
      await command(`shared-${n}`, seen);
      await sleep(10 + Math.random() * 20);
    }
  });
  const theirs = (async () => {
    for (let revision = -1n; !stopping;) {
      try {
        ({ revision } = await other.append(`healthy-${name}`, revision, [{ type: 'Counted', data: {}, metadata: metadata(randomUUID()) }]));
      } catch (error) {
        tell({ foreign: `${error} ${error.cause ?? ''}` });
        revision = (await other.readBackwards(`healthy-${name}`, 1))[0]?.revision ?? -1n;
      }
      await sleep(5);
    }
  })();
  await Promise.all([...shared, theirs]);
  await other.close();
}

async function worker() {
  const log = logReader(store.connection, { timeoutMs: LIMIT_MS });
  const seen = [];
  let after = BEFORE_ALL;
  for (let quiet = 0; !stopping || quiet < 3;) {
    try {
      const events = await log.readAll(after, 500);
      quiet = events.length === 0 ? quiet + 1 : 0;
      for (const { position, id, type } of events) {
        if (position <= after) tell({ violation: `the worker got ${position} after ${after}` });
        after = position;
        if (type === 'Counted') seen.push(id);
      }
      if (events.length < 500) await sleep(50);
    } catch {
      await sleep(20);
    }
  }
  log.close();
  tell({ seen });
}

await (role === 'api' ? api() : worker());
await store.close();
await new Promise((resolve) => process.send({ done: true }, resolve));
process.disconnect();
