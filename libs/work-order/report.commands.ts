import { InputType, registerEnumType } from '@nestjs/graphql';
import type { Unit } from '#manufacturing/quantity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount, QuantityField, QuantityInput, UnitSymbol } from '#manufacturing/quantity.fields';
import { Code, Id, Instant, Many, OneOf, Reason, Text } from '#platform/commands/fields';
import { ReportKind } from './report.events';

registerEnumType(ReportKind, { name: 'ReportKind', description: 'Kind of a floor report.' });

/** Pieces sent to scrap or to material review, with the reason. */
@InputType('ScrapInput', {})
class ScrapInput {
  /** In the unit of the report. */
  @Amount()
  readonly quantity: string;

  @Code()
  readonly reasonCode: string;
}

/** What a report of the floor says, ordered or observed. */
@InputType({ isAbstract: true })
abstract class FloorReport extends Command {
  @Id()
  readonly workOrderId: string;

  /** Names the report within the order: a report that is sent twice counts once. */
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

  /** Pieces reworked or to be reworked; none when absent. */
  @Amount({ optional: true })
  readonly rework?: string;

  /** Unit of all amounts; the order's unit when absent, pcs if that is unknown. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** Floor time at which the reported work began. */
  @Instant()
  readonly from: string;

  /** Floor time at which it ended. */
  @Instant()
  readonly to: string;
}

/** Report good pieces, scrap and rework of an operation, in one report. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class ReportProduction extends FloorReport {}

/** Record a floor report as it is. Never refused; the rules that it breaks are flagged beside it. */
@InputType()
@Allow('device', 'engineer')
export class ObserveProduction extends FloorReport {
  @OneOf(ReportKind)
  readonly kind: ReportKind;

  /** Name of the operation as the floor reports it, if it is not planned in the order. */
  @Text(1, 120, { optional: true })
  readonly operationName?: string;

  /** The product according to the report. */
  @Code({ optional: true })
  readonly product?: string;

  /** The ordered quantity according to the report. */
  @QuantityField({ optional: true })
  readonly ordered?: QuantityInput;

  /** The line or message that it was read from. */
  @Text(1, 2_000, { optional: true })
  readonly source?: string;

  /** Its location: file and line, or topic. */
  @Text(1, 200, { optional: true })
  readonly sourceRow?: string;

  /** Another id that it may have been recorded with, by a sender of an earlier release: then it is that report. */
  @Code({ optional: true })
  readonly formerReportId?: string;
}

/**
 * Record that the floor took back pieces that it had reported: the newest report of the operation and machine with just these amounts, or else with
 * enough of them, is corrected. Refused where there is none.
 */
@InputType()
@Allow('device', 'engineer')
export class ReverseObservation extends Command {
  @Id()
  readonly workOrderId: string;

  /** Names the correction within the order: the same reversal sent twice counts once. */
  @Code()
  readonly reportId: string;

  @Code()
  readonly operationId: string;

  @Id()
  readonly equipmentId: string;

  /** Good pieces to take back. */
  @Amount()
  readonly good: string;

  @Many(() => ScrapInput, 50, { optional: true, min: 0 })
  readonly scrap?: ScrapInput[];

  /** Pieces of rework to take back; none when absent. */
  @Amount({ optional: true })
  readonly rework?: string;

  /** Unit of all amounts; the order's unit when absent. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** Another id that it may have been recorded with, by a sender of an earlier release: then it is that reversal. */
  @Code({ optional: true })
  readonly formerReportId?: string;
}

/** Report a reading of a machine's counter: its advance counts as good pieces. Never refused. */
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

  /** The current reading. */
  @Amount()
  readonly raw: string;

  /** The value at which the counter starts again from zero, e.g. 65536 for a 16-bit register. */
  @Amount({ optional: true })
  readonly wrapAt?: string;
}

/** Replace a wrong report by the right quantities; the wrong one stays visible. All zero withdraws it. */
@InputType()
@Allow('supervisor', 'quality')
export class CorrectReport extends Command {
  @Id()
  readonly workOrderId: string;

  /** The wrong report. */
  @Code()
  readonly reportId: string;

  /** Id of the report with the right quantities. */
  @Code()
  readonly replacementReportId: string;

  /** The operation, where the wrong report named another one. */
  @Code({ optional: true })
  readonly operationId?: string;

  /** The machine, where the wrong report named another one. */
  @Id({ optional: true })
  readonly equipmentId?: string;

  @Amount()
  readonly good: string;

  @Many(() => ScrapInput, 50, { optional: true, min: 0 })
  readonly scrap?: ScrapInput[];

  /** Pieces to be reworked; none when absent. */
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
