#!/usr/bin/env node
/**
 * Takes one guard away at a time, in a copy of what was built, and runs the specs that should notice. A mutant that survives is a hole in
 * the tests. (Those of the view engine under fire: `npm run faults -- views`.) Prints the matrix; exits 1 when one survives, or when the
 * specs are red without any mutation. `node tools/mutants.mjs event-log` takes away only guards of files whose path holds that.
 */
import { spawn } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** What is taken away, where, and the specs that must turn red. `from` must stand exactly once in the built file. */
const mutants = [
  {
    without: 'the difference between positions of this log and of the one that it was copied from',
    file: 'libs/platform/processes/instance.js',
    from: 'step.copied || old ? undefined',
    to: 'old ? undefined',
    specs: 'platform/processes/instance.spec',
  },
  {
    without: 'a look at the mark of a token',
    file: 'libs/platform/queries/reads.js',
    from: 'if (own !== undefined && mark !== own)',
    to: 'if (own === mark && mark !== own)',
    specs: 'platform/views/moved-log.int-spec',
  },
  {
    without: 'a comparison of metadata that were written after the rest was compared',
    file: 'libs/platform/store/log-compare.js',
    from: 'this.unsettled.add(stream)',
    to: 'void stream',
    specs: 'platform/store/log-compare.int-spec',
  },
  {
    without: 'looking for a leader again after a failure',
    file: 'libs/platform/store/connection.js',
    from: 'await new Promise((resolve) => setTimeout(resolve, pause * (0.5 + Math.random())).unref());',
    to: 'return;',
    specs: 'platform/store/election.int-spec',
  },
  {
    without: 'a table of waiting appends for each call',
    file: 'libs/platform/store/append-calls.js',
    from: 'waiting = new Map();',
    to: 'waiting = (globalThis.bank ??= new Map());',
    specs: 'platform/store/election.int-spec',
  },
  {
    without: 'care about answers without details',
    file: 'libs/platform/store/append-message.js',
    from: "return new Error(error?.getMessage() || 'the event store answered without saying how the append ended');",
    to: "return new refusals_1.StoreRefused('bad-request', error.getDetails().getTypeName());",
    specs: 'platform/store/election.int-spec',
  },
  {
    without: 'a time limit for each append',
    file: 'libs/platform/store/append-calls.js',
    from: 'if (until > now)',
    to: 'if (until > 0)',
    specs: 'platform/store/election.int-spec',
  },
  {
    without: 'the expected revision',
    file: 'libs/platform/store/append-message.js',
    from: "if (expected === 'any')\n        at = header(",
    to: 'if (true)\n        at = header(',
    specs: 'platform/commands/decisions.int-spec',
  },
  {
    without: 'the content in the ids of events',
    file: 'libs/platform/store/append-message.js',
    from: '.update(event.data)\n        .update(event.metadata)',
    to: '',
    specs: 'platform/commands/two-apis.int-spec',
  },
  {
    without: 'the record of commands that changed nothing',
    file: 'libs/platform/commands/verdict.js',
    from: 'if (!task.repeatable)',
    to: 'if (true)',
    specs: 'platform/commands/two-apis.int-spec',
  },
  {
    without: 'the actor in what a command id means',
    file: 'libs/platform/commands/answers.js',
    from: '`${commandId} ${actor}`',
    to: 'commandId',
    specs: 'platform/commands/two-apis.int-spec',
  },
  {
    without: 'the event that a snapshot must rest on',
    file: 'libs/platform/commands/past.js',
    from: 'last?.id !== seen.lastId',
    to: 'false',
    also: [{ from: 'page[at].id === base.lastId', to: 'true' }],
    specs: 'platform/commands/past.int-spec',
  },
  {
    without: 'the build in snapshots',
    file: 'libs/platform/store/snapshots.js',
    from: 'stored.build !== (0, build_1.buildFingerprint)()',
    to: 'false',
    specs: 'platform/commands/past.int-spec',
  },
  {
    without: 'the search behind the filters',
    file: 'libs/platform/commands/past.js',
    from: 'stretches.length > 0',
    to: 'false',
    specs: 'platform/commands/past.int-spec',
  },
  {
    without: 'the business revision',
    file: 'libs/platform/commands/stream-memory.js',
    from: 'if ((0, event_1.isBookkeeping)(event))\n            continue;',
    to: 'if ((0, event_1.isBookkeeping)(event)) { facts = event; continue; }',
    specs: 'platform/commands/two-apis.int-spec',
  },
  {
    without: 'the answer of the first try',
    file: 'libs/platform/commands/answers.js',
    from: 'this.recent.get(keyOf(actor, commandId))',
    to: 'undefined',
    specs: 'platform/commands/decisions.int-spec',
  },
  {
    without: 'the scope check of commands',
    file: 'libs/platform/security/access.js',
    from: "principal.scopes.includes('*') || principal.scopes.includes(scope)",
    to: 'true',
    specs: 'platform/commands/decisions.int-spec',
  },
  {
    without: 'the outcome that is recorded before anything follows from it',
    file: 'libs/platform/processes/instance-run.js',
    from: 'await this.append(heard ? [recorded, heard] : [recorded]);',
    to: 'this.keep({ ...after, answers: [], revision: this.instance.revision });',
    specs: 'platform/processes/processes.int-spec -t=never.asks.again',
  },
  {
    without: 'the checkpoint that waits for the first unfinished input',
    file: 'libs/platform/processes/low-water.js',
    from: 'this.head < this.entries.length ? this.entries[this.head].before : this.seen',
    to: 'this.seen',
    specs: 'platform/processes/(low-water|kills)',
  },
  {
    without: 'the row of a timer that stays until all is done that its step requested',
    file: 'libs/platform/processes/instance-run.js',
    from: 'async settle() {',
    to: 'async settle() {\n        if (this.unsynced) await this.syncTimers();',
    specs: 'platform/processes/kills.int-spec -t=action.of.a.timer',
  },
  {
    without: 'the record of inputs that come while a timer is open',
    file: 'libs/platform/processes/instance-run.js',
    from: 'idle: !changes && Object.keys(instance.timers).length === 0',
    to: 'idle: !changes',
    specs: 'platform/processes/processes.int-spec -t=other.than.between.timers',
  },
  {
    without: 'parking',
    file: 'libs/platform/processes/instance-run.js',
    from: 'if (lasting && (this.at ?? (0, step_input_1.atItem)(item)))',
    to: 'if (false)',
    specs: 'platform/processes/parking.int-spec -t=is.parked.with.everything',
  },
  {
    without: 'the revision guard as it was at the checkpoint',
    file: 'libs/platform/views/part.js',
    from: 'const guard = this.guard.stored;',
    to: 'const guard = { toString: () => this.guard.stored, toPostgres: () => this.guard.stored };',
    specs: 'platform/views/faults.int-spec -t=before-commit',
  },
  {
    without: 'the rows in memory that the next batch may have changed',
    file: 'libs/platform/views/memory.js',
    from: 'this.#old = this.#young;',
    to: 'this.#old = new Map();',
    specs: 'platform/views/memory',
  },
  {
    without: 'the end of a lease whose worker is silent',
    file: 'libs/platform/views/leases.js',
    from: 'AND (owner IS NULL OR until < now()) ORDER BY',
    to: 'AND owner IS NULL ORDER BY',
    specs: 'platform/views/two-workers.int-spec -t=slept.through.its.lease',
  },
  {
    without: 'constraints that are tried before COMMIT',
    file: 'libs/platform/views/trials.js',
    from: "await client.query('SET CONSTRAINTS ALL IMMEDIATE');",
    to: '',
    specs: 'platform/views/parking.int-spec -t=refuses.only.at.COMMIT',
  },
  {
    without: 'the look at what moved before a change is told, whoever sent NOTIFY',
    file: 'libs/platform/views/changes.js',
    from: 'if (moved.length === 0)',
    to: 'if (false)',
    specs: 'platform/views/two-workers.int-spec -t=only.a.reason.to.look',
  },
  {
    without: 'the end of an older log under a newer view',
    file: 'libs/platform/views/guard.js',
    from: 'if (newest && end < newest.position)',
    to: 'if (false)',
    specs: 'platform/views/switch.int-spec -t=restored.from.an.older.copy',
  },
  {
    without: 'the frames that are used again only once they have left',
    file: 'libs/event-log/wire/outlet.js',
    from: 'this.stream.write(bytes, (error) => error ?? giveBack(bytes))',
    to: '(giveBack(bytes), this.stream.write(bytes))',
    specs: 'event-log/wire/outlet -t=slow.readers.whole',
  },
  {
    without: 'the wait for a file that is being extended',
    file: 'libs/event-log/log/segments.js',
    from: 'const room = end <= this.allocated || !this.extending;',
    to: 'const room = true;',
    specs: 'event-log/log/segments.int-spec',
  },
  {
    without: 'the same-transaction checkpoint',
    file: 'libs/platform/views/part.js',
    from: 'if (this.place.testing.without?.sameTransaction)',
    to: 'if (true)',
    also: [{ from: 'if (!this.place.testing.without?.sameTransaction)', to: 'if (false)' }],
    specs: 'platform/views/faults.int-spec',
  },
  {
    without: 'the scope check of reads',
    file: 'libs/platform/queries/reads.js',
    from: "scopes.includes('*') ? null : scopes",
    to: 'null',
    specs: 'api/test/reads.e2e-spec',
  },
  {
    without: 'the checksum of stored events',
    file: 'libs/event-log/log/frame.js',
    from: 'buffer.readUInt32LE(at + 4) !== (0, node_zlib_1.crc32)(buffer.subarray(at + 8, at + length - exports.TRAILER))',
    to: 'false',
    specs: 'event-log/log/damage.int-spec',
  },
  {
    without: 'the end of a write that recovery waits for',
    file: 'libs/event-log/log/recovery.js',
    from: 'if (!frame.lastOfWrite)',
    to: 'if (false)',
    specs: 'event-log/log/damage.int-spec',
  },
  {
    without: 'the index that tells a frame from bytes like one',
    file: 'libs/event-log/log/log.js',
    from: 'this.reached.get(reader) === offset',
    to: 'true',
    specs: 'event-log/log/damage.int-spec',
  },
  {
    without: 'idempotence by event id',
    file: 'libs/event-log/log/appends.js',
    from: 'this.ids.get(event.id)',
    to: 'undefined',
    specs: 'event-log/log/log.int-spec -t=a.repeated.append',
  },
  {
    without: 'a second look at retention before a scavenge drops',
    file: 'libs/event-log/log/scavenge.js',
    from: 'last && !mayGo(last, retention)',
    to: 'false',
    specs: 'event-log/log/scavenge.int-spec',
  },
  {
    without: 'the lock of the data directory',
    file: 'libs/event-log/node.js',
    from: 'await (0, lock_1.lockDirectory)(dataDir)',
    to: 'async () => undefined',
    specs: 'event-log/log/lock.int-spec',
  },
  {
    without: 'the look at how an append ended',
    file: 'libs/event-log/services/streams.js',
    from: '(0, call_inside_1.brokenOff)(call)',
    to: 'false',
    specs: 'contract/hostile-connections -t=vanish',
  },
  {
    without: 'the end of the log as it was when a page was read',
    file: 'libs/event-log/services/read.js',
    from: 'next = page.next ?? Math.max(next, end)',
    to: 'next = page.next ?? Math.max(next, log.end)',
    specs: 'contract/subscriptions.int-spec -t=lose.nothing',
  },
].filter(({ file }) => file.includes(process.argv[2] ?? ''));

/** Two at a time: each in a copy of its own. */
const WORKERS = 2;
const copies = Array.from({ length: Math.min(WORKERS, mutants.length) }, () => mkdtempSync(join(tmpdir(), 'plantlog-mutants-')));

/** Runs specs in a copy; resolves with the exit code and what they said. */
const run = (copy, specs) =>
  new Promise((resolve) => {
    const jest = join(copy, 'node_modules/jest/bin/jest.js');
    const child = spawn(process.execPath, [jest, '-i', '--silent', '--forceExit', ...specs.split(' ')], {
      cwd: copy,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (part) => (said = (said + part).slice(-3_000)));
    const timer = setTimeout(() => child.kill('SIGKILL'), 300_000);
    child.once('exit', (status) => (clearTimeout(timer), resolve({ status, said })));
  });

/** Takes from the list until it is empty, one worker for each copy. */
const share = (items, work) => {
  const left = [...items];
  return Promise.all(
    copies.map(async (copy) => {
      for (let item = left.shift(); item !== undefined; item = left.shift()) await work(copy, item);
    }),
  );
};

async function walk(copy, { without, file, from, to, specs, also = [] }) {
  const path = join(copy, 'dist', file);
  const original = readFileSync(path, 'utf8');
  let text = original;
  for (const change of [{ from, to }, ...also]) {
    if (text.split(change.from).length !== 2) throw new Error(`${file} does not hold exactly once: ${change.from}`);
    text = text.replace(change.from, () => change.to);
  }
  writeFileSync(path, text);
  const { status } = await run(copy, specs);
  writeFileSync(path, original);
  const noticed = status !== 0;
  if (!noticed) holes += 1;
  console.log(`${noticed ? 'red  ' : 'GREEN'}  without ${without}: ${specs} ${noticed ? 'notices' : 'DOES NOT NOTICE'}`);
}

let holes = 0;
try {
  for (const copy of copies) {
    for (const entry of ['dist', 'package.json', 'jest.config.js', 'tools', 'migrations'])
      cpSync(join(root, entry), join(copy, entry), { recursive: true });
    symlinkSync(realpathSync(join(root, 'node_modules')), join(copy, 'node_modules'));
  }
  await share(new Set(mutants.map((mutant) => mutant.specs)), async (copy, specs) => {
    const { status, said } = await run(copy, specs);
    console.log(`${status === 0 ? 'green' : 'RED  '}  nothing taken away: ${specs}`);
    if (status === 0) return;
    console.log(said);
    holes += 1;
  });
  await share(mutants, walk);
} finally {
  for (const copy of copies) rmSync(copy, { recursive: true, force: true });
}
console.log(`${mutants.length - holes} passed, ${holes} failed`);
process.exitCode = holes ? 1 : 0;
