/**
 * One process that this worker runs. Hides: which instances are busy, up to where all inputs are finished, when it is stopped. Promises: inputs
 * of one instance in order, instances concurrently; the checkpoint never passes an unfinished input; a definition that fails for instance after
 * instance is stopped with an alarm. Does not: read the log (follower.ts hands it out).
 */
import { randomUUID } from 'node:crypto';
import type { Recorded } from '#kernel/event';
import { now, nowMs } from '#platform/runtime/clock';
import type { EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import type { Concerned, Definitions } from './definitions';
import { kindOf, Stopped, textOf } from './faults';
import { InstanceRun } from './instance-run';
import { LowWater } from './low-water';
import type { Memory } from './memory';
import { handledInputs, inputSeconds, parkedInstances } from './metrics';
import type { Owned, Ownership } from './ownership';
import { controlStream, type ProcessStarted, type ProcessStopped } from './record';
import type { Shelf } from './shelf';
import type { Slots } from './slots';
import { UNATTRIBUTED, type Item, type Surroundings } from './run-context';
import type { DueTimer, Timers } from './timers';

export type LaneParts = Readonly<{
  store: EventStore;
  memory: Memory;
  timers: Timers;
  shelf: Shelf;
  ownership: Pick<Ownership, 'save'>;
  slots: Slots;
  log: (fault: string, error: unknown) => void;
  /** Number of instances parked in a row, without a step in between, that stops the process. */
  alarmAfter: number;
  saveMs: number;
}> &
  Pick<Surroundings, 'send' | 'targetOf' | 'onAlarm' | 'retryPolicy'>;

export class Lane {
  readonly water: LowWater;
  private readonly runs = new Map<string, InstanceRun>();
  private readonly stopping = new AbortController();
  private readonly around: Surroundings;
  private readonly inFlight = new Set<string>();
  private readonly troubled = new Set<string>();
  private saved: bigint;
  private saving: Promise<void> = Promise.resolve();
  private saver?: NodeJS.Timeout;
  private ready = false;
  // Metrics with their labels, which are looked up once.
  private readonly seconds: ReturnType<typeof inputSeconds.labels>;
  private readonly handled: Readonly<Record<Item['kind'], ReturnType<typeof handledInputs.labels>>>;
  /** Why it takes no inputs, if it is stopped. */
  stopped?: string;
  /** The latest failure that has not been resolved. */
  trouble?: { at: string; id: string; error: string };

  constructor(
    readonly owned: Owned,
    readonly definitions: Definitions,
    private readonly parts: LaneParts,
  ) {
    this.water = new LowWater(owned.position);
    this.saved = owned.position;
    const process = definitions.name;
    const handled = (kind: Item['kind']) => handledInputs.labels({ process, kind });
    this.seconds = inputSeconds.labels({ process });
    this.handled = { input: handled('input'), timer: handled('timer'), look: handled('look') };
    const { store, memory, timers, shelf, send, targetOf, retryPolicy, onAlarm, log } = parts;
    this.around = {
      definitions,
      store,
      memory,
      timers,
      shelf,
      send,
      targetOf,
      retryPolicy,
      onAlarm,
      alive: () => this.alive,
      handOver: (id, input) => new Promise((done) => this.hand(id, { kind: 'input', ...input, late: true, done })),
      restoring: (position) => position === undefined || position <= owned.restoreUntil,
      sleep: (ms) => pause(ms, this.stopping.signal),
      giveWay: () => parts.slots.giveWay(),
      onStep: (item) => {
        this.troubled.clear();
        this.trouble = undefined;
        this.handled[item.kind].inc();
      },
      onParked: (id, { reason, error }) => {
        parkedInstances.inc({ process: this.name, reason });
        log(`process ${this.name}: instance ${id} is parked`, new Error(error));
        if (reason === 'undo-refused') return;
        this.troubled.add(id);
        if (this.troubled.size >= parts.alarmAfter) void this.alarm(error);
      },
      onTrouble: (id, error) => {
        this.trouble = { at: now().toISOString(), id, error: textOf(error) };
        if (kindOf(error) !== 'away') log(`process ${this.name}: instance ${id} has to retry`, error);
      },
    };
  }

  get name(): string {
    return this.definitions.name;
  }

  get alive(): boolean {
    return !this.stopping.signal.aborted;
  }

  /** True if it takes what is handed out. */
  get takes(): boolean {
    return this.ready && this.alive && this.stopped === undefined;
  }

  /** Before its first input: reads whether it was stopped, and which instances have inputs on the shelf. */
  async begin(): Promise<void> {
    const last = await this.lastControl();
    if (last?.type === 'ProcessStopped') this.halt(last.data.reason);
    const shelved = await this.parts.shelf.instances(this.name);
    this.ready = true;
    if (this.alive) for (const id of shelved) this.hand(id, { kind: 'look', done: () => undefined });
    const save = () => {
      this.saver = setTimeout(() => void this.save().finally(() => this.alive && save()), this.parts.saveMs);
    };
    save();
  }

  /** An event of the log that the process may want. */
  take(event: Recorded): void {
    let concerned: Concerned;
    try {
      concerned = this.definitions.concerned(event);
    } catch {
      // The instance is unknown: the event gets an instance of its own, which is parked by the same fault.
      concerned = new Map([[UNATTRIBUTED + event.stream, [this.definitions.newest]]]);
    }
    const since = Date.parse(event.recordedAt);
    for (const [id, versions] of concerned) {
      const finish = this.water.begin(event.position, since);
      const done = () => {
        this.seconds.observe((nowMs() - since) / 1_000);
        finish();
      };
      this.hand(id, { kind: 'input', event, versions, done });
    }
    this.water.pass(event.position);
  }

  /** An operator has decided something about an instance. */
  look(id: string, position: bigint): void {
    this.hand(id, { kind: 'look', done: this.water.begin(position) });
  }

  /** A timer that is due, after everything was taken that was in the log when it was found due. */
  fire({ id, timer, setAt }: DueTimer, now: string): void {
    const key = keyOf({ id, timer, setAt });
    if (this.inFlight.has(key)) return;
    this.inFlight.add(key);
    this.hand(id, { kind: 'timer', timer, setAt, now, done: () => this.inFlight.delete(key) });
  }

  /** True if the timer was handed to its instance, which has not finished it. */
  fires(due: DueTimer): boolean {
    return this.inFlight.has(keyOf(due));
  }

  /** Number of such timers. */
  get firing(): number {
    return this.inFlight.size;
  }

  /** True if its oldest unfinished input is older than this, and nothing was finished for as long. */
  stuck(ms: number): boolean {
    return this.lagMs > ms && performance.now() - this.water.movedAt > ms;
  }

  /** The latest decision of an operator, or of the alarm. */
  async lastControl(): Promise<ProcessStopped | ProcessStarted | undefined> {
    const [last] = await this.parts.store.readBackwards<ProcessStopped | ProcessStarted>(controlStream(this.name), 1);
    return last;
  }

  private hand(id: string, item: Item): void {
    const { slots } = this.parts;
    slots.queued += 1;
    const counted: Item = {
      ...item,
      done: () => {
        slots.queued -= 1;
        item.done();
      },
    };
    const busy = this.runs.get(id);
    if (busy) return busy.push(counted);
    const run = new InstanceRun(this.around, id);
    run.push(counted);
    this.runs.set(id, run);
    void slots.through(() => this.run(run));
  }

  private async run(run: InstanceRun): Promise<void> {
    while (this.alive && run.left > 0) {
      try {
        await run.run();
      } catch (error) {
        if (error instanceof Stopped) break;
        this.parts.log(`process ${this.name}: instance ${run.id} failed`, error);
        await pause(1_000, this.stopping.signal);
      }
    }
    this.runs.delete(run.id);
    this.parts.slots.queued -= run.left;
  }

  /** Saves its checkpoint. */
  save(): Promise<void> {
    this.saving = this.saving.then(async () => {
      const position = this.water.finished;
      if (position === this.saved || !this.ready) return;
      try {
        if (await this.parts.ownership.save(this.owned, position)) this.saved = position;
        else this.stop();
      } catch (error) {
        this.parts.log(`process ${this.name}: could not save its checkpoint`, error);
      }
    });
    return this.saving;
  }

  /** The definition fails for one instance after another: the process stops before all are parked, and people are alerted. */
  private async alarm(error: string): Promise<void> {
    if (this.stopped !== undefined) return;
    const reason = `${this.troubled.size} instances were parked one after another; the last: ${error}`;
    this.halt(reason);
    this.parts.log(`process ${this.name} is stopped`, new Error(reason));
    const event: ProcessStopped = { type: 'ProcessStopped', data: { process: this.name, reason } };
    await this.control(event, reason).catch((failure: unknown) =>
      this.parts.log(`process ${this.name}: could not record its stop`, failure),
    );
  }

  private async control(event: ProcessStopped, reason: string): Promise<void> {
    const stream = controlStream(this.name);
    const actor = `process:${this.name}`;
    const act = {
      command: 'StopProcess',
      commandId: randomUUID(),
      actor,
      role: 'process',
      facility: 'enterprise',
      reason: reason.slice(0, 500),
    };
    const [last] = await this.parts.store.readBackwards(stream, 1);
    await this.parts.store.append(stream, last?.revision ?? -1n, [{ ...event, metadata: metadataOf(act) }]);
  }

  /** Takes no inputs from now on; it stays with this worker, and an operator may start it. */
  halt(reason: string): void {
    this.stopped = reason;
    this.stopping.abort();
  }

  /** Another worker owns it, or this worker is stopping. Does not wait. */
  stop(): void {
    this.stopping.abort();
  }

  /** Resolves when no work of it is under way. Finished work is saved. */
  async end(): Promise<void> {
    this.stop();
    clearTimeout(this.saver);
    while (this.runs.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
    await this.save();
    this.parts.memory.forgetAll(this.name);
  }

  /** Age of the oldest unfinished input, ms. */
  get lagMs(): number {
    const { oldest } = this.water;
    return oldest === undefined ? 0 : Math.max(0, nowMs() - oldest);
  }
}

const keyOf = ({ id, timer, setAt }: Pick<DueTimer, 'id' | 'timer' | 'setAt'>): string => `${id}/${timer}/${setAt}`;

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done, { once: true });
  });
