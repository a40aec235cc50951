import type { Event } from '#kernel/event';
import type { Bucket } from '#facility-capacity/facility-capacity.events';
import type { Unit } from '#manufacturing/quantity';
import type { Qualification } from '#work-master/work-master.events';

/** Why a part of an order has no place: the reason that binds. */
export const Unplaced = {
  NoWorkMaster: 'NoWorkMaster',
  NoQualifiedFacility: 'NoQualifiedFacility',
  CustomerRules: 'CustomerRules',
  Excluded: 'Excluded',
  NoLane: 'NoLane',
  /** The lane is paid by a unit in which the order's unit has no exact price. */
  LaneUnit: 'LaneUnit',
  CapacityBeforeDue: 'CapacityBeforeDue',
  MinBatch: 'MinBatch',
  SplitLimit: 'SplitLimit',
  /** Not one whole day is left before the due date. */
  DueTooSoon: 'DueTooSoon',
  /** The order is in another unit than the work master. */
  UnitDiffers: 'UnitDiffers',
  /** A plant lacks material. */
  Material: 'Material',
  /** Other orders of the same run got the capacity. */
  OtherOrders: 'OtherOrders',
} as const;
export type Unplaced = keyof typeof Unplaced;

/** What one plant makes. */
export type PlanLeg = Readonly<{
  leg: number;
  facilityId: string;
  capacityId: string;
  quantity: string;
  buckets: readonly Bucket[];
  /** Beginning of the first and end of the last day, in UTC. */
  start: string;
  end: string;
  /** Production and freight, in the currency of the enterprise. */
  cost: string;
}>;

/** Demand as the planner sees it. */
export type PlanOrder = Readonly<{
  product: string;
  customer?: string;
  quantity: string;
  unit: Unit;
  due: string;
  earliest: string;
  shipTo?: string;
  excluded: readonly string[];
  maxLegs?: number;
  /** Until when it may still be made, after the due date. */
  latest?: string;
}>;

/** What a plan for many orders gives to one of them. */
export type BatchShare = Readonly<{
  /** SHA-256 of the inputs of the batch, and the version of its planner: run again on them, it gives the same shares. */
  digest: string;
  algorithm: number;
  /** So much more of the whole batch, at most, could be placed. */
  gap: string;
  legs: readonly Readonly<{ facilityId: string; quantity: string; buckets: readonly Bucket[] }>[];
  unplaced: readonly Readonly<{ quantity: string; reason: Unplaced }>[];
}>;

/** A plant that could make it, as the planner sees it. */
export type Candidate = Qualification &
  Readonly<{
    /** Minutes of one day; null where there is no limit, absent where the capacity is not defined. */
    minutesPerDay?: number | null;
    /** Minutes taken, by day, from `earliest` to `due`. */
    taken: Readonly<Record<string, number>>;
    /** Way to `shipTo`; null where there is none, absent where nothing is shipped. */
    lane?: Readonly<{ transitHours: number; costPerUnit: string }> | null;
    /** By which the lane is paid, where it is not used because the order's unit has no exact price in it. */
    laneUnit?: Unit;
    /**
     * Where material limits it: work that ends by `until` (null: at any time before the due date) has material for `most`, and not for more because of
     * `materialId`. In the order of time. A material that the plant has never had does not limit it.
     */
    stock?: readonly Readonly<{ until: string | null; most: string; materialId: string }>[];
  }>;

/** Everything that the plan was made from: the planner, run again on it, returns the same plan. */
export type PlanInputs = Readonly<{
  order: PlanOrder;
  workMasterVersion?: string;
  candidates: readonly Candidate[];
  /** Where a plan for many orders was made before. */
  batch?: BatchShare;
}>;

type OfPlan = Readonly<{ planId: string; customerOrderId: string }>;

/** A plan was proposed. Σ legs + Σ unallocated = quantity (I1). */
export type AllocationProposed = Event<
  'AllocationProposed',
  OfPlan & {
    legs: readonly PlanLeg[];
    unallocated: readonly Readonly<{ quantity: string; reason: Unplaced }>[];
    cost: string;
    /** False where not all splits were tried: more, or cheaper, might be possible. */
    proven: boolean;
    /** By how much it may be off: so much more could be placed, at most (of a batch: of all its orders), or so much cheaper. */
    gap?: Readonly<{ quantity: string; cost?: string }>;
    /** What is made after the due date: quantity times days. */
    lateness?: string;
    /** SHA-256 of the inputs. */
    digest?: string;
    /** Version of the planner. */
    algorithm: number;
    inputs: PlanInputs;
  }
>;

/** The plan is carried out. */
export type PlanAccepted = Event<'PlanAccepted', OfPlan>;

/** The plan is not carried out. */
export type PlanRejected = Event<'PlanRejected', OfPlan & { reason: string }>;

/** Another plan takes its place. */
export type PlanSuperseded = Event<'PlanSuperseded', OfPlan & { reason: string }>;

export type AllocationPlanEvent = AllocationProposed | PlanAccepted | PlanRejected | PlanSuperseded;
