import { InputType, registerEnumType } from '@nestjs/graphql';
import type { Unit } from '#manufacturing/quantity';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Amount, QuantityField, QuantityInput, UnitSymbol } from '#manufacturing/quantity.fields';
import { Code, Id, Instant, OneOf, Reason, Whole } from '#platform/commands/fields';
import { LegEnding } from './production-order.events';

registerEnumType(LegEnding, { name: 'LegEnding', description: 'How a leg of a production order ended.' });

/** Create a production order from a demand for a product. */
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

  /** Allowed over-production, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly overPercent?: string;

  /** Under-production that still counts as complete, in percent of the quantity; 0 when absent. */
  @Amount({ optional: true })
  readonly underPercent?: string;

  /** The customer's own reference. */
  @Code({ optional: true })
  readonly customerRef?: string;
}

/** Change a demand; absent fields stay. */
@InputType()
@Allow('planner')
export class AmendProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Revision of the product's definition. */
  @Code({ optional: true })
  readonly revision?: string;

  /** New amount, in the unit of the order; not below the quantity made or allocated. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  /** When it is due. */
  @Instant({ optional: true })
  readonly due?: string;

  /** 1 is the most urgent, 9 the least. */
  @Whole(1, 9, { optional: true })
  readonly priority?: number;

  /** Allowed over-production, in percent of the quantity. */
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

/** Hold an order: no work orders can be linked until it is resumed. */
@InputType()
@Allow('planner', 'quality')
export class HoldProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it is held. */
  @Reason()
  declare readonly reason: string;
}

/** Resume a held order. */
@InputType()
@Allow('planner', 'quality')
export class ResumeProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Cancel an order that is not complete and has no running work order. */
@InputType()
@Allow('planner')
export class CancelProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it is cancelled. */
  @Reason()
  declare readonly reason: string;
}

/** Link a work order of the same facility to make part of the demand. */
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

/** Unlink a work order that has not started. */
@InputType()
@Allow('planner')
export class UnlinkWorkOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;

  /** Why it is unlinked. */
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

/** Record that a leg has started. A fact, never refused. */
@InputType()
@Allow('engineer')
export class RecordLegStarted extends Command {
  @Id()
  readonly productionOrderId: string;

  @Id()
  readonly workOrderId: string;
}

/** Record the quantities of a leg that is over; later differences are corrections. A fact, never refused. */
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

/** Complete an order whose demand is met. Happens automatically when the last leg ends with enough. */
@InputType()
@Allow('planner')
export class CompleteProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Close an order; short of the demand only with a reason. */
@InputType()
@Allow('planner')
export class CloseProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;
}

/** Reopen an order that was completed or closed. */
@InputType()
@Allow('planner')
export class ReopenProductionOrder extends Command {
  @Id()
  readonly productionOrderId: string;

  /** Why it is reopened. */
  @Reason()
  declare readonly reason: string;
}
