/**
 * How orders flow through a plant: GET /kpi/schedule-adherence, /kpi/throughput, /kpi/yield, /kpi/lead-time and /kpi/work-in-progress. Hides: the
 * SQL. Promises: sums and ranks of rows of the lists work-order, production-report and work-in-progress. Does not: know machines or shifts.
 */
import { ArgsType } from '@nestjs/graphql';
import { Inject, Injectable } from '@nestjs/common';
import { FacilityId } from '#manufacturing/facility.fields';
import { Code, Text } from '#platform/commands/fields';
import { Reads } from '#platform/queries/reads';
import { now } from '#platform/runtime/clock';
import { LeadTimeReport, ScheduleAdherence, ThroughputReport, WipReport, YieldReport } from './flow.answers';
import * as sql from './flow.sql';
import { kpiReading } from './kpi.endpoint';
import { KpiScopes, PeriodQuestion, periodOf } from './kpi.scope';
import { ratioOf } from './kpis';
import { millionths, plus } from '#manufacturing/quantity';

/** Which orders, and when. */
@ArgsType()
class FlowQuestion extends PeriodQuestion {
  /** Only the orders of this product. */
  @Text(1, 64, { optional: true })
  readonly product?: string;
}

/** Which work in progress. */
@ArgsType()
class WipQuestion {
  @FacilityId()
  readonly facilityId: string;

  /** Only that of this product. */
  @Text(1, 64, { optional: true })
  readonly product?: string;

  /** Token of a receipt: the answer reflects that command, or has `behind: true`. */
  @Code({ optional: true })
  readonly waitFor?: string;
}

const MOST_WIP = 2_000;
/** The key of the entry for all products together. */
type OfProduct = Readonly<{ product: string | null; whole: boolean }>;

@Injectable()
export class Flows {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(KpiScopes) private readonly scopes: KpiScopes,
  ) {}

  async adherence(question: FlowQuestion): Promise<ScheduleAdherence> {
    const until = now().toISOString();
    const { rows, fresh } = await this.ask<sql.Adherence & OfProduct>(question, ['work-order'], sql.ADHERENCE, until);
    const groups = rows.map(({ whole, starts, startsOnTime, ...row }) => ({
      ...row,
      whole,
      adherence: ratioOf(String(row.onTime), String(row.due - row.open), 'NothingDue'),
      startAdherence: ratioOf(String(startsOnTime), String(starts), 'NothingDue'),
    }));
    return { ...divided(groups), until, ...fresh };
  }

  async throughput(question: FlowQuestion): Promise<ThroughputReport> {
    const { rows, fresh } = await this.ask<sql.Throughput>(question, ['work-order'], sql.THROUGHPUT);
    const items = rows.map(({ executionMs, ...row }) => ({
      ...row,
      executionSeconds: Number(executionMs) / 1_000,
      throughputRate: ratioOf(row.produced, hours(executionMs), 'NoExecutionTime'),
    }));
    return { items, ...fresh };
  }

  async yields(question: FlowQuestion): Promise<YieldReport> {
    const { rows, fresh } = await this.ask<sql.Yield>(question, ['production-report', 'work-order'], sql.YIELD);
    const items = new Map<string, YieldReport['items'][number]>();
    for (const { product, unit, ...operation } of rows) {
      const key = JSON.stringify([product, unit]);
      const item = items.get(key) ?? { product, unit, operations: [], rolledYield: null };
      const inspected = plus(operation.good, plus(operation.scrap, operation.rework));
      item.operations.push({ ...operation, firstPassYield: ratioOf(operation.good, inspected, 'NoQuantity') });
      items.set(key, item);
    }
    return { items: [...items.values()].map((item) => ({ ...item, rolledYield: rolled(item.operations) })), ...fresh };
  }

  async leadTime(question: FlowQuestion): Promise<LeadTimeReport> {
    const { rows, fresh } = await this.ask<sql.LeadTime & OfProduct>(question, ['work-order'], sql.LEAD_TIME);
    return { ...divided(rows), ...fresh };
  }

  async workInProgress({ facilityId, product, waitFor }: WipQuestion): Promise<WipReport> {
    const fresh = await this.reads.fresh(['work-in-progress', 'work-order', 'facility-element'], waitFor);
    await this.scopes.plant({ facilityId });
    const until = now().toISOString();
    const items = await this.reads.rows<WipReport['items'][number]>(sql.WIP(MOST_WIP + 1), [facilityId, product ?? null, until]);
    return { items: items.slice(0, MOST_WIP), more: items.length > MOST_WIP, until, ...fresh };
  }

  private async ask<Row extends object>(question: FlowQuestion, views: readonly string[], text: string, ...more: unknown[]) {
    const { facilityId, from, to, product, waitFor } = question;
    periodOf(question);
    const fresh = await this.reads.fresh([...views, 'facility-element'], waitFor);
    await this.scopes.plant(question);
    return { rows: await this.reads.rows<Row>(text, [facilityId, from, to, product ?? null, ...more]), fresh };
  }
}

/** Entries of single products, and the one of all together, which SQL gives also where there is no other. */
function divided<Row extends OfProduct>(rows: readonly Row[]) {
  const plain = (row: Row) => (({ whole: _, ...rest }) => rest)(row);
  return { items: rows.filter(({ whole }) => !whole).map(plain), total: plain(rows.find(({ whole }) => whole)!) };
}

/** Milliseconds as hours with six decimals. */
function hours(ms: string): string {
  const digits = ((BigInt(ms) * 1_000_000n) / 3_600_000n).toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** The product of the yields of all operations, rounded down at each step to six decimals. */
function rolled(operations: readonly { firstPassYield: { value: string | null } }[]): string | null {
  let product = 1_000_000n;
  for (const { firstPassYield } of operations) {
    if (firstPassYield.value === null) return null;
    product = (product * millionths(firstPassYield.value)) / 1_000_000n;
  }
  const digits = product.toString().padStart(7, '0');
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

const reader = Flows;
export const flow = [
  kpiReading({
    path: 'kpi/schedule-adherence',
    name: 'scheduleAdherence',
    about: 'Orders that were due in a period: on time, late, overdue, by product.',
    question: FlowQuestion,
    answer: ScheduleAdherence,
    reader,
    read: (flows: Flows, question: FlowQuestion) => flows.adherence(question),
  }),
  kpiReading({
    path: 'kpi/throughput',
    name: 'throughput',
    about: 'What the orders that ended in a period made, and their throughput rate, by product.',
    question: FlowQuestion,
    answer: ThroughputReport,
    reader,
    read: (flows: Flows, question: FlowQuestion) => flows.throughput(question),
  }),
  kpiReading({
    path: 'kpi/yield',
    name: 'firstPassYield',
    about: 'First-pass yield of each operation, and rolled over the operations of a product.',
    question: FlowQuestion,
    answer: YieldReport,
    reader,
    read: (flows: Flows, question: FlowQuestion) => flows.yields(question),
  }),
  kpiReading({
    path: 'kpi/lead-time',
    name: 'leadTime',
    about: 'How long the orders that ended in a period took, from release and from start to end, by product.',
    question: FlowQuestion,
    answer: LeadTimeReport,
    reader,
    read: (flows: Flows, question: FlowQuestion) => flows.leadTime(question),
  }),
  kpiReading({
    path: 'kpi/work-in-progress',
    name: 'agedWorkInProgress',
    about: 'Work in progress by product and operation, with its age.',
    question: WipQuestion,
    answer: WipReport,
    reader,
    read: (flows: Flows, question: WipQuestion) => flows.workInProgress(question),
  }),
];
