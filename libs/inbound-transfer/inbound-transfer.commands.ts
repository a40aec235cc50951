import { InputType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { Amount } from '#manufacturing/quantity.fields';
import { TransferItemId, TransferItemInput, TransferPartInput } from '#manufacturing/shipment.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Flag, Id, Ids, Instant, Many, Reason, Text } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class InboundCommand extends Command {
  /** In the plant that receives: haifa.lyon_T1 for the transfer lyon.T1. */
  @Id()
  readonly inboundTransferId: string;
}

@InputType('InboundItemInput', {})
class InboundItemInput extends TransferItemInput {
  @Instant({ optional: true })
  readonly expiresAt?: string;

  @Ids(1000, { optional: true })
  readonly ancestors?: string[];
}

@InputType('InboundArrivalInput', {})
class InboundArrivalInput {
  @TransferItemId()
  readonly item: string;

  /** Usable, in the unit of the item. */
  @Amount()
  readonly received: string;

  /** Not usable, in the unit of the item; 0 when absent. */
  @Amount({ optional: true })
  readonly damaged?: string;

  /** The lot of this plant that takes it; named after the lot of the shipping plant when absent. */
  @Id({ optional: true })
  readonly lotId?: string;
}

/** Announce what another plant has shipped. Sent by the process that announces transfers. */
@InputType()
@Allow()
export class AnnounceInboundTransfer extends InboundCommand {
  @Id()
  readonly transferId: string;

  @FacilityId()
  readonly fromFacilityId: string;

  @Many(() => InboundItemInput, 20)
  readonly items: InboundItemInput[];

  @Id({ optional: true })
  readonly customerOrderId?: string;

  @Text(1, 80, { optional: true })
  readonly carrier?: string;

  @Instant()
  readonly eta: string;

  @Instant()
  readonly shippedAt: string;
}

/** Record another expected arrival. Sent by the process that announces transfers. */
@InputType()
@Allow()
export class RecordInboundDelay extends InboundCommand {
  @Instant()
  readonly eta: string;

  @Reason()
  declare readonly reason: string;
}

/** Record what the shipping plant declared lost. Sent by the process that announces transfers. */
@InputType()
@Allow()
export class RecordInboundLoss extends InboundCommand {
  @Code()
  readonly lossId: string;

  @Many(() => TransferPartInput, 20)
  readonly items: TransferPartInput[];

  @Reason()
  declare readonly reason: string;
}

/** Record what is back at the shipping plant. Sent by the process that announces transfers. */
@InputType()
@Allow()
export class RecordInboundReturn extends InboundCommand {
  @Code()
  readonly returnId: string;

  @Many(() => TransferPartInput, 20)
  readonly items: TransferPartInput[];

  @Reason()
  declare readonly reason: string;
}

/** Report what has arrived: all that is in transit, or the items that are named. */
@InputType()
@Allow('operator', 'supervisor')
export class ReceiveInboundTransfer extends InboundCommand {
  /** Names the receipt within the transfer, so that it is booked once; the command's id when absent. */
  @Code({ optional: true })
  readonly receiptId?: string;

  /** What was counted; all that is in transit, undamaged, when absent. */
  @Many(() => InboundArrivalInput, 20, { optional: true })
  readonly items?: InboundArrivalInput[];

  /** Nothing more of these items is expected: what is missing is short. */
  @Flag({ optional: true })
  readonly complete?: boolean;
}

/** Name another lot for what arrived, where the first one could not take it. */
@InputType()
@Allow('operator', 'supervisor')
export class NameInboundLot extends InboundCommand {
  @Code()
  readonly receiptId: string;

  @TransferItemId()
  readonly item: string;

  /** A lot of this plant, new or of the same material. */
  @Id()
  readonly lotId: string;
}

/** Record that a lot could not take what arrived. Sent by the process that books receipts into lots. */
@InputType()
@Allow()
export class RecordInboundLotRefused extends InboundCommand {
  @Code()
  readonly receiptId: string;

  @TransferItemId()
  readonly item: string;

  @Id()
  readonly lotId: string;

  @Reason()
  declare readonly reason: string;
}

/** Refuse what is in transit: it goes back to the plant that shipped it. */
@InputType()
@Allow('supervisor', 'quality')
export class RefuseInboundTransfer extends InboundCommand {
  /** Why it is not taken. */
  @Reason()
  declare readonly reason: string;
}

/** Declare lost what has not arrived. */
@InputType()
@Allow('supervisor', 'planner')
export class DeclareInboundLoss extends InboundCommand {
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
