/**
 * Runs commands: load, decide, append. Hides: retries, conflicts, unknown outcomes, the memory of recent streams.
 * Promises: a command id of an actor has one effect and one answer in the stream that it is for, for ever, whichever app is asked; every event
 * carries complete metadata; only the event store is needed. Does not: check tokens (the guard does) or update views.
 */
import { Inject, Injectable, Optional } from '@nestjs/common';
import { schemaOf, type CommandUnchanged, type Event } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { Problem, problemOf } from '#platform/problem/problem';
import { histogram } from '#platform/runtime/metrics';
import { traced } from '#platform/runtime/tracing';
import { inScope } from '#platform/security/access';
import { Conflict, EventStore, StoreUnavailable } from '#platform/store/event-store';
import type { Answer } from './answers';
import type { Command } from './command';
import { Lines } from './lines';
import { Receipt } from './receipt';
import { refusalOf } from './refusal';
import { decisionOf, type AnyDecider } from './registry';
import { Past, type Lengths } from './past';
import { grown, StreamMemory, type Seen } from './stream-memory';
import { metadataFor, taskOf, type Task } from './task';

const ATTEMPTS = 12;
/** How often a command is looked after when an append was not answered. */
const SEARCHES = 2;
const LATEST_SKEW_MS = 5 * 60_000;

/** What a stream, as it was seen, says to a command. */
type Verdict =
  /** What was answered before. */
  | Readonly<{ kind: 'answered'; answer: Answer }>
  /** Something to record: its append proves that the stream was seen as it is. */
  | Readonly<{ kind: 'recorded'; events: readonly Event[] }>
  /** Nothing to record: true only of a stream that was just read. */
  | Readonly<{ kind: 'unchanged' }>
  | Readonly<{ kind: 'stale'; problem: Problem }>;

const commandSeconds = histogram('command_seconds', 'Time from a command to its answer, by how it ended.', ['command', 'outcome']);

@Injectable()
export class Decisions {
  readonly past: Past;
  private readonly memory = new StreamMemory();
  private readonly lines = new Lines();

  constructor(
    @Inject(EventStore) private readonly store: EventStore,
    @Optional() lengths?: Lengths,
  ) {
    this.past = new Past(store, lengths);
  }

  /** Runs one command to its end. @throws Problem (401, 403, 404, 409, 412, 422, 503), StoreUnavailable, StoreRefused */
  async run(decider: AnyDecider, name: string, command: Command): Promise<Receipt> {
    const task = taskOf(decider, name, command);
    if (!inScope(task.principal, scopeIn(task.id))) throw outOfScope(task);
    return this.watched(task, () => this.lines.inLine(task.stream, () => this.decide(task)));
  }

  /** One span and one measurement for each command, with how it ended. */
  private async watched({ name, stream }: Task, run: () => Promise<Receipt>): Promise<Receipt> {
    const done = commandSeconds.startTimer({ command: name });
    let outcome = 'failed';
    try {
      const answer = await traced(`command ${name}`, { stream }, run);
      outcome = answer.changed ? 'changed' : 'unchanged';
      return answer;
    } catch (error) {
      if (error instanceof Problem && error.status < 500) outcome = 'refused';
      throw error;
    } finally {
      done({ outcome });
    }
  }

  private async decide(task: Task): Promise<Receipt> {
    const known = this.memory.of(task.stream);
    let seen = known ?? (await this.look(task));
    let fresh = known === undefined;
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const { actor, commandId } = task.context;
      const answer = seen.answers.of(actor, commandId) ?? (await this.past.answer(task.stream, seen, actor, commandId));
      const verdict = judge(task, seen, answer);
      if (verdict.kind === 'answered') return answerTo(task, verdict.answer);
      if (verdict.kind === 'recorded') {
        try {
          seen = await this.append(task, seen, verdict.events);
          return answerTo(task, answerIn(task, seen));
        } catch (error) {
          // An append that was not answered may have been written: the stream itself tells.
          const unknown = error instanceof StoreUnavailable && attempt < SEARCHES;
          if (!unknown && !(error instanceof Conflict)) throw error;
          await pause(unknown ? attempt + 4 : attempt);
        }
      } else if (fresh) {
        if (verdict.kind === 'stale') throw verdict.problem;
        return answerTo(task, { digest: task.digest, ...unchangedAt(seen), events: [] });
      }
      seen = await this.look(task);
      fresh = true;
    }
    throw new Problem(503, 'too-much-contention', `Too many concurrent updates to ${task.stream}.`, {
      retryAfterSeconds: 1,
      whatToDo: 'Send the same command again.',
    });
  }

  /** What is seen after the append: exactly what was written. @throws Conflict, StoreUnavailable, StoreRefused */
  private async append(task: Task, seen: Seen, events: readonly Event[]): Promise<Seen> {
    const { decider, stream } = task;
    const written = events.map(({ type, data }) => ({
      type,
      // As a reader will find it: whatever JSON leaves out is not remembered either.
      data: JSON.parse(JSON.stringify(data)) as object,
      metadata: metadataFor(task, schemaOf(decider.upcasts, type)),
    }));
    const { revision, position, ids } = await traced('append', { stream, events: events.length }, () =>
      this.store.append(stream, seen.revision, written),
    );
    this.memory.forget(stream);
    if (revision !== seen.revision + BigInt(written.length)) throw new Conflict(stream, revision);
    const first = seen.revision + 1n;
    const recorded = written.map((event, index) => ({ ...event, id: ids[index]!, revision: first + BigInt(index), position }));
    return this.keep(stream, grown(decider, seen, recorded));
  }

  /** The stream as it is. What is remembered of it is read on from, unless it is no longer the same stream. */
  private async look({ decider, stream }: Task): Promise<Seen> {
    const known = this.memory.of(stream);
    this.memory.forget(stream);
    const now = known && known.revision >= 0n ? await this.past.since(decider, stream, known) : undefined;
    return this.keep(stream, now ?? (await this.past.of(decider, stream)));
  }

  private keep(stream: string, seen: Seen): Seen {
    const kept = this.past.kept(stream, seen);
    this.memory.keep(stream, kept);
    return kept;
  }
}

/** Pure: what follows from a command and a stream as it was seen. @throws Problem 409 */
function judge(task: Task, seen: Seen, answer: Answer | undefined): Verdict {
  if (answer && answer.digest !== task.digest) throw reused(task.context.commandId);
  if (answer) return { kind: 'answered', answer };
  const { expected } = task;
  if (expected !== undefined && expected !== seen.facts.revision)
    return { kind: 'stale', problem: stale(task.stream, expected, seen.facts.revision) };
  const decided = decisionOn(task, seen.state);
  if (decided instanceof Rejected) return { kind: 'recorded', events: [{ type: 'CommandRefused', data: refusalOf(task, decided) }] };
  if (decided.length > 0) return { kind: 'recorded', events: decided };
  if (!task.repeatable) return { kind: 'unchanged' };
  const unchanged: CommandUnchanged = { type: 'CommandUnchanged', data: unchangedAt(seen) };
  return { kind: 'recorded', events: [unchanged] };
}

/** What the rules say: events, none, or the refusal. */
function decisionOn({ decider, name, command, context }: Task, state: unknown): readonly Event[] | Rejected {
  const { now, occurredAt } = context;
  if (Date.parse(occurredAt) - Date.parse(now) > LATEST_SKEW_MS && !decider.observed?.includes(name))
    return new Rejected('occurred-in-the-future', `occurredAt ${occurredAt} is in the future; check the sender's clock.`, {
      occurredAt,
      now,
    });
  try {
    return decisionOf(decider, name)(command, state, context);
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}

const unchangedAt = ({ facts }: Seen) => ({ revision: String(facts.revision), token: String(facts.position) });

/** What the stream says after the command's own append. */
const answerIn = ({ context }: Task, seen: Seen): Answer => seen.answers.of(context.actor, context.commandId)!;

/** @throws Problem where the answer is a refusal */
function answerTo({ context, decider, id, stream }: Task, answer: Answer): Receipt {
  if (answer.rejected) throw problemOf(answer.rejected, decider.category);
  const { revision, token, events } = answer;
  const changed = events.length > 0;
  return Object.assign(new Receipt(), { commandId: context.commandId, id, stream, revision, token, changed, events });
}

/** An id outside the caller's facilities answers just as one that does not exist: decided on nothing, reading nothing. */
function outOfScope(task: Task): Problem {
  const decided = decisionOn(task, task.decider.initial);
  if (decided instanceof Rejected) return problemOf(decided, task.decider.category);
  return new Problem(403, 'facility-not-in-scope', 'Your facilities do not include this one.', {
    whatToDo: 'Use an id of one of your facilities.',
  });
}

const stale = (stream: string, expected: bigint, actual: bigint) =>
  new Problem(412, 'stale-revision', `${stream} is at revision ${actual}, not ${expected}.`, {
    whatToDo: 'Read it again, then send a command that fits its new state.',
    facts: { expected: String(expected), actual: String(actual) },
  });

const reused = (commandId: string) =>
  new Problem(409, 'command-id-reused', `The command id ${commandId} was already used for a different command.`, {
    whatToDo: 'Send a new command id for a new command.',
    facts: { commandId },
  });

/** Full jitter: 2 ms doubling, at most 250 ms. */
const pause = (attempt: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(250, 2 * 2 ** attempt)));
