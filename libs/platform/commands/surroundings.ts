/**
 * What a decision may know of other streams. Hides: which decider folds them, and how long what was seen serves. Promises: what is read now is
 * the stream as it is, and nothing else is older than some seconds; a decider that regards nothing costs nothing. Does not: hold other streams
 * still until the append; what must not slip through between is a process's part.
 */
import type { Past } from './past';
import type { AnyDecider } from './registry';
import { type Seen, StreamMemory } from './stream-memory';
import type { Task } from './task';

/** How long what was seen of a stream serves where it need not be read now. */
const SERVES_MS = 2_000;

export class Surroundings {
  private readonly memory = new StreamMemory();
  private readonly readAt = new WeakMap<Seen, number>();

  constructor(
    private readonly deciderOf: (stream: string) => AnyDecider | undefined,
    private readonly past: Past,
    private readonly own: StreamMemory,
  ) {}

  /** The task with what the streams that its decider regards say of themselves. @throws StoreUnavailable */
  async of(task: Task, state: unknown): Promise<Task> {
    const asked = task.decider.regards?.(task.name, task.command, state) ?? [];
    if (asked.length === 0) return task;
    const told = await Promise.all(asked.map(async ({ stream, now }) => [stream, await this.told(stream, now ?? false)] as const));
    return { ...task, context: { ...task.context, regarded: Object.fromEntries(told) } };
  }

  private async told(stream: string, now: boolean): Promise<unknown> {
    const decider = this.deciderOf(stream);
    if (!decider?.tells) return null;
    const known = this.memory.of(stream);
    const recent = known !== undefined && known.revision >= 0n && performance.now() - (this.readAt.get(known) ?? -Infinity) < SERVES_MS;
    // What this app itself wrote in the meantime is known at once.
    const own = this.own.of(stream);
    if (!now && recent) return decider.tells((own && own.revision > known.revision ? own : known).state) ?? null;
    return decider.tells((await this.read(decider, stream, known)).state) ?? null;
  }

  private async read(decider: AnyDecider, stream: string, known: Seen | undefined): Promise<Seen> {
    const later = known && known.revision >= 0n ? await this.past.since(decider, stream, known) : undefined;
    const seen = later ?? (await this.past.of(decider, stream));
    this.memory.keep(stream, seen);
    this.readAt.set(seen, performance.now());
    return seen;
  }
}
