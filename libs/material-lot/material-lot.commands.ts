import { InputType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Code, Id, Ids, Instant, Reason, Text, Whole } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class LotCommand extends Command {
  @Id()
  readonly lotId: string;
}

/** Receive material from a supplier: a new lot, or with `deliveryId` a further delivery of a lot. */
@InputType()
@Allow('operator', 'supervisor')
export class ReceiveLot extends LotCommand {
  /** Names the delivery within the lot, e.g. a delivery note. Needed for every delivery after the first. */
  @Code({ optional: true })
  readonly deliveryId?: string;

  /** The material that it is a lot of. */
  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** The first instant at which it may no longer be used; absent where it does not expire. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Code({ optional: true })
  readonly supplierId?: string;

  /** The supplier's own lot number. */
  @Text(1, 64, { optional: true })
  readonly supplierLot?: string;

  /** Where it is stored, in the same plant. */
  @Id({ optional: true })
  readonly locationId?: string;
}

/** Put the output of a work order into a lot; creates the lot the first time. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class ProduceLot extends LotCommand {
  /** Names the production within the lot, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly productionId?: string;

  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Id()
  readonly workOrderId: string;

  @Code({ optional: true })
  readonly operationId?: string;

  /** The lot keeps the earliest expiry of its contents. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Id({ optional: true })
  readonly locationId?: string;
}

/** Reverse a production that was booked in error. */
@InputType()
@Allow('supervisor')
export class ReverseProduction extends LotCommand {
  @Code()
  readonly productionId: string;

  @Reason()
  declare readonly reason: string;
}

/** Reserve part of a lot for a work order. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class ReserveLot extends LotCommand {
  @Code()
  readonly reservationId: string;

  /** The owner: only it can consume the reservation. */
  @Id()
  readonly workOrderId: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}

/** Release what is left of a reservation. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class UnreserveLot extends LotCommand {
  @Code()
  readonly reservationId: string;

  /** The owner of the reservation. */
  @Id()
  readonly workOrderId: string;
}

/** Consume material of a lot for a work order. */
@InputType()
@Allow('operator', 'supervisor', 'device')
export class ConsumeLot extends LotCommand {
  /** Names the consumption within the lot, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly consumptionId?: string;

  @Id()
  readonly workOrderId: string;

  @Code({ optional: true })
  readonly operationId?: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** The work order's own reservation to consume from; free stock when absent. */
  @Code({ optional: true })
  readonly reservationId?: string;
}

/** Reverse a consumption that was booked in error, or return what was left over. */
@InputType()
@Allow('operator', 'supervisor')
export class ReverseConsumption extends LotCommand {
  /** Names the reversal, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly reversalId?: string;

  @Code()
  readonly consumptionId: string;

  /** All that is left of the consumption when absent. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  @Reason()
  declare readonly reason: string;
}

/** Split a part off a lot: it becomes a lot of its own, with the same material, expiry and place. */
@InputType()
@Allow('operator', 'supervisor')
export class SplitLot extends LotCommand {
  /** Id of the new lot. */
  @Id()
  readonly childLotId: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}

@InputType({ isAbstract: true })
abstract class MovedStock extends LotCommand {
  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Ids(1000)
  readonly ancestors: string[];
}

/** Create the new lot of a split. Sent by the process that carries out splits. */
@InputType()
@Allow()
export class CreateLotFromSplit extends MovedStock {
  @Id()
  readonly parentLotId: string;

  @Id({ optional: true })
  readonly locationId?: string;
}

/** Undo a split whose new lot could not be created. Sent by the process that carries out splits. */
@InputType()
@Allow()
export class UndoSplit extends LotCommand {
  @Id()
  readonly childLotId: string;

  @Reason()
  declare readonly reason: string;
}

/** Merge all of a lot into another one of the same material. */
@InputType()
@Allow('operator', 'supervisor')
export class MergeLot extends LotCommand {
  @Id()
  readonly intoLotId: string;
}

/** Add a lot that is merged into this one. Sent by the process that carries out merges. */
@InputType()
@Allow()
export class AddMergedLot extends MovedStock {
  @Id()
  readonly fromLotId: string;
}

/** Undo a merge that the other lot refused. Sent by the process that carries out merges. */
@InputType()
@Allow()
export class UndoMerge extends LotCommand {
  @Id()
  readonly intoLotId: string;

  @Reason()
  declare readonly reason: string;
}

@InputType({ isAbstract: true })
abstract class TransferPick extends LotCommand {
  @Id()
  readonly transferId: string;

  /** Counts the picks of the transfer. */
  @Whole(1, 9_999)
  readonly pick: number;
}

/** Take what was picked for a transfer out of its lot. Sent by the process that books picks. */
@InputType()
@Allow()
export class IssueLotToTransfer extends TransferPick {
  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}

/** Put back what a transfer took. Sent by the process that books picks. */
@InputType()
@Allow()
export class TakeBackFromTransfer extends TransferPick {
  /** Names the booking within the pick, so that it is booked once. */
  @Code()
  readonly backId: string;

  /** All that the transfer still has when absent. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  @Reason()
  declare readonly reason: string;
}

/** Book what arrived from another plant into a lot; creates the lot the first time. Sent by the process that books receipts. */
@InputType()
@Allow()
export class ReceiveLotFromTransfer extends LotCommand {
  @Id()
  readonly transferId: string;

  @Code()
  readonly receiptId: string;

  /** The lot of the other plant. */
  @Id({ optional: true })
  readonly fromLotId?: string;

  @Code()
  readonly materialId: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Ids(1000, { optional: true })
  readonly ancestors?: string[];
}

/** Move a lot to another place of its plant. */
@InputType()
@Allow('operator', 'supervisor')
export class MoveLot extends LotCommand {
  @Id()
  readonly locationId: string;
}

/** Block the use of a lot until the hold is released. */
@InputType()
@Allow('quality', 'supervisor')
export class HoldLot extends LotCommand {
  /** Names the hold within the lot; there may be several at a time. */
  @Code()
  readonly holdId: string;

  @Reason()
  declare readonly reason: string;
}

/** Release one hold of a lot. */
@InputType()
@Allow('quality')
export class ReleaseHold extends LotCommand {
  @Code()
  readonly holdId: string;

  @Reason()
  declare readonly reason: string;
}

/** Scrap part of a lot. */
@InputType()
@Allow('operator', 'supervisor', 'quality')
export class ScrapLot extends LotCommand {
  /** Names the scrapping, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly scrapId?: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Code()
  readonly reasonCode: string;
}

/** Return part of a lot to its supplier. */
@InputType()
@Allow('supervisor', 'quality')
export class ReturnLot extends LotCommand {
  /** Names the return, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly returnId?: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  @Reason()
  declare readonly reason: string;
}

/** Declare a lot expired before its date. */
@InputType()
@Allow('quality', 'supervisor')
export class ExpireLot extends LotCommand {
  @Reason()
  declare readonly reason: string;
}

/** Change the expiry of a lot. */
@InputType()
@Allow('quality')
export class OverrideExpiry extends LotCommand {
  /** The first instant at which it may no longer be used; absent where it does not expire from now on. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Reason()
  declare readonly reason: string;
}

/** Correct the books to the actual stock. */
@InputType()
@Allow('supervisor', 'quality')
export class AdjustStock extends LotCommand {
  /** Names the adjustment, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly adjustmentId?: string;

  /** The actual stock; may be zero. */
  @QuantityField()
  readonly quantity: QuantityInput;

  @Reason()
  declare readonly reason: string;
}

/** Report a count or weighing. An observed fact: always recorded, never refused; the books stay until they are adjusted. */
@InputType()
@Allow('device', 'operator', 'supervisor')
export class ObserveStockCount extends LotCommand {
  /** Names the count, so that it is recorded once. Without it, the same amount by the same person at the same time is the same count. */
  @Code({ optional: true })
  readonly countId?: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}
