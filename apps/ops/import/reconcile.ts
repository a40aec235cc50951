/**
 * Compares a file with what the log holds of it. Hides: nothing. Promises: every row is counted once, as a fact or as a named exception, and
 * sums are exact; the file's own columns are summed apart from the mapping, as a check on the mapping itself. Does not: repair anything.
 */
import { millionths, decimal, minus, plus } from '#manufacturing/quantity';
import { readRows, surveyFile } from './file';
import type { Mapping } from './mapping';
import { minutesBetween, rowReader } from './rows';
import { importIdOf } from './run';

/** What is summed, per order, machine or report type. */
export type Sums = Readonly<{ rows: number; good: string; scrap: string; rework: string; minutes: string }>;
export type Axis = 'order' | 'machine' | 'reportType';
export type Line = Readonly<{ axis: Axis; key: string; file: Sums; log: Sums; equal: boolean }>;

export type Reconciliation = Readonly<{
  importId: string;
  file: string;
  /** True when all that follows agrees. */
  equal: boolean;
  rows: Readonly<{ file: number; observed: number; rejected: number }>;
  total: Readonly<{ file: Sums; log: Sums }>;
  /** The columns of all readable rows, summed without the mapping's rules: pieces made, good or rework, and pieces scrapped. */
  columns: Readonly<{ made: string; scrapped: string }>;
  lines: readonly Line[];
  /** Rows of the file that the log does not have, and the other way round. */
  missing: readonly number[];
  unexpected: readonly string[];
  exceptions: Readonly<Record<string, number>>;
  /** The read model of the orders beside the log, where it could be asked. */
  view?: ViewCheck;
}>;

/** What the read model says of an order. */
export type OrderRow = Readonly<{ workOrderId: string; reports: number; corrections: number; good: string; scrap: string; rework: string }>;
export type ViewCheck = Readonly<{
  equal: boolean;
  /** The view has not read the whole import yet. */
  behind: boolean;
  checked: number;
  /** Orders that others reported on, too: their rows hold more than this file. */
  shared: number;
  differing: readonly Readonly<{ order: string; log: Sums; view: OrderRow | null }>[];
}>;
/** The rows of all orders of a facility. */
export type OrdersOf = (facility: string) => Promise<Readonly<{ behind: boolean; rows: AsyncIterable<OrderRow> }>>;

/** An event of the log, as far as reconciling looks at it. */
export type Logged = Readonly<{ type: string; data: unknown }>;
type Observed = Readonly<{
  workOrderId: string;
  equipmentId: string;
  kind: string;
  reportId: string;
  good: string;
  rework: string;
  from: string;
  to: string;
  scrap: readonly Readonly<{ quantity: string }>[];
}>;

const NOTHING: Sums = { rows: 0, good: '0', scrap: '0', rework: '0', minutes: '0' };

class Ledger {
  total = NOTHING;
  private readonly sums = new Map<string, Sums>();

  add({ workOrderId, equipmentId, kind, good, rework, from, to, scrap }: Omit<Observed, 'reportId'>): void {
    const scrapped = scrap.reduce((sum, { quantity }) => plus(sum, quantity), '0');
    const grown = (sums: Sums): Sums => ({
      rows: sums.rows + 1,
      good: plus(sums.good, good),
      scrap: plus(sums.scrap, scrapped),
      rework: plus(sums.rework, rework),
      minutes: plus(sums.minutes, minutesBetween(from, to)),
    });
    this.total = grown(this.total);
    for (const key of [`order ${workOrderId}`, `machine ${equipmentId}`, `reportType ${kind}`])
      this.sums.set(key, grown(this.sums.get(key) ?? NOTHING));
  }

  static lines(file: Ledger, log: Ledger): Line[] {
    const keys = [...new Set([...file.sums.keys(), ...log.sums.keys()])].sort((a, b) => (a < b ? -1 : 1));
    return keys.map((name): Line => {
      const [axis, key] = name.split(' ') as [Axis, string];
      const [told, held] = [file.sums.get(name) ?? NOTHING, log.sums.get(name) ?? NOTHING];
      return { axis, key, file: told, log: held, equal: same(told, held) };
    });
  }
}

const same = (a: Sums, b: Sums) => JSON.stringify(a) === JSON.stringify(b);

/** The events of the import: facts and exceptions, from its beginning on, in the order of the log. */
export type EventsOf = (importId: string) => AsyncIterable<Logged>;

async function checkView(facility: string, lines: readonly Line[], ordersOf: OrdersOf): Promise<ViewCheck> {
  const { behind, rows } = await ordersOf(facility);
  const orders = new Map(lines.filter(({ axis, log }) => axis === 'order' && log.rows > 0).map(({ key, log }) => [key, log]));
  const differing: { order: string; log: Sums; view: OrderRow | null }[] = [];
  let checked = 0;
  let shared = 0;
  for await (const row of rows) {
    const log = orders.get(row.workOrderId);
    if (!log) continue;
    orders.delete(row.workOrderId);
    checked += 1;
    if (row.reports > log.rows || row.corrections > 0) shared += 1;
    else if (row.reports !== log.rows || row.good !== log.good || row.scrap !== log.scrap || row.rework !== log.rework)
      differing.push({ order: row.workOrderId, log, view: row });
  }
  for (const [order, log] of orders) differing.push({ order, log, view: null });
  return { equal: differing.length === 0, behind, checked, shared, differing };
}

/** @throws FileFault */
export async function reconcile(mapping: Mapping, path: string, eventsOf: EventsOf, ordersOf?: OrdersOf): Promise<Reconciliation> {
  const survey = await surveyFile(path, mapping);
  const importId = importIdOf(mapping.facility, survey.digest);
  const prefix = `${survey.digest.slice(0, 16)}.`;

  const log = new Ledger();
  const held = new Set<string>();
  const rejected = new Set<number>();
  const exceptions: Record<string, number> = {};
  const counted = (code: string) => void (exceptions[code] = (exceptions[code] ?? 0) + 1);
  for await (const { type, data } of eventsOf(importId)) {
    if (type === 'ImportRestarted') {
      // From here on everything is recorded anew but the facts, which stay.
      rejected.clear();
      for (const code of Object.keys(exceptions)) if (code.startsWith('rejected:') || code.startsWith('flagged:')) delete exceptions[code];
    } else if (type === 'RowRejected') {
      const { line, code } = data as { line: number; code: string };
      rejected.add(line);
      counted(`rejected:${code}`);
    } else if (type === 'RowFlagged') counted(`flagged:${(data as { code: string }).code}`);
    else if (type === 'ProductionObserved') {
      const fact = data as Observed;
      if (!fact.reportId.startsWith(prefix) || held.has(fact.reportId)) continue;
      held.add(fact.reportId);
      log.add(fact);
    } else if (type.endsWith('Detected')) counted(type);
  }

  const file = new Ledger();
  const missing: number[] = [];
  const inFile = new Set<string>();
  let made = 0n;
  let scrapped = 0n;
  let refused = 0;
  const read = rowReader(mapping, survey.header, { name: path, digest: survey.digest });
  const place = (column: string | undefined) => (column === undefined ? -1 : survey.header.indexOf(column));
  const [goodAt, scrapAt] = [place(mapping.good), place(mapping.scrap?.column)];
  for await (const row of readRows(path, mapping)) {
    const outcome = read(row);
    const reportId = `${prefix}${row.line}`;
    inFile.add(reportId);
    if ('rejected' in outcome || (rejected.has(row.line) && !held.has(reportId))) {
      refused += 1;
      if (!rejected.has(row.line)) missing.push(row.line);
      continue;
    }
    const plainly = (at: number) =>
      at < 0
        ? 0n
        : millionths(
            (row.cells[at]!.trim().replace(mapping.decimalMark, '.').replace(/^\+/, '').replace(/\.$/, '') || '0').replace(
              /(\.\d{6})0+$/,
              '$1',
            ),
          );
    made += plainly(goodAt);
    scrapped += plainly(scrapAt);
    file.add(outcome.observation);
    if (!held.has(reportId)) missing.push(row.line);
  }
  const lines = Ledger.lines(file, log);
  const unexpected = [...held].filter((reportId) => !inFile.has(reportId));
  const columns = { made: decimal(made), scrapped: decimal(scrapped) };
  const wholeFile = held.size + refused === survey.rows && refused === rejected.size;
  const sums = minus(columns.made, plus(log.total.good, log.total.rework)) === '0' && columns.scrapped === log.total.scrap;
  const view = ordersOf ? await checkView(mapping.facility, lines, ordersOf) : undefined;
  return {
    importId,
    file: path,
    equal:
      (view?.equal ?? true) && wholeFile && sums && missing.length === 0 && unexpected.length === 0 && lines.every(({ equal }) => equal),
    rows: { file: survey.rows, observed: held.size, rejected: rejected.size },
    total: { file: file.total, log: log.total },
    columns,
    lines,
    missing,
    unexpected,
    exceptions: Object.fromEntries(Object.entries(exceptions).sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(view ? { view } : {}),
  };
}
