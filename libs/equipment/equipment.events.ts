import type { Event } from '#kernel/event';

/** The 17 states of PackML (TR88.00.02), in the order of their numbers 1 to 17. */
export const PackmlState = {
  Clearing: 'Clearing',
  Stopped: 'Stopped',
  Starting: 'Starting',
  Idle: 'Idle',
  Suspended: 'Suspended',
  Execute: 'Execute',
  Stopping: 'Stopping',
  Aborting: 'Aborting',
  Aborted: 'Aborted',
  Holding: 'Holding',
  Held: 'Held',
  Unholding: 'Unholding',
  Suspending: 'Suspending',
  Unsuspending: 'Unsuspending',
  Resetting: 'Resetting',
  Completing: 'Completing',
  Complete: 'Complete',
} as const;
export type PackmlState = keyof typeof PackmlState;

/** What a machine is known to be doing: a PackML state, or nothing, as while its signal is lost. */
export const MachineState = { ...PackmlState, Unknown: 'Unknown' } as const;
export type MachineState = keyof typeof MachineState;

/** What moves a PackML machine: its ten commands, and the report that an acting state is complete (SC). */
export const PackmlInput = {
  Reset: 'Reset',
  Start: 'Start',
  Stop: 'Stop',
  Hold: 'Hold',
  Unhold: 'Unhold',
  Suspend: 'Suspend',
  Unsuspend: 'Unsuspend',
  Abort: 'Abort',
  Clear: 'Clear',
  Complete: 'Complete',
  StateComplete: 'StateComplete',
} as const;
export type PackmlInput = keyof typeof PackmlInput;

/** Which edition of PackML a machine follows. */
export const PackmlProfile = { PACKML_2022: 'PACKML_2022', PACKML_2015: 'PACKML_2015' } as const;
export type PackmlProfile = keyof typeof PackmlProfile;

/** How many jobs a machine takes: one; several up to a load; several of one kind; any number (a bench). */
export const CapacityMode = { Unary: 'Unary', Cumulative: 'Cumulative', Batch: 'Batch', Infinite: 'Infinite' } as const;
export type CapacityMode = keyof typeof CapacityMode;

/** How far a reading of a machine is to be believed. */
export const SignalQuality = { GOOD: 'GOOD', UNCERTAIN: 'UNCERTAIN', BAD: 'BAD', STALE: 'STALE' } as const;
export type SignalQuality = keyof typeof SignalQuality;

/** What a stop cost, for the analysis of losses. Hold is an internal cause, Suspend an external one. */
export const LossClass = {
  Breakdown: 'Breakdown',
  SetupAndAdjustment: 'SetupAndAdjustment',
  MinorStop: 'MinorStop',
  Starved: 'Starved',
  Blocked: 'Blocked',
  Quality: 'Quality',
  PlannedMaintenance: 'PlannedMaintenance',
  Break: 'Break',
  NoOrder: 'NoOrder',
  Other: 'Other',
} as const;
export type LossClass = keyof typeof LossClass;

/** What began a stop. */
export const StopCause = { Stop: 'Stop', Abort: 'Abort', Hold: 'Hold', Suspend: 'Suspend' } as const;
export type StopCause = keyof typeof StopCause;

/** A mode of a machine (1 Production, 2 Maintenance, 3 Manual, 4 to 31 the maker's) and the states that it does without. */
export type Mode = Readonly<{ mode: number; name: string; disabledStates: readonly PackmlState[] }>;

/** A machine was put on the shop floor. All times of equipment events are floor times, ISO 8601 UTC. */
export type EquipmentRegistered = Event<
  'EquipmentRegistered',
  {
    equipmentId: string;
    /** Name as written on the machine's plate. */
    name: string;
    /** Place in the hierarchy of the plant, a work unit or work center as a rule. */
    elementId: string | null;
    equipmentClass: string;
    profile: PackmlProfile;
    modes: readonly Mode[];
    /** The states in which the mode may be changed. */
    modeChangeStates: readonly PackmlState[];
    capacityMode: CapacityMode;
    /** Jobs at a time; the total load where capacity is cumulative; null where it is infinite. */
    maxConcurrent: number | null;
    /** What the machine's controller calls the PackML states. */
    vendorStates: readonly Readonly<{ code: string; state: PackmlState }>[];
    /** The states that machines of this class report; passing through others unseen is no exception. All where absent. */
    reportedStates?: readonly PackmlState[];
    mode: number;
    /** The state taken to begin with: the last one observed, else Stopped, an assumption without `since` that no observation contradicts. */
    state: PackmlState;
    since: string | null;
  }
>;

/** A machine was moved to another place of the plant. */
export type EquipmentMoved = Event<'EquipmentMoved', { equipmentId: string; fromElementId: string | null; toElementId: string }>;

/** A command, or the completion of an acting state, moved the machine from one state to another. */
export type EquipmentStateChanged = Event<
  'EquipmentStateChanged',
  {
    equipmentId: string;
    from: PackmlState;
    to: PackmlState;
    input: PackmlInput;
    profile: PackmlProfile;
    mode: number;
    /** Since when it had been in the state that it left; null where that was only assumed. */
    since: string | null;
    at: string;
    /** The work orders assigned at that time. */
    workOrderIds: readonly string[];
  }
>;

/** The machine was seen in a state. Recorded whatever it is; what is odd about it follows as an event of its own. */
export type EquipmentStateObserved = Event<
  'EquipmentStateObserved',
  {
    equipmentId: string;
    /** As the machine reported it: a PackML state or its maker's code. */
    reported: string;
    /** The PackML state that it means; null where unknown. */
    state: PackmlState | null;
    quality: SignalQuality;
    at: string;
    /** The observer's clock; differs from `at` only where it is ahead of the server's. */
    claimedAt: string;
    /** True where it is now taken as the machine's state; false where it came late, means nothing known or cannot be believed. */
    applied: boolean;
    /** The state known before, and since when; null where none was. */
    from: PackmlState | null;
    since: string | null;
    /** Whether one PackML input leads from the known state to this one; null where that cannot be said. */
    legal: boolean | null;
    workOrderIds: readonly string[];
    /** True where the signal is lost (stale, bad or unavailable): what the machine does is unknown from then on. */
    lost?: true;
    /** For a late observation: the time in which the machine was taken to be in one state, and which. It now ends at `at`. */
    within?: Readonly<{ startedAt: string; until: string; state: MachineState }>;
  }
>;

/** Exception: the machine was seen to pass between two states as PackML does not allow. */
export type IllegalTransitionObserved = Event<
  'IllegalTransitionObserved',
  {
    equipmentId: string;
    from: PackmlState;
    to: PackmlState;
    profile: PackmlProfile;
    at: string;
    /** Acting states that explain it if the observer was too slow to see them. */
    missed: readonly PackmlState[];
  }
>;

/** Exception: an observation arrived after a later one was known; the known state stays. */
export type LateStateObserved = Event<
  'LateStateObserved',
  { equipmentId: string; reported: string; at: string; knownState: PackmlState; knownSince: string }
>;

/** Exception: the reported state is neither a PackML state nor a code known for this machine. */
export type UnknownStateObserved = Event<'UnknownStateObserved', { equipmentId: string; reported: string; at: string }>;

/** Exception: something was observed of equipment that is not registered. */
export type UnregisteredEquipmentObserved = Event<'UnregisteredEquipmentObserved', { equipmentId: string; reported: string; at: string }>;

/** Exception: the observer's clock is ahead; the server's time is taken instead. */
export type ClockAheadObserved = Event<'ClockAheadObserved', { equipmentId: string; claimedAt: string; takenAt: string }>;

/** The machine was set to another mode. */
export type EquipmentModeSet = Event<'EquipmentModeSet', { equipmentId: string; from: number; to: number; at: string }>;

/** A work order took (part of) the machine. */
export type EquipmentAssigned = Event<
  'EquipmentAssigned',
  {
    equipmentId: string;
    workOrderId: string;
    /** Share of a cumulative capacity; 1 elsewhere. */
    load: number;
    /** What the jobs of one batch have in common; null elsewhere. */
    batchKey: string | null;
    at: string;
    /** Since when the machine had been in its state; null where that is only assumed. */
    stateSince: string | null;
  }
>;

/** A work order gave the machine free. */
export type EquipmentUnassigned = Event<'EquipmentUnassigned', { equipmentId: string; workOrderId: string; at: string }>;

/** The machine ceased to produce. At most one stop is open at a time. */
export type StopOpened = Event<
  'StopOpened',
  {
    equipmentId: string;
    /** `S1`, `S2`, …: unique for the equipment. */
    stopId: string;
    cause: StopCause;
    at: string;
    /** Where the stop became known only after it was over. */
    closedAt?: string;
    workOrderIds: readonly string[];
  }
>;

/** The stop is over: the machine runs, or is being made ready to. */
export type StopClosed = Event<'StopClosed', { equipmentId: string; stopId: string; openedAt: string; at: string }>;

/** A late observation showed that a stop began or ended at another time. */
export type StopCorrected = Event<
  'StopCorrected',
  {
    equipmentId: string;
    stopId: string;
    openedAt: string;
    /** Null while the stop is open. */
    closedAt: string | null;
    previousOpenedAt: string;
    previousClosedAt: string | null;
  }
>;

/** Someone said why the machine stood. */
export type StopClassified = Event<
  'StopClassified',
  {
    equipmentId: string;
    stopId: string;
    reasonCode: string;
    lossClass: LossClass;
    /** What had been said before; null the first time. */
    previousReasonCode: string | null;
    previousLossClass: LossClass | null;
  }
>;

export type EquipmentEvent =
  | EquipmentRegistered
  | EquipmentMoved
  | EquipmentStateChanged
  | EquipmentStateObserved
  | IllegalTransitionObserved
  | LateStateObserved
  | UnknownStateObserved
  | UnregisteredEquipmentObserved
  | ClockAheadObserved
  | EquipmentModeSet
  | EquipmentAssigned
  | EquipmentUnassigned
  | StopOpened
  | StopClosed
  | StopCorrected
  | StopClassified;
