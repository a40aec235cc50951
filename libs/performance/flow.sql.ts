/**
 * The statements of flow.queries.ts. Parameters: $1 the plant, $2 and $3 the period, $4 a product or null. A moment belongs to the period from its
 * beginning on, without its end; reports, as everywhere, from after the beginning to the end. `restatedAt`: the latest record after the period of what
 * happened within it.
 */
const seconds = (interval: string) => `extract(epoch FROM ${interval})`;

export type Adherence = {
  due: number;
  onTime: number;
  late: number;
  short: number;
  aborted: number;
  overdue: number;
  open: number;
  starts: number;
  startsOnTime: number;
  meanDelaySeconds: number | null;
  longestDelaySeconds: number | null;
  restatedAt: string | null;
};

const restated = (recorded: string, within = 'true') =>
  `to_char(max(${recorded}) FILTER (WHERE ${recorded} > $3 AND ${within}) AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') AS "restatedAt"`;

/** Ended with its quantity, less the tolerance. */
const MADE = `status = 'Ended' AND good >= quantity * (1 - "underPercent" / 100)`;
const LATE = `${MADE} AND "endedAt" > "plannedEnd"`;
/** $5: now. */
export const ADHERENCE = `
  SELECT product, grouping(product) = 1 AS whole, count(*)::int AS due,
    (count(*) FILTER (WHERE ${MADE} AND "endedAt" <= "plannedEnd"))::int AS "onTime", (count(*) FILTER (WHERE ${LATE}))::int AS late,
    (count(*) FILTER (WHERE status = 'Ended' AND NOT (${MADE})))::int AS short,
    (count(*) FILTER (WHERE status = 'Aborted'))::int AS aborted,
    (count(*) FILTER (WHERE "endedAt" IS NULL AND "plannedEnd" < $5))::int AS overdue,
    (count(*) FILTER (WHERE "endedAt" IS NULL AND "plannedEnd" >= $5))::int AS open,
    (count(*) FILTER (WHERE "plannedStart" < $5))::int AS starts,
    (count(*) FILTER (WHERE "plannedStart" < $5 AND "startedAt" <= "plannedStart"))::int AS "startsOnTime",
    (avg(${seconds('"endedAt" - "plannedEnd"')}) FILTER (WHERE ${LATE}))::float8 AS "meanDelaySeconds",
    (max(${seconds('"endedAt" - "plannedEnd"')}) FILTER (WHERE ${LATE}))::float8 AS "longestDelaySeconds",
    ${restated('"figuresAt"', '"endedAt" <= $3')}
  FROM work_order
  WHERE "facilityId" = $1 AND "plannedEnd" >= $2 AND "plannedEnd" < $3 AND ($4::text IS NULL OR product = $4) AND status <> 'Cancelled'
  GROUP BY GROUPING SETS ((product), ()) ORDER BY product`;

export type Throughput = {
  product: string | null;
  unit: string;
  orders: number;
  good: string;
  produced: string;
  executionMs: string;
  restatedAt: string | null;
};
export const THROUGHPUT = `
  SELECT product, unit, count(*)::int AS orders, trim_scale(sum(good))::text AS good, trim_scale(sum(good + scrap + rework))::text AS produced,
    trunc(sum(greatest(${seconds('"endedAt" - "startedAt"')}, 0)) * 1000)::bigint::text AS "executionMs",
    ${restated('"figuresAt"')}
  FROM work_order
  WHERE "facilityId" = $1 AND "endedAt" >= $2 AND "endedAt" < $3 AND ($4::text IS NULL OR product = $4)
    AND status IN ('Ended', 'Aborted') AND "startedAt" IS NOT NULL
  GROUP BY product, unit ORDER BY product, unit`;

export type Yield = {
  product: string | null;
  unit: string;
  operationId: string;
  good: string;
  scrap: string;
  rework: string;
  restatedAt: string | null;
};
/** A report that was reversed counts no longer, but it restates the period. */
const counted = (amount: string) => `trim_scale(sum(report.${amount}) FILTER (WHERE NOT report.reversed))::text AS ${amount}`;
export const YIELD = `
  SELECT orders.product, report.unit, report."operationId", ${counted('good')}, ${counted('scrap')}, ${counted('rework')},
    ${restated('report."recordedAt"')}
  FROM production_report report LEFT JOIN work_order orders ON orders."workOrderId" = report."workOrderId"
  WHERE report."facilityId" = $1 AND report."endedAt" > $2 AND report."endedAt" <= $3 AND ($4::text IS NULL OR orders.product = $4)
  GROUP BY orders.product, report.unit, report."operationId" HAVING bool_or(NOT report.reversed)
  ORDER BY orders.product, report.unit, report."operationId"`;

type Durations = { orders: number; mean: number | null; half: number | null; nineOfTen: number | null; longest: number | null };
export type LeadTime = { lead: Durations; execution: Durations; restatedAt: string | null };
const durations = (column: string) => `json_build_object('orders', count(${column}), 'mean', avg(${column})::float8,
    'half', percentile_cont(0.5) WITHIN GROUP (ORDER BY ${column}), 'nineOfTen', percentile_cont(0.9) WITHIN GROUP (ORDER BY ${column}),
    'longest', max(${column})::float8)`;
export const LEAD_TIME = `
  SELECT product, grouping(product) = 1 AS whole, ${durations('lead')} AS lead, ${durations('execution')} AS execution,
    ${restated('"figuresAt"')}
  FROM (SELECT product, "figuresAt", greatest(${seconds('"endedAt" - "releasedAt"')}, 0)::float8 AS lead,
      greatest(${seconds('"endedAt" - "startedAt"')}, 0)::float8 AS execution
    FROM work_order
    WHERE "facilityId" = $1 AND "endedAt" >= $2 AND "endedAt" < $3 AND ($4::text IS NULL OR product = $4) AND status IN ('Ended', 'Aborted')) ended
  GROUP BY GROUPING SETS ((product), ()) ORDER BY product`;

const age = seconds(`$3::timestamptz - orders."startedAt"`);
/** $2: a product or null, $3: now. */
export const WIP = (most: number) => `
  SELECT wip.product, wip."operationId", min(wip.operation) AS operation, wip.unit, trim_scale(sum(wip."inProcess"))::text AS "inProcess",
    count(*)::int AS orders, (count(*) FILTER (WHERE wip.running))::int AS running, min(orders."startedAt") AS "oldestSince",
    (array_agg(wip."workOrderId" ORDER BY orders."startedAt", wip."workOrderId"))[1] AS "oldestOrder",
    max(${age})::float8 AS "oldestAgeSeconds", (sum(${age} * wip."inProcess") / sum(wip."inProcess"))::float8 AS "meanAgeSeconds"
  FROM work_in_progress wip LEFT JOIN work_order orders ON orders."workOrderId" = wip."workOrderId"
  WHERE wip."facilityId" = $1 AND ($2::text IS NULL OR wip.product = $2) AND wip.started AND wip."inProcess" > 0
  GROUP BY wip.product, wip."operationId", wip.unit ORDER BY wip.product, min(wip.sequence), wip."operationId", wip.unit LIMIT ${most}`;
