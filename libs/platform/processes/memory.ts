/**
 * Instances as last seen. Hides: how many are kept. Promises: only ever a baseline, the expected revision of the next append proves it; bounded.
 * Does not: write.
 */
import type { EventStore } from '#platform/store/event-store';
import type { Definitions } from './definitions';
import { fold, fresh, type Instance } from './instance';
import type { InstanceEvent } from './record';

/** Instances kept at once, over all processes. */
export const KEPT_INSTANCES = 20_000;

export class Memory {
  /** Most recently used last. */
  private readonly seen = new Map<string, Instance>();

  constructor(
    private readonly store: EventStore,
    private readonly most = KEPT_INSTANCES,
  ) {}

  known(stream: string): Instance | undefined {
    return this.seen.get(stream);
  }

  /** The instance as its stream says now. */
  async load(stream: string, definitions: Definitions): Promise<Instance> {
    const past = await this.store.read<InstanceEvent>(stream);
    const instance = past.reduce((so, event) => fold(so, event, definitions.of), fresh);
    this.keep(stream, instance);
    return instance;
  }

  keep(stream: string, instance: Instance): void {
    this.seen.delete(stream);
    this.seen.set(stream, instance);
    if (this.seen.size > this.most) this.seen.delete(this.seen.keys().next().value!);
  }

  forget(stream: string): void {
    this.seen.delete(stream);
  }

  /** Forgets all instances of a process, as when another worker has it. */
  forgetAll(process: string): void {
    for (const stream of this.seen.keys()) if (stream.startsWith(`${process}-`)) this.seen.delete(stream);
  }
}
