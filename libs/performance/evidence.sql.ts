/**
 * The statements of evidence.queries.ts. Parameters: $1 the machine, $2 and $3 the spans of the period, $4 a product or null, $5 a kind of fact or null,
 * $6 to $8 the place after which the page begins.
 */
import type { EvidenceKind } from './evidence.answers';

export type Row = {
  kind: EvidenceKind;
  rowId: string;
  since: string;
  from: number;
  to: number | null;
  learned: number;
  eventIds: string[];
  state: string | null;
  stopId: string | null;
  cause: string | null;
  reasonCode: string | null;
  lossClass: string | null;
  workOrderId: string | null;
  product: string | null;
  operationId: string | null;
  reportId: string | null;
  otherReportId: string | null;
  correctionReason: string | null;
  good: string | null;
  scrap: string | null;
  rework: string | null;
  unit: string | null;
  idealCycleSeconds: string | null;
  counts: boolean;
};

const iso = (column: string) => `to_char(${column} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;
/** Lies in one of the spans, at least in part. */
const during = (from: string, to: string) => `EXISTS (SELECT FROM span WHERE ${from} < span.until AND (${to} IS NULL OR ${to} > span.since))
    AND ${from} < (SELECT max(until) FROM span) AND (${to} IS NULL OR ${to} > (SELECT min(since) FROM span))`;

const COLUMNS = [
  'state',
  'stopId',
  'cause',
  'reasonCode',
  'lossClass',
  'workOrderId',
  'product',
  'operationId',
  'reportId',
  'otherReportId',
];
const AMOUNTS = ['correctionReason', 'good', 'scrap', 'rework', 'unit', 'idealCycleSeconds'];
/** One kind of fact: the columns that it has, by name; the others are null. */
const entries = (
  kind: EvidenceKind,
  key: string,
  at: string,
  to: string,
  learned: string,
  events: string,
  has: Record<string, string>,
  from: string,
) => `
  SELECT '${kind}' AS kind, ${key} AS "rowId", ${at} AS at, ${to} AS ended, ${learned} AS learned, array_remove(ARRAY[${events}], NULL) AS "eventIds",
    ${[...COLUMNS, ...AMOUNTS].map((name) => `${has[name] ?? 'NULL'}::text AS "${name}"`).join(', ')}, ${has['counts'] ?? 'true'} AS counts
  FROM ${from}`;

const STATES = entries(
  'State',
  'line."intervalId"',
  'line."startedAt"',
  'line."endedAt"',
  'greatest(line."learnedAt", stop."classifiedAt")',
  'line."eventId", stop."classificationEventId"',
  { state: 'line.state', stopId: 'line."stopId"', reasonCode: 'stop."reasonCode"', lossClass: 'stop."lossClass"' },
  `equipment_timeline line LEFT JOIN equipment_stop stop ON stop.key = line."equipmentId" || '/' || line."stopId"
  WHERE line."equipmentId" = $1 AND ${during('line."startedAt"', 'line."endedAt"')}`,
);
const STOPS = entries(
  'Stop',
  'stop.key',
  'stop."startedAt"',
  'stop."endedAt"',
  'greatest(stop."learnedAt", stop."classifiedAt")',
  'stop."eventId", stop."classificationEventId"',
  { stopId: 'stop."stopId"', cause: 'stop.cause', reasonCode: 'stop."reasonCode"', lossClass: 'stop."lossClass"' },
  `equipment_stop stop WHERE stop."equipmentId" = $1 AND ${during('stop."startedAt"', 'stop."endedAt"')}`,
);
const ASSIGNMENTS = entries(
  'Assignment',
  'held."entryId"',
  'held."startedAt"',
  'held."endedAt"',
  'CASE WHEN held."endedAt" < (SELECT max(until) FROM span) THEN held."recordedAt" ELSE held."learnedAt" END',
  'held."eventId", held."endEventId"',
  { workOrderId: 'held."workOrderId"', product: 'orders.product' },
  `equipment_assignment held LEFT JOIN work_order orders ON orders."workOrderId" = held."workOrderId"
  WHERE held."equipmentId" = $1 AND ${during('held."startedAt"', 'held."endedAt"')} AND ($4::text IS NULL OR orders.product = $4)`,
);
const REPORTS = entries(
  'Report',
  'report."entryId"',
  'report."startedAt"',
  'report."endedAt"',
  'report."recordedAt"',
  'report."eventId", report."reversalEventId"',
  {
    workOrderId: 'report."workOrderId"',
    product: 'orders.product',
    operationId: 'report."operationId"',
    reportId: 'report."reportId"',
    otherReportId: 'report."otherReportId"',
    correctionReason: 'report."correctionReason"',
    good: 'report.good',
    scrap: 'report.scrap',
    rework: 'report.rework',
    unit: 'report.unit',
    idealCycleSeconds: 'plan."idealCycleSeconds"',
    counts: 'NOT report.reversed',
  },
  `production_report report LEFT JOIN work_order orders ON orders."workOrderId" = report."workOrderId"
  LEFT JOIN operation_schedule plan ON plan."entryId" = report."workOrderId" || '/' || report."operationId"
  WHERE report."equipmentId" = $1 AND EXISTS (SELECT FROM span WHERE report."endedAt" > span.since AND report."endedAt" <= span.until)
    AND report."endedAt" > (SELECT min(since) FROM span) AND report."endedAt" <= (SELECT max(until) FROM span)
    AND ($4::text IS NULL OR orders.product = $4)`,
);

export const ENTRIES = (most: number) => `
  WITH span AS MATERIALIZED (SELECT * FROM unnest($2::timestamptz[], $3::timestamptz[]) AS span(since, until)),
  entry AS (${[STATES, STOPS, ASSIGNMENTS, REPORTS].join('\n  UNION ALL')})
  SELECT kind, "rowId", ${iso('at')} AS since, ${ms('at')} AS "from", ${ms('ended')} AS "to", ${ms('learned')} AS learned, "eventIds",
    ${[...COLUMNS, ...AMOUNTS].map((name) => `"${name}"`).join(', ')}, counts
  FROM entry WHERE ($5::text IS NULL OR kind = $5)
    AND ($6::timestamptz IS NULL OR (date_trunc('milliseconds', at), kind, "rowId") > ($6::timestamptz, $7::text, $8::text))
  ORDER BY date_trunc('milliseconds', at), kind, "rowId" LIMIT ${most}`;

export const EVENTS = `
  SELECT "eventId", event, stream AS entity, position::text AS position, actor, role, "occurredAt", "recordedAt", reason FROM audit_trail WHERE "eventId" = ANY($1)`;
