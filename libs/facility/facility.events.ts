import type { Event } from '#kernel/event';
import type { ReferenceKind } from '#manufacturing/references';

/** Levels of the role-based equipment hierarchy (ISA-95 part 1, B2MML `EquipmentLevel`). Each plant is one Site of an Enterprise. */
export const HierarchyLevel = {
  Enterprise: 'Enterprise',
  Site: 'Site',
  Area: 'Area',
  ProcessCell: 'ProcessCell',
  ProductionUnit: 'ProductionUnit',
  ProductionLine: 'ProductionLine',
  StorageZone: 'StorageZone',
  Unit: 'Unit',
  WorkCell: 'WorkCell',
  StorageUnit: 'StorageUnit',
} as const;
export type HierarchyLevel = keyof typeof HierarchyLevel;

/** A plant was registered. */
export type FacilityRegistered = Event<
  'FacilityRegistered',
  {
    facilityId: string;
    name: string;
    enterpriseId: string;
    enterpriseName: string;
    /** IANA time zone of the plant's shifts and days. */
    timeZone: string;
  }
>;

/** A plant was renamed. */
export type FacilityRenamed = Event<'FacilityRenamed', { facilityId: string; from: string; to: string }>;

/** An area, work center, work unit or store was added to the plant. */
export type HierarchyElementAdded = Event<
  'HierarchyElementAdded',
  {
    facilityId: string;
    elementId: string;
    level: HierarchyLevel;
    /** The element above; the facility's own id for an area. */
    parentId: string;
    name: string;
  }
>;

/** An element was renamed. */
export type HierarchyElementRenamed = Event<'HierarchyElementRenamed', { facilityId: string; elementId: string; from: string; to: string }>;

/** An element, with all below it, was moved to another parent. */
export type HierarchyElementMoved = Event<
  'HierarchyElementMoved',
  { facilityId: string; elementId: string; fromParentId: string; toParentId: string }
>;

/** An element was retired. Its id is never used again. */
export type HierarchyElementRetired = Event<'HierarchyElementRetired', { facilityId: string; elementId: string }>;

/** From now on the plant checks, or no longer checks, whether references to things of that kind lead somewhere. */
export type ReferenceCheckSet = Event<'ReferenceCheckSet', { facilityId: string; kind: ReferenceKind; on: boolean }>;

export type FacilityEvent =
  | FacilityRegistered
  | FacilityRenamed
  | HierarchyElementAdded
  | HierarchyElementRenamed
  | HierarchyElementMoved
  | HierarchyElementRetired
  | ReferenceCheckSet;
