import { InputType, registerEnumType } from '@nestjs/graphql';
import { Allow } from '#manufacturing/roles.access';
import { Command } from '#platform/commands/command';
import { FacilityId } from '#manufacturing/facility.fields';
import { Code, Flag, Id, OneOf, Text } from '#platform/commands/fields';
import { ReferenceKind } from '#manufacturing/references';
import { HierarchyLevel } from './facility.events';

registerEnumType(ReferenceKind, { name: 'ReferenceKind', description: 'What ids and codes in commands refer to.' });
registerEnumType(HierarchyLevel, { name: 'HierarchyLevel', description: 'Levels of the equipment hierarchy of ISA-95.' });

/** Register a plant of the enterprise. */
@InputType()
@Allow('engineer')
export class RegisterFacility extends Command {
  @FacilityId()
  readonly facilityId: string;

  @Text(1, 80)
  readonly name: string;

  @Code()
  readonly enterpriseId: string;

  @Text(1, 80)
  readonly enterpriseName: string;

  /** IANA time zone, e.g. Asia/Jerusalem: the zone of the plant's shifts and days. */
  @Text(3, 64)
  readonly timeZone: string;
}

/** Rename a plant. */
@InputType()
@Allow('engineer')
export class RenameFacility extends Command {
  @FacilityId()
  readonly facilityId: string;

  @Text(1, 80)
  readonly name: string;
}

/** Add an area, work center, work unit or store to a plant, one level below its parent. */
@InputType()
@Allow('engineer')
export class AddHierarchyElement extends Command {
  @Id()
  readonly elementId: string;

  @OneOf(HierarchyLevel)
  readonly level: HierarchyLevel;

  /** The element above; absent for an area, which is directly below the site. */
  @Id({ optional: true })
  readonly parentId?: string;

  @Text(1, 80)
  readonly name: string;
}

/** Rename an element. */
@InputType()
@Allow('engineer')
export class RenameHierarchyElement extends Command {
  @Id()
  readonly elementId: string;

  @Text(1, 80)
  readonly name: string;
}

/** Move an element, with all below it, to another parent of the same plant. */
@InputType()
@Allow('engineer')
export class MoveHierarchyElement extends Command {
  @Id()
  readonly elementId: string;

  /** The new element above; absent for an area, which is directly below the site. */
  @Id({ optional: true })
  readonly parentId?: string;
}

/** Retire an element for ever; no element below it may be in use. */
@InputType()
@Allow('engineer')
export class RetireHierarchyElement extends Command {
  @Id()
  readonly elementId: string;
}

/**
 * Say whether commands of the plant may refer to things of a kind that nobody registered. It is switched on by the first thing of the kind,
 * except for production orders, which may be created after their work orders.
 */
@InputType()
@Allow('engineer')
export class CheckReferences extends Command {
  @FacilityId()
  readonly facilityId: string;

  @OneOf(ReferenceKind)
  readonly kind: ReferenceKind;

  /** True: such commands are refused, and facts flagged. */
  @Flag()
  readonly on: boolean;

  /** Leave it as it is where somebody has said so before. */
  @Flag({ optional: true })
  readonly unlessDecided?: boolean;
}
