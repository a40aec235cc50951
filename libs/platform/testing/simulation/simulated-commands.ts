/**
 * The command side in memory: the verdict on each command is that of the product (commands/verdict.ts). Hides: folding of streams. Promises: a command
 * id of an actor has one effect and one answer; refusals are recorded. Does not: retry, or remember between apps what streams held seconds ago.
 */
import type { ClockSource, Event } from '#kernel/event';
import { scopeIn, streamOf } from '#kernel/identity';
import { inUtc } from '#kernel/instant';
import type { Answer } from '#platform/commands/answers';
import type { Command } from '#platform/commands/command';
import { digestOf, digestOfCommand } from '#platform/commands/digest';
import type { AnyDecider } from '#platform/commands/registry';
import { grown, nothingSeen, type Seen } from '#platform/commands/stream-memory';
import { metadataFor, type Task } from '#platform/commands/task';
import { judge, outOfScope, unchangedAt } from '#platform/commands/verdict';
import { problemOf } from '#platform/problem/problem';
import type { Accepted } from '#platform/processes/send';
import { now } from '#platform/runtime/clock';
import { inScope } from '#platform/security/access';
import type { SimulatedStore } from './simulated-store';

export type Sender = Readonly<{
  commandId: string;
  actor: string;
  scopes?: readonly string[];
  correlationId?: string;
  causationId?: string;
  clock?: ClockSource;
}>;

export class SimulatedCommands {
  private readonly seen = new Map<string, Seen>();
  private readonly deciders = new Map<string, AnyDecider>();
  private readonly categories = new Map<string, AnyDecider>();

  constructor(
    private readonly store: SimulatedStore,
    deciders: readonly AnyDecider[],
  ) {
    for (const decider of deciders) {
      this.categories.set(decider.category, decider);
      for (const name of Object.keys(decider.decide)) this.deciders.set(name, decider);
    }
  }

  deciderOf(type: string): AnyDecider {
    const found = this.deciders.get(type);
    if (!found) throw new Error(`No decider of the simulation takes ${type}.`);
    return found;
  }

  state<S>(decider: Readonly<{ category: string; initial: S }>, id: string): S {
    return (this.seen.get(streamOf(decider.category, id))?.state ?? decider.initial) as S;
  }

  /** Decides a command, in the name of somebody. @throws Problem */
  run(type: string, data: object, { commandId, actor, scopes = ['*'], correlationId, causationId, clock }: Sender): Accepted {
    const decider = this.deciderOf(type);
    const command = { ...data, commandId } as Command;
    const id = decider.id(command);
    const role = actor.startsWith('process:') ? 'process' : 'person';
    const at = now().toISOString();
    const occurredAt = command.occurredAt ?? decider.floorTimeIfAbsent?.(type, command as never) ?? at;
    const digest = digestOfCommand(type, command);
    const act = { command: type, commandId, digest, correlationId, causationId, actor, role, facility: scopeIn(id), occurredAt, clock };
    return this.decide({
      ...{ decider, name: type, command, id, stream: streamOf(decider.category, id), expected: undefined, digest, repeatable: true },
      principal: { actor, roles: [role], scopes },
      context: { now: at, occurredAt: inUtc(occurredAt), actor, role, commandId, digestOf },
      act: { ...act, reason: command.reason },
    });
  }

  private decide(task: Task): Accepted {
    const { decider, stream, principal, context } = task;
    if (!inScope(principal, scopeIn(task.id))) throw outOfScope(task);
    let seen = this.seen.get(stream) ?? nothingSeen(decider);
    const answer = seen.answers.of(context.actor, context.commandId);
    const verdict = judge(answer ? task : this.informed(task, seen.state), seen, answer);
    if (verdict.kind === 'stale') throw verdict.problem;
    if (verdict.kind === 'answered') return answered(task, verdict.answer);
    if (verdict.kind === 'unchanged') return answered(task, { digest: task.digest, ...unchangedAt(seen), events: [] });
    seen = this.record(task, seen, verdict.events);
    this.seen.set(stream, seen);
    return answered(task, seen.answers.of(context.actor, context.commandId)!);
  }

  private record(task: Task, seen: Seen, events: readonly Event[]): Seen {
    const { decider, stream } = task;
    const before = seen.revision;
    this.store.append(
      stream,
      before,
      events.map((event) => ({ type: event.type, data: event.data, metadata: metadataFor(task, event) })),
    );
    return grown(decider, seen, this.store.of(stream).slice(Number(before) + 1));
  }

  /** The task with what other streams tell now. */
  private informed(task: Task, state: unknown): Task {
    const { decider, name, command } = task;
    if (!decider.regards) return task;
    const regarded: Record<string, unknown> = {};
    for (let round = 0; round < 3; round += 1)
      for (const { stream } of decider.regards(name, command, state, regarded)) regarded[stream] ??= this.told(stream);
    return { ...task, context: { ...task.context, regarded } };
  }

  private told(stream: string): unknown {
    const [category] = [...this.categories.keys()].filter((each) => stream.startsWith(`${each}-`)).sort((a, b) => b.length - a.length);
    const other = category === undefined ? undefined : this.categories.get(category);
    return other?.tells?.(this.seen.get(stream)?.state ?? other.initial) ?? null;
  }
}

/** @throws Problem if the answer is a refusal */
function answered({ stream, decider }: Task, answer: Answer): Accepted {
  if (answer.rejected) throw problemOf(answer.rejected, decider.category);
  return { stream, revision: answer.revision, events: answer.events };
}
