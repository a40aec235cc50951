/**
 * The result of a command, given its stream as last seen. Hides: nothing; it is pure. Promises: one of these, in this order: a reused id (409),
 * the first answer again, a stale revision (412), a refusal or events to record, or nothing to record. Does not: read, append or retry
 * (decisions.ts does).
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

/** How far a client's clock may be ahead of the server's. */
const LATEST_SKEW_MS = 5 * 60_000;

/** A stream as last seen. Events that are not appended yet have no position. */
export type Known = Readonly<{ state: unknown; facts: Readonly<{ revision: bigint; position?: bigint }> }>;

/** What a stream, as last seen, says about a command. */
export type Verdict =
  /** It was answered before. */
  | Readonly<{ kind: 'answered'; answer: Answer }>
  /** Something to record: its append proves that the stream is still as last seen. */
  | Readonly<{ kind: 'recorded'; events: readonly Event[] }>
  /** Nothing to record: only valid if the stream was just read. */
  | Readonly<{ kind: 'unchanged' }>
  | Readonly<{ kind: 'stale'; problem: Problem }>;

/** The verdict on a command, given a stream as last seen. @throws Problem 409 */
export function judge(task: Task, seen: Known, answer: Answer | undefined): Verdict {
  if (answer && answer.digest !== task.digest) throw reused(task.context.commandId);
  if (answer) return { kind: 'answered', answer };
  const { expected } = task;
  if (expected !== undefined && expected !== seen.facts.revision)
    return { kind: 'stale', problem: stale(task.stream, expected, seen.facts.revision) };
  const decided = decisionOn(task, seen.state);
  if (decided instanceof Rejected) return { kind: 'recorded', events: [{ type: 'CommandRefused', data: refusalOf(task, decided) }] };
  if (decided.length > 0) return { kind: 'recorded', events: decided };
  if (!task.repeatable) return { kind: 'unchanged' };
  const { revision, position } = seen.facts;
  const data = { revision: String(revision), ...(position !== undefined && { token: String(position) }) };
  return { kind: 'recorded', events: [{ type: 'CommandUnchanged', data } satisfies CommandUnchanged] };
}

/** What the rules say: events, none, or a refusal. */
function decisionOn({ decider, name, command, context }: Task, state: unknown): readonly Event[] | Rejected {
  const { now, occurredAt, role } = context;
  // A process repeats the time of what is recorded: by the clock of another app, which may be ahead of this one.
  const asksNoClock = role === 'process' || decider.observed?.includes(name);
  if (!asksNoClock && Date.parse(occurredAt) - Date.parse(now) > LATEST_SKEW_MS)
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

/** What is answered when a command changed nothing. */
export const unchangedAt = ({ facts }: Seen) => ({ revision: String(facts.revision), token: String(facts.position) });

/** An id outside the caller's facilities gets the same answer as one that does not exist: nothing is read or decided. */
export function outOfScope(task: Task): Problem {
  const decided = decisionOn(task, task.decider.initial);
  if (decided instanceof Rejected) return problemOf(decided, task.decider.category);
  return notOfFacility(scopeIn(task.id));
}

export const notOfFacility = (scope: string): Problem =>
  new Problem(403, 'facility-not-in-scope', `Your facilities do not include ${scope}.`, {
    whatToDo: 'Send an id of one of your facilities.',
  });

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
