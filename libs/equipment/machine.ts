import { Rejected } from '#kernel/rejected';
import type { Job } from '#manufacturing/capacity';
import type { EquipmentEvent, EquipmentRegistered, LossClass, MachineState, PackmlState } from './equipment.events';
import { stopCause } from './packml';
import { countOf, PAGE, type Rows } from './rows';
import { beginnings, latest, type Sightings } from './sightings';

export type Stop = Readonly<{
  stopId: string;
  openedAt: string;
  /** Null while the stop is open. */
  closedAt: string | null;
  reasonCode: string | null;
  lossClass: LossClass | null;
}>;

/** A work order that has the machine, and since when. */
export type Occupation = Job & Readonly<{ from: string; byStart?: true }>;
/** A work order that had it. */
export type FormerJob = Job & Readonly<{ from: string; until: string }>;

/** What is known of any machine, registered or not. */
export type Watched = Readonly<{
  /** When the signal was lost; null while there is one. */
  lostSince: string | null;
  /** All states that it was seen in, by floor time. */
  sightings: Sightings;
  /** The keys of all observations, so that one delivered twice is recorded once, however old. */
  seen: Rows<string>;
}>;

export type Equipment =
  | (Watched &
      Readonly<{
        status: 'unknown';
        /** What was observed of it while unregistered. */
        state: PackmlState | null;
        since: string | null;
      }>)
  | (Watched &
      Readonly<{
        status: 'registered';
        equipmentId: string;
        registration: EquipmentRegistered['data'];
        elementId: string | null;
        mode: number;
        state: PackmlState;
        /** Null while the state is only assumed. */
        since: string | null;
        jobs: readonly Occupation[];
        /** The latest that left, in the order in which that became known. */
        left: readonly FormerJob[];
        /** All stops: `S1` is the first. */
        stops: Rows<Stop>;
        /** The id of the stop that is not closed. */
        openStop: string | null;
      }>);
export type Registered = Extract<Equipment, { status: 'registered' }>;

/** @throws Rejected equipment-unknown */
export function known(state: Equipment): Registered {
  if (state.status === 'unknown') throw new Rejected('equipment-unknown', 'This equipment is not registered. Register it first.');
  return state;
}

/** The stop with that id, if there is one. */
export function stopOf(stops: Rows<Stop>, stopId: string): Stop | undefined {
  const number = Number(/^S([1-9]\d{0,8})$/.exec(stopId)?.[1] ?? 0) - 1;
  const stop = number < 0 ? undefined : stops[Math.floor(number / PAGE)]?.[number % PAGE];
  return stop?.stopId === stopId ? stop : undefined;
}

export const withStop = (stops: Rows<Stop>, stopId: string, change: Partial<Stop>): Rows<Stop> => {
  const known = stopOf(stops, stopId);
  if (!known) return stops;
  const page = Math.floor((Number(stopId.slice(1)) - 1) / PAGE);
  return stops.map((rows, index) => (index === page ? rows.map((row) => (row === known ? { ...row, ...change } : row)) : rows));
};

/** The latest stop that satisfies a condition. */
function findStop(stops: Rows<Stop>, is: (stop: Stop) => boolean): Stop | undefined {
  for (let page = stops.length - 1; page >= 0; page -= 1) {
    const found = [...stops[page]!].reverse().find(is);
    if (found) return found;
  }
  return undefined;
}

/** When the current state began, or became unknown. */
export const currentSince = ({ since, lostSince }: Pick<Equipment, 'since' | 'lostSince'>): string | null => lostSince ?? since;

/** The last time of which something is known: when the current state began, or was seen again. */
export function lastKnown(machine: Equipment): string | null {
  const since = currentSince(machine);
  const seen = latest(machine.sightings)?.at;
  return seen !== undefined && (since === null || seen > since) ? seen : since;
}

/** The states that a mode of the machine disables. */
export const disabledIn = ({ registration }: Registered, mode: number): readonly PackmlState[] =>
  registration.modes.find((each) => each.mode === mode)?.disabledStates ?? [];

/** An instant as ISO 8601 UTC with milliseconds: such strings sort by time. */
export const utc = (instant: string): string => new Date(instant).toISOString();

/** The orders that had the machine at some moment of an interval; `until` is null where it lasts. */
const ordersDuring = ({ jobs, left }: Registered, from: string, until: string | null): string[] => {
  const began = (job: { from: string }) => until === null || job.from < until;
  const now = jobs.filter(began);
  const then = left.filter((job) => began(job) && job.until > from);
  return [...new Set([...now, ...then].map(({ workOrderId }) => workOrderId))];
};

const causeOf = (state: MachineState) => (state === 'Unknown' ? undefined : stopCause(state));

/** The stop events of a new state: a stop opens when production ceases, and closes when the machine runs or is being prepared (I8). */
export function stopsAround(machine: Registered, to: MachineState, at: string): EquipmentEvent[] {
  const { equipmentId, stops, openStop } = machine;
  const open = openStop === null ? undefined : stopOf(stops, openStop);
  const cause = causeOf(to);
  if (cause && !open)
    return [
      {
        type: 'StopOpened',
        data: { equipmentId, stopId: `S${countOf(stops) + 1}`, cause, at, workOrderIds: ordersDuring(machine, at, null) },
      },
    ];
  if (!cause && open) return [{ type: 'StopClosed', data: { equipmentId, stopId: open.stopId, openedAt: open.openedAt, at } }];
  return [];
}

/** The stop events of a late state: between the states around it a stop begins, ends or becomes known. */
export function stopsWithin(
  machine: Registered,
  before: MachineState,
  state: MachineState,
  after: MachineState,
  at: string,
  until: string,
): EquipmentEvent[] {
  const { equipmentId, stops, sightings } = machine;
  const [stoodBefore, stands, standsAfter] = [causeOf(before), causeOf(state), causeOf(after)];
  const corrected = (stop: Stop, times: Partial<Pick<Stop, 'openedAt' | 'closedAt'>>): EquipmentEvent => ({
    type: 'StopCorrected',
    data: {
      equipmentId,
      stopId: stop.stopId,
      openedAt: stop.openedAt,
      closedAt: stop.closedAt,
      ...times,
      previousOpenedAt: stop.openedAt,
      previousClosedAt: stop.closedAt,
    },
  });
  const found = (
    cause: NonNullable<typeof stands>,
    from: string,
    closedAt: string | null,
    laterStates: readonly string[] = [],
  ): EquipmentEvent => ({
    type: 'StopOpened',
    data: {
      equipmentId,
      stopId: `S${countOf(stops) + 1}`,
      cause,
      at: from,
      ...(closedAt === null ? {} : { closedAt }),
      workOrderIds: ordersDuring(machine, from, closedAt),
      ...(laterStates.length === 0 ? {} : { laterStates }),
    },
  });
  if (stands && !stoodBefore) {
    const next = standsAfter && findStop(stops, ({ openedAt }) => openedAt === until);
    return [next ? corrected(next, { openedAt: at }) : found(stands, at, until)];
  }
  if (stands || !stoodBefore) return [];
  const stop = findStop(stops, ({ openedAt, closedAt }) => openedAt <= at && (closedAt === null || closedAt > at));
  if (!stop) return [];
  const continues = stop.closedAt === null || stop.closedAt > until;
  const laterStates = beginnings(sightings, until, stop.closedAt);
  const rest = standsAfter && continues ? [found(standsAfter, until, stop.closedAt, laterStates)] : [];
  return [corrected(stop, { closedAt: at }), ...rest];
}
