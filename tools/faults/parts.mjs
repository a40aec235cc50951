/** Shared by the campaigns: seeded random numbers, a node as a separate app, and writers that keep a ledger of acknowledged events. */
import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const { EventStoreDBClient, jsonEvent, START, FORWARDS } = createRequire(import.meta.url)('@eventstore/db-client');
const main = fileURLToPath(new URL('../../dist/apps/event-store/main.js', import.meta.url));

/** Random numbers from 0 to 1 that depend only on the seed (mulberry32). */
export function chance(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
export const quantile = (values, q) => [...values].sort((a, b) => a - b)[Math.min(values.length - 1, Math.floor(values.length * q))] ?? 0;

/** Runs the experiments of a campaign in a work folder of their own, and says how each ended. `only`: those whose name starts with it. */
export async function experimentsIn(campaign, { say, only }, body) {
  const work = mkdtempSync(join(tmpdir(), `faults-${campaign}-`));
  const experiments = [];
  const add = async (name, experiment) => {
    if (only && !name.startsWith(only)) return;
    // What throws is broken; the others still run.
    const result = {
      name,
      ...(await (async () => experiment())().catch((error) => ({ ok: false, error: String(error?.stack ?? error) }))),
    };
    experiments.push(result);
    say(`${result.ok ? 'ok    ' : 'BROKEN'} ${JSON.stringify(result)}`);
  };
  try {
    return { experiments, ...(await body(add, work)) };
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Starts a node as a separate app; resolves when it serves. */
export const startProcess = (dataDir, ...flags) =>
  listening(spawn(process.execPath, [main, '--port', '0', '--data-dir', dataDir, ...flags], { stdio: ['ignore', 'pipe', 'pipe'] }));

/** Resolves with the child once it has printed `LISTENING <port>`. */
export async function listening(child) {
  const begun = performance.now();
  let complaint = '';
  child.stderr?.on('data', (bytes) => (complaint += bytes));
  const port = await new Promise((resolve, reject) => {
    let line = '';
    child.stdout.on('data', (bytes) => {
      line += bytes;
      const found = /^LISTENING (\d+)/.exec(line);
      if (found) resolve(Number(found[1]));
    });
    child.once('exit', (code, signal) => reject(new Error(complaint.trim() || `the node ended with ${code ?? signal}`)));
  });
  return {
    port,
    child,
    startMs: performance.now() - begun,
    complaint: () => complaint,
    connect: () => EventStoreDBClient.connectionString(`esdb://127.0.0.1:${port}?tls=false`),
    async kill(signal = 'SIGKILL') {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill(signal);
      await once(child, 'exit');
    },
  };
}

/** Settles within `ms`, or the outcome is unknown: a client may wait for ever for a server that is gone. */
export function within(ms, promise) {
  let timer;
  const late = new Promise((_, reject) => (timer = setTimeout(() => reject(new Error('no answer in time')), ms)));
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}

/**
 * Writers that append to their own streams, one write at a time, and record each acknowledgement. An unanswered write is repeated with the
 * same ids until it is answered.
 */
export class Writers {
  acked = new Map();
  sent = new Set();
  unknown = 0;
  refused = [];
  violations = [];
  #stopped = true;
  #loops = [];

  constructor(count, random, prefix = 'writer', payload = 200) {
    this.random = random;
    this.payload = 'x'.repeat(payload);
    this.writers = [...Array(count).keys()].map((i) => ({
      stream: `${prefix}-${i}`,
      next: -1n,
      byRevision: i % 2 === 0,
      pending: undefined,
    }));
  }

  start(client) {
    this.#stopped = false;
    this.#loops = this.writers.map((writer) => this.#loop(client, writer));
  }

  async stop() {
    this.#stopped = true;
    await Promise.all(this.#loops);
  }

  /** Every write has been answered. */
  get settled() {
    return this.writers.every(({ pending }) => !pending);
  }

  async #loop(client, writer) {
    while (!this.#stopped || (this.draining && writer.pending)) {
      writer.pending ??= this.#events();
      const { events } = writer.pending;
      const expectedRevision = writer.byRevision ? (writer.next < 0n ? 'no_stream' : writer.next) : 'any';
      try {
        const { nextExpectedRevision } = await within(4000, client.appendToStream(writer.stream, events, { expectedRevision }));
        this.#acknowledge(writer, events, BigInt(nextExpectedRevision));
      } catch (error) {
        if (error.type === 'wrong-expected-version') {
          this.violations.push(
            `${writer.stream}: a repeated write at ${expectedRevision} was refused, the stream is at ${error.actualVersion}`,
          );
          return;
        }
        this.unknown++;
        this.refused.push(error);
        if (this.giveUp?.(error)) return;
        await sleep(20);
        if (this.#stopped && !this.draining) return;
      }
    }
  }

  #events() {
    const events = [...Array(1 + Math.floor(this.random() * 3)).keys()].map((i) =>
      jsonEvent({ id: randomUUID(), type: 'Counted', data: { i, payload: this.payload }, metadata: { by: 'campaign' } }),
    );
    for (const { id } of events) this.sent.add(id);
    return { events };
  }

  #acknowledge(writer, events, last) {
    if (last !== writer.next + BigInt(events.length))
      this.violations.push(`${writer.stream}: acknowledged at ${last}, expected ${writer.next + BigInt(events.length)}`);
    for (const [i, { id }] of events.entries())
      this.acked.set(id, { stream: writer.stream, revision: last - BigInt(events.length - 1 - i) });
    writer.next = last;
    writer.pending = undefined;
  }
}

/** Reads everything and compares it with the ledger. */
export async function compare(client, writers, acked = writers.acked) {
  const found = { events: 0, lost: 0, doubled: 0, misplaced: 0, foreign: 0, holes: 0 };
  const seen = new Map();
  const lasts = new Map();
  for await (const { event } of client.readAll({ direction: FORWARDS, fromPosition: START })) {
    if (event.streamId.startsWith('$')) continue;
    found.events++;
    if (seen.has(event.id)) found.doubled++;
    seen.set(event.id, { stream: event.streamId, revision: event.revision });
    if (!writers.sent.has(event.id)) found.foreign++;
    if (event.revision !== (lasts.get(event.streamId) ?? -1n) + 1n) found.holes++;
    lasts.set(event.streamId, event.revision);
  }
  for (const [id, { stream, revision }] of acked) {
    const there = seen.get(id);
    if (!there) found.lost++;
    else if (there.stream !== stream || there.revision !== revision) found.misplaced++;
  }
  return found;
}

export const sound = ({ lost, doubled, misplaced, foreign, holes }) => lost + doubled + misplaced + foreign + holes === 0;
