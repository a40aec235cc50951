/**
 * The performance of machines over a period: GET /performance and the query `performance`. Hides: the SQL, and how rows become elements and
 * quantities. Promises: every number is the sum of rows of equipment-timeline, equipment-stops and production-report of the same period, which are
 * lists of their own. Does not: plan; without a calendar the whole period is planned operation time.
 */
import { ApiBearerAuth, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Args, ArgsType, Query, Resolver } from '@nestjs/graphql';
import { Controller, Get, Inject, Injectable, Query as Parameter } from '@nestjs/common';
import { FacilityId } from '#manufacturing/facility.fields';
import { Allow } from '#manufacturing/roles.access';
import { Code, Id, Instant } from '#platform/commands/fields';
import { invalidInput } from '#platform/problem/problem';
import { inScopes, Reads, scopeOf } from '#platform/queries/reads';
import { now } from '#platform/runtime/clock';
import { caller } from '#platform/security/auth';
import { kpisOf, quantitiesOf, sumOfQuantities, type Failures, type Quantities, type Report } from './kpis';
import { PerformanceReport, type PerformanceAnswer, type PerformancePeriod } from './performance.answers';
import { sumOfElements, timeElements, type Period, type StateInterval, type TimeElements } from './time-elements';

const READERS = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'] as const;
const VIEWS = ['equipment-now', 'equipment-timeline', 'equipment-stop', 'production-report', 'operation-schedule'];
const MOST_DAYS = 92;
const MOST_MACHINES = 500;
const DAY_MS = 86_400_000;

/** Which machines, and when. */
@ArgsType()
class PerformanceQuery {
  @FacilityId()
  readonly facilityId: string;

  /** One machine; all of the facility when absent. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  /** Beginning of the period. */
  @Instant()
  readonly from: string;

  /** End of the period, at most 92 days later. */
  @Instant()
  readonly to: string;

  /** Token of a receipt: the answer reflects that command, or has `behind: true`. */
  @Code({ optional: true })
  readonly waitFor?: string;
}

const MACHINES = `
  SELECT "equipmentId" AS id FROM equipment_now
  WHERE "facilityId" = $1 AND ($2::text IS NULL OR "equipmentId" = $2) AND ${inScopes('"facilityId"', 3)}
  ORDER BY "equipmentId" LIMIT ${MOST_MACHINES + 1}`;

const ms = (column: string) => `(extract(epoch FROM ${column}) * 1000)::float8`;

const INTERVALS = `
  SELECT line."equipmentId" AS machine, line.state, ${ms('line."startedAt"')} AS "from", ${ms('line."endedAt"')} AS "to",
    cardinality(line."workOrderIds") > 0 AS ordered, stop."lossClass"
  FROM equipment_timeline line LEFT JOIN equipment_stop stop ON stop.key = line."equipmentId" || '/' || line."stopId"
  WHERE line."equipmentId" = ANY($1) AND line."startedAt" < $3 AND (line."endedAt" IS NULL OR line."endedAt" > $2)`;

const REPORTS = `
  SELECT report."equipmentId" AS machine, period.n::int - 1 AS period, report.unit, plan."idealCycleSeconds"::text AS "idealCycleSeconds",
    trim_scale(sum(report.good))::text AS good, trim_scale(sum(report.scrap))::text AS scrap, trim_scale(sum(report.rework))::text AS rework
  FROM unnest($2::timestamptz[], $3::timestamptz[]) WITH ORDINALITY AS period(since, until, n)
  JOIN production_report report ON report."endedAt" > period.since AND report."endedAt" <= period.until
  LEFT JOIN operation_schedule plan ON plan."entryId" = report."workOrderId" || '/' || report."operationId"
  WHERE report."equipmentId" = ANY($1) AND NOT report.reversed
  GROUP BY report."equipmentId", period.n, report.unit, plan."idealCycleSeconds"`;

const FAILURES = `
  SELECT "equipmentId" AS machine, ${ms('"startedAt"')} AS "from", ${ms('"endedAt"')} AS "to"
  FROM equipment_stop WHERE "equipmentId" = ANY($1) AND cause = 'Abort' AND "startedAt" >= $2 AND "startedAt" < $3`;

type OfMachine = Readonly<{ machine: string }>;
type Interval = OfMachine & Omit<StateInterval, 'to'> & Readonly<{ to: number | null }>;
type Failure = OfMachine & Readonly<{ from: number; to: number | null }>;
type Part = Readonly<{ time: TimeElements; made: Quantities; failures: Failures }>;
type Named = Period & Readonly<{ shift: string | null; day: string | null }>;

/** Reads rows and computes. */
@Injectable()
export class Performances {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /** @throws Problem 400 `invalid-input` for a period that is empty or longer than 92 days, or more than 500 machines */
  async report({ facilityId, equipmentId, from, to, waitFor }: PerformanceQuery): Promise<PerformanceReport> {
    const asked = { from: Date.parse(from), to: Date.parse(to) };
    if (asked.to <= asked.from) throw invalidInput([{ field: 'to', message: `to must be later than from, was ${to}` }]);
    if (asked.to - asked.from > MOST_DAYS * DAY_MS)
      throw invalidInput([{ field: 'to', message: `to must be at most ${MOST_DAYS} days after from; ask for shorter periods` }]);
    const fresh = await this.reads.fresh(VIEWS, waitFor);
    const machines = (await this.reads.rows<{ id: string }>(MACHINES, [facilityId, equipmentId ?? null, scopeOf(caller())])).map(
      ({ id }) => id,
    );
    if (machines.length > MOST_MACHINES)
      throw invalidInput([
        { field: 'equipmentId', message: `equipmentId is needed where a facility has more than ${MOST_MACHINES} machines` },
      ]);
    const until = now();
    const periods = await this.performance(machines, [{ ...asked, shift: null, day: null }], until.getTime());
    return { periods, until: until.toISOString(), ...fresh };
  }

  private async performance(machines: readonly string[], periods: readonly Named[], until: number): Promise<PerformancePeriod[]> {
    const all = [machines, instant(Math.min(...periods.map(({ from }) => from))), instant(Math.max(...periods.map(({ to }) => to)))];
    const bounds = [periods.map(({ from }) => instant(from)), periods.map(({ to }) => instant(to))];
    const [intervals, reports, failures] = await Promise.all([
      this.reads.rows<Interval>(INTERVALS, all),
      this.reads.rows<Report & OfMachine & { period: number }>(REPORTS, [machines, ...bounds]),
      this.reads.rows<Failure>(FAILURES, all),
    ]);
    const [intervalsOf, reportsOf, failuresOf] = [byMachine(intervals), byMachine(reports), byMachine(failures)];
    return periods.map((period, index) => {
      const parts = machines.map((machine): readonly [string, Part] => {
        const states = (intervalsOf.get(machine) ?? []).map((interval) => ({ ...interval, to: interval.to ?? Infinity }));
        return [
          machine,
          {
            time: timeElements([period], states, until),
            made: quantitiesOf((reportsOf.get(machine) ?? []).filter((report) => report.period === index)),
            failures: failuresIn(period, failuresOf.get(machine) ?? [], until),
          },
        ];
      });
      return {
        shift: period.shift,
        day: period.day,
        from: instant(period.from),
        to: instant(period.to),
        items: parts.map(([machine, part]) => answerOf(machine, part)),
        total: answerOf(null, together(parts.map(([, part]) => part))),
      };
    });
  }
}

const instant = (at: number): string => new Date(at).toISOString();

function byMachine<Row extends OfMachine>(rows: readonly Row[]): Map<string, Row[]> {
  const groups = new Map<string, Row[]>();
  for (const row of rows) {
    const group = groups.get(row.machine);
    if (group) group.push(row);
    else groups.set(row.machine, [row]);
  }
  return groups;
}

function failuresIn({ from, to }: Period, failures: readonly Failure[], until: number): Failures {
  const within = failures.filter((failure) => failure.from >= from && failure.from < to);
  return { count: within.length, repairMs: within.reduce((sum, failure) => sum + Math.max(0, (failure.to ?? until) - failure.from), 0) };
}

const together = (parts: readonly Part[]): Part => ({
  time: sumOfElements(parts.map(({ time }) => time)),
  made: sumOfQuantities(parts.map(({ made }) => made)),
  failures: {
    count: parts.reduce((sum, { failures }) => sum + failures.count, 0),
    repairMs: parts.reduce((sum, { failures }) => sum + failures.repairMs, 0),
  },
});

const answerOf = (equipmentId: string | null, { time, made, failures }: Part): PerformanceAnswer => ({
  equipmentId,
  time: inSeconds(time),
  made: [...made.byUnit],
  kpis: kpisOf(time, made, failures),
});

const inSeconds = (time: TimeElements): TimeElements =>
  Object.fromEntries(Object.entries(time).map(([name, value]) => [name, value / 1_000])) as unknown as TimeElements;

const ABOUT = 'Time elements, quantities and KPIs of ISO 22400-2 (OEE and others) of machines over a period.';

@Controller('performance')
@ApiTags('performance')
@ApiBearerAuth()
export class PerformanceController {
  constructor(@Inject(Performances) private readonly performances: Performances) {}

  @Get()
  @Allow(...READERS)
  @ApiOperation({ operationId: 'performance', summary: ABOUT })
  @ApiOkResponse({ type: PerformanceReport })
  performance(@Parameter() query: PerformanceQuery): Promise<PerformanceReport> {
    return this.performances.report(query);
  }
}

@Resolver()
export class PerformanceResolver {
  constructor(@Inject(Performances) private readonly performances: Performances) {}

  @Query(() => PerformanceReport, { description: ABOUT })
  @Allow(...READERS)
  performance(@Args() query: PerformanceQuery): Promise<PerformanceReport> {
    return this.performances.report(query);
  }
}
