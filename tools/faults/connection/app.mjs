/**
 * An app of the campaign `connection`. As an api it carries out commands like the real one, on streams that it shares with the other api,
 * each until its outcome is known; as a worker it follows the log. It reports to its parent and stops only on request. The parent says to
 * which address each host name resolves.
 */
import { randomUUID } from 'node:crypto';
import dns from 'node:dns';
import { Decisions } from '#platform/commands/decisions';
import { problemFrom } from '#platform/http/problem-filter';
import { EventStore } from '#platform/store/event-store';
import { BEFORE_ALL, logReader } from '#platform/store/log-reader';
import { count, send } from '#platform/testing/bin';
import { sleep } from '../parts.mjs';

const [role, url, healthy, name, resolved] = process.argv.slice(2);
const addresses = new Map(Object.entries(JSON.parse(resolved)));
const lookup = dns.promises.lookup;
dns.promises.lookup = async (host, options) =>
  addresses.has(host) ? [{ address: addresses.get(host), family: 4 }] : lookup(host, options);
const LIMIT_MS = 2_000;
/** Three appends and three reads of the stream: how long one command may wait before it answers that its outcome is unknown. */
const CALLS = 6;
/** Writers on streams that the apis share, and on streams of their own, where they never wait for each other. */
const WRITERS = { shared: 8, own: 4 };
const store = new EventStore(url, LIMIT_MS);
const decisions = new Decisions(store);
let stopping = false;
const tell = (message) => process.send(message);
store.connection.watch({ lost: ({ reason }) => tell({ lost: reason }), found: (_, lostMs) => tell({ found: lostMs }) });
process.on('message', ({ stop, host, address }) => {
  if (stop) stopping = true;
  else addresses.set(host, address);
});

const metadata = (commandId) => ({ commandId, actor: name, schema: 1 });

/** One command, carried out as in the api and sent again with its id until its outcome is known. */
async function command(binId) {
  const commandId = randomUUID();
  for (let tries = 0; ; tries++) {
    const begun = Date.now();
    try {
      const { stream, revision } = await send(decisions, count(binId, 1, { commandId }));
      return tell({ ack: commandId, stream, revision, at: Date.now() });
    } catch (error) {
      const ms = Date.now() - begun;
      if (ms > CALLS * LIMIT_MS + 1_500) tell({ violation: `a command took ${ms} ms` });
      const { status } = problemFrom(error);
      if (status !== 503) tell({ violation: `${error}` });
      tell({ unknown: 1 });
      if (stopping && tries > 20) return tell({ violation: `no outcome for ${commandId}` });
    }
  }
}

async function api() {
  const other = new EventStore(healthy, LIMIT_MS);
  const bins = (prefix, count) => [...Array(count).keys()].map((n) => `haifa.${prefix}-${n}`);
  const writers = [...bins('shared', WRITERS.shared), ...bins(name, WRITERS.own)].map(async (binId) => {
    while (!stopping) {
      await command(binId);
      await sleep(10 + Math.random() * 20);
    }
  });
  const theirs = (async () => {
    for (let revision = -1n; !stopping;) {
      try {
        ({ revision } = await other.append(`healthy-${name}`, revision, [{ type: 'Counted', data: {}, metadata: metadata(randomUUID()) }]));
      } catch (error) {
        // Before its first answer it was not healthy yet.
        if (revision >= 0n) tell({ foreign: `${error} ${error.cause ?? ''}` });
        const newest = await other.readBackwards(`healthy-${name}`, 1).catch(() => undefined);
        if (newest) revision = newest[0]?.revision ?? -1n;
      }
      await sleep(5);
    }
  })();
  await Promise.all([...writers, theirs]);
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
        if (type === 'BinCounted') seen.push(id);
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
