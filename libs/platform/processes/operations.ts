/**
 * What operators do to processes and their instances. Hides: streams and the shelf. Promises: each decision is an event with who and why,
 * appended at the revision that the operator saw; the worker that runs the process follows it. Does not: check permissions (its callers do) or
 * run anything.
 */
import { randomUUID } from 'node:crypto';
import type { Pool } from 'pg';
import type { Recorded } from '#kernel/event';
import { scopeIn } from '#kernel/identity';
import type { AnyProcess } from '#kernel/process';
import { notFound, Problem } from '#platform/problem/problem';
import { Conflict, type EventStore } from '#platform/store/event-store';
import { metadataOf } from '#platform/store/metadata';
import { byName, type Definitions } from './definitions';
import { fold, fresh, type Instance, type Pending } from './instance';
import {
  controlStream,
  type InputSkipped,
  type InstanceEvent,
  type InstanceMigrated,
  type InstanceParked,
  type InstancePaused,
  type InstanceResumed,
  type InstanceRetried,
  type Outcome,
  type OutcomeForced,
  type ProcessStarted,
  type ProcessStopped,
} from './record';
import type { TargetOf } from './send';
import { Shelf } from './shelf';

/** Who decides, and why. */
export type Operator = Readonly<{ actor: string; role: string; correlationId: string; reason: string }>;

/** An instance as an operator sees it. */
export type InstanceLook = Readonly<{
  process: string;
  id: string;
  facilityId: string;
  version: number;
  revision: bigint;
  /** The state of the definition, folded from the stream. */
  state: unknown;
  status?: string;
  over: boolean;
  paused: boolean;
  parked?: InstanceParked['data'];
  /** Requested actions without an outcome, including a compensation that was refused. */
  pending: readonly Pending[];
  timers: readonly { timer: string; dueAt: string }[];
  /** Inputs that wait while it is parked or paused. */
  waiting: readonly { type: string; id: string; position: bigint }[];
  /** All events of its stream, oldest first. */
  timeline: readonly Recorded<InstanceEvent>[];
}>;

/** An action's outcome as decided by an operator. */
export type ForcedOutcome =
  { accepted: { revision?: string; events?: readonly string[] } } | { refused: { code: string; message: string } };

type Decided = InstanceRetried | InputSkipped | InstancePaused | InstanceResumed | InstanceMigrated | OutcomeForced;

export class ProcessOperations {
  private readonly definitions: ReadonlyMap<string, Definitions>;
  private readonly shelf: Shelf;

  constructor(
    private readonly store: EventStore,
    pool: Pool,
    processes: readonly AnyProcess[],
    private readonly targetOf: TargetOf,
  ) {
    this.definitions = byName(processes);
    this.shelf = new Shelf(pool);
  }

  /** The names of all processes. */
  get processes(): string[] {
    return [...this.definitions.keys()];
  }

  /** @throws Problem 404 */
  async look(process: string, id: string): Promise<InstanceLook> {
    const { instance, timeline, definitions } = await this.read(process, id);
    const waiting = (await this.shelf.first(process, id, 1_000)).filter(({ event }) => event.position > instance.taken);
    const status =
      instance.version === 0 || instance.broken !== undefined
        ? undefined
        : definitions.of(instance.version).status?.(instance.state as never);
    return {
      process,
      id,
      facilityId: scopeIn(id),
      version: instance.version,
      revision: instance.revision,
      state: instance.state,
      ...(status === undefined ? {} : { status }),
      over: instance.over,
      paused: instance.paused,
      ...(instance.parked ? { parked: instance.parked } : {}),
      pending: [...(instance.blocked ? [instance.blocked] : []), ...instance.pending],
      timers: Object.entries(instance.timers).map(([timer, { dueAt }]) => ({ timer, dueAt })),
      waiting: waiting.map(({ event }) => ({ type: event.type, id: event.id, position: event.position })),
      timeline,
    };
  }

  /** Retries a parked instance; a compensation that was refused is sent under a new command id. */
  retry(process: string, id: string, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'RetryInstance', (instance) => {
      ensureParked(instance);
      return { type: 'InstanceRetried', data: { reason: by.reason, ...(instance.blocked ? { commandId: randomUUID() } : {}) } };
    });
  }

  /** Skips what a parked instance is parked on: its input, or its action, of which the process then gets no outcome. */
  skip(process: string, id: string, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'SkipInput', (instance) => {
      const { on } = ensureParked(instance);
      if ('commandId' in on) return forced(on.commandId, on.type, { skipped: true }, by);
      const { inputId, position, timer } = on;
      return {
        type: 'InputSkipped',
        data: { reason: by.reason, inputId, ...(position === undefined ? {} : { position }), ...(timer === undefined ? {} : { timer }) },
      };
    });
  }

  /** Sets the outcome of a requested action in place of its target. */
  force(process: string, id: string, commandId: string, outcome: ForcedOutcome, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'ForceOutcome', ({ pending, blocked }) => {
      const action = [...pending, ...(blocked ? [blocked] : [])].find((open) => open.commandId === commandId);
      if (!action)
        throw new Problem(404, 'no-such-action', `No requested action with command id ${commandId} waits for an outcome.`, {
          whatToDo: 'Read the instance again: only its pending actions can be given an outcome.',
        });
      const target = this.targetOf(action);
      const said: Outcome =
        'accepted' in outcome
          ? { accepted: { target, revision: outcome.accepted.revision ?? '', events: outcome.accepted.events ?? [] } }
          : { refused: { target, ...outcome.refused } };
      return forced(commandId, action.type, said, by);
    });
  }

  pause(process: string, id: string, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'PauseInstance', ({ paused }) => {
      if (paused) throw new Problem(409, 'instance-paused', 'The instance is already paused.');
      return { type: 'InstancePaused', data: { reason: by.reason } };
    });
  }

  resume(process: string, id: string, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'ResumeInstance', ({ paused }) => {
      if (!paused) throw new Problem(409, 'instance-not-paused', 'The instance is not paused.');
      return { type: 'InstanceResumed', data: { reason: by.reason } };
    });
  }

  /** Moves an instance to another version of its definition, by that version's `migrate`. */
  migrate(process: string, id: string, to: number, by: Operator): Promise<void> {
    return this.decide(process, id, by, 'MigrateInstance', ({ version, state }, definitions) => {
      if (version === to) throw new Problem(409, 'instance-migrated', `The instance is already at version ${to}.`);
      if (!definitions.known.includes(to))
        throw new Problem(422, 'no-such-version', `${process} has no version ${to}.`, {
          whatToDo: `Choose one of: ${definitions.known.join(', ')}.`,
        });
      const { migrate } = definitions.of(to);
      if (!migrate)
        throw new Problem(422, 'no-migration', `Version ${to} of ${process} has no \`migrate\`.`, {
          whatToDo: 'Let the instance end at its version, or add `migrate` to the newer definition.',
        });
      return { type: 'InstanceMigrated', data: { reason: by.reason, from: version, to, state: migrate(state, version) as unknown } };
    });
  }

  stopProcess(process: string, by: Operator): Promise<void> {
    return this.control({ type: 'ProcessStopped', data: { process, reason: by.reason } }, by);
  }

  startProcess(process: string, by: Operator): Promise<void> {
    return this.control({ type: 'ProcessStarted', data: { process, reason: by.reason } }, by);
  }

  private async control(event: ProcessStopped | ProcessStarted, by: Operator): Promise<void> {
    const { process } = event.data;
    if (!this.definitions.has(process)) throw notFound();
    const stream = controlStream(process);
    const [last] = await this.store.readBackwards(stream, 1);
    if ((last?.type ?? 'ProcessStarted') === event.type)
      throw new Problem(
        409,
        event.type === 'ProcessStopped' ? 'process-stopped' : 'process-not-stopped',
        event.type === 'ProcessStopped' ? 'The process is already stopped.' : 'The process is already running.',
      );
    const metadata = decidedBy(event.type === 'ProcessStopped' ? 'StopProcess' : 'StartProcess', 'enterprise', by);
    await this.store.append(stream, last?.revision ?? -1n, [{ ...event, metadata }]);
  }

  private async decide(
    process: string,
    id: string,
    by: Operator,
    command: string,
    decide: (instance: Instance, definitions: Definitions) => Decided,
  ): Promise<void> {
    for (let attempt = 0; ; attempt += 1) {
      const { instance, definitions } = await this.read(process, id);
      const event = decide(instance, definitions);
      const metadata = decidedBy(command, scopeIn(id), by);
      try {
        await this.store.append(`${process}-${id}`, instance.revision, [{ ...event, metadata }]);
        return;
      } catch (error) {
        if (!(error instanceof Conflict) || attempt >= 10) throw error;
      }
    }
  }

  private async read(process: string, id: string) {
    const definitions = this.definitions.get(process);
    const timeline = definitions ? await this.store.read<InstanceEvent>(`${process}-${id}`) : [];
    if (!definitions || timeline.length === 0) throw notFound();
    return { definitions, timeline, instance: timeline.reduce((so, event) => fold(so, event, definitions.of), fresh) };
  }
}

function ensureParked({ parked }: Instance): InstanceParked['data'] {
  if (parked) return parked;
  throw new Problem(409, 'instance-not-parked', 'The instance is not parked.', { whatToDo: 'Read it again: it may have continued.' });
}

const forced = (commandId: string, type: string, outcome: Outcome, { reason }: Operator): OutcomeForced => ({
  type: 'OutcomeForced',
  data: { commandId, type, outcome, reason },
});

const decidedBy = (command: string, facility: string, by: Operator) => metadataOf({ command, commandId: randomUUID(), facility, ...by });
