/** Which plants are out of the question for an order, and why. What is short where they are not: remainders() in planner.ts, and batch.ts. */
import { Unplaced, type Candidate, type PlanOrder } from './allocation-plan.events';

/** Why a plant cannot be used at all. */
export function whyNot(
  { customer, excluded }: PlanOrder,
  { facilityId, onlyFor, neverFor, minutesPerDay, lane, laneUnit }: Candidate,
): Unplaced | undefined {
  if (excluded.includes(facilityId)) return Unplaced.Excluded;
  if (customer !== undefined && neverFor?.includes(customer)) return Unplaced.CustomerRules;
  if (onlyFor && (customer === undefined || !onlyFor.includes(customer))) return Unplaced.CustomerRules;
  if (lane === null) return laneUnit === undefined ? Unplaced.NoLane : Unplaced.LaneUnit;
  return minutesPerDay === undefined ? Unplaced.CapacityBeforeDue : undefined;
}

/** Why none of the plants can be used; undefined where one can. */
export function whyNone(order: PlanOrder, candidates: readonly Candidate[], hasWorkMaster: boolean): Unplaced | undefined {
  if (!hasWorkMaster) return Unplaced.NoWorkMaster;
  if (candidates.length === 0) return Unplaced.NoQualifiedFacility;
  const refusals = candidates.map((candidate) => whyNot(order, candidate));
  if (refusals.some((reason) => reason === undefined)) return undefined;
  return refusals.find((reason) => reason !== Unplaced.Excluded) ?? Unplaced.Excluded;
}
