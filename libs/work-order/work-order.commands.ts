import { InputType, registerEnumType } from '@nestjs/graphql';
import type { Unit } from '#manufacturing/quantity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount, QuantityField, QuantityInput, UnitSymbol } from '#manufacturing/quantity.fields';
import { Code, Flag, Id, Instant, Many, OneOf, Reason, Text, Texts, Whole } from '#platform/commands/fields';
import { HoldCause, Readiness, ReportKind, ResumptionDecision } from './work-order.events';

registerEnumType(HoldCause, { name: 'HoldCause', description: 'What an interruption comes from.' });
registerEnumType(Readiness, { name: 'Readiness', description: 'Sub-states of AllowedToStart (OPC 10031-4).' });
registerEnumType(ReportKind, { name: 'ReportKind', description: 'What a floor report is about.' });
registerEnumType(ResumptionDecision, { name: 'ResumptionDecision', description: 'What a supervisor decides about a held order.' });

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

/** Pieces sent to scrap or to material review, with the reason. */
@InputType('ScrapInput', {})
class ScrapInput {
  /** In the unit of the report. */
  @Amount()
  readonly quantity: string;

  @Code()
  readonly reasonCode: string;
}

/** Bring a work order to the facility, with its operations. */
@InputType()
@Allow('planner', 'supervisor')
export class ReleaseWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** The production order that it works for, of the same facility. */
  @Id({ optional: true })
  readonly productionOrderId?: string;

  @Code()
  readonly product: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Many(() => OperationInput, 200)
  readonly operations: OperationInput[];

  /** Over-production that is allowed, in percent of the quantity; 0 when absent. */
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

  /** True to allow the start at once. */
  @Flag({ optional: true })
  readonly allowStart?: boolean;
}

/** Let a work order start. */
@InputType()
@Allow('planner', 'supervisor')
export class AllowStart extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Take the permission to start back. */
@InputType()
@Allow('planner', 'supervisor')
export class RevokeStart extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Change the terms of an order that has not started; what is absent stays. */
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

  /** Over-production that is allowed, in percent of the quantity. */
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

/** Let an order work for a production order of its facility. Sent by the process that follows links: link it to the production order. */
@InputType()
@Allow()
export class AttachWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @Id()
  readonly productionOrderId: string;
}

/** Take an order off its production order. Sent by the process that follows links: unlink it from the production order. */
@InputType()
@Allow()
export class DetachWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @Id()
  readonly productionOrderId: string;
}

/** Say whether an order that may start waits, is ready or is loaded. */
@InputType()
@Allow('operator', 'planner', 'supervisor', 'device')
export class StageWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(Readiness)
  readonly readiness: Readiness;

  /** What is missing, in words; needed for Waiting. */
  @Texts(1, 120, 20, { optional: true })
  readonly blockers?: string[];
}

/** Give an operation to a machine and, where known, to a person. */
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

/** Start an order with its first operation. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class StartWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** The machine, where none was dispatched or planned. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  @Code({ optional: true })
  readonly person?: string;
}

/** Start an operation on a machine; the first one starts the order. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class StartOperation extends Command {
  @Id()
  readonly workOrderId: string;

  @Code()
  readonly operationId: string;

  /** The machine, where none was dispatched or planned. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  @Code({ optional: true })
  readonly person?: string;
}

/** Say that an operation made its last piece. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class CompleteOperation extends Command {
  @Id()
  readonly workOrderId: string;

  @Code()
  readonly operationId: string;
}

/** Report good pieces, scrap and rework of an operation, in one report. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class ReportProduction extends Command {
  @Id()
  readonly workOrderId: string;

  /** Names the report within the order: the same report sent twice counts once. */
  @Code()
  readonly reportId: string;

  @Code()
  readonly operationId: string;

  @Id()
  readonly equipmentId: string;

  @Code({ optional: true })
  readonly person?: string;

  /** Good pieces since the last report, not in total. */
  @Amount()
  readonly good: string;

  @Many(() => ScrapInput, 50, { optional: true, min: 0 })
  readonly scrap?: ScrapInput[];

  /** Pieces to be worked again; none when absent. */
  @Amount({ optional: true })
  readonly rework?: string;

  /** Unit of all amounts; the order's unit when absent. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** Floor time at which the reported work began. */
  @Instant()
  readonly from: string;

  /** Floor time at which it ended. */
  @Instant()
  readonly to: string;
}

/** Record a floor report as it is: it is never refused; a rule that it breaks is recorded beside it. */
@InputType()
@Allow('device', 'engineer')
export class ObserveProduction extends Command {
  @Id()
  readonly workOrderId: string;

  /** Names the report within the order: the same report sent twice counts once. */
  @Code()
  readonly reportId: string;

  @OneOf(ReportKind)
  readonly kind: ReportKind;

  @Code()
  readonly operationId: string;

  /** The operation in the floor's words, where the order does not plan it. */
  @Text(1, 120, { optional: true })
  readonly operationName?: string;

  @Id()
  readonly equipmentId: string;

  @Code({ optional: true })
  readonly person?: string;

  @Amount()
  readonly good: string;

  @Many(() => ScrapInput, 50, { optional: true, min: 0 })
  readonly scrap?: ScrapInput[];

  /** Pieces worked again or to be worked again; none when absent. */
  @Amount({ optional: true })
  readonly rework?: string;

  /** Unit of all amounts; the order's unit when absent, pcs where that is unknown. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** Floor time at which the reported work began. */
  @Instant()
  readonly from: string;

  /** Floor time at which it ended. */
  @Instant()
  readonly to: string;

  /** The product that the report names. */
  @Code({ optional: true })
  readonly product?: string;

  /** The ordered quantity that the report names. */
  @QuantityField({ optional: true })
  readonly ordered?: QuantityInput;

  /** The line or message that it was read from. */
  @Text(1, 2_000, { optional: true })
  readonly source?: string;

  /** Where that is: file and line, or topic. */
  @Text(1, 200, { optional: true })
  readonly sourceRow?: string;
}

/** Report the reading of a machine's counter: what it advanced counts as good pieces. Never refused. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class ReportCounter extends Command {
  @Id()
  readonly workOrderId: string;

  @Code()
  readonly counterId: string;

  @Code()
  readonly operationId: string;

  @Id()
  readonly equipmentId: string;

  /** The reading as it stands. */
  @Amount()
  readonly raw: string;

  /** The value at which the counter starts again from zero, e.g. 65536 for a 16-bit register. */
  @Amount({ optional: true })
  readonly wrapAt?: string;
}

/** Replace a wrong report by the right figures; the wrong one stays visible. Zero everywhere says that it never happened. */
@InputType()
@Allow('supervisor', 'quality')
export class CorrectReport extends Command {
  @Id()
  readonly workOrderId: string;

  /** The report that is wrong. */
  @Code()
  readonly reportId: string;

  /** Names the report that holds the right figures. */
  @Code()
  readonly replacementReportId: string;

  @Amount()
  readonly good: string;

  @Many(() => ScrapInput, 50, { optional: true, min: 0 })
  readonly scrap?: ScrapInput[];

  /** Pieces to be worked again; none when absent. */
  @Amount({ optional: true })
  readonly rework?: string;

  /** The times of the wrong report when absent. */
  @Instant({ optional: true })
  readonly from?: string;

  @Instant({ optional: true })
  readonly to?: string;

  /** Why the report was wrong. */
  @Reason()
  declare readonly reason: string;
}

/** Stop work for a cause inside the machine. */
@InputType()
@Allow('operator', 'supervisor', 'quality', 'device')
export class HoldWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(HoldCause)
  readonly cause: HoldCause;

  /** The machine that causes it; needed for the cause Equipment. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  /** Why work stops. */
  @Reason()
  declare readonly reason: string;
}

/** Stop work for a cause outside the machine: starved or blocked. */
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

/** Go on with an interrupted order. */
@InputType()
@Allow('operator', 'supervisor')
export class ResumeWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Resume only if it is held for this machine. */
  @Id({ optional: true })
  readonly heldFor?: string;
}

/** Ask a supervisor what becomes of a held order. */
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

/** Decide what becomes of an order that waits for a supervisor. */
@InputType()
@Allow('supervisor')
export class DecideResumption extends Command {
  @Id()
  readonly workOrderId: string;

  @OneOf(ResumptionDecision)
  readonly decision: ResumptionDecision;

  /** Why so. */
  @Reason()
  declare readonly reason: string;
}

/** End an order whose operations are all complete and whose quantity is reached. */
@InputType()
@Allow('operator', 'supervisor')
export class CompleteWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;
}

/** End an order before it is complete. */
@InputType()
@Allow('supervisor', 'planner')
export class StopWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it ends early. */
  @Reason()
  declare readonly reason: string;
}

/** Break an order off. */
@InputType()
@Allow('supervisor')
export class AbortWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it is broken off. */
  @Reason()
  declare readonly reason: string;
}

/** Close the books of an ended or aborted order; from then on it takes corrections only. */
@InputType()
@Allow('supervisor', 'planner')
export class CloseWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;
}

/** Withdraw an order that has not started. */
@InputType()
@Allow('planner', 'supervisor')
export class CancelWorkOrder extends Command {
  @Id()
  readonly workOrderId: string;

  /** Why it is withdrawn. */
  @Reason()
  declare readonly reason: string;
}
