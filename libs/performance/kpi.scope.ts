/**
 * Which machines and which time a question is about. Hides: the hierarchy of the plant, the calendar, what the caller may see. Promises: a period,
 * a machine or a plant that makes no sense is refused with its field; an id of another plant looks like one that does not exist. Does not: read facts.
 */
import { ArgsType } from '@nestjs/graphql';
import { Inject, Injectable } from '@nestjs/common';
import { FacilityId } from '#manufacturing/facility.fields';
import type { Calendar } from '#manufacturing/shifts';
import { Code, Id, Instant, Text } from '#platform/commands/fields';
import { invalidInput, Problem } from '#platform/problem/problem';
import { viewBehind } from '#platform/queries/list-reader';
import { inScopes, Reads, scopeOf, type Freshness } from '#platform/queries/reads';
import { now } from '#platform/runtime/clock';
import { caller } from '#platform/security/auth';
import { inShifts, overall, type Section } from './sections';
import type { Period } from './time-elements';

export const READERS = ['operator', 'supervisor', 'planner', 'quality', 'auditor', 'analyst', 'engineer'] as const;
const MOST_DAYS = 92;
const MOST_MACHINES = 500;
/** Machines times shifts of one answer. */
const MOST_ENTRIES = 20_000;
const DAY_MS = 86_400_000;

/** A plant and a period. */
@ArgsType()
export class PeriodQuestion {
  @FacilityId()
  readonly facilityId: string;

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

/** Which machines, and when. */
@ArgsType()
export class MachineQuestion extends PeriodQuestion {
  /** One machine; all of the facility when absent. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  /** The machines at an element of the plant's hierarchy, and below it. */
  @Id({ optional: true })
  readonly elementId?: string;

  /** Only the time in which a machine had an order of this product, and what was reported for such orders. */
  @Text(1, 64, { optional: true })
  readonly product?: string;

  /** Divides the period into the shifts of this calendar; the last entry is the time outside of them. */
  @Id({ optional: true })
  readonly calendarId?: string;

  /** Only the shifts of this name; needs `calendarId`. */
  @Text(1, 64, { optional: true })
  readonly shift?: string;
}

/** A machine and the element that it belongs to. */
export type Machine = Readonly<{ id: string; name: string | null; element: string | null }>;
export type KpiScope = Readonly<{ machines: readonly Machine[]; sections: readonly Section[]; until: number; fresh: Freshness }>;

/** Machines that are registered or were observed, and those that were only named in reports. */
const MACHINES = `
  WITH RECURSIVE part AS (
    SELECT "elementId" FROM facility_element WHERE "elementId" = $3 AND "facilityId" = $1
    UNION SELECT below."elementId" FROM facility_element below JOIN part ON below."parentId" = part."elementId")
  SELECT id, name, element FROM (
    SELECT "equipmentId" AS id, name, "elementId" AS element FROM equipment_now WHERE "facilityId" = $1
    UNION ALL SELECT "equipmentId", NULL, NULL FROM machine_overlap WHERE "facilityId" = $1
      AND NOT EXISTS (SELECT FROM equipment_now known WHERE known."equipmentId" = machine_overlap."equipmentId")) machine
  WHERE ($2::text IS NULL OR id = $2) AND ($3::text IS NULL OR element IN (SELECT "elementId" FROM part)) AND ${inScopes('$1', 4)}
  ORDER BY id LIMIT ${MOST_MACHINES + 1}`;

const PLANT = `
  SELECT EXISTS (SELECT FROM facility_element WHERE "elementId" = $1 AND ${inScopes('"facilityId"', 3)}) AS plant,
    EXISTS (SELECT FROM facility_element WHERE "elementId" = $2 AND "facilityId" = $1) AS element`;

const CALENDAR = `
  SELECT versions, exceptions FROM shift_calendar WHERE "calendarId" = $1 AND "facilityId" = $2 AND ${inScopes('"facilityId"', 3)}`;

/** The views that say which plants, elements and machines there are. */
const PARTS = ['equipment-now', 'machine-overlap', 'facility-element'];

const refused = (field: string, message: string) => invalidInput([{ field, message }]);

@Injectable()
export class KpiScopes {
  constructor(@Inject(Reads) private readonly reads: Reads) {}

  /**
   * @throws Problem 400 `invalid-input` for a period that is empty or longer than 92 days, more than 500 machines, and a plant, element, machine,
   * calendar or shift that does not exist or may not be seen
   */
  async of(question: MachineQuestion, views: readonly string[]): Promise<KpiScope> {
    const { facilityId, calendarId, shift, waitFor } = question;
    const asked = periodOf(question);
    if (shift !== undefined && calendarId === undefined)
      throw refused('shift', 'shift needs the calendar that it belongs to: give calendarId');
    const named = [...PARTS, ...(calendarId === undefined ? [] : ['shift-calendar'])];
    const fresh = await this.reads.fresh([...named, ...views], waitFor);
    const known = waitFor === undefined ? await this.reads.current(named) : fresh;
    const unknown = (error: unknown): never => {
      // What a view that is behind does not show may exist.
      if (known.behind && error instanceof Problem) throw viewBehind(named.join(', '), known);
      throw error;
    };
    const machines = await this.machines(question).catch(unknown);
    const calendar = calendarId === undefined ? undefined : await this.calendar(calendarId, facilityId).catch(unknown);
    const sections = calendar ? this.named(inShifts(calendar, asked), shift) : [overall(asked)];
    if (sections.length * machines.length > MOST_ENTRIES) {
      const many = `${sections.length} shifts of ${machines.length} machines are too many at once`;
      throw refused('to', `to must be nearer to from: ${many}`);
    }
    return { machines, sections, until: now().getTime(), fresh };
  }

  /** A plant that the caller may see. @throws Problem 400 */
  async plant({ facilityId }: Pick<PeriodQuestion, 'facilityId'>, elementId?: string): Promise<void> {
    const [found] = await this.reads.rows<{ plant: boolean; element: boolean }>(PLANT, [
      facilityId,
      elementId ?? null,
      scopeOf(caller(), facilityId),
    ]);
    if (!found!.plant) throw refused('facilityId', `facilityId must be a plant that you may see, was ${facilityId}`);
    if (elementId !== undefined && !found!.element)
      throw refused('elementId', `elementId must be an element of ${facilityId}, was ${elementId}`);
  }

  private async machines(question: MachineQuestion): Promise<Machine[]> {
    const { facilityId, equipmentId, elementId } = question;
    const values = [facilityId, equipmentId ?? null, elementId ?? null, scopeOf(caller(), facilityId)];
    const machines = await this.reads.rows<Machine>(MACHINES, values);
    if (machines.length > MOST_MACHINES) {
      const needed = `equipmentId or elementId is needed where a facility has more than ${MOST_MACHINES} machines`;
      throw refused('equipmentId', needed);
    }
    if (machines.length > 0) return machines;
    await this.plant(question, elementId);
    if (equipmentId === undefined) return machines;
    const where = elementId === undefined ? facilityId : elementId;
    throw refused('equipmentId', `equipmentId must be a machine of ${where}, was ${equipmentId}`);
  }

  private async calendar(calendarId: string, facilityId: string): Promise<Calendar> {
    const [calendar] = await this.reads.rows<Calendar>(CALENDAR, [calendarId, facilityId, scopeOf(caller())]);
    if (!calendar) throw refused('calendarId', `calendarId must be a calendar of ${facilityId}, was ${calendarId}`);
    return calendar;
  }

  private named(sections: readonly Section[], shift: string | undefined): readonly Section[] {
    if (shift === undefined) return sections;
    const found = sections.filter((section) => section.shift === shift);
    if (found.length > 0) return found;
    const names = [...new Set(sections.flatMap((section) => section.shift ?? []))].join(', ') || 'none';
    throw refused('shift', `shift must be one that the calendar has in this period (${names}), was ${shift}`);
  }
}

/** @throws Problem 400 */
export function periodOf({ from, to }: Pick<PeriodQuestion, 'from' | 'to'>): Period {
  const asked = { from: Date.parse(from), to: Date.parse(to) };
  if (asked.to <= asked.from) throw refused('to', `to must be later than from, was ${to}`);
  if (asked.to - asked.from > MOST_DAYS * DAY_MS)
    throw refused('to', `to must be at most ${MOST_DAYS} days after from; ask for shorter periods`);
  return asked;
}
