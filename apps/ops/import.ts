import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { isOfTables, parseTablesMapping, type TablesMapping } from './tables/mapping';
import { importTables } from './tables/run';
import { FileFault, surveyFile, readRows } from './import/file';
import { MappingFaults, parseMapping, type Mapping } from './import/mapping';
import { reconcile, type OrderRow, type OrdersOf, type Reconciliation } from './import/reconcile';
import type { EventsOf, Logged } from './import/recorded-orders';
import { sum } from '#manufacturing/quantity';
import { RejectedRows } from './import/rejected-rows';
import { KeptLines } from './import/scratch-file';
import { rowReader, type Row } from './import/rows';
import { correlationIdOf, importFile, type ImportResult } from './import/run';
import { NoAnswer, Refused, restTarget } from './import/target';
import type { Finding } from '#import/import.events';
import type { EventStore } from '#platform/store/event-store';
import { apiOf, ask, configOf, type Whereabouts } from './system';
import { brief, PlainFault, Progress, say, sayJson, sayJsonWithList, table, tell } from './terminal';

type ImportFlags = Whereabouts & {
  json?: boolean;
  direct?: boolean;
  again?: boolean;
  dryRun?: boolean;
  report?: boolean;
  block?: string;
  rejected?: string;
  patience?: string;
};

const IMPORTERS = ['engineer', 'device'];
const READERS = ['auditor', 'supervisor', 'quality'];

/** @throws PlainFault */
function mappingText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw new PlainFault(`Could not read the mapping ${path}: ${(error as Error).message}`);
  }
}

/** The mapping, if it is one of plants and orders. @throws PlainFault */
function tablesMappingIn(path: string): TablesMapping | undefined {
  const text = mappingText(path);
  try {
    return isOfTables(text) ? parseTablesMapping(text) : undefined;
  } catch (error) {
    if (error instanceof MappingFaults) throw new PlainFault(`${path}: ${error.message}`, 64);
    throw error;
  }
}

/** @throws PlainFault */
function mappingIn(path: string): Mapping {
  const text = mappingText(path);
  try {
    if (isOfTables(text)) throw new PlainFault(`${path} is a mapping of plants and orders; it can only be imported.`, 64);
    return parseMapping(text);
  } catch (error) {
    if (error instanceof MappingFaults) throw new PlainFault(`${path}: ${error.message}`, 64);
    throw error;
  }
}

/** Reports faults of the file and of the system as sentences. */
async function plainly<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof FileFault) throw new PlainFault(`${file}: ${error.message} (${error.code})`);
    if (error instanceof Refused) throw new PlainFault(`The system refused the import: ${error.message} (${error.code})`);
    if (error instanceof NoAnswer)
      throw new PlainFault(`${error.message}${error.cause instanceof Error ? ` (${error.cause.message})` : ''}`);
    throw error;
  }
}

async function dryRun(mapping: Mapping, file: string, { json = false, rejected: path }: ImportFlags): Promise<void> {
  const rejects = path === undefined ? undefined : new RejectedRows(path, mapping);
  const survey = await surveyFile(file, mapping);
  const read = rowReader(mapping, survey.header, { name: file });
  // A bad file may have millions; how many, the JSON document says before it names them.
  const exceptions = new KeptLines();
  let [readable, leftOut] = [0, 0];
  const note = (exception: Exception) => exceptions.add(JSON.stringify(exception));
  for await (const row of readRows(file, mapping, survey)) {
    const outcome = read(row);
    if ('leftOut' in outcome) leftOut += 1;
    else if ('rejected' in outcome) {
      note({ line: row.line, ...outcome.rejected, rejected: true });
      rejects?.add(row, survey.header);
    } else {
      readable += 1;
      for (const flag of outcome.flags) note({ line: row.line, ...flag, rejected: false });
    }
  }
  rejects?.close();
  const rows = survey.rows - leftOut;
  if (json) sayJsonWithList({ file, digest: survey.digest, rows, readable, leftOut }, 'exceptions', exceptionsIn(exceptions));
  else sayDryRun(exceptions, rows, readable, leftOut);
  if (readable === 0) throw new PlainFault(json ? '' : noFacts(rows), 2);
}

type Exception = Readonly<{ line: number; code: string; message: string; rejected: boolean }>;

function* exceptionsIn(lines: KeptLines): Generator<Exception> {
  for (const line of lines.all()) yield JSON.parse(line) as Exception;
}

/** So many exceptions of a dry run are printed. */
const SHOWN = 50;

const noFacts = (rows: number): string =>
  rows === 0 ? 'The file has a header but no rows: nothing became a fact.' : `None of the ${rows} rows can be read: nothing became a fact.`;

function sayDryRun(exceptions: KeptLines, rows: number, readable: number, leftOut: number): void {
  let shown = 0;
  for (const { line, code, message, rejected } of exceptionsIn(exceptions)) {
    if (shown++ === SHOWN) break;
    say(`line ${line}: ${rejected ? 'rejected' : 'flagged'}, ${code}: ${message}`);
  }
  if (exceptions.count > SHOWN) say(`… and ${exceptions.count - SHOWN} more (all of them with --json)`);
  say(
    `${rows} rows: ${readable} can be read, ${rows - readable} cannot${leftOut ? `; ${leftOut} are left out by the mapping` : ''}. Nothing was sent.`,
  );
}

function sayResult(result: ImportResult, seconds: number): void {
  const { tally, finishedBefore, written, resumedAfterLine, known, leftOut } = result;
  if (finishedBefore)
    say(
      written === 0 ? 'This file was imported before; nothing changed.' : `This file was imported before, and ${written} events were new.`,
    );
  else if (resumedAfterLine > 0) say(`Resumed after line ${resumedAfterLine}.`);
  say(
    table(
      [
        ['rows', String(tally.rows)],
        ['facts', String(tally.observed)],
        ['exceptions', String(tally.rejected)],
        ['known before', String(known)],
        ...(leftOut > 0 ? [['left out', String(leftOut)]] : []),
        ['events written', String(written)],
        ['seconds', seconds.toFixed(1)],
      ],
      [1],
    ),
  );
  if (tally.findings.length > 0)
    say(
      `\nFound:\n${table(
        tally.findings.map(({ code, count }: Finding) => [code, String(count)]),
        [1],
      )}`,
    );
}

/** Facts and exceptions of an import: all events of its correlation id. */
const overRest = (flags: Whereabouts, mapping: Mapping): EventsOf =>
  async function* (importId) {
    const progress = await ask(flags, [...IMPORTERS, ...READERS], `import/${importId}`);
    if (!progress.state) return;
    for (let after: string | undefined; ;) {
      const page = await ask(flags, READERS, 'audit/replay', {
        correlationId: correlationIdOf(importId),
        facility: mapping.facilityColumn ? undefined : mapping.facility,
        limit: 500,
        after,
      });
      yield* page.items as Logged[];
      if (!page.nextCursor) return;
      after = page.nextCursor as string;
    }
  };

/** How long the read model may need to reach the end of the log, as after a large import. Each request waits for some seconds. */
const CATCH_UP_MS = 60_000;

/** The work orders of the facility in the read model, once it has reached the end of the log. */
const ordersOverRest =
  (flags: Whereabouts): OrdersOf =>
  async (facility) => {
    const readers = [...IMPORTERS, ...READERS];
    const { position: waitFor } = await ask(flags, ['engineer', 'device', 'auditor'], 'import/log-head');
    type Operation = Readonly<{ good: string; scrap: string; rework: string }>;
    type Row = Omit<OrderRow, 'good' | 'scrap' | 'rework'> & Readonly<{ operations: readonly Operation[] }>;
    const page = async (after?: string) =>
      (await ask(flags, readers, 'work-order', { facilityId: facility, first: 500, waitFor, after })) as {
        items: Row[];
        nextCursor: string | null;
        behind: boolean;
      };
    let first = await page();
    for (const patience = performance.now() + CATCH_UP_MS; first.behind && performance.now() < patience;) first = await page();
    const rows = async function* (): AsyncGenerator<OrderRow> {
      for (let now = first; ; now = await page(now.nextCursor!)) {
        for (const { workOrderId, reports, corrections, operations } of now.items) {
          const total = (of: keyof Operation) => sum(operations.map((operation) => operation[of]));
          yield { workOrderId, reports, corrections, good: total('good'), scrap: total('scrap'), rework: total('rework') };
        }
        if (!now.nextCursor) return;
      }
    };
    return { behind: first.behind, rows: rows() };
  };

const fromStore = (store: EventStore): EventsOf =>
  async function* (importId) {
    const correlationId = correlationIdOf(importId);
    for (let at: bigint | 'start' = 'start'; ;) {
      const { events, next, atEnd } = await store.readAll(at, 1_000);
      yield* events.filter(({ metadata }) => metadata.correlationId === correlationId);
      if (atEnd) return;
      at = next;
    }
  };

function sayReconciliation(
  { rows, total, columns, lines, missing, unexpected, exceptions, equal, view }: Reconciliation,
  all: boolean,
): void {
  const sums = ({
    rows: count,
    good,
    scrap,
    rework,
    minutes,
  }: {
    rows: number;
    good: string;
    scrap: string;
    rework: string;
    minutes: string;
  }) => [String(count), good, scrap, rework, minutes];
  const head = ['', '', 'rows', 'good', 'scrap', 'rework', 'minutes', '', 'rows', 'good', 'scrap', 'rework', 'minutes', ''];
  const right = [2, 3, 4, 5, 6, 8, 9, 10, 11, 12];
  const shown = all ? lines : lines.filter((line) => !line.equal || line.axis !== 'order');
  const body = shown.map(({ axis, key, file, log, equal: same }) => [axis, key, ...sums(file), '|', ...sums(log), same ? '=' : 'DIFFERS']);
  say(
    `File on the left, log on the right.\n${table([head, ['total', '', ...sums(total.file), '|', ...sums(total.log), same(total) ? '=' : 'DIFFERS'], ...body], right)}`,
  );
  const orders = lines.filter(({ axis }) => axis === 'order');
  if (!all) say(`order  ${orders.length} orders, ${orders.filter((line) => line.equal).length} of them equal (each one with --all)`);
  say(
    `\n${rows.file - rows.leftOut} rows = ${rows.observed} facts + ${rows.rejected} exceptions${rows.known ? ` (${rows.known} facts known from other files)` : ''}${missing.length + unexpected.length > 0 ? '' : '; none is missing'}`,
  );
  say(`column sums without the mapping's rules: ${columns.made} pieces made (good or rework), ${columns.scrapped} scrapped`);
  if (missing.length > 0)
    say(`MISSING from the log: lines ${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ` and ${missing.length - 20} more` : ''}`);
  if (unexpected.length > 0) say(`NOT in the file: reports ${unexpected.slice(0, 20).join(', ')}`);
  if (view) {
    const others = view.shared > 0 ? `, ${view.shared} of them with other reports, too` : '';
    say(
      `read model: ${view.checked} orders${others}, ${
        view.differing.length === 0
          ? 'all as in the log'
          : `${view.differing.length} DIFFER${view.behind ? ' (it is behind the log)' : ''}: ${view.differing
              .slice(0, 10)
              .map(({ order }) => order)
              .join(', ')}`
      }`,
    );
  }
  if (Object.keys(exceptions).length > 0)
    say(
      `\nFlags and exceptions in the log:\n${table(
        Object.entries(exceptions).map(([code, count]) => [code, String(count)]),
        [1],
      )}`,
    );
  say(equal ? '\nThe log reconciles to the file.' : '\nThe log does NOT reconcile to the file.');
}
const same = ({ file, log }: Reconciliation['total']) => JSON.stringify(file) === JSON.stringify(log);

const directly = (flags: ImportFlags): EventsOf =>
  async function* (importId) {
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { EventStore: Store } = require('#platform/store/event-store') as typeof import('#platform/store/event-store');
    const store = new Store(configOf(flags).EVENTSTORE_URL!, 30_000);
    try {
      yield* fromStore(store)(importId);
    } finally {
      await store.close();
    }
  };

/** The events of an import for its own sender, who may not be allowed to read them. */
const ofSender = (flags: ImportFlags, mapping: Mapping): EventsOf =>
  async function* (importId) {
    try {
      yield* flags.direct ? directly(flags)(importId) : overRest(flags, mapping)(importId);
    } catch (error) {
      if (!(error instanceof PlainFault) || error.status !== 403) throw error;
      tell(
        `Warning: this token may not read the log (${READERS.join(', ')}). Rows to which the changed mapping gives another order cannot be told and are recorded again.`,
      );
    }
  };

const reconciled = (mapping: Mapping, file: string, flags: ImportFlags): Promise<Reconciliation> =>
  flags.direct ? reconcile(mapping, file, directly(flags)) : reconcile(mapping, file, overRest(flags, mapping), ordersOverRest(flags));

async function importCommand(mappingPath: string, file: string, flags: ImportFlags): Promise<void> {
  const tables = tablesMappingIn(mappingPath);
  if (tables) return plainly(file, () => importTables(tables, file, flags));
  const mapping = mappingIn(mappingPath);
  if (flags.dryRun) return plainly(file, () => dryRun(mapping, file, flags));
  const begun = performance.now();
  const progress = new Progress();
  const block = whole(flags.block, 'block', 1, 1_000);
  const rejects = flags.rejected === undefined ? undefined : new RejectedRows(flags.rejected, mapping);
  const options = {
    mapping,
    file,
    again: flags.again ?? false,
    eventsOf: ofSender(flags, mapping),
    ...(block === undefined ? {} : { block }),
    ...(rejects ? { onRejected: (row: Row, header: readonly string[]) => rejects.add(row, header) } : {}),
    onProgress: ({ stage, rows, of }: { stage: string; rows: number; of: number }) => progress.show(stage, rows, of),
  };
  const patienceMs = (whole(flags.patience, 'patience', 0, 86_400) ?? 120) * 1_000;
  const result = await plainly(file, async () => {
    if (!flags.direct)
      return importFile({
        ...options,
        target: (correlationId) => restTarget({ ...apiOf(flags, ...IMPORTERS), correlationId, patienceMs }),
      });
    // eslint-disable-next-line @typescript-eslint/no-require-imports
    const { directTarget, openApplication } = require('./application') as typeof import('./application');
    const app = await openApplication(configOf(flags));
    try {
      return await importFile({ ...options, target: (correlationId) => directTarget(app, correlationId) });
    } finally {
      await app.close();
    }
  }).finally(() => {
    progress.end();
    rejects?.close();
  });
  const seconds = (performance.now() - begun) / 1_000;
  const report = flags.report ? await plainly(file, () => reconciled(mapping, file, flags)) : undefined;
  if (flags.json) sayJson({ ...result, seconds, ...(report ? { reconciliation: report } : {}) });
  else {
    sayResult(result, seconds);
    if (report) {
      say('');
      sayReconciliation(report, false);
    }
  }
  if (result.tally.observed === 0) throw new PlainFault(flags.json ? '' : noFacts(result.tally.rows), 2);
  if (report && !report.equal) throw new PlainFault('', 2);
}

async function reconcileCommand(mappingPath: string, file: string, flags: ImportFlags & { all?: boolean }): Promise<void> {
  const mapping = mappingIn(mappingPath);
  const report = await plainly(file, () => reconciled(mapping, file, flags));
  if (flags.json) sayJson(report);
  else sayReconciliation(report, flags.all ?? false);
  if (!report.equal) throw new PlainFault('', 2);
}

/** @throws PlainFault */
export function whole(text: string | undefined, name: string, from: number, to: number): number | undefined {
  if (text === undefined) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) >= from && Number(text) <= to) return Number(text);
  throw new PlainFault(`--${name} must be a whole number from ${from} to ${to}, was ${brief(text)}.`, 64);
}

export function addImportCommands(program: Command): void {
  const common = (command: Command) =>
    command
      .argument('<mapping>', 'how columns become facts, e.g. docs/mappings/production-log.yaml')
      .argument('<file>', 'the production log: CSV, CSV in gzip, or xlsx')
      .option('--direct', 'use the event store directly, without the api')
      .option('--json', 'print one JSON document');
  common(program.command('import').description('import a production log as observed facts; safe to repeat and to resume'))
    .option('--dry-run', 'only read the file and list what cannot be imported')
    .option('--again', 'send every row of a finished import again, to prove that nothing changes')
    .option('--report', 'reconcile afterwards')
    .option('--block <rows>', 'rows sent and settled at once, 1 to 1000', '400')
    .option('--rejected <path>', 'write the rejected rows to a file, to correct and import them')
    .option('--patience <seconds>', 'how long to wait for a system that does not answer', '120')
    .action((mapping: string, file: string, _: unknown, command: Command) => importCommand(mapping, file, command.optsWithGlobals()));
  common(program.command('reconcile').description('compare a production log with the events of its import'))
    .option('--all', 'list every order')
    .action((mapping: string, file: string, _: unknown, command: Command) => reconcileCommand(mapping, file, command.optsWithGlobals()));
}
