import type { Context } from '#kernel/decider';
import type { ObserveEquipmentState } from './equipment.commands';
import type { EquipmentEvent, EquipmentStateObserved } from './equipment.events';
import { disabledIn, type Equipment, stopsAround, utc } from './machine';
import { isTransition, missedBetween, stateNamed } from './packml';

const SKEW_MS = 5 * 60_000;

/**
 * The observed lane: whatever a machine reports is recorded, and what is odd about it is recorded beside it. Only an observation
 * that is not late, means a state and can be believed becomes the machine's state; the same one delivered twice is recorded once.
 */
export function observe(
  { equipmentId, state: reported, quality = 'GOOD' }: ObserveEquipmentState,
  known: Equipment,
  { now, occurredAt }: Context,
): readonly EquipmentEvent[] {
  const claimedAt = utc(occurredAt);
  if (known.recent.includes(`${claimedAt} ${quality} ${reported}`)) return [];
  const clockAhead = Date.parse(claimedAt) - Date.parse(now) > SKEW_MS;
  const at = clockAhead ? utc(now) : claimedAt;
  const vendorState =
    known.status === 'registered' ? known.registration.vendorStates.find(({ code }) => code === reported)?.state : undefined;
  const state = vendorState ?? stateNamed(reported) ?? null;
  const { state: from, since } = known;
  const late = since !== null && at < since;
  const applied = state !== null && !late && (quality === 'GOOD' || quality === 'UNCERTAIN');
  const machine = known.status === 'registered' ? known : undefined;
  const legal =
    !applied || !machine || since === null
      ? null
      : machine.state === state || isTransition(machine.registration.profile, machine.state, state, disabledIn(machine, machine.mode));
  const workOrderIds = machine?.jobs.map((job) => job.workOrderId) ?? [];
  const observed: EquipmentStateObserved = {
    type: 'EquipmentStateObserved',
    data: { equipmentId, reported, state, quality, at, claimedAt, applied, from, since, legal, workOrderIds },
  };

  const events: EquipmentEvent[] = [observed];
  if (!machine) events.push({ type: 'UnregisteredEquipmentObserved', data: { equipmentId, reported, at } });
  if (state === null) events.push({ type: 'UnknownStateObserved', data: { equipmentId, reported, at } });
  if (clockAhead) events.push({ type: 'ClockAheadObserved', data: { equipmentId, claimedAt, takenAt: at } });
  if (late) events.push({ type: 'LateStateObserved', data: { equipmentId, reported, at, knownState: from!, knownSince: since } });
  if (machine && applied) {
    const { profile } = machine.registration;
    if (legal === false)
      events.push({
        type: 'IllegalTransitionObserved',
        data: { equipmentId, from: machine.state, to: state, profile, at, missed: missedBetween(profile, machine.state, state) },
      });
    events.push(...stopsAround(machine, state, at));
  }
  return events;
}
