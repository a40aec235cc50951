import { isBookkeeping, type Event, type Recorded } from '#kernel/event';
import { inUtc } from '#kernel/instant';
import { changesBetween, plain, type Change } from './changes';

/** The part of a decider that folds an entity. */
export type Fold = Readonly<{ initial: unknown; evolve: (state: unknown, event: Event) => unknown }>;

/** One entry of an entity's history: an event, or a command that was refused or changed nothing. */
export type Entry = Readonly<{
  kind: 'event' | 'refusal' | 'unchanged';
  id: string;
  stream: string;
  revision: bigint;
  position: bigint;
  /** The event's type, or the refusal's code. */
  type: string;
  command: string;
  commandId: string;
  actor: string;
  role: string;
  device: string | null;
  occurredAt: string;
  recordedAt: string;
  clock: string;
  /** Reason given by the person who acted. */
  reason: string | null;
  correlationId: string;
  causationId: string;
  facility: string;
  app: string;
  schema: number;
  /** Old and new values of every field of the folded state; empty where nothing changed. */
  changes: readonly Change[];
  /** The event's data in today's shape, or the refused command and why. */
  data: unknown;
}>;

/** Former stream of refusals, which are now in the entity's own stream; old ones are still read. */
export const refusalsOf = (stream: string): string => `refused-${stream}`;

/**
 * The history of one entity from its first event on, with commands that were refused or changed nothing, in log order: at most so many entries after a
 * position. Values are compared for these only, since a state may be large.
 */
export function historyOf(fold: Fold, recorded: readonly Recorded[], after = -1n, most = Infinity): Entry[] {
  const entries: Entry[] = [];
  let state = fold.initial;
  let before: unknown;
  for (const event of [...recorded].sort((a, b) => (a.position < b.position ? -1 : a.position > b.position ? 1 : 0))) {
    if (entries.length >= most) break;
    const shown = event.position > after;
    if (isBookkeeping(event)) {
      if (shown) entries.push(entry(event.type === 'CommandRefused' ? 'refusal' : 'unchanged', event, []));
      continue;
    }
    if (shown) before ??= plain(state);
    state = fold.evolve(state, event);
    if (!shown) continue;
    const now = plain(state);
    entries.push(entry('event', event, changesBetween(before, now)));
    before = now;
  }
  return entries;
}

/** The newest of such entries before a position, the newest first, and whether there are older ones. */
export function newestOf(
  fold: Fold,
  recorded: readonly Recorded[],
  before: bigint | undefined,
  most: number,
): { items: Entry[]; older: boolean } {
  const known = recorded.filter(({ position }) => before === undefined || position < before);
  const places = known.map(({ position }) => position).sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const first = places.at(-most);
  return { items: historyOf(fold, known, first === undefined ? -1n : first - 1n).reverse(), older: places.length > most };
}

function entry(
  kind: Entry['kind'],
  { id, stream, revision, position, type, recordedAt, data, metadata }: Recorded,
  changes: readonly Change[],
): Entry {
  const { command, commandId, actor, role, device, occurredAt, clock, reason, correlationId, causationId, facility, app, schema } =
    metadata;
  return {
    kind,
    id,
    stream,
    revision,
    position,
    recordedAt,
    command,
    commandId,
    actor,
    role,
    occurredAt: inUtc(occurredAt),
    clock,
    correlationId,
    causationId,
    facility,
    app,
    schema,
    type: kind === 'refusal' ? String((data as { code?: unknown }).code ?? type) : type,
    device: device ?? null,
    reason: reason ?? null,
    changes,
    data,
  };
}

/** A moment in the history of an entity. Parts are combined: what was known at one time of what had happened by another. */
export type Moment = Readonly<{
  /** Up to this position of the log. */
  position?: bigint;
  /** Known time: what the system had recorded by then. ISO 8601. */
  recordedAt?: string;
  /** Floor time: what had happened by then, as known today. ISO 8601. */
  occurredAt?: string;
}>;

/** The events up to a moment, in log order. */
export function eventsAsOf<E extends Recorded>(events: readonly E[], { position, recordedAt, occurredAt }: Moment): E[] {
  const known = recordedAt === undefined ? undefined : Date.parse(recordedAt);
  const happened = occurredAt === undefined ? undefined : Date.parse(occurredAt);
  return events.filter(
    (event) =>
      (position === undefined || event.position <= position) &&
      (known === undefined || Date.parse(event.recordedAt) <= known) &&
      (happened === undefined || Date.parse(event.metadata.occurredAt) <= happened),
  );
}

/** The state folded from events, as plain JSON. */
export const stateAfter = (fold: Fold, events: readonly Recorded[]): unknown =>
  plain(events.reduce<unknown>((state, event) => fold.evolve(state, event), fold.initial));
