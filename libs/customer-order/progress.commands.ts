/** What the process records on a customer order. No client may send these. */
import { InputType, registerEnumType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { Amount } from '#manufacturing/quantity.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Flag, Id, Instant, Many, Matching, OneOf, Text, Texts, Whole } from '#platform/commands/fields';
import { LegStep } from './customer-order.events';

registerEnumType(LegStep, { name: 'LegStep', description: 'Steps of a leg of a customer order.' });

@InputType({ isAbstract: true })
abstract class ProgressCommand extends Command {
  @Id()
  readonly customerOrderId: string;
}

@InputType({ isAbstract: true })
abstract class LegCommand extends ProgressCommand {
  /** Number of the leg. */
  @Whole(1, 9_999)
  readonly leg: number;
}

@InputType('PlanBucketInput', {})
class PlanBucketInput {
  @Matching(/^\d{4}-\d\d-\d\d$/, '$property must be a date, e.g. 2026-01-05', { example: '2026-01-05' })
  readonly date: string;

  @Whole(0, 1_000_000_000)
  readonly minutes: number;
}

@InputType('PlanLegInput', {})
class PlanLegInput {
  @FacilityId()
  readonly facilityId: string;

  @Id()
  readonly capacityId: string;

  @Amount()
  readonly quantity: string;

  @Many(() => PlanBucketInput, 1_000)
  readonly buckets: PlanBucketInput[];

  @Instant({ optional: true })
  readonly start?: string;

  @Instant({ optional: true })
  readonly end?: string;
}

/** Record the plan that was chosen. Sent by a process. */
@InputType()
@Allow()
export class RecordPlanChosen extends ProgressCommand {
  @Id()
  readonly planId: string;

  @Many(() => PlanLegInput, 20)
  readonly legs: PlanLegInput[];
}

/** Record that a step of a leg was done. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegStep extends LegCommand {
  @OneOf(LegStep)
  readonly step: LegStep;

  @Whole(1, 1_000)
  readonly attempt: number;
}

/** Record that a step of a leg, or its undo, was refused. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegRefusal extends LegCommand {
  @OneOf(LegStep)
  readonly step: LegStep;

  @Flag()
  readonly undo: boolean;

  @Whole(1, 1_000)
  readonly attempt: number;

  @Code()
  readonly code: string;

  @Text(0, 2_000)
  readonly message: string;

  @Instant({ optional: true })
  readonly againAt?: string;

  /** True where a person has to act. */
  @Flag({ optional: true })
  readonly blocked?: boolean;
}

/** Record that a step of a leg was undone. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegUndo extends LegCommand {
  @OneOf(LegStep)
  readonly step: LegStep;
}

/** Record that nothing of a leg is left. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegUndone extends LegCommand {
  @Text(1, 500)
  readonly why: string;
}

/** Record that the quantity of a leg was reduced. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegReduced extends LegCommand {
  @Amount()
  readonly quantity: string;
}

/** Record that a leg has started. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegStarted extends LegCommand {}

/** Record what a leg that is over has made. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegEnded extends LegCommand {
  @Amount()
  readonly good: string;

  @Amount()
  readonly scrap: string;

  @Amount()
  readonly rework: string;

  /** True where the leg had been taken back, and a person decided that it counts. */
  @Flag({ optional: true })
  readonly takenBack?: boolean;
}

/** Record what became of what a leg shipped. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerLegDelivered extends LegCommand {
  @Amount()
  readonly received: string;

  @Amount()
  readonly short: string;

  @Amount()
  readonly damaged: string;

  @Amount()
  readonly lost: string;

  @Amount()
  readonly returned: string;
}

/** Record that the order waits for a decision. Sent by a process. */
@InputType()
@Allow()
export class RecordDecisionAwaited extends ProgressCommand {
  @Id()
  readonly decisionId: string;

  @Text(1, 500)
  readonly question: string;

  @Texts(1, 120, 10)
  readonly options: string[];

  @Instant()
  readonly dueAt: string;
}

/** Record what a person decided. Sent by a process. */
@InputType()
@Allow()
export class RecordDecisionTaken extends ProgressCommand {
  @Id()
  readonly decisionId: string;

  @Text(1, 120)
  readonly option: string;
}

/** Record that all legs are over and the demand is met, or accepted short. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerOrderCompleted extends ProgressCommand {
  /** True where less than was ordered was accepted. */
  @Flag({ optional: true })
  readonly short?: boolean;
}

/** Record that all legs of a cancelled order are over. Sent by a process. */
@InputType()
@Allow()
export class RecordCustomerOrderCancelled extends ProgressCommand {}
