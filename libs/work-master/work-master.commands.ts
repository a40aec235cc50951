import { InputType } from '@nestjs/graphql';
import type { Unit } from '#manufacturing/quantity';
import { Amount, UnitSymbol } from '#manufacturing/quantity.fields';
import { FacilityId } from '#manufacturing/facility.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, Flag, Id, Many, Reason, Text, Whole } from '#platform/commands/fields';

/** One operation of every work order made from this definition. */
@InputType('MasterOperationInput', {})
class MasterOperationInput {
  @Code()
  readonly operationId: string;

  @Text(1, 120)
  readonly name: string;

  /** Place in the routing; a smaller one is upstream. */
  @Whole(0, 1_000_000)
  readonly sequence: number;

  /** The pool of equipment that can do it. */
  @Code({ optional: true })
  readonly equipmentClass?: string;

  /** Ideal run time of one unit, in seconds. */
  @Amount({ optional: true })
  readonly idealCycleSeconds?: string;

  /** True where pieces may be passed on before the operation upstream reports them; false when absent. */
  @Flag({ optional: true })
  readonly overlapAllowed?: boolean;
}

/** Material for one unit of the product. */
@InputType('MasterMaterialInput', {})
class MasterMaterialInput {
  @Code()
  readonly materialId: string;

  /** Material for one unit of the product; 0 does not limit a plan. */
  @Amount()
  readonly quantityPerUnit: string;

  /** Unit of the material; when absent, the one in which a plant keeps it. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;
}

@InputType('CustomerInput', {})
class CustomerInput {
  @Code()
  readonly customer: string;
}

/** A plant that can make the product. */
@InputType('QualificationInput', {})
class QualificationInput {
  @FacilityId()
  readonly facilityId: string;

  /** The resource group of that plant whose minutes it takes. */
  @Id()
  readonly capacityId: string;

  /** Minutes of the resource group for one unit. */
  @Amount()
  readonly minutesPerUnit: string;

  /** Minutes once per work order; 0 when absent. */
  @Whole(0, 100_000, { optional: true })
  readonly setupMinutes?: number;

  /** Production cost of one unit, in the currency of the enterprise. */
  @Amount()
  readonly costPerUnit: string;

  /** The smallest quantity that is made at once. */
  @Amount({ optional: true })
  readonly minBatch?: string;

  /** Customers that are served from here only; all when absent. */
  @Many(() => CustomerInput, 200, { optional: true })
  readonly onlyFor?: CustomerInput[];

  /** Customers that are never served from here. */
  @Many(() => CustomerInput, 200, { optional: true })
  readonly neverFor?: CustomerInput[];
}

@InputType({ isAbstract: true })
abstract class WorkMasterCommand extends Command {
  /** The facility that owns the definition, a dot, and the product: corp.pump-p12. */
  @Id()
  readonly workMasterId: string;

  @Code()
  readonly version: string;
}

/** Draft a version of how a product is made; one that is not approved yet can be drafted again. */
@InputType()
@Allow('engineer', 'planner')
export class DraftWorkMaster extends WorkMasterCommand {
  @Code()
  readonly product: string;

  @UnitSymbol()
  readonly unit: Unit;

  @Many(() => MasterOperationInput, 200)
  readonly operations: MasterOperationInput[];

  @Many(() => MasterMaterialInput, 200, { optional: true, min: 0 })
  readonly materials?: MasterMaterialInput[];

  @Many(() => QualificationInput, 100)
  readonly facilities: QualificationInput[];
}

/** Approve a version. Only another person than its author can. */
@InputType()
@Allow('engineer', 'quality', 'planner')
export class ApproveWorkMaster extends WorkMasterCommand {}

/** Retire the approved version: nothing is planned by it any more. */
@InputType()
@Allow('engineer', 'quality', 'planner')
export class RetireWorkMaster extends WorkMasterCommand {
  /** Why it is retired. */
  @Reason()
  declare readonly reason: string;
}
