/**
 * Streams as they were last seen. Hides: how much is kept. Promises: bounded room, the least recently used stream goes first.
 * Does not: hold truth. What it holds is a baseline; the expected revision decides whether it still does.
 */
import type { Receipt } from './receipt';

/** What a command id was answered, and the digest of the command that it was given with. */
export type Answer = Readonly<{ digest: string; receipt: Receipt }>;

/** A stream as last seen. `size` counts the events that it was folded from. */
export type Seen = Readonly<{ state: unknown; revision: bigint; size: number; answers: Map<string, Answer> }>;

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
