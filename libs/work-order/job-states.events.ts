/** Job order states of OPC 10031-4 v2, plus Observed (seen on the floor, never released) and Cancelled (withdrawn before it started). */
export const JobState = {
  Observed: 'Observed',
  NotAllowedToStart: 'NotAllowedToStart',
  AllowedToStart: 'AllowedToStart',
  Running: 'Running',
  Interrupted: 'Interrupted',
  Ended: 'Ended',
  Aborted: 'Aborted',
  Cancelled: 'Cancelled',
} as const;
export type JobState = keyof typeof JobState;

/** Sub-states of AllowedToStart: waiting for a precondition, ready, or loaded into the machine. */
export const Readiness = { Waiting: 'Waiting', Ready: 'Ready', Loaded: 'Loaded' } as const;
export type Readiness = keyof typeof Readiness;

/** Sub-states of Interrupted: Held for an internal cause, Suspended for an external one (starved, blocked). */
export const Interruption = { Held: 'Held', Suspended: 'Suspended' } as const;
export type Interruption = keyof typeof Interruption;

/** Cause of an interruption. */
export const HoldCause = {
  Equipment: 'Equipment',
  Quality: 'Quality',
  Material: 'Material',
  Personnel: 'Personnel',
  Tooling: 'Tooling',
  Other: 'Other',
} as const;
export type HoldCause = keyof typeof HoldCause;

/** How an order ended: as planned, or stopped early. */
export const Ending = { Completed: 'Completed', Stopped: 'Stopped' } as const;
export type Ending = keyof typeof Ending;

/** Decision of a supervisor on a held order. */
export const ResumptionDecision = { Resume: 'Resume', Stop: 'Stop', Abort: 'Abort' } as const;
export type ResumptionDecision = keyof typeof ResumptionDecision;

/** Fields of every event of an order. */
export type OfOrder = Readonly<{ workOrderId: string; productionOrderId?: string }>;
