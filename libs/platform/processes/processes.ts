/**
 * Runs processes (sagas). Hides: everything else in this room. Promises: each input is taken once per instance, in the order of the log; what
 * follows from a step is recorded before it is sent, and what became of it before anything follows from that; a crash at any point, a second
 * worker, or the loss of all tables changes nothing. Does not: decide (the pure definitions do).
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { AnyProcess } from '#kernel/process';
import type { EventStore } from '#platform/store/event-store';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { byName, type Definitions } from './definitions';
import { Follower } from './follower';
import { Lane } from './lane';
import { KEPT_INSTANCES, Memory } from './memory';
import { inFlight, lagSeconds, lateTimers, stoppedProcesses, waitingInstances } from './metrics';
import { Ownership, usualOwnership, type Owned, type OwnershipOptions } from './ownership';
import type { Send, TargetOf } from './send';
import { Shelf } from './shelf';
import { Slots } from './slots';
import { usualPatience, type Patience } from './surroundings';
import { TimerWatch } from './timer-watch';
import { LATE_GRACE_MS, Timers } from './timers';

/** Tells somebody (BullMQ) to call `wake` at that time. Only a convenience: due timers are also looked for. */
export type Alarm = (dueAt: Date, key: string) => Promise<unknown>;

export type ProcessOptions = Readonly<{
  store: EventStore;
  /** Reads the log; through the store's own connection when absent. */
  reader?: LogReader;
  pool: Pool;
  send: Send;
  targetOf: TargetOf;
  processes: readonly AnyProcess[];
  alarm?: Alarm;
  log?: (fault: string, error: unknown) => void;
  /** Name of this worker; unique. */
  worker?: string;
  /** Longest time between looks for due timers; the alarm only makes it sooner. */
  timerPollMs?: number;
  /** How long a timer that is set for the past waits for what else is reported of that time. */
  lateGraceMs?: number;
  ownership?: OwnershipOptions;
  patience?: Partial<Patience>;
  /** Instances that work at once. */
  atOnce?: number;
  keptInstances?: number;
  /** Instances parked one after another that stop a process. */
  alarmAfter?: number;
  saveMs?: number;
}>;

/** A process as this worker sees it. */
export type ProcessHealth = Readonly<{
  process: string;
  state: 'running' | 'stopped' | 'elsewhere';
  position: string | null;
  lagSeconds: number;
  trouble?: string;
  healthy: boolean;
}>;

const STUCK_MS = 10_000;

export class ProcessRunner {
  private readonly definitions: ReadonlyMap<string, Definitions>;
  private readonly lanes = new Map<string, Lane>();
  private readonly ownership: Ownership;
  private readonly follower: Follower;
  private readonly watch: TimerWatch;
  private readonly slots: Slots;
  private readonly memory: Memory;
  private readonly timers: Timers;
  private readonly shelf: Shelf;
  private readonly reader: LogReader;
  private controlling?: NodeJS.Timeout;
  private measuring?: NodeJS.Timeout;
  private running: Promise<unknown> = Promise.resolve();

  constructor(private readonly options: ProcessOptions) {
    const { store, pool, processes, reader } = options;
    this.definitions = byName(processes);
    this.reader = reader ?? logReader(store.connection);
    this.slots = new Slots(options.atOnce ?? 64);
    this.memory = new Memory(store, options.keptInstances ?? KEPT_INSTANCES);
    this.timers = new Timers(pool, options.lateGraceMs ?? LATE_GRACE_MS);
    this.shelf = new Shelf(pool);
    const head = async () => (await this.reader.last())?.position ?? -1n;
    const takers = () => [...this.lanes.values()].filter(({ takes }) => takes);
    this.follower = new Follower({
      log: this.reader,
      upcasts: store.upcasts,
      lanes: takers,
      slots: this.slots,
      pollMs: 250,
      onControl: () => void this.control(),
      onFault: (error) => this.fault('the log cannot be followed', error),
    });
    this.watch = new TimerWatch({
      timers: this.timers,
      lanes: takers,
      head,
      handedOut: (lane, position) => this.follower.handedOut(lane, position),
      onFault: (error) => this.fault('timers that are due cannot be looked for', error),
      pollMs: options.timerPollMs ?? 500,
    });
    const on = {
      gained: (owned: Owned) => void this.begin(owned),
      lost: (process: string) => this.end(process),
      failed: (error: unknown) => this.fault('who runs which process cannot be told', error),
    };
    const names = [...this.definitions.keys()];
    this.ownership = new Ownership(
      pool,
      options.worker ?? randomUUID(),
      names,
      head,
      () => store.mark.now(),
      on,
      options.ownership ?? usualOwnership,
    );
  }

  start(): void {
    this.ownership.start();
    this.running = Promise.all([this.follower.run(), this.watch.run()]);
    // A process that is stopped reads nothing: it is asked for.
    this.controlling = setInterval(() => {
      if ([...this.lanes.values()].some(({ stopped }) => stopped !== undefined)) void this.control();
    }, 1_000);
    this.measuring = setInterval(() => void this.measure().catch(() => undefined), 5_000);
  }

  /** Ends what is under way at the next step, saves how far all has come, and gives the processes up. */
  async stop(): Promise<void> {
    clearInterval(this.controlling);
    clearInterval(this.measuring);
    this.follower.stop();
    this.watch.stop();
    await this.ownership.close();
    await this.running;
    this.reader.close?.();
  }

  /** Looks for due timers now. */
  wake(): void {
    this.watch.wake();
  }

  /** The position up to which a process has finished its inputs, where it is run here. */
  position(process: string): bigint | undefined {
    return this.lanes.get(process)?.water.finished;
  }

  health(): ProcessHealth[] {
    return [...this.definitions.keys()].map((process) => {
      const lane = this.lanes.get(process);
      if (!lane) return { process, state: 'elsewhere', position: null, lagSeconds: 0, healthy: true };
      const trouble = lane.stopped ?? (lane.trouble && `instance ${lane.trouble.id}: ${lane.trouble.error}`);
      return {
        process,
        state: lane.stopped === undefined ? 'running' : 'stopped',
        position: String(lane.water.finished),
        lagSeconds: lane.lagMs / 1_000,
        ...(trouble ? { trouble } : {}),
        healthy: lane.stopped === undefined && !lane.stuck(STUCK_MS),
      };
    });
  }

  /** Instances that stand still with inputs behind them, over all workers. */
  waiting(): Promise<{ instances: number; inputs: number }> {
    return this.shelf.counts();
  }

  /** Brings the metrics of this moment up to date. */
  async measure(): Promise<void> {
    for (const [process, lane] of this.lanes) {
      inFlight.set({ process }, lane.water.unfinished);
      lagSeconds.set({ process }, lane.lagMs / 1_000);
      stoppedProcesses.set({ process }, lane.stopped === undefined ? 0 : 1);
    }
    waitingInstances.set((await this.shelf.counts()).instances);
    lateTimers.set(await this.timers.late());
  }

  private async begin(owned: Owned): Promise<void> {
    const { store, send, targetOf, alarm, patience, alarmAfter = 5, saveMs = 250 } = this.options;
    const { memory, timers, shelf, slots, ownership } = this;
    const lane = new Lane(owned, this.definitions.get(owned.process)!, {
      ...{ store, memory, timers, shelf, ownership, slots, send, targetOf, alarmAfter, saveMs },
      patience: { ...usualPatience, ...patience },
      log: (fault, error) => this.fault(fault, error),
      // Losing an alarm costs at most one poll: nobody waits for it.
      onAlarm: (dueAt, key) =>
        void alarm?.(new Date(dueAt), key).catch((error: unknown) => this.fault('the alarm of a timer is lost', error)),
    });
    this.lanes.set(owned.process, lane);
    for (let pauseMs = 50; lane.alive; pauseMs = Math.min(2 * pauseMs, 2_000)) {
      try {
        await lane.begin();
        return this.follower.ring();
      } catch (error) {
        this.fault(`process ${owned.process} cannot begin yet`, error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private async end(process: string): Promise<void> {
    const lane = this.lanes.get(process);
    this.lanes.delete(process);
    await lane?.end();
  }

  /** What operators said about the processes that are run here, once more. */
  private async control(): Promise<void> {
    for (const lane of this.lanes.values()) {
      try {
        const last = await lane.lastControl();
        if (last?.type === 'ProcessStopped' && lane.stopped === undefined) lane.halt(last.data.reason);
        if (last?.type !== 'ProcessStarted' || lane.stopped === undefined) continue;
        await lane.end();
        if (this.lanes.get(lane.name) === lane) await this.begin({ ...lane.owned, position: lane.water.finished });
      } catch (error) {
        this.fault(`whether process ${lane.name} is stopped cannot be told`, error);
      }
    }
  }

  private fault(what: string, error: unknown): void {
    this.options.log?.(what, error);
  }
}
