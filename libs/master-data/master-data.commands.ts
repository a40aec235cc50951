import { InputType, registerEnumType } from '@nestjs/graphql';
import { PackmlState } from '#equipment/equipment.events';
import { FacilityId } from '#manufacturing/facility.fields';
import type { Unit } from '#manufacturing/quantity';
import { UnitSymbol } from '#manufacturing/quantity.fields';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { Code, ManyOf, OneOf, Reason, Text } from '#platform/commands/fields';
import { MasterDataKind } from './master-data.events';

registerEnumType(MasterDataKind, { name: 'MasterDataKind', description: 'What master data a plant keeps.' });

@InputType({ isAbstract: true })
abstract class MasterDataCommand extends Command {
  @FacilityId()
  readonly facilityId: string;

  @OneOf(MasterDataKind)
  readonly kind: MasterDataKind;

  /** As commands name it: `materialId`, `product`, `reasonCode`, `person`, `equipmentClass`. */
  @Code()
  readonly code: string;
}

/** Register a material, a reason code, a person or a machine class. The first of its kind in a plant switches on the check of references to that kind. */
@InputType()
@Allow('engineer', 'planner')
export class RegisterMasterData extends MasterDataCommand {
  /** As people call it. For a person, a pseudonym will do. */
  @Text(1, 80)
  readonly name: string;

  /** Unit of a material's stock. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** The states that machines of a class report, unless a machine has its own: skipping the others is not flagged. All when absent. */
  @ManyOf(PackmlState, { optional: true, min: 1 })
  readonly reportedStates?: PackmlState[];
}

/** Describe a material, a reason code, a person or a machine class otherwise; what is absent stays. */
@InputType()
@Allow('engineer', 'planner')
export class ChangeMasterData extends MasterDataCommand {
  @Text(1, 80, { optional: true })
  readonly name?: string;

  /** Unit of a material's stock. */
  @UnitSymbol({ optional: true })
  readonly unit?: Unit;

  /** The states that machines of a class report, unless a machine has its own: skipping the others is not flagged. All when absent. */
  @ManyOf(PackmlState, { optional: true, min: 1 })
  readonly reportedStates?: PackmlState[];
}

/** Take a material, a reason code, a person or a machine class out of use: new commands may not name it. */
@InputType()
@Allow('engineer', 'planner')
export class RetireMasterData extends MasterDataCommand {
  /** Why it is taken out of use. */
  @Reason()
  declare readonly reason: string;
}

/** Take a retired material, reason code, person or machine class into use again. */
@InputType()
@Allow('engineer', 'planner')
export class ReinstateMasterData extends MasterDataCommand {
  /** Why it is in use again. */
  @Reason()
  declare readonly reason: string;
}
