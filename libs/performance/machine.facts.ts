/**
 * What is known of machines in a period: states, the stops and orders they belong to, reports. Hides: the SQL. Promises: rows of
 * equipment-timeline, equipment-stops, equipment-assignments and production-report, which are lists of their own. Does not: compute.
 */
import type { Reads } from '#platform/queries/reads';
import type { Report } from './kpis';
import type { KpiScope } from './kpi.scope';
import { common, merged, withOrders, type Period, type StateInterval } from './time-elements';

export const FACTS = [
  'equipment-timeline',
  'equipment-stop',
  'equipment-assignment',
  'production-report',
  'operation-schedule',
  'work-order',
];

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

const INTERVALS = `
  SELECT line."equipmentId" AS machine, line.state, ${ms('line."startedAt"')} AS "from", ${ms('line."endedAt"')} AS "to",
    ${ms('greatest(line."learnedAt", stop."classifiedAt")')} AS learned, line."stopId", stop."lossClass", stop."reasonCode"
  FROM equipment_timeline line LEFT JOIN equipment_stop stop ON stop.key = line."equipmentId" || '/' || line."stopId"
  WHERE line."equipmentId" = ANY($1) AND line."startedAt" < $3 AND (line."endedAt" IS NULL OR line."endedAt" > $2)
  ORDER BY line."startedAt"`;

const ORDERS = `
  SELECT held."equipmentId" AS machine, ${ms('held."startedAt"')} AS "from", ${ms('held."endedAt"')} AS "to",
    ${ms('held."learnedAt"')} AS learned, ${ms('CASE WHEN held."endedAt" IS NOT NULL THEN held."recordedAt" END')} AS "endLearned", orders.product
  FROM equipment_assignment held LEFT JOIN work_order orders ON orders."workOrderId" = held."workOrderId"
  WHERE held."equipmentId" = ANY($1) AND held."startedAt" < $3 AND (held."endedAt" IS NULL OR held."endedAt" > $2)
  ORDER BY held."startedAt"`;

/** Sums of the reports that count, and when the last one of them, or its reversal, was recorded after the section was over. */
const REPORTS = `
  SELECT report."equipmentId" AS machine, period.section, report.unit, plan."idealCycleSeconds"::text AS "idealCycleSeconds",
    trim_scale(coalesce(sum(report.good) FILTER (WHERE NOT report.reversed), 0))::text AS good,
    trim_scale(coalesce(sum(report.scrap) FILTER (WHERE NOT report.reversed), 0))::text AS scrap,
    trim_scale(coalesce(sum(report.rework) FILTER (WHERE NOT report.reversed), 0))::text AS rework,
    ${ms('max(report."recordedAt") FILTER (WHERE report."recordedAt" > period.until)')} AS learned
  FROM unnest($2::timestamptz[], $3::timestamptz[], $4::int[]) AS period(since, until, section)
  JOIN production_report report ON report."endedAt" > period.since AND report."endedAt" <= period.until
  LEFT JOIN operation_schedule plan ON plan."entryId" = report."workOrderId" || '/' || report."operationId"
  WHERE report."equipmentId" = ANY($1)
    AND ($5::text IS NULL OR EXISTS (SELECT FROM work_order orders WHERE orders."workOrderId" = report."workOrderId" AND orders.product = $5))
  GROUP BY report."equipmentId", period.section, report.unit, plan."idealCycleSeconds"`;

const FAILURES = `
  SELECT "equipmentId" AS machine, ${ms('"startedAt"')} AS "from", ${ms('"endedAt"')} AS "to"
  FROM equipment_stop WHERE "equipmentId" = ANY($1) AND cause = 'Abort' AND "startedAt" >= $2 AND "startedAt" < $3`;

type OfMachine = Readonly<{ machine: string }>;
type Open<Row extends Period> = Omit<Row, 'to'> & Readonly<{ to: number | null }>;
/** An interval of a state, and when the system learned of it or of its classification. */
export type Interval = StateInterval & Readonly<{ learned: number; stopId: string | null; reasonCode: string | null }>;
type Held = Period & Readonly<{ learned: number; endLearned: number | null; product: string | null }>;
export type Told = Report & Readonly<{ section: number; learned: number | null }>;

/** Of one machine. `within` is the time that the question is about: all of it, or that with an order of the product. */
export type Facts = Readonly<{
  intervals: readonly Interval[];
  orders: readonly Held[];
  reports: readonly Told[];
  failures: readonly Period[];
  within: (periods: readonly Period[]) => readonly Period[];
}>;

const instant = (at: number): string => new Date(at).toISOString();

/** The facts of each machine of a scope, in the order of its machines. */
export async function factsOf(reads: Reads, { machines, sections }: KpiScope, product?: string): Promise<Facts[]> {
  const ids = machines.map(({ id }) => id);
  const all = [ids, instant(Math.min(...sections.map(({ from }) => from))), instant(Math.max(...sections.map(({ to }) => to)))];
  const [intervals, orders, reports, failures] = await Promise.all([
    reads.rows<OfMachine & Open<Interval>>(INTERVALS, all),
    reads.rows<OfMachine & Open<Held>>(ORDERS, all),
    reads.rows<OfMachine & Told>(REPORTS, [ids, ...boundsOf(sections), product ?? null]),
    reads.rows<OfMachine & Open<Period>>(FAILURES, all),
  ]);
  const [states, held, told, failed] = [byMachine(intervals), byMachine(orders), byMachine(reports), byMachine(failures)];
  return ids.map((id) => {
    const assignments = (held.get(id) ?? []).map(ended);
    const ofProduct = merged(assignments.filter((each) => each.product === product));
    return {
      intervals: withOrders((states.get(id) ?? []).map(ended), assignments),
      orders: assignments,
      reports: told.get(id) ?? [],
      failures: (failed.get(id) ?? []).map(ended).filter(({ from }) => product === undefined || holds(ofProduct, from)),
      within: (periods) => (product === undefined ? periods : common(merged(periods), ofProduct)),
    };
  });
}

/** The spans of sections as arrays for SQL: beginnings, ends and places. */
export function boundsOf(sections: KpiScope['sections']): [string[], string[], number[]] {
  const spans = sections.flatMap((section, place) => section.spans.map((span) => ({ ...span, place })));
  return [spans.map(({ from }) => instant(from)), spans.map(({ to }) => instant(to)), spans.map(({ place }) => place)];
}

const holds = (periods: readonly Period[], at: number): boolean => periods.some(({ from, to }) => at >= from && at < to);
const ended = <Row extends Readonly<{ to: number | null }>>(row: Row) => ({ ...row, to: row.to ?? Infinity });

function byMachine<Row extends OfMachine>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.machine);
    if (group) group.push(row);
    else groups.set(row.machine, [row]);
  }
  return groups;
}
