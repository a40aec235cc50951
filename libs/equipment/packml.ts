import { type PackmlInput, type PackmlProfile, PackmlState } from './equipment.events';

type Table = Readonly<Record<PackmlState, Readonly<Partial<Record<PackmlInput, PackmlState>>>>>;

/** The state machine of TR88.00.02-2022: 49 legal pairs of state and input. */
const packml2022: Table = {
  Clearing: { StateComplete: 'Stopped', Abort: 'Aborting' },
  Stopped: { Reset: 'Resetting', Abort: 'Aborting' },
  Starting: { StateComplete: 'Execute', Stop: 'Stopping', Abort: 'Aborting' },
  Idle: { Start: 'Starting', Stop: 'Stopping', Abort: 'Aborting' },
  Suspended: { Unsuspend: 'Unsuspending', Hold: 'Holding', Complete: 'Completing', Stop: 'Stopping', Abort: 'Aborting' },
  Execute: { Hold: 'Holding', Suspend: 'Suspending', Complete: 'Completing', Stop: 'Stopping', Abort: 'Aborting' },
  Stopping: { StateComplete: 'Stopped', Abort: 'Aborting' },
  Aborting: { StateComplete: 'Aborted' },
  Aborted: { Clear: 'Clearing' },
  Holding: { StateComplete: 'Held', Stop: 'Stopping', Abort: 'Aborting' },
  Held: { Unhold: 'Unholding', Complete: 'Completing', Stop: 'Stopping', Abort: 'Aborting' },
  Unholding: { StateComplete: 'Execute', Stop: 'Stopping', Abort: 'Aborting' },
  Suspending: { StateComplete: 'Suspended', Stop: 'Stopping', Abort: 'Aborting' },
  Unsuspending: { StateComplete: 'Execute', Stop: 'Stopping', Abort: 'Aborting' },
  Resetting: { StateComplete: 'Idle', Stop: 'Stopping', Abort: 'Aborting' },
  Completing: { StateComplete: 'Complete', Stop: 'Stopping', Abort: 'Aborting' },
  Complete: { Reset: 'Resetting', Stop: 'Stopping', Abort: 'Aborting' },
};

/** TR88.00.02-2015: Execute is a dual state that completes by itself; there is no Complete command, and Hold only from Execute. */
const packml2015: Table = {
  ...packml2022,
  Suspended: { Unsuspend: 'Unsuspending', Stop: 'Stopping', Abort: 'Aborting' },
  Execute: { StateComplete: 'Completing', Hold: 'Holding', Suspend: 'Suspending', Stop: 'Stopping', Abort: 'Aborting' },
  Held: { Unhold: 'Unholding', Stop: 'Stopping', Abort: 'Aborting' },
};

const tables: Readonly<Record<PackmlProfile, Table>> = { PACKML_2022: packml2022, PACKML_2015: packml2015 };

/** States that every mode must have. */
export const MANDATORY: readonly PackmlState[] = ['Stopped', 'Idle', 'Execute', 'Aborted'];
/** The states in which the mode may be changed, unless the equipment defines others (mask 0x214). */
export const MODE_CHANGE_STATES: readonly PackmlState[] = ['Stopped', 'Idle', 'Aborted'];

/**
 * The state that an input leads to; undefined where it is illegal. A disabled acting state collapses to the state it would complete
 * into; a disabled waiting state cannot be entered.
 */
export function nextState(
  profile: PackmlProfile,
  from: PackmlState,
  input: PackmlInput,
  disabled: readonly PackmlState[] = [],
): PackmlState | undefined {
  let to = tables[profile][from][input];
  for (let hops = 0; to !== undefined && disabled.includes(to); hops += 1) to = hops > 2 ? undefined : tables[profile][to].StateComplete;
  return to;
}

/** The inputs that are legal in a state. */
export const legalInputs = (profile: PackmlProfile, from: PackmlState, disabled: readonly PackmlState[] = []): PackmlInput[] =>
  (Object.keys(tables[profile][from]) as PackmlInput[]).filter((input) => nextState(profile, from, input, disabled));

/** Whether the machine can have moved from one state to the other through states that it does not report. */
export function isPassage(
  profile: PackmlProfile,
  from: PackmlState,
  to: PackmlState,
  reported: readonly PackmlState[],
  disabled: readonly PackmlState[] = [],
): boolean {
  const reached = new Set<PackmlState>([from]);
  for (const state of reached)
    for (const input of legalInputs(profile, state, disabled)) {
      const next = nextState(profile, state, input, disabled)!;
      if (next === to) return true;
      if (!reported.includes(next)) reached.add(next);
    }
  return false;
}

/** Acting states that a slow observer may have missed between two states. */
export const missedBetween = (profile: PackmlProfile, from: PackmlState, to: PackmlState): PackmlState[] =>
  Object.values(tables[profile][from]).filter((acting) => tables[profile][acting].StateComplete === to);

const downtime: Readonly<Partial<Record<PackmlState, 'Stop' | 'Abort' | 'Hold' | 'Suspend'>>> = {
  Stopping: 'Stop',
  Stopped: 'Stop',
  Aborting: 'Abort',
  Aborted: 'Abort',
  Clearing: 'Abort',
  Holding: 'Hold',
  Held: 'Hold',
  Unholding: 'Hold',
  Suspending: 'Suspend',
  Suspended: 'Suspend',
  Unsuspending: 'Suspend',
};

/** Why a machine in this state does not produce; undefined where no stop is counted (producing, completing, preparing or waiting for work). */
export const stopCause = (state: PackmlState) => downtime[state];

/** A state by its name. */
export const stateNamed = (reported: string): PackmlState | undefined =>
  Object.hasOwn(PackmlState, reported) ? (reported as PackmlState) : undefined;
