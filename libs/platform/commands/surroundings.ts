/**
 * What a decision may know of other streams. Hides: which decider folds them, and how long a read is reused. Promises: a stream that must be read
 * now is current, and nothing else is older than some seconds; a decider that regards no other stream costs nothing. Does not: lock other streams
 * until the append; a process must handle what happens in between.
 */
import type { Regard } from '#kernel/decider';
import type { Event } from '#kernel/event';
import type { Past } from './past';
import type { AnyDecider, Registry } from './registry';
import { type Seen, StreamMemory } from './stream-memory';
import type { Task } from './task';

/** How long a read of a stream is reused if it need not be current. */
export const SERVES_MS = 2_000;
/** How long a foretold event counts: after that, the process has caused it or is far behind. */
const FORETOLD_MS = 5_000;
const MOST_FORETOLD = 1_000;
const ROUNDS = 3;

export class Surroundings {
  private readonly memory = new StreamMemory();
  private readonly foretold = new Map<string, readonly Readonly<{ event: Event; at: number }>[]>();
  private readonly readAt = new WeakMap<Seen, number>();

  constructor(
    private readonly registry: Pick<Registry, 'deciderOf' | 'lookupOf'> | undefined,
    private readonly past: Past,
    private readonly own: StreamMemory,
  ) {}

  /** The task with the states of the streams that its decider regards; at once if all were read lately. @throws StoreUnavailable */
  of(task: Task, state: unknown, servesMs = SERVES_MS): Task | Promise<Task> {
    if (!task.decider.regards) return task;
    const regarded: Record<string, unknown> = {};
    for (let round = 0; round < ROUNDS; round += 1) {
      const asked = unseen(task, state, regarded);
      if (asked.length === 0) break;
      for (const regard of asked) {
        const { stream } = regard;
        const told = this.remembered(regard, servesMs);
        if (told === undefined) return this.regarding(task, state, servesMs);
        regarded[stream] = told;
      }
    }
    return { ...task, context: { ...task.context, regarded } };
  }

  private async regarding(task: Task, state: unknown, servesMs: number): Promise<Task> {
    let regarded: Readonly<Record<string, unknown>> = {};
    // A state may name further streams, e.g. a machine those of the orders at it.
    for (let round = 0; round < ROUNDS; round += 1) {
      const asked = unseen(task, state, regarded);
      if (asked.length === 0) break;
      const told = await Promise.all(asked.map(async (regard) => [regard.stream, await this.told(regard, servesMs)] as const));
      regarded = { ...regarded, ...Object.fromEntries(told) };
    }
    return { ...task, context: { ...task.context, regarded } };
  }

  /** Records what processes will do in other streams because of these events. */
  expect({ decider }: Task, events: readonly Event[]): void {
    for (const each of events)
      for (const { stream, event } of decider.foretells?.(each) ?? []) {
        const others = this.foretold.get(stream)?.filter(({ at }) => performance.now() - at < FORETOLD_MS) ?? [];
        this.foretold.delete(stream);
        this.foretold.set(stream, [...others, { event, at: performance.now() }]);
        if (this.foretold.size > MOST_FORETOLD) this.foretold.delete(this.foretold.keys().next().value!);
      }
  }

  private async told(regard: Regard, servesMs: number): Promise<unknown> {
    const recent = this.remembered(regard, servesMs);
    if (recent !== undefined) return recent;
    const { stream } = regard;
    const lookup = this.registry?.lookupOf(stream);
    if (lookup) return (await lookup()) ?? null;
    const decider = this.registry?.deciderOf(stream);
    if (!decider?.tells) return null;
    return this.with(decider, stream, (await this.read(decider, stream, this.memory.of(stream))).state);
  }

  /** What is remembered of a stream, as far as that will do; undefined if it must be read. */
  private remembered({ stream, now, sure }: Regard, servesMs: number): unknown {
    const recent = now ? undefined : this.recently(stream, servesMs);
    return sure && recent === null ? undefined : recent;
  }

  /** What a stream told lately; null for nothing, undefined if it must be read. */
  private recently(stream: string, servesMs: number): unknown {
    if (this.registry?.lookupOf(stream)) return undefined;
    const decider = this.registry?.deciderOf(stream);
    if (!decider?.tells) return null;
    const known = this.memory.of(stream);
    if (known === undefined || performance.now() - (this.readAt.get(known) ?? -Infinity) >= servesMs) return undefined;
    // What this app itself wrote in the meantime is known at once.
    const own = this.own.of(stream);
    return this.with(decider, stream, (own && own.revision > known.revision ? own : known).state);
  }

  private with(decider: AnyDecider, stream: string, state: unknown): unknown {
    const coming = (this.foretold.get(stream) ?? []).filter(({ at }) => performance.now() - at < FORETOLD_MS);
    return decider.tells!(coming.reduce((folded: unknown, { event }) => decider.evolve(folded, event) as unknown, state)) ?? null;
  }

  private async read(decider: AnyDecider, stream: string, known: Seen | undefined): Promise<Seen> {
    const later = known && known.revision >= 0n ? await this.past.since(decider, stream, known) : undefined;
    const seen = later ?? (await this.past.of(decider, stream));
    this.memory.keep(stream, seen);
    this.readAt.set(seen, performance.now());
    return seen;
  }
}

/** The streams that the decider regards and that were not seen yet. */
const unseen = ({ decider, name, command }: Task, state: unknown, regarded: Readonly<Record<string, unknown>>) =>
  (decider.regards?.(name, command, state, regarded) ?? []).filter(({ stream }) => !Object.hasOwn(regarded, stream));
