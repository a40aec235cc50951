import { InputType, registerEnumType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount, QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Code, Flag, Id, Instant, Many, OneOf, Reason, Text, Texts, Whole } from '#platform/commands/fields';
import { Readiness } from './job-states.events';

registerEnumType(Readiness, { name: 'Readiness', description: 'Sub-states of AllowedToStart (OPC 10031-4).' });

/** One operation of an order. */
@InputType('OperationInput', {})
class OperationInput {
  /** Code within the order, e.g. 10. */
  @Code()
  readonly operationId: string;

  @Text(1, 120)
  readonly name: string;

  /** Place in the routing; a smaller one is upstream. */
  @Whole(0, 1_000_000)
  readonly sequence: number;

  /** The pool of equipment that can do it. */
  @Code({ optional: true })
  readonly equipmentClass?: string;

  /** The machine that it is planned for. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  /** Ideal run time of one unit, in seconds, as a decimal string. */
  @Amount({ optional: true })
  readonly idealCycleSeconds?: string;

  /** True where pieces may be passed on before the operation upstream reports them; false when absent. */
  @Flag({ optional: true })
  readonly overlapAllowed?: boolean;
}

/** Release a work order to a facility, with its operations. */
@InputType()
@Allow('planner', 'supervisor')
export class ReleaseWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** The production order that it belongs to, of the same facility. */
  @Id({ optional: true })
  readonly productionOrderId?: string;

  @Code()
  readonly product: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Many(() => OperationInput, 200)
  readonly operations: OperationInput[];

  /** Allowed over-production, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly overPercent?: string;

  /** Under-production that still counts as complete, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly underPercent?: string;

  @Instant({ optional: true })
  readonly plannedStart?: string;

  @Instant({ optional: true })
  readonly plannedEnd?: string;

  /** The work directive (instruction) that the order follows. */
  @Code({ optional: true })
  readonly directiveId?: string;

  @Code({ optional: true })
  readonly directiveVersion?: string;

  /** How long a hold for equipment may last before a supervisor is asked, in minutes; 30 when absent. */
  @Whole(1, 10_080, { optional: true })
  readonly resumeWithinMinutes?: number;

  /** True to allow the start in the same command. */
  @Flag({ optional: true })
  readonly allowStart?: boolean;
}

/** Allow a work order to start. */
@InputType()
@Allow('planner', 'supervisor')
export class AllowStart extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Revoke the permission to start. */
@InputType()
@Allow('planner', 'supervisor')
export class RevokeStart extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Change the terms of an order that has not started; absent fields stay. */
@InputType()
@Allow('planner', 'supervisor')
export class UpdateWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** New amount, in the unit of the order. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  /** All operations, replacing the earlier ones. */
  @Many(() => OperationInput, 200, { optional: true })
  readonly operations?: OperationInput[];

  /** Allowed over-production, in percent of the quantity. */
  @Amount({ optional: true })
  readonly overPercent?: string;

  /** Under-production that still counts as complete, in percent of the quantity. */
  @Amount({ optional: true })
  readonly underPercent?: string;

  @Instant({ optional: true })
  readonly plannedStart?: string;

  @Instant({ optional: true })
  readonly plannedEnd?: string;

  @Code({ optional: true })
  readonly directiveId?: string;

  @Code({ optional: true })
  readonly directiveVersion?: string;

  /** How long a hold for equipment may last before a supervisor is asked, in minutes. */
  @Whole(1, 10_080, { optional: true })
  readonly resumeWithinMinutes?: number;
}

/** Change how much is ordered or when, also while work is under way; absent fields stay. Not below what was made. */
@InputType()
@Allow('planner', 'supervisor')
export class AmendWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** New amount, in the unit of the order. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  @Instant({ optional: true })
  readonly plannedStart?: string;

  /** When it is due. */
  @Instant({ optional: true })
  readonly plannedEnd?: string;

  /** Why it is changed. */
  @Reason()
  declare readonly reason: string;
}

/** Attach a work order to a production order of its facility. Sent by a process; clients send LinkWorkOrder to the production order. */
@InputType()
@Allow()
export class AttachWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @Id()
  readonly productionOrderId: string;
}

/** Detach a work order from its production order. Sent by a process; clients send UnlinkWorkOrder to the production order. */
@InputType()
@Allow()
export class DetachWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @Id()
  readonly productionOrderId: string;
}

/** Set whether an order that may start is waiting, ready or loaded. */
@InputType()
@Allow('operator', 'planner', 'supervisor', 'device')
export class StageWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(Readiness)
  readonly readiness: Readiness;

  /** What is missing; required for Waiting. */
  @Texts(1, 120, 20, { optional: true })
  readonly blockers?: string[];
}

/** Dispatch an operation to a machine and, if known, to a person. */
@InputType()
@Allow('planner', 'supervisor')
export class DispatchOperation extends Command {
  @Id()
  readonly workOrderId: string;

  @Code()
  readonly operationId: string;

  @Id()
  readonly equipmentId: string;

  @Code({ optional: true })
  readonly person?: string;
}

@InputType({ isAbstract: true })
abstract class MachineStart extends Command {
  @Id()
  readonly workOrderId: string;

  /** The machine; the dispatched or planned one when absent. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  @Code({ optional: true })
  readonly person?: string;

  /** Share of a cumulative capacity that it takes; 1 when absent. */
  @Whole(1, 1_000_000, { optional: true })
  readonly load?: number;

  /** What the jobs of one batch have in common, e.g. the oven programme; needed on a batch machine. */
  @Code({ optional: true })
  readonly batchKey?: string;
}

/** Start an order with its first operation. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class StartWorkOrder extends MachineStart {}

/** Start an operation on a machine; the first one starts the order. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class StartOperation extends MachineStart {
  @Code()
  readonly operationId: string;
}

/** Complete an operation. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class CompleteOperation extends Command {
  @Id()
  readonly workOrderId: string;

  @Code()
  readonly operationId: string;
}

/** End an order whose operations are all complete and whose quantity is reached. */
@InputType()
@Allow('operator', 'supervisor')
export class CompleteWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Stop an order before it is complete. */
@InputType()
@Allow('supervisor', 'planner')
export class StopWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it ends early. */
  @Reason()
  declare readonly reason: string;
}

/** Abort an order. */
@InputType()
@Allow('supervisor')
export class AbortWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it is aborted. */
  @Reason()
  declare readonly reason: string;
}

/** Close an ended or aborted order; from then on it accepts corrections only. */
@InputType()
@Allow('supervisor', 'planner')
export class CloseWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Cancel an order that has not started. */
@InputType()
@Allow('planner', 'supervisor')
export class CancelWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it is cancelled. */
  @Reason()
  declare readonly reason: string;
}
