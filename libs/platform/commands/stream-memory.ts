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
  /** Events that it was folded from. */
  size: number;
}>;

export const nothingSeen = (decider: AnyDecider): Seen => ({
  state: decider.initial,
  revision: -1n,
  lastId: undefined,
  facts: { revision: -1n, position: -1n },
  answers: new Answers(),
  size: 0,
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
    size: seen.size + events.length,
  };
}

const KEPT_EVENTS = 200_000;

export class StreamMemory {
  /** Most recently used last. */
  private readonly streams = new Map<string, Seen>();
  private kept = 0;

  of(stream: string): Seen | undefined {
    return this.streams.get(stream);
  }

  keep(stream: string, seen: Seen): void {
    this.forget(stream);
    this.streams.set(stream, seen);
    this.kept += seen.size + 1;
    for (const oldest of this.streams.keys()) {
      if (this.kept <= KEPT_EVENTS || oldest === stream) break;
      this.forget(oldest);
    }
  }

  forget(stream: string): void {
    const seen = this.streams.get(stream);
    if (!seen) return;
    this.streams.delete(stream);
    this.kept -= seen.size + 1;
  }
}
