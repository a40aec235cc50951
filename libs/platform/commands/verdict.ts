/**
 * What a command comes to, given its stream as last seen. Hides: nothing; it is pure. Promises: one of these, in this order: a reused id (409), the
 * first answer again, a stale revision (412), a refusal or events to record, or nothing to record. Does not: read or append (decisions.ts does), or
 * know how often that is tried again.
 */
import type { CommandUnchanged, Event } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { Problem, problemOf } from '#platform/problem/problem';
import type { Answer } from './answers';
import { refusalOf } from './refusal';
import { decisionOf } from './registry';
import type { Seen } from './stream-memory';
import type { Task } from './task';

/** How far ahead of ours the clock of a client may be. */
const LATEST_SKEW_MS = 5 * 60_000;

/** What a stream, as it was seen, says to a command. */
export type Verdict =
  /** What was answered before. */
  | Readonly<{ kind: 'answered'; answer: Answer }>
  /** Something to record: its append proves that the stream was seen as it is. */
  | Readonly<{ kind: 'recorded'; events: readonly Event[] }>
  /** Nothing to record: true only of a stream that was just read. */
  | Readonly<{ kind: 'unchanged' }>
  | Readonly<{ kind: 'stale'; problem: Problem }>;

/** What follows from a command and a stream as it was seen. @throws Problem 409 */
export function judge(task: Task, seen: Seen, answer: Answer | undefined): Verdict {
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
    return new Rejected(
      'occurred-in-the-future',
      `occurredAt must not be in the future, was ${occurredAt} at ${now}; check the sender's clock.`,
      { occurredAt, now },
    );
  try {
    return decisionOf(decider, name)(command, state, context);
  } catch (error) {
    if (error instanceof Rejected) return error;
    throw error;
  }
}

/** What is recorded, and answered, when a command with an id changed nothing. */
export const unchangedAt = ({ facts }: Seen) => ({ revision: String(facts.revision), token: String(facts.position) });

/** An id outside the caller's facilities answers just as one that does not exist: decided on nothing, reading nothing. */
export function outOfScope(task: Task): Problem {
  const decided = decisionOn(task, task.decider.initial);
  if (decided instanceof Rejected) return problemOf(decided, task.decider.category);
  return new Problem(403, 'facility-not-in-scope', `Your facilities do not include ${scopeIn(task.id)}.`, {
    whatToDo: 'Send an id of one of your facilities.',
  });
}

const stale = (stream: string, expected: bigint, actual: bigint) =>
  new Problem(412, 'stale-revision', `${stream} is at revision ${actual}; the command expects ${expected}.`, {
    whatToDo: 'Read it again, then send a command that fits its new state.',
    facts: { expected: String(expected), actual: String(actual) },
  });

const reused = (commandId: string) =>
  new Problem(409, 'command-id-reused', `The command id ${commandId} was already used for a different command.`, {
    whatToDo: 'Send a new command id for a new command.',
    facts: { commandId },
  });
