import type { Job } from './capacity';
import type { EquipmentEvent, EquipmentRegistered, LossClass, PackmlState } from './equipment.events';
import { stopCause } from './packml';

export type Stop = Readonly<{ stopId: string; openedAt: string; open: boolean; reasonCode: string | null; lossClass: LossClass | null }>;

export type Equipment =
  | Readonly<{
      status: 'unknown';
      /** What was observed of it nevertheless. */
      state: PackmlState | null;
      since: string | null;
      recent: readonly string[];
    }>
  | Readonly<{
      status: 'registered';
      equipmentId: string;
      registration: EquipmentRegistered['data'];
      elementId: string | null;
      mode: number;
      state: PackmlState;
      /** Null while the state is only assumed. */
      since: string | null;
      jobs: readonly Job[];
      stopCount: number;
      /** The latest stops; what is older can no longer be classified. */
      stops: readonly Stop[];
      /** The latest observations, so that one delivered twice is recorded once. */
      recent: readonly string[];
    }>;
export type Registered = Extract<Equipment, { status: 'registered' }>;

/** The states that the machine does without in its mode. */
export const disabledIn = ({ registration }: Registered, mode: number): readonly PackmlState[] =>
  registration.modes.find((each) => each.mode === mode)?.disabledStates ?? [];

/** An instant as ISO 8601 UTC with milliseconds, so that texts sort as times do. */
export const utc = (instant: string): string => new Date(instant).toISOString();

/** What a new state means for stops: one opens when production ceases, and closes when the machine runs or is made ready (I8). */
export function stopsAround({ equipmentId, stops, stopCount, jobs }: Registered, to: PackmlState, at: string): EquipmentEvent[] {
  const open = stops.find((stop) => stop.open);
  const cause = stopCause(to);
  if (cause && !open)
    return [
      {
        type: 'StopOpened',
        data: { equipmentId, stopId: `S${stopCount + 1}`, cause, at, workOrderIds: jobs.map((job) => job.workOrderId) },
      },
    ];
  if (!cause && open) return [{ type: 'StopClosed', data: { equipmentId, stopId: open.stopId, openedAt: open.openedAt, at } }];
  return [];
}
