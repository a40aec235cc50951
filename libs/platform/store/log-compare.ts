/**
 * Whether two logs hold the same business events. Hides: paging, and each store's own events. Promises: the first difference by stream,
 * revision and field; what was compared is not compared again, as logs only grow at their ends. Does not: write.
 */
import { now } from '#platform/runtime/clock';
import type { LogEvent } from './log-event';
import { BEFORE_ALL, type LogReader } from './log-reader';
import { isCopied, isTombstone } from './log-survey';
import { original } from './known-time';
import { endsLog } from './log-cursor';

const PAGE = 1_000;

/** Up to where two logs were found equal, and when. */
export type Compared = Readonly<{ from: string; to: string; events: number; last: string; at: string }>;
export type Difference = Readonly<{ where: string; what: string; from: string; to: string }>;
/** `before` counts the events that had been compared earlier and were not read again. */
export type Comparison = Readonly<{ equal: boolean; events: number; before?: Compared; firstDifference?: Difference }>;

/** One comparison, which can continue as the logs grow. */
export class LogComparison {
  private readonly one: Business;
  private readonly other: Business;
  /** Streams whose metadata were written since they were last found equal. */
  private readonly unsettled = new Set<string>();
  private events: number;
  private last: string;

  constructor(
    private readonly from: LogReader,
    private readonly to: LogReader,
    leftOut: ReadonlyMap<string, string>,
    since?: Compared,
  ) {
    this.one = new Business(from, leftOut, this.unsettled, since ? BigInt(since.from) : BEFORE_ALL);
    this.other = new Business(to, leftOut, this.unsettled, since ? BigInt(since.to) : BEFORE_ALL);
    this.events = since?.events ?? 0;
    this.last = since?.last ?? '';
  }

  /** Compares what both logs hold by now, for `ms` at most. Resolves with the first difference, or with `atEnd` if one of them ends. */
  async goOn(ms: number): Promise<{ difference?: Difference; atEnd: boolean }> {
    for (const until = performance.now() + ms; performance.now() < until;) {
      const [mine, theirs] = await Promise.all([this.one.peek(), this.other.peek()]);
      if (!mine || !theirs) return { atEnd: true };
      const difference = differenceOf(mine, theirs);
      if (difference) return { difference, atEnd: false };
      this.pass(mine);
    }
    return { atEnd: false };
  }

  /** Up to where the logs are equal; undefined while stream metadata or deletions differ. */
  async compared(): Promise<Compared | undefined> {
    if ((await this.unlike()) !== undefined) return undefined;
    const { one, other, events, last } = this;
    return { from: String(one.through), to: String(other.through), events, last, at: now().toISOString() };
  }

  /** Compares to the ends of both logs, then metadata and tombstones of streams. */
  async finish(): Promise<Comparison> {
    for (;;) {
      const { difference, atEnd } = await this.goOn(Infinity);
      if (difference) return { equal: false, events: this.events, firstDifference: difference };
      if (atEnd) break;
    }
    const longer = (await this.one.peek()) ?? (await this.other.peek());
    const firstDifference = longer
      ? different(placeOf(longer), 'event', (await this.one.peek())?.type, (await this.other.peek())?.type)
      : await this.unlike();
    return { equal: firstDifference === undefined, events: this.events, ...(firstDifference ? { firstDifference } : {}) };
  }

  private pass(event: LogEvent): void {
    this.one.pass();
    this.other.pass();
    this.events += 1;
    this.last = `${event.id} ${placeOf(event)}`;
  }

  /** A stream whose metadata or deletion differ; only streams that changed since they were last equal are checked. */
  private async unlike(): Promise<Difference | undefined> {
    for (const stream of this.unsettled) {
      const [mine, theirs] = await Promise.all([lastOf(this.from, `$$${stream}`), lastOf(this.to, `$$${stream}`)]);
      if (!same(mine ?? '', theirs ?? '')) return different(stream, 'stream metadata', mine, theirs);
      this.unsettled.delete(stream);
    }
    const [mine, theirs] = [this.one.deleted, this.other.deleted];
    for (const stream of [...mine, ...theirs]) {
      if (mine.has(stream) !== theirs.has(stream)) return different(stream, 'tombstone', mine.has(stream), theirs.has(stream));
      mine.delete(stream);
      theirs.delete(stream);
    }
    return undefined;
  }
}

/** Compares two logs, from where they were found equal before. */
export async function compareLogs(
  from: LogReader,
  to: LogReader,
  leftOut: ReadonlyMap<string, string>,
  before?: Compared,
): Promise<Comparison> {
  const result = await new LogComparison(from, to, leftOut, before).finish();
  return { ...result, ...(before ? { before } : {}) };
}

/** True if both logs still hold the event that was compared last at these positions. */
export async function stillThere({ last, from, to }: Compared, one: LogReader, other: LogReader): Promise<boolean> {
  const [id, place] = last.split(' ', 1).concat(last.slice(last.indexOf(' ') + 1));
  const [revision, ...stream] = (place ?? '').split('@');
  if (!id || !/^\d+$/.test(revision!)) return false;
  const found = await Promise.all([one, other].map((log) => log.readStream(stream.join('@'), BigInt(revision!), 1)));
  const [mine, theirs] = found.map(([event]) => (event?.id === id ? event.position : undefined));
  return mine !== undefined && theirs !== undefined && mine <= BigInt(from) && theirs <= BigInt(to);
}

function differenceOf(mine: LogEvent, theirs: LogEvent): Difference | undefined {
  const place = placeOf(mine);
  if (place !== placeOf(theirs)) return different(place, 'order in the log', place, placeOf(theirs));
  const fields = {
    id: [mine.id, theirs.id],
    type: [mine.type, theirs.type],
    'content type': [mine.isJson, theirs.isJson],
    data: [mine.dataBytes, theirs.dataBytes],
    metadata: [original(mine.metadataBytes).metadata, original(theirs.metadataBytes).metadata],
    'known time': [mine.recordedAt, theirs.recordedAt],
  };
  for (const [what, [a, b]] of Object.entries(fields)) if (!same(a!, b!)) return different(place, what, a, b);
  return undefined;
}

async function lastOf(log: LogReader, stream: string): Promise<Buffer | undefined> {
  let last: LogEvent | undefined;
  for (let from = 0n; ; from = last.revision + 1n) {
    const events = await log.readStream(stream, from, PAGE);
    if (events.length === 0) return last && Buffer.from(last.dataBytes);
    last = events.at(-1)!;
  }
}

const different = (where: string, what: string, mine: unknown, theirs: unknown): Difference => ({
  where,
  what,
  from: shown(mine),
  to: shown(theirs),
});
const placeOf = ({ revision, stream }: LogEvent): string => `${revision}@${stream}`;
type Field = string | boolean | Buffer;
const same = (a: Field, b: Field): boolean => (Buffer.isBuffer(a) && Buffer.isBuffer(b) ? a.equals(b) : a === b);
const shown = (value: unknown): string =>
  (Buffer.isBuffer(value) ? value.toString('utf8') : value === undefined ? 'nothing' : String(value)).slice(0, 200);

/** The business events of one log, one by one; collects the tombstones and metadata that it passes. */
class Business {
  /** Streams whose tombstone was passed. */
  readonly deleted = new Set<string>();
  private page: readonly LogEvent[] = [];
  private next = 0;
  private readAfter: bigint;

  /** @param through everything up to here was passed before */
  constructor(
    private readonly reader: LogReader,
    private readonly leftOut: ReadonlyMap<string, string>,
    private readonly unsettled: Set<string>,
    public through: bigint,
  ) {
    this.readAfter = through;
  }

  /** The next event; undefined at the end of the log. */
  async peek(): Promise<LogEvent | undefined> {
    for (;;) {
      for (; this.next < this.page.length; this.pass()) {
        const event = this.page[this.next]!;
        const stream = event.stream.replace(/^\$\$/, '');
        if (!isCopied(event) || this.leftOut.has(stream)) continue;
        if (isTombstone(event)) this.deleted.add(stream);
        else if (event.stream.startsWith('$$')) this.unsettled.add(stream);
        else return event;
      }
      if (this.page.length > 0 && this.ended) {
        this.page = [];
        this.next = 0;
        return undefined;
      }
      this.page = await this.reader.readAll(this.readAfter, PAGE);
      this.next = 0;
      this.ended = endsLog(this.page, PAGE);
      if (this.page.length === 0) return undefined;
      this.readAfter = this.page.at(-1)!.position;
    }
  }
  private ended = false;

  pass(): void {
    this.through = this.page[this.next]!.position;
    this.next += 1;
  }
}
