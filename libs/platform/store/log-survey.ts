/**
 * What of a log is the business's, and whether two logs hold the same of it. Hides: which streams a store keeps for itself. Promises: the
 * first difference by stream, revision and field. Does not: write.
 */
import { endsLog } from './log-cursor';
import type { LogEvent } from './log-event';
import { BEFORE_ALL, type LogReader } from './log-reader';
import { original } from './known-time';

const PAGE = 1_000;

/** True for events of streams that are not the store's own, and for the metadata of such streams. */
export function isCopied({ stream }: LogEvent): boolean {
  return !stream.startsWith('$') || (stream.startsWith('$$') && stream.length > 2 && stream[2] !== '$');
}

export const isTombstone = ({ type, stream }: LogEvent): boolean => type === '$streamDeleted' && !stream.startsWith('$');

export type Survey = Readonly<{
  events: number;
  streams: number;
  /** Streams that cannot come along, and why. */
  leftOut: ReadonlyMap<string, string>;
  /** Streams of the store itself, which stay behind: users, passwords, projections, checkpoints of subscriptions. */
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

export type Difference = Readonly<{ where: string; what: string; from: string; to: string }>;
export type Comparison = Readonly<{ equal: boolean; events: number; firstDifference?: Difference }>;

/** Compares the business's part of two logs, event by event in the order of the log, then metadata and tombstones of streams. */
export async function compareLogs(from: LogReader, to: LogReader, leftOut: ReadonlyMap<string, string>): Promise<Comparison> {
  const [one, other] = [new Business(from, leftOut), new Business(to, leftOut)];
  let events = 0;
  const differs = (where: string, what: string, mine: unknown, theirs: unknown): Comparison => ({
    equal: false,
    events,
    firstDifference: { where, what, from: shown(mine), to: shown(theirs) },
  });
  for (;;) {
    const [mine, theirs] = await Promise.all([one.next(), other.next()]);
    if (!mine && !theirs) break;
    if (!mine || !theirs) return differs(placeOf((mine ?? theirs)!), 'event', mine?.type, theirs?.type);
    if (placeOf(mine) !== placeOf(theirs)) return differs(placeOf(mine), 'order in the log', placeOf(mine), placeOf(theirs));
    const [known, copied] = [original(mine.metadataBytes), original(theirs.metadataBytes)];
    const fields = {
      id: [mine.id, theirs.id],
      type: [mine.type, theirs.type],
      'content type': [mine.isJson, theirs.isJson],
      data: [mine.dataBytes, theirs.dataBytes],
      metadata: [known.metadata, copied.metadata],
      'known time': [mine.recordedAt, theirs.recordedAt],
    };
    for (const [what, [a, b]] of Object.entries(fields)) if (!same(a!, b!)) return differs(placeOf(mine), what, a, b);
    events += 1;
  }
  for (const [stream, data] of one.metadata) {
    const theirs = other.metadata.get(stream);
    if (!theirs || !same(data, theirs)) return differs(stream, 'stream metadata', data, theirs);
  }
  for (const stream of other.metadata.keys())
    if (!one.metadata.has(stream)) return differs(stream, 'stream metadata', undefined, other.metadata.get(stream));
  for (const stream of [...one.deleted, ...other.deleted])
    if (one.deleted.has(stream) !== other.deleted.has(stream))
      return differs(stream, 'tombstone', one.deleted.has(stream), other.deleted.has(stream));
  return { equal: true, events };
}

const placeOf = ({ revision, stream }: LogEvent): string => `${revision}@${stream}`;
type Field = string | boolean | Buffer;
const same = (a: Field, b: Field): boolean => (Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b);
const shown = (value: unknown): string =>
  (Buffer.isBuffer(value) ? value.toString('utf8') : value === undefined ? 'nothing' : String(value)).slice(0, 200);

/** The business's events of one log; notes metadata and tombstones that it passes. */
class Business {
  readonly metadata = new Map<string, Buffer>();
  readonly deleted = new Set<string>();
  private readonly events: AsyncGenerator<LogEvent>;

  constructor(
    reader: LogReader,
    private readonly leftOut: ReadonlyMap<string, string>,
  ) {
    this.events = wholeLog(reader);
  }

  async next(): Promise<LogEvent | undefined> {
    for (;;) {
      const { value: event, done } = await this.events.next();
      if (done) return undefined;
      const stream = event.stream.replace(/^\$\$/, '');
      if (!isCopied(event) || this.leftOut.has(stream)) continue;
      if (isTombstone(event)) this.deleted.add(stream);
      else if (event.stream.startsWith('$$')) this.metadata.set(stream, Buffer.from(event.dataBytes));
      else return event;
    }
  }
}
