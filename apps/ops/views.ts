import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Command } from 'commander';
import { Pool } from 'pg';
import { EventStore } from '#platform/store/event-store';
import { listParked, retryParked } from '#platform/views/parking';
import { firstAfterIn, ViewReads, type ViewLag } from '#platform/views/progress';
import type { AnyView } from '#platform/views/shape';
import { rebuild } from '#platform/views/tables';
import { verifyView } from '#platform/views/verify';
import { logReader } from '#platform/store/log-reader';
import { OPERATIONS_STREAM, skipAndRecord } from '#platform/views/skip';
import { views } from '#slices';
import { openApplication, operator } from './application';
import { configOf, type Whereabouts } from './system';
import { brief, PlainFault, Progress, say, sayJson, table } from './terminal';

type Flags = Whereabouts & { json?: boolean; noWait?: boolean; wait?: boolean; reason?: string; view?: string };
type Parts = Readonly<{ pool: Pool; store: EventStore; reads: ViewReads }>;

/** PostgreSQL and the event store, with every slice's upcasts known. */
async function withParts<T>(flags: Flags, work: (parts: Parts) => Promise<T>): Promise<T> {
  const config = configOf(flags);
  const app = await openApplication(config);
  const pool = app.get(Pool);
  const reads = new ViewReads(pool, config.DATABASE_URL!);
  try {
    return await work({ pool, store: app.get(EventStore), reads });
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === 'ECONNREFUSED' || code === '57P03') throw new PlainFault('PostgreSQL does not answer; is the system running?');
    if (code === '42P01') throw new PlainFault('There are no views yet. The worker creates them when it first runs.');
    throw error;
  } finally {
    await reads.close();
    await app.close();
  }
}

/** @throws PlainFault */
function viewNamed(name: string): AnyView {
  const view = views.find((known) => known.name === name);
  if (view) return view;
  throw new PlainFault(`Unknown view ${brief(name)}; known: ${views.map((known) => known.name).join(', ')}.`, 64);
}

async function list(flags: Flags, lagOnly: boolean): Promise<void> {
  await withParts(flags, async ({ reads, store }) => {
    const head = await store.head();
    const rows = (await reads.lag(firstAfterIn(store))).filter(({ status }) => !lagOnly || status === 'live' || status === 'building');
    if (flags.json) return sayJson({ head, views: rows });
    const seconds = ({ seconds: age }: ViewLag) => (age === null ? '–' : age.toFixed(1));
    say(
      table(
        [
          ['view', 'table', 'status', 'position', 'seconds behind', 'events', 'parked', ''],
          ...rows.map((row) => [
            row.view,
            row.table,
            row.status,
            String(row.position),
            seconds(row),
            String(row.events),
            String(row.parked),
            row.stoppedBecause ?? '',
          ]),
        ],
        [3, 4, 5, 6],
      ),
    );
    say(`The log ends at ${head}.`);
  });
}

async function rebuildView(name: string, flags: Flags): Promise<void> {
  const view = viewNamed(name);
  await withParts(flags, async ({ pool, reads }) => {
    const tables = async () => (await reads.lag()).filter((row) => row.view === view.name);
    const { rows } = await pool.query<{ shards: number }>(`SELECT shards FROM view_tables WHERE view = $1 AND status = 'live'`, [
      view.name,
    ]);
    const built = await rebuild(pool, view, rows[0]?.shards ?? 1);
    if (flags.wait === false) return flags.json ? sayJson(built) : say(`${built.table} is being built; \`views lag\` shows its progress.`);
    const progress = new Progress();
    for (;;) {
      const now = await tables();
      const own = now.find((row) => row.table === built.table);
      const live = now.find((row) => row.status === 'live');
      if (!own) throw new PlainFault(`${built.table} was replaced by another build.`);
      if (own.status === 'stopped') throw new PlainFault(`${built.table} could not be built: ${own.stoppedBecause ?? ''}`);
      if (own.status === 'live') {
        progress.end();
        return flags.json ? sayJson(own) : say(`${built.table} is live, with ${own.events} events.`);
      }
      progress.show(`building ${built.table}`, Number(own.events), Number(live?.events ?? own.events));
      await sleep(250);
    }
  });
}

async function verify(name: string | undefined, flags: Flags): Promise<void> {
  const wanted = name === undefined ? views : [viewNamed(name)];
  await withParts(flags, async ({ pool, store }) => {
    const progress = new Progress();
    const results = [];
    try {
      for (const [index, view] of wanted.entries()) {
        progress.show(`verifying ${view.name}`, index, wanted.length);
        results.push(
          await verifyView({ view, pool, log: logReader(store.connection), upcasts: store.upcasts, operationsStream: OPERATIONS_STREAM }),
        );
      }
    } finally {
      progress.end();
    }
    if (flags.json) sayJson(results);
    else {
      for (const { view, table: checked, equal, rows, position, leftOut, firstDifference } of results) {
        say(
          `${equal ? '=' : 'DIFFERS'}  ${view}  ${checked}  ${rows} rows at ${position}${leftOut > 0 ? `, ${leftOut} events left out` : ''}`,
        );
        if (firstDifference)
          say(
            `   ${firstDifference.key}: ${firstDifference.columns.join(', ')}\n   table ${brief(firstDifference.table, 200)}\n   log   ${brief(firstDifference.log, 200)}`,
          );
      }
    }
    if (results.some(({ equal }) => !equal)) throw new PlainFault('', 2);
  });
}

async function parked(flags: Flags): Promise<void> {
  await withParts(flags, async ({ pool }) => {
    const found = await listParked(pool, flags.view);
    if (flags.json) return sayJson(found);
    if (found.length === 0) return say('Nothing is parked.');
    say(
      table(
        [
          ['table', 'partition', 'waiting', 'since', 'event', 'why'],
          ...found.map(({ table: of, partition, waiting, since, head }) => [
            of,
            partition,
            String(waiting),
            since,
            `${head.type} ${head.position}`,
            brief(head.error, 80),
          ]),
        ],
        [2],
      ),
    );
  });
}

async function retry(of: string, partition: string, flags: Flags): Promise<void> {
  await withParts(flags, async ({ pool }) => {
    if (!(await retryParked(pool, of, partition))) throw new PlainFault(`The partition ${partition} of ${of} is not parked.`);
    say('The worker retries it.');
  });
}

async function skip(of: string, partition: string, flags: Flags): Promise<void> {
  const { reason } = flags;
  if (!reason || reason.trim().length < 3) throw new PlainFault('Give a reason for the auditor: --reason "…".', 64);
  await withParts(flags, async ({ pool, store }) => {
    const head = await skipAndRecord(pool, store, { table: of, partition, reason, actor: operator().actor, correlationId: randomUUID() });
    if (!head) throw new PlainFault(`The partition ${partition} of ${of} is not parked.`);
    say(`Skipped ${head.type} at ${head.position}; the decision is recorded in the log.`);
  });
}

export function addViewCommands(program: Command): void {
  const group = program.command('views').description('operate the read models');
  const json = (command: Command) => command.option('--json', 'print one JSON document');
  json(group.command('list').description('every table of every view')).action((_: unknown, command: Command) =>
    list(command.optsWithGlobals(), false),
  );
  json(group.command('lag').description('how far the views are behind')).action((_: unknown, command: Command) =>
    list(command.optsWithGlobals(), true),
  );
  json(group.command('rebuild').description('rebuild a view beside its live table, which it replaces when it has caught up'))
    .argument('<view>')
    .option('--no-wait', 'do not wait until it is live')
    .action((name: string, _: unknown, command: Command) => rebuildView(name, command.optsWithGlobals()));
  json(group.command('verify').description('compare tables with a second fold of the log'))
    .argument('[view]', 'one view; all when absent')
    .action((name: string | undefined, _: unknown, command: Command) => verify(name, command.optsWithGlobals()));
  const held = group.command('parked').description('partitions parked behind events that could not be folded');
  json(held.command('list').description('list parked partitions'))
    .option('--view <view>', 'of one view')
    .action((_: unknown, command: Command) => parked(command.optsWithGlobals()));
  held
    .command('retry')
    .description('retry a partition')
    .argument('<table>')
    .argument('<partition>')
    .action((of: string, partition: string, _: unknown, command: Command) => retry(of, partition, command.optsWithGlobals()));
  held
    .command('skip')
    .description('skip the first event of a partition; the decision is recorded in the log')
    .argument('<table>')
    .argument('<partition>')
    .option('--reason <text>', 'why, for the auditor')
    .action((of: string, partition: string, _: unknown, command: Command) => skip(of, partition, command.optsWithGlobals()));
}
