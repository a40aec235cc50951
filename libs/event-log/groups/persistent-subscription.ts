/**
 * Hides: one running persistent subscription: reading ahead, resolving links, parking, replaying and checkpoints.
 * Promises: messages unfinished at a crash are delivered again; parked messages stay parked until their replay is finished.
 * Does not: know gRPC or access rights; the settings come from persistent-subscriptions.ts.
 */

import type { Effect, Message } from './consumer-group';
import { type Action, ConsumerGroup } from './consumer-group';
import type { StrategyName } from './consumer-strategy';
import { correlationOf, jsonEvent, parkedLink, targetOf, type Resolved } from './links';
import type { Frame, NewEvent } from '../log/frame';
import type { EventLog } from '../log/log';
import { metastreamOf } from '../log/stream-metadata';

/** Times in milliseconds; 0 means no limit for `messageTimeout` and `maxSubscriberCount`. */
export type GroupSettings = Readonly<{
  resolveLinkTos: boolean;
  extraStatistics: boolean;
  messageTimeout: number;
  maxRetryCount: number;
  checkpointAfter: number;
  minCheckpointCount: number;
  maxCheckpointCount: number;
  maxSubscriberCount: number;
  liveBufferSize: number;
  readBatchSize: number;
  historyBufferSize: number;
  strategy: StrategyName;
}>;

/** Decides whether an event of $all belongs to the subscription. */
export type Filter = (frame: Frame) => boolean;

/** Where a new group begins: a revision or position is inclusive. */
export type Start = 'start' | 'end' | bigint;

/** A connected consumer. */
export interface Consumer {
  readonly id: string;
  readonly name: string;
  readonly from: string;
  readonly user: string;
  readonly slots: number;
  deliver(resolved: Resolved, retries: number): void;
  /** Called when the group was changed or deleted, the node stops, or the log cannot be read. */
  drop(reason: 'dropped' | 'shutdown' | Error): void;
}

type Connection = { consumer: Consumer; since: number; measuredTotal: number };
type Live = Message<Resolved>;

const pageSize = 256;
/** Most links in one append: reasons are cut at 4 KiB, but stream names may be long. */
const parkBatch = 100;
export class PersistentSubscription {
  readonly key: string;
  readonly parkedStream: string;
  readonly checkpointStream: string;
  private readonly toAll: boolean;
  /** Its start is a position that this log does not have: as with the original, it cannot be consumed. */
  private readonly foreignStart: boolean;
  private readonly group: ConsumerGroup<Resolved>;
  private readonly connections = new Map<string, Connection>();
  private readonly reader;
  private readonly unfollow: () => void;
  /** Next revision of the stream, or next log offset for $all. */
  private cursor: number;
  private pumping = false;
  private again = false;
  private closed = false;
  private checkpoint: { position: bigint; written: boolean } | undefined;
  private writingMarks: Promise<void> | undefined;
  private truncate: { before: bigint; written: boolean } | undefined;
  private parking: { message: Live; reason: string }[] = [];
  private writingParked: Promise<void> | undefined;
  private measuredTotal = 0;
  private readonly since: number;

  constructor(
    private readonly log: EventLog,
    readonly stream: string,
    readonly groupName: string,
    readonly settings: GroupSettings,
    private readonly filter: Filter | undefined,
    /** Revision or position to begin at, inclusive, while there is no checkpoint. */
    start: bigint,
    private readonly now: () => number,
  ) {
    this.key = `${stream}::${groupName}`;
    this.toAll = stream === '$all';
    this.parkedStream = `$persistentsubscription-${this.key}-parked`;
    this.checkpointStream = `$persistentsubscription-${this.key}-checkpoint`;
    this.reader = log.openReader();
    this.since = now();
    const checkpoint = this.readCheckpoint();
    this.foreignStart = this.toAll && checkpoint === undefined && !log.isPosition(Number(start));
    this.cursor = Number(checkpoint === undefined ? start : checkpoint + 1n);
    this.group = new ConsumerGroup<Resolved>({ ...settings, bufferSize: settings.historyBufferSize }, this.since, checkpoint);
    const wake = (): void => void this.pump();
    this.unfollow = this.toAll ? log.follow(wake) : log.followStream(stream, wake);
  }

  get full(): boolean {
    return this.settings.maxSubscriberCount > 0 && this.connections.size >= this.settings.maxSubscriberCount;
  }

  connect(consumer: Consumer): void {
    if (this.foreignStart) return consumer.drop('dropped');
    this.connections.set(consumer.id, { consumer, since: this.now(), measuredTotal: 0 });
    this.apply(this.group.connect(consumer.id, consumer.slots, this.now()));
    void this.pump();
  }

  disconnect(id: string): void {
    if (!this.connections.delete(id)) return;
    this.apply(this.group.disconnect(id, this.now()));
  }

  ack(consumer: string, ids: readonly string[]): void {
    if (this.closed) return;
    this.apply(this.group.ack(consumer, ids, this.now()));
    void this.pump();
  }

  nack(consumer: string, ids: readonly string[], action: Action, reason: string): void {
    if (this.closed) return;
    this.apply(this.group.nack(consumer, ids, action, reason, this.now()));
    void this.pump();
  }

  tick(): void {
    this.apply(this.group.tick(this.now()));
    void this.writeParked();
    void this.writeMarks();
    void this.pump();
  }

  /** Redelivers parked messages: those before `stopAt` in the parked stream, or all. */
  replayParked(stopAt: bigint | undefined): void {
    const { first, last } = this.log.state(this.parkedStream);
    const from = Math.max(first, Number(this.group.statistics().replayedBefore ?? 0n));
    const end = stopAt === undefined ? last + 1 : Math.min(last + 1, Number(stopAt));
    if (end <= from) return;
    const messages: (Live & { parkedAt: bigint })[] = [];
    for (let next: number | undefined = from; next !== undefined && next < end;) {
      const page = this.log.readStream(this.parkedStream, next, false, Math.min(pageSize, end - next), this.reader);
      for (const link of page.frames) {
        const resolved = this.resolve(link);
        if (resolved.event) messages.push({ ...this.message(resolved, BigInt(link.ordinal)), parkedAt: BigInt(link.ordinal) });
      }
      next = page.next;
    }
    this.apply(this.group.replay(messages, BigInt(end), this.now()));
  }

  /**
   * Stops, and drops every consumer once the checkpoint covers what is finished: a consumer that reconnects at once, as after a change,
   * must not reach the group that is ending.
   */
  async close(reason: 'dropped' | 'shutdown'): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    this.unfollow();
    this.apply(this.group.flush(this.now()));
    await this.writeParked();
    this.apply(this.group.flush(this.now()));
    await this.writeMarks();
    const connected = [...this.connections.values()];
    this.connections.clear();
    for (const { consumer } of connected) consumer.drop(reason);
  }

  /** Statistics for monitoring. */
  counts(): Readonly<{ consumers: number; inFlight: number }> {
    return { consumers: this.connections.size, inFlight: this.group.statistics().inFlight };
  }

  statistics() {
    const group = this.group.statistics();
    const now = this.now();
    const { first, last } = this.log.state(this.parkedStream);
    const parked = last < 0 ? 0 : Math.max(0, last + 1 - Math.max(first, Number(group.replayedBefore ?? 0n))) + group.replaying;
    const perSecond = (total: number, since: number): number => Math.round(total / Math.max(1, (now - since) / 1_000));
    const total = group.total;
    const sinceLast = total - this.measuredTotal;
    this.measuredTotal = total;
    return {
      ...group,
      total,
      perSecond: perSecond(total, this.since),
      sinceLast,
      parked,
      status: `${this.behind() ? 'Behind' : 'Live'}${group.replaying > 0 ? ',ReplayingParkedMessages' : ''}`,
      lastKnown: this.lastKnown(),
      checkpoint: this.checkpoint?.position,
      connections: group.consumers.map((measured) => {
        const connection = this.connections.get(measured.id)!;
        const sinceLastOfConsumer = measured.total - connection.measuredTotal;
        connection.measuredTotal = measured.total;
        const { name, from, user } = connection.consumer;
        return { ...measured, name, from, user, perSecond: perSecond(measured.total, connection.since), sinceLast: sinceLastOfConsumer };
      }),
    };
  }

  private behind(): boolean {
    return this.cursor < (this.toAll ? this.log.end : this.log.state(this.stream).last + 1);
  }

  private lastKnown(): bigint | undefined {
    if (!this.toAll) {
      const { last } = this.log.state(this.stream);
      return last < 0 ? undefined : BigInt(last);
    }
    return this.log.readAll(this.log.end, true, 1).frames[0]?.position;
  }

  private apply(effects: readonly Effect<Resolved>[]): void {
    for (const effect of effects) {
      if (effect.kind === 'deliver') this.connections.get(effect.consumer)?.consumer.deliver(effect.message.payload, effect.retries);
      else if (effect.kind === 'park') this.parking.push(effect);
      else if (effect.kind === 'checkpoint') this.checkpoint = { position: effect.position, written: false };
      else this.truncate = { before: effect.before, written: false };
    }
    if (this.parking.length > 0) void this.writeParked();
    if ((this.checkpoint && !this.checkpoint.written) || (this.truncate && !this.truncate.written)) void this.writeMarks();
  }

  /** Reads ahead as far as the group has room; one page per turn of the event loop. */
  private async pump(): Promise<void> {
    if (this.pumping) return void (this.again = true);
    this.pumping = true;
    try {
      do {
        this.again = false;
        while (!this.closed && this.group.room() >= Math.min(this.settings.readBatchSize, this.settings.historyBufferSize) && this.read()) {
          await new Promise((resolve) => setImmediate(resolve));
        }
      } while (this.again && !this.closed);
    } catch (error) {
      // Damage: consumers finish what was read before it, then get the error.
      const { outstanding, buffered } = this.group.statistics();
      if (outstanding + buffered > 0) return;
      for (const { consumer } of [...this.connections.values()]) {
        this.disconnect(consumer.id);
        consumer.drop(error as Error);
      }
    } finally {
      this.pumping = false;
    }
  }

  /** Takes the next page; false when there is nothing new. */
  private read(): boolean {
    const limit = this.settings.readBatchSize;
    if (!this.toAll) {
      const page = this.log.readStream(this.stream, this.cursor, false, limit, this.reader);
      if (page.frames.length === 0) return false;
      this.cursor = page.next ?? page.frames.at(-1)!.ordinal + 1;
      this.apply(
        this.group.receive(
          page.frames.map((frame) => this.message(this.resolve(frame), BigInt(frame.ordinal))),
          this.now(),
        ),
      );
      return true;
    }
    const page = this.log.readAll(this.cursor, false, Math.max(limit, this.filter ? pageSize : limit), this.reader);
    if (page.frames.length === 0) return false;
    const taken: Frame[] = [];
    let considered = 0;
    for (const frame of page.frames) {
      considered++;
      this.cursor = frame.offset + frame.length;
      if (this.shows(frame)) taken.push(frame);
      if (taken.length >= limit) break;
    }
    const through = page.frames[considered - 1]!.position;
    this.apply(
      this.group.receive(
        taken.map((frame) => this.message(this.resolve(frame), frame.position)),
        this.now(),
        through,
        considered,
      ),
    );
    return true;
  }

  /** Records that subscriptions to $all write would trigger further records. */
  private shows(frame: Frame): boolean {
    const { stream } = frame;
    if (stream.startsWith('$persistentsubscription-$all::') || stream.startsWith('$$$persistentsubscription-$all::')) return false;
    return !this.filter || this.filter(frame);
  }

  private resolve(frame: Frame): Resolved {
    if (frame.type !== '$>' || !(this.settings.resolveLinkTos || frame.stream === this.parkedStream))
      return { event: frame, link: undefined };
    const target = targetOf(frame);
    return { event: target && this.log.event(target.stream, target.ordinal), link: frame };
  }

  private message(payload: Resolved, position: bigint): Live {
    const original = payload.link ?? payload.event!;
    return { id: original.id.toString('hex'), position, pin: this.pinOf(payload.event ?? original), payload };
  }

  /** An unresolved link counts as an event of the stream that it names. */
  private pinOf(frame: Frame): string {
    const stream = (frame.type === '$>' && targetOf(frame)?.stream) || frame.stream;
    return this.settings.strategy === 'PinnedByCorrelation' ? (correlationOf(frame) ?? stream) : stream;
  }

  private readCheckpoint(): bigint | undefined {
    const { last, exists } = this.log.state(this.checkpointStream);
    if (!exists) return undefined;
    const [frame] = this.log.readStream(this.checkpointStream, last, true, 1, this.reader).frames;
    const [, digits] = /^"(?:C:)?(\d{1,16})(?:\/P:\d{1,16})?"$/.exec(frame?.data.toString('utf8') ?? '') ?? [];
    if (digits === undefined) return undefined;
    this.checkpoint = { position: BigInt(digits), written: true };
    return this.checkpoint.position;
  }

  /** Resolves when every checkpoint that is due was written, or could not be written. */
  private writeMarks(): Promise<void> {
    // A full disk: the next tick retries, and until then a restart redelivers more than necessary.
    return (this.writingMarks ??= this.writeDueMarks()
      .catch(() => undefined)
      .finally(() => (this.writingMarks = undefined)));
  }

  private async writeDueMarks(): Promise<void> {
    for (let due = this.checkpoint; due && !due.written; due = this.checkpoint) {
      const { last, softDeleted, metadata } = this.log.state(this.checkpointStream);
      if (metadata.maxCount === undefined) {
        // The checkpoints of a deleted group of the same name stay deleted.
        const kept = { ...metadata.raw, ...(softDeleted && { $tb: last + 1 }), $maxCount: 2 };
        await this.log.append(metastreamOf(this.checkpointStream), 'any', [jsonEvent('$metadata', kept)]);
      }
      const place = this.toAll ? `C:${due.position}/P:${due.position}` : String(due.position);
      await this.log.append(this.checkpointStream, 'any', [jsonEvent('$SubscriptionCheckpoint', place)]);
      due.written = true;
    }
    for (let due = this.truncate; due && !due.written; due = this.truncate) {
      await this.log.append(metastreamOf(this.parkedStream), 'any', [jsonEvent('$metadata', { $tb: Number(due.before) })]);
      due.written = true;
    }
  }

  /** The same for parked messages: they stay unfinished, and hold the checkpoint, until they are written. */
  private writeParked(): Promise<void> {
    return (this.writingParked ??= this.writeDueParked()
      .catch(() => undefined)
      .finally(() => (this.writingParked = undefined)));
  }

  private async writeDueParked(): Promise<void> {
    while (this.parking.length > 0) {
      const links: NewEvent[] = [];
      let bytes = 0;
      for (const { message, reason } of this.parking) {
        const link = parkedLink(message, reason, this.now());
        bytes += link.data.length;
        if (links.length === parkBatch || (links.length > 0 && bytes > this.log.maxAppendSize)) break;
        links.push(link);
      }
      await this.log.append(this.parkedStream, 'any', links);
      for (const { message } of this.parking.splice(0, links.length)) this.apply(this.group.parked(message.id, this.now()));
    }
  }
}
