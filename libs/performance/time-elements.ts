/**
 * The time elements of ISO 22400-2 for one machine: every moment of its planned operation time belongs to exactly one of them. Hides: how
 * states, orders and classified stops become elements. Promises: no gap and no overlap; whole milliseconds. Does not: know shifts or quantities.
 */

/** A period of time in ms since 1970, without its end. */
export type Period = Readonly<{ from: number; to: number }>;

/** An interval that a machine spent in one state (the view equipment-timeline). */
export type StateInterval = Period &
  Readonly<{
    state: string;
    /** True if a work order was assigned to the machine. */
    ordered: boolean;
    /** How the stop that it belongs to was classified. */
    lossClass?: string | null;
  }>;

/** Milliseconds by element, in the names of ISO 22400-2. */
export type TimeElements = Readonly<{
  /** POT, planned operation time. */
  plannedOperation: number;
  /** PDOT: stops that are classified as PlannedMaintenance or Break. */
  plannedDown: number;
  /** PBT = POT − PDOT. It is the sum of the elements below. */
  plannedBusy: number;
  /** APT: the machine executed. */
  production: number;
  /** AUST: set up for an order. */
  setup: number;
  /** ADET: delayed, with an order at the machine. */
  delay: number;
  /** ADOT: down, without an order. */
  down: number;
  /** Nothing is known of the machine. Never counted as production. */
  unclassified: number;
}>;

type Part = Exclude<keyof TimeElements, 'plannedOperation' | 'plannedBusy'>;

export const NO_TIME: TimeElements = {
  plannedOperation: 0,
  plannedDown: 0,
  plannedBusy: 0,
  production: 0,
  setup: 0,
  delay: 0,
  down: 0,
  unclassified: 0,
};

/** The element that a state counts for (OPC 40001-1, annex C.2): a stop is a delay with an order, and down time without. */
export function elementOf({ state, ordered, lossClass }: Pick<StateInterval, 'state' | 'ordered' | 'lossClass'>): Part {
  if (state === 'Unknown') return 'unclassified';
  if (state === 'Execute') return 'production';
  if (lossClass === 'PlannedMaintenance' || lossClass === 'Break') return 'plannedDown';
  if (lossClass === 'SetupAndAdjustment') return 'setup';
  if (!ordered) return 'down';
  return state === 'Starting' || state === 'Resetting' ? 'setup' : 'delay';
}

/**
 * The elements of the planned periods, up to `now`. The intervals of a machine do not overlap; where there is none, time is unclassified.
 * Planned periods that overlap or touch count once.
 */
export function timeElements(planned: readonly Period[], intervals: readonly StateInterval[], now: number): TimeElements {
  const spent: Record<Part, number> = { plannedDown: 0, production: 0, setup: 0, delay: 0, down: 0, unclassified: 0 };
  const periods = merged(planned.map(({ from, to }) => ({ from, to: Math.min(to, now) })));
  const sorted = [...intervals].sort((a, b) => a.from - b.from);
  let first = 0;
  for (const { from, to } of periods) {
    while (first < sorted.length && sorted[first]!.to <= from) first += 1;
    let at = from;
    for (let index = first; index < sorted.length && sorted[index]!.from < to; index += 1) {
      const interval = sorted[index]!;
      const begin = Math.max(interval.from, at);
      const end = Math.min(interval.to, to);
      if (end <= begin) continue;
      spent.unclassified += begin - at;
      spent[elementOf(interval)] += end - begin;
      at = end;
    }
    spent.unclassified += to - at;
  }
  const plannedOperation = periods.reduce((sum, { from, to }) => sum + to - from, 0);
  return { ...spent, plannedOperation, plannedBusy: plannedOperation - spent.plannedDown };
}

/** Periods in order, without those that are empty, and with those that overlap or touch made one. */
export function merged(periods: readonly Period[]): Period[] {
  const result: Period[] = [];
  for (const { from, to } of [...periods].sort((a, b) => a.from - b.from)) {
    const last = result.at(-1);
    if (to <= from) continue;
    if (last && from <= last.to) result[result.length - 1] = { from: last.from, to: Math.max(last.to, to) };
    else result.push({ from, to });
  }
  return result;
}

/** Elements of several machines or periods together: KPIs are rolled up by sums, never by averages. */
export function sumOfElements(all: readonly TimeElements[]): TimeElements {
  const add = (a: TimeElements, b: TimeElements): TimeElements => {
    const sum = { ...a } as Record<keyof TimeElements, number>;
    for (const name of Object.keys(NO_TIME) as (keyof TimeElements)[]) sum[name] += b[name];
    return sum;
  };
  return all.reduce(add, NO_TIME);
}
