import { InputType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Instant, Reason, Texts, Whole } from '#platform/commands/fields';

@InputType({ isAbstract: true })
abstract class PlanCommand extends Command {
  /** For a customer order, its id with -P and a number: corp.CO-1-P1. */
  @Id()
  readonly planId: string;
}

/** Plan how an order is split over the plants that are qualified for its product. */
@InputType()
@Allow('planner')
export class ProposeAllocation extends PlanCommand {
  @Id()
  readonly customerOrderId: string;

  @Code()
  readonly product: string;

  @Code({ optional: true })
  readonly customer?: string;

  @QuantityField()
  readonly quantity: QuantityInput;

  /** When all of it must have arrived. */
  @Instant()
  readonly due: string;

  /** Before this nothing begins; now when absent. */
  @Instant({ optional: true })
  readonly earliest?: string;

  /** The facility to which all is shipped; where absent, each plant keeps what it makes. */
  @FacilityId({ optional: true })
  readonly shipTo?: string;

  /** Facilities that are not used. */
  @Texts(1, 32, 100, { optional: true })
  readonly excluded?: string[];

  /** Largest number of plants. */
  @Whole(1, 20, { optional: true })
  readonly maxLegs?: number;
}

/** Carry the plan out. */
@InputType()
@Allow('planner')
export class AcceptPlan extends PlanCommand {}

/** Do not carry the plan out. */
@InputType()
@Allow('planner')
export class RejectPlan extends PlanCommand {
  /** Why not. */
  @Reason()
  declare readonly reason: string;
}

/** Give up a plan for another one. */
@InputType()
@Allow('planner')
export class SupersedePlan extends PlanCommand {
  /** Why. */
  @Reason()
  declare readonly reason: string;
}
