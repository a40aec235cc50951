/**
 * Copies a log to another store. Hides: paging, pipelining, where it stopped. Promises: every business event with its id, revision, type,
 * bytes and known time, in log order, once, however often either store or the copy itself is killed. Does not: copy users, positions or
 * streams whose first events are gone; `Survey` lists them.
 */
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isOfStore } from '#kernel/event';
import { AppendMessage, type EventBytes } from './append-message';
import type { Connection, Link } from './connection';
import { LogComparison, stillThere, type Compared } from './log-compare';
import { endsLog } from './log-cursor';
import type { LogEvent } from './log-event';
import { BEFORE_ALL, logReader, type LogReader } from './log-reader';
import { isCopied, isTombstone, survey, type Survey } from './log-survey';
import { withKnownTime } from './known-time';
import { Conflict, StoreRefused } from './refusals';

/** The stream in which a copy records its progress; its event types begin with $, so views and other copies ignore them. */
const NOTES = '$log-copy';
const NOTE = '$log-copied';
const PAGE = 1_000;
const IN_FLIGHT = 128;
/** Most bytes in one append. */
const APPEND_BYTES = 512 * 1024;
const NOTE_EVERY = 5_000;
const NOTE_MS = 2_000;
const LIMIT_MS = 10_000;
/** If a store is unavailable for longer, the copy ends; it can be started again. */
const PATIENCE_MS = 60_000;
const FOLLOW_MS = 100;
/** How long the copied events are compared at a time, while the source is followed. */
const COMPARE_MS = 150;
/** Most left-out streams that are recorded; if there are more, the whole logs are compared at the end. */
const MOST_LEFT_OUT = 1_000;

/** The copy cannot start or continue; the text says what to do. */
export class CopyRefused extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'CopyRefused';
  }
}

/** `compared`: events that were found equal in the target; 0 until the end of the source was reached once. */
export type CopyProgress = Readonly<{ events: number; position: bigint; head: bigint; compared: number }>;
type Note = {
  source: string;
  position: string;
  events: number;
  copier: string;
  compared?: Compared;
  leftOut?: Readonly<Record<string, string>>;
};
type Run = { message: AppendMessage; position: bigint; count: number; sent: Promise<unknown> };

export class LogCopy {
  private readonly reader: LogReader;
  private readonly targetReader: LogReader;
  private readonly copier = randomUUID();
  private noteRevision = -1n;
  private source = '';
  private after = BEFORE_ALL;
  private events = 0;
  private unnoted = 0;
  private notedAt = -Infinity;
  private head = BEFORE_ALL;
  private runs: Run[] = [];
  private comparison: LogComparison | undefined;
  private compared: Compared | undefined;
  private leftOut: ReadonlyMap<string, string> = new Map();

  constructor(
    private readonly from: Connection,
    private readonly to: Connection,
    private readonly shown: (progress: CopyProgress) => void = () => undefined,
  ) {
    this.reader = logReader(from, { timeoutMs: LIMIT_MS });
    this.targetReader = logReader(to, { timeoutMs: LIMIT_MS });
  }

  /** Reads the source once and finds what cannot be copied; nothing is written. */
  survey(): Promise<Survey> {
    return this.patient(() => survey(this.reader));
  }

  /**
   * Copies what is there, or continues where an earlier copy stopped; with `follow`, until it aborts. @returns number of events in the copy
   * @throws CopyRefused
   */
  async run({ leftOut }: Survey, follow?: AbortSignal): Promise<{ events: number; position: bigint }> {
    this.leftOut = leftOut;
    await this.begin();
    for (;;) {
      // What was written before the abort is copied, too.
      const stopping = !follow || follow.aborted;
      const page = await this.patient(() => this.reader.readAll(this.after, PAGE));
      for (const event of page) await this.take(event, leftOut);
      if (page.length > 0) this.after = page.at(-1)!.position;
      this.shown({ events: this.events, position: this.after, head: this.head, compared: this.compared?.events ?? 0 });
      const atEnd = endsLog(page, PAGE);
      if (this.unnoted >= NOTE_EVERY || (atEnd && performance.now() - this.notedAt > NOTE_MS && this.unnoted > 0)) await this.note();
      if (follow && (atEnd || this.comparison)) await this.compare(leftOut);
      if (!atEnd) continue;
      if (stopping) break;
      await sleep(FOLLOW_MS, undefined, { signal: follow }).catch(() => undefined);
    }
    await this.note();
    return { events: this.events, position: this.after };
  }

  close(): void {
    this.reader.close?.();
    this.targetReader.close?.();
  }

  /** Compares what the target holds while there is time, so that only the end is left to compare once the source has stopped. */
  private async compare(leftOut: ReadonlyMap<string, string>): Promise<void> {
    await this.settle();
    await this.patient(async () => {
      this.comparison ??= new LogComparison(this.reader, this.targetReader, leftOut, this.compared);
      try {
        const { difference } = await this.comparison.goOn(COMPARE_MS);
        if (difference)
          throw new CopyRefused(
            `Source and target differ in ${difference.what} of ${difference.where}: another client has written to the target.`,
          );
        this.compared = (await this.comparison.compared()) ?? this.compared;
      } catch (error) {
        this.comparison = undefined;
        throw error;
      }
    });
  }

  private async begin(): Promise<void> {
    const [mine, theirs] = await Promise.all([this.identity(this.reader), this.identity(this.targetReader)]);
    if (mine === undefined) throw new CopyRefused('The source is empty; there is nothing to copy.');
    if (mine === theirs) throw new CopyRefused('Source and target are the same store, or one is a backup of the other; name two stores.');
    this.source = mine;
    this.head = (await this.patient(() => this.reader.last()))?.position ?? BEFORE_ALL;
    const noted = await this.lastNote();
    if (noted) {
      const note = noted.data as Note;
      if (note.source !== this.source) throw new CopyRefused('The target holds a copy of another log; copy into an empty store.');
      this.noteRevision = noted.revision;
      this.after = BigInt(note.position);
      this.events = note.events;
      this.compared = this.isSameLeftOut(note.leftOut) ? note.compared : undefined;
      await this.patient(() => this.refuseTargetInUse());
    } else await this.refuseTargetThatIsNotEmpty();
    await this.note();
  }

  private isSameLeftOut(noted: Note['leftOut'] = {}): boolean {
    return Object.keys(noted).length === this.leftOut.size && Object.keys(noted).every((stream) => this.leftOut.has(stream));
  }

  private identity(reader: LogReader): Promise<string | undefined> {
    return this.patient(() => identityOf(reader));
  }

  private lastNote(): Promise<LogEvent | undefined> {
    return this.patient(() => lastNoteIn(this.targetReader));
  }

  private async refuseTargetThatIsNotEmpty(): Promise<void> {
    for (let after = BEFORE_ALL; ;) {
      const page = await this.patient(() => this.targetReader.readAll(after, PAGE));
      const own = page.find(isCopied);
      if (own) throw new CopyRefused(`The target holds ${own.type} in ${own.stream} already; copy into an empty store.`);
      if (endsLog(page, PAGE)) return;
      after = page.at(-1)!.position;
    }
  }

  /** The target must not be in use: its newest event must come from the source. */
  private async refuseTargetInUse(): Promise<void> {
    const link = await this.to.get(LIMIT_MS);
    const newest = link.client.official.readAll({
      direction: 'backwards',
      fromPosition: 'end',
      maxCount: 4 * NOTE_EVERY,
      requiresLeader: true,
    });
    for await (const { event } of link.client.whole(newest)) {
      if (!event || isOfStore({ stream: event.streamId, type: event.type })) continue;
      const [same] = await this.patient(() => this.reader.readStream(event.streamId, BigInt(event.revision), 1));
      if (same?.id === event.id) return;
      throw new CopyRefused(
        `The target has ${event.type} at ${event.revision}@${event.streamId}, which the source does not have: the target is in use already.`,
      );
    }
  }

  private async take(event: LogEvent, leftOut: ReadonlyMap<string, string>): Promise<void> {
    if (!isCopied(event) || leftOut.has(event.stream.replace(/^\$\$/, ''))) return;
    if (isTombstone(event)) return this.tombstone(event.stream);
    if (event.stream.startsWith('$$')) return this.takeMetadata(event);
    const bytes: EventBytes = {
      id: event.id,
      type: event.type,
      json: event.isJson,
      data: event.dataBytes,
      metadata: withKnownTime(event.metadataBytes, event.recordedAt),
    };
    const last = this.open;
    if (
      last &&
      last.stream === event.stream &&
      last.expected + BigInt(last.events.length) + 1n === event.revision &&
      last.bytes < APPEND_BYTES
    ) {
      last.events.push(bytes);
      last.bytes += event.size;
      last.position = event.position;
      return;
    }
    await this.sendOpen();
    this.open = { stream: event.stream, expected: event.revision - 1n, events: [bytes], bytes: event.size, position: event.position };
  }
  /** Events that are adjacent both in a stream and in the log go into one append. */
  private open: { stream: string; expected: bigint; events: EventBytes[]; bytes: number; position: bigint } | undefined;

  private async sendOpen(): Promise<void> {
    const { open } = this;
    if (!open) return;
    this.open = undefined;
    const message = new AppendMessage(open.stream, open.expected, open.events, LIMIT_MS);
    this.runs.push({ message, position: open.position, count: open.events.length, sent: this.send(message) });
    if (this.runs.length >= IN_FLIGHT) await this.settle(IN_FLIGHT / 2);
  }

  private link: Link | undefined;
  /** All on one call, one after the other: the store appends them in this order. */
  private send(message: AppendMessage): Promise<unknown> {
    const sent = this.link && !this.link.gone ? this.link.appends.send(message, LIMIT_MS) : Promise.reject(new Error('no connection'));
    sent.catch(() => undefined);
    return sent;
  }

  /**
   * Waits until at most `most` are in flight. After a failure all later appends are sent again, in order: an identical append stores no
   * second event.
   */
  private async settle(most = 0): Promise<void> {
    if (most === 0) await this.sendOpen();
    let since = performance.now();
    while (this.runs.length > most) {
      const [oldest] = this.runs;
      try {
        await oldest!.sent;
        this.runs.shift();
        this.events += oldest!.count;
        this.unnoted += oldest!.count;
        since = performance.now();
      } catch (error) {
        this.refuse(oldest!.message, error);
        if (performance.now() - since > PATIENCE_MS) throw away('target', error);
        await Promise.allSettled(this.runs.map(({ sent }) => sent));
        if (this.link) this.to.suspect(this.link, error);
        this.link = await this.to.get(LIMIT_MS).catch(() => undefined);
        if (!this.link) await sleep(200);
        for (const run of this.runs) run.sent = this.send(run.message);
      }
    }
  }

  private refuse(message: AppendMessage, error: unknown): void {
    if (error instanceof Conflict)
      throw new CopyRefused(
        `${message.stream} is at revision ${error.actual} in the target, but its events differ from the source: the target is in use, or another copy is running.`,
      );
    if (error instanceof StoreRefused) throw new CopyRefused(`The target refuses events of ${message.stream}: ${error.message}`);
  }

  /** Servers write some metadata themselves and keep only the newest: only the newest must be equal. */
  private async takeMetadata(event: LogEvent): Promise<void> {
    await this.settle();
    await this.patient(async () => {
      let last: LogEvent | undefined;
      for (let from = 0n; ; from = last.revision + 1n) {
        const events = await this.targetReader.readStream(event.stream, from, PAGE);
        if (events.length === 0) break;
        last = events.at(-1)!;
      }
      if (last?.dataBytes.equals(event.dataBytes)) return;
      const bytes = { id: event.id, type: event.type, json: event.isJson, data: event.dataBytes, metadata: event.metadataBytes };
      await this.appendNow(event.stream, last?.revision ?? -1n, bytes);
    });
  }

  private async tombstone(stream: string): Promise<void> {
    await this.settle();
    await this.patient(async () => {
      const link = await this.to.get(LIMIT_MS);
      await link.client.official.tombstoneStream(stream, { expectedRevision: 'any' }).catch((error: { type?: string }) => {
        if (error.type !== 'stream-deleted') throw error;
      });
    });
  }

  /** Records the progress. If something else was recorded in between, another copy is running: this one ends. */
  private async note(): Promise<void> {
    await this.settle();
    const { source, after, events, copier, compared, leftOut } = this;
    const note: Note = {
      ...{ source, position: String(after), events, copier },
      ...(compared && leftOut.size <= MOST_LEFT_OUT ? { compared, leftOut: Object.fromEntries(leftOut) } : {}),
    };
    await this.patient(async () => {
      try {
        const bytes = { id: randomUUID(), type: NOTE, json: true, data: Buffer.from(JSON.stringify(note)), metadata: Buffer.alloc(0) };
        await this.appendNow(NOTES, this.noteRevision, bytes);
        this.noteRevision += 1n;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        const last = await this.lastNote();
        if ((last?.data as Note | undefined)?.copier !== this.copier)
          throw new CopyRefused('Another copy into the same target has taken over.');
        // It is our own record, whose answer was lost.
        this.noteRevision = last!.revision;
      }
    });
    this.unnoted = 0;
    this.notedAt = performance.now();
  }

  private async appendNow(stream: string, expected: bigint, event: EventBytes): Promise<void> {
    this.link = await this.to.get(LIMIT_MS);
    try {
      await this.link.appends.send(new AppendMessage(stream, expected, [event], LIMIT_MS), LIMIT_MS);
    } catch (error) {
      if (!(error instanceof Conflict)) this.to.suspect(this.link, error);
      throw error;
    }
  }

  /** Retries for a minute while a store is unavailable. */
  private async patient<T>(work: () => Promise<T>): Promise<T> {
    for (const begun = performance.now(); ;) {
      try {
        return await work();
      } catch (error) {
        if (error instanceof CopyRefused || error instanceof StoreRefused || error instanceof Conflict) throw error;
        if (performance.now() - begun > PATIENCE_MS) throw away('source or target', error);
        await sleep(200);
      }
    }
  }
}

/** The first event of a log, which identifies the log. */
async function identityOf(reader: LogReader): Promise<string | undefined> {
  const [first] = await reader.readAll(BEFORE_ALL, 1);
  return first && `${first.id}@${first.recordedAt}`;
}

async function lastNoteIn(target: LogReader): Promise<LogEvent | undefined> {
  for (let last: LogEvent | undefined, from = 0n; ; from = last.revision + 1n) {
    const events = await target.readStream(NOTES, from, PAGE);
    if (events.length === 0) return last;
    last = events.at(-1)!;
  }
}

/** What a copy compared while it followed the source, if these are the same two logs and still hold it. */
export async function comparedBefore(
  from: LogReader,
  to: LogReader,
): Promise<{ compared: Compared; leftOut: ReadonlyMap<string, string> } | undefined> {
  const { source, compared, leftOut = {} } = ((await lastNoteIn(to))?.data ?? {}) as Partial<Note>;
  if (!compared || source !== (await identityOf(from)) || !(await stillThere(compared, from, to))) return undefined;
  return { compared, leftOut: new Map(Object.entries(leftOut)) };
}

const away = (which: string, error: unknown) =>
  new CopyRefused(`The ${which} has not answered for ${PATIENCE_MS / 1_000} s (${String(error)}); run the same command again to continue.`);
