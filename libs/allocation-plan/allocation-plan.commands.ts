import { InputType, registerEnumType } from '@nestjs/graphql';
import { FacilityId } from '#manufacturing/facility.fields';
import { Amount, QuantityField, QuantityInput } from '#manufacturing/quantity.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Id, Instant, Many, Matching, Nested, OneOf, Reason, Texts, Whole } from '#platform/commands/fields';
import { Unplaced } from './allocation-plan.events';

registerEnumType(Unplaced, { name: 'Unplaced', description: 'Why a part of an order has no place.' });

@InputType('ShareDayInput', {})
class ShareDayInput {
  /** Day in UTC, YYYY-MM-DD. */
  @Matching(/^(19|20|21)\d\d-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/, '$property must be a day such as 2026-01-05', {
    example: '2026-01-05',
  })
  readonly date: string;

  @Whole(1, 10_000_000)
  readonly minutes: number;
}

/** What one plant makes of the order. */
@InputType('ShareLegInput', {})
class ShareLegInput {
  @FacilityId()
  readonly facilityId: string;

  @Amount()
  readonly quantity: string;

  /** When it is worked on. */
  @Many(() => ShareDayInput, 400)
  readonly buckets: ShareDayInput[];
}

/** A part of the order that has no place. */
@InputType('UnplacedInput', {})
class UnplacedInput {
  @Amount()
  readonly quantity: string;

  @OneOf(Unplaced)
  readonly reason: Unplaced;
}

/** What a plan for many orders gives to this one. */
@InputType('BatchShareInput', {})
class BatchShareInput {
  /** SHA-256 of the inputs of that plan. */
  @Matching(/^[0-9a-f]{64}$/, '$property must be a SHA-256 in hexadecimal')
  readonly digest: string;

  /** Version of its planner. */
  @Whole(1, 1_000_000)
  readonly algorithm: number;

  /** So much more of all its orders, at most, could be placed. */
  @Amount()
  readonly gap: string;

  @Many(() => ShareLegInput, 40, { min: 0 })
  readonly legs: ShareLegInput[];

  @Many(() => UnplacedInput, 10, { min: 0 })
  readonly unplaced: UnplacedInput[];
}

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

  /** Until when it may still be made, after the due date; not after it when absent. Only with a share of a batch. */
  @Instant({ optional: true })
  readonly latest?: string;

  /** Where many orders were planned at once: what this one gets. Refused where its plants have changed meanwhile. */
  @Nested(() => BatchShareInput, { optional: true })
  readonly batch?: BatchShareInput;
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
