/**
 * The facts behind the numbers of a machine, one by one: GET /kpi/evidence. Promises: the time of the states adds up to the time elements of the same
 * question, less time of which nothing is known, and the reports that count to its quantities; each fact names its events. Does not: show who acted
 * to callers who may not read the audit trail.
 */
import { ArgsType } from '@nestjs/graphql';
import { Inject, Injectable } from '@nestjs/common';
import { Id, Matching, OneOf, Text } from '#platform/commands/fields';
import { invalidInput } from '#platform/problem/problem';
import { Reads } from '#platform/queries/reads';
import { grantedRole } from '#platform/security/access';
import { caller } from '#platform/security/auth';
import { EvidenceKind, EvidenceReport, type EvidenceEntry, type EvidenceEvent } from './evidence.answers';
import * as sql from './evidence.sql';
import { kpiReading } from './kpi.endpoint';
import { KpiScopes, PeriodQuestion } from './kpi.scope';
import { boundsOf, FACTS, factsOf, type Facts } from './machine.facts';
import { common, eachPiece, elementOf, merged, passed, type Part, type Period } from './time-elements';

/** Those who may read the audit trail. */
const MAY_KNOW_WHO = ['auditor', 'supervisor', 'quality'] as const;
const PAGE = 500;

/** One machine, and when. */
@ArgsType()
class EvidenceQuestion extends PeriodQuestion {
  @Id()
  readonly equipmentId: string;

  /** Only what counts for orders of this product. */
  @Text(1, 64, { optional: true })
  readonly product?: string;

  /** The calendar whose shifts are planned time. */
  @Id({ optional: true })
  readonly calendarId?: string;

  /** Only the shifts of this name; needs `calendarId`. */
  @Text(1, 64, { optional: true })
  readonly shift?: string;

  /** Only facts of this kind. */
  @OneOf(EvidenceKind, { optional: true })
  readonly kind?: EvidenceKind;

  /** The nextCursor of the previous answer. */
  @Matching(/^[A-Za-z0-9_-]{1,600}$/, 'after must be the nextCursor of an earlier answer to the same question', { optional: true })
  readonly after?: string;
}

@Injectable()
export class Evidences {
  constructor(
    @Inject(Reads) private readonly reads: Reads,
    @Inject(KpiScopes) private readonly scopes: KpiScopes,
  ) {}

  async evidence({ kind, after, ...question }: EvidenceQuestion): Promise<EvidenceReport> {
    const place = placeOf(after);
    const who = grantedRole(caller(), MAY_KNOW_WHO) !== undefined;
    const scope = await this.scopes.of(question, FACTS);
    const [facts] = await factsOf(this.reads, scope, question.product);
    const [since, until] = boundsOf(scope.sections);
    const asked = [question.equipmentId, since, until, question.product ?? null, kind ?? null, ...place];
    const rows = await this.reads.rows<sql.Row>(sql.ENTRIES(PAGE + 1), asked);
    const shown = rows.slice(0, PAGE);
    const events = await this.events(
      shown.flatMap(({ eventIds }) => eventIds),
      who,
    );
    const planned = merged(scope.sections.flatMap((section) => facts!.within(passed(section.planned, scope.until))));
    const end = Math.max(...scope.sections.map(({ to }) => to));
    const last = rows.length > PAGE ? shown.at(-1) : undefined;
    return {
      items: shown.map((row) => entryOf(row, planned, end, facts!, events)),
      nextCursor: last ? Buffer.from(JSON.stringify([last.since, last.kind, last.rowId])).toString('base64url') : null,
      until: new Date(scope.until).toISOString(),
      ...scope.fresh,
    };
  }

  private async events(ids: readonly string[], who: boolean): Promise<Map<string, EvidenceEvent>> {
    const rows = who ? await this.reads.rows<EvidenceEvent>(sql.EVENTS, [ids]) : [];
    return new Map(rows.map((row) => [row.eventId, row]));
  }
}

const unseen = { event: null, entity: null, position: null, actor: null, role: null, occurredAt: null, recordedAt: null, reason: null };

function entryOf(
  row: sql.Row,
  planned: readonly Period[],
  end: number,
  facts: Facts,
  events: ReadonlyMap<string, EvidenceEvent>,
): EvidenceEntry {
  const { since: _, eventIds, learned, from, to, ...told } = row;
  return {
    ...told,
    from: new Date(from).toISOString(),
    to: to === null ? null : new Date(to).toISOString(),
    parts: row.kind === 'State' ? partsOf({ from, to: to ?? Infinity }, planned, facts) : [],
    learnedAt: new Date(learned).toISOString(),
    restates: learned > end,
    events: [...new Set(eventIds)].map((eventId) => events.get(eventId) ?? { eventId, ...unseen }),
  };
}

/** The time elements that a state counts for. */
function partsOf(state: Period, planned: readonly Period[], { intervals }: Facts): EvidenceEntry['parts'] {
  const spent = new Map<Part, number>();
  eachPiece(common([state], planned), intervals, (interval, from, to) => {
    if (interval) spent.set(elementOf(interval), (spent.get(elementOf(interval)) ?? 0) + to - from);
  });
  return [...spent].map(([element, ms]) => ({ element, seconds: ms / 1_000 }));
}

/** @throws Problem 400 */
function placeOf(after: string | undefined): [string, string, string] | [null, null, null] {
  if (after === undefined) return [null, null, null];
  try {
    const place = JSON.parse(Buffer.from(after, 'base64url').toString('utf8')) as unknown[];
    const [since, kind, rowId] = place as [string, string, string];
    const valid = place.length === 3 && /^\d{4}-\d\d-\d\dT[\d:.]{8,12}Z$/.test(since) && kind in EvidenceKind && typeof rowId === 'string';
    if (valid && Number.isFinite(Date.parse(since)) && !rowId.includes('\0')) return [since, kind, rowId];
  } catch {
    // Refused below.
  }
  throw invalidInput([{ field: 'after', message: 'after must be the nextCursor of an earlier answer to the same question' }]);
}

export const evidence = kpiReading({
  path: 'kpi/evidence',
  name: 'kpiEvidence',
  about: 'The states, stops, assignments and reports that the numbers of a machine were made from, with their events.',
  question: EvidenceQuestion,
  answer: EvidenceReport,
  reader: Evidences,
  read: (evidences: Evidences, question: EvidenceQuestion) => evidences.evidence(question),
});
