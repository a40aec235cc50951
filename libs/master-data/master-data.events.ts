import type { Event } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** What master data a plant keeps. */
export const MasterDataKind = { Material: 'Material', ReasonCode: 'ReasonCode', Person: 'Person' } as const;
export type MasterDataKind = keyof typeof MasterDataKind;

type Entry = { facilityId: string; kind: MasterDataKind; code: string };
type Description = {
  /** As people call it. */
  name: string;
  /** Unit of a material's stock; absent elsewhere, and where it does not matter. */
  unit?: Unit;
};

/** A material, a reason code or a person of the plant is known from now on. */
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
