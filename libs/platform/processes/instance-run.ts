/**
 * One instance while it has something to do: takes what is in its line, in order. Promises: a step is recorded before its actions are sent, an
 * outcome before anything follows from it; an outcome that stands is never asked for again; what is recorded by another is read and respected.
 * Does not: decide what a fault means for others (lane.ts).
 */
import { randomUUID } from 'node:crypto';
import type { ClockSource, Metadata } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { Problem } from '#platform/problem/problem';
import { metadataOf } from '#platform/store/metadata';
import type { Input } from './definitions';
import { kindOf, Stopped, textOf } from './faults';
import { timerIdOf } from './ids';
import { fold, hasTaken, standsStill, type Instance, type Pending } from './instance';
import type { Attempt, InstanceEvent, InstanceParked, Outcome, OutcomeRecorded, StepTaken } from './record';
import type { Shelved } from './shelf';
import { UNATTRIBUTED, type Item, type Surroundings } from './surroundings';

type StepInput = Readonly<{
  input: Input;
  inputId: string;
  at: string;
  position?: bigint;
  facilities: readonly string[];
  clock: ClockSource;
  correlationId: string;
  causationId: string;
}>;

/** What a run was at when it failed. */
type At = InstanceParked['data']['on'];

export class InstanceRun {
  private readonly line: Item[] = [];
  readonly stream: string;
  private instance!: Instance;
  private at?: At;
  private attempts: Attempt[] = [];
  private failingSince = 0;
  /** True while rows of timers may differ from the stream. */
  private unsynced = false;

  constructor(
    private readonly around: Surroundings,
    readonly id: string,
  ) {
    this.stream = `${around.definitions.name}-${id}`;
  }

  push(item: Item): void {
    this.line.push(item);
  }

  /** Items that are not done. */
  get left(): number {
    return this.line.length;
  }

  /** Takes what is in the line until it is empty. @throws Stopped */
  async run(): Promise<void> {
    for (let item = this.line[0]; item; item = this.line[0]) {
      if (!this.around.alive()) throw new Stopped();
      try {
        await this.handle(item);
      } catch (error) {
        await this.fail(error, item);
        continue;
      }
      this.attempts = [];
      this.at = undefined;
      this.line.shift();
      item.done();
    }
  }

  private async handle(item: Item): Promise<void> {
    await this.look(item);
    if (!standsStill(this.instance)) await this.settle();
    if (this.instance.released && !standsStill(this.instance)) await this.empty();
    if (item.kind === 'input') await this.handleInput(item, item);
    else if (item.kind === 'timer') await this.handleTimer(item);
    // Last: until then the row of a timer is all that remembers what its step requested.
    if (this.unsynced) await this.syncTimers();
  }

  /** Has the instance in memory. */
  private async look(item: Item): Promise<void> {
    const { memory, definitions, restoring } = this.around;
    if (item.kind === 'look') memory.forget(this.stream);
    const known = memory.known(this.stream);
    if (known) this.instance = known;
    else {
      this.at = undefined;
      this.instance = await memory.load(this.stream, definitions);
      if (restoring(item.kind === 'input' ? item.event.position : undefined) || item.kind === 'look') this.unsynced = true;
      if (item.kind === 'input' && hasTaken(this.instance, item.event)) this.unsynced = true;
    }
  }

  private async syncTimers(): Promise<void> {
    const { timers, definitions } = this.around;
    if (this.instance.revision >= 0n) await timers.restore(definitions.name, this.id, this.instance.timers);
    this.unsynced = false;
  }

  private async handleInput(input: Shelved, item: Item): Promise<void> {
    const { event, versions } = input;
    const { definitions, shelf } = this.around;
    const late = item.kind === 'input' && item.late;
    if (late ? await this.tookLate(event.id) : hasTaken(this.instance, event)) return;
    if (!definitions.wants(this.instance, versions)) return;
    if (standsStill(this.instance)) return shelf.put(definitions.name, this.id, input);
    if (this.id.startsWith(UNATTRIBUTED)) return this.attribute(input);
    const { occurredAt, facility, correlationId, clock } = event.metadata;
    const at = earlier(occurredAt ?? event.recordedAt, event.recordedAt);
    // By floor time these were due before.
    for (const [timer, { dueAt, setAt }] of dueBefore(this.instance, at)) await this.fire(timer, setAt, dueAt, item);
    this.at = { inputId: event.id, type: event.type, position: String(event.position) };
    await this.step({
      input: { type: event.type, data: event.data },
      inputId: event.id,
      at,
      position: event.position,
      facilities: facility ? [facility] : [],
      clock: clock ?? 'server',
      correlationId: correlationId ?? event.id,
      causationId: event.id,
    });
    this.around.onStep(item);
    await this.settle();
  }

  /** The definition is asked again whose input it is. */
  private async attribute({ event }: Shelved): Promise<void> {
    this.at = { inputId: event.id, type: event.type, position: String(event.position) };
    for (const [id, versions] of this.around.definitions.concerned(event)) await this.around.handOver(id, { event, versions });
  }

  private async tookLate(inputId: string): Promise<boolean> {
    const past = await this.around.store.read<InstanceEvent>(this.stream);
    return past.some((event) => event.type === 'StepTaken' && event.data.inputId === inputId);
  }

  private async handleTimer(item: Item & { kind: 'timer' }): Promise<void> {
    const { timers, definitions } = this.around;
    if (standsStill(this.instance)) return timers.hide(definitions.name, this.id);
    const open = this.instance.timers[item.timer];
    // It was moved or forgotten since: the rows of this instance cannot be relied on.
    if (open?.setAt !== item.setAt) this.unsynced = true;
    else await this.fire(item.timer, item.setAt, earlier(open.dueAt, item.now), item);
  }

  private async fire(timer: string, setAt: bigint, at: string, item: Item): Promise<void> {
    const open = this.instance.timers[timer];
    if (open?.setAt !== setAt) return;
    const inputId = timerIdOf(this.stream, timer, setAt);
    this.at = { inputId, type: 'TimerFired', timer };
    const { facilities, correlationId } = open;
    const input = { type: 'TimerFired', data: { timer, dueAt: open.dueAt } };
    await this.step({ input, inputId, at, facilities, clock: 'server', correlationId, causationId: inputId });
    this.around.onStep(item);
    this.unsynced = true;
    await this.settle();
  }

  /** Takes what was shelved while the instance stood still. */
  private async empty(): Promise<void> {
    const { shelf, definitions } = this.around;
    for (let rows = await shelf.first(definitions.name, this.id); rows.length > 0; rows = await shelf.first(definitions.name, this.id)) {
      for (const row of rows) {
        await this.handleInput(row, { kind: 'input', ...row, done: () => undefined });
        if (standsStill(this.instance)) return;
        await shelf.take(definitions.name, this.id, row.event.position);
      }
    }
    this.keep({ ...this.instance, released: false });
  }

  /** Carries out what was requested and hears the answers, until nothing is open. */
  private async settle(): Promise<void> {
    for (;;) {
      if (!this.around.alive()) throw new Stopped();
      const [answer] = this.instance.answers;
      const [action] = this.instance.pending;
      if (answer) {
        this.at = { inputId: answer.inputId, type: answer.input.type };
        await this.step(answerStep(answer));
      } else if (action) {
        this.at = { commandId: action.commandId, type: action.type };
        await this.record(action, await this.carryOut(action));
        this.attempts = [];
      } else return;
    }
  }

  private async carryOut(action: Pending): Promise<Outcome> {
    const { send, targetOf, definitions } = this.around;
    const { commandId, type, data, stepId, correlationId, facilities, clock, occurredAt } = action;
    const cause = { commandId, correlationId, causationId: stepId, actor: `process:${definitions.name}`, facilities, clock };
    const floorTime = occurredAt === undefined || 'occurredAt' in data ? {} : { occurredAt };
    try {
      const { stream, revision, events } = await send({ type, data: { ...data, ...floorTime } }, cause);
      return { accepted: { target: stream, revision, events } };
    } catch (error) {
      if (!(error instanceof Problem) || kindOf(error) !== 'fault' || error.status >= 500) throw error;
      return { refused: { target: targetOf({ type, data }), code: error.code, message: error.message } };
    }
  }

  /** The outcome, and in the same append what the definition makes of it or the incident that it is. */
  private async record({ commandId, type, undo, correlationId, stepId }: Pending, outcome: Outcome): Promise<void> {
    const recorded: OutcomeRecorded = { type: 'OutcomeRecorded', data: { commandId, type, outcome } };
    const metadata = this.metadata('RecordOutcome', commandId, correlationId, stepId, new Date().toISOString());
    const after = fold(this.instance, { ...recorded, id: '', revision: this.instance.revision + 1n, metadata }, this.around.definitions.of);
    if (undo && 'refused' in outcome) {
      const { code, message } = outcome.refused;
      const parked: InstanceParked = {
        type: 'InstanceParked',
        data: { reason: 'undo-refused', on: { commandId, type }, error: `${code}: ${message}`, attempts: [] },
      };
      await this.append([recorded, parked], metadata);
      return this.around.onParked(this.id, parked.data);
    }
    const [answer] = after.answers;
    const heard = answer && this.heard(after, answerStep(answer));
    await this.append(heard ? [recorded, heard.event] : [recorded], metadata, heard);
    if (heard) this.afterStep(heard.event);
  }

  /** What the definition makes of an answer; a fault shows when the answer is taken by itself. */
  private heard(after: Instance, input: StepInput): { event: StepTaken; state: unknown } | undefined {
    try {
      return this.decide(after, input);
    } catch {
      return undefined;
    }
  }

  private async step(input: StepInput): Promise<void> {
    const decided = this.decide(this.instance, input);
    const { inputId, correlationId, causationId, at } = input;
    await this.append([decided.event], this.metadata('TakeStep', inputId, correlationId, causationId, at, input.clock), decided);
    this.afterStep(decided.event);
  }

  private afterStep({ data: { timers } }: StepTaken): void {
    if (timers.length > 0) this.unsynced = true;
    for (const { timer, dueAt } of timers)
      if (dueAt !== null) this.around.onAlarm(dueAt, `${this.stream}/${timer}/${this.instance.revision}`);
  }

  private decide(instance: Instance, { input, inputId, at, position, facilities, clock }: StepInput): { event: StepTaken; state: unknown } {
    const { state, version, sends, timers, status, over, spans } = this.around.definitions.decide(instance, input, at);
    const data: StepTaken['data'] = {
      inputId,
      input,
      at,
      sends: sends.map((action) => ({ commandId: randomUUID(), ...action })),
      timers,
      version,
      ...(position === undefined ? {} : { position: String(position) }),
      facilities: spans ? ['*'] : facilities,
      clock,
      ...(status === undefined ? {} : { status }),
      ...(over ? { over } : {}),
    };
    return { event: { type: 'StepTaken', data }, state };
  }

  /** Appends at the revision that is known, which proves what was known, and folds. `decided` goes with the last event. */
  private async append(events: readonly InstanceEvent[], metadata: Metadata, decided?: { state: unknown }): Promise<void> {
    const { store, definitions } = this.around;
    const written = events.map((event) => ({ ...event, metadata }));
    let ids: readonly string[];
    try {
      ({ ids } = await store.append(this.stream, this.instance.revision, written));
    } catch (error) {
      this.around.memory.forget(this.stream);
      throw error;
    }
    this.keep(
      written.reduce(
        (so, event, index) =>
          fold(
            so,
            { ...event, id: ids[index]!, revision: so.revision + 1n },
            definitions.of,
            index === written.length - 1 ? decided : undefined,
          ),
        this.instance,
      ),
    );
  }

  private keep(instance: Instance): void {
    this.instance = instance;
    this.around.memory.keep(this.stream, instance);
  }

  private async fail(error: unknown, item: Item): Promise<void> {
    const kind = kindOf(error);
    if (kind === 'stopped' || !this.around.alive()) throw new Stopped();
    this.around.memory.forget(this.stream);
    const { attempts: most, awayMs, pauseMs } = this.around.patience;
    if (kind === 'conflict') return this.around.sleep(Math.random() * 10);
    this.around.onTrouble(this.id, error);
    if (this.attempts.length === 0) this.failingSince = Date.now();
    this.attempts = [...this.attempts, { at: new Date().toISOString(), error: textOf(error) }].slice(-20);
    if (kind === 'away') this.failingSince = Date.now();
    const lasting =
      kind === 'poison' ||
      (kind === 'fault' && this.attempts.length >= most) ||
      (kind === 'busy' && Date.now() - this.failingSince > awayMs);
    if (lasting && (this.at ?? atItem(item))) return this.park(kind === 'poison' ? 'poison' : 'lasting-fault', error, item);
    await this.around.sleep(Math.min(2_000, pauseMs * 2 ** (this.attempts.length - 1)) * (0.75 + Math.random() / 2));
  }

  private async park(reason: 'poison' | 'lasting-fault', error: unknown, item: Item): Promise<void> {
    const on = (this.at ?? atItem(item))!;
    const parked: InstanceParked = { type: 'InstanceParked', data: { reason, on, error: textOf(error), attempts: this.attempts } };
    const cause = 'inputId' in on ? on.inputId : on.commandId;
    try {
      this.instance = await this.around.memory.load(this.stream, this.around.definitions);
      if (standsStill(this.instance)) return;
      await this.append([parked], this.metadata('ParkInstance', randomUUID(), cause, cause, new Date().toISOString()));
      this.around.onParked(this.id, parked.data);
      this.attempts = [];
    } catch (failure) {
      // What cannot be recorded has not happened: the input is tried again.
      this.around.onTrouble(this.id, failure);
      await this.around.sleep(this.around.patience.pauseMs);
    }
  }

  private metadata(
    command: string,
    commandId: string,
    correlationId: string,
    causationId: string,
    occurredAt: string,
    clock: ClockSource = 'server',
  ): Metadata {
    const actor = `process:${this.around.definitions.name}`;
    const facility = this.id.startsWith(UNATTRIBUTED) ? 'enterprise' : scopeIn(this.id);
    return metadataOf({ command, commandId, correlationId, causationId, actor, role: 'process', facility, occurredAt, clock });
  }
}

const answerStep = ({ input, inputId, cause }: Instance['answers'][number]): StepInput => ({
  input,
  inputId,
  at: cause.at,
  facilities: cause.facilities,
  clock: cause.clock,
  correlationId: cause.correlationId,
  causationId: cause.commandId,
});

const atItem = (item: Item): At | undefined =>
  item.kind === 'input' ? { inputId: item.event.id, type: item.event.type, position: String(item.event.position) } : undefined;

const earlier = (a: string, b: string): string => (Date.parse(a) > Date.parse(b) ? b : a);

const dueBefore = ({ timers }: Instance, at: string) =>
  Object.entries(timers)
    .filter(([, { dueAt }]) => Date.parse(dueAt) < Date.parse(at))
    .sort(([, a], [, b]) => Date.parse(a.dueAt) - Date.parse(b.dueAt));
