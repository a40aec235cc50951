/**
 * Runs commands: load, decide, append. Hides: retries, conflicts, unknown outcomes, the memory of recent streams, refusal records.
 * Promises: a command id takes effect at most once, also over restarts, and its retry gets the first answer; every event carries
 * complete metadata; only the event store is needed. Does not: check tokens (the guard does) or update views.
 */
import { createHash } from 'node:crypto';
import { Inject, Injectable, type OnModuleInit, type Provider, type Type } from '@nestjs/common';
import { CommandHandler } from '@nestjs/cqrs';
import { Field, ID, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { v4 as newId, v5 as derivedId } from 'uuid';
import type { Context, Decider } from '#kernel/decider';
import { schemaOf, type Event, type Metadata, type Upcasts } from '#kernel/event';
import { facilityOf, streamOf } from '#kernel/identity';
import { Rejected } from '#kernel/rejected';
import { allowedRoles, grantedRole, inScope, type Principal } from '#platform/security/access';
import type { Command } from './command';
import { currentContext, type RequestContext } from '#platform/security/context';
import { enterDecider, type Folding } from './registry';
import { Conflict, EventStore, StoreUnavailable, type NewEvent } from '#platform/store/event-store';
import { histogram } from '#platform/runtime/metrics';
import { Problem, problemOf } from '#platform/problem/problem';
import { traced, traceparent } from '#platform/runtime/tracing';
import { APP_VERSION } from '#platform/runtime/version';

/** The answer to a command. */
@ObjectType('Receipt', {})
export class Receipt {
  @Field(() => ID)
  @ApiProperty({ type: String, format: 'uuid', description: 'Send it again to get this same answer.' })
  commandId: string;

  @Field(() => ID)
  @ApiProperty({ type: String })
  id: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  stream: string;

  @Field(() => String)
  @ApiProperty({ type: String, description: 'Revision of the stream after the command; also the ETag.' })
  revision: string;

  @Field(() => String)
  @ApiProperty({ type: String, description: 'Give it to a read as `waitFor` to see what this command did.' })
  token: string;

  @Field(() => Boolean)
  @ApiProperty({ type: Boolean, description: 'False where it was so already.' })
  changed: boolean;

  @Field(() => [String])
  @ApiProperty({ type: [String], description: 'Types of the events that the command caused.' })
  events: string[];
}

/** The command classes of a commands file, by name. */
export const commandClasses = (commands: object): [string, Type<Command>][] =>
  Object.entries(commands).filter((entry): entry is [string, Type<Command>] => typeof entry[1] === 'function');

/* eslint-disable @typescript-eslint/no-explicit-any */
/** A decider whose types are no longer known. */
export type AnyDecider = Readonly<{
  category: string;
  initial: any;
  evolve: (state: any, event: any) => any;
  id: (command: any) => string;
  decide: object;
  observed?: readonly PropertyKey[];
  upcasts?: Upcasts;
}>;
/* eslint-enable @typescript-eslint/no-explicit-any */
type Decide = (command: object, state: unknown, context: Context) => readonly Event[];
const decisionOf = (decider: AnyDecider, name: string): Decide => (decider.decide as Record<string, Decide>)[name]!;

/** Namespace of all ids derived from command ids (UUIDv5). Permanent: changing it would break the promise of idempotency. */
const DERIVED = '6f0f3bfa-6a55-4c5c-9a60-2f4f7a3d7c11';
/** The id of a command's n-th event in a stream: no two streams ever hold the same, whatever command ids clients make up. */
export const eventIdOf = (stream: string, commandId: string, index: number): string =>
  derivedId(`${stream}/${commandId}/${index}`, DERIVED);
/** A UUID from anything that names a command uniquely: an idempotency key, a row of a file, a step of a process. */
export const commandIdOf = (name: string): string => derivedId(name, DERIVED);

const ATTEMPTS = 12;
const LATEST_SKEW_MS = 5 * 60_000;
const KEPT_EVENTS = 200_000;
const RECENT_COMMANDS = 50_000;

/** A stream as last seen. Only ever a baseline: the expected revision decides whether it still holds. */
type Seen = { state: unknown; revision: bigint; size: number; answers: Map<string, { digest: string; receipt: Receipt }> };
type Task = { decider: AnyDecider; name: string; command: Command; principal: Principal; role: string; context: RequestContext };

const commandSeconds = histogram('command_seconds', 'Time from a command to its answer, by how it ended.', ['command', 'outcome']);

@Injectable()
export class Decisions {
  /** Most recently used last. */
  private readonly seen = new Map<string, Seen>();
  private kept = 0;
  /** Notices an id reused on another stream; within one stream the store itself remembers for ever. */
  private readonly recent = new Map<string, string>();
  private readonly lines = new Map<string, Promise<unknown>>();

  constructor(@Inject(EventStore) private readonly store: EventStore) {}

  /** Runs one command to its end. @throws Problem (404, 409, 412, 422, 503) */
  async run(decider: AnyDecider, name: string, command: Command): Promise<Receipt> {
    const context = currentContext();
    if (!context?.principal) throw new Problem(401, 'unauthenticated', 'Nobody is known to have sent this command.');
    const { principal } = context;
    const role = grantedRole(principal, allowedRoles(command.constructor));
    if (!role) throw new Problem(403, 'role-not-allowed', `Your roles may not send ${name}.`, { facts: { roles: principal.roles } });
    const task: Task = { decider, name, command, principal, role, context };
    const id = decider.id(command);
    if (!inScope(principal, facilityOf(id))) throw this.outOfScope(task);
    const stream = streamOf(decider.category, id);
    return this.watched(name, stream, () => this.inLine(stream, () => this.decide(task, id, stream)));
  }

  /** One span and one measurement for each command, with how it ended. */
  private async watched(name: string, stream: string, run: () => Promise<Receipt>): Promise<Receipt> {
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

  private async decide(task: Task, id: string, stream: string): Promise<Receipt> {
    const { decider, name, command, principal, role, context } = task;
    // Upper and lower case are the same UUID.
    const commandId = (command.commandId ?? context.commandId ?? newId()).toLowerCase();
    const digest = digestOf(name, command);
    if ((this.recent.get(commandId) ?? digest) !== digest) throw reused(commandId);
    const expected = command.expectedRevision ?? context.expectedRevision;
    const now = new Date().toISOString();
    const occurredAt = command.occurredAt ?? now;
    let seen: Seen | undefined = this.seen.get(stream);
    let fresh = false;
    const look = async () => {
      seen = await this.look(decider, stream, id, seen);
      fresh = true;
    };
    if (!seen) await look();

    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const first = seen!.answers.get(commandId);
      if (first) {
        if (first.digest === digest) return first.receipt;
        throw reused(commandId);
      }
      try {
        if (expected !== undefined && BigInt(expected) !== seen!.revision) {
          if (fresh)
            throw new Problem(412, 'stale-revision', `The stream is at revision ${seen!.revision}, not ${expected}.`, {
              whatToDo: 'Read it again and decide anew.',
              facts: { expected, actual: String(seen!.revision) },
            });
          await look();
          continue;
        }
        const early = Date.parse(occurredAt) - Date.parse(now);
        const observed = decider.observed?.includes(name) ?? false;
        if (early > LATEST_SKEW_MS && !observed)
          throw new Rejected('occurred-in-the-future', 'It cannot have happened yet; check the clock of the sender.', { occurredAt, now });
        const events = decisionOf(decider, name)(command, seen!.state, { now, occurredAt, actor: principal.actor, role, commandId });
        if (events.length === 0) {
          if (!fresh) {
            await look();
            continue;
          }
          return receipt(commandId, id, stream, seen!.revision, await this.positionOf(stream), []);
        }
        const tracedAs = traceparent();
        const metadata: Omit<Metadata, 'schema'> = {
          commandId,
          command: name,
          commandDigest: digest,
          correlationId: context.correlationId,
          causationId: context.causationId ?? commandId,
          actor: principal.actor,
          role,
          ...((command.device ?? principal.device) ? { device: command.device ?? principal.device } : {}),
          facility: facilityOf(id),
          occurredAt,
          clock: context.clock ?? (command.occurredAt ? 'client' : 'server'),
          app: APP_VERSION,
          ...(command.reason ? { reason: command.reason } : {}),
          ...(tracedAs ? { traceparent: tracedAs } : {}),
        };
        const appended = await traced('append', { stream, events: events.length }, () =>
          this.store.append(
            stream,
            seen!.revision,
            events.map((event, index): NewEvent => ({
              id: eventIdOf(stream, commandId, index),
              type: event.type,
              data: event.data,
              metadata: { ...metadata, schema: schemaOf(decider.upcasts, event.type) },
            })),
          ),
        );
        const answer = receipt(
          commandId,
          id,
          stream,
          appended.revision,
          appended.position,
          events.map(({ type }) => type),
        );
        this.remember(commandId, digest);
        this.keep(stream, {
          state: events.reduce(decider.evolve, seen!.state),
          revision: appended.revision,
          size: seen!.size + events.length,
          answers: seen!.answers.set(commandId, { digest, receipt: answer }),
        });
        return answer;
      } catch (error) {
        if (error instanceof Conflict) {
          await pause(attempt);
          await look();
          continue;
        }
        if (error instanceof StoreUnavailable && attempt < 2) {
          // The outcome is unknown: what is in the stream tells, and the same ids make a second write harmless.
          await pause(attempt + 4);
          await look();
          continue;
        }
        if (error instanceof Rejected) {
          if (!fresh) {
            await look();
            continue;
          }
          await this.recordRefusal(task, stream, commandId, digest, occurredAt, error);
          throw problemOf(error, decider.category);
        }
        throw error;
      }
    }
    throw new Problem(503, 'too-much-contention', 'Others kept changing the same thing.', {
      retryAfterSeconds: 1,
      whatToDo: 'Send the same command again.',
    });
  }

  /** The state and the answers given so far, from the store; only what is new is read. */
  private async look(decider: AnyDecider, stream: string, id: string, known: Seen | undefined): Promise<Seen> {
    const past = await this.store.read(stream, known ? known.revision + 1n : 0n);
    const answers = known?.answers ?? new Map<string, { digest: string; receipt: Receipt }>();
    let state: unknown = known?.state ?? decider.initial;
    for (const event of past) {
      state = decider.evolve(state, event as never);
      const { commandId, commandDigest } = event.metadata;
      const types = [...(answers.get(commandId)?.receipt.events ?? []), event.type];
      answers.set(commandId, { digest: commandDigest, receipt: receipt(commandId, id, stream, event.revision, event.position, types) });
    }
    const seen = { state, revision: past.at(-1)?.revision ?? known?.revision ?? -1n, size: (known?.size ?? 0) + past.length, answers };
    this.keep(stream, seen);
    return seen;
  }

  private keep(stream: string, seen: Seen): void {
    this.kept += seen.size + 1 - (this.seen.has(stream) ? this.seen.get(stream)!.size + 1 : 0);
    this.seen.delete(stream);
    this.seen.set(stream, seen);
    for (const [oldest, { size }] of this.seen) {
      if (this.kept <= KEPT_EVENTS || oldest === stream) break;
      this.seen.delete(oldest);
      this.kept -= size + 1;
    }
  }

  private remember(commandId: string, digest: string): void {
    this.recent.set(commandId, digest);
    if (this.recent.size > RECENT_COMMANDS) this.recent.delete(this.recent.keys().next().value!);
  }

  /** One command at a time per stream in this process: waiting is cheaper than conflict. */
  private async inLine<T>(stream: string, run: () => Promise<T>): Promise<T> {
    const before = this.lines.get(stream) ?? Promise.resolve();
    const mine = before.then(run, run);
    const settled = mine.catch(() => undefined);
    this.lines.set(stream, settled);
    try {
      return await mine;
    } finally {
      if (this.lines.get(stream) === settled) this.lines.delete(stream);
    }
  }

  private async positionOf(stream: string): Promise<bigint> {
    return (await this.store.readBackwards(stream, 1))[0]?.position ?? -1n;
  }

  /** An id outside the caller's facilities answers just as one that does not exist: decided on nothing, reading nothing. */
  private outOfScope({ decider, name, command, principal, role }: Task): Problem {
    const now = new Date().toISOString();
    try {
      decisionOf(decider, name)(command, decider.initial, {
        now,
        occurredAt: command.occurredAt ?? now,
        actor: principal.actor,
        role,
        commandId: newId(),
      });
    } catch (error) {
      if (error instanceof Rejected) return problemOf(error, decider.category);
      throw error;
    }
    return new Problem(403, 'facility-not-in-scope', 'Your facilities do not include this one.', {
      whatToDo: 'Use an id of one of your facilities.',
    });
  }

  /** Auditors see what was refused, too (Annex 11; FDA 483 pattern: rejected entries must be kept). One record per command id and code. */
  private async recordRefusal(
    { decider, name, command, principal, role, context }: Task,
    target: string,
    commandId: string,
    digest: string,
    occurredAt: string,
    rejected: Rejected,
  ): Promise<void> {
    const id = decider.id(command);
    const stream = `refused-${target}`;
    const eventId = derivedId(`${stream}/${[commandId, rejected.code, digest, principal.actor].join('/')}`, DERIVED);
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const last = await this.store.readBackwards(stream, 32);
      if (last.some((event) => event.id === eventId)) return;
      const metadata: Metadata = {
        commandId,
        command: name,
        commandDigest: digest,
        correlationId: context.correlationId,
        causationId: context.causationId ?? commandId,
        actor: principal.actor,
        role,
        ...((command.device ?? principal.device) ? { device: command.device ?? principal.device } : {}),
        facility: facilityOf(id),
        occurredAt,
        clock: context.clock ?? (command.occurredAt ? 'client' : 'server'),
        app: APP_VERSION,
        schema: 1,
        ...(command.reason ? { reason: command.reason } : {}),
      };
      const data = {
        command: name,
        target,
        code: rejected.code,
        message: rejected.message,
        facts: rejected.facts,
        payload: { ...command },
      };
      try {
        await this.store.append(stream, last[0]?.revision ?? -1n, [{ id: eventId, type: 'CommandRefused', data, metadata }]);
        return;
      } catch (error) {
        if (!(error instanceof Conflict)) throw error;
        await pause(attempt);
      }
    }
  }
}

/** One handler per command class of the decider, for the CommandBus of @nestjs/cqrs. */
export function bindDecider<M extends object, S, E extends Event>(decider: Decider<M, S, E>, commands: M): Provider[] {
  enterDecider(decider as unknown as Folding);
  const handlers = commandClasses(commands).map(([name, command]) => {
    @CommandHandler(command)
    class Handler implements OnModuleInit {
      constructor(
        @Inject(Decisions) private readonly decisions: Decisions,
        @Inject(EventStore) private readonly store: EventStore,
      ) {}
      onModuleInit(): void {
        this.store.learn(decider.upcasts);
      }
      execute(message: Command): Promise<Receipt> {
        return this.decisions.run(decider, name, message);
      }
    }
    Object.defineProperty(Handler, 'name', { value: `${name}Handler` });
    sendable.set(name, command);
    return Handler;
  });
  return handlers;
}

const sendable = new Map<string, Type<Command>>();
/** The class of a command by its name: how processes and queues send plain messages. */
export const commandNamed = (name: string): Type<Command> | undefined => sendable.get(name);

const reused = (commandId: string) =>
  new Problem(409, 'command-id-reused', 'This command id was used before for something else.', {
    whatToDo: 'Send a new command id for a new command.',
    facts: { commandId },
  });

const receipt = (commandId: string, id: string, stream: string, revision: bigint, position: bigint, events: string[]): Receipt =>
  Object.assign(new Receipt(), {
    commandId,
    id,
    stream,
    revision: String(revision),
    token: String(position),
    changed: events.length > 0,
    events,
  });

/** SHA-256 over what the command says, without its envelope's ids: equal for equal intent. */
function digestOf(name: string, command: Command): string {
  const { commandId: _, expectedRevision: __, ...intent } = command as Command & Record<string, unknown>;
  return createHash('sha256')
    .update(`${name}\n${canonical(intent)}`)
    .digest('hex');
}

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).filter(([, inner]) => inner !== undefined && inner !== null);
  return `{${entries
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, inner]) => `${JSON.stringify(key)}:${canonical(inner)}`)
    .join(',')}}`;
}

/** Full jitter: 2 ms doubling, at most 250 ms. */
const pause = (attempt: number) => new Promise((resolve) => setTimeout(resolve, Math.random() * Math.min(250, 2 * 2 ** attempt)));
