import type { Event } from '#kernel/event';
import type { Capacity, Job } from '#manufacturing/capacity';

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

/** What is known of a machine: a PackML state, or Unknown while its signal is lost. */
export const MachineState = { ...PackmlState, Unknown: 'Unknown' } as const;
export type MachineState = keyof typeof MachineState;
/** States that interrupt work, and those in which a machine can work again: not yet while it clears or resets. */
export const ABORT: readonly MachineState[] = ['Aborting', 'Aborted'];
export const READY: readonly MachineState[] = ['Idle', 'Starting', 'Execute'];

/** The inputs of a PackML machine: its ten commands, and the report that an acting state is complete (SC). */
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

/** How reliable a reading of a machine is. */
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

/** A mode of a machine (1 Production, 2 Maintenance, 3 Manual, 4 to 31 its vendor's) and the states that it disables. */
export type Mode = Readonly<{ mode: number; name: string; disabledStates: readonly PackmlState[] }>;

/** A machine was registered. All times of equipment events are floor times, ISO 8601 UTC. */
export type EquipmentRegistered = Event<
  'EquipmentRegistered',
  {
    equipmentId: string;
    /** Name as written on the machine's plate. */
    name: string;
    /** Place in the hierarchy of the plant, usually a work unit or work center. */
    elementId: string | null;
    equipmentClass: string;
    profile: PackmlProfile;
    modes: readonly Mode[];
    /** The states in which the mode may be changed. */
    modeChangeStates: readonly PackmlState[];
    capacityMode: Capacity['capacityMode'];
    /** Jobs at a time; the total load where capacity is cumulative; null where it is infinite. */
    maxConcurrent: number | null;
    /** What the machine's controller calls the PackML states. */
    vendorStates: readonly Readonly<{ code: string; state: PackmlState }>[];
    /** The states that the machine reports; skipping the others is not flagged. Those of its class, or all, where absent. */
    reportedStates?: readonly PackmlState[];
    /** True for the first machine of the plant: references to machines are checked from now on. */
    firstOfKind?: true;
    mode: number;
    /** The initial state: the last one observed, else Stopped, an assumption without `since` that no observation contradicts. */
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
    /** When the state that it left had begun; null where that was only assumed. */
    since: string | null;
    at: string;
    /** The work orders assigned at that time. */
    workOrderIds: readonly string[];
  }
>;

/** The state of the machine was observed. Always recorded; each implausibility follows as an event of its own. */
export type EquipmentStateObserved = Event<
  'EquipmentStateObserved',
  {
    equipmentId: string;
    /** As the machine reported it: a PackML state or a code of its vendor. */
    reported: string;
    /** The PackML state that it stands for; null where unknown. */
    state: PackmlState | null;
    quality: SignalQuality;
    /** The machine's own number of the observation, where it sends one. */
    sequence?: number;
    at: string;
    /** The observer's clock; differs from `at` only where it is ahead of the server's. */
    claimedAt: string;
    /** True where it became the machine's state; false where it came late, is unknown or is unreliable. */
    applied: boolean;
    /** The state known before, and when it began; null where there was none. */
    from: PackmlState | null;
    since: string | null;
    /** Whether one PackML input leads from the known state to this one; null where that is unknown. */
    legal: boolean | null;
    workOrderIds: readonly string[];
    /** True where the signal is lost (stale, bad or unavailable): the machine's state is unknown from then on. */
    lost?: true;
    /** True where a later sighting was known already. In older events absent if the state of that sighting had begun before this one. */
    late?: true;
    /**
     * For a late observation: the interval, of one known state, that it falls into. That state now ends at `at`, and the observed one at `until`; from
     * then on the first goes on if it `resumes`, since it was seen again at that time.
     */
    within?: Readonly<{
      startedAt: string;
      until: string;
      state: MachineState;
      resumes?: true;
      /** Of an abort: when the machine was seen next ready to work, or working; null where it was not. Absent in older events. */
      readyAgain?: string | null;
    }>;
  }
>;

/** Exception: an observed transition is not allowed by PackML. */
export type IllegalTransitionObserved = Event<
  'IllegalTransitionObserved',
  {
    equipmentId: string;
    from: PackmlState;
    to: PackmlState;
    profile: PackmlProfile;
    at: string;
    /** Acting states that the observer may have missed; they would explain the transition. */
    missed: readonly PackmlState[];
  }
>;

/** Exception: an observation arrived after a later one; the known state stays. */
export type LateStateObserved = Event<
  'LateStateObserved',
  { equipmentId: string; reported: string; at: string; knownState: PackmlState; knownSince: string }
>;

/** Exception: the reported state is neither a PackML state nor a code of this machine. */
export type UnknownStateObserved = Event<'UnknownStateObserved', { equipmentId: string; reported: string; at: string }>;

/** Exception: the observed equipment is not registered. */
export type UnregisteredEquipmentObserved = Event<'UnregisteredEquipmentObserved', { equipmentId: string; reported: string; at: string }>;

/** Exception: the observer's clock is ahead; the server's time is used instead. */
export type ClockAheadObserved = Event<'ClockAheadObserved', { equipmentId: string; claimedAt: string; takenAt: string }>;

/** The machine was set to another mode. */
export type EquipmentModeSet = Event<'EquipmentModeSet', { equipmentId: string; from: number; to: number; at: string }>;

/** A work order was assigned to the machine, or to part of its capacity. */
export type EquipmentAssigned = Event<
  'EquipmentAssigned',
  {
    equipmentId: string;
    workOrderId: string;
    /** Share of a cumulative capacity; 1 for other capacity modes. */
    load: number;
    /** What the jobs of one batch have in common; null for other capacity modes. */
    batchKey: string | null;
    at: string;
    /** When the machine's state had begun; null where it is only assumed. */
    stateSince: string | null;
    /** True where work on the order took it by starting; absent where a person assigned it. */
    byStart?: true;
    /** Stops that began since `at`, where it became known late: they interrupted the order. */
    stopIds?: readonly string[];
  }
>;

/** The assignment of a work order to the machine ended. */
export type EquipmentUnassigned = Event<
  'EquipmentUnassigned',
  {
    equipmentId: string;
    workOrderId: string;
    at: string;
    /** Stops that began since `at`, where it became known late: they did not interrupt the order. */
    stopIds?: readonly string[];
  }
>;

/** Exception: work on an order started on a machine that has no room for it. */
export type CapacityExceededObserved = Event<
  'CapacityExceededObserved',
  { equipmentId: string; workOrderId: string; code: string; others: readonly string[]; at: string }
>;

/** What a machine says of itself to the decisions of others. */
export type EquipmentTold = Capacity &
  Readonly<{
    /** The orders that have it. */
    jobs: readonly (Job & Readonly<{ from: string; byStart?: true }>)[];
    /** The orders that had it lately. */
    left: readonly (Job & Readonly<{ from: string; until: string }>)[];
  }>;

/** The machine stopped producing. At most one stop is open at a time. */
export type StopOpened = Event<
  'StopOpened',
  {
    equipmentId: string;
    /** `S1`, `S2`, …: unique for the equipment. */
    stopId: string;
    cause: StopCause;
    at: string;
    /** Present where the stop became known only after it was over. */
    closedAt?: string;
    workOrderIds: readonly string[];
    /** When the later states of the stop began. Present where it is the rest of a stop that was split. */
    laterStates?: readonly string[];
  }
>;

/** The stop is over: the machine runs or is being prepared. */
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

/** A stop was classified by its reason. */
export type StopClassified = Event<
  'StopClassified',
  {
    equipmentId: string;
    stopId: string;
    reasonCode: string;
    lossClass: LossClass;
    /** The classification before; null the first time. */
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
  | CapacityExceededObserved
  | StopOpened
  | StopClosed
  | StopCorrected
  | StopClassified;
