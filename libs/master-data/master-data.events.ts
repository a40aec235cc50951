import type { Event } from '#kernel/event';
import type { PackmlState } from '#equipment/equipment.events';
import type { Unit } from '#manufacturing/quantity';

/** What master data a plant keeps. */
export const MasterDataKind = {
  Material: 'Material',
  ReasonCode: 'ReasonCode',
  Person: 'Person',
  EquipmentClass: 'EquipmentClass',
} as const;
export type MasterDataKind = keyof typeof MasterDataKind;

type Entry = { facilityId: string; kind: MasterDataKind; code: string };
export type Description = {
  /** As people call it. */
  name: string;
  /** Unit of a material's stock; absent elsewhere, and where it does not matter. */
  unit?: Unit;
  /** The states that machines of a class report: skipping the others is not flagged. All where absent. */
  reportedStates?: readonly PackmlState[];
};

/** A material, a reason code, a person or a machine class of the plant is known from now on. */
export type MasterDataRegistered = Event<
  'MasterDataRegistered',
  Entry &
    Description & {
      /** True for the first of its kind in the plant: references to the kind are checked from now on. */
      firstOfKind?: true;
    }
>;

/** It is described otherwise. */
export type MasterDataChanged = Event<'MasterDataChanged', Entry & { from: Description; to: Description }>;

/** It is no longer in use; what was recorded with it stays. */
export type MasterDataRetired = Event<'MasterDataRetired', Entry>;

/** It is in use again. */
export type MasterDataReinstated = Event<'MasterDataReinstated', Entry>;

export type MasterDataEvent = MasterDataRegistered | MasterDataChanged | MasterDataRetired | MasterDataReinstated;

/** What an entry tells to decisions of other slices. */
export type MasterDataTold = Readonly<{ retired: boolean; reportedStates?: readonly PackmlState[] }>;
