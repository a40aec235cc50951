import type { Event } from '#kernel/event';
import type { Unit } from '#manufacturing/quantity';

/** How long transport takes, and what it costs. */
export type LaneTerms = Readonly<{
  transitHours: number;
  /** Freight of one unit, in the currency of the enterprise, as a decimal string. */
  costPerUnit: string;
  unit: Unit;
}>;

type OfLane = Readonly<{ laneId: string; fromFacilityId: string; toFacilityId: string }>;

/** Material can be shipped from one plant to another, on these terms from now on. */
export type LaneDefined = Event<'LaneDefined', OfLane & LaneTerms>;

/** The lane is no longer in use. */
export type LaneRetired = Event<'LaneRetired', OfLane & { reason: string }>;

export type TransportLaneEvent = LaneDefined | LaneRetired;
