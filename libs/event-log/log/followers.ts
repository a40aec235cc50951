/**
 * Who is called after each commit. Hides: which streams a commit touched. Promises: a follower of a stream is called for its events and for
 * its metadata. Does not: pass on what was committed; followers read it from the log.
 */
import { KIND_EVENT } from './frame';
import { isMetastream, originalOf } from './stream-metadata';
import type { Batch } from './writer';

export class Followers {
  private readonly ofAll = new Set<() => void>();
  private readonly ofStreams = new Map<string, Set<() => void>>();

  /** Returns a function that unsubscribes. */
  follow(listener: () => void): () => void {
    this.ofAll.add(listener);
    return () => void this.ofAll.delete(listener);
  }

  /** Returns a function that unsubscribes. */
  followStream(stream: string, listener: () => void): () => void {
    const listeners = this.ofStreams.get(stream) ?? new Set();
    this.ofStreams.set(stream, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.ofStreams.get(stream) === listeners) this.ofStreams.delete(stream);
    };
  }

  notify(batch: Batch): void {
    for (const listener of this.ofAll) listener();
    if (this.ofStreams.size === 0) return;
    const touched = new Set<string>();
    for (const frame of batch.frames) if (frame.kind === KIND_EVENT) touched.add(frame.stream);
    for (const stream of touched) {
      for (const listener of this.ofStreams.get(stream) ?? []) listener();
      if (isMetastream(stream)) for (const listener of this.ofStreams.get(originalOf(stream)) ?? []) listener();
    }
  }
}
