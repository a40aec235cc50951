/**
 * An event store in memory. Hides: its log. Promises: appends at an expected revision, or conflicts; one order of all events; what is read is what
 * JSON keeps; an app reaches it by the network only. Does not: keep anything after the run.
 */
import { isBookkeeping, type Event, type Metadata, type Recorded } from '#kernel/event';
import { type Appended, Conflict, type EventStore, type NewEvent, StoreUnavailable } from '#platform/store/event-store';
import type { Network } from './network';
import type { VirtualTime } from './virtual-time';

export class SimulatedStore {
  readonly log: Recorded[] = [];
  /** Called with each event that was appended. */
  onAppended: (event: Recorded) => void = () => undefined;
  private readonly streams = new Map<string, Recorded[]>();

  constructor(private readonly time: VirtualTime) {}

  /** Position of the newest event. */
  get head(): bigint {
    return BigInt(this.log.length) - 1n;
  }

  of<E extends Event = Event>(stream: string): readonly Recorded<E>[] {
    return (this.streams.get(stream) ?? []) as unknown as Recorded<E>[];
  }

  names(): IterableIterator<string> {
    return this.streams.keys();
  }

  /** @throws Conflict */
  append(stream: string, expected: bigint | 'any', events: readonly NewEvent[]): Appended {
    const before = this.streams.get(stream) ?? [];
    const revision = BigInt(before.length) - 1n;
    if (expected !== 'any' && expected !== revision) throw new Conflict(stream, revision);
    const recorded = events.map(({ type, data, json, metadata }, index): Recorded => {
      const at = revision + BigInt(index) + 1n;
      const position = this.head + BigInt(index) + 1n;
      const id = `${at}@${stream}`;
      return new Stored(type, json ?? JSON.stringify(data), id, stream, at, position, this.time.instant, metadata) as Recorded;
    });
    if (before.length === 0) this.streams.set(stream, before);
    before.push(...recorded);
    this.log.push(...recorded);
    for (const event of recorded) this.onAppended(event);
    return { revision: revision + BigInt(events.length), position: this.head, ids: recorded.map(({ id }) => id) };
  }

  /** The store as apps see it. */
  over(network: Network): EventStore {
    const unanswered = () => new StoreUnavailable(new Error('simulated'));
    const ask = <T>(what: string, effect: () => T) => network.ask(what, effect, unanswered);
    return {
      append: (stream: string, expected: bigint | 'any', events: readonly NewEvent[]) =>
        ask(`append ${stream}`, () => this.append(stream, expected, events)),
      read: (stream: string, from = 0n, { bookkeeping = false, maxCount = Number.MAX_SAFE_INTEGER } = {}) =>
        ask('read', () =>
          this.of(stream)
            .slice(Number(from), Number(from) + maxCount)
            .filter((event) => bookkeeping || !isBookkeeping(event)),
        ),
      readBackwards: (stream: string, maxCount: number) => ask('read', () => this.of(stream).slice(-maxCount).reverse()),
    } as unknown as EventStore;
  }
}

/** An event whose data are parsed when somebody reads them: most steps of processes are never read again. */
class Stored {
  private parsed: unknown;

  constructor(
    readonly type: string,
    private readonly text: string,
    readonly id: string,
    readonly stream: string,
    readonly revision: bigint,
    readonly position: bigint,
    readonly recordedAt: string,
    readonly metadata: Metadata,
  ) {}

  get data(): never {
    return (this.parsed ??= JSON.parse(this.text)) as never;
  }
}
