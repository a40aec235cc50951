/**
 * The past of a stream, read as cheaply as its length allows. Hides: pages, snapshots and the filters of its command ids. Promises: the result
 * equals the fold of every event. Does not: remember (stream-memory.ts does).
 */
import type { Event, Recorded } from '#kernel/event';
import { codeOf } from '#platform/runtime/build';
import { Conflict, EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { Snapshots } from '#platform/store/snapshots';
import { Answers, type Answer } from './answers';
import { IdFilter, STRETCH, stretchOf } from './id-filter';
import type { AnyDecider } from './registry';
import { grown, nothingSeen, type Seen } from './stream-memory';

export type Lengths = Readonly<{
  /** Events between two snapshots. */
  every: number;
  /**
   * Events of the first read, which is all that a shorter stream needs. Small: an event read for nothing costs more than a second read for older
   * ones.
   */
  page: number;
}>;
const USUAL: Lengths = { every: 64, page: 24 };

/** Filters of whole stretches, each written once: the n-th event is that of the n-th stretch. Its type hides it from views and processes. */
const FILTER = '$answered';
type Filter = Event<typeof FILTER, { stretch: number; filter: string }>;
const filtersOf = (stream: string): string => `answered-${stream}`;

const codeFor = (decider: AnyDecider): string => codeOf(decider, __filename);

type Body = Readonly<{ state: unknown; facts: { revision: string; position: string }; filter: string }>;

export class Past {
  readonly snapshots: Snapshots;

  constructor(
    private readonly store: EventStore,
    private readonly lengths = USUAL,
  ) {
    this.snapshots = new Snapshots(store);
  }

  /** The stream as it is. @throws StoreUnavailable */
  async of(decider: AnyDecider, stream: string): Promise<Seen> {
    let snapshot: Promise<Seen | undefined> | undefined;
    // The newest event, which comes first, tells that the stream is long: its snapshot is read while the others are still coming.
    const page = await this.store.readBackwards(stream, this.lengths.page, ({ revision }) => {
      if (revision < this.lengths.page) return;
      snapshot ??= this.snapshot(decider, stream);
      snapshot.catch(() => undefined);
    });
    page.reverse();
    const [oldest] = page;
    if (!oldest || oldest.revision === 0n) return grown(decider, nothingSeen(decider), page);
    const base = await snapshot;
    const known = base && page.findIndex(({ revision, id }) => revision === base.revision && id === base.lastId);
    if (base && known! >= 0) return grown(decider, base, page.slice(known! + 1));
    const from = base && base.revision < oldest.revision ? await this.since(decider, stream, base, oldest.revision) : undefined;
    return grown(decider, from ?? (await this.after(decider, stream, nothingSeen(decider), oldest.revision)), page);
  }

  /**
   * The same stream as it is now, or as it was before a revision; undefined if it is another one, for example after an older copy was
   * restored. @throws StoreUnavailable
   */
  async since(decider: AnyDecider, stream: string, seen: Seen, before?: bigint): Promise<Seen | undefined> {
    const maxCount = before === undefined ? STRETCH : Math.min(STRETCH, Number(before - seen.revision));
    const [last, ...more] = await this.store.read(stream, seen.revision, { bookkeeping: true, maxCount });
    if (last?.id !== seen.lastId) return undefined;
    const next = grown(decider, seen, more);
    return more.length < STRETCH - 1 ? next : this.after(decider, stream, next, before);
  }

  /** Writes a snapshot in the background if one is due; returns the stream as seen, with its latest snapshot. */
  kept(decider: AnyDecider, stream: string, seen: Seen): Seen {
    const { revision, lastId, state, facts, answers, snapshot } = seen;
    if (lastId === undefined || revision - snapshot < BigInt(this.lengths.every) || answers.filters.length === 0) return seen;
    const current = stretchOf(revision);
    const filter = (answers.filters[current] ?? IdFilter.empty()).toShortString();
    const body: Body = { state, facts: { revision: String(facts.revision), position: String(facts.position) }, filter };
    const whole = stretchOf(snapshot) < current ? answers.filters.slice(0, current) : [];
    this.snapshots.keep(stream, { revision, lastId, body, code: codeFor(decider) }, () => this.keepFilters(stream, whole));
    return { ...seen, snapshot: revision };
  }

  /** The answer to a command id that only filters know, read from the stream itself. @throws StoreUnavailable */
  answer(stream: string, { answers }: Seen, actor: string, commandId: string): Promise<Answer | undefined> | undefined {
    const stretches = answers.elsewhere(actor, commandId);
    return stretches.length > 0 ? this.search(stream, stretches, actor, commandId) : undefined;
  }

  private async search(stream: string, stretches: readonly bigint[], actor: string, commandId: string): Promise<Answer | undefined> {
    const found = new Answers();
    for (const from of stretches) {
      const events = await this.store.read(stream, from, { bookkeeping: true, maxCount: STRETCH });
      for (const event of events) if (event.metadata.commandId === commandId && event.metadata.actor === actor) found.learn(event);
    }
    return found.of(actor, commandId);
  }

  private async after(decider: AnyDecider, stream: string, seen: Seen, before?: bigint): Promise<Seen> {
    for (let now = seen; ;) {
      const maxCount = before === undefined ? STRETCH : Math.min(STRETCH, Number(before - now.revision) - 1);
      if (maxCount < 1) return now;
      const events: Recorded[] = await this.store.read(stream, now.revision + 1n, { bookkeeping: true, maxCount });
      now = grown(decider, now, events);
      if (events.length < STRETCH) return now;
    }
  }

  private async snapshot(decider: AnyDecider, stream: string): Promise<Seen | undefined> {
    const [found, filters] = await Promise.all([
      this.snapshots.newest(stream, () => codeFor(decider)),
      this.store.read<Filter>(filtersOf(stream)),
    ]);
    if (!found) return undefined;
    const { state, facts, filter } = found.body as Body;
    const whole = stretchOf(found.revision);
    if (filters.length < whole || filters.some(({ data }) => data.stretch !== STRETCH)) return undefined;
    const all = [...filters.slice(0, whole).map(({ data }) => data.filter), filter].map((text) => IdFilter.of(text));
    return {
      ...nothingSeen(decider),
      state,
      revision: found.revision,
      lastId: found.lastId,
      facts: { revision: BigInt(facts.revision), position: BigInt(facts.position) },
      answers: Answers.after(all),
      snapshot: found.revision,
    };
  }

  /** Filters depend on the stream alone: every app writes the same n-th filter. */
  private async keepFilters(stream: string, filters: readonly IdFilter[]): Promise<void> {
    for (let n = Math.max(0, filters.length - 1); n < filters.length;) {
      const metadata = metadataOf({ command: 'KeepFilter', commandId: `${stream}/${n}`, actor: 'platform', role: 'process', facility: '' });
      const event = { type: FILTER, data: { stretch: STRETCH, filter: filters[n]!.toString() }, metadata };
      try {
        await this.store.append(filtersOf(stream), BigInt(n) - 1n, [event]);
        n += 1;
      } catch (error) {
        // Earlier filters may be missing, or this one exists already.
        if (!(error instanceof Conflict) || Number(error.actual) + 1 === n) throw error;
        n = Number(error.actual) + 1;
      }
    }
  }
}
