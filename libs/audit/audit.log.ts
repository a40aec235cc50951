/**
 * What auditors read, directly from the log: it needs no view and is never behind. Hides: paging and folding. Promises: states are those of
 * a full replay; only entities of the reader's facilities, others answer as not found; every read is recorded.
 * Does not: change or repair anything.
 */
import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { isOfStore, type Recorded } from '#kernel/event';
import { inUtc } from '#kernel/instant';
import { facilityOf } from '#manufacturing/facility';
import type { Role } from '#manufacturing/roles';
import { grantedRole, inScope, type Principal } from '#platform/security/access';
import { mayReach } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { Registry, type AnyDecider } from '#platform/commands/registry';
import { EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { notFound, Problem } from '#platform/problem/problem';
import { changesBetween, plain, type Change } from './changes';
import { eventsAsOf, historyOf, newestOf, refusalsOf, stateAfter, type Entry, type Fold, type Moment } from './history';

/** Who may read the audit trail. */
export const AUDIENCE: readonly Role[] = ['auditor', 'supervisor', 'quality'];

/** Which events of the log to replay. */
export type ReplayFilter = Readonly<{
  stream?: string;
  /** One or several, separated by commas. */
  category?: string;
  /** One or several, separated by commas. */
  type?: string;
  actor?: string;
  facility?: string;
  correlationId?: string;
  /** Positions, both included. */
  from?: bigint;
  to?: bigint;
  /** Known time, both included. ISO 8601. */
  recordedFrom?: string;
  recordedTo?: string;
}>;

export type Page<T> = Readonly<{ items: T[]; /** Where to continue; undefined at the end. */ next?: bigint }>;

/** The state of an entity at a moment, with the last event folded into it. */
export type StateAt = Readonly<{
  stream: string;
  state: unknown;
  events: number;
  revision: bigint;
  position: bigint;
  recordedAt: string;
  occurredAt: string;
}>;
export type Difference = Readonly<{
  stream: string;
  from: StateAt | undefined;
  to: StateAt | undefined;
  changes: readonly Change[];
  events: readonly Recorded[];
}>;

/** Limit of events scanned in one request; so a page may be empty and still have a next one. */
const LOOKED_AT = 8_000;
const PAGE = 1_000;

@Injectable()
export class AuditLog {
  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Inject(Registry) private readonly registry: Registry,
  ) {}

  /**
   * Every event of an entity and every refusal, from the first event on, or from the newest back. `after` is a position: the page before it ended there.
   * @throws Problem 404
   */
  async history(reader: Principal, stream: string, after?: bigint, limit = 100, newestFirst = false): Promise<Page<Entry>> {
    const fold = this.foldOf(reader, stream);
    const recorded = newestFirst ? await this.whole(stream) : await this.pageOf(stream, after ?? -1n, limit);
    if (recorded.length === 0) throw notFound();
    const order = newestFirst && { newestFirst };
    await this.recordRead(reader, 'history', { stream, after: String(after ?? -1n), ...order }, facilityIn(fold, stream));
    if (newestFirst) {
      const { items, older } = folded(stream, () => newestOf(fold, recorded, after, limit));
      return { items, ...(older && { next: items.at(-1)!.position }) };
    }
    const entries = folded(stream, () => historyOf(fold, recorded, after, limit + 1));
    const items = entries.slice(0, limit);
    return { items, ...(entries.length > limit ? { next: items.at(-1)!.position } : {}) };
  }

  /** The state of an entity as of a position, a known time, a floor time, or of several of them together. @throws Problem 404, 422 */
  async stateAsOf(reader: Principal, stream: string, moment: Moment): Promise<StateAt> {
    const { fold, events } = await this.known(reader, stream, 'state', said(moment));
    const state = stateAt(fold, stream, eventsAsOf(events, moment));
    if (!state) throw notFound();
    return state;
  }

  /** What changed between two moments, and the events in between. @throws Problem 404, 422 */
  async difference(reader: Principal, stream: string, from: Moment, to: Moment): Promise<Difference> {
    const { fold, events } = await this.known(reader, stream, 'difference', { from: said(from), to: said(to) });
    const [earlier, later] = [eventsAsOf(events, from), eventsAsOf(events, to)];
    const [a, b] = [stateAt(fold, stream, earlier), stateAt(fold, stream, later)];
    const empty = plain(fold.initial);
    return {
      stream,
      from: a,
      to: b,
      changes: changesBetween(a ? a.state : empty, b ? b.state : empty),
      events: later.filter((event) => !earlier.includes(event)),
    };
  }

  /** The log as stored, older shapes included, in its own order. `after` is a position. */
  async replay(reader: Principal, filter: ReplayFilter, after = -1n, limit = 100): Promise<Page<Recorded>> {
    if (filter.facility !== undefined && !mayReach(reader, filter.facility)) return { items: [] };
    if (filter.stream?.startsWith('$')) return { items: [] };
    await this.recordRead(reader, 'replay', { ...said(filter), after: String(after) }, filter.facility);
    const wanted = matching(reader, filter);
    const start = filter.from !== undefined && filter.from - 1n > after ? filter.from - 1n : after;
    if (filter.stream !== undefined) {
      const found = (await this.store.read(filter.stream, 0n, { asStored: true, bookkeeping: true })).filter(
        (event) => event.position > start && wanted(event),
      );
      const items = found.slice(0, limit);
      return { items, ...(found.length > limit ? { next: items.at(-1)!.position } : {}) };
    }
    const items: Recorded[] = [];
    let at = start;
    for (let seen = 0; seen < LOOKED_AT; seen += PAGE) {
      const { events, next, atEnd } = await this.store.readAll(at < 0n ? 'start' : at, PAGE, { asStored: true });
      for (const event of events) {
        if (!wanted(event)) continue;
        items.push(event);
        if (items.length === limit) return { items, next: event.position };
      }
      if (atEnd || isPast(events.at(-1), filter)) return { items };
      at = next;
    }
    return { items, next: at };
  }

  /** The events of an entity, for a reader who may see them. */
  private async known(reader: Principal, stream: string, what: string, about: object): Promise<{ fold: Fold; events: Recorded[] }> {
    const fold = this.foldOf(reader, stream);
    const events = await this.store.read(stream, 0n);
    if (events.length === 0) throw notFound();
    await this.recordRead(reader, what, { stream, ...about }, facilityIn(fold, stream));
    return { fold, events };
  }

  /** @throws Problem 404 */
  private foldOf(reader: Principal, stream: string): AnyDecider {
    const decider = this.registry.deciderOf(stream);
    if (!decider || !mayReach(reader, facilityIn(decider, stream))) throw notFound();
    return decider;
  }

  private async whole(stream: string): Promise<Recorded[]> {
    const [own, refusals] = [
      this.store.read(stream, 0n, { bookkeeping: true }),
      this.store.read(refusalsOf(stream), 0n, { bookkeeping: true }),
    ];
    return [...(await own), ...(await refusals)];
  }

  /** What was recorded up to more than so many entries after a position: a long stream is not read to its end for one page. */
  private async pageOf(stream: string, after: bigint, limit: number): Promise<Recorded[]> {
    const refusals = await this.store.read(refusalsOf(stream), 0n, { bookkeeping: true });
    const recorded: Recorded[] = [];
    for (let shown = 0, from = 0n; shown <= limit;) {
      const page = await this.store.read(stream, from, { bookkeeping: true, maxCount: PAGE });
      recorded.push(...page);
      shown += page.filter(({ position }) => position > after).length;
      if (page.length < PAGE) return [...recorded, ...refusals];
      from = page.at(-1)!.revision + 1n;
    }
    const end = recorded.at(-1)!.position;
    return [...recorded, ...refusals.filter(({ position }) => position < end)];
  }

  /** Records a read of the audit trail; if that fails, nothing is read. */
  private async recordRead(reader: Principal, what: string, about: object, facility = 'enterprise'): Promise<void> {
    const commandId = randomUUID();
    const metadata = metadataOf({
      commandId,
      command: 'ReadAuditTrail',
      correlationId: currentContext()?.correlationId,
      actor: reader.actor,
      role: grantedRole(reader, AUDIENCE) ?? reader.roles[0] ?? 'auditor',
      facility,
    });
    const stream = `audit-read-${facility}.${encodeURIComponent(reader.actor)}`;
    await this.store.append(stream, 'any', [{ type: 'AuditTrailRead', data: { what, about }, metadata }]);
  }
}

const facilityIn = ({ category }: AnyDecider, stream: string): string => facilityOf(stream.slice(category.length + 1));

const said = (about: object) =>
  Object.fromEntries(Object.entries(about).flatMap(([key, value]) => (value === undefined ? [] : [[key, String(value)]])));

/** A floor time may leave out an event that later ones depend on; if the rest cannot be folded, the answer is 422. */
function folded<T>(stream: string, fold: () => T): T {
  try {
    return fold();
  } catch (error) {
    throw new Problem(
      422,
      'state-not-foldable',
      `The events of ${stream} at that floor time cannot be folded: some depend on events after it. Ask for a position or known time.`,
      { facts: { cause: (error as Error).message } },
    );
  }
}

function stateAt(fold: Fold, stream: string, events: readonly Recorded[]): StateAt | undefined {
  const last = events.at(-1);
  if (!last) return undefined;
  const { revision, position, recordedAt, metadata } = last;
  const state = folded(stream, () => stateAfter(fold, events));
  return { stream, state, events: events.length, revision, position, recordedAt, occurredAt: inUtc(metadata.occurredAt) };
}

/** Events of the event store itself, such as those of `$user-admin` with its password hash, are left out. */
export function matching(reader: Principal, filter: ReplayFilter): (event: Recorded) => boolean {
  const { actor, facility, correlationId, to, from } = filter;
  const [categories, types] = [filter.category?.split(','), filter.type?.split(',')];
  const since = filter.recordedFrom === undefined ? -Infinity : Date.parse(filter.recordedFrom);
  const until = filter.recordedTo === undefined ? Infinity : Date.parse(filter.recordedTo);
  return ({ stream, type: name, position, recordedAt, metadata }) => {
    const recorded = Date.parse(recordedAt);
    return (
      !isOfStore({ stream, type: name }) &&
      inScope(reader, metadata.facility ?? '') &&
      (categories === undefined || categories.some((category) => stream.startsWith(`${category}-`))) &&
      (types === undefined || types.includes(name)) &&
      (actor === undefined || metadata.actor === actor) &&
      (facility === undefined || metadata.facility === facility) &&
      (correlationId === undefined || metadata.correlationId === correlationId) &&
      (from === undefined || position >= from) &&
      (to === undefined || position <= to) &&
      recorded >= since &&
      recorded <= until
    );
  };
}

/** True where no later event can match: positions and known times only grow. */
const isPast = (last: Recorded | undefined, { to, recordedTo }: ReplayFilter): boolean =>
  last !== undefined &&
  ((to !== undefined && last.position >= to) ||
    (recordedTo !== undefined && Date.parse(last.recordedAt) > Date.parse(recordedTo) + 60_000));
