import type { Event } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** One operation of a work order made from this definition, as ReleaseWorkOrder takes it. */
export type MasterOperation = Readonly<{
  operationId: string;
  name: string;
  sequence: number;
  equipmentClass?: string;
  /** Ideal run time of one unit, in seconds. */
  idealCycleSeconds?: string;
  /** True where pieces may be passed on before the operation upstream reports them. */
  overlapAllowed?: boolean;
}>;

/** A plant that can make the product, and on what terms. */
export type Qualification = Readonly<{
  facilityId: string;
  /** The resource group whose minutes it takes. */
  capacityId: string;
  /** Minutes of the resource group for one unit, as a decimal string. */
  minutesPerUnit: string;
  /** Minutes once per work order. */
  setupMinutes: number;
  /** In the currency of the enterprise, as a decimal string. */
  costPerUnit: string;
  /** The smallest quantity that is made at once. */
  minBatch?: string;
  /** Customers that are served from here only; all when absent. */
  onlyFor?: readonly string[];
  /** Customers that are never served from here. */
  neverFor?: readonly string[];
}>;

/** How a product is made: operations, materials, and the plants that are qualified. */
export type Definition = Readonly<{
  product: string;
  unit: Unit;
  operations: readonly MasterOperation[];
  /** Material for one unit; without a unit of its own, in the one in which a plant keeps it. */
  materials: readonly Readonly<{ materialId: string; quantityPerUnit: string; unit?: Unit }>[];
  facilities: readonly Qualification[];
}>;

type OfVersion = Readonly<{ workMasterId: string; version: string }>;

/** A version was drafted, or drafted again. */
export type WorkMasterDrafted = Event<'WorkMasterDrafted', OfVersion & Definition & { author: string }>;

/** A version was approved by another person than its author: it is used from now on, instead of the one before. */
export type WorkMasterApproved = Event<'WorkMasterApproved', OfVersion & { approvedBy: string; replaces?: string }>;

/** The product is no longer made by this definition. */
export type WorkMasterRetired = Event<'WorkMasterRetired', OfVersion & { reason: string }>;

export type WorkMasterEvent = WorkMasterDrafted | WorkMasterApproved | WorkMasterRetired;
