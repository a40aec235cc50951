// Hides: which persistent subscriptions exist, and that their definitions are events of the stream `$persistentSubscriptionConfig`.
// Promises: a created, changed or deleted group is on disk before the caller gets the answer, and survives a restart.
// Does not: check access rights; services/persistent-subscriptions.ts does.

import { strategyOf } from './consumer-strategy';
import { groupDoesNotExist, groupExists, groupFailed } from '../wire/faults';
import { compileFilter } from '../log/filter';
import type { Frame } from '../log/frame';
import type { EventLog } from '../log/log';
import { type GroupSettings, PersistentSubscription, type Start } from './persistent-subscription';
import { randomUUIDBytes } from '../bytes/uuid';

/** Which events of $all a group gets. */
export type FilterDefinition = Readonly<{ on: 'stream' | 'type'; regex?: string; prefixes?: readonly string[] }>;

/** A group as its owner defined it. */
export type GroupDefinition = Readonly<{ stream: string; group: string; start: Start; filter?: FilterDefinition; settings: GroupSettings }>;

type Stored = Omit<GroupDefinition, 'start'> & Readonly<{ start: string; from: string; by: string }>;
type Entry = { definition: GroupDefinition; from: bigint; running: PersistentSubscription };

const configStream = '$persistentSubscriptionConfig';
const saved = '$PersistentSubscriptionSaved';
const deleted = '$PersistentSubscriptionDeleted';
const page = 500;

const compile = ({ on, regex = '', prefixes = [] }: FilterDefinition): ((frame: Frame) => boolean) =>
  compileFilter({ on, expression: { regex, prefixes } });

const keyOf = (stream: string, group: string): string => `${stream}::${group}`;

/** Why these settings are invalid; undefined if they are valid. */
const flawOf = ({ settings, group }: GroupDefinition): string | undefined => {
  if (group === '') return 'A group needs a name.';
  if (!strategyOf(settings.strategy)) return `Consumer strategy ${settings.strategy} does not exist.`;
  if (settings.readBatchSize <= 0) return 'Read batch size must be greater than zero.';
  if (settings.historyBufferSize <= settings.readBatchSize) return 'History buffer size must be greater than read batch size.';
  if (settings.liveBufferSize <= 0) return 'Live buffer size must be greater than zero.';
  const signed = [
    settings.messageTimeout,
    settings.maxRetryCount,
    settings.checkpointAfter,
    settings.maxSubscriberCount,
    settings.minCheckpointCount,
  ];
  return signed.some((value) => value < 0) ? 'Times and counts must not be negative.' : undefined;
};

export class PersistentSubscriptions {
  private readonly entries = new Map<string, Entry>();
  private changes: Promise<unknown> = Promise.resolve();
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly log: EventLog,
    private readonly now: () => number = Date.now,
  ) {
    this.load();
    this.timer = setInterval(() => this.tick(), 1_000);
    this.timer.unref();
  }

  create(definition: GroupDefinition, by: string): Promise<void> {
    return this.inTurn(async () => {
      const { stream, group } = definition;
      if (this.entries.has(keyOf(stream, group))) throw groupExists(stream, group);
      this.refuseFlawed(definition);
      const from = this.firstOf(definition);
      await this.write(saved, this.stored(definition, from, by));
      this.start(definition, from);
    });
  }

  /** Drops the consumers and continues from the checkpoint, or from the new start if there is none. */
  update(changes: GroupDefinition, by: string): Promise<void> {
    return this.inTurn(async () => {
      const { stream, group } = changes;
      const entry = this.entry(stream, group);
      const definition = { ...changes, filter: entry.definition.filter };
      this.refuseFlawed(definition);
      const from = this.firstOf(definition);
      await this.write(saved, this.stored(definition, from, by));
      await entry.running.close('dropped');
      this.start(definition, from);
    });
  }

  delete(stream: string, group: string, by: string): Promise<void> {
    return this.inTurn(async () => {
      const { running } = this.entry(stream, group);
      await this.write(deleted, { stream, group, by });
      this.entries.delete(keyOf(stream, group));
      await running.close('dropped');
      for (const name of [running.checkpointStream, running.parkedStream]) {
        if (this.log.state(name).exists) await this.log.delete(name, 'any');
      }
    });
  }

  find(stream: string, group: string): PersistentSubscription {
    return this.entry(stream, group).running;
  }

  definition(stream: string, group: string): GroupDefinition {
    return this.entry(stream, group).definition;
  }

  /** All groups, or those of one stream. */
  list(stream?: string): { definition: GroupDefinition; running: PersistentSubscription }[] {
    return [...this.entries.values()].filter(({ definition }) => stream === undefined || definition.stream === stream);
  }

  /** Stops every group and starts it again. */
  restart(): Promise<void> {
    return this.inTurn(async () => {
      const restarted = [...this.entries.values()].map(async ({ definition, from, running }) => {
        await running.close('dropped');
        this.start(definition, from);
      });
      await Promise.all(restarted);
    });
  }

  async close(): Promise<void> {
    clearInterval(this.timer);
    await Promise.all([...this.entries.values()].map(({ running }) => running.close('shutdown')));
  }

  private tick(): void {
    for (const { running } of this.entries.values()) running.tick();
  }

  private entry(stream: string, group: string): Entry {
    const entry = this.entries.get(keyOf(stream, group));
    if (!entry) throw groupDoesNotExist(stream, group);
    return entry;
  }

  private refuseFlawed(definition: GroupDefinition): void {
    const flaw = flawOf(definition);
    if (flaw) throw groupFailed(definition.stream, definition.group, flaw);
    if (definition.filter) compile(definition.filter);
  }

  /** `end` is fixed when the group is created, so that a restart before the first checkpoint misses nothing. */
  private firstOf({ stream, start }: GroupDefinition): bigint {
    if (start === 'start') return 0n;
    if (start !== 'end') return start;
    return BigInt(stream === '$all' ? this.log.end : this.log.state(stream).last + 1);
  }

  private async write(type: string, data: unknown): Promise<void> {
    const event = { id: randomUUIDBytes(), type, json: true, data: Buffer.from(JSON.stringify(data)), metadata: Buffer.alloc(0) };
    await this.log.append(configStream, 'any', [event]);
  }

  /** One change at a time: a deleted group and its checkpoint are gone before another group gets its name. */
  private inTurn(change: () => Promise<void>): Promise<void> {
    const result = this.changes.then(change);
    this.changes = result.catch(() => undefined);
    return result;
  }

  private stored(definition: GroupDefinition, from: bigint, by: string): Stored {
    return { ...definition, start: String(definition.start), from: String(from), by };
  }

  private start(definition: GroupDefinition, from: bigint): void {
    const { stream, group, settings, filter } = definition;
    const compiled = filter && compile(filter);
    const running = new PersistentSubscription(this.log, stream, group, settings, compiled, from, this.now);
    this.entries.set(keyOf(stream, group), { definition, from, running });
  }

  /** Invalid events in the stream are ignored: whoever may write to it must not be able to stop the node from starting. */
  private load(): void {
    const found = new Map<string, Stored>();
    for (let next: number | undefined = 0; next !== undefined;) {
      const read = this.log.readStream(configStream, next, false, page);
      for (const frame of read.frames) {
        const stored = storedIn(frame);
        if (!stored) continue;
        const key = keyOf(stored.stream, stored.group);
        found.delete(key);
        if (frame.type === saved) found.set(key, stored);
      }
      next = read.next;
    }
    for (const { start, from, by: _by, ...rest } of found.values()) {
      const definition: GroupDefinition = { ...rest, start: start === 'start' || start === 'end' ? start : BigInt(start) };
      if (!flawOf(definition)) this.start(definition, BigInt(from));
    }
  }
}

const isPlace = (value: unknown): boolean => typeof value === 'string' && /^\d{1,20}$/.test(value);

function storedIn(frame: Frame): Stored | undefined {
  if (frame.type !== saved && frame.type !== deleted) return undefined;
  try {
    const stored = JSON.parse(frame.data.toString('utf8')) as Stored;
    if (typeof stored.stream !== 'string' || typeof stored.group !== 'string') return undefined;
    if (frame.type === deleted) return stored;
    const whole = isPlace(stored.from) && (stored.start === 'start' || stored.start === 'end' || isPlace(stored.start));
    if (!whole || typeof stored.settings !== 'object') return undefined;
    if (stored.filter) compile(stored.filter);
    return stored;
  } catch {
    return undefined;
  }
}
