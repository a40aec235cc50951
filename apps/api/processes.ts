import { randomUUID } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import { Field, Int, InputType, ObjectType } from '@nestjs/graphql';
import { ApiProperty } from '@nestjs/swagger';
import { Pool } from 'pg';
import { ROLES } from '#manufacturing/roles';
import { Registry } from '#platform/commands/registry';
import { Flag, Reason, Text, Whole } from '#platform/commands/fields';
import { DateTime, Json } from '#platform/commands/scalars';
import { notFound, Problem } from '#platform/problem/problem';
import { labelOf } from '#platform/processes/labels';
import { type ForcedOutcome, type Operator, ProcessOperations } from '#platform/processes/operations';
import { queueReports } from '#platform/processes/queue-report';
import { ProcessInstanceRow } from '#platform/processes/process-instance.view';
import { listOf } from '#platform/queries/list';
import type { Principal } from '#platform/security/access';
import { caller, mayReach } from '#platform/security/auth';
import { currentContext } from '#platform/security/context';
import { EventStore } from '#platform/store/event-store';
import { scopeIn } from '#kernel/identity';
import { processes } from '#processes/processes';

/** The roles that operate processes. */
export const OPERATORS = ['supervisor', 'engineer'] as const;

export const processInstanceList = listOf(ProcessInstanceRow, {
  path: 'processes',
  many: 'processInstances',
  roles: OPERATORS,
  filters: { process: 'equals', state: 'equals', instanceId: 'equals', since: 'range', dueAt: 'range' },
  sorts: ['since', 'dueAt'],
  sortedBy: 'sinceDescending',
  about: 'The instances of all processes: status, what each waits for, and why it is parked.',
});

@InputType()
export class InstanceInput {
  /** Name of the process, e.g. `when-lot-split-create-child`. */
  @Text(1, 100)
  readonly process: string;

  /** Id of the instance, as in the list. */
  @Text(1, 200)
  readonly instanceId: string;
}

@InputType()
export class DecideOnInstanceInput extends InstanceInput {
  /** Why, for the auditor. */
  @Reason()
  readonly reason: string;
}

@InputType()
export class ForceOutcomeInput extends DecideOnInstanceInput {
  /** Command id of a requested action without an outcome. */
  @Text(1, 64)
  readonly commandId: string;

  /** True to count the action as accepted, false as refused. */
  @Flag()
  readonly accepted: boolean;

  /** Code of the refusal; `refused-by-operator` when absent. */
  @Text(1, 100, { optional: true })
  readonly code?: string;
}

@InputType()
export class MigrateInstanceInput extends DecideOnInstanceInput {
  /** The version of the definition to migrate to. */
  @Whole(1, 1_000_000)
  readonly version: number;
}

@InputType()
export class DecideOnProcessInput {
  /** Name of the process. */
  @Text(1, 100)
  readonly process: string;

  /** Why, for the auditor. */
  @Reason()
  readonly reason: string;
}

/** An instance of a process with its history. */
@ObjectType('ProcessInstance', {})
export class ProcessInstance {
  @Field(() => String)
  @ApiProperty({ type: String })
  process: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  instanceId: string;

  @Field(() => String)
  @ApiProperty({ type: String })
  facilityId: string;

  @Field(() => Int, { description: 'Version of its definition.' })
  @ApiProperty({ type: 'integer', description: 'Version of its definition.' })
  version: number;

  @Field(() => String, { description: 'Revision of its stream.' })
  @ApiProperty({ type: String, description: 'Revision of its stream.' })
  revision: string;

  @Field(() => String, { nullable: true, description: 'Status text of its definition.' })
  @ApiProperty({ type: String, nullable: true, description: 'Status text of its definition.' })
  status: string | null;

  @Field(() => Boolean)
  @ApiProperty({ type: Boolean })
  over: boolean;

  @Field(() => Boolean)
  @ApiProperty({ type: Boolean })
  paused: boolean;

  @Field(() => Json, { nullable: true, description: 'Why it is parked, on what, and every attempt.' })
  @ApiProperty({ type: Object, nullable: true, description: 'Why it is parked, on what, and every attempt.' })
  parked: unknown;

  @Field(() => Json, { description: 'The state of its definition.' })
  @ApiProperty({ type: Object, nullable: true, description: 'The state of its definition.' })
  state: unknown;

  @Field(() => Json, { description: 'Requested actions without an outcome.' })
  @ApiProperty({ type: [Object], description: 'Requested actions without an outcome.' })
  pending: unknown;

  @Field(() => Json, { description: 'Pending timers.' })
  @ApiProperty({ type: [Object], description: 'Pending timers.' })
  timers: unknown;

  @Field(() => Json, { description: 'Inputs that wait while it is parked or paused.' })
  @ApiProperty({ type: [Object], description: 'Inputs that wait while it is parked or paused.' })
  waiting: unknown;

  @Field(() => Json, { description: 'All events of its stream, oldest first, each with a label.' })
  @ApiProperty({ type: [Object], description: 'All events of its stream, oldest first, each with a label.' })
  timeline: unknown;
}

/** Jobs of one queue by state. The job queue only wakes what the log says is due: timers are never lost with it. */
@ObjectType('JobQueue', {})
class JobQueueAnswer {
  @Field(() => String)
  @ApiProperty({ type: String })
  queue: string;

  @Field(() => String, { description: '`postgresql` or `redis`.' })
  @ApiProperty({ type: String, description: '`postgresql` or `redis`.' })
  backend: string;

  @Field(() => Int, { description: 'Due, and not begun.' })
  @ApiProperty({ type: 'integer', description: 'Due, and not begun.' })
  waiting: number;

  @Field(() => Int, { description: 'Being worked on.' })
  @ApiProperty({ type: 'integer', description: 'Being worked on.' })
  active: number;

  @Field(() => Int, { description: 'Not due yet.' })
  @ApiProperty({ type: 'integer', description: 'Not due yet.' })
  delayed: number;

  @Field(() => Int, { description: 'Given up after all attempts.' })
  @ApiProperty({ type: 'integer', description: 'Given up after all attempts.' })
  failed: number;

  @Field(() => DateTime, { description: 'When a worker counted them; every five seconds.' })
  @ApiProperty({ type: String, format: 'date-time', description: 'When a worker counted them; every five seconds.' })
  countedAt: string;
}

@ObjectType('JobQueues', {})
export class JobQueues {
  @Field(() => [JobQueueAnswer])
  @ApiProperty({ type: [JobQueueAnswer] })
  items: JobQueueAnswer[];
}

/** What operators can do with processes, within their facilities. */
@Injectable()
export class Processes {
  private readonly operations: ProcessOperations;

  constructor(
    @Inject(EventStore) store: EventStore,
    @Inject(Pool) private readonly pool: Pool,
    @Inject(Registry) registry: Registry,
  ) {
    this.operations = new ProcessOperations(store, pool, processes, ({ type, data }) => registry.targetOf(type, data) ?? '');
  }

  /** Their jobs are those of all plants. @throws Problem 403 */
  async queues(): Promise<JobQueues> {
    ofAll();
    return { items: await queueReports(this.pool) };
  }

  async look({ process, instanceId }: InstanceInput): Promise<ProcessInstance> {
    this.ensureInScope(instanceId);
    const { id, status = null, parked = null, timeline, ...look } = await this.operations.look(process, instanceId);
    const steps = timeline.map((event) => {
      const { revision, type, data, recordedAt, metadata } = event;
      return {
        revision,
        label: labelOf(event),
        type,
        data,
        recordedAt,
        actor: metadata.actor,
        role: metadata.role,
        reason: metadata.reason,
      };
    });
    return plain({ ...look, instanceId: id, status, parked, timeline: steps }) as ProcessInstance;
  }

  retry = (input: DecideOnInstanceInput) => this.decide(input, (by) => this.operations.retry(input.process, input.instanceId, by));
  skip = (input: DecideOnInstanceInput) => this.decide(input, (by) => this.operations.skip(input.process, input.instanceId, by));
  pause = (input: DecideOnInstanceInput) => this.decide(input, (by) => this.operations.pause(input.process, input.instanceId, by));
  resume = (input: DecideOnInstanceInput) => this.decide(input, (by) => this.operations.resume(input.process, input.instanceId, by));
  migrate = (input: MigrateInstanceInput) =>
    this.decide(input, (by) => this.operations.migrate(input.process, input.instanceId, input.version, by));
  force = (input: ForceOutcomeInput) => {
    const { process, instanceId, commandId, accepted, code = 'refused-by-operator', reason } = input;
    const outcome: ForcedOutcome = accepted ? { accepted: {} } : { refused: { code, message: reason } };
    return this.decide(input, (by) => this.operations.force(process, instanceId, commandId, outcome, by));
  };

  async stop(input: DecideOnProcessInput): Promise<void> {
    await this.operations.stopProcess(input.process, operatorOf(ofAll(), input.reason));
  }
  async start(input: DecideOnProcessInput): Promise<void> {
    await this.operations.startProcess(input.process, operatorOf(ofAll(), input.reason));
  }

  private async decide(input: DecideOnInstanceInput, run: (by: Operator) => Promise<void>): Promise<ProcessInstance> {
    this.ensureInScope(input.instanceId);
    await run(operatorOf(caller(), input.reason));
    return this.look(input);
  }

  private ensureInScope(instanceId: string): void {
    if (!mayReach(caller(), scopeIn(instanceId))) throw notFound();
  }
}

/** Processes and queues serve all plants: only a caller with all facilities may stop or see them. */
function ofAll(): Principal {
  const principal = caller();
  if (principal.scopes.includes('*')) return principal;
  throw new Problem(403, 'facility-not-in-scope', 'Processes and job queues as a whole need access to all facilities.', {
    whatToDo: 'Use a token for all facilities (`*`).',
  });
}

const operatorOf = ({ actor, roles }: Principal, reason: string): Operator => ({
  actor,
  role: roles.find((role) => (OPERATORS as readonly string[]).includes(role)) ?? ROLES[0],
  correlationId: currentContext()?.correlationId ?? randomUUID(),
  reason,
});

const plain = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => (typeof inner === 'bigint' ? inner.toString() : inner)));
