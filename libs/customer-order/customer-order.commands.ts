import { InputType, registerEnumType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Instant, OneOf, Reason, Whole } from '#platform/commands/fields';
import { PartialPolicy, PlanningMode, RunningPolicy } from './customer-order.events';

registerEnumType(PartialPolicy, { name: 'PartialPolicy', description: 'What is done where the plants cannot make everything in time.' });
registerEnumType(PlanningMode, { name: 'PlanningMode', description: 'Whether an order is planned at once, or together with others.' });
registerEnumType(RunningPolicy, { name: 'RunningPolicy', description: 'What becomes of work that runs when its order is cancelled.' });

@InputType({ isAbstract: true })
abstract class CustomerOrderCommand extends Command {
  /** In any registered facility, e.g. the enterprise's own: corp.CO-1. */
  @Id()
  readonly customerOrderId: string;
}

/** Place a customer's order. It is split over the plants, reserved, released, tracked and shipped. */
@InputType()
@Allow('planner')
export class PlaceCustomerOrder extends CustomerOrderCommand {
  @Code()
  readonly customer: string;

  @Code()
  readonly product: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** When it is due. */
  @Instant()
  readonly due: string;

  /** 1 is the most urgent, 9 the least; 5 when absent. */
  @Whole(1, 9, { optional: true })
  readonly priority?: number;

  /** The facility to which all is shipped, and where it is received; where absent, each plant keeps what it makes. */
  @FacilityId({ optional: true })
  readonly shipTo?: string;

  /** What is done where the plants cannot make everything in time; Ask when absent. */
  @OneOf(PartialPolicy, { optional: true })
  readonly partial?: PartialPolicy;

  /** Largest number of plants that a plan may use. */
  @Whole(1, 20, { optional: true })
  readonly maxLegs?: number;

  /** Whether it is planned at once, or waits for a plan of many orders; AtOnce when absent. */
  @OneOf(PlanningMode, { optional: true })
  readonly planning?: PlanningMode;
}

/** Change an order, also while plants work for it; absent fields stay. Not below what is made. */
@InputType()
@Allow('planner')
export class AmendCustomerOrder extends CustomerOrderCommand {
  /** New amount, in the unit of the order. */
  @QuantityField({ optional: true })
  readonly quantity?: QuantityInput;

  /** When it is due. */
  @Instant({ optional: true })
  readonly due?: string;

  /** 1 is the most urgent, 9 the least. */
  @Whole(1, 9, { optional: true })
  readonly priority?: number;

  /** Why it is changed. */
  @Reason()
  declare readonly reason: string;
}

/** Hold an order: nothing more is reserved or released until it is resumed. What runs goes on. */
@InputType()
@Allow('planner', 'quality')
export class HoldCustomerOrder extends CustomerOrderCommand {
  /** Why it is held. */
  @Reason()
  declare readonly reason: string;
}

/** Resume a held order. */
@InputType()
@Allow('planner', 'quality')
export class ResumeCustomerOrder extends CustomerOrderCommand {}

/** Cancel an order: what has not started is undone, newest first; what was made is stock. */
@InputType()
@Allow('planner')
export class CancelCustomerOrder extends CustomerOrderCommand {
  /** What becomes of work that has started: it is stopped or finished, or a person is asked; Ask when absent. */
  @OneOf(RunningPolicy, { optional: true })
  readonly running?: RunningPolicy;

  /** Why it is cancelled. */
  @Reason()
  declare readonly reason: string;
}

@InputType({ isAbstract: true })
abstract class BlockedLegCommand extends CustomerOrderCommand {
  /** Number of the leg. */
  @Whole(1, 9_999)
  readonly leg: number;

  /** What was found, or done by hand. */
  @Reason()
  declare readonly reason: string;
}

/** Try a blocked compensation again. */
@InputType()
@Allow('planner', 'supervisor')
export class RetryCompensation extends BlockedLegCommand {}

/** Say that a blocked compensation was done by hand. */
@InputType()
@Allow('planner', 'supervisor')
export class SettleCompensation extends BlockedLegCommand {}
