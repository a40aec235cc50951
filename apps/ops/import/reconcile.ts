/**
 * Compares a file with the events of its import. Hides: nothing. Promises: every row is counted once, as a fact or as a named exception, and
 * sums are exact; the file's columns are also summed without the mapping, to check the mapping itself. Does not: repair anything.
 */
import { facilityOf } from '#manufacturing/facility';
import { minus, plus, sum } from '#manufacturing/quantity';
import type { ImportStarted, Lines } from '#import/import.events';
import { readRows, surveyFile } from './file';
import type { Mapping } from './mapping';
import type { EventsOf, Logged } from './recorded-orders';
import { marksOf, minutesBetween, rowReader, type Observation, type Row } from './rows';
import { importIdOf, rowsOf } from './run';
import { signedAmount } from './texts';

/** What is summed, per order, machine or report type. */
export type Sums = Readonly<{ rows: number; good: string; scrap: string; rework: string; minutes: string }>;
export type Axis = 'order' | 'machine' | 'reportType';
export type Line = Readonly<{ axis: Axis; key: string; file: Sums; log: Sums; equal: boolean }>;

export type Reconciliation = Readonly<{
  importId: string;
  file: string;
  /** True when everything below agrees. */
  equal: boolean;
  rows: Readonly<{ file: number; observed: number; rejected: number; known: number; leftOut: number }>;
  total: Readonly<{ file: Sums; log: Sums }>;
  /** The columns of all readable rows, summed without the mapping's rules: pieces made, good or rework, and pieces scrapped. */
  columns: Readonly<{ made: string; scrapped: string }>;
  lines: readonly Line[];
  /** Rows of the file that are not in the log, and reports of the log that are not in the file. */
  missing: readonly number[];
  unexpected: readonly string[];
  exceptions: Readonly<Record<string, number>>;
  /** Comparison of the log with the read model of the orders, if it was available. */
  view?: ViewCheck;
}>;

/** An order in the read model. */
export type OrderRow = Readonly<{ workOrderId: string; reports: number; corrections: number; good: string; scrap: string; rework: string }>;
export type ViewCheck = Readonly<{
  equal: boolean;
  /** True while the view has not read the whole import. */
  behind: boolean;
  checked: number;
  /** Orders that also have reports from elsewhere: their rows show more than this file. */
  shared: number;
  differing: readonly Readonly<{ order: string; log: Sums; view: OrderRow | null }>[];
}>;
/** The rows of all orders of a facility. */
export type OrdersOf = (facility: string) => Promise<Readonly<{ behind: boolean; rows: AsyncIterable<OrderRow> }>>;

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

  /** `reversal`: the amounts are taken back, and no time was worked. */
  add({ workOrderId, equipmentId, kind, good, rework, from, to, scrap }: Omit<Observed, 'reportId'>, reversal = false): void {
    const scrapped = sum(scrap.map(({ quantity }) => quantity));
    const change = reversal ? minus : plus;
    const grown = (sums: Sums): Sums => ({
      rows: sums.rows + 1,
      good: change(sums.good, good),
      scrap: change(sums.scrap, scrapped),
      rework: change(sums.rework, rework),
      minutes: reversal ? sums.minutes : plus(sums.minutes, minutesBetween(from, to)),
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

async function checkView(lines: readonly Line[], ordersOf: OrdersOf): Promise<ViewCheck> {
  const orders = new Map(lines.filter(({ axis, log }) => axis === 'order' && log.rows > 0).map(({ key, log }) => [key, log]));
  const differing: { order: string; log: Sums; view: OrderRow | null }[] = [];
  let [checked, shared, late] = [0, 0, false];
  for (const facility of new Set([...orders.keys()].map(facilityOf))) {
    const { behind, rows } = await ordersOf(facility);
    late ||= behind;
    for await (const row of rows) {
      const log = orders.get(row.workOrderId);
      if (!log) continue;
      orders.delete(row.workOrderId);
      checked += 1;
      if (row.reports > log.rows || row.corrections > 0) shared += 1;
      else if (row.reports !== log.rows || row.good !== log.good || row.scrap !== log.scrap || row.rework !== log.rework)
        differing.push({ order: row.workOrderId, log, view: row });
    }
  }
  for (const [order, log] of orders) differing.push({ order, log, view: null });
  return { equal: differing.length === 0, behind: late, checked, shared, differing };
}

/** What the log has of an import. */
async function recordedBy(events: AsyncIterable<Logged>) {
  const log = new Ledger();
  const [held, otherwise] = [new Set<string>(), new Set<string>()];
  const [rejected, known] = [new Set<number>(), new Set<number>()];
  const exceptions = new Map<string, number>();
  const reversed = new Map<string, Observed>();
  const counted = (code: string) => void exceptions.set(code, (exceptions.get(code) ?? 0) + 1);
  let names: ImportStarted['data']['reportIds'] = 'by-values';
  for await (const { type, data } of events) {
    const fact = data as Observed;
    if (type === 'ImportStarted') names = (data as ImportStarted['data']).reportIds;
    else if (type === 'ImportRestarted') {
      // A restart: the facts stay, everything else is recorded again from here on.
      rejected.clear();
      for (const code of exceptions.keys()) if (code.startsWith('rejected:') || code.startsWith('flagged:')) exceptions.delete(code);
    } else if (type === 'RowRejected') {
      const { line, code } = data as { line: number; code: string };
      rejected.add(line);
      counted(`rejected:${code}`);
    } else if (type === 'RowFlagged') counted(`flagged:${(data as { code: string }).code}`);
    else if (type === 'RowsSettled') {
      for (const { from, to } of (data as { known?: readonly Lines[] }).known ?? [])
        for (let line = from; line <= to; line += 1) known.add(line);
    } else if (type === 'ProductionObserved' && !held.has(fact.reportId)) {
      held.add(fact.reportId);
      log.add(fact);
    } else if (type === 'ProductionReportReversed') reversed.set((data as { replacedBy: string }).replacedBy, fact);
    else if (type === 'ProductionReportCorrected' && reversed.has(fact.reportId) && !held.has(fact.reportId)) {
      held.add(fact.reportId);
      log.add(difference(reversed.get(fact.reportId)!, fact), true);
    } else if (type === 'ConflictingReportDetected') {
      otherwise.add(fact.reportId);
      counted(type);
    } else if (type.endsWith('Detected')) counted(type);
  }
  return { log, held, otherwise, rejected, known, exceptions, names };
}

const idsOf = ({ reportId, formerReportId }: Observation): readonly string[] => [reportId, ...(formerReportId ? [formerReportId] : [])];

/** What a correction took away. */
const difference = (wrong: Observed, right: Observed): Observed => ({
  ...wrong,
  good: minus(wrong.good, right.good),
  rework: minus(wrong.rework, right.rework),
  scrap: [{ quantity: minus(sum(wrong.scrap.map(({ quantity }) => quantity)), sum(right.scrap.map(({ quantity }) => quantity))) }],
});

/** @throws FileFault */
export async function reconcile(mapping: Mapping, path: string, eventsOf: EventsOf, ordersOf?: OrdersOf): Promise<Reconciliation> {
  const survey = await surveyFile(path, mapping);
  const importId = importIdOf(mapping.facility, survey.digest);
  const { log, ...recorded } = await recordedBy(eventsOf(importId));
  const { held, rejected, known } = recorded;

  const file = new Ledger();
  const missing: number[] = [];
  const inFile = new Set<string>();
  let [made, scrapped] = ['0', '0'];
  let [facts, refused, knownBefore, leftOut] = [0, 0, 0, 0];
  const read = rowReader(mapping, survey.header, rowsOf({ file: path, digest: survey.digest }, recorded.names));
  const total = (row: Row, column: string): string => {
    const place = survey.header.indexOf(column);
    const { amount, negative } = signedAmount(row.cells[place]?.trim() || '0', column, marksOf(row, place, mapping));
    return negative ? `-${amount}` : amount;
  };
  for await (const row of readRows(path, mapping, survey)) {
    const outcome = read(row);
    if ('leftOut' in outcome) {
      leftOut += 1;
      continue;
    }
    const ids = 'observation' in outcome ? idsOf(outcome.observation) : [];
    ids.forEach((id) => inFile.add(id));
    const isIn = (recordedIds: ReadonlySet<string>) => ids.some((id) => recordedIds.has(id));
    if (!('observation' in outcome) || (rejected.has(row.line) && !isIn(held))) {
      refused += 1;
      if (!rejected.has(row.line)) missing.push(row.line);
      continue;
    }
    made = plus(made, total(row, mapping.good));
    for (const { column } of mapping.scrap) scrapped = plus(scrapped, total(row, column));
    file.add(outcome.observation, outcome.reversal);
    if (known.has(row.line) && !isIn(held)) {
      knownBefore += 1;
      log.add(outcome.observation, outcome.reversal);
    } else if (isIn(held) || isIn(recorded.otherwise)) facts += 1;
    else missing.push(row.line);
  }
  const lines = Ledger.lines(file, log);
  const unexpected = [...held].filter((reportId) => !inFile.has(reportId));
  const columns = { made, scrapped };
  const wholeFile = facts + knownBefore + refused === survey.rows - leftOut && refused === rejected.size;
  const sums = minus(columns.made, plus(log.total.good, log.total.rework)) === '0' && columns.scrapped === log.total.scrap;
  const view = ordersOf ? await checkView(lines, ordersOf) : undefined;
  return {
    importId,
    file: path,
    equal:
      (view?.equal ?? true) && wholeFile && sums && missing.length === 0 && unexpected.length === 0 && lines.every(({ equal }) => equal),
    rows: { file: survey.rows, observed: facts + knownBefore, rejected: rejected.size, known: knownBefore, leftOut },
    total: { file: file.total, log: log.total },
    columns,
    lines,
    missing,
    unexpected,
    exceptions: Object.fromEntries([...recorded.exceptions].sort(([a], [b]) => (a < b ? -1 : 1))),
    ...(view ? { view } : {}),
  };
}
