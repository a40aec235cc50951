import { InputType, registerEnumType } from '@nestjs/graphql';
import type { Unit } from '#manufacturing/quantity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount, QuantityField, QuantityInput, UnitSymbol } from '#manufacturing/quantity.fields';
import { Code, Id, Instant, OneOf, Reason, Whole } from '#platform/commands/fields';
import { LegEnding } from './production-order.events';

registerEnumType(LegEnding, { name: 'LegEnding', description: 'How a leg of a production order ended.' });

/** Take in a demand for a product. */
@InputType()
@Allow('planner')
export class CreateProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  @Code()
  readonly product: string;

  /** Revision of the product's definition. */
  @Code({ optional: true })
  readonly revision?: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** When it is due. */
  @Instant()
  readonly due: string;

  /** 1 is the most urgent, 9 the least; 5 when absent. */
  @Whole(1, 9, { optional: true })
  readonly priority?: number;

  /** Over-production that is allowed, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly overPercent?: string;

  /** Under-production that still counts as complete, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly underPercent?: string;

  /** The customer's own reference. */
  @Code({ optional: true })
  readonly customerRef?: string;
}

/** Change a demand; what is absent stays. */
@InputType()
@Allow('planner')
export class AmendProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Revision of the product's definition. */
  @Code({ optional: true })
  readonly revision?: string;

  /** New amount, in the unit of the order; not less than was made or is under way. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  /** When it is due. */
  @Instant({ optional: true })
  readonly due?: string;

  /** 1 is the most urgent, 9 the least. */
  @Whole(1, 9, { optional: true })
  readonly priority?: number;

  /** Over-production that is allowed, in percent of the quantity. */
  @Amount({ optional: true })
  readonly overPercent?: string;

  /** Under-production that still counts as complete, in percent of the quantity. */
  @Amount({ optional: true })
  readonly underPercent?: string;

  /** The customer's own reference. */
  @Code({ optional: true })
  readonly customerRef?: string;

  /** Why it is changed. */
  @Reason()
  declare readonly reason: string;
}

/** Link no further work orders for the time being. */
@InputType()
@Allow('planner', 'quality')
export class HoldProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it is held. */
  @Reason()
  declare readonly reason: string;
}

/** Go on with a held order. */
@InputType()
@Allow('planner', 'quality')
export class ResumeProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Withdraw an order that is not complete and has nothing under way. */
@InputType()
@Allow('planner')
export class CancelProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it is withdrawn. */
  @Reason()
  declare readonly reason: string;
}

/** Let a work order of the same facility make a part of the demand. */
@InputType()
@Allow('planner')
export class LinkWorkOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}

/** Take a work order that has not started off the demand. */
@InputType()
@Allow('planner')
export class UnlinkWorkOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;

  /** Why it is taken off. */
  @Reason()
  declare readonly reason: string;
}

/** Record that a work order for this demand was released or resized. A fact, never refused. */
@InputType()
@Allow('engineer')
export class RecordLegReleased extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;

  @QuantityField()
  readonly quantity: QuantityInput;
}

/** Record that work on a leg began. A fact, never refused. */
@InputType()
@Allow('engineer')
export class RecordLegStarted extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;
}

/** Record what a leg that is over has made; other figures later are a correction. A fact, never refused. */
@InputType()
@Allow('engineer')
export class RecordLegEnded extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;

  @OneOf(LegEnding)
  readonly ending: LegEnding;

  /** Good pieces of the last operation. */
  @Amount()
  readonly good: string;

  @Amount()
  readonly scrap: string;

  @Amount()
  readonly rework: string;

  /** Unit of the amounts. */
  @UnitSymbol()
  readonly unit: Unit;
}

/** Say that the demand is met. Happens by itself when the last leg ends and enough was made. */
@InputType()
@Allow('planner')
export class CompleteProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Close the books of an order, also short of the demand when a reason is given. */
@InputType()
@Allow('planner')
export class CloseProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Go on with an order that was completed or closed. */
@InputType()
@Allow('planner')
export class ReopenProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it goes on. */
  @Reason()
  declare readonly reason: string;
}
