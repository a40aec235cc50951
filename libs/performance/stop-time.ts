/**
 * The time of stops by what they have in common. Promises: the time of all groups and `otherMs` together is exactly the planned operation time less
 * production and unclassified time. Does not: read or name anything.
 */
import { eachPiece, elementOf, passed, type Period, type StateInterval } from './time-elements';

export type StopInterval = StateInterval & Readonly<{ learned: number; stopId: string | null; reasonCode: string | null }>;
/** What stops may be grouped by, for one piece of time. */
export type Piece = Readonly<{ machine: string; section: number; interval: StopInterval; from: number }>;
export type StopGroup = { key: string | null; lossClass: string | null; ms: number; stops: Set<string>; restatedAt: number | null };
export type StopTime = { groups: Map<string, StopGroup>; all: Set<string>; otherMs: number };

export const noStopTime = (): StopTime => ({ groups: new Map(), all: new Set(), otherMs: 0 });

/** Adds the planned time of one machine in one section. */
export function addStopTime(
  into: StopTime,
  {
    machine,
    section,
    planned,
    intervals,
    until,
    to,
  }: { machine: string; section: number; planned: readonly Period[]; intervals: readonly StopInterval[]; until: number; to: number },
  groupOf: (piece: Piece) => Readonly<{ key: string | null; lossClass: string | null }>,
): void {
  eachPiece(passed(planned, until), intervals, (interval, from, end) => {
    const element = interval ? elementOf(interval) : 'unclassified';
    if (!interval || element === 'production' || element === 'unclassified') return;
    if (interval.stopId === null) {
      into.otherMs += end - from;
      return;
    }
    const { key, lossClass } = groupOf({ machine, section, interval, from });
    const id = JSON.stringify([key, lossClass]);
    let group = into.groups.get(id);
    if (!group) into.groups.set(id, (group = { key, lossClass, ms: 0, stops: new Set(), restatedAt: null }));
    group.ms += end - from;
    const stop = `${machine}/${interval.stopId}`;
    group.stops.add(stop);
    into.all.add(stop);
    if (interval.learned > to && interval.learned > (group.restatedAt ?? 0)) group.restatedAt = interval.learned;
  });
}
