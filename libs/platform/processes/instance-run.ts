/**
 * One instance while it has work: takes the items in its queue, in order. Promises: a step is recorded before its actions are sent, an outcome
 * before anything follows from it; an action with an outcome is never sent again; events recorded by another worker are read and respected. Does
 * not: decide what a fault means for other instances (lane.ts).
 */
import { randomUUID } from 'node:crypto';
import type { ClockSource, Metadata } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { now } from '#platform/runtime/clock';
import { Problem } from '#platform/problem/problem';
import { metadataOf } from '#platform/store/metadata';
import { kindOf, Stopped, textOf } from './faults';
import { timerIdOf } from './ids';
import { fold, hasTaken, standsStill, type Instance, type Pending } from './instance';
import type { Attempt, InstanceEvent, Outcome, StepTaken } from './record';
import type { Shelved } from './shelf';
import { answerStep, atItem, dueBefore, earlier, stepOf, type At, type StepInput } from './step-input';
import { UNATTRIBUTED, type Item, type Surroundings } from './run-context';

/** An event that is not appended yet. `evolved` saves calling the definition's fold; an `idle` event may be left out; one that `requests` has actions. */
type Draft = Readonly<{ event: InstanceEvent; metadata: Metadata; evolved?: { state: unknown }; idle?: boolean; requests?: boolean }>;
/** Maximum number of steps in one append. */
const BATCH = 64;

export class InstanceRun {
  private readonly line: Item[] = [];
  readonly stream: string;
  private instance!: Instance;
  private at?: At;
  private attempts: Attempt[] = [];
  private failingSince = 0;
  /** True while the timer rows may differ from the stream. */
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

  /** Items that are not finished. */
  get left(): number {
    return this.line.length;
  }

  /** Takes items until the queue is empty. @throws Stopped */
  async run(): Promise<void> {
    for (let item = this.line[0]; item; item = this.line[0]) {
      if (!this.around.alive()) throw new Stopped();
      let count: number;
      try {
        count = await this.handle(item);
      } catch (error) {
        await this.fail(error, item);
        continue;
      }
      this.attempts = [];
      this.at = undefined;
      for (const { done } of this.line.splice(0, count)) done();
    }
  }

  /** Returns how many of the first items are finished. */
  private async handle(item: Item): Promise<number> {
    // Most instances are in memory and have nothing open: waiting for them would cost a Promise each.
    const looking = this.look(item);
    if (looking) await looking;
    if (!standsStill(this.instance) && this.isOpen) await this.settle();
    if (this.instance.released && !standsStill(this.instance)) await this.empty();
    let count = 1;
    if (item.kind === 'timer') await this.handleTimer(item);
    else if (item.kind === 'input') count = (await this.handleInputs()) || (await this.handleInput(item, item));
    // Last: until then only the timer's row tells what its step requested.
    if (this.unsynced) await this.syncTimers(item);
    return count;
  }

  /** Loads the instance, unless it is in memory. */
  private look(item: Item): Promise<void> | undefined {
    const { memory } = this.around;
    if (item.kind === 'look') memory.forget(this.stream);
    const known = memory.known(this.stream);
    if (!known) return this.load(item);
    this.instance = known;
    return undefined;
  }

  private async load(item: Item): Promise<void> {
    const { memory, definitions, restoring } = this.around;
    this.at = undefined;
    this.instance = await memory.load(this.stream, definitions);
    if (restoring(item.kind === 'input' ? item.event.position : undefined) || item.kind === 'look') this.unsynced = true;
    if (item.kind === 'input' && hasTaken(this.instance, item.event)) this.unsynced = true;
  }

  /** True if there are requested actions without an outcome, or answers that the definition has not taken. */
  private get isOpen(): boolean {
    return this.instance.pending.length > 0 || this.instance.answers.length > 0;
  }

  private async syncTimers({ kind }: Item): Promise<void> {
    const { timers, definitions } = this.around;
    // A row may name an instance that never began; it would be due for ever.
    if (this.instance.revision >= 0n || kind === 'timer') await timers.restore(definitions.name, this.id, this.instance.timers);
    this.unsynced = false;
  }

  /**
   * Takes the inputs at the head of the queue that need no special handling, up to the first that requests an action, in one append: a burst of
   * reports from one machine costs few appends. An input that changes nothing is not recorded: it would change nothing again until the next step,
   * and that step records up to where inputs were taken. Returns how many; 0 if the first one needs handling by itself.
   */
  private async handleInputs(): Promise<number> {
    if (standsStill(this.instance) || this.id.startsWith(UNATTRIBUTED)) return 0;
    const drafts: Draft[] = [];
    let count = 0;
    let so = this.instance;
    /** The last draft, which is folded only if another input is decided after it. */
    let last: Draft | undefined;
    // A batch that fails is tried one by one, so that a fault is attributed to its own input.
    for (const item of this.line.slice(0, this.attempts.length > 0 ? 1 : BATCH)) {
      if (item.kind !== 'input' || item.late) break;
      const { event, versions } = item;
      if (last) so = this.folded(so, last);
      last = undefined;
      if (!hasTaken(so, event) && this.around.definitions.wants(so, versions)) {
        const step = stepOf(event);
        if (dueBefore(so, step.at).length > 0) break;
        if (count === 0) this.at = atItem(item);
        const draft = count === 0 ? this.draft(so, step) : this.drafted(so, step);
        if (!draft) break;
        if (draft.idle) so = { ...so, taken: event.position };
        else drafts.push((last = draft));
      }
      count += 1;
      if (last?.requests) break;
    }
    if (so === this.instance && drafts.length === 0) return count;
    if (drafts.length > 0) await this.append(drafts);
    if (so.taken > this.instance.taken) this.keep({ ...this.instance, taken: so.taken });
    for (let n = 0; n < count; n += 1) this.around.onStep(this.line[n]!);
    if (this.isOpen) await this.settle();
    return count;
  }

  /** Takes one input by itself; returns 1 when it is finished. */
  private async handleInput(input: Shelved, item: Item): Promise<1> {
    const { event, versions } = input;
    const { definitions, shelf } = this.around;
    const late = item.kind === 'input' && item.late;
    if (late ? await this.tookLate(event.id) : hasTaken(this.instance, event)) return 1;
    if (!definitions.wants(this.instance, versions)) return 1;
    if (standsStill(this.instance)) await shelf.put(definitions.name, this.id, input);
    else if (this.id.startsWith(UNATTRIBUTED)) await this.attribute(input);
    else {
      const step = stepOf(event);
      // By floor time these timers were due before the input.
      for (const [timer, { dueAt, setAt }] of dueBefore(this.instance, step.at)) await this.fire(timer, setAt, dueAt, item);
      this.at = { inputId: event.id, type: event.type, position: String(event.position) };
      await this.step(step);
      this.around.onStep(item);
      await this.settle();
    }
    return 1;
  }

  /** Asks again the definition that correlated the input. */
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
    // It was moved or cancelled since: the timer rows of this instance are not reliable.
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

  /** Takes the inputs that were shelved while the instance was parked or paused. */
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

  /** Sends requested actions and takes their answers, until nothing is open. */
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
        const outcome = await this.carryOut(action);
        // When many act at once, as after a timer of many orders: first all effects, then their outcomes.
        await this.around.giveWay();
        await this.record(action, outcome);
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

  /** Appends the outcome together with what follows: the definition's reaction, or parking. */
  private async record({ commandId, type, undo, correlationId, stepId }: Pending, outcome: Outcome): Promise<void> {
    const metadata = this.metadata('RecordOutcome', commandId, correlationId, stepId, now().toISOString());
    const recorded: Draft = { event: { type: 'OutcomeRecorded', data: { commandId, type, outcome } }, metadata };
    if (undo && 'refused' in outcome) {
      const { code, message } = outcome.refused;
      const data = { reason: 'undo-refused', on: { commandId, type }, error: `${code}: ${message}`, attempts: [] } as const;
      await this.append([recorded, { event: { type: 'InstanceParked', data }, metadata }]);
      return this.around.onParked(this.id, data);
    }
    if ('accepted' in outcome && !this.around.definitions.of(this.instance.version).hearsAccepted) return this.append([recorded]);
    const after = this.folded(this.instance, recorded);
    const [answer] = after.answers;
    const heard = answer && this.drafted(after, answerStep(answer));
    await this.append(heard ? [recorded, heard] : [recorded]);
  }

  private async step(input: StepInput): Promise<void> {
    await this.append([this.draft(this.instance, input)]);
  }

  /** A step that is not recorded yet. @throws Poison */
  private draft(instance: Instance, input: StepInput): Draft {
    const { inputId, correlationId, causationId, at, clock } = input;
    return { ...this.decide(instance, input), metadata: this.metadata('TakeStep', inputId, correlationId, causationId, at, clock) };
  }

  /** The same without throwing: a fault shows up when the input is taken by itself. */
  private drafted(instance: Instance, input: StepInput): Draft | undefined {
    try {
      return this.draft(instance, input);
    } catch {
      return undefined;
    }
  }

  private folded(instance: Instance, { event, metadata, evolved }: Draft, id = ''): Instance {
    return fold(instance, { ...event, metadata, id, revision: instance.revision + 1n }, this.around.definitions.of, evolved);
  }

  private decide(instance: Instance, { input, inputId, at, position, source, facilities, clock }: StepInput): Omit<Draft, 'metadata'> {
    const { state, version, sends, timers, changes, status, over, spans } = this.around.definitions.decide(instance, input, at);
    const data: StepTaken['data'] = {
      inputId,
      input,
      at,
      sends: sends.map((action) => ({ commandId: randomUUID(), ...action })),
      timers,
      version,
      ...(position === undefined ? {} : { position: String(position) }),
      ...(source === undefined ? {} : { source }),
      facilities: spans ? ['*'] : facilities,
      clock,
      ...(status === undefined ? {} : { status }),
      ...(over ? { over } : {}),
    };
    const idle = !changes && Object.keys(instance.timers).length === 0;
    return { event: { type: 'StepTaken', data }, evolved: { state }, idle, requests: sends.length > 0 };
  }

  /** Appends at the known revision, which proves that nothing was missed, and folds. */
  private async append(drafts: readonly Draft[]): Promise<void> {
    let ids: readonly string[];
    try {
      ({ ids } = await this.around.store.append(
        this.stream,
        this.instance.revision,
        drafts.map(({ event, metadata }) => ({ ...event, metadata })),
      ));
    } catch (error) {
      this.around.memory.forget(this.stream);
      throw error;
    }
    this.keep(drafts.reduce((so, draft, index) => this.folded(so, draft, ids[index]), this.instance));
    for (const { event } of drafts) {
      if (event.type !== 'StepTaken' || event.data.timers.length === 0) continue;
      this.unsynced = true;
      for (const { timer, dueAt } of event.data.timers)
        if (dueAt !== null) this.around.onAlarm(dueAt, `${this.stream}/${timer}/${this.instance.revision}`);
    }
  }

  private keep(instance: Instance): void {
    this.instance = instance;
    this.around.memory.keep(this.stream, instance, this.around.definitions);
  }

  private async fail(error: unknown, item: Item): Promise<void> {
    const kind = kindOf(error);
    if (kind === 'stopped' || !this.around.alive()) throw new Stopped();
    this.around.memory.forget(this.stream);
    const { attempts: most, awayMs, pauseMs } = this.around.retryPolicy;
    if (kind === 'conflict') return this.around.sleep(Math.random() * 10);
    this.around.onTrouble(this.id, error);
    if (this.attempts.length === 0) this.failingSince = performance.now();
    this.attempts = [...this.attempts, { at: now().toISOString(), error: textOf(error) }].slice(-20);
    if (kind === 'away') this.failingSince = performance.now();
    const lasting =
      kind === 'poison' ||
      (kind === 'fault' && this.attempts.length >= most) ||
      (kind === 'busy' && performance.now() - this.failingSince > awayMs);
    if (lasting && (this.at ?? atItem(item))) return this.park(kind === 'poison' ? 'poison' : 'lasting-fault', error, item);
    await this.around.sleep(Math.min(2_000, pauseMs * 2 ** (this.attempts.length - 1)) * (0.75 + Math.random() / 2));
  }

  private async park(reason: 'poison' | 'lasting-fault', error: unknown, item: Item): Promise<void> {
    const on = (this.at ?? atItem(item))!;
    const data = { reason, on, error: textOf(error), attempts: this.attempts };
    const cause = 'inputId' in on ? on.inputId : on.commandId;
    try {
      this.instance = await this.around.memory.load(this.stream, this.around.definitions);
      if (standsStill(this.instance)) return;
      const metadata = this.metadata('ParkInstance', randomUUID(), cause, cause, now().toISOString());
      await this.append([{ event: { type: 'InstanceParked', data }, metadata }]);
      this.around.onParked(this.id, data);
      this.attempts = [];
    } catch (failure) {
      // What cannot be recorded has not happened: the input is retried.
      this.around.onTrouble(this.id, failure);
      await this.around.sleep(this.around.retryPolicy.pauseMs);
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
