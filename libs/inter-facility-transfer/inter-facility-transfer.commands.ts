import { InputType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { Amount } from '#manufacturing/quantity.fields';
import { TransferItemId, TransferItemInput, TransferPartInput } from '#manufacturing/shipment.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Flag, Id, Instant, Many, Reason, Text, Whole } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class TransferCommand extends Command {
  /** In the plant that ships: lyon.T1. */
  @Id()
  readonly transferId: string;
}

@InputType('TransferArrivalInput', {})
class TransferArrivalInput {
  @TransferItemId()
  readonly item: string;

  @Amount()
  readonly received: string;

  @Amount()
  readonly damaged: string;
}

/** Plan to move material to another plant. */
@InputType()
@Allow('planner', 'supervisor')
export class PlanTransfer extends TransferCommand {
  @FacilityId()
  readonly toFacilityId: string;

  /** Each lot, or material without a lot, once. */
  @Many(() => TransferItemInput, 20)
  readonly items: TransferItemInput[];

  /** The customer order that it is for. */
  @Id({ optional: true })
  readonly customerOrderId?: string;
}

/** Report what was picked. It is taken out of its lots; if a lot cannot give it, the pick is undone. */
@InputType()
@Allow('operator', 'supervisor')
export class PickTransfer extends TransferCommand {
  /** What was picked, at most as planned; all as planned when absent. */
  @Many(() => TransferItemInput, 20, { optional: true })
  readonly items?: TransferItemInput[];
}

/** Report that it has left the plant. After that it cannot be cancelled. */
@InputType()
@Allow('operator', 'supervisor')
export class ShipTransfer extends TransferCommand {
  @Text(1, 80, { optional: true })
  readonly carrier?: string;

  /** Expected arrival. */
  @Instant()
  readonly eta: string;
}

/** Report another expected arrival. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class ReportDelay extends TransferCommand {
  /** Expected arrival. */
  @Instant()
  readonly eta: string;

  /** Why it is late. */
  @Reason()
  declare readonly reason: string;
}

/** Report what was lost on the way. */
@InputType()
@Allow('supervisor', 'planner')
export class ReportLoss extends TransferCommand {
  /** Names the loss within the transfer, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly lossId?: string;

  /** What was lost; all that is in transit when absent. */
  @Many(() => TransferPartInput, 20, { optional: true })
  readonly items?: TransferPartInput[];

  /** What happened. */
  @Reason()
  declare readonly reason: string;
}

/** Report what came back from transit; its lots have it again. */
@InputType()
@Allow('operator', 'supervisor')
export class ReturnTransfer extends TransferCommand {
  /** Names the return within the transfer, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly returnId?: string;

  /** What came back; all that is in transit when absent. */
  @Many(() => TransferPartInput, 20, { optional: true })
  readonly items?: TransferPartInput[];

  /** Why it came back. */
  @Reason()
  declare readonly reason: string;
}

/** Cancel a transfer that has not left; what was picked goes back to its lots. */
@InputType()
@Allow('planner', 'supervisor')
export class CancelTransfer extends TransferCommand {
  /** Why it is cancelled. */
  @Reason()
  declare readonly reason: string;
}

/** Record that what was picked has left its lots. Sent by the process that books picks. */
@InputType()
@Allow()
export class RecordLotsBooked extends TransferCommand {
  @Whole(1, 9_999)
  readonly pick: number;
}

/** Undo a pick that a lot could not give. Sent by the process that books picks. */
@InputType()
@Allow()
export class UndoPick extends TransferCommand {
  @Whole(1, 9_999)
  readonly pick: number;

  @Reason()
  declare readonly reason: string;
}

/** Record what the other plant received. Sent by the process that books receipts. */
@InputType()
@Allow()
export class RecordTransferReceipt extends TransferCommand {
  @Code()
  readonly receiptId: string;

  @Many(() => TransferArrivalInput, 20)
  readonly items: TransferArrivalInput[];

  /** Nothing more of these items is expected: what is missing is short. */
  @Flag()
  readonly complete: boolean;
}

/** Record what the other plant declared lost. Sent by the process that books receipts. */
@InputType()
@Allow()
export class RecordTransferLoss extends TransferCommand {
  @Code()
  readonly lossId: string;

  @Many(() => TransferPartInput, 20)
  readonly items: TransferPartInput[];

  @Reason()
  declare readonly reason: string;
}

/** Record that the other plant refused it. Sent by the process that books receipts. */
@InputType()
@Allow()
export class RecordTransferRefusal extends TransferCommand {
  @Code()
  readonly refusalId: string;

  @Reason()
  declare readonly reason: string;
}
