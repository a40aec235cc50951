import type { Context, Decider } from '#kernel/decider';
import { facilityOf } from '#manufacturing/facility';
import { Rejected } from '#kernel/rejected';
import { streamOf } from '#kernel/identity';
import { isJobOf, ordersOf } from '#manufacturing/capacity';
import { checking, isFirstOfKind, ofPlants, type Reference, referring, regardsOf } from '#manufacturing/references';
import type * as commands from './equipment.commands';
import type {
  EquipmentEvent,
  EquipmentRegistered,
  EquipmentStateObserved,
  MachineState,
  Mode,
  PackmlInput,
  PackmlState,
} from './equipment.events';
import { assign, recordJobBegun, recordJobEnded, toldOf, unassign } from './jobs';
import { currentSince, disabledIn, type Equipment, known, lastKnown, type Registered, stopOf, stopsAround, utc, withStop } from './machine';
import { classRegarded, observationKey, observe } from './observation';
import { legalInputs, MANDATORY, MODE_CHANGE_STATES, nextState } from './packml';
import { countOf, withRow } from './rows';
import { around, latest, seeing, until, without } from './sightings';

const MODES: readonly Mode[] = [
  { mode: 1, name: 'Production', disabledStates: [] },
  { mode: 2, name: 'Maintenance', disabledStates: [] },
  { mode: 3, name: 'Manual', disabledStates: [] },
];

/** Floor time of a command. Without `occurredAt` it is not before the known state; with an earlier `occurredAt` the command is refused. */
function timeOf({ occurredAt, now }: Context, machine: Registered): string {
  const at = utc(occurredAt);
  const { state } = machine;
  const last = lastKnown(machine);
  if (last === null || at >= last) return at;
  if (occurredAt === now) return last;
  const since = currentSince(machine);
  const known = last === since ? `when the state ${state} began` : `when it was last seen in state ${state}`;
  throw new Rejected('earlier-than-known-state', `\`occurredAt\` must not be before ${last}, ${known}, was ${at}.`, {
    occurredAt: at,
    state,
    since: last,
  });
}

/** Decides a PackML command, or SC, by the table of the machine's profile and mode. */
const give =
  (input: PackmlInput) =>
  (_: object, state: Equipment, context: Context): readonly EquipmentEvent[] => {
    const machine = known(state);
    const { equipmentId, mode, state: from, jobs } = machine;
    const since = currentSince(machine);
    const { profile } = machine.registration;
    const disabled = disabledIn(machine, mode);
    const to = nextState(profile, from, input, disabled);
    if (!to) {
      const possible = legalInputs(profile, from, disabled);
      throw new Rejected(
        'transition-not-allowed',
        `${input} is not possible in state ${from}; possible: ${possible.join(', ') || 'none'}.`,
        { state: from, input, profile, mode, possible },
      );
    }
    const at = timeOf(context, machine);
    const workOrderIds = jobs.map((job) => job.workOrderId);
    return [
      { type: 'EquipmentStateChanged', data: { equipmentId, from, to, input, profile, mode, since, at, workOrderIds } },
      ...stopsAround(machine, to, at),
    ];
  };

function checkModes(modes: readonly Mode[]): void {
  if (new Set(modes.map(({ mode }) => mode)).size < modes.length) throw new Rejected('mode-repeated', 'Each `mode` must occur once.');
  for (const { mode, disabledStates } of modes) {
    const missing = MANDATORY.filter((state) => disabledStates.includes(state));
    if (missing.length) throw new Rejected('state-mandatory', `Mode ${mode} must not disable ${missing.join(', ')}.`, { mode, missing });
  }
}

/** Jobs that left and are kept, for what is reported of them late. */
const KEPT_JOBS = 64;

const sameRegistration = (known: EquipmentRegistered['data'], asked: EquipmentRegistered['data']): boolean => {
  const { state: _, since: __, firstOfKind: ___, ...before } = known;
  const { state: ____, since: _____, ...now } = asked;
  return JSON.stringify(before) === JSON.stringify(now);
};

/** The machine in a state from a time on. What an older log has after that time was not believed. */
function enter<S extends Equipment>(machine: S, at: string, seen: PackmlState): S {
  const same = seen === machine.state && machine.since !== null && machine.lostSince === null;
  if (same) return { ...machine, sightings: seeing(machine.sightings, at, seen) };
  return { ...machine, state: seen, since: at, lostSince: null, sightings: seeing(until(machine.sightings, at), at, seen) };
}

function lose<S extends Equipment>(machine: S, at: string): S {
  if (machine.lostSince !== null) return { ...machine, sightings: seeing(machine.sightings, at, 'Unknown') };
  return { ...machine, lostSince: at, sightings: seeing(until(machine.sightings, at), at, 'Unknown') };
}

/** The machine with a state in its past. The current state, if that was split, began when it was seen again. */
function insert<S extends Equipment>(machine: S, at: string, seen: MachineState, to: string): S {
  const sightings = seeing(without(machine.sightings, at, to), at, seen);
  const since = currentSince(machine);
  if (since === null || since >= at) return { ...machine, sightings };
  const resumed = machine.lostSince === null ? { since: to } : { lostSince: to };
  return { ...machine, sightings, ...resumed };
}

/** Applies an observation, also a late one: it may still be the latest that is known of its time. */
function evolveObserved(
  state: Equipment,
  { reported, quality, sequence, claimedAt, at, state: seen, lost, late, within, applied }: EquipmentStateObserved['data'],
): Equipment {
  const known = { ...state, seen: withRow(state.seen, observationKey(claimedAt, quality, reported, sequence)) };
  const meant = lost ? 'Unknown' : seen;
  if (meant === null) return known;
  const last = latest(known.sightings);
  if (late && !within) {
    const confirms = around(known.sightings, at).before?.state === meant;
    return confirms ? { ...known, sightings: seeing(known.sightings, at, meant) } : known;
  }
  const since = currentSince(known);
  if (within && last && at < last.at) return insert(known, at, meant, within.until);
  if (!within && since !== null && at < since) return known;
  if (lost) return lose(known, at);
  const believed = applied || quality === 'GOOD' || quality === 'UNCERTAIN';
  return seen && believed ? enter(known, at, seen) : known;
}

/** A stop with other times: it may have been the open one. */
function closing(state: Registered, stopId: string, times: Readonly<{ openedAt?: string; closedAt: string | null }>): Registered {
  const others = state.openStop === stopId ? null : state.openStop;
  return { ...state, stops: withStop(state.stops, stopId, times), openStop: times.closedAt === null ? stopId : others };
}

function evolve(state: Equipment, event: EquipmentEvent): Equipment {
  if (event.type === 'EquipmentStateObserved') return evolveObserved(state, event.data);
  if (event.type === 'EquipmentRegistered') {
    const { equipmentId, elementId, mode, state: begin, since } = event.data;
    return {
      status: 'registered',
      equipmentId,
      registration: event.data,
      elementId,
      mode,
      state: begin,
      since,
      jobs: [],
      left: [],
      stops: [],
      openStop: null,
      lostSince: state.lostSince,
      sightings: state.sightings,
      seen: state.seen,
    };
  }
  if (state.status === 'unknown') return state;
  switch (event.type) {
    case 'EquipmentMoved':
      return { ...state, elementId: event.data.toElementId };
    case 'EquipmentStateChanged':
      return enter(state, event.data.at, event.data.to);
    case 'EquipmentModeSet':
      return { ...state, mode: event.data.to };
    case 'EquipmentAssigned': {
      const { workOrderId, load, batchKey, at: from, byStart } = event.data;
      const others = state.jobs.filter((job) => job.workOrderId !== workOrderId);
      return { ...state, jobs: [...others, { workOrderId, load, batchKey, from, ...(byStart ? { byStart } : {}) }] };
    }
    case 'EquipmentUnassigned': {
      const { workOrderId, at: until } = event.data;
      const jobs = state.jobs.filter((job) => job.workOrderId !== workOrderId);
      const left = state.jobs
        .filter(isJobOf(workOrderId))
        .map(({ load, batchKey, from }) => ({ workOrderId, load, batchKey, from, until }));
      return { ...state, jobs, left: [...state.left, ...left].slice(-KEPT_JOBS) };
    }
    case 'StopOpened': {
      const { at: openedAt, closedAt = null } = event.data;
      const stop = { stopId: `S${countOf(state.stops) + 1}`, openedAt, closedAt, reasonCode: null, lossClass: null };
      return { ...state, stops: withRow(state.stops, stop), openStop: closedAt === null ? stop.stopId : state.openStop };
    }
    case 'StopClosed':
      return closing(state, event.data.stopId, { closedAt: event.data.at });
    case 'StopCorrected': {
      const { stopId, openedAt, closedAt } = event.data;
      return closing(state, stopId, { openedAt, closedAt });
    }
    case 'StopClassified': {
      const { stopId, reasonCode, lossClass } = event.data;
      return { ...state, stops: withStop(state.stops, stopId, { reasonCode, lossClass }) };
    }
    case 'IllegalTransitionObserved':
    case 'LateStateObserved':
    case 'UnknownStateObserved':
    case 'UnregisteredEquipmentObserved':
    case 'ClockAheadObserved':
    case 'CapacityExceededObserved':
      return state;
  }
}

type Rules = Decider<typeof commands, Equipment, EquipmentEvent>;

/** The references in each command that has some. */
const references = {
  RegisterEquipment: ({ equipmentClass, elementId }: commands.RegisterEquipment): Reference[] =>
    referring(['EquipmentClass', equipmentClass], ['Element', elementId]),
  MoveEquipment: ({ elementId }: commands.MoveEquipment): Reference[] => referring(['Element', elementId]),
  AssignEquipment: ({ workOrderId }: commands.AssignEquipment): Reference[] => referring(['WorkOrder', workOrderId]),
  ClassifyStop: ({ reasonCode }: commands.ClassifyStop): Reference[] => referring(['ReasonCode', reasonCode]),
};

/**
 * A machine by PackML. Each PackML command is a command of its own (`StopEquipment`, not `RequestState{command}`), so that it can be allowed,
 * documented and found by its name. The table refuses commands, never observations.
 */
const rules: Rules = {
  category: 'equipment',
  initial: { status: 'unknown', state: null, since: null, lostSince: null, sightings: [], seen: [] },
  id: (command) => command.equipmentId,
  observed: ['ObserveEquipmentState', 'RecordJobBegun', 'RecordJobEnded'],
  exceptions: [
    'IllegalTransitionObserved',
    'LateStateObserved',
    'UnknownStateObserved',
    'UnregisteredEquipmentObserved',
    'ClockAheadObserved',
    'CapacityExceededObserved',
  ],
  tells: toldOf,
  regards: (name, command, state) => {
    const { equipmentId, workOrderId } = command;
    const facility = facilityOf(equipmentId as string);
    const order = streamOf('work-order', workOrderId as string);
    const others = state.status === 'unknown' ? [] : ordersOf(state.jobs);
    switch (name) {
      case 'RegisterEquipment':
      case 'MoveEquipment':
      case 'ClassifyStop':
        return regardsOf(facility, references[name](command as never));
      case 'ObserveEquipmentState':
        return classRegarded(state);
      case 'AssignEquipment':
        return [...regardsOf(facility, []), { stream: order, now: true }, ...others];
      case 'RecordJobBegun':
        return [{ stream: order, now: true }, ...others];
      default:
        return [];
    }
  },
  evolve,
  decide: {
    RegisterEquipment: (command, state, context) => {
      const { equipmentId, name, elementId = null, equipmentClass, profile = 'PACKML_2022', capacityMode = 'Unary' } = command;
      if (elementId && facilityOf(elementId) !== facilityOf(equipmentId))
        throw new Rejected('wrong-facility', `\`elementId\` must be in the facility of ${equipmentId}, was ${elementId}.`, {
          elementId,
          equipmentId,
        });
      const modes = (command.modes ?? MODES).map(({ mode, name: label, disabledStates }) => ({
        mode,
        name: label,
        disabledStates: [...disabledStates],
      }));
      checkModes(modes);
      if (capacityMode === 'Unary' && (command.maxConcurrent ?? 1) !== 1)
        throw new Rejected(
          'capacity-inconsistent',
          `\`maxConcurrent\` must be 1 or absent for capacity mode Unary, was ${command.maxConcurrent}.`,
          { maxConcurrent: command.maxConcurrent },
        );
      if ((capacityMode === 'Cumulative' || capacityMode === 'Batch') && command.maxConcurrent === undefined)
        throw new Rejected('capacity-missing', `Capacity mode ${capacityMode} needs \`maxConcurrent\`.`, { capacityMode });
      const data: EquipmentRegistered['data'] = {
        equipmentId,
        name,
        elementId,
        equipmentClass,
        profile,
        modes,
        modeChangeStates: [...(command.modeChangeStates ?? MODE_CHANGE_STATES)],
        capacityMode,
        maxConcurrent: capacityMode === 'Infinite' ? null : (command.maxConcurrent ?? 1),
        vendorStates: (command.vendorStates ?? []).map(({ code, state: meant }) => ({ code, state: meant })),
        ...(command.reportedStates ? { reportedStates: [...command.reportedStates] } : {}),
        mode: modes[0]!.mode,
        state: state.state ?? 'Stopped',
        since: state.since,
      };
      const first = isFirstOfKind(context, facilityOf(equipmentId), 'Equipment') ? { firstOfKind: true as const } : {};
      if (state.status === 'unknown') return [{ type: 'EquipmentRegistered', data: { ...data, ...first } }];
      if (sameRegistration(state.registration, data)) return [];
      throw new Rejected('equipment-already-registered', `${equipmentId} is already registered with other data. Choose another id.`, {
        equipmentId,
        name: state.registration.name,
      });
    },

    MoveEquipment: ({ equipmentId, elementId }, state) => {
      const machine = known(state);
      if (facilityOf(elementId) !== facilityOf(equipmentId))
        throw new Rejected('wrong-facility', `\`elementId\` must be in the facility of ${equipmentId}, was ${elementId}.`, {
          elementId,
          equipmentId,
        });
      if (machine.elementId === elementId) return [];
      return [{ type: 'EquipmentMoved', data: { equipmentId, fromElementId: machine.elementId, toElementId: elementId } }];
    },

    ResetEquipment: give('Reset'),
    StartEquipment: give('Start'),
    StopEquipment: give('Stop'),
    HoldEquipment: give('Hold'),
    UnholdEquipment: give('Unhold'),
    SuspendEquipment: give('Suspend'),
    UnsuspendEquipment: give('Unsuspend'),
    AbortEquipment: give('Abort'),
    ClearEquipment: give('Clear'),
    CompleteEquipment: give('Complete'),
    ReportStateComplete: (command, state, context) => {
      const machine = known(state);
      if (command.state && command.state !== machine.state)
        throw new Rejected('state-not-current', `\`state\` must be the current state ${machine.state}, was ${command.state}.`, {
          state: machine.state,
        });
      return give('StateComplete')(command, state, context);
    },

    SetEquipmentMode: ({ equipmentId, mode: to }, state, context) => {
      const machine = known(state);
      const { mode: from, registration } = machine;
      if (from === to) return [];
      if (!registration.modes.some(({ mode }) => mode === to))
        throw new Rejected('no-such-mode', `Unknown mode ${to}; known: ${registration.modes.map(({ mode }) => mode).join(', ')}.`, {
          mode: to,
          modes: registration.modes.map(({ mode }) => mode),
        });
      if (!registration.modeChangeStates.includes(machine.state))
        throw new Rejected(
          'mode-change-not-allowed',
          `The mode cannot be changed in state ${machine.state}; possible in: ${registration.modeChangeStates.join(', ')}.`,
          { state: machine.state, allowed: registration.modeChangeStates },
        );
      if (disabledIn(machine, to).includes(machine.state))
        throw new Rejected('state-not-in-mode', `Mode ${to} disables the current state ${machine.state}. Change the state first.`, {
          state: machine.state,
          mode: to,
        });
      return [{ type: 'EquipmentModeSet', data: { equipmentId, from, to, at: utc(context.occurredAt) } }];
    },

    AssignEquipment: assign,
    UnassignEquipment: unassign,
    RecordJobBegun: recordJobBegun,
    RecordJobEnded: recordJobEnded,

    ClassifyStop: ({ equipmentId, stopId, reasonCode, lossClass, expectedPrevious = null }, state) => {
      const stop = stopOf(known(state).stops, stopId);
      if (!stop) throw new Rejected('no-such-stop', `Unknown stop ${stopId} of ${equipmentId}; its stops are S1, S2, …`, { stopId });
      if (stop.reasonCode === reasonCode && stop.lossClass === lossClass) return [];
      if (stop.reasonCode !== expectedPrevious)
        throw new Rejected(
          'stop-classified-otherwise',
          `\`expectedPrevious\` must be ${stop.reasonCode ?? 'absent'}, as the stop is classified now, was ${expectedPrevious ?? 'absent'}. Read the stop again.`,
          { stopId, reasonCode: stop.reasonCode, lossClass: stop.lossClass, expectedPrevious },
        );
      const { reasonCode: previousReasonCode, lossClass: previousLossClass } = stop;
      return [{ type: 'StopClassified', data: { equipmentId, stopId, reasonCode, lossClass, previousReasonCode, previousLossClass } }];
    },

    ObserveEquipmentState: observe,
  },
};

export const equipment: Rules = ofPlants({
  ...rules,
  decide: checking(rules.decide, { facility: ({ equipmentId }) => facilityOf(equipmentId), references }),
});
