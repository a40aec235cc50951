/** Downtime and scrap in Pareto order: GET /kpi/downtime, GET /kpi/scrap. Promises: sums of the same facts as the time elements and quantities. */
import { ArgsType } from '@nestjs/graphql';
import { Inject, Injectable } from '@nestjs/common';
import { decimal } from '#manufacturing/quantity';
import { OneOf } from '#platform/commands/fields';
import { Reads } from '#platform/queries/reads';
import { kpiReading } from './kpi.endpoint';
import { KpiScopes, MachineQuestion, type KpiScope } from './kpi.scope';
import { boundsOf, FACTS, factsOf, type Facts } from './machine.facts';
import { ranked } from './pareto';
import { DowntimeBy, DowntimePareto, ScrapBy, ScrapPareto } from './pareto.answers';
import { addStopTime, noStopTime, type Piece } from './stop-time';

const MOST_GROUPS = 500;

/** Which stops, and what they are grouped by. */
@ArgsType()
class DowntimeQuestion extends MachineQuestion {
  /** What the time is grouped by; Reason when absent. */
  @OneOf(DowntimeBy, { optional: true })
  readonly by?: DowntimeBy;
}

/** Which scrap, and what it is grouped by. */
@ArgsType()
class ScrapQuestion extends MachineQuestion {
  /** What the scrap is grouped by; Reason when absent. */
  @OneOf(ScrapBy, { optional: true })
  readonly by?: ScrapBy;
}

const KEYS: Readonly<Record<ScrapBy, string>> = {
  Reason: 'part."reasonCode"',
  Equipment: 'report."equipmentId"',
  Element: 'machine.element',
  Operation: 'report."operationId"',
  Shift: 'period.shift',
  Product: 'orders.product',
};

const SCRAP = (by: ScrapBy) => `
  SELECT ${KEYS[by]} AS key, report.unit, trim_scale(sum(part.quantity))::text AS amount, count(DISTINCT report."entryId")::int AS reports,
    (extract(epoch FROM max(report."recordedAt") FILTER (WHERE report."recordedAt" > period.until)) * 1000)::float8 AS learned
  FROM unnest($3::timestamptz[], $4::timestamptz[], $5::text[]) AS period(since, until, shift)
  JOIN production_report report ON report."endedAt" > period.since AND report."endedAt" <= period.until
  JOIN unnest($1::text[], $2::text[]) AS machine(id, element) ON machine.id = report."equipmentId"
  JOIN LATERAL jsonb_to_recordset(report."scrapByReason") AS part("reasonCode" text, quantity numeric) ON part.quantity > 0
  LEFT JOIN work_order orders ON orders."workOrderId" = report."workOrderId"
  WHERE NOT report.reversed AND ($6::text IS NULL OR orders.product = $6)
  GROUP BY 1, 2`;

/** What people call reasons, machines and elements of a plant. */
const NAMES: Readonly<Partial<Record<DowntimeBy | ScrapBy, string>>> = {
  Reason: `SELECT code AS key, name FROM master_data WHERE "facilityId" = $1 AND kind = 'ReasonCode' AND code = ANY($2)`,
  Product: `SELECT code AS key, name FROM master_data WHERE "facilityId" = $1 AND kind = 'Material' AND code = ANY($2)`,
  Equipment: `SELECT "equipmentId" AS key, name FROM equipment_now WHERE "facilityId" = $1 AND "equipmentId" = ANY($2)`,
  Element: `SELECT "elementId" AS key, name FROM facility_element WHERE "facilityId" = $1 AND "elementId" = ANY($2)`,
};

type ScrapRow = Readonly<{ key: string | null; unit: string; amount: string; reports: number; learned: number | null }>;

@Injectable()
export class Paretos {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(KpiScopes) private readonly scopes: KpiScopes,
  ) {}

  async downtime(question: DowntimeQuestion): Promise<DowntimePareto> {
    const scope = await this.scopes.of(question, [...FACTS, 'master-data']);
    const by = question.by ?? 'Reason';
    const facts = await factsOf(this.reads, scope, question.product);
    const time = noStopTime();
    scope.sections.forEach(({ planned, to }, section) =>
      facts.forEach(({ intervals, within }, index) => {
        const { id: machine } = scope.machines[index]!;
        const of = { machine, section, planned: within(planned), intervals, until: scope.until, to };
        addStopTime(time, of, (piece) => groupOf(by, piece, scope, facts[index]!, index));
      }),
    );
    const groups = ranked([...time.groups.values()].map((group) => ({ ...group, amount: seconds(group.ms) })));
    const shown = groups.slice(0, MOST_GROUPS);
    const names = await this.names(by, question.facilityId, shown);
    return {
      items: shown.map(({ key, lossClass, ms, stops, share, cumulativeShare, restatedAt }) => ({
        key,
        name: (key !== null && names.get(key)) || null,
        lossClass,
        seconds: ms / 1_000,
        stops: stops.size,
        share,
        cumulativeShare,
        restatedAt: instant(restatedAt),
      })),
      leftOut: groups.length - shown.length,
      seconds: groups.reduce((sum, { ms }) => sum + ms, 0) / 1_000,
      stops: time.all.size,
      otherSeconds: time.otherMs / 1_000,
      until: instant(scope.until)!,
      ...scope.fresh,
    };
  }

  async scrap(question: ScrapQuestion): Promise<ScrapPareto> {
    const scope = await this.scopes.of(question, ['production-report', 'work-order', 'master-data']);
    const by = question.by ?? 'Reason';
    const [since, until, places] = boundsOf(scope.sections);
    const shifts = places.map((place) => scope.sections[place]!.shift);
    const machines = [scope.machines.map(({ id }) => id), scope.machines.map(({ element }) => element)];
    const rows = await this.reads.rows<ScrapRow>(SCRAP(by), [...machines, since, until, shifts, question.product ?? null]);
    const units = [...new Set(rows.map(({ unit }) => unit))].sort();
    const groups = units.flatMap((unit) => ranked(rows.filter((row) => row.unit === unit)));
    const shown = groups.slice(0, MOST_GROUPS);
    const names = await this.names(by, question.facilityId, shown);
    return {
      items: shown.map(({ key, unit, amount, reports, learned, share, cumulativeShare }) => ({
        key,
        name: (key !== null && names.get(key)) || null,
        unit,
        quantity: amount,
        reports,
        share,
        cumulativeShare,
        restatedAt: instant(learned),
      })),
      leftOut: groups.length - shown.length,
      until: instant(scope.until)!,
      ...scope.fresh,
    };
  }

  private async names(
    by: DowntimeBy | ScrapBy,
    facilityId: string,
    groups: readonly { key: string | null }[],
  ): Promise<Map<string, string>> {
    const text = NAMES[by];
    const keys = groups.flatMap(({ key }) => key ?? []);
    if (text === undefined || keys.length === 0) return new Map();
    const rows = await this.reads.rows<{ key: string; name: string }>(text, [facilityId, keys]);
    return new Map(rows.map(({ key, name }) => [key, name]));
  }
}

function groupOf(by: DowntimeBy, { interval, section, from }: Piece, { machines, sections }: KpiScope, { orders }: Facts, index: number) {
  const { reasonCode } = interval;
  const lossClass = interval.lossClass ?? null;
  const { id, element } = machines[index]!;
  switch (by) {
    case 'Reason':
      return { key: reasonCode, lossClass };
    case 'LossClass':
      return { key: lossClass, lossClass };
    case 'Equipment':
      return { key: id, lossClass: null };
    case 'Element':
      return { key: element, lossClass: null };
    case 'Shift':
      return { key: sections[section]!.shift, lossClass: null };
    case 'Product':
      return { key: orders.find((order) => order.from <= from && from < order.to)?.product ?? null, lossClass: null };
  }
}

const seconds = (ms: number): string => decimal(BigInt(ms) * 1_000n);
const instant = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

export const downtime = kpiReading({
  path: 'kpi/downtime',
  name: 'downtimePareto',
  about: 'Time of stops within planned operation time by reason, loss class, machine, element, shift or product, the longest first.',
  question: DowntimeQuestion,
  answer: DowntimePareto,
  reader: Paretos,
  read: (paretos: Paretos, question: DowntimeQuestion) => paretos.downtime(question),
});

export const scrap = kpiReading({
  path: 'kpi/scrap',
  name: 'scrapPareto',
  about: 'Scrap by reason, machine, element, operation, shift or product, the largest first.',
  question: ScrapQuestion,
  answer: ScrapPareto,
  reader: Paretos,
  read: (paretos: Paretos, question: ScrapQuestion) => paretos.scrap(question),
});
