/**
 * The performance of machines over a period: GET /performance and the query `performance`. Promises: every number is the sum of facts
 * (machine.facts.ts) that the evidence lists one by one. Does not: plan; without a calendar the whole period is planned operation time, with one
 * only its shifts without breaks.
 */
import { Inject, Injectable } from '@nestjs/common';
import { Reads } from '#platform/queries/reads';
import { kpiReading } from './kpi.endpoint';
import { KpiScopes, MachineQuestion, type KpiScope } from './kpi.scope';
import { kpisOf, quantitiesOf, sumOfQuantities, type Failures, type Quantities } from './kpis';
import { FACTS, factsOf, type Facts } from './machine.facts';
import { PerformanceReport, type PerformanceAnswer, type PerformancePeriod } from './performance.answers';
import { latestOf, restatedAt } from './restated';
import type { Section } from './sections';
import { eachPiece, sumOfElements, timeElements, type Period, type TimeElements } from './time-elements';

type Part = Readonly<{ time: TimeElements; made: Quantities; failures: Failures; restatedAt: number | null }>;

/** Reads rows and computes. */
@Injectable()
export class Performances {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(KpiScopes) private readonly scopes: KpiScopes,
  ) {}

  /** @throws Problem 400 as KpiScopes */
  async report(question: MachineQuestion): Promise<PerformanceReport> {
    const scope = await this.scopes.of(question, FACTS);
    const facts = await factsOf(this.reads, scope, question.product);
    const parts = scope.sections.map((section, place) => facts.map((each) => partOf(section, place, each, scope.until)));
    return {
      periods: scope.sections.map((section, place) => periodOf(scope, section, parts[place]!)),
      ...answersOf(
        scope,
        facts.map((_, machine) => together(parts.map((ofSection) => ofSection[machine]!))),
      ),
      until: instant(scope.until),
      ...scope.fresh,
    };
  }
}

/** What each machine did, and all together. */
const answersOf = ({ machines }: KpiScope, parts: readonly Part[]) => ({
  items: parts.map((part, index) => answerOf(machines[index]!.id, part)),
  total: answerOf(null, together(parts)),
});

function periodOf(scope: KpiScope, section: Section, parts: readonly Part[]): PerformancePeriod {
  return { shift: section.shift, day: section.day, from: instant(section.from), to: instant(section.to), ...answersOf(scope, parts) };
}

function partOf(section: Section, place: number, { intervals, orders, reports, failures, within }: Facts, until: number): Part {
  const made = reports.filter((report) => report.section === place);
  return {
    time: timeElements(within(section.planned), intervals, until),
    made: quantitiesOf(made),
    failures: failuresIn(section.spans, failures, until),
    restatedAt: restatedAt(
      section.to,
      restating(section, intervals, orders),
      made.map(({ learned }) => learned),
    ),
  };
}

/** The facts that may have changed the time elements of a section after it was over. */
function restating({ from, to }: Period, intervals: Facts['intervals'], orders: Facts['orders']) {
  const facts: { from: number; learned: number }[] = [];
  eachPiece([{ from, to }], intervals, (interval) => {
    if (interval && interval.learned > to) facts.push(interval);
  });
  for (const order of orders) {
    if (order.to <= from || order.from >= to) continue;
    facts.push(order);
    if (order.endLearned !== null) facts.push({ from: order.to, learned: order.endLearned });
  }
  return facts;
}

const instant = (at: number): string => new Date(at).toISOString();

function failuresIn(spans: readonly Period[], failures: readonly Period[], until: number): Failures {
  const within = failures.filter((failure) => spans.some(({ from, to }) => failure.from >= from && failure.from < to));
  return { count: within.length, repairMs: within.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, until) - from), 0) };
}

const together = (parts: readonly Part[]): Part => ({
  time: sumOfElements(parts.map(({ time }) => time)),
  made: sumOfQuantities(parts.map(({ made }) => made)),
  failures: {
    count: parts.reduce((sum, { failures }) => sum + failures.count, 0),
    repairMs: parts.reduce((sum, { failures }) => sum + failures.repairMs, 0),
  },
  restatedAt: latestOf(parts.map((part) => part.restatedAt)),
});

const answerOf = (equipmentId: string | null, { time, made, failures, restatedAt: at }: Part): PerformanceAnswer => ({
  equipmentId,
  time: inSeconds(time),
  made: [...made.byUnit],
  kpis: kpisOf(time, made, failures),
  restatedAt: at === null ? null : instant(at),
});

const inSeconds = (time: TimeElements): TimeElements =>
  Object.fromEntries(Object.entries(time).map(([name, value]) => [name, value / 1_000])) as unknown as TimeElements;

export const performance = kpiReading({
  path: 'performance',
  name: 'performance',
  about: 'Time elements, quantities and KPIs of ISO 22400-2 (OEE and others) of machines over a period.',
  question: MachineQuestion,
  answer: PerformanceReport,
  reader: Performances,
  read: (performances: Performances, question: MachineQuestion) => performances.report(question),
});
