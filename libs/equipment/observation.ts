import type { Context, Regard } from '#kernel/decider';
import { SKEW_MS } from '#manufacturing/clocks';
import { facilityOf } from '#manufacturing/facility';
import { streamOfReference } from '#manufacturing/references';
import type { MasterDataTold } from '#master-data/master-data.events';
import type { ObserveEquipmentState } from './equipment.commands';
import {
  ABORT,
  type EquipmentEvent,
  type EquipmentStateObserved,
  type MachineState,
  PackmlState,
  READY,
  type SignalQuality,
} from './equipment.events';
import { currentSince, disabledIn, type Equipment, lastKnown, type Registered, stopsAround, stopsWithin, utc } from './machine';
import { holds } from './rows';
import { isPassage, missedBetween, stateNamed } from './packml';
import { around, seenAfter } from './sightings';

/** The key of an observation: same time, quality and state mean the same observation, however old. */
export const observationKey = (claimedAt: string, quality: SignalQuality, reported: string, sequence?: number): string =>
  `${claimedAt} ${quality} ${reported}${sequence === undefined ? '' : ` #${sequence}`}`;

/** The states that the machine itself is known to report. */
const reportedByItself = ({ registration: { reportedStates, vendorStates } }: Registered): readonly PackmlState[] | undefined =>
  reportedStates ?? (vendorStates.length > 0 ? vendorStates.map(({ state }) => state) : undefined);

const classStream = ({ equipmentId, registration: { equipmentClass } }: Registered): string =>
  streamOfReference(facilityOf(equipmentId), { kind: 'EquipmentClass', id: equipmentClass });

/** What an observation looks at beside the machine: its class, unless the machine has its own states. */
export const classRegarded = (machine: Equipment): Regard[] =>
  machine.status === 'unknown' || reportedByItself(machine) ? [] : [{ stream: classStream(machine) }];

/** The states that the machine reports: its own, or else those of its class, or else all. */
const reportedBy = (machine: Registered, { regarded }: Pick<Context, 'regarded'>): readonly PackmlState[] =>
  reportedByItself(machine) ??
  (regarded?.[classStream(machine)] as MasterDataTold | null | undefined)?.reportedStates ??
  Object.values(PackmlState);

const isAllowed = (machine: Registered, to: PackmlState, reported: readonly PackmlState[]): boolean => {
  const { profile } = machine.registration;
  return machine.state === to || isPassage(profile, machine.state, to, reported, disabledIn(machine, machine.mode));
};

/**
 * Decides an observation: it is always recorded, and each implausibility is recorded beside it. A reliable observation
 * becomes the machine's state; a lost signal makes the state unknown; a late observation is inserted at its time. The same one
 * delivered twice is recorded once.
 */
export function observe(
  { equipmentId, state: reported, quality = 'GOOD', sequence }: ObserveEquipmentState,
  known: Equipment,
  context: Context,
): readonly EquipmentEvent[] {
  const { now, occurredAt } = context;
  const claimedAt = utc(occurredAt);
  if (holds(known.seen, observationKey(claimedAt, quality, reported, sequence ?? undefined))) return [];
  const clockAhead = Date.parse(claimedAt) - Date.parse(now) > SKEW_MS;
  const at = clockAhead ? utc(now) : claimedAt;
  const machine = known.status === 'registered' ? known : undefined;
  const vendorState = machine?.registration.vendorStates.find(({ code }) => code === reported)?.state;
  const state = vendorState ?? stateNamed(reported) ?? null;
  const since = currentSince(known);
  const last = lastKnown(known);
  const late = last !== null && at < last;
  const lost = quality === 'STALE' || quality === 'BAD' || (state === null && /^unavailable$/i.test(reported));
  const applied = state !== null && !late && !lost;
  const from = known.lostSince === null ? known.state : null;
  const legal =
    !applied || !machine || known.since === null || known.lostSince !== null
      ? null
      : isAllowed(machine, state, reportedBy(machine, context));
  const meant: MachineState | undefined = lost ? 'Unknown' : (state ?? undefined);
  const place = late && meant ? placeOf(known, meant, at) : undefined;
  const observed: EquipmentStateObserved = {
    type: 'EquipmentStateObserved',
    data: {
      equipmentId,
      reported,
      state,
      quality,
      at,
      claimedAt,
      applied,
      from,
      since,
      legal,
      workOrderIds: machine?.jobs.map((job) => job.workOrderId) ?? [],
      ...(typeof sequence === 'number' ? { sequence } : {}),
      ...(lost ? { lost } : {}),
      ...(late ? { late } : {}),
      ...(place
        ? {
            within: {
              startedAt: place.startedAt,
              until: place.until,
              state: place.before,
              ...(place.resumes ? { resumes: true as const } : {}),
              ...(ABORT.includes(meant!) ? { readyAgain: seenAfter(known.sightings, at, READY) ?? null } : {}),
            },
          }
        : {}),
    },
  };

  const events: EquipmentEvent[] = [observed];
  if (!machine) events.push({ type: 'UnregisteredEquipmentObserved', data: { equipmentId, reported, at } });
  if (state === null && !lost) events.push({ type: 'UnknownStateObserved', data: { equipmentId, reported, at } });
  if (clockAhead) events.push({ type: 'ClockAheadObserved', data: { equipmentId, claimedAt, takenAt: at } });
  // Within the time of a state that was seen again, only another state is news.
  if (known.state !== null && late && (place || since === null || at < since))
    events.push({ type: 'LateStateObserved', data: { equipmentId, reported, at, knownState: known.state, knownSince: since ?? last } });
  if (!machine) return events;
  if (legal === false && state !== null) {
    const { profile } = machine.registration;
    events.push({
      type: 'IllegalTransitionObserved',
      data: { equipmentId, from: machine.state, to: state, profile, at, missed: missedBetween(profile, machine.state, state) },
    });
  }
  if (place && meant) events.push(...stopsWithin(machine, place.before, meant, place.after, at, place.until));
  else if (applied || (lost && !late && known.lostSince === null)) events.push(...stopsAround(machine, meant!, at));
  return events;
}

/** The interval that a late state falls into, and whether its state goes on after it; undefined where it adds nothing. */
function placeOf({ sightings }: Equipment, state: MachineState, at: string) {
  const { before, began, after } = around(sightings, at);
  // Before the first state that is known of the machine.
  if (!before && after) return { startedAt: at, until: after.at, before: 'Unknown' as const, after: after.state, resumes: false };
  if (!before || !after || before.at === at || before.state === state) return undefined;
  return { startedAt: began!, until: after.at, before: before.state, after: after.state, resumes: after.again === true };
}
