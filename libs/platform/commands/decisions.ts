/**
 * Runs commands: load, decide (verdict.ts), append. Hides: retries after conflicts, unknown outcomes, the memory of recent streams. Promises: a
 * command id of an actor always has one effect and one answer in its stream, whichever app is asked; every event has complete metadata; only the
 * event store is needed, unless a decider regards what a read model tells. Does not: check tokens (the guard does) or update views.
 */
import { Inject, Injectable, Optional } from '@nestjs/common';
import { isBookkeeping, type Event } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { Problem, problemOf } from '#platform/problem/problem';
import { histogram } from '#platform/runtime/metrics';
import { traced } from '#platform/runtime/tracing';
import { mayReach } from '#platform/security/auth';
import { isDiskFull } from '#platform/runtime/disk';
import { Conflict, EventStore, StoreUnavailable, type NewEvent } from '#platform/store/event-store';
import type { Answer } from './answers';
import type { Command } from './command';
import { Lines } from './lines';
import { Receipt } from './receipt';
import { Registry, type AnyDecider } from './registry';
import { Past, type Lengths } from './past';
import { grown, StreamMemory, type Seen } from './stream-memory';
import { Surroundings } from './surroundings';
import { metadataFor, taskOf, type Task } from './task';
import { judge, notOfFacility, outOfScope, unchangedAt, type Known } from './verdict';

/** How often a command is decided again after conflicts; after that the answer is 503 `too-much-contention`. */
const ATTEMPTS = 12;
/** Commands that are sent together, as an import sends them, use reads of other streams up to this age. */
const SERIES_REUSES_READS_MS = 10_000;
/** How often to look for a command in its stream if an append was not answered. */
const SEARCHES = 2;

const commandSeconds = histogram('command_seconds', 'Time from a command to its answer, by how it ended.', ['command', 'outcome']);
type Outcome = 'changed' | 'unchanged' | 'refused' | 'failed';
const measures = new Map<string, ReturnType<typeof commandSeconds.labels>>();
/** The metric of a command and outcome, looked up once. */
function secondsOf(command: string, outcome: Outcome): ReturnType<typeof commandSeconds.labels> {
  const key = `${command} ${outcome}`;
  let known = measures.get(key);
  if (!known) measures.set(key, (known = commandSeconds.labels({ command, outcome })));
  return known;
}

@Injectable()
export class Decisions {
  readonly past: Past;
  private readonly memory = new StreamMemory();
  private readonly lines = new Lines();
  private readonly surroundings: Surroundings;

  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Optional() lengths?: Lengths,
    @Optional() @Inject(Registry) registry?: Registry,
  ) {
    this.past = new Past(store, lengths);
    this.surroundings = new Surroundings(registry, this.past, this.memory);
  }

  /** Runs one command and returns its answer. @throws Problem (401, 403, 404, 409, 412, 422, 503), StoreUnavailable, StoreRefused */
  async run(decider: AnyDecider, name: string, command: Command): Promise<Receipt> {
    const task = taskOf(decider, name, command);
    const fault = scopeFault(task);
    if (fault) throw fault;
    const { stream } = task;
    // One span and one measurement per command, with its outcome.
    const begun = performance.now();
    let outcome: Outcome = 'failed';
    const turn = this.lines.join(stream);
    try {
      const answer = await traced(`command ${name}`, { stream }, () => (turn ? turn.then(() => this.decide(task)) : this.decide(task)));
      outcome = answer.changed ? 'changed' : 'unchanged';
      return answer;
    } catch (error) {
      if (error instanceof Problem && error.status < 500) outcome = 'refused';
      throw error;
    } finally {
      this.lines.leave(stream);
      secondsOf(name, outcome).observe((performance.now() - begun) / 1_000);
    }
  }

  /**
   * Runs commands for one stream, in order, with a single append for all their events. Each gets the answer that it would get alone. @throws
   * StoreUnavailable, StoreRefused, Problem 503
   */
  async runAll(decider: AnyDecider, name: string, commands: readonly Command[]): Promise<(Receipt | Problem)[]> {
    const tasks = commands.map((command) => taskOf(decider, name, command));
    const [first] = tasks;
    if (!first) return [];
    if (!mayReach(first.principal, scopeIn(first.id))) return tasks.map(outOfScope);
    const { stream } = first;
    await this.lines.join(stream);
    try {
      return await traced(`commands ${name}`, { stream }, () => this.decideAll(tasks, first));
    } finally {
      this.lines.leave(stream);
    }
  }

  private async decideAll(tasks: readonly Task[], first: Task): Promise<(Receipt | Problem)[]> {
    const known = this.memory.of(first.stream);
    let seen = known ?? (await this.look(first));
    let fresh = known === undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      try {
        const { written, answers, state, unproved } = await this.walk(tasks, seen);
        if (unproved && written.length === 0 && !fresh) {
          seen = await this.look(first);
          fresh = true;
          continue;
        }
        if (written.length > 0) seen = await this.write(first, seen, written, state);
        this.surroundings.expect(first, written as readonly Event[]);
        const now = seen;
        return await Promise.all(
          tasks.map((task) => {
            const answer = answers.get(task) ?? answerIn(task, now) ?? { digest: task.digest, ...unchangedAt(now), events: [] };
            return answer instanceof Problem ? answer : this.told(task, answer).catch(problemAlone);
          }),
        );
      } catch (error) {
        const unknown = attempt < SEARCHES && isUnanswered(error);
        if (!unknown && !(error instanceof Conflict)) throw error;
        await pause(unknown ? attempt + 4 : attempt);
        seen = await this.look(first);
        fresh = true;
      }
    }
    throw contention(first.stream);
  }

  /**
   * Decides commands one after the other: the events to write, the state after them, and the answers that exist already. `unproved`: an answer
   * is only valid if the stream was just read, or if the events are written after it as last seen.
   */
  private async walk(tasks: readonly Task[], seen: Seen) {
    const written: NewEvent[] = [];
    const answers = new Map<Task, Answer | Problem>();
    const mine = new Map<string, Task>();
    let now: Known = seen;
    let unproved = false;
    for (const task of tasks) {
      const { actor, commandId } = task.context;
      const fault = scopeFault(task);
      if (fault) {
        answers.set(task, fault);
        continue;
      }
      const twin = mine.get(commandId);
      const earlier = answerIn(task, seen) ?? this.past.answer(task.stream, seen, actor, commandId);
      const answer = earlier instanceof Promise ? await earlier : earlier;
      if (twin && twin.digest === task.digest) continue;
      try {
        const around = answer ? task : this.surroundings.of(task, now.state, SERIES_REUSES_READS_MS);
        const verdict = judge(
          around instanceof Promise ? await around : around,
          now,
          answer ?? (twin && { ...UNANSWERED, digest: twin.digest }),
        );
        if (verdict.kind === 'answered') answers.set(task, verdict.answer);
        if (verdict.kind === 'stale') answers.set(task, verdict.problem);
        const again = verdict.kind === 'recorded' && isImportedAgain(task, verdict.events);
        if (verdict.kind === 'stale' || verdict.kind === 'unchanged' || again) unproved = true;
        if (verdict.kind !== 'recorded' || again) continue;
        for (const event of verdict.events.map((each) => eventOf(task, each))) {
          written.push(event);
          const revision = seen.revision + BigInt(written.length);
          if (!isBookkeeping(event)) now = { state: task.decider.evolve(now.state, event), facts: { revision } };
        }
        mine.set(commandId, task);
      } catch (error) {
        answers.set(task, await problemAlone(error));
      }
    }
    return { written, answers, state: now.state, unproved };
  }

  private async decide(task: Task): Promise<Receipt> {
    const known = this.memory.of(task.stream);
    let seen = known ?? (await this.look(task));
    let fresh = known === undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { actor, commandId } = task.context;
      // A generated command id has no earlier answer, unless an append under it was not answered.
      const asked = task.repeatable || attempt > 0;
      const earlier = asked ? (seen.answers.of(actor, commandId) ?? this.past.answer(task.stream, seen, actor, commandId)) : undefined;
      const answer = earlier instanceof Promise ? await earlier : earlier;
      const around = answer ? task : this.surroundings.of(task, seen.state);
      const verdict = judge(around instanceof Promise ? await around : around, seen, answer);
      if (verdict.kind === 'answered') return this.answerTo(task, verdict.answer);
      if (verdict.kind === 'recorded') {
        try {
          seen = await this.append(task, seen, verdict.events);
          this.surroundings.expect(task, verdict.events);
          const receipt = this.answerTo(task, answerIn(task, seen)!);
          return receipt instanceof Promise ? await receipt : receipt;
        } catch (error) {
          // The stream itself tells whether it was written.
          const unknown = attempt < SEARCHES && isUnanswered(error);
          if (!unknown && !(error instanceof Conflict)) throw error;
          await pause(unknown ? attempt + 4 : attempt);
        }
      } else if (fresh) {
        if (verdict.kind === 'stale') throw verdict.problem;
        return this.answerTo(task, { digest: task.digest, ...unchangedAt(seen), events: [] });
      }
      seen = await this.look(task);
      fresh = true;
    }
    throw contention(task.stream);
  }

  private append(task: Task, seen: Seen, events: readonly Event[]): Promise<Seen> {
    const written = events.map((event) => eventOf(task, event));
    return this.write(task, seen, written);
  }

  /**
   * The stream after the append: exactly what was written. `state` is the state after it, if it is known. @throws Conflict, StoreUnavailable,
   * StoreRefused
   */
  private async write({ decider, stream }: Task, seen: Seen, written: readonly NewEvent[], state?: unknown): Promise<Seen> {
    const { revision, position, ids } = await traced('append', { stream, events: written.length }, () =>
      this.store.append(stream, seen.revision, written),
    );
    this.memory.forget(stream);
    if (revision !== seen.revision + BigInt(written.length)) throw new Conflict(stream, revision);
    const first = seen.revision + 1n;
    const recorded = written.map((event, index) => ({
      ...event,
      data: event.data as object as never,
      id: ids[index]!,
      revision: first + BigInt(index),
      position,
    }));
    return this.keep(decider, stream, grown(decider, seen, recorded, state));
  }

  /** The stream as it is. Reads on from memory, unless it is no longer the same stream. */
  private async look({ decider, stream }: Task): Promise<Seen> {
    const known = this.memory.of(stream);
    this.memory.forget(stream);
    const now = known && known.revision >= 0n ? await this.past.since(decider, stream, known) : undefined;
    return this.keep(decider, stream, now ?? (await this.past.of(decider, stream)));
  }

  private async told(task: Task, answer: Answer): Promise<Receipt> {
    return this.answerTo(task, answer);
  }

  /** @throws Problem if the answer is a refusal */
  private answerTo({ context, decider, id, stream }: Task, answer: Answer): Receipt | Promise<Receipt> {
    if (answer.rejected) throw problemOf(answer.rejected, decider.category);
    const { revision, events } = answer;
    const changed = events.length > 0;
    const exceptions = events.filter((type) => decider.exceptions?.includes(type));
    const receipt = (token: string): Receipt =>
      Object.assign(new Receipt(), { commandId: context.commandId, id, stream, revision, token, changed, events, exceptions });
    const token = this.store.mark.tokenOf(answer.token);
    return typeof token === 'string' ? receipt(token) : token.then(receipt);
  }

  private keep(decider: AnyDecider, stream: string, seen: Seen): Seen {
    const kept = this.past.kept(decider, stream, seen);
    this.memory.keep(stream, kept);
    return kept;
  }
}

/**
 * A row of a file that grew, or was saved again, is a new command for a fact that is known. It needs no answer of its own, since the fact is
 * recognized by its content whenever it comes; and the stream does not grow by all known rows each time.
 */
const isImportedAgain = ({ act, decider, name }: Task, events: readonly Event[]): boolean =>
  act.clock === 'import' && decider.observed?.includes(name) === true && events.every(({ type }) => type === 'CommandUnchanged');

/** Why the sender may not act on what the command is for, or on what it reaches. */
function scopeFault(task: Task): Problem | undefined {
  const { decider, name, command, principal, id } = task;
  if (!mayReach(principal, scopeIn(id))) return outOfScope(task);
  const foreign = decider.reaches?.(name, command).find((scope) => !mayReach(principal, scope));
  return foreign === undefined ? undefined : notOfFacility(foreign);
}

/** An event as a reader will find it: fields that JSON omits are not kept in memory either. */
function eventOf(task: Task, event: Event): NewEvent {
  const { type, data } = event;
  const json = JSON.stringify(data);
  return { type, data: JSON.parse(json) as object, json, metadata: metadataFor(task, event) };
}

/** An append that was not answered may have been written. One that the full disk refused was not, and a full disk stays full. */
const isUnanswered = (error: unknown): boolean => error instanceof StoreUnavailable && !isDiskFull(error);

/** What the stream tells about a command, as far as it is in memory. */
const answerIn = ({ context }: Task, seen: Seen): Answer | undefined => seen.answers.of(context.actor, context.commandId);
const UNANSWERED = { revision: '-1', token: '-1', events: [] };

/** A refusal concerns one command; any other error concerns all of them. */
const problemAlone = async (error: unknown): Promise<Problem> => {
  if (error instanceof Problem && error.status < 500) return error;
  throw error;
};

const contention = (stream: string): Problem =>
  new Problem(503, 'too-much-contention', `Too many concurrent updates to ${stream}.`, {
    retryAfterSeconds: 1,
    whatToDo: 'Send the same command again.',
  });

/** Full jitter: 2 ms doubling, at most 250 ms. */
const pause = (attempt: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(250, 2 * 2 ** attempt)));
