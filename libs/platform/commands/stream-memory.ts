/**
 * Streams as last seen. Hides: how a stream is folded and how much is kept. Promises: holds only what the store confirmed; bounded memory, the
 * least recently used stream is dropped first. Does not: hold truth: it is a starting point; the expected revision decides whether it is still
 * valid.
 */
import { isBookkeeping, type Recorded } from '#kernel/event';
import { Answers, type Trace } from './answers';
import type { AnyDecider } from './registry';

/** A stream as last seen. */
export type Seen = Readonly<{
  state: unknown;
  /** Revision of the last event, including bookkeeping: what an append expects. */
  revision: bigint;
  /** Id of that event: it proves that the stream is still the same. */
  lastId: string | undefined;
  /** The business revision, and the position of that event. */
  facts: Readonly<{ revision: bigint; position: bigint }>;
  answers: Answers;
  /** Revision of the last snapshot, if known. */
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

/** The stream after some more events, and the state after them if it is known; `seen` must not be used afterwards. */
export function grown(decider: AnyDecider, seen: Seen, events: readonly (Trace & Pick<Recorded, 'id'>)[], after?: unknown): Seen {
  let { state, facts } = seen;
  for (const event of events) {
    seen.answers.learn(event);
    if (isBookkeeping(event)) continue;
    if (after === undefined) state = decider.evolve(state, event);
    facts = event;
  }
  const last = events.at(-1);
  return {
    state: after ?? state,
    revision: last?.revision ?? seen.revision,
    lastId: last?.id ?? seen.lastId,
    facts: { revision: facts.revision, position: facts.position },
    answers: seen.answers,
    snapshot: seen.snapshot,
  };
}

/** Memory limit, in answers; a stream's state counts as some. */
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
