import { InputType, registerEnumType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Id, OneOf, Reason, Text } from '#platform/commands/fields';
import { HoldCause, ResumptionDecision } from './job-states.events';

registerEnumType(HoldCause, { name: 'HoldCause', description: 'Cause of an interruption.' });
registerEnumType(ResumptionDecision, { name: 'ResumptionDecision', description: 'Decision of a supervisor on a held order.' });

/** Hold an order for an internal cause. */
@InputType()
@Allow('operator', 'supervisor', 'quality', 'device')
export class HoldWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(HoldCause)
  readonly cause: HoldCause;

  /** The machine that causes it; required for the cause Equipment. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  /** Why work stops. */
  @Reason()
  declare readonly reason: string;
}

/** Suspend an order for an external cause: starved or blocked. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class PauseWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(HoldCause)
  readonly cause: HoldCause;

  /** Why work stops. */
  @Reason()
  declare readonly reason: string;
}

/** Resume an interrupted order. */
@InputType()
@Allow('operator', 'supervisor')
export class ResumeWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Resume only if it is held for this machine. */
  @Id({ optional: true })
  readonly heldFor?: string;
}

/** Ask a supervisor to decide on a held order. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class RequestSupervisorDecision extends Command {
  @Id()
  readonly workOrderId: string;

  /** The machine that it is held for. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  @Text(1, 500)
  readonly question: string;
}

/** Decide on an order that waits for a supervisor. */
@InputType()
@Allow('supervisor')
export class DecideResumption extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(ResumptionDecision)
  readonly decision: ResumptionDecision;

  /** Why it is decided so. */
  @Reason()
  declare readonly reason: string;
}
