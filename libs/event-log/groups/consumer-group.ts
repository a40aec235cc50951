// Hides: the state of a persistent subscription: who holds which message, what to retry, park or checkpoint.
// Promises: at-least-once delivery in order of first delivery; a checkpoint never passes an unfinished message; pure, the time is an argument.
// Does not: read, write or send; callers carry out the effects and report back what was parked.

import type { StrategyName } from './consumer-strategy';
import { strategyOf } from './consumer-strategy';

/** A message of the source, on its way to a consumer. */
export type Message<P = unknown> = Readonly<{
  /** The id that consumers acknowledge: that of the link if links are resolved, else of the event. */
  id: string;
  /** Revision in the stream, or commit position in $all. */
  position: bigint;
  /** Messages with the same pin stay with one consumer under the pinned strategies. */
  pin: string;
  payload: P;
}>;

/** Limits of a group; times in milliseconds, 0 means none. */
export type GroupLimits = Readonly<{
  strategy: StrategyName;
  messageTimeout: number;
  maxRetryCount: number;
  checkpointAfter: number;
  minCheckpointCount: number;
  maxCheckpointCount: number;
  bufferSize: number;
}>;

export type Action = 'unknown' | 'park' | 'retry' | 'skip' | 'stop';

/** What the caller must do; carry out effects in order. */
export type Effect<P = unknown> =
  | Readonly<{ kind: 'deliver'; consumer: string; message: Message<P>; retries: number }>
  | Readonly<{ kind: 'park'; message: Message<P>; reason: string }>
  | Readonly<{ kind: 'checkpoint'; position: bigint }>
  | Readonly<{ kind: 'replayed'; before: bigint }>;

type Entry<P> = {
  message: Message<P>;
  /** Running number of considered events, to count how many a checkpoint covers. */
  sequence: number;
  /** Position of the event before this one: the checkpoint while this one is the oldest unfinished. */
  previous: bigint | undefined;
  retries: number;
  state: 'buffered' | 'out' | 'retry' | 'parking';
  consumer?: string;
  sentAt?: number;
  /** Revision in the parked stream, for a message that is replayed from there. */
  parkedAt?: bigint;
};

type Consumer = { id: string; slots: number; inFlight: number; total: number; latencies: number[] };

const keptLatencies = 1000;

/** The state of one persistent subscription, without I/O. */
export class ConsumerGroup<P = unknown> {
  private readonly strategy;
  private readonly consumers: Consumer[] = [];
  private readonly buffer: Entry<P>[] = [];
  private readonly replays: Entry<P>[] = [];
  private readonly retries: Entry<P>[] = [];
  /** Delivered, unfinished messages by the id that consumers know. */
  private readonly started = new Map<string, Entry<P>>();
  /** Every unfinished message of the source, oldest first. */
  private readonly unfinished = new Map<number, Entry<P>>();
  /** Every unfinished replayed message by its revision in the parked stream, oldest first. */
  private readonly replaying = new Map<bigint, Entry<P>>();
  private replayedBefore: bigint | undefined;
  private replayMark: bigint | undefined;
  private highest: bigint | undefined;
  private sequence = 0;
  private checkpointed: { position: bigint | undefined; sequence: number; at: number };
  private effects: Effect<P>[] = [];
  private done = 0;

  /** `resumeAfter` is the last finished position, from the checkpoint or the start of the group. */
  constructor(
    private readonly limits: GroupLimits,
    now: number,
    resumeAfter?: bigint,
  ) {
    const strategy = strategyOf(limits.strategy);
    if (!strategy) throw new Error(`Consumer strategy ${limits.strategy} does not exist.`);
    this.strategy = strategy;
    this.highest = resumeAfter;
    this.checkpointed = { position: resumeAfter, sequence: 0, at: now };
  }

  connect(id: string, slots: number, now: number): Effect<P>[] {
    this.consumers.push({ id, slots: Math.max(1, slots), inFlight: 0, total: 0, latencies: [] });
    return this.settle(now);
  }

  /** Takes the consumer's unfinished messages back, oldest first, each with one more retry. */
  disconnect(id: string, now: number): Effect<P>[] {
    const index = this.consumers.findIndex((consumer) => consumer.id === id);
    if (index < 0) return [];
    this.consumers.splice(index, 1);
    for (const entry of [...this.started.values()]) if (entry.state === 'out' && entry.consumer === id) this.retry(entry);
    return this.settle(now);
  }

  /** How many more messages of the source fit; nothing is read ahead for a group without consumers. */
  room(): number {
    return this.consumers.length === 0 ? 0 : Math.max(0, this.limits.bufferSize - this.buffer.length);
  }

  /** The last position that was taken from the source. */
  get taken(): bigint | undefined {
    return this.highest;
  }

  /**
   * Takes the next messages from the source, in order. With a filter, `considered` counts the events examined and `through` is the last
   * position examined, so that a checkpoint advances even if nothing matched.
   */
  receive(messages: readonly Message<P>[], now: number, through?: bigint, considered = messages.length): Effect<P>[] {
    for (const message of messages) {
      const entry: Entry<P> = { message, sequence: ++this.sequence, previous: this.highest, retries: 0, state: 'buffered' };
      this.unfinished.set(entry.sequence, entry);
      this.buffer.push(entry);
      this.highest = message.position;
    }
    this.sequence += considered - messages.length;
    if (through !== undefined && (this.highest === undefined || through > this.highest)) this.highest = through;
    return this.settle(now);
  }

  /** Puts parked messages before those of the source; `before` is the revision in the parked stream up to which they were read. */
  replay(messages: readonly (Message<P> & { parkedAt: bigint })[], before: bigint, now: number): Effect<P>[] {
    for (const { parkedAt, ...message } of messages) {
      const entry: Entry<P> = { message: message as Message<P>, sequence: 0, previous: undefined, retries: 0, state: 'buffered', parkedAt };
      this.replaying.set(parkedAt, entry);
      this.replays.push(entry);
    }
    this.replayedBefore = before;
    return this.settle(now);
  }

  ack(consumer: string, ids: readonly string[], now: number): Effect<P>[] {
    for (const id of ids) {
      const entry = this.started.get(id);
      if (!entry || entry.state === 'parking') continue;
      this.measure(consumer, entry, now);
      this.finish(entry);
    }
    return this.settle(now);
  }

  nack(consumer: string, ids: readonly string[], action: Action, reason: string, now: number): Effect<P>[] {
    for (const id of ids) {
      const entry = this.started.get(id);
      if (!entry || entry.state !== 'out' || entry.consumer !== consumer) continue;
      if (action === 'retry' || action === 'unknown') this.retry(entry);
      else if (action === 'park') this.park(entry, `Client explicitly NAK'ed message.\n${reason}`);
      else this.finish(entry);
    }
    return this.settle(now);
  }

  /** A parked message was stored and can be forgotten here. */
  parked(id: string, now: number): Effect<P>[] {
    const entry = this.started.get(id);
    if (entry?.state === 'parking') this.finish(entry);
    return this.settle(now);
  }

  /** Retries messages that were not answered in time, and writes the checkpoint if it is due. Call about once a second. */
  tick(now: number): Effect<P>[] {
    if (this.limits.messageTimeout > 0) {
      for (const entry of [...this.started.values()]) {
        if (entry.state === 'out' && entry.sentAt! + this.limits.messageTimeout <= now) this.retry(entry);
      }
    }
    return this.settle(now, true);
  }

  /** The current checkpoint, regardless of the limits: for a clean stop. */
  flush(now: number): Effect<P>[] {
    return this.settle(now, true, true);
  }

  statistics() {
    return {
      total: this.done,
      buffered: this.buffer.length,
      retries: this.retries.length + this.replays.length,
      inFlight: this.consumers.reduce((sum, { inFlight }) => sum + inFlight, 0),
      outstanding: this.started.size,
      replaying: this.replaying.size,
      replayedBefore: this.replayedBefore,
      checkpoint: this.checkpointed.position,
      consumers: this.consumers.map(({ id, slots, inFlight, total, latencies }) => ({
        id,
        inFlight,
        free: Math.max(0, slots - inFlight),
        total,
        latencies: [...latencies],
      })),
    };
  }

  private retry(entry: Entry<P>): void {
    if (entry.retries >= this.limits.maxRetryCount) return this.park(entry, `Reached retry count of ${this.limits.maxRetryCount}`);
    this.release(entry);
    entry.retries++;
    entry.state = 'retry';
    if (entry.parkedAt !== undefined) return void this.retries.push(entry);
    const place = this.retries.findIndex((other) => other.parkedAt !== undefined || other.sequence > entry.sequence);
    this.retries.splice(place < 0 ? this.retries.length : place, 0, entry);
  }

  private park(entry: Entry<P>, reason: string): void {
    this.release(entry);
    entry.state = 'parking';
    this.effects.push({ kind: 'park', message: entry.message, reason });
  }

  private finish(entry: Entry<P>): void {
    this.release(entry);
    if (entry.state === 'retry') this.retries.splice(this.retries.indexOf(entry), 1);
    this.started.delete(entry.message.id);
    this.strategy.finished(entry.message.pin);
    if (entry.parkedAt === undefined) this.unfinished.delete(entry.sequence);
    else this.replaying.delete(entry.parkedAt);
    this.done++;
  }

  /** Frees the slot of the consumer that holds the message. */
  private release(entry: Entry<P>): void {
    if (entry.state !== 'out') return;
    const holder = this.consumers.find(({ id }) => id === entry.consumer);
    if (holder) holder.inFlight--;
  }

  private measure(consumer: string, entry: Entry<P>, now: number): void {
    const acting = this.consumers.find(({ id }) => id === consumer);
    if (!acting) return;
    acting.total++;
    if (entry.sentAt === undefined) return;
    acting.latencies.push(Math.max(0, now - entry.sentAt));
    if (acting.latencies.length > keptLatencies) acting.latencies.shift();
  }

  private settle(now: number, timed = false, forced = false): Effect<P>[] {
    if (this.push(this.retries, now) && this.push(this.replays, now)) this.push(this.buffer, now);
    this.markCheckpoint(now, timed, forced);
    this.markReplayed();
    const effects = this.effects;
    this.effects = [];
    return effects;
  }

  /** Sends as many messages from the head of a queue as possible; false when no consumer has a free slot left. */
  private push(queue: Entry<P>[], now: number): boolean {
    for (let index = 0; index < queue.length;) {
      const entry = queue[index]!;
      // The same event twice in the source: consumers name messages by id, so the second waits for the first.
      if (entry.state === 'buffered' && this.started.has(entry.message.id)) return true;
      const free = this.consumers.map(({ id, slots, inFlight }) => ({ id, free: slots - inFlight }));
      const choice = this.strategy.choose(free, entry.message.pin);
      if (choice === 'nobody') return false;
      if (choice === 'later') index++;
      else {
        queue.splice(index, 1);
        this.send(entry, choice, now);
      }
    }
    return true;
  }

  private send(entry: Entry<P>, consumer: string, now: number): void {
    this.consumers.find(({ id }) => id === consumer)!.inFlight++;
    if (entry.state === 'retry') this.strategy.finished(entry.message.pin);
    this.strategy.started(entry.message.pin, consumer);
    Object.assign(entry, { state: 'out', consumer, sentAt: now });
    this.started.set(entry.message.id, entry);
    this.effects.push({ kind: 'deliver', consumer, message: entry.message, retries: entry.retries });
  }

  private markCheckpoint(now: number, timed: boolean, forced: boolean): void {
    const [oldest] = this.unfinished.values();
    const position = oldest ? oldest.previous : this.highest;
    const sequence = oldest ? oldest.sequence - 1 : this.sequence;
    const covered = sequence - this.checkpointed.sequence;
    if (position === undefined || position === this.checkpointed.position || covered <= 0) return;
    const enough = this.limits.maxCheckpointCount > 0 && covered >= this.limits.maxCheckpointCount;
    const due = timed && now - this.checkpointed.at >= this.limits.checkpointAfter && covered >= this.limits.minCheckpointCount;
    if (!enough && !due && !forced) return;
    this.checkpointed = { position, sequence, at: now };
    this.effects.push({ kind: 'checkpoint', position });
  }

  /** A replayed message leaves the parked stream only when it is finished: a crash in between loses nothing. */
  private markReplayed(): void {
    if (this.replayedBefore === undefined) return;
    const [oldest] = this.replaying.keys();
    const before = oldest ?? this.replayedBefore;
    if (this.replayMark !== undefined && before <= this.replayMark) return;
    this.replayMark = before;
    this.effects.push({ kind: 'replayed', before });
  }
}
