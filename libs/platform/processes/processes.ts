/**
 * Runs processes (sagas). Hides: everything else in this folder. Promises: each input is taken once per instance, in the order of the log;
 * requested actions are recorded before they are sent, and their outcome before anything follows from it; a crash at any point, a second worker,
 * or the loss of all tables changes nothing. Does not: decide (the pure definitions do).
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { AnyProcess } from '#kernel/process';
import { noteDisk } from '#platform/runtime/disk';
import type { EventStore } from '#platform/store/event-store';
import { logReader, type LogReader } from '#platform/store/log-reader';
import { byName, type Definitions } from './definitions';
import { Follower } from './follower';
import { Lane } from './lane';
import { KEPT_INSTANCES, Memory } from './memory';
import { inFlight, lagSeconds, lateTimers, stoppedProcesses, waitingInputs, waitingInstances } from './metrics';
import { Ownership, usualOwnership, type Owned, type OwnershipOptions } from './ownership';
import type { Send, TargetOf } from './send';
import { Shelf } from './shelf';
import { Slots } from './slots';
import { usualRetryPolicy, type RetryPolicy } from './retries';
import { TIMER_POLL_MS, TimerWatch } from './timer-watch';
import { LATE_GRACE_MS, Timers } from './timers';

/** Schedules a call of `wake` at that time (BullMQ). Only an optimisation: due timers are also polled for. */
export type Alarm = (dueAt: Date, key: string) => Promise<unknown>;

export type ProcessOptions = Readonly<{
  store: EventStore;
  /** Reads the log; defaults to the store's own connection. */
  reader?: LogReader;
  pool: Pool;
  send: Send;
  targetOf: TargetOf;
  processes: readonly AnyProcess[];
  alarm?: Alarm;
  log?: (fault: string, error: unknown) => void;
  /** Unique name of this worker. */
  worker?: string;
  /** Longest time between polls for due timers; the alarm only shortens it. */
  timerPollMs?: number;
  /** How long a timer set for the past waits for late reports of that time. */
  lateGraceMs?: number;
  ownership?: OwnershipOptions;
  retryPolicy?: Partial<RetryPolicy>;
  /** Instances that work concurrently. */
  atOnce?: number;
  keptInstances?: number;
  /** Number of instances parked in a row that stops a process. */
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
    this.slots = new Slots(options.atOnce ?? 256);
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
      onFault: (error) => this.fault('cannot read the log for processes', error),
    });
    this.watch = new TimerWatch({
      timers: this.timers,
      lanes: takers,
      head,
      handedOut: (lane, position) => this.follower.handedOut(lane, position),
      onFault: (error) => this.fault('cannot query due timers', error),
      pollMs: options.timerPollMs ?? TIMER_POLL_MS,
    });
    const on = {
      gained: (owned: Owned) => void this.begin(owned),
      lost: (process: string) => this.end(process),
      failed: (error: unknown) => this.fault('cannot renew the leases of processes', error),
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
    // A stopped process reads nothing: poll for its start.
    this.controlling = setInterval(() => {
      if ([...this.lanes.values()].some(({ stopped }) => stopped !== undefined)) void this.control();
    }, 1_000);
    this.measuring = setInterval(() => void this.measure().catch(() => undefined), 5_000);
  }

  /** Ends the work under way at the next step, saves all checkpoints, and releases the processes. */
  async stop(): Promise<void> {
    clearInterval(this.controlling);
    clearInterval(this.measuring);
    this.follower.stop();
    this.watch.stop();
    await this.ownership.close();
    await this.running;
    this.reader.close?.();
  }

  /** Polls for due timers now. */
  wake(): void {
    this.watch.wake();
  }

  /** The checkpoint of a process, if it is run here. */
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

  /** Instances that are parked or paused with inputs waiting, over all workers. */
  waiting(): Promise<{ instances: number; inputs: number }> {
    return this.shelf.counts();
  }

  /** Updates the metrics. */
  async measure(): Promise<void> {
    for (const [process, lane] of this.lanes) {
      inFlight.set({ process }, lane.water.unfinished);
      lagSeconds.set({ process }, lane.lagMs / 1_000);
      stoppedProcesses.set({ process }, lane.stopped === undefined ? 0 : 1);
    }
    const { instances, inputs } = await this.shelf.counts();
    waitingInstances.set(instances);
    waitingInputs.set(inputs);
    lateTimers.set(await this.timers.late());
  }

  private async begin(owned: Owned): Promise<void> {
    const { store, send, targetOf, alarm, retryPolicy, alarmAfter = 5, saveMs = 250 } = this.options;
    const { memory, timers, shelf, slots, ownership } = this;
    const lane = new Lane(owned, this.definitions.get(owned.process)!, {
      ...{ store, memory, timers, shelf, ownership, slots, send, targetOf, alarmAfter, saveMs },
      retryPolicy: { ...usualRetryPolicy, ...retryPolicy },
      log: (fault, error) => this.fault(fault, error),
      // A lost alarm costs at most one poll interval: nobody waits for it.
      onAlarm: (dueAt, key) =>
        void alarm?.(new Date(dueAt), key).catch((error: unknown) =>
          this.fault('could not schedule the alarm of a timer; polling will find it', error),
        ),
    });
    this.lanes.set(owned.process, lane);
    for (let pauseMs = 50; lane.alive; pauseMs = Math.min(2 * pauseMs, 2_000)) {
      try {
        await lane.begin();
        return this.follower.ring();
      } catch (error) {
        this.fault(`process ${owned.process} cannot start yet`, error);
        await new Promise((resolve) => setTimeout(resolve, pauseMs));
      }
    }
  }

  private async end(process: string): Promise<void> {
    const lane = this.lanes.get(process);
    this.lanes.delete(process);
    await lane?.end();
  }

  /** Reads again what operators decided about the processes run here. */
  private async control(): Promise<void> {
    for (const lane of this.lanes.values()) {
      try {
        const last = await lane.lastControl();
        if (last?.type === 'ProcessStopped' && lane.stopped === undefined) lane.halt(last.data.reason);
        if (last?.type !== 'ProcessStarted' || lane.stopped === undefined) continue;
        await lane.end();
        if (this.lanes.get(lane.name) === lane) await this.begin({ ...lane.owned, position: lane.water.finished });
      } catch (error) {
        this.fault(`cannot read whether process ${lane.name} is stopped`, error);
      }
    }
  }

  private fault(what: string, error: unknown): void {
    noteDisk('postgresql', error);
    this.options.log?.(what, error);
  }
}
