/**
 * Runs commands: load, decide, append. Hides: retries, conflicts, unknown outcomes, the memory of recent streams, refusal records.
 * Promises: a command id takes effect at most once, also over restarts, and its retry gets the first answer; every event carries
 * complete metadata; only the event store is needed. Does not: check tokens (the guard does) or update views.
 */
import { Inject, Injectable } from '@nestjs/common';
import { v5 as derivedId } from 'uuid';
import { schemaOf, type Event } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { Problem, problemOf } from '#platform/problem/problem';
import { histogram } from '#platform/runtime/metrics';
import { traced } from '#platform/runtime/tracing';
import { inScope } from '#platform/security/access';
import { Conflict, EventStore, StoreUnavailable } from '#platform/store/event-store';
import type { Command } from './command';
import { DERIVED, eventIdOf } from './command-ids';
import { Lines } from './lines';
import { receipt, type Receipt } from './receipt';
import { decisionOf, type AnyDecider } from './registry';
import { StreamMemory, type Answer, type Seen } from './stream-memory';
import { metadataFor, taskOf, type Task } from './task';

const ATTEMPTS = 12;
const LATEST_SKEW_MS = 5 * 60_000;
const RECENT_COMMANDS = 50_000;

/** What a stream, as it was seen, says to a command. */
type Verdict =
  | Readonly<{ kind: 'answered'; receipt: Receipt }>
  | Readonly<{ kind: 'stale'; problem: Problem }>
  | Readonly<{ kind: 'refused'; rejected: Rejected }>
  | Readonly<{ kind: 'unchanged' }>
  | Readonly<{ kind: 'changed'; events: readonly Event[] }>;

const commandSeconds = histogram('command_seconds', 'Time from a command to its answer, by how it ended.', ['command', 'outcome']);

@Injectable()
export class Decisions {
  private readonly memory = new StreamMemory();
  private readonly lines = new Lines();
  /** Notices an id reused on another stream; within one stream the store itself remembers for ever. */
  private readonly recent = new Map<string, string>();

  constructor(@Inject(EventStore) private readonly store: EventStore) {}

  /** Runs one command to its end. @throws Problem (401, 403, 404, 409, 412, 422, 503) */
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

  /** Judges by what was last seen; only what changes something may be concluded from it, since the expected revision proves it right. */
  private async decide(task: Task): Promise<Receipt> {
    const { commandId } = task.context;
    if ((this.recent.get(commandId) ?? task.digest) !== task.digest) throw reused(commandId);
    let seen = this.memory.of(task.stream);
    let fresh = seen === undefined;
    seen ??= await this.look(task, seen);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const verdict = judge(task, seen);
      if (fresh || verdict.kind === 'answered' || verdict.kind === 'changed') {
        try {
          return await this.conclude(task, seen, verdict);
        } catch (error) {
          // After an append that was not answered its outcome is unknown: the stream itself tells.
          const unknown = error instanceof StoreUnavailable && attempt < 2;
          if (!unknown && !(error instanceof Conflict)) throw error;
          await pause(unknown ? attempt + 4 : attempt);
        }
      }
      seen = await this.look(task, seen);
      fresh = true;
    }
    throw new Problem(503, 'too-much-contention', `Too many concurrent updates to ${task.stream}.`, {
      retryAfterSeconds: 1,
      whatToDo: 'Send the same command again.',
    });
  }

  /** @throws Conflict, StoreUnavailable, Problem */
  private async conclude(task: Task, seen: Seen, verdict: Verdict): Promise<Receipt> {
    switch (verdict.kind) {
      case 'answered':
        return verdict.receipt;
      case 'stale':
        throw verdict.problem;
      case 'unchanged':
        return receipt(task.context.commandId, task.id, task.stream, seen.revision, await this.positionOf(task.stream), []);
      case 'refused':
        await this.recordRefusal(task, verdict.rejected);
        throw problemOf(verdict.rejected, task.decider.category);
      case 'changed':
        return this.append(task, seen, verdict.events);
    }
  }

  private async append(task: Task, seen: Seen, events: readonly Event[]): Promise<Receipt> {
    const { decider, id, stream, digest } = task;
    const { commandId } = task.context;
    const appended = await traced('append', { stream, events: events.length }, () =>
      this.store.append(
        stream,
        seen.revision,
        events.map(({ type, data }, index) => ({
          id: eventIdOf(stream, commandId, index),
          type,
          data,
          metadata: metadataFor(task, schemaOf(decider.upcasts, type)),
        })),
      ),
    );
    const types = events.map(({ type }) => type);
    const answer = receipt(commandId, id, stream, appended.revision, appended.position, types);
    this.remember(commandId, digest);
    this.memory.keep(stream, {
      state: events.reduce<unknown>(decider.evolve, seen.state),
      revision: appended.revision,
      size: seen.size + events.length,
      answers: seen.answers.set(commandId, { digest, receipt: answer }),
    });
    return answer;
  }

  /** The state and the answers given so far, from the store; only what is new is read. */
  private async look({ decider, id, stream }: Task, known: Seen | undefined): Promise<Seen> {
    const past = await this.store.read(stream, known ? known.revision + 1n : 0n);
    const answers = known?.answers ?? new Map<string, Answer>();
    let state: unknown = known ? known.state : decider.initial;
    for (const event of past) {
      state = decider.evolve(state, event);
      const { commandId, commandDigest: digest } = event.metadata;
      const types = [...(answers.get(commandId)?.receipt.events ?? []), event.type];
      answers.set(commandId, { digest, receipt: receipt(commandId, id, stream, event.revision, event.position, types) });
    }
    const revision = past.at(-1)?.revision ?? known?.revision ?? -1n;
    const seen = { state, revision, size: (known?.size ?? 0) + past.length, answers };
    this.memory.keep(stream, seen);
    return seen;
  }

  private remember(commandId: string, digest: string): void {
    this.recent.set(commandId, digest);
    if (this.recent.size > RECENT_COMMANDS) this.recent.delete(this.recent.keys().next().value!);
  }

  private async positionOf(stream: string): Promise<bigint> {
    return (await this.store.readBackwards(stream, 1))[0]?.position ?? -1n;
  }

  /** Auditors see what was refused, too (Annex 11; FDA 483 pattern: rejected entries must be kept). One record per command id and code. */
  private async recordRefusal(task: Task, { code, message, facts }: Rejected): Promise<void> {
    const { name, command, stream: target, digest } = task;
    const stream = `refused-${target}`;
    const id = derivedId(`${stream}/${[task.context.commandId, code, digest, task.principal.actor].join('/')}`, DERIVED);
    const data = { command: name, target, code, message, facts, payload: { ...command } };
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const last = await this.store.readBackwards(stream, 32);
      if (last.some((event) => event.id === id)) return;
      try {
        await this.store.append(stream, last[0]?.revision ?? -1n, [{ id, type: 'CommandRefused', data, metadata: metadataFor(task) }]);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        await pause(attempt);
      }
    }
  }
}

/** Pure: what follows from a command and a stream as it was seen. @throws Problem 409 */
function judge({ decider, name, command, stream, expected, digest, context }: Task, seen: Seen): Verdict {
  const first = seen.answers.get(context.commandId);
  if (first && first.digest !== digest) throw reused(context.commandId);
  if (first) return { kind: 'answered', receipt: first.receipt };
  if (expected !== undefined && expected !== seen.revision) return { kind: 'stale', problem: stale(stream, expected, seen.revision) };
  try {
    const { now, occurredAt } = context;
    const early = Date.parse(occurredAt) - Date.parse(now) > LATEST_SKEW_MS;
    if (early && !decider.observed?.includes(name))
      throw new Rejected('occurred-in-the-future', `occurredAt ${occurredAt} is in the future; check the sender's clock.`, {
        occurredAt,
        now,
      });
    const events = decisionOf(decider, name)(command, seen.state, context);
    return events.length > 0 ? { kind: 'changed', events } : { kind: 'unchanged' };
  } catch (error) {
    if (error instanceof Rejected) return { kind: 'refused', rejected: error };
    throw error;
  }
}

/** An id outside the caller's facilities answers just as one that does not exist: decided on nothing, reading nothing. */
function outOfScope({ decider, name, command, context }: Task): Problem {
  try {
    decisionOf(decider, name)(command, decider.initial, context);
  } catch (error) {
    if (error instanceof Rejected) return problemOf(error, decider.category);
    throw error;
  }
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
