import { InputType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Code, Id, Ids, Instant, Reason, Text } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class LotCommand extends Command {
  @Id()
  readonly lotId: string;
}

/** Receives material from a supplier: a new lot, or with `deliveryId` a further delivery of one. */
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

  /** The first instant at which it may no longer be used; absent where it keeps. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Code({ optional: true })
  readonly supplierId?: string;

  /** The supplier's own lot number. */
  @Text(1, 64, { optional: true })
  readonly supplierLot?: string;

  /** Where it is put, in the same plant. */
  @Id({ optional: true })
  readonly locationId?: string;
}

/** Put what a work order made into a lot; the first time, the lot comes to be. */
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

  /** A lot that holds something older keeps the earlier expiry. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Id({ optional: true })
  readonly locationId?: string;
}

/** Take back a production that was booked in error. */
@InputType()
@Allow('supervisor')
export class ReverseProduction extends LotCommand {
  @Code()
  readonly productionId: string;

  @Reason()
  declare readonly reason: string;
}

/** Set part of a lot aside for a work order. */
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

/** Give free what is left of a reservation. */
@InputType()
@Allow('operator', 'supervisor', 'planner')
export class UnreserveLot extends LotCommand {
  @Code()
  readonly reservationId: string;

  /** The owner of the reservation. */
  @Id()
  readonly workOrderId: string;
}

/** Use up material of a lot for a work order. */
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

  /** The work order's own reservation to take it from; free stock when absent. */
  @Code({ optional: true })
  readonly reservationId?: string;
}

/** Take back a consumption that was booked in error, or bring back what was left of it. */
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

/** Part a lot in two: the part becomes a lot of its own, with the same material, expiry and place. */
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

/** Let the new lot of a split come to be. Sent by the process that carries out splits. */
@InputType()
@Allow()
export class CreateLotFromSplit extends MovedStock {
  @Id()
  readonly parentLotId: string;

  @Id({ optional: true })
  readonly locationId?: string;
}

/** Take a split back, whose new lot could not come to be. Sent by the process that carries out splits. */
@InputType()
@Allow()
export class UndoSplit extends LotCommand {
  @Id()
  readonly childLotId: string;

  @Reason()
  declare readonly reason: string;
}

/** Put all of a lot into another one of the same material. */
@InputType()
@Allow('operator', 'supervisor')
export class MergeLot extends LotCommand {
  @Id()
  readonly intoLotId: string;
}

/** Take up a lot that merges into this one. Sent by the process that carries out merges. */
@InputType()
@Allow()
export class AddMergedLot extends MovedStock {
  @Id()
  readonly fromLotId: string;
}

/** Take a merge back that the other lot refused. Sent by the process that carries out merges. */
@InputType()
@Allow()
export class UndoMerge extends LotCommand {
  @Id()
  readonly intoLotId: string;

  @Reason()
  declare readonly reason: string;
}

/** Move a lot to another place of its plant. */
@InputType()
@Allow('operator', 'supervisor')
export class MoveLot extends LotCommand {
  @Id()
  readonly locationId: string;
}

/** Forbid the use of a lot until the hold is released. */
@InputType()
@Allow('quality', 'supervisor')
export class HoldLot extends LotCommand {
  /** Names the hold within the lot; several may stand beside each other. */
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

/** Throw part of a lot away. */
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

/** Send part of a lot back to its supplier. */
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

/** Say that a lot may no longer be used from now on, before its date. */
@InputType()
@Allow('quality', 'supervisor')
export class ExpireLot extends LotCommand {
  @Reason()
  declare readonly reason: string;
}

/** Give a lot another expiry, on one's own responsibility. */
@InputType()
@Allow('quality')
export class OverrideExpiry extends LotCommand {
  /** The first instant at which it may no longer be used; absent where it keeps from now on. */
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Reason()
  declare readonly reason: string;
}

/** Correct the books to what is really there. */
@InputType()
@Allow('supervisor', 'quality')
export class AdjustStock extends LotCommand {
  /** Names the adjustment, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly adjustmentId?: string;

  /** What is really there; zero where nothing is. */
  @QuantityField()
  readonly quantity: QuantityInput;

  @Reason()
  declare readonly reason: string;
}

/** Report what was counted or weighed. An observed fact: recorded whatever it is, never refused; the books stay until they are adjusted. */
@InputType()
@Allow('device', 'operator', 'supervisor')
export class ObserveStockCount extends LotCommand {
  /** Names the count, so that it is recorded once; the command's id when absent. */
  @Code({ optional: true })
  readonly countId?: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}
