/**
 * Workers that run processes, in memory: lanes, instances, checkpoints and their rules are those of the product; tables, leases and the reader of the
 * log are simulated. Promises: one owner per process by the database's clock; a worker that died or slept is replaced once its lease has ended; emptied
 * tables are filled again from the log. Does not: decide when something breaks.
 */
import { isOfStore } from '#kernel/event';
import type { AnyProcess } from '#kernel/process';
import { Problem } from '#platform/problem/problem';
import { byName, type Definitions } from '#platform/processes/definitions';
import type { Timer } from '#platform/processes/instance';
import { Lane } from '#platform/processes/lane';
import { Memory } from '#platform/processes/memory';
import type { Owned } from '#platform/processes/ownership';
import { usualRetryPolicy } from '#platform/processes/retries';
import type { Send } from '#platform/processes/send';
import type { Shelf, Shelved } from '#platform/processes/shelf';
import { Slots } from '#platform/processes/slots';
import type { DueTimer, Timers } from '#platform/processes/timers';
import { StoreUnavailable } from '#platform/store/event-store';
import type { Network } from './network';
import type { SimulatedCommands } from './simulated-commands';
import type { SimulatedStore } from './simulated-store';
import type { VirtualTime } from './virtual-time';

const MINUTE = 60_000;
const LEASE_MS = 40 * MINUTE;
const BEAT_MS = 16 * MINUTE;
const LATE_GRACE_MS = 5_000;
/** Saved at beats, not by the lanes' own clock: that would be a happening every quarter of a second. */
const NEVER_MS = 400 * 86_400_000;

type Row = { position: bigint; owner: string; epoch: bigint; until: number; restoreUntil: bigint };

export type World = Readonly<{ time: VirtualTime; network: Network; store: SimulatedStore; commands: SimulatedCommands }>;

/** All workers of a simulation, and the tables that they share. */
export class SimulatedWorkers {
  readonly definitions: ReadonlyMap<string, Definitions>;
  readonly rows = new Map<string, Row>();
  private timers = new Map<string, DueTimer>();
  private shelf = new Map<string, Shelved[]>();
  private readonly workers = new Map<string, Worker>();
  private born = 0;
  private emptied = 0n;

  constructor(
    readonly world: World,
    processes: readonly AnyProcess[],
  ) {
    this.definitions = byName(processes);
  }

  /** Starts a worker; its clock may be wrong. */
  start(skewMs = 0): string {
    const name = `worker ${(this.born += 1)}`;
    this.world.time.skews.set(name, skewMs);
    const worker = new Worker(name, this);
    this.workers.set(name, worker);
    this.world.time.after(0, () => worker.beat(), name);
    return name;
  }

  /** It dies: what it was doing stays as it is. */
  kill(name: string): void {
    this.world.time.kill(name);
    this.workers.delete(name);
  }

  /** The tables are emptied. */
  empty(): void {
    this.emptied += 1n;
    this.rows.clear();
    this.timers = new Map();
    this.shelf = new Map();
  }

  get alive(): readonly string[] {
    return [...this.workers.keys()];
  }

  /** Something was appended: workers that follow the log are woken. */
  wake(): void {
    for (const worker of this.workers.values()) worker.wake();
  }

  /** Nothing waits: every process is run, and has finished all that is in the log. */
  get areIdle(): boolean {
    const lanes = [...this.workers.values()].flatMap(({ lanes: own }) => [...own.values()]);
    return [...this.definitions.keys()].every((process) =>
      lanes.some(
        ({ owned, water, firing, takes }) =>
          owned.process === process &&
          takes &&
          this.rows.get(process)?.epoch === owned.epoch &&
          water.finished >= this.world.store.head &&
          firing === 0,
      ),
    );
  }

  /** The timer rows, as the lanes use them. */
  timerTable(): Timers {
    const table = {
      restore: (process: string, id: string, timers: Readonly<Record<string, Timer>>) => this.sql(() => this.restore(process, id, timers)),
      hide: (process: string, id: string) =>
        this.sql(() => {
          for (const [key, row] of this.timers) if (row.process === process && row.id === id) this.timers.delete(key);
        }),
    };
    return table as unknown as Timers;
  }

  shelfTable(): Shelf {
    const of = (process: string, id: string) => this.shelf.get(`${process}/${id}`) ?? [];
    const table = {
      put: (process: string, id: string, input: Shelved) =>
        this.sql(() => {
          if (of(process, id).every(({ event }) => event.position !== input.event.position))
            this.shelf.set(`${process}/${id}`, [...of(process, id), input]);
        }),
      first: (process: string, id: string) => this.sql(() => of(process, id)),
      take: (process: string, id: string, position: bigint) =>
        this.sql(() => {
          this.shelf.set(
            `${process}/${id}`,
            of(process, id).filter(({ event }) => event.position !== position),
          );
        }),
      instances: (process: string) =>
        this.sql(() =>
          [...this.shelf]
            .filter(([key, rows]) => key.startsWith(`${process}/`) && rows.length > 0)
            .map(([key]) => key.slice(process.length + 1)),
        ),
    };
    return table as unknown as Shelf;
  }

  /** Saves a checkpoint; false if another worker owns the process. */
  save({ process, epoch }: Owned, worker: string, position: bigint): Promise<boolean> {
    return this.sql(() => {
      const row = this.rows.get(process);
      if (!row || row.owner !== worker || row.epoch !== epoch) return false;
      row.position = row.position > position ? row.position : position;
      return true;
    });
  }

  /** Renews the lease of a process, or acquires it; undefined where another worker has it. */
  lease(process: string, worker: string): Row | undefined {
    const { now } = this.world.time;
    const { head } = this.world.store;
    const row = this.rows.get(process) ?? { position: -1n, owner: '', epoch: this.emptied * 1_000n, until: 0, restoreUntil: head };
    if (row.owner !== worker && row.until >= now) return undefined;
    Object.assign(row, { owner: worker, until: now + LEASE_MS, epoch: row.owner === worker ? row.epoch : row.epoch + 1n });
    this.rows.set(process, row);
    return row;
  }

  private sql<T>(effect: () => T): Promise<T> {
    return this.world.network.ask('sql', effect, () => Object.assign(new Error('connection terminated'), { code: '08006' }));
  }

  private restore(process: string, id: string, timers: Readonly<Record<string, Timer>>): void {
    const { now } = this.world.time;
    for (const [key, row] of this.timers) if (row.process === process && row.id === id && !timers[row.timer]) this.timers.delete(key);
    for (const [timer, { dueAt, setAt }] of Object.entries(timers)) {
      const key = `${process}/${id}/${timer}`;
      if ((this.timers.get(key)?.setAt ?? -1n) >= setAt) continue;
      const due = { process, id, timer, dueAt, setAt };
      this.timers.set(key, due);
      const at = Date.parse(dueAt);
      this.world.time.after(at <= now ? LATE_GRACE_MS : at - now, () => this.fire(key, due), 'timers');
    }
  }

  /** Fires a timer that is due, once its process has been handed everything that was in the log by then; again later where that was in vain. */
  private fire(key: string, due: DueTimer, head = this.world.store.head): void {
    const { time } = this.world;
    if (this.timers.get(key)?.setAt !== due.setAt) return;
    const worker = this.workers.get(this.rows.get(due.process)?.owner ?? '');
    const lane = worker?.lanes.get(due.process);
    const ready = lane?.takes && lane.water.handedOut >= head;
    if (ready) time.after(0, () => (time.stir(), lane.takes && lane.fire(due, time.instant)), worker!.name);
    time.after(ready ? 5 * MINUTE : 1_000 * (lane ? 1 : 60), () => this.fire(key, due, head), 'timers');
  }
}

class Worker {
  readonly lanes = new Map<string, Lane>();
  private readonly memory: Memory;
  private readonly slots = new Slots(64);
  private readonly saved = new WeakMap<Lane, bigint>();
  private woken = false;

  constructor(
    readonly name: string,
    private readonly all: SimulatedWorkers,
  ) {
    this.memory = new Memory(all.world.store.over(all.world.network));
  }

  /** Saves, renews and acquires, and comes again. */
  beat(): void {
    const { time } = this.all.world;
    for (const process of this.all.definitions.keys()) {
      const lane = this.lanes.get(process);
      const row = this.all.lease(process, this.name);
      if (lane && row?.epoch === lane.owned.epoch) this.save(lane);
      else {
        time.stir();
        lane?.stop();
        this.lanes.delete(process);
        if (lane) this.memory.forgetAll(process);
        if (row) this.begin({ process, epoch: row.epoch, position: row.position, restoreUntil: row.restoreUntil });
      }
    }
    time.after(BEAT_MS * (0.7 + 0.6 * time.random.next()), () => this.beat());
  }

  private save(lane: Lane): void {
    const { finished } = lane.water;
    if (this.saved.get(lane) === finished) return;
    this.saved.set(lane, finished);
    this.all.world.time.stir();
    void lane.save();
  }

  wake(): void {
    if (this.woken) return;
    this.woken = true;
    const { random } = this.all.world.time;
    this.all.world.time.after(random.chance(0.9) ? random.between(1, 30) : random.between(30, 20_000), () => this.read(), this.name);
  }

  /** Hands out what is new in the log, as the follower does. */
  private read(): void {
    this.woken = false;
    const { time, store } = this.all.world;
    const { log } = store;
    for (const lane of this.lanes.values()) {
      if (!lane.takes) continue;
      for (const event of log.slice(Number(lane.water.handedOut) + 1))
        if (!isOfStore(event) && lane.definitions.events.has(event.type)) {
          time.stir();
          lane.take(event);
        }
      lane.water.pass(store.head);
      if (time.random.chance(0.3)) time.after(250, () => this.save(lane));
    }
  }

  private begin(owned: Owned): void {
    const { store, network } = this.all.world;
    const lane = new Lane(owned, this.all.definitions.get(owned.process)!, {
      store: store.over(network),
      memory: this.memory,
      timers: this.all.timerTable(),
      shelf: this.all.shelfTable(),
      slots: this.slots,
      ownership: { save: (mine, position) => this.all.save(mine, this.name, position) },
      send: this.send,
      targetOf: ({ type, data }) => this.all.world.commands.deciderOf(type).id(data),
      onAlarm: () => undefined,
      log: () => undefined,
      alarmAfter: 5,
      saveMs: NEVER_MS,
      retryPolicy: { ...usualRetryPolicy, attempts: 1_000 },
    });
    this.lanes.set(owned.process, lane);
    const begin = (): Promise<void> =>
      lane.begin().then(
        () => this.wake(),
        (error: unknown) => (isAway(error) ? begin() : Promise.reject(error)),
      );
    void begin();
  }

  private readonly send: Send = ({ type, data }, { commandId, correlationId, causationId, actor, facilities, clock }) => {
    const { network, commands, time } = this.all.world;
    const sender = { commandId, correlationId, causationId, actor, clock, scopes: facilities };
    const unanswered = () => new Problem(503, 'no-answer', 'The api does not answer.');
    return network.ask(`send ${type}`, () => time.as(this.name, () => commands.run(type, data, sender)), unanswered, true);
  };
}

const isAway = (error: unknown): boolean => error instanceof StoreUnavailable || (error as { code?: string }).code === '08006';
