/**
 * Instances as last seen. Hides: how many are kept, and snapshots of long streams. Promises: they are only a starting point: the expected
 * revision of the next append proves them; bounded memory; a missing or wrong snapshot costs only time. Does not: write to the stream.
 */
import type { Recorded } from '#kernel/event';
import type { EventStore } from '#platform/store/event-store';
import { Snapshots } from '#platform/store/snapshots';
import type { Definitions } from './definitions';
import { afterSource, fold, fresh, type Instance, type Timer } from './instance';
import type { InstanceEvent } from './record';

/** Instances kept in memory, over all processes. */
export const KEPT_INSTANCES = 20_000;
/** Events between two snapshots of an instance, and those of the first read: enough for a short stream, and to reach the snapshot of a long one. */
const SNAPSHOT_EVERY = 64n;
const FIRST = 96;
const PAGE = 4_096;

export class Memory {
  /** Most recently used last. */
  private readonly seen = new Map<string, Instance>();
  readonly snapshots: Snapshots;

  constructor(
    private readonly store: EventStore,
    private readonly most = KEPT_INSTANCES,
  ) {
    this.snapshots = new Snapshots(store);
  }

  known(stream: string): Instance | undefined {
    return this.seen.get(stream);
  }

  /** The instance according to its stream as it is now. @throws StoreUnavailable */
  async load(stream: string, definitions: Definitions): Promise<Instance> {
    const page = (await this.store.readBackwards<InstanceEvent>(stream, FIRST)).reverse();
    const isWhole = page.length === 0 || page[0]!.revision === 0n;
    const base = isWhole ? undefined : await this.baseline(stream, definitions, page);
    let instance = base ?? fresh;
    const take = (events: readonly Recorded<InstanceEvent>[]) => {
      for (const event of events) instance = fold(instance, event, definitions.of);
    };
    while (instance.revision + 1n < (page[0]?.revision ?? 0n)) {
      const events = await this.store.read<InstanceEvent>(stream, instance.revision + 1n, { maxCount: PAGE });
      take(events);
      if (events.length === 0) break;
    }
    take(page.filter(({ revision }) => revision > instance.revision));
    if (instance.source !== undefined) instance = await this.located(instance, instance.source);
    if (base) this.seen.set(stream, base);
    this.keep(stream, instance, definitions);
    return instance;
  }

  keep(stream: string, instance: Instance, definitions: Definitions): void {
    const before = this.seen.get(stream)?.revision ?? -1n;
    this.seen.delete(stream);
    this.seen.set(stream, instance);
    if (this.seen.size > this.most) this.seen.delete(this.seen.keys().next().value!);
    const { revision, lastId, broken, version } = instance;
    if (revision / SNAPSHOT_EVERY <= before / SNAPSHOT_EVERY || !lastId || broken !== undefined) return;
    const code = definitions.codeOf(version, __filename);
    if (code !== undefined) this.snapshots.keep(stream, { revision, lastId, code, body: bodyOf(instance) });
  }

  forget(stream: string): void {
    this.seen.delete(stream);
  }

  /** Forgets all instances of a process, for example when another worker owns it. */
  forgetAll(process: string): void {
    for (const stream of this.seen.keys()) if (stream.startsWith(`${process}-`)) this.seen.delete(stream);
  }

  /** Its steps were copied from another log: the position of its newest input in this log tells what it has taken. */
  private async located(instance: Instance, source: string): Promise<Instance> {
    const [revision, ...stream] = source.split('@');
    const [input] = await this.store.read(stream.join('@'), BigInt(revision!), { maxCount: 1 });
    return afterSource(instance, input?.revision === BigInt(revision!) ? input.position : undefined);
  }

  /** The newest snapshot, if its revision in the stream, of which `page` is the end, still holds the event that it was made after. */
  private async baseline(stream: string, definitions: Definitions, page: readonly Recorded[]): Promise<Instance | undefined> {
    const snapshot = await this.snapshots.newest(stream, (body) => definitions.codeOf((body as Body).version, __filename));
    if (!snapshot) return undefined;
    const { revision, lastId, body } = snapshot;
    const at = page.find((event) => event.revision === revision) ?? (await this.store.read(stream, revision, { maxCount: 1 }))[0];
    return at?.revision === revision && at.id === lastId ? instanceOf(body as Body) : undefined;
  }
}

/** An instance as plain JSON. */
type Body = Omit<Instance, 'revision' | 'taken' | 'timers' | 'before'> &
  Readonly<{ revision: string; taken: string; timers: Record<string, Omit<Timer, 'setAt'> & { setAt: string }>; before: string[] | null }>;

const bodyOf = ({ revision, taken, timers, before, ...rest }: Instance): Body => ({
  ...rest,
  revision: String(revision),
  taken: String(taken),
  timers: Object.fromEntries(Object.entries(timers).map(([name, timer]) => [name, { ...timer, setAt: String(timer.setAt) }])),
  before: before ? [...before] : null,
});

const instanceOf = ({ revision, taken, timers, before, ...rest }: Body): Instance => ({
  ...rest,
  revision: BigInt(revision),
  taken: BigInt(taken),
  timers: Object.fromEntries(Object.entries(timers).map(([name, timer]) => [name, { ...timer, setAt: BigInt(timer.setAt) }])),
  ...(before ? { before: new Set(before) } : {}),
});
