/**
 * The performance of machines over a period: GET /performance and the query `performance`. Hides: the SQL, and how rows become elements and
 * quantities. Promises: every number is the sum of rows of equipment-timeline, equipment-stops and production-report of the same period, which are
 * lists of their own. Does not: plan; without a calendar the whole period is planned operation time, with one only its shifts without breaks.
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
import type { Calendar } from '#manufacturing/shifts';
import { kpisOf, quantitiesOf, sumOfQuantities, type Failures, type Quantities, type Report } from './kpis';
import { PerformanceReport, type PerformanceAnswer, type PerformancePeriod } from './performance.answers';
import { inShifts, overall, type Section } from './sections';
import { sumOfElements, timeElements, type Period, type StateInterval, type TimeElements } from './time-elements';

const READERS = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'] as const;
const VIEWS = ['equipment-now', 'equipment-timeline', 'equipment-stop', 'production-report', 'operation-schedule'];
const MOST_DAYS = 92;
const MOST_MACHINES = 500;
/** Machines times shifts of one answer. */
const MOST_ENTRIES = 20_000;
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

  /** Divides the period into the shifts of this calendar; the last entry is the time outside of them. */
  @Id({ optional: true })
  readonly calendarId?: string;

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
  SELECT report."equipmentId" AS machine, period.section, report.unit, plan."idealCycleSeconds"::text AS "idealCycleSeconds",
    trim_scale(sum(report.good))::text AS good, trim_scale(sum(report.scrap))::text AS scrap, trim_scale(sum(report.rework))::text AS rework
  FROM unnest($2::timestamptz[], $3::timestamptz[], $4::int[]) AS period(since, until, section)
  JOIN production_report report ON report."endedAt" > period.since AND report."endedAt" <= period.until
  LEFT JOIN operation_schedule plan ON plan."entryId" = report."workOrderId" || '/' || report."operationId"
  WHERE report."equipmentId" = ANY($1) AND NOT report.reversed
  GROUP BY report."equipmentId", period.section, report.unit, plan."idealCycleSeconds"`;

const FAILURES = `
  SELECT "equipmentId" AS machine, ${ms('"startedAt"')} AS "from", ${ms('"endedAt"')} AS "to"
  FROM equipment_stop WHERE "equipmentId" = ANY($1) AND cause = 'Abort' AND "startedAt" >= $2 AND "startedAt" < $3`;

const CALENDAR = `
  SELECT versions, exceptions FROM shift_calendar WHERE "calendarId" = $1 AND "facilityId" = $2 AND ${inScopes('"facilityId"', 3)}`;

type OfMachine = Readonly<{ machine: string }>;
type Interval = OfMachine & Omit<StateInterval, 'to'> & Readonly<{ to: number | null }>;
type Failure = OfMachine & Readonly<{ from: number; to: number | null }>;
type Part = Readonly<{ time: TimeElements; made: Quantities; failures: Failures }>;

/** Reads rows and computes. */
@Injectable()
export class Performances {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /** @throws Problem 400 `invalid-input` for a period that is empty or longer than 92 days, more than 500 machines, an unknown calendar */
  async report({ facilityId, equipmentId, from, to, calendarId, waitFor }: PerformanceQuery): Promise<PerformanceReport> {
    const asked = { from: Date.parse(from), to: Date.parse(to) };
    if (asked.to <= asked.from) throw invalidInput([{ field: 'to', message: `to must be later than from, was ${to}` }]);
    if (asked.to - asked.from > MOST_DAYS * DAY_MS)
      throw invalidInput([{ field: 'to', message: `to must be at most ${MOST_DAYS} days after from; ask for shorter periods` }]);
    const fresh = await this.reads.fresh(calendarId === undefined ? VIEWS : [...VIEWS, 'shift-calendar'], waitFor);
    const machines = (await this.reads.rows<{ id: string }>(MACHINES, [facilityId, equipmentId ?? null, scopeOf(caller())])).map(
      ({ id }) => id,
    );
    if (machines.length > MOST_MACHINES)
      throw invalidInput([
        { field: 'equipmentId', message: `equipmentId is needed where a facility has more than ${MOST_MACHINES} machines` },
      ]);
    const until = now();
    const sections = calendarId === undefined ? [overall(asked)] : inShifts(await this.calendar(calendarId, facilityId), asked);
    if (sections.length * machines.length > MOST_ENTRIES)
      throw invalidInput([
        {
          field: 'to',
          message: `to must be nearer to from: ${sections.length} shifts of ${machines.length} machines are too many at once`,
        },
      ]);
    const periods = await this.performance(machines, sections, until.getTime());
    return { periods, until: until.toISOString(), ...fresh };
  }

  private async calendar(calendarId: string, facilityId: string): Promise<Calendar> {
    const [calendar] = await this.reads.rows<Calendar>(CALENDAR, [calendarId, facilityId, scopeOf(caller())]);
    if (!calendar)
      throw invalidInput([{ field: 'calendarId', message: `calendarId must be a calendar of ${facilityId}, was ${calendarId}` }]);
    return calendar;
  }

  private async performance(machines: readonly string[], sections: readonly Section[], until: number): Promise<PerformancePeriod[]> {
    const all = [machines, instant(Math.min(...sections.map(({ from }) => from))), instant(Math.max(...sections.map(({ to }) => to)))];
    const spans = sections.flatMap((section, index) => section.spans.map((span) => ({ ...span, index })));
    const bounds = [spans.map(({ from }) => instant(from)), spans.map(({ to }) => instant(to)), spans.map(({ index }) => index)];
    const [intervals, reports, failures] = await Promise.all([
      this.reads.rows<Interval>(INTERVALS, all),
      this.reads.rows<Report & OfMachine & { section: number }>(REPORTS, [machines, ...bounds]),
      this.reads.rows<Failure>(FAILURES, all),
    ]);
    const [intervalsOf, reportsOf, failuresOf] = [byMachine(intervals), byMachine(reports), byMachine(failures)];
    return sections.map((section, index) => {
      const parts = machines.map((machine): readonly [string, Part] => {
        const states = (intervalsOf.get(machine) ?? []).map((interval) => ({ ...interval, to: interval.to ?? Infinity }));
        return [
          machine,
          {
            time: timeElements(section.planned, states, until),
            made: quantitiesOf((reportsOf.get(machine) ?? []).filter((report) => report.section === index)),
            failures: failuresIn(section.spans, failuresOf.get(machine) ?? [], until),
          },
        ];
      });
      return {
        shift: section.shift,
        day: section.day,
        from: instant(section.from),
        to: instant(section.to),
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

function failuresIn(spans: readonly Period[], failures: readonly Failure[], until: number): Failures {
  const within = failures.filter((failure) => spans.some(({ from, to }) => failure.from >= from && failure.from < to));
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
