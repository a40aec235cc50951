/**
 * Which events of a log belong to the business, and which streams cannot be copied. Hides: which streams a store keeps for itself. Does
 * not: write.
 */
import { endsLog } from './log-cursor';
import type { LogEvent } from './log-event';
import { BEFORE_ALL, type LogReader } from './log-reader';

const PAGE = 1_000;

/** True for events of streams that are not the store's own, and for the metadata of those streams. */
export function isCopied({ stream }: LogEvent): boolean {
  return !stream.startsWith('$') || (stream.startsWith('$$') && stream.length > 2 && stream[2] !== '$');
}

export const isTombstone = ({ type, stream }: LogEvent): boolean => type === '$streamDeleted' && !stream.startsWith('$');

export type Survey = Readonly<{
  events: number;
  streams: number;
  /** Streams that cannot be copied, and why. */
  leftOut: ReadonlyMap<string, string>;
  /** Streams of the store itself, which are not copied: users, passwords, projections, checkpoints of subscriptions. */
  ownStreams: readonly string[];
}>;

/** All events of a log, in order. */
async function* wholeLog(reader: LogReader): AsyncGenerator<LogEvent> {
  for (let after = BEFORE_ALL; ;) {
    const page = await reader.readAll(after, PAGE);
    yield* page;
    if (endsLog(page, PAGE)) return;
    after = page.at(-1)!.position;
  }
}

export async function survey(reader: LogReader): Promise<Survey> {
  const next = new Map<string, bigint>();
  const leftOut = new Map<string, string>();
  const own = new Set<string>();
  let events = 0;
  for await (const event of wholeLog(reader)) {
    const { stream, revision } = event;
    if (!isCopied(event)) {
      if (!stream.startsWith('$$')) own.add(stream);
      continue;
    }
    if (stream.startsWith('$$') || isTombstone(event)) continue;
    events += 1;
    const expected = next.get(stream) ?? 0n;
    if (revision !== expected && !leftOut.has(stream))
      leftOut.set(
        stream,
        expected === 0n ? `its events before revision ${revision} are gone` : `its events ${expected} to ${revision - 1n} are gone`,
      );
    next.set(stream, revision + 1n);
  }
  return { events, streams: next.size, leftOut, ownStreams: [...own].sort() };
}
