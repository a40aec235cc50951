/**
 * Streams as they were last seen. Hides: how a stream is folded and how much is kept. Promises: what is held is what the store confirmed;
 * bounded room, the least recently used stream goes first. Does not: hold truth. It is a baseline; the expected revision decides whether
 * it still holds.
 */
import { isBookkeeping, type Recorded } from '#kernel/event';
import { Answers, type Trace } from './answers';
import type { AnyDecider } from './registry';

/** A stream as last seen. */
export type Seen = Readonly<{
  state: unknown;
  /** Of the last event, bookkeeping included: what an append expects. */
  revision: bigint;
  /** Id of that event: by it a stream is known again. */
  lastId: string | undefined;
  /** The business revision, and the position of that event. */
  facts: Readonly<{ revision: bigint; position: bigint }>;
  answers: Answers;
  /** Revision of the last snapshot, as far as it is known. */
  snapshot: bigint;
}>;

export const nothingSeen = (decider: AnyDecider): Seen => ({
  state: decider.initial,
  revision: -1n,
  lastId: undefined,
  facts: { revision: -1n, position: -1n },
  answers: new Answers(),
  snapshot: -1n,
});

/** What is seen after some more events of the stream; `seen` is used up. */
export function grown(decider: AnyDecider, seen: Seen, events: readonly (Trace & Pick<Recorded, 'id'>)[]): Seen {
  let { state, facts } = seen;
  for (const event of events) {
    seen.answers.learn(event);
    if (isBookkeeping(event)) continue;
    state = decider.evolve(state, event);
    facts = event;
  }
  const last = events.at(-1);
  return {
    state,
    revision: last?.revision ?? seen.revision,
    lastId: last?.id ?? seen.lastId,
    facts: { revision: facts.revision, position: facts.position },
    answers: seen.answers,
    snapshot: seen.snapshot,
  };
}

/** How much is kept, in answers; a stream's state counts as some. */
const ROOM = 200_000;
const roomOf = ({ answers }: Seen): number => answers.size + 4;

export class StreamMemory {
  /** Most recently used last. */
  private readonly streams = new Map<string, Readonly<{ seen: Seen; room: number }>>();
  private kept = 0;

  of(stream: string): Seen | undefined {
    return this.streams.get(stream)?.seen;
  }

  keep(stream: string, seen: Seen): void {
    this.forget(stream);
    const room = roomOf(seen);
    this.streams.set(stream, { seen, room });
    this.kept += room;
    for (const oldest of this.streams.keys()) {
      if (this.kept <= ROOM || oldest === stream) break;
      this.forget(oldest);
    }
  }

  forget(stream: string): void {
    const kept = this.streams.get(stream);
    if (!kept) return;
    this.streams.delete(stream);
    this.kept -= kept.room;
  }
}
